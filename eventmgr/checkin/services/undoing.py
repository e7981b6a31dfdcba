"""Taking attendances back, and taking that back. Rows stay and say who and why; the person may be checked in again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import joinedload

from eventmgr.checkin import queries
from eventmgr.checkin.models import Attendance, Scan
from eventmgr.checkin.values import (
    ACCEPTED_SOURCE,
    MERGED,
    NAMED,
    TAKEN_BACK,
    Answer,
    Doorkeeper,
    MeetingAtDoor,
    Settled,
    Undo,
)
from eventmgr.core.audit import record_audit
from eventmgr.core.db import db, locked
from eventmgr.core.errors import Conflict, NotFound, RuleBroken
from eventmgr.core.text import clean_text, search_key
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.values import MeetingStatus
from eventmgr.residents.models import Household


class FiguresClosed(RuleBroken):
    """A closed meeting is read-only: who came is settled."""

    code = "figures_closed"
    sentence = _("Check-in has ended: the figures are closed. Open the meeting again first.")


class CameAgain(Conflict):
    """Somebody who was taken back, or somebody for the household, has been checked in since."""

    code = "came_again"
    sentence = _("This person or household has been checked in again since then. Nothing was changed.")


def undo_attendance(
    attendance: Attendance, *, by: Any, reason: str, now: datetime, keeper: Doorkeeper | None = None
) -> None:
    """Take an attendance back. Raises FiguresClosed."""
    if attendance.undone_at is not None:
        return
    if attendance.meeting.status is MeetingStatus.CLOSED:
        raise FiguresClosed
    attendance.undone_at = now
    attendance.undone_by_id = getattr(by, "id", None)
    attendance.undone_source = keeper.source if keeper else ""
    attendance.undo_reason = _not_one_of_ours(clean_text(reason)[:200])
    record_audit(
        "undo_attendance",
        f"attendance:{attendance.id}",
        by=by,
        now=now,
        area_id=attendance.hamlet_id,
        after={"reason": attendance.undo_reason, "device_id": keeper.device_id if keeper else None},
    )
    db.session.flush()
    if keeper is not None and keeper.device_id is not None:
        _note_other_doors(attendance, keeper)


def restore_attendance(attendance: Attendance, *, by: Any, now: datetime) -> None:
    """Undo an undo.

    Raises FiguresClosed; CameAgain if the person or the household came in again since, or if the row was never a
    mistake: it was named, or merged with another.
    """
    if attendance.undone_at is None:
        return
    if attendance.meeting.status is MeetingStatus.CLOSED:
        raise FiguresClosed
    if attendance.undo_reason in (NAMED, MERGED) or _stands_otherwise(attendance):
        raise CameAgain
    before = {"reason": attendance.undo_reason}
    attendance.undone_at, attendance.undone_by_id = None, None
    attendance.undo_reason, attendance.undone_source = "", ""
    record_audit(
        "restore_attendance",
        f"attendance:{attendance.id}",
        by=by,
        now=now,
        area_id=attendance.hamlet_id,
        before=before,
    )
    try:
        db.session.flush()
    except sa.exc.IntegrityError as error:
        raise CameAgain from error


def find_earlier_event(meeting: Meeting | MeetingAtDoor, undo: Undo, keeper: Doorkeeper) -> Scan | None:
    """The event of the same source at this meeting that is to be taken back, or None."""
    return db.session.scalar(
        sa.select(Scan).where(
            Scan.source == keeper.source, Scan.event_id == undo.event_id, Scan.meeting_id == meeting.id
        )
    )


def attendances_meant(meeting: Meeting | MeetingAtDoor, undo: Undo, keeper: Doorkeeper) -> list[Attendance] | None:
    """What an undo at the door is about, taken back already or not; None if there is nothing such at this meeting.

    An event that let nobody in, as they had come before, is known and has nothing to take back.
    """
    if undo.attendance_id is not None:
        try:
            return [queries.get_attendance_at(meeting, undo.attendance_id, keeper.scope)]
        except NotFound:
            return None
    event = find_earlier_event(meeting, undo, keeper)
    if event is None:
        return None
    return list(
        db.session.scalars(
            sa.select(Attendance)
            .where(Attendance.scan_id.in_(_led_from(event)), Attendance.meeting_id == meeting.id, _alone(undo))
            .options(
                joinedload(Attendance.meeting),
                joinedload(Attendance.resident),
                joinedload(Attendance.guest),
                joinedload(Attendance.household).selectinload(Household.members),
            )
            .order_by(Attendance.id)
        )
    )


def drop_event(meeting: Meeting | MeetingAtDoor, undo: Undo, keeper: Doorkeeper, *, reason: str, now: datetime) -> None:
    """The door takes back an event that waits for an officer: it need not be looked at any more."""
    waiting = find_earlier_event(meeting, undo, keeper) if undo.event_id and undo.is_whole else None
    if waiting is not None and waiting.held and waiting.settled_at is None:
        waiting.settled_at, waiting.settled_how = now, Settled.DROPPED.value
        waiting.settle_reason = clean_text(reason)[:200]
        db.session.flush()


def _alone(undo: Undo) -> sa.ColumnElement[bool]:
    """Of those an event let in, the one that is meant; all where nobody is singled out."""
    if undo.resident_id is not None:
        return Attendance.resident_id == undo.resident_id
    return Attendance.proxy_name != "" if undo.stand_in else sa.true()


def _led_from(event: Scan) -> sa.Select[int]:
    """The event itself, and the one by which an officer accepted it."""
    accepted = sa.and_(Scan.source == ACCEPTED_SOURCE, Scan.event_id == str(event.id))
    return sa.select(Scan.id).where(sa.or_(Scan.id == event.id, accepted))


def _note_other_doors(attendance: Attendance, keeper: Doorkeeper) -> None:
    """A phone takes back whom another door has seen as well: told "already", that door wrote nothing down, and the
    person may be there. Somebody looks."""
    repeated = sa.select(Scan).where(
        Scan.meeting_id == attendance.meeting_id, Scan.answer == Answer.ALREADY, Scan.source != keeper.source
    )
    for scan in db.session.scalars(repeated):
        if any(person.get("attendance_id") == attendance.id for person in scan.people):
            scan.flag = TAKEN_BACK
    db.session.flush()


def _not_one_of_ours(reason: str) -> str:
    """Our own two reasons decide what may be restored: nobody writes them by chance."""
    return reason.capitalize() if reason in (NAMED, MERGED) else reason


def _stands_otherwise(row: Attendance) -> bool:
    """Whether what the row says stands already: the same person, the household without a name, or names for it."""
    if row.household_id is not None:
        _queue_up(row)
        return any(_is_the_same(row, other) for other in _standing(row, Attendance.household_id == row.household_id))
    if row.guest_id is not None:
        return bool(_standing(row, Attendance.guest_id == row.guest_id))
    return False  # a walk-in of no household cannot be recognised


def _queue_up(row: Attendance) -> None:
    """Wait for whoever lets the household in at this moment, by the row that the door locks, too."""
    if row.invitation_id is not None:
        db.session.execute(
            locked(sa.select(Invitation.id).where(Invitation.id == row.invitation_id), may_be_named=True)
        )
    else:
        db.session.execute(locked(sa.select(Household.id).where(Household.id == row.household_id), may_be_named=True))


def _standing(row: Attendance, whose: sa.ColumnElement[bool]) -> list[Attendance]:
    return list(
        db.session.scalars(
            sa.select(Attendance).where(Attendance.meeting_id == row.meeting_id, Attendance.undone_at.is_(None), whose)
        )
    )


def _is_the_same(row: Attendance, other: Attendance) -> bool:
    if _is_unnamed(row) or _is_unnamed(other):
        return True
    if row.resident_id is not None or other.resident_id is not None:
        return row.resident_id == other.resident_id
    return search_key(row.proxy_name or row.walk_in_name) == search_key(other.proxy_name or other.walk_in_name)


def _is_unnamed(row: Attendance) -> bool:
    return row.resident_id is None and not row.proxy_name and not row.walk_in_name
