"""Who needs no reminder any more because they have come."""

from __future__ import annotations

import sqlalchemy as sa

from eventmgr.checkin.models import Attendance
from eventmgr.meetings.models import Invitation
from eventmgr.meetings.queries.reminders import invitation_of_message


def is_there_already() -> sa.ColumnElement[bool]:
    """That the household or guest a queued message is about has been checked in at its meeting."""
    return sa.exists().where(
        Invitation.id == invitation_of_message(),
        Attendance.meeting_id == Invitation.meeting_id,
        Attendance.undone_at.is_(None),
        sa.or_(
            Attendance.invitation_id == Invitation.id,
            Attendance.household_id == Invitation.household_id,
            Attendance.guest_id == Invitation.guest_id,
        ),
    )
