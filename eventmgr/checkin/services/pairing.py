"""Phones at the door: paired by QR or link for one meeting, with an end, revocable. No password on a shared phone."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.areas.models import Area
from eventmgr.checkin.models import Device
from eventmgr.core.audit import record_audit
from eventmgr.core.codes import new_code, normalise_code
from eventmgr.core.db import change_rows, db
from eventmgr.core.errors import NotFound
from eventmgr.core.secrets import keyed_digest
from eventmgr.core.text import clean_text
from eventmgr.meetings.models import Meeting

KEPT_AFTER = timedelta(days=2)
"""How long after the meeting began a phone may still send what it holds as an open device."""


class PairingUnknown(NotFound):
    """The pairing code was used already, has expired, or never was."""

    code = "pairing_unknown"
    sentence = _("This pairing link was used already or is too old. Ask the officer for a new one.")


def create_pairing(
    meeting: Meeting, *, by: Any, now: datetime, label: str = "", hamlet: Area | None = None
) -> tuple[Device, str]:
    """A place for one phone at the meeting (or at all meetings of a hamlet) and the code that pairs it, shown once."""
    code = new_code()
    device = Device(
        label=clean_text(label)[:80],
        meeting_id=None if hamlet else meeting.id,
        hamlet_id=hamlet.id if hamlet else None,
        pairing_digest=_digest_of_code(code),
        created_by_id=getattr(by, "id", None),
        created_at=now,
        expires_at=max(meeting.ends_at or meeting.starts_at or now, now) + KEPT_AFTER,
    )
    db.session.add(device)
    db.session.flush()
    record_audit("create_pairing", f"device:{device.id}", by=by, now=now, area_id=meeting.area_id)
    return device, code


def redeem_pairing(typed: str, *, label: str = "", now: datetime) -> tuple[Device, str]:
    """The phone that holds the code is paired: its device and token, told this once.

    Raises PairingUnknown. Two phones with the same link: one is paired.
    """
    code = normalise_code(typed)
    token = secrets.token_urlsafe(32)
    waiting = Device.pairing_digest == _digest_of_code(code or "")
    found = change_rows(
        sa.update(Device)
        .where(waiting, Device.revoked_at.is_(None), Device.expires_at > now, Device.token_digest.is_(None))
        .values(token_digest=digest_of_token(token), paired_at=now, last_seen_at=now)
    )
    device = db.session.scalar(sa.select(Device).where(waiting)) if found else None
    if device is None:
        raise PairingUnknown
    device.pairing_digest = None
    device.label = device.label or clean_text(label)[:80]
    db.session.flush()
    return device, token


def pair_device(meeting: Meeting, *, now: datetime, by: Any = None, label: str = "") -> str:
    """Pair a phone in one step and return its token (for commands and tests)."""
    _device, code = create_pairing(meeting, by=by, now=now, label=label)
    return redeem_pairing(code, now=now)[1]


def revoke_device(device: Device, *, by: Any, now: datetime) -> None:
    """The phone may only hand in what it still holds; that is kept for an officer to look at."""
    if device.revoked_at is None:
        device.revoked_at = now
        record_audit("revoke_device", f"device:{device.id}", by=by, now=now)
        db.session.flush()


def digest_of_token(token: str) -> str:
    """How a token is kept: the database alone lets nobody in."""
    return keyed_digest(token, "device token")


def _digest_of_code(code: str) -> str:
    return keyed_digest(code, "pairing code")
