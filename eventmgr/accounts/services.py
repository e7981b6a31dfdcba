"""Writes of the accounts room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from flask_babel import lazy_gettext as _

from eventmgr.accounts.models import Grant, User
from eventmgr.accounts.queries import find_user_by_email
from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.audit import record_audit
from eventmgr.core.db import db
from eventmgr.core.errors import Conflict, RuleBroken
from eventmgr.core.text import clean_text

_hasher = PasswordHasher()  # argon2id with the library's parameters (RFC 9106, low memory)
_nobody = _hasher.hash("a password nobody has")

PASSWORD_MIN_LENGTH = 10
"""Characters. Length is what protects (NIST SP 800-63B, 5.1.1); no rules on kinds of characters."""


class EmailTaken(Conflict):
    """Another person signs in with this address."""

    code = "email_taken"
    sentence = _("Somebody already signs in with %(email)s.")


class OwnAccess(RuleBroken):
    """Nobody takes the administration away from themselves: somebody has to be left who can give it back."""

    code = "own_access"
    sentence = _("You cannot take your own access away. Ask another administrator.")


class PasswordTooShort(RuleBroken):
    """The password is shorter than PASSWORD_MIN_LENGTH."""

    code = "password_too_short"
    sentence = _("A password has at least %(least)s characters.")


def create_user(
    *, email: str, full_name: str, password: str, now: datetime, by: Any = None, locale: str | None = None
) -> User:
    """Add a person who can sign in. Raises EmailTaken, PasswordTooShort."""
    email = email.strip().lower()
    if len(password) < PASSWORD_MIN_LENGTH:
        raise PasswordTooShort(least=PASSWORD_MIN_LENGTH)
    if find_user_by_email(email):
        raise EmailTaken(email=email)
    user = User(
        email=email,
        full_name=clean_text(full_name),
        password_hash=_hasher.hash(password),
        locale=locale,
        created_at=now,
    )
    db.session.add(user)
    db.session.flush()
    record_audit("create_user", f"app_user:{user.id}", by=by, now=now)
    return user


def grant_role(user: User, area: Area, role: Role, *, by: Any, now: datetime) -> Grant:
    """Give a role on an area; giving it twice changes nothing."""
    for grant in user.grants:
        if grant.area_id == area.id and grant.role == role:
            return grant
    grant = Grant(user=user, area=area, area_id=area.id, role=role)
    db.session.add(grant)
    db.session.flush()
    record_audit("grant_role", f"app_user:{user.id}", by=by, now=now, area_id=area.id, after={"role": role.value})
    return grant


def change_role(user: User, area: Area, role: Role, *, by: Any, now: datetime) -> None:
    """From now on the person has this one role, and no other. Raises OwnAccess."""
    if user.id == getattr(by, "id", None):
        raise OwnAccess
    before = [f"{grant.role.value}:{grant.area_id}" for grant in user.grants]
    for grant in list(user.grants):
        if (grant.area_id, grant.role) != (area.id, role):
            user.grants.remove(grant)
    db.session.flush()
    if not user.grants:
        user.grants.append(Grant(area=area, area_id=area.id, role=role))
    db.session.flush()
    record_audit(
        "change_role",
        f"app_user:{user.id}",
        by=by,
        now=now,
        area_id=area.id,
        before={"roles": before},
        after={"roles": [f"{role.value}:{area.id}"]},
    )


def switch_person(user: User, *, active: bool, by: Any, now: datetime) -> None:
    """Let a person sign in, or no more. Raises OwnAccess."""
    if user.id == getattr(by, "id", None):
        raise OwnAccess
    user.active = active
    db.session.flush()
    record_audit("switch_on_user" if active else "switch_off_user", f"app_user:{user.id}", by=by, now=now)


def set_password(user: User, password: str, *, by: Any, now: datetime) -> None:
    """Give a person another password. Raises PasswordTooShort."""
    if len(password) < PASSWORD_MIN_LENGTH:
        raise PasswordTooShort(least=PASSWORD_MIN_LENGTH)
    user.password_hash = _hasher.hash(password)
    db.session.flush()
    record_audit("set_password", f"app_user:{user.id}", by=by, now=now)


def check_password(email: str, password: str) -> User | None:
    """The active person with this address and password, else None.

    An unknown address costs as much time as a wrong password, so that it cannot be told apart.
    """
    user = find_user_by_email(email)
    try:
        _hasher.verify(user.password_hash if user else _nobody, password)
    except (VerifyMismatchError, InvalidHashError):
        return None
    return user if user and user.active else None


def note_sign_in(user: User, *, now: datetime) -> None:
    """Remember when somebody signed in."""
    user.last_signed_in_at = now
    record_audit("sign_in", f"app_user:{user.id}", by=user, now=now)


def choose_locale(user: User, locale: str) -> None:
    """The language this person's pages speak from now on."""
    user.locale = locale


def remember_test_phone(user: User, phone: str) -> None:
    """The phone (E.164) that this person's test texts go to from now on."""
    user.test_phone = phone
