"""Who may do what, where: permissions, roles, scopes, and the mark every route carries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

import sqlalchemy as sa
from flask import Flask, current_app, g, request
from flask_login import current_user

from eventmgr.core.errors import NotAllowed


class Role(StrEnum):
    """What a person is on an area; it covers everything below that area."""

    ADMINISTRATOR = "administrator"
    LEADER = "leader"
    OFFICER = "officer"
    HAMLET_HEAD = "hamlet_head"
    VIEWER = "viewer"


class Permission(StrEnum):
    """One thing a route may ask for."""

    MANAGE_USERS = "manage_users"
    MANAGE_SETTINGS = "manage_settings"
    EDIT_AREAS = "edit_areas"
    VIEW_RESIDENTS = "view_residents"
    VIEW_PHONES = "view_phones"
    VIEW_SENSITIVE = "view_sensitive"
    VIEW_CITIZEN_NUMBERS = "view_citizen_numbers"
    HANDLE_PERSONAL_DATA = "handle_personal_data"
    VIEW_ACCESS_LOG = "view_access_log"
    EDIT_RESIDENTS = "edit_residents"
    FIX_PHONES = "fix_phones"
    VIEW_PLANS = "view_plans"
    EDIT_PLANS = "edit_plans"
    VIEW_MEETINGS = "view_meetings"
    EDIT_MEETINGS = "edit_meetings"
    INVITE = "invite"
    RECORD_CONTACT = "record_contact"
    VIEW_MESSAGES = "view_messages"
    SEND_MESSAGES = "send_messages"
    APPROVE_MESSAGES = "approve_messages"
    CHECK_IN = "check_in"
    VIEW_REPORTS = "view_reports"
    EXPORT_NAMES = "export_names"


# Who needs what of a person, and why (Luật 91/2025/QH15, Điều 19(2): no more than the work asks for).
#
# names, houses, class  officer, leader, hamlet head: who is invited; the lists are posted in the hamlet anyway
# phones                officer, leader, hamlet head: they call; a viewer reads figures
# ethnic group          officer alone, who enters and corrects it (sensitive by law); everyone else sees figures
# citizen number        officer alone, to tell two people apart; shown one at a time, and each look is written down
# requests, erasure     officer: answers what people ask about their own data
# who looked at whom    administrator alone, who does not work with the lists every day
_HAMLET_HEAD = {
    Permission.VIEW_RESIDENTS,
    Permission.VIEW_PHONES,
    Permission.FIX_PHONES,
    Permission.VIEW_MEETINGS,
    Permission.RECORD_CONTACT,
    Permission.CHECK_IN,
}
_VIEWER = {Permission.VIEW_PLANS, Permission.VIEW_MEETINGS, Permission.VIEW_REPORTS}
_LEADER = _VIEWER | {
    Permission.VIEW_RESIDENTS,
    Permission.VIEW_PHONES,
    Permission.VIEW_MESSAGES,
    Permission.APPROVE_MESSAGES,
    Permission.EXPORT_NAMES,
}
_OFFICER = set(Permission) - {
    Permission.MANAGE_USERS,
    Permission.MANAGE_SETTINGS,
    Permission.APPROVE_MESSAGES,
    Permission.VIEW_ACCESS_LOG,
}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: frozenset(Permission),
    Role.LEADER: frozenset(_LEADER),
    Role.OFFICER: frozenset(_OFFICER),
    Role.HAMLET_HEAD: frozenset(_HAMLET_HEAD),
    Role.VIEWER: frozenset(_VIEWER),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """The areas, by path, in which somebody holds a permission. An empty scope sees nothing."""

    paths: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.paths)

    def covers(self, path: str) -> bool:
        """Whether the area with this path lies in the scope."""
        return any(path.startswith(start) for start in self.paths)

    def within(self, column: Any) -> sa.ColumnElement[bool]:
        """The condition that an area path column lies in the scope, answerable from its index."""
        return sa.or_(sa.false(), *(below(column, start) for start in self.paths))


def below(column: Any, path: str) -> sa.ColumnElement[bool]:
    """The condition that a path column is `path` or lies below it.

    A range and not LIKE: both databases answer it from the index. Paths end in "/", and "0"
    is the character that follows it.
    """
    return sa.and_(column >= path, column < path[:-1] + "0")


class HasGrants(Protocol):
    """The signed-in person, as far as access is concerned."""

    is_authenticated: bool
    grants: Iterable[Any]


def scope_of(user: HasGrants, permission: Permission) -> Scope:
    """Where `user` holds `permission`."""
    if not user.is_authenticated:
        return Scope()
    paths = {grant.area.path for grant in user.grants if permission in ROLE_PERMISSIONS[grant.role]}
    return Scope(tuple(sorted(p for p in paths if not any(p != q and p.startswith(q) for q in paths))))


def scope(permission: Permission) -> Scope:
    """Where the person of this request holds `permission`."""
    return scope_of(current_user, permission)


def may(permission: Permission) -> bool:
    """Whether the person of this request holds `permission` anywhere; offered to templates."""
    return bool(scope(permission))


View = TypeVar("View", bound=Callable[..., Any])
_ACCESS = "access"


def requires(permission: Permission) -> Callable[[View], View]:
    """Mark a route: only for people who hold `permission` somewhere. Which rows they see is
    asked in queries, by `scope(permission)`."""

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **values: Any) -> Any:
            if not current_user.is_authenticated:
                return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
            if not may(permission):
                raise NotAllowed
            return view(*args, **values)

        setattr(guarded, _ACCESS, permission)
        return cast(View, guarded)

    return mark


def signed_in(view: View) -> View:
    """Mark a route: for anyone who has signed in, whatever the role."""

    @wraps(view)
    def guarded(*args: Any, **values: Any) -> Any:
        if not current_user.is_authenticated:
            return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
        return view(*args, **values)

    setattr(guarded, _ACCESS, "signed_in")
    return cast(View, guarded)


def public(view: View) -> View:
    """Mark a route: open to everyone (residents, webhooks that check a signature, health)."""
    setattr(view, _ACCESS, "public")
    return view


def by_device(view: View) -> View:
    """Mark a route that checks a paired device or a signed-in person by itself."""
    setattr(view, _ACCESS, "by_device")
    return view


def declared_access(view: Callable[..., Any]) -> str | None:
    """What a view function was marked with, or None if it was forgotten."""
    return getattr(view, _ACCESS, None)


def init_access(app: Flask) -> None:
    """Refuse to serve a route that carries no mark."""
    app.view_functions["static"] = public(app.view_functions["static"])

    @app.before_request
    def refuse_unmarked_routes() -> None:
        g.address = request.remote_addr
        view = app.view_functions.get(request.endpoint or "")
        if view is not None and declared_access(view) is None:
            # Third-party blueprints serve their own static files: those hold nothing of ours.
            if request.endpoint and request.endpoint.endswith(".static"):
                return
            raise RuntimeError(f"route {request.endpoint} declares no access")
