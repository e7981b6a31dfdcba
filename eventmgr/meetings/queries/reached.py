"""Who counts as told: one condition for every list and figure."""

from __future__ import annotations

import sqlalchemy as sa

from eventmgr.meetings.models import ContactOutcome, Invitation
from eventmgr.meetings.values import REACHED
from eventmgr.messaging.models import Message
from eventmgr.messaging.values import MessageState


def was_reached() -> sa.ColumnElement[bool]:
    """That an invitation's people were told: by a confirmed contact, or by a text that the network reports to have
    arrived. A text taken by the gateway alone proves nothing."""
    told = sa.exists().where(ContactOutcome.invitation_id == Invitation.id, ContactOutcome.result.in_(sorted(REACHED)))
    arrived = sa.exists().where(
        Message.subject == sa.literal("meeting:").concat(sa.cast(Invitation.meeting_id, sa.String)),
        Message.recipient_key == sa.literal("invitation:").concat(sa.cast(Invitation.id, sa.String)),
        Message.state == MessageState.DELIVERED,
    )
    return sa.or_(told, arrived)
