"""Who was asked, who is known to have been told, what they answered, who did not come."""

from __future__ import annotations

import sqlalchemy as sa

from eventmgr.checkin.models import Attendance
from eventmgr.core.db import db
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.queries.reached import was_reached
from eventmgr.meetings.values import Rsvp
from eventmgr.reports.queries.selection import HELD, Condition
from eventmgr.reports.values import InvitationFigures


def invitations_by_meeting(chosen: Condition) -> dict[int, InvitationFigures]:
    """The invitations that stand, for each chosen meeting that has any."""
    statement = (
        sa.select(
            Invitation.meeting_id,
            sa.func.count(Invitation.household_id),
            sa.func.count(Invitation.guest_id),
            _count(was_reached()),
            _count(Invitation.rsvp == Rsvp.COMING),
            _count(Invitation.rsvp == Rsvp.PROXY),
            _count(Invitation.rsvp == Rsvp.ABSENT),
            _count(was_absent()),
        )
        .join(Meeting, Invitation.meeting_id == Meeting.id)
        .where(chosen, Invitation.withdrawn_at.is_(None))
        .group_by(Invitation.meeting_id)
    )
    return {row[0]: InvitationFigures(*row[1:]) for row in db.session.execute(statement)}


def was_absent() -> Condition:
    """Asked to a meeting that took place, and nobody of the household, nor the guest, came."""
    came = (
        sa.select(Attendance.id)
        .where(
            Attendance.meeting_id == Invitation.meeting_id,
            Attendance.undone_at.is_(None),
            sa.or_(Attendance.household_id == Invitation.household_id, Attendance.guest_id == Invitation.guest_id),
        )
        .exists()
    )
    return sa.and_(HELD, ~came)


def _count(condition: Condition) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)
