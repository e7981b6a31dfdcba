"""Who counts as told: one condition for every list and figure, and how sure it is.

A meeting that moved, or is not held, has to be told anew: what people were told before that change counts no more.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from eventmgr.core.db import db
from eventmgr.meetings.models import ContactOutcome, Invitation, Meeting
from eventmgr.meetings.queries.reminders import invitation_of_message
from eventmgr.meetings.values import CONFIRMED, REACHED, ContactResult, Standing
from eventmgr.messaging.models import Message
from eventmgr.messaging.values import NOT_REACHED, TAKEN, UNDER_WAY, BatchKind, MessageState

HANDED_OVER = (MessageState.ACCEPTED, MessageState.SENT)
NOTICES = (BatchKind.RESCHEDULE, BatchKind.POSTPONE, BatchKind.CANCEL)
"""Texts that go once to each phone, whichever of its households they are filed under."""


def was_reached() -> sa.ColumnElement[bool]:
    """That an invitation's people were told: by a confirmed contact, or by a text that the network reports to have
    arrived. A text taken by the gateway alone proves nothing."""
    return sa.or_(_was_noted(REACHED), _has_text(MessageState.DELIVERED))


def has_failed() -> sa.ColumnElement[bool]:
    """That the last text to an invitation's people did not arrive, as far as is known, and nothing else has told them."""
    about, later = aliased(Message), aliased(Message)
    followed = sa.exists().where(
        later.subject == about.subject,
        later.recipient_key == about.recipient_key,
        later.id > about.id,
        later.state != MessageState.WITHDRAWN,
    )
    own = sa.exists().where(_is_about_it(about), _is_in(about, NOT_REACHED), sa.not_(followed))
    return sa.and_(sa.not_(was_reached()), sa.or_(own, _has_notice(NOT_REACHED)))


def standing() -> sa.ColumnElement[str]:
    """How sure it is that an invitation's people were told, as a word of Standing."""
    by_network = sa.or_(_was_noted({ContactResult.SMS_DELIVERED}), _has_text(MessageState.DELIVERED))
    return sa.case(
        (_was_noted(CONFIRMED), Standing.CONFIRMED.value),
        (by_network, Standing.DELIVERED.value),
        (_has_text(*HANDED_OVER), Standing.HANDED_OVER.value),
        (_has_text(*UNDER_WAY), Standing.WAITING.value),
        else_=Standing.NOT_REACHED.value,
    )


def standings_of_batch(batch_id: int) -> dict[Standing, int]:
    """How many of a batch's recipients stand where, by all that is known of them today."""
    counted = (
        sa.select(Invitation.id, standing().label("standing")).where(
            Invitation.id.in_(recipients_of(batch_id)), Invitation.withdrawn_at.is_(None)
        )
    ).subquery()
    rows = db.session.execute(sa.select(counted.c.standing, sa.func.count()).group_by(counted.c.standing))
    return {Standing(word): number for word, number in rows}


def recipients_of(batch_id: int) -> sa.Select[int]:
    """The invitations that a batch's texts are about."""
    return sa.select(invitation_of_message()).where(Message.batch_id == batch_id)


def _was_noted(results: Collection[ContactResult]) -> sa.ColumnElement[bool]:
    meeting = aliased(Meeting)
    return sa.exists().where(
        ContactOutcome.invitation_id == Invitation.id,
        ContactOutcome.result.in_(sorted(results)),
        meeting.id == Invitation.meeting_id,
        sa.or_(meeting.changed_at.is_(None), ContactOutcome.at >= meeting.changed_at),
    )


def _has_text(*states: MessageState) -> sa.ColumnElement[bool]:
    message, meeting = aliased(Message), aliased(Meeting)
    own = sa.exists().where(
        _is_about_it(message),
        _is_in(message, states),
        meeting.id == Invitation.meeting_id,
        sa.or_(meeting.changed_at.is_(None), message.queued_at >= meeting.changed_at),
    )
    return sa.or_(own, _has_notice(states))


def _has_notice(states: Collection[MessageState]) -> sa.ColumnElement[bool]:
    """That a notice of the meeting's change went to the phone that the invitation was texted to."""
    invited, notice, meeting = aliased(Message), aliased(Message), aliased(Meeting)
    return sa.exists().where(
        meeting.id == Invitation.meeting_id,
        meeting.changed_at.is_not(None),
        _is_about_it(invited),
        invited.kind == BatchKind.INVITE,
        _is_in(invited, [*TAKEN, MessageState.UNKNOWN]),
        notice.phone == invited.phone,
        notice.subject == invited.subject,
        notice.kind.in_(NOTICES),
        _is_in(notice, states),
        notice.queued_at >= meeting.changed_at,
    )


def _is_in(message: type[Message], states: Collection[MessageState]) -> sa.ColumnElement[bool]:
    # Not the bare column: SQLite would look through all messages in a state instead of the few about this invitation.
    return sa.func.lower(message.state, type_=sa.String()).in_([state.value for state in states])


def _is_about_it(message: type[Message]) -> sa.ColumnElement[bool]:
    return sa.and_(
        message.subject == sa.literal("meeting:").concat(sa.cast(Invitation.meeting_id, sa.String)),
        message.recipient_key == sa.literal("invitation:").concat(sa.cast(Invitation.id, sa.String)),
    )
