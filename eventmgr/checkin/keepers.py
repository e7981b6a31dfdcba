"""Who stands at the door in this request: a paired phone by its token, or somebody signed in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app, request
from flask_babel import lazy_gettext as _
from flask_login import current_user

from eventmgr.checkin.models import Device
from eventmgr.checkin.queries import find_device_at_door, find_device_by_digest, get_meeting_at_door
from eventmgr.checkin.services.pairing import digest_of_token
from eventmgr.checkin.values import Doorkeeper, MeetingAtDoor
from eventmgr.core.access import Permission, Scope, scope
from eventmgr.core.db import change_rows
from eventmgr.core.errors import NotAllowed, NotFound
from eventmgr.extensions import csrf

SEEN_EVERY = timedelta(minutes=1)
"""How exactly the last contact of a phone is kept: a write for every scan would be one too many."""


MOST_WAITING = 1_000_000
"""More events than a phone can hold: whoever says more does not know."""


class NotPaired(NotAllowed):
    """No token, or one nobody knows: told the same."""

    code = "not_paired"
    status = 401
    sentence = _("This phone is not paired with the commune. Ask the officer for a new pairing link.")


def bearer_token() -> str:
    """The token the request carries, or nothing."""
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def current_keeper(now: datetime) -> Doorkeeper:
    """Who stands at the door.

    A signed-in person's writes must carry the CSRF header, as a browser sends the cookie by itself; a token it does
    not. Raises NotPaired or NotAllowed.
    """
    token = bearer_token()
    if token:
        device = find_device_by_digest(digest_of_token(token))
        if device is None:
            raise NotPaired
        if device.revoked_at is not None or device.good_until <= now:
            raise NotPaired
        return keeper_of_device(device)
    if not current_user.is_authenticated:
        raise NotPaired
    if current_app.config.get("WTF_CSRF_ENABLED", True):
        csrf.protect()
    reach = scope(Permission.CHECK_IN)
    if not reach:
        raise NotAllowed
    return Doorkeeper(f"user:{current_user.id}", reach, user_id=current_user.id)


def keeper_at_meeting(now: datetime, meeting_id: int) -> tuple[Doorkeeper, MeetingAtDoor]:
    """Who hands in events, revoked and expired phones too, and the meeting at whose door they stand.

    For a phone that is one look at the database. Raises NotPaired, NotAllowed or NotFound.
    """
    token = bearer_token()
    if not token:
        keeper = current_keeper(now)
        meeting = get_meeting_at_door(keeper, meeting_id)
        return keeper, MeetingAtDoor(meeting.id, meeting.area_id, meeting.area.path, meeting.status, meeting.starts_at)
    device = find_device_at_door(digest_of_token(token), meeting_id)
    if device is None:
        raise NotPaired
    if device.meeting is None:
        raise NotFound
    keeper = Doorkeeper(
        f"device:{device.id}",
        Scope((device.reach,) if device.reach else ()),
        device_id=device.id,
        only_meeting_id=device.only_meeting_id,
        hands_in_only=device.revoked_at is not None or device.good_until <= now,
        last_seen_at=device.last_seen_at,
        expires_at=device.good_until,
        unsent=device.unsent,
        unsent_at=device.unsent_at,
        label=device.label,
    )
    return keeper, device.meeting


def keeper_of_device(device: Device) -> Doorkeeper:
    """How far a paired phone reaches: its meeting, or the meetings of its hamlet."""
    area = device.hamlet if device.hamlet is not None else device.meeting.area if device.meeting else None
    return Doorkeeper(
        f"device:{device.id}",
        Scope((area.path,) if area else ()),
        device_id=device.id,
        only_meeting_id=device.meeting_id,
        last_seen_at=device.last_seen_at,
        expires_at=device.good_until,
        unsent=device.unsent,
        unsent_at=device.unsent_at,
        label=device.label,
    )


def note_contact(keeper: Doorkeeper, now: datetime, waiting: Any = None) -> None:
    """Remember in the caller's unit of work that the phone was heard from, and how many events it says it still holds."""
    news = _news(keeper, now, waiting)
    if news:
        change_rows(sa.update(Device).where(Device.id == keeper.device_id).values(**news))


def holds_other_than_said(keeper: Doorkeeper, now: datetime, waiting: Any) -> bool:
    """Whether what a phone says that it still holds is worth a write: it changed, or was said a while ago."""
    said_lately = keeper.unsent_at is not None and keeper.unsent_at > now - SEEN_EVERY
    if keeper.device_id is None or isinstance(waiting, bool) or not isinstance(waiting, int):
        return False  # anything but a number is passed over
    return 0 <= waiting <= MOST_WAITING and not (waiting == keeper.unsent and said_lately)


def _news(keeper: Doorkeeper, now: datetime, waiting: Any) -> dict[str, Any]:
    if holds_other_than_said(keeper, now, waiting):
        return {"unsent": waiting, "unsent_at": now, "last_seen_at": now}
    fresh = keeper.last_seen_at is not None and keeper.last_seen_at > now - SEEN_EVERY
    return {"last_seen_at": now} if keeper.device_id is not None and not fresh else {}
