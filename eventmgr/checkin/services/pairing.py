"""Phones at the door: paired by QR or link for one meeting, with an end, revocable. No password on a shared phone."""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import selectinload

from eventmgr.areas.models import Area
from eventmgr.checkin.models import Device
from eventmgr.core.audit import record_audit
from eventmgr.core.codes import new_code, normalise_code
from eventmgr.core.db import db, locked
from eventmgr.core.errors import Conflict, NotFound
from eventmgr.core.secrets import keyed_digest
from eventmgr.core.text import clean_text
from eventmgr.meetings.models import Meeting

KEPT_AFTER = timedelta(days=2)
"""How long after the meeting's end its phones may still scan, and send what they hold as open devices."""

HAMLET_DAYS = 30
"""How long a hamlet's phone is paired where nobody says otherwise."""

MOST_HAMLET_DAYS = 366

KEY = re.compile(r"[A-Za-z0-9_-]{32,128}")
"""What a phone may make up as its token."""


class PairingUnknown(NotFound):
    """The pairing code was used already, has expired, or never was."""

    code = "pairing_unknown"
    sentence = _("This pairing link was used already or is too old. Ask the officer for a new one.")


class KeyTaken(Conflict):
    """Two pairings by one key: each phone, and each pairing of it, has its own."""

    code = "key_taken"
    sentence = _("This phone is paired by this key already. Reload the page and use the link once more.")


def create_pairing(
    meeting: Meeting,
    *,
    by: Any,
    now: datetime,
    label: str = "",
    hamlet: Area | None = None,
    days: int = HAMLET_DAYS,
) -> tuple[Device, str]:
    """A place for one phone at the meeting, or for `days` at all meetings of a hamlet, and the code that pairs it,
    shown once. A meeting's phone may scan until two days after its end, wherever that moves."""
    code = new_code()
    end = meeting.ends_at or meeting.starts_at
    device = Device(
        label=clean_text(label)[:80],
        meeting_id=None if hamlet else meeting.id,
        hamlet_id=hamlet.id if hamlet else None,
        pairing_digest=_digest_of_code(code),
        created_by_id=getattr(by, "id", None),
        created_at=now,
        expires_at=now + timedelta(days=days) if hamlet else max(end or now, now) + KEPT_AFTER,
        follows_end=None if hamlet else end,
    )
    db.session.add(device)
    db.session.flush()
    record_audit("create_pairing", f"device:{device.id}", by=by, now=now, area_id=meeting.area_id)
    return device, code


def redeem_pairing(typed: str, *, label: str = "", now: datetime, key: str = "") -> tuple[Device, str]:
    """The phone that holds the code is paired: its device and token.

    A phone may bring the token it made up as `key`: if the answer is lost on the way it asks once more, with the same
    code and key, and gets the same. Raises PairingUnknown, KeyTaken. Two phones with the same link: one is paired.
    """
    code = normalise_code(typed)
    token = key or secrets.token_urlsafe(32)
    pairing, digest = _digest_of_code(code or ""), digest_of_token(token)
    device = db.session.scalar(
        locked(sa.select(Device).where(Device.pairing_digest == pairing).options(selectinload(Device.meeting)))
    )
    if device is None or device.revoked_at is not None or device.good_until <= now:
        raise PairingUnknown
    if device.token_digest is not None:
        if not hmac.compare_digest(device.token_digest, digest):
            raise PairingUnknown
        return device, token
    if db.session.scalar(sa.select(Device.id).where(Device.token_digest == digest)):
        raise KeyTaken
    device.token_digest, device.paired_at, device.last_seen_at = digest, now, now
    if not key:
        device.pairing_digest = None  # nobody can prove to be the one who was paired
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
