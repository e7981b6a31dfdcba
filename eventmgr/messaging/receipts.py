"""What gateways report on a message after they took it: by callback, or when asked.

Reports come late, twice and out of order; states only move forward.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from eventmgr.core.db import change_rows, db, locked
from eventmgr.messaging.gateways.base import DeliveryReceipt, Refused, Trouble
from eventmgr.messaging.models import Batch, DeliveryEvent, EarlierAttempt, Message
from eventmgr.messaging.values import BatchState, MessageState, may_follow
from eventmgr.residents import phones

logger = logging.getLogger(__name__)


def take_receipt(
    message: Message,
    receipt: DeliveryReceipt,
    *,
    source: str,
    check_after: Sequence[timedelta],
    now: datetime,
) -> None:
    """Write down what a gateway reports on a message and move its state on, if it moves at all.

    The message must be locked by the caller. `source` is "callback", "check" or "reconcile".
    """
    db.session.add(
        DeliveryEvent(
            message=message,
            at=now,
            source=source,
            outcome=receipt.outcome,
            code=receipt.code,
            raw=dict(receipt.raw),
        )
    )
    if _is_of_earlier_attempt(message, receipt):
        # Whatever became of the later attempt: the words have reached the phone.
        if receipt.state is MessageState.DELIVERED and may_follow(message.state, MessageState.DELIVERED):
            enter(message, MessageState.DELIVERED, now)
            _note_phone(message, receipt, now)
        return
    _name(message, receipt.gateway_id)
    failed = receipt.state is MessageState.FAILED and may_follow(message.state, MessageState.FAILED)
    if failed and send_again(message, receipt, now):
        return
    if receipt.state is None:
        logger.warning("A gateway used a word we do not know.", extra={"message_id": message.id})
    elif may_follow(message.state, receipt.state):
        enter(message, receipt.state, now, error=receipt.code, check_after=check_after)
        _note_phone(message, receipt, now)
    if receipt.trouble:
        pause_for(message.batch_id, receipt.trouble)


def take_part(
    message: Message, receipt: DeliveryReceipt, parts: int | None, *, check_after: Sequence[timedelta], now: datetime
) -> None:
    """Write down a report that may be about one part of a long text only: delivered is what all its parts are.

    The message must be locked by the caller. `receipt.raw["id"]` tells reports apart: one may come twice. `parts` is
    how many the gateway made of the text, where this report says so; else the last that did, else our own count.
    """
    if receipt.state is MessageState.DELIVERED:
        told = db.session.execute(
            sa.select(DeliveryEvent.outcome, DeliveryEvent.raw)
            .where(DeliveryEvent.message_id == message.id)
            .order_by(DeliveryEvent.id)
        ).all()
        arrived = {raw.get("id") for outcome, raw in told if outcome == receipt.outcome} | {receipt.raw.get("id")}
        counted = [int(raw["partsCount"]) for _outcome, raw in told if raw.get("partsCount")]
        if len(arrived) < (parts or next(reversed(counted), None) or message.segments):
            receipt = replace(receipt, state=MessageState.SENT)
    take_receipt(message, receipt, source="callback", check_after=check_after, now=now)


def send_again(message: Message, receipt: DeliveryReceipt, now: datetime) -> bool:
    """Queue a locked message once more after its gateway said that the attempt failed for a reason that passes.

    False where that is no use: the waits are used up, its meeting begins first, it was called off, its people were
    erased, or the gateway has no name for the attempt by which a late word on it could be told from one on the next.
    """
    if message.retries >= len(receipt.send_again_after) or not message.gateway_id:
        return False
    if message.called_off_at is not None or not message.text or not message.phone.startswith("+"):
        return False
    at = now + receipt.send_again_after[message.retries]
    if message.expires_at is not None and at >= message.expires_at:
        return False
    db.session.add(EarlierAttempt(gateway_id=message.gateway_id, message_id=message.id))
    message.price += message.price // (message.retries + 1)  # networks bill what they could not deliver, too
    message.retries += 1
    message.gateway_id = None
    message.state = MessageState.QUEUED
    message.error = receipt.code
    message.lease_until = message.settled_at = None
    message.checks = 0
    message.next_attempt_at = at
    db.session.flush()
    change_rows(
        sa.update(Batch)
        .where(Batch.id == message.batch_id, Batch.state == BatchState.DONE)
        .values(state=BatchState.SENDING)
    )
    return True


def _is_of_earlier_attempt(message: Message, receipt: DeliveryReceipt) -> bool:
    if not message.retries or not receipt.gateway_id:
        return False
    earlier = sa.select(EarlierAttempt.gateway_id).where(
        EarlierAttempt.message_id == message.id, EarlierAttempt.gateway_id == receipt.gateway_id
    )
    return db.session.scalar(earlier) is not None


def _name(message: Message, gateway_id: str) -> None:
    """Keep the gateway's id for the message, the first one it gave."""
    if not gateway_id or message.gateway_id == gateway_id:
        return
    if message.gateway_id is not None:
        # The gateway took it twice: an attempt thought absent arrived after all.
        logger.error("A message has two ids at its gateway.", extra={"message_id": message.id})
        return
    elsewhere = db.session.scalar(sa.select(Message.id).where(Message.gateway_id == gateway_id))
    if elsewhere is not None:
        logger.error("Two messages claim one gateway id.", extra={"message_id": message.id, "other_id": elsewhere})
        return
    message.gateway_id = gateway_id


def enter(
    message: Message,
    state: MessageState,
    now: datetime,
    *,
    error: str = "",
    check_after: Sequence[timedelta] = (),
) -> None:
    """Put a locked message into a state that has ended an attempt: no lease, and the next look due
    (for what the gateway has) or none (for what is over)."""
    message.state = state
    message.error = error
    message.lease_until = None
    message.checks = 0
    if state in (MessageState.ACCEPTED, MessageState.SENT) and check_after:
        message.next_attempt_at = now + check_after[0]
    else:
        message.next_attempt_at = None
    message.settled_at = None if state in (MessageState.ACCEPTED, MessageState.SENT) else now


def _note_phone(message: Message, receipt: DeliveryReceipt, now: datetime) -> None:
    if message.settled_at is None:
        return
    phones.note_outcome(message.phone, message.state.value, now)
    if receipt.number_dead:
        phones.mark_dead(message.phone, now)
    if receipt.opted_out:
        phones.opt_out(message.phone, "network", now)
    if message.state is MessageState.DELIVERED:
        phones.mark_alive(message.phone)


def note_refusal(phone: str, refusal: Refused, now: datetime) -> None:
    """Remember what a refusal at the gateway's door says of the phone."""
    phones.note_outcome(phone, MessageState.REFUSED.value, now)
    if refusal.number_dead:
        phones.mark_dead(phone, now)
    if refusal.opted_out:
        phones.opt_out(phone, "network", now)


def pause_for(batch_id: int, trouble: Trouble) -> None:
    """Stop claiming a batch's messages until a person has seen to the account."""
    change_rows(
        sa.update(Batch)
        .where(Batch.id == batch_id, Batch.state == BatchState.SENDING)
        .values(state=BatchState.PAUSED, pause_reason=trouble.value)
    )
    logger.error("A batch was paused: the gateway refuses our account.", extra={"batch_id": batch_id})


def find_message_for_update(public_id: str) -> Message | None:
    """The message a callback's address names, locked until the unit of work ends; None if there is none."""
    return db.session.scalar(locked(sa.select(Message).where(Message.public_id == public_id)))
