"""What merging two people, or two households, means for attendances.

A closed meeting keeps its own figures: there an attendance passes on only where that changes no count.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from eventmgr.checkin.models import Attendance
from eventmgr.checkin.values import MERGED
from eventmgr.core.db import db
from eventmgr.core.text import search_key
from eventmgr.meetings.values import MeetingStatus


def merge_residents(kept_id: int, dropped_id: int, now: datetime) -> None:
    """The dropped person's attendances are the kept one's. Where both came to a meeting the earlier one stands, the
    later is undone and kept; in a closed meeting both stand as they were signed."""
    for row in _rows(Attendance.resident_id == dropped_id):
        twin = _standing(row, Attendance.resident_id == kept_id)
        if twin is not None and row.undone_at is None:
            if row.meeting.status is MeetingStatus.CLOSED:
                continue
            _undo_later(row, twin, now)
        row.resident_id = kept_id
        db.session.flush()


def merge_households(kept_id: int, dropped_id: int, now: datetime) -> None:
    """The dropped household's attendances are the kept one's; of two representatives without a name, or two stand-ins
    of one name, the earlier one stands. In a closed meeting to which both came, both stand as they were signed."""
    for row in _rows(Attendance.household_id == dropped_id):
        if row.meeting.status is MeetingStatus.CLOSED and _standing(row, Attendance.household_id == kept_id):
            continue
        if row.undone_at is None and row.resident_id is None and not row.walk_in_name:
            twin = _same_representative(row, kept_id)
            if twin is not None:
                _undo_later(row, twin, now)
        row.household_id = kept_id
        db.session.flush()


def _same_representative(row: Attendance, household_id: int) -> Attendance | None:
    """The household's representative, or stand-in, who may be the one of the row: unless both have a name, and two."""
    there = db.session.scalars(
        sa.select(Attendance)
        .where(
            Attendance.meeting_id == row.meeting_id,
            Attendance.undone_at.is_(None),
            Attendance.household_id == household_id,
            Attendance.resident_id.is_(None),
            Attendance.walk_in_name == "",
        )
        .order_by(Attendance.id)
    )
    name = search_key(row.proxy_name)
    return next((one for one in there if not name or search_key(one.proxy_name) in ("", name)), None)


def depends_on_household(household_ids: Collection[int]) -> set[int]:
    """Of which of these households somebody came to a meeting."""
    return set(
        db.session.scalars(
            sa.select(Attendance.household_id).where(Attendance.household_id.in_(household_ids)).distinct()
        )
    )


def _rows(whose: sa.ColumnElement[bool]) -> list[Attendance]:
    return list(
        db.session.scalars(
            sa.select(Attendance).where(whose).options(joinedload(Attendance.meeting)).order_by(Attendance.id)
        )
    )


def _standing(row: Attendance, whose: Any) -> Attendance | None:
    return db.session.scalar(
        sa.select(Attendance)
        .where(Attendance.meeting_id == row.meeting_id, Attendance.undone_at.is_(None), whose)
        .limit(1)
    )


def _undo_later(one: Attendance, other: Attendance, now: datetime) -> None:
    later = max(one, other, key=lambda row: (row.attended_at, row.id))
    later.undone_at, later.undo_reason = now, MERGED
    db.session.flush()
