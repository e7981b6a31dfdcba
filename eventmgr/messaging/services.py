"""Writes of the messaging room: what officers and leaders do."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _
from sqlalchemy.exc import IntegrityError

from eventmgr.areas.models import Area
from eventmgr.core import clock
from eventmgr.core.audit import record_audit
from eventmgr.core.db import change_rows, db, insert_many, locked
from eventmgr.core.errors import Conflict, RuleBroken
from eventmgr.core.text import clean_text
from eventmgr.messaging import queries
from eventmgr.messaging.budgets import check_budgets
from eventmgr.messaging.models import Approval, Batch, Message, Tariff
from eventmgr.messaging.segments import count_segments
from eventmgr.messaging.values import (
    NEXT_BATCH_STATES,
    BatchDetails,
    BatchKind,
    BatchState,
    LeftOut,
    LeftOutReason,
    MessageState,
    Queued,
    Recipient,
)
from eventmgr.residents import phones

CHUNK = 1000
"""Messages written at a time: memory stays the same for any number of recipients."""
MOST_SEGMENTS = 6
"""Longer texts are a mistake: 918 characters without marks."""


class TextTooLong(RuleBroken):
    """A text makes more than MOST_SEGMENTS segments."""

    code = "text_too_long"
    sentence = _("The text is too long for an SMS: %(segments)s billed parts, at most %(most)s.")


class TooLateToSend(RuleBroken):
    """The messages would leave only after what they are about has begun."""

    code = "too_late_to_send"
    sentence = _("The texts could leave only after the meeting has begun.")


class BatchNotInState(Conflict):
    """The batch has gone on meanwhile: what was asked does not fit its state any more."""

    code = "batch_not_in_state"
    sentence = _("This batch has gone on in the meantime. Look at it again.")


class AlreadyQueued(Conflict):
    """Somebody queued the same messages at the same moment; theirs stand."""

    code = "already_queued"
    sentence = _("Somebody has just queued these messages. Nothing was queued twice.")


class AlreadyApproved(Conflict):
    """A leader has agreed already."""

    code = "already_approved"
    sentence = _("These messages have been approved already.")


def queue_batch(
    details: BatchDetails,
    recipients: Iterable[Recipient],
    *,
    by: Any,
    now: datetime,
    approval: Approval | None = None,
    over_budget: bool = False,
) -> Queued:
    """Queue one text for each recipient: the one way in. All or nothing.

    Nobody gets the same message twice: a recipient who has it from this or an earlier batch (same
    subject, kind and revision; for custom texts: from this batch) is left out and reported, as are
    phones that refused or are dead. With an `approval` not yet given the batch waits for it, and whoever gives it is
    asked about the budget; else `over_budget` says that it goes though it costs more than is left. A send that falls
    into the no-send hours moves to their end. Raises TextTooLong, TooLateToSend, AlreadyQueued, OverBudget.
    """
    area = db.session.get_one(Area, details.area_id)
    sends_at = queries.foresee_leaving(area.path, details.send_at, now).at
    if details.expires_at is not None and sends_at >= details.expires_at:
        raise TooLateToSend
    batch = Batch(
        area_id=area.id,
        subject=details.subject,
        title=clean_text(details.title),
        kind=details.kind,
        revision=details.revision,
        texts=dict(details.texts),
        send_at=sends_at,
        state=BatchState.SENDING
        if approval is None or approval.approved_at is not None
        else BatchState.AWAITING_APPROVAL,
        approval=approval,
        created_by_id=getattr(by, "id", None),
        created_at=now,
    )
    db.session.add(batch)
    db.session.flush()
    queued = _queue_messages(batch, details, recipients, sends_at, now)
    if queued.queued == 0:
        batch.approval = None
        db.session.flush()
        db.session.delete(batch)
        db.session.flush()
        return queued
    record_audit(
        "queue_batch",
        f"batch:{batch.id}",
        by=by,
        now=now,
        area_id=area.id,
        after={"subject": batch.subject, "kind": batch.kind.value, "messages": queued.queued},
    )
    if batch.state is BatchState.SENDING:
        check_budgets(
            [batch.subject], confirmed=over_budget, record=f"batch:{batch.id}", area_id=area.id, by=by, now=now
        )
    return queued


def _queue_messages(
    batch: Batch, details: BatchDetails, recipients: Iterable[Recipient], sends_at: datetime, now: datetime
) -> Queued:
    prices = queries.Prices(clock.local_day(sends_at))
    left_out: list[LeftOut] = []
    number = segments = price = 0
    for chunk in _chunks(recipients, CHUNK):
        rows = []
        for recipient in _leave_out(chunk, batch, left_out):
            # Composed, as it is counted: some phones and Macs type a letter and its marks apart.
            text = unicodedata.normalize("NFC", recipient.text)
            count = count_segments(text)
            if count.segments > MOST_SEGMENTS:
                raise TextTooLong(segments=count.segments, most=MOST_SEGMENTS)
            cost = count.segments * prices.of_segment(recipient.phone)
            segments, price = segments + count.segments, price + cost
            rows.append(
                {
                    "public_id": secrets.token_hex(16),
                    "batch_id": batch.id,
                    "subject": batch.subject,
                    "kind": batch.kind,
                    "revision": batch.revision,
                    "once_key": _once_key(batch, recipient),
                    "phone": recipient.phone,
                    "recipient_key": recipient.key,
                    "text": text,
                    "encoding": count.encoding,
                    "segments": count.segments,
                    "price": cost,
                    "state": MessageState.QUEUED,
                    "next_attempt_at": sends_at,
                    "expires_at": details.expires_at,
                    "queued_at": now,
                }
            )
        number += len(rows)
        _insert(rows)
    return Queued(
        batch.id if number else None,
        number,
        segments,
        price,
        sends_at,
        tuple(left_out),
        waits=batch.state is BatchState.AWAITING_APPROVAL,
    )


def _insert(rows: list[dict[str, Any]]) -> None:
    try:
        insert_many(Message, rows)
    except IntegrityError as error:
        raise AlreadyQueued from error


def _leave_out(chunk: Sequence[Recipient], batch: Batch, left_out: list[LeftOut]) -> Iterator[Recipient]:
    """The recipients that get a message; the others are added to `left_out`."""
    silent = phones.phones_not_to_text({recipient.phone for recipient in chunk})
    # What earlier chunks of this very batch brought stands in the table already: nothing is kept here.
    seen = queries.pairs_in_batch(batch.id, {recipient.phone for recipient in chunk})
    keys = [key for recipient in chunk if (key := _once_key(batch, recipient)) is not None]
    sent = queries.sent_keys(keys) if keys else set()
    for recipient in chunk:
        pair = (recipient.phone, recipient.key)
        if pair in seen or _once_key(batch, recipient) in sent:
            left_out.append(LeftOut(recipient, LeftOutReason.ALREADY))
        elif recipient.phone in silent:
            left_out.append(LeftOut(recipient, LeftOutReason(silent[recipient.phone])))
        else:
            seen.add(pair)
            yield recipient


def _once_key(batch: Batch, recipient: Recipient) -> str | None:
    """What may exist only once; custom texts may be sent again in another batch."""
    if batch.kind is BatchKind.CUSTOM:
        return None
    return f"{batch.subject}|{batch.kind.value}|{batch.revision}|{recipient.phone}|{recipient.key}"


def _chunks(recipients: Iterable[Recipient], size: int) -> Iterator[list[Recipient]]:
    remaining = iter(recipients)
    while chunk := list(islice(remaining, size)):
        yield chunk


# --- Approval -----------------------------------------------------------------------------------


def ask_for_approval(area: Area, *, by: Any, now: datetime, note: str = "") -> Approval:
    """An approval still to be given, for one or many batches."""
    approval = Approval(
        area_id=area.id,
        requested_by_id=getattr(by, "id", None),
        requested_at=now,
        approved_by_name="",
        note=clean_text(note),
    )
    db.session.add(approval)
    db.session.flush()
    return approval


def approve(approval: Approval, *, by: Any, now: datetime, over_budget: bool = False) -> None:
    """A leader agrees, signed in: the batches go. `over_budget`: also to more than is left of the money for texts.

    Raises AlreadyApproved, OverBudget.
    """
    _agree(approval, by=by, now=now, name=by.full_name, on=clock.local_day(now), over_budget=over_budget)
    approval.approved_by_id = by.id
    db.session.flush()


def record_approval(
    approval: Approval, *, leader_name: str, on: date, by: Any, now: datetime, over_budget: bool = False
) -> None:
    """An officer writes down that a leader has agreed, on paper or by word, on a day.

    Raises AlreadyApproved, OverBudget; RuleBroken if the name is missing or the day has not come.
    """
    name = clean_text(leader_name)
    if not name:
        raise NoLeaderName
    if on > clock.local_day(now):
        raise ApprovedInFuture
    _agree(approval, by=by, now=now, name=name, on=on, over_budget=over_budget)
    approval.recorded_by_id = by.id
    db.session.flush()


class NoLeaderName(RuleBroken):
    """Who agreed must be written down."""

    code = "no_leader_name"
    sentence = _("Write the name of the leader who agreed.")


class ApprovedInFuture(RuleBroken):
    """Nobody has agreed on a day that is still to come."""

    code = "approved_in_future"
    sentence = _("The day of the approval is still to come.")


def _agree(approval: Approval, *, by: Any, now: datetime, name: str, on: date, over_budget: bool) -> None:
    # Not by a refresh: it would repeat the joins of the first read, which PostgreSQL cannot lock.
    db.session.scalars(locked(sa.select(Approval).where(Approval.id == approval.id))).one()
    if approval.approved_at is not None:
        raise AlreadyApproved
    approval.approved_at = now
    approval.approved_by_name = name
    approval.approved_on = on
    waiting = [batch for batch in approval.batches if batch.state is BatchState.AWAITING_APPROVAL]
    for batch in waiting:
        _set_state(batch, BatchState.SENDING, "approve_batch", by=by, now=now)
    check_budgets(
        [batch.subject for batch in waiting],
        confirmed=over_budget,
        record=f"approval:{approval.id}",
        area_id=approval.area_id,
        by=by,
        now=now,
    )


# --- Steering a batch ---------------------------------------------------------------------------


def pause_batch(batch: Batch, *, by: Any, now: datetime) -> None:
    """Hand over no more of its messages for now; those under way go on. Raises BatchNotInState."""
    _set_state(batch, BatchState.PAUSED, "pause_batch", by=by, now=now)


def resume_batch(batch: Batch, *, by: Any, now: datetime) -> None:
    """Go on with a paused batch. Raises BatchNotInState."""
    if batch.state is not BatchState.PAUSED:
        raise BatchNotInState
    _set_state(batch, BatchState.SENDING, "resume_batch", by=by, now=now)
    batch.pause_reason = ""


def stop_batch(batch: Batch, *, by: Any, now: datetime) -> int:
    """End a batch for good and withdraw what is still queued; returns how many those were.

    What a worker hands over at this moment may still go out; nothing is tried again. Raises BatchNotInState.
    """
    _set_state(batch, BatchState.STOPPED, "stop_batch", by=by, now=now)
    return _withdraw(sa.and_(Message.batch_id == batch.id, Message.state != MessageState.FAILED), now)


def resend_failed(batch: Batch, *, by: Any, now: datetime, over_budget: bool = False) -> Queued:
    """Send once more, as a new revision, what the network could not deliver or what could not be sent in time.

    Never what was accepted, or whose outcome is unknown: those may have arrived. Nor to a number that takes no texts, nor
    to anybody who has been sent the same words since. The wording stays, so a leader's yes to it holds; what goes
    `over_budget` waits for a new one where the office wants any. Raises NothingToResend, TooLateToSend, OverBudget.
    """
    db.session.refresh(batch, ["state"], with_for_update=True)
    failed = queries.messages_to_resend(batch, now)
    if not failed:
        raise NothingToResend
    details = BatchDetails(
        area_id=batch.area_id,
        subject=batch.subject,
        title=batch.title,
        kind=batch.kind,
        texts=batch.texts,
        revision=queries.next_revision(batch.subject, batch.kind),
        expires_at=failed[0].expires_at,
    )
    recipients = [Recipient(message.phone, message.recipient_key, message.text) for message in failed]
    approval = batch.approval
    if over_budget and queries.is_approval_needed(batch.area.path, clock.local_day(now)):
        approval = ask_for_approval(batch.area, by=by, now=now)
    return queue_batch(details, recipients, by=by, now=now, approval=approval, over_budget=over_budget)


class NothingToResend(RuleBroken):
    """No message of the batch failed, or all have been sent anew."""

    code = "nothing_to_resend"
    sentence = _("No message of this batch can be sent again: none failed, or they have been sent again already.")


def withdraw_messages(subject: str, kinds: Iterable[BatchKind], *, now: datetime) -> int:
    """Withdraw what is still queued about a subject (its meeting moved or is not held); returns how many.

    What failed, or is under way, is not sent again either: its words are not true any more.
    """
    return _withdraw(sa.and_(Message.subject == subject, Message.kind.in_(list(kinds))), now)


def withdraw_messages_to(
    subject: str, recipient_key: str, *, now: datetime, kinds: Collection[BatchKind] = tuple(BatchKind)
) -> int:
    """Withdraw what is still queued for one recipient of a subject (somebody was asked twice, or has refused);
    returns how many."""
    waiting = db.session.scalars(
        locked(
            sa.select(Message).where(
                Message.subject == subject,
                Message.recipient_key == recipient_key,
                Message.kind.in_(kinds),
                Message.called_off_at.is_(None),
            )
        )
    ).all()
    queued = [message for message in waiting if message.state is MessageState.QUEUED]
    for message in waiting:
        message.called_off_at = now
    for message in queued:
        message.state, message.next_attempt_at, message.settled_at = MessageState.WITHDRAWN, None, now
    return len(queued)


def _withdraw(which: sa.ColumnElement[bool], now: datetime) -> int:
    # What a worker holds, or the network has, is marked too: should it come back, it does not go again.
    change_rows(sa.update(Message).where(which, Message.called_off_at.is_(None)).values(called_off_at=now))
    return change_rows(
        sa.update(Message)
        .where(which, Message.state == MessageState.QUEUED)
        .values(state=MessageState.WITHDRAWN, next_attempt_at=None, settled_at=now)
    )


def _set_state(batch: Batch, state: BatchState, action: str, *, by: Any, now: datetime) -> None:
    db.session.refresh(batch, ["state"], with_for_update=True)
    if state not in NEXT_BATCH_STATES[batch.state]:
        raise BatchNotInState
    before = batch.state
    batch.state = state
    db.session.flush()
    record_audit(
        action,
        f"batch:{batch.id}",
        by=by,
        now=now,
        area_id=batch.area_id,
        before={"state": before.value},
        after={"state": state.value},
    )


# --- Prices -------------------------------------------------------------------------------------


def set_tariff(network: str, price: int, valid_from: date, service_class: str = "administrative") -> None:
    """From a day on, a segment to this network costs so many đồng; saying it twice replaces."""
    row = db.session.scalar(
        locked(
            sa.select(Tariff).where(
                Tariff.network == network, Tariff.service_class == service_class, Tariff.valid_from == valid_from
            )
        )
    )
    if row is None:
        db.session.add(Tariff(network=network, service_class=service_class, price=price, valid_from=valid_from))
    else:
        row.price = price
    db.session.flush()
