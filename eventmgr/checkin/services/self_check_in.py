"""Self check-in at a QR in the hall, online only: opening it, and what shows that somebody stands before the screen."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from eventmgr.checkin.models import SelfCheckIn
from eventmgr.checkin.services.attendance import record_scan
from eventmgr.checkin.values import Doorkeeper, ScanEvent, ScanResult
from eventmgr.core.access import Scope
from eventmgr.core.audit import record_audit
from eventmgr.core.codes import new_code
from eventmgr.core.db import db, insert_ignoring, locked
from eventmgr.core.errors import RuleBroken
from eventmgr.core.secrets import keyed_digest
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.values import MeetingStatus

SIGN_SECONDS = 30
"""How long one QR stands on the screen."""

SIGNS_STILL_TAKEN = 3
"""The sign on the screen and the two before it: opening a page on a weak network takes its time."""

PASS_TIME = timedelta(minutes=10)
"""How long a form opened at the screen may be filled in."""

_PURPOSE = "self check-in"


def open_self_check_in(meeting: Meeting, *, by: Any, now: datetime) -> SelfCheckIn:
    """Let people check themselves in; the code stays what it was if it was open before, as paper may hang there.

    Raises RuleBroken for a meeting that is closed or called off.
    """
    if meeting.status in (MeetingStatus.CLOSED, MeetingStatus.CANCELLED):
        raise RuleBroken
    row = find_self_check_in(meeting)
    if row is None:
        db.session.execute(
            insert_ignoring(SelfCheckIn).values(meeting_id=meeting.id, code=new_code(), opened_at=now, closed_at=None)
        )
        row = db.session.scalars(locked(sa.select(SelfCheckIn).where(SelfCheckIn.meeting_id == meeting.id))).one()
    row.opened_at, row.closed_at = now, None
    record_audit("open_self_check_in", f"meeting:{meeting.id}", by=by, now=now, area_id=meeting.area_id)
    db.session.flush()
    return row


def close_self_check_in(meeting: Meeting, *, by: Any, now: datetime) -> None:
    """From now on the QR leads to a page that sends people to the officer at the door."""
    row = find_self_check_in(meeting)
    if row is None or row.closed_at is not None:
        return
    row.closed_at = now
    record_audit("close_self_check_in", f"meeting:{meeting.id}", by=by, now=now, area_id=meeting.area_id)
    db.session.flush()


def find_self_check_in(meeting: Meeting) -> SelfCheckIn | None:
    """The meeting's self check-in, open or closed; None if it never was."""
    return db.session.scalar(sa.select(SelfCheckIn).where(SelfCheckIn.meeting_id == meeting.id))


def find_by_code(code: str) -> SelfCheckIn | None:
    """The self check-in whose QR holds this code, or None."""
    return db.session.scalar(sa.select(SelfCheckIn).where(SelfCheckIn.code == code))


def check_oneself_in(row: SelfCheckIn, event: ScanEvent, *, now: datetime) -> ScanResult:
    """As at any door, but whoever stands here sees nobody's name but the own."""
    keeper = Doorkeeper(f"self:{row.meeting_id}", Scope(), only_meeting_id=row.meeting_id)
    return record_scan(row.meeting, event, keeper=keeper, now=now)


# --- Standing before the screen -------------------------------------------------------------------


def sign_on_screen(row: SelfCheckIn, now: datetime) -> str:
    """What the QR on the screen says besides the code: another every SIGN_SECONDS. Capitals and digits, 48 bits."""
    return _sign(row, _window(now))


def is_on_screen(row: SelfCheckIn, sign: str, now: datetime) -> bool:
    """Whether the sign stands on the screen, or did a moment ago."""
    last = _window(now)
    return any(
        hmac.compare_digest(sign.upper().encode(), _sign(row, window).encode())
        for window in range(last - SIGNS_STILL_TAKEN + 1, last + 1)
    )


def make_pass(row: SelfCheckIn, now: datetime) -> str:
    """What a form opened at the screen carries: until when it is good, and the office's mark on that."""
    until = int((now + PASS_TIME).timestamp())
    return f"{until}.{_mark(row, until)}"


def is_pass_good(row: SelfCheckIn, carried: str, now: datetime) -> bool:
    """Whether the form was opened at this meeting's screen, within PASS_TIME."""
    until, _dot, mark = carried.partition(".")
    if not (until.isascii() and until.isdecimal() and len(until) <= 12):
        return False
    return hmac.compare_digest(mark.encode(), _mark(row, int(until)).encode()) and now.timestamp() <= int(until)


def _window(now: datetime) -> int:
    return int(now.timestamp()) // SIGN_SECONDS


def _sign(row: SelfCheckIn, window: int) -> str:
    return keyed_digest(f"sign {row.code} {window}", _PURPOSE)[:12].upper()


def _mark(row: SelfCheckIn, until: int) -> str:
    return keyed_digest(f"pass {row.code} {until}", _PURPOSE)[:32]
