"""Who counts as told: one condition for every list and figure, and how sure it is."""

from __future__ import annotations

import sqlalchemy as sa

from eventmgr.core.db import db
from eventmgr.meetings.models import ContactOutcome, Invitation
from eventmgr.meetings.queries.reminders import invitation_of_message
from eventmgr.meetings.values import CONFIRMED, REACHED, ContactResult, Standing
from eventmgr.messaging.models import Message
from eventmgr.messaging.values import UNDER_WAY, MessageState

HANDED_OVER = (MessageState.ACCEPTED, MessageState.SENT)


def was_reached() -> sa.ColumnElement[bool]:
    """That an invitation's people were told: by a confirmed contact, or by a text that the network reports to have
    arrived. A text taken by the gateway alone proves nothing."""
    told = sa.exists().where(ContactOutcome.invitation_id == Invitation.id, ContactOutcome.result.in_(sorted(REACHED)))
    return sa.or_(told, _has_text(MessageState.DELIVERED))


def standing() -> sa.ColumnElement[str]:
    """How sure it is that an invitation's people were told, as a word of Standing."""
    by_network = sa.exists().where(
        ContactOutcome.invitation_id == Invitation.id, ContactOutcome.result == ContactResult.SMS_DELIVERED
    )
    return sa.case(
        (_was_confirmed(Invitation.id), Standing.CONFIRMED.value),
        (sa.or_(by_network, _has_text(MessageState.DELIVERED)), Standing.DELIVERED.value),
        (_has_text(*HANDED_OVER), Standing.HANDED_OVER.value),
        (_has_text(*UNDER_WAY), Standing.WAITING.value),
        else_=Standing.NOT_REACHED.value,
    )


def standings_of_batch(batch_id: int) -> dict[Standing, int]:
    """How many of a batch's recipients stand where."""
    of_message = sa.case(
        (_was_confirmed(invitation_of_message()), Standing.CONFIRMED.value),
        (Message.state == MessageState.DELIVERED, Standing.DELIVERED.value),
        (Message.state.in_(HANDED_OVER), Standing.HANDED_OVER.value),
        (Message.state.in_(UNDER_WAY), Standing.WAITING.value),
        else_=Standing.NOT_REACHED.value,
    ).label("standing")
    counted = sa.select(of_message).where(Message.batch_id == batch_id).subquery()
    rows = db.session.execute(sa.select(counted.c.standing, sa.func.count()).group_by(counted.c.standing))
    return {Standing(word): number for word, number in rows}


def _was_confirmed(invitation_id: sa.SQLColumnExpression[int]) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        ContactOutcome.invitation_id == invitation_id, ContactOutcome.result.in_(sorted(CONFIRMED))
    )


def _has_text(*states: MessageState) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        Message.subject == sa.literal("meeting:").concat(sa.cast(Invitation.meeting_id, sa.String)),
        Message.recipient_key == sa.literal("invitation:").concat(sa.cast(Invitation.id, sa.String)),
        Message.state.in_(states),
    )
