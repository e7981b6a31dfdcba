"""What became of the texts about the chosen meetings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from eventmgr.core.db import db
from eventmgr.meetings.models import Meeting
from eventmgr.messaging.models import Message
from eventmgr.messaging.values import TAKEN, UNDER_WAY, MessageState
from eventmgr.reports.queries.selection import Condition
from eventmgr.reports.values import MessageGroup, SmsFigures

STATES_OF: dict[MessageGroup, frozenset[MessageState]] = {
    MessageGroup.WAITING: UNDER_WAY,
    MessageGroup.ACCEPTED: TAKEN - {MessageState.DELIVERED},
    MessageGroup.DELIVERED: frozenset({MessageState.DELIVERED}),
    MessageGroup.FAILED: frozenset({MessageState.FAILED, MessageState.REFUSED, MessageState.EXPIRED}),
    MessageGroup.UNKNOWN: frozenset({MessageState.UNKNOWN}),
    MessageGroup.WITHDRAWN: frozenset({MessageState.WITHDRAWN}),
}
"""Every state is in exactly one group."""


def sms_by_meeting(chosen: Condition) -> dict[int, SmsFigures]:
    """For each chosen meeting about which anything was written. Segments and cost are of what a gateway took."""
    statement = (
        sa.select(Meeting.id, Message.state, sa.func.count(), sa.func.sum(Message.segments), sa.func.sum(Message.price))
        .join(Message, about_meeting())
        .where(chosen)
        .group_by(Meeting.id, Message.state)
    )
    found: dict[int, SmsFigures] = {}
    for meeting_id, state, messages, segments, price in db.session.execute(statement):
        figures = _figures(state, messages, int(segments), int(price))
        found[meeting_id] = found.get(meeting_id, SmsFigures()) + figures
    return found


def about_meeting() -> Condition:
    """The join of a message's opaque subject to its meeting."""
    return Message.subject == sa.literal("meeting:") + sa.cast(Meeting.id, sa.String)


def group_of(state: MessageState) -> MessageGroup:
    """The group a report counts this state in."""
    return next(group for group, states in STATES_OF.items() if state in states)


def _figures(state: MessageState, messages: int, segments: int, price: int) -> SmsFigures:
    counted: dict[str, Any] = {group_of(state).value: messages}
    if state in TAKEN:
        # A price of 0 means that no tariff was known when the text was queued.
        counted |= {"segments": segments, "cost": Decimal(price) if price else None}
    return SmsFigures(**counted)
