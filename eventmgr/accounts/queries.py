"""Reads of the accounts room."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from eventmgr.accounts.models import Grant, User
from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.db import db
from eventmgr.core.errors import NotFound

_WITH_GRANTS = joinedload(User.grants).joinedload(Grant.area)


def find_user(user_id: int) -> User | None:
    """The person with this id and their grants, or None."""
    return db.session.scalars(sa.select(User).where(User.id == user_id).options(_WITH_GRANTS)).unique().one_or_none()


def find_user_by_email(email: str) -> User | None:
    """The person who signs in with this address, or None."""
    return (
        db.session.scalars(sa.select(User).where(User.email == email.strip().lower()).options(_WITH_GRANTS))
        .unique()
        .one_or_none()
    )


def has_users() -> bool:
    """Whether the installation has been set up."""
    return db.session.scalar(sa.select(User.id).limit(1)) is not None


def users_visible_to(scope: Scope) -> list[User]:
    """The people with a role inside the scope, by name."""
    return list(
        db.session.scalars(
            sa.select(User)
            .where(User.grants.any(Grant.area.has(scope.within(Area.path))))
            .options(_WITH_GRANTS)
            .order_by(User.full_name)
        ).unique()
    )


def get_user_in(scope: Scope, user_id: int) -> User:
    """The person, if they have roles and all of them lie in the scope. Raises NotFound."""
    user = find_user(user_id)
    if user is None or not user.grants or not all(scope.covers(grant.area.path) for grant in user.grants):
        raise NotFound
    return user
