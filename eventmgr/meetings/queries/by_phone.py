"""Which invitations somebody means who writes to us from a phone."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from eventmgr.core.db import db
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.queries.reminders import invitation_of_message
from eventmgr.meetings.values import MeetingStatus
from eventmgr.messaging.models import Message
from eventmgr.messaging.values import BatchKind, MessageState

NEVER_LEFT = (MessageState.QUEUED, MessageState.WITHDRAWN, MessageState.EXPIRED, MessageState.REFUSED)


def open_invitations_of_phone(phone: str, now: datetime) -> list[Invitation]:
    """The invitations of meetings to come of which a text went to this phone (E.164), oldest first."""
    texted = sa.select(invitation_of_message()).where(
        Message.phone == phone,
        Message.kind.in_([BatchKind.INVITE, BatchKind.REMIND, BatchKind.RESCHEDULE]),
        Message.state.not_in(NEVER_LEFT),
    )
    return list(
        db.session.scalars(
            sa.select(Invitation)
            .join(Invitation.meeting)
            .where(
                Invitation.id.in_(texted),
                Invitation.withdrawn_at.is_(None),
                Meeting.status == MeetingStatus.SCHEDULED,
                Meeting.starts_at > now,
            )
            .options(joinedload(Invitation.meeting), selectinload(Invitation.members))
            .order_by(Invitation.id)
        )
    )
