"""People counted on the spot: a correction beside the list, never instead of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.checkin.models import Headcount
from eventmgr.checkin.services.undoing import FiguresClosed
from eventmgr.core.audit import record_change
from eventmgr.core.db import db, insert_ignoring, locked
from eventmgr.core.errors import RuleBroken
from eventmgr.core.text import clean_text
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.values import MeetingStatus

MOST = 100_000
"""More people than this no hall holds: a slip of the finger."""


class NoSuchCount(RuleBroken):
    """Not a number of people."""

    code = "no_such_count"
    sentence = _("Write how many people were counted, a whole number.")


class NoReason(RuleBroken):
    """A number beside the list needs a word why it differs."""

    code = "headcount_without_reason"
    sentence = _("Write why the number differs from the list.")


def set_headcount(meeting: Meeting, number: int | None, reason: str, *, by: Any, now: datetime) -> None:
    """So many people were counted, and why that is not what the list says; None takes the count back.

    The list stays as it is. Raises FiguresClosed, NoSuchCount, NoReason.
    """
    if meeting.status is MeetingStatus.CLOSED:
        raise FiguresClosed
    if number is not None and not 0 <= number <= MOST:
        raise NoSuchCount
    said = clean_text(reason)[:200]
    if number is not None and not said:
        raise NoReason
    db.session.execute(
        insert_ignoring(Headcount).values(
            meeting_id=meeting.id, number=None, reason="", counted_at=now, counted_by_id=None
        )
    )
    row = db.session.scalars(locked(sa.select(Headcount).where(Headcount.meeting_id == meeting.id))).one()
    before = {"number": row.number, "reason": row.reason}
    row.number, row.reason = number, said
    row.counted_at, row.counted_by_id = now, getattr(by, "id", None)
    record_change(
        "set_headcount",
        f"meeting:{meeting.id}",
        before,
        {"number": row.number, "reason": row.reason},
        by=by,
        now=now,
        area_id=meeting.area_id,
    )
    db.session.flush()


def find_headcount(meeting: Meeting) -> Headcount | None:
    """What was counted at the meeting, or None."""
    return db.session.scalar(
        sa.select(Headcount).where(Headcount.meeting_id == meeting.id, Headcount.number.is_not(None))
    )
