"""The outbox: what workers do to messages, step by step.

Each step stands inside the caller's unit of work and knows no network. `sender` strings them
together: claim and commit, call with no transaction open, record and commit. Any number of
workers may take any step at the same time, and may be killed between any two.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.core import registry
from eventmgr.core.db import change_rows, db, insert_many, locked, skip_locked, update_each
from eventmgr.messaging import queries, receipts
from eventmgr.messaging.gateways.base import (
    AccountProblem,
    DeliveryReceipt,
    GatewayFailure,
    OutcomeUnknown,
    Refused,
    Rejected,
    SendReceipt,
    SmsGateway,
    Unavailable,
)
from eventmgr.messaging.models import Batch, DeliveryEvent, EarlierAttempt, Message
from eventmgr.messaging.values import BatchKind, BatchState, MessageState
from eventmgr.residents.models import PhoneState

logger = logging.getLogger(__name__)

RETRY_WAITS = tuple(timedelta(seconds=s) for s in (5, 15, 60, 180, 300, 600, 900))
"""How long a text the gateway could not take waits after each attempt; then the last, again and again."""
BUSY_WAIT = timedelta(seconds=2)
"""How long a text waits that came when the gateway had too many; the sender holds back as a whole then."""
MOST_ATTEMPTS = 40
"""After so many attempts (about eight hours) a text without an expiry is given up."""
UNKNOWN_WAITS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720))
"""When the gateway could not be asked about an unknown outcome: the waits before asking again.
After the last the outcome stays unknown and an officer decides."""


class ErrandKind(StrEnum):
    """What a worker asks the gateway."""

    SEND = "send"
    FIND = "find"  # an unknown outcome: did it arrive?
    CHECK = "check"  # taken earlier: what has become of it?


@dataclass(frozen=True, slots=True)
class Errand:
    """One call to the gateway, claimed by this worker."""

    kind: ErrandKind
    message_id: int
    batch_id: int
    public_id: str
    phone: str
    text: str
    attempt: int  # with the id it names this claim: a later claim has a higher number
    claimed_at: datetime
    expires_at: datetime | None
    gateway_id: str | None


_COLUMNS: tuple[Any, ...] = (
    Message.id,
    Message.batch_id,
    Message.public_id,
    Message.phone,
    Message.text,
    Message.attempts,
    Message.claimed_at,
    Message.expires_at,
    Message.gateway_id,
)


NOT_TRIED = "not_tried"
Outcome = SendReceipt | DeliveryReceipt | list[DeliveryReceipt] | GatewayFailure | str


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an errand; NOT_TRIED if the lease was too short by the time a thread was free."""

    errand: Errand
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Lease:
    """How long a claim holds. A call is begun within `start_within` of the claim or not at all,
    and takes at most `timeout`; `reconcile_after` later the gateway's list shows whatever arrived."""

    timeout: timedelta
    reconcile_after: timedelta

    @property
    def start_within(self) -> timedelta:
        """A claimed message may wait for a free thread about as long as one call takes."""
        return self.timeout * 1.5

    @property
    def length(self) -> timedelta:
        """The last call there may be, and some time to write down what came of it."""
        return self.timeout * 3

    @property
    def settled_within(self) -> timedelta:
        """When a worker that died has certainly left nothing that could still arrive unseen: its last call has begun,
        has run into its time-out, and the gateway's list has caught up."""
        return self.start_within + max(self.reconcile_after, self.timeout)


# --- Claiming -----------------------------------------------------------------------------------


def claim_to_send(gateway: SmsGateway, lease: Lease, limit: int, now: datetime) -> list[Errand]:
    """Take up to `limit` due messages: queued becomes sending, before anything is sent.

    Where an area has limits for its day, no more than is left of them: workers come one after the other there.
    """
    if limit <= 0 or not (areas := queries.areas_open_for_sending(now)):
        return []
    # Should this worker die, its messages are looked for when no call of its can still arrive.
    settle_at = now + (lease.length if gateway.repeat_is_safe else lease.settled_within)
    changes = {
        "state": MessageState.SENDING,
        "attempts": Message.attempts + 1,
        "claimed_at": now,
        "gateway": gateway.name,
        "lease_until": now + lease.length,
        "next_attempt_at": settle_at,
    }
    free = [area.id for area in areas if not area.day.is_limited]
    errands = _take(ErrandKind.SEND, _due(free, now, limit), **changes) if free else []
    for area in areas:
        if area.day.is_limited and len(errands) < limit:
            affordable = _affordable(area.id, now, limit - len(errands))
            errands += _take(ErrandKind.SEND, sa.select(Message.id).where(Message.id.in_(affordable)), **changes)
    return errands


def _due(area_ids: Sequence[int], now: datetime, limit: int) -> sa.Select[Any]:
    return (
        sa.select(Message.id)
        .where(_may_leave(area_ids, now))
        .order_by(Message.next_attempt_at, Message.id)
        .limit(limit)
    )


def _affordable(area_id: int, now: datetime, limit: int) -> list[int]:
    """The next messages of an area, as many as the limits of its day leave room for. Locks the area."""
    path = db.session.scalars(locked(sa.select(Area.path).where(Area.id == area_id), may_be_named=True)).one()
    day = queries.day_of(area_id, path, now)
    taken, price = 0, 0
    ids: list[int] = []
    for message_id, its_price in db.session.execute(
        skip_locked(_due([area_id], now, limit).add_columns(Message.price))
    ):
        taken, price = taken + 1, price + its_price
        if day.would_exceed(taken, price):
            break
        ids.append(message_id)
    return ids


def claim_to_ask(gateway: SmsGateway, kind: ErrandKind, lease: Lease, limit: int, now: datetime) -> list[Errand]:
    """Take up to `limit` messages whose outcome is unknown (FIND) or not yet reported (CHECK)."""
    if limit <= 0:
        return []
    states = {
        ErrandKind.FIND: [MessageState.UNKNOWN],
        ErrandKind.CHECK: [MessageState.ACCEPTED, MessageState.SENT],
    }[kind]
    due = (
        sa.select(Message.id)
        .where(
            Message.state.in_(states),
            Message.next_attempt_at <= now,
            Message.gateway == gateway.name,
            sa.or_(Message.lease_until.is_(None), Message.lease_until <= now),
        )
        .order_by(Message.next_attempt_at, Message.id)
        .limit(limit)
    )
    return _take(kind, due, lease_until=now + lease.length)


def _take(kind: ErrandKind, due: sa.Select[Any], **changes: Any) -> list[Errand]:
    # A common table expression, for PostgreSQL runs a locking subquery with a limit just once only there.
    chosen = skip_locked(due).cte("due")
    rows = db.session.execute(
        sa.update(Message).where(Message.id.in_(sa.select(chosen.c.id))).values(changes).returning(*_COLUMNS),
        execution_options={"synchronize_session": False},
    )
    return [Errand(kind, *row) for row in rows]


def is_anything_to_send(now: datetime) -> bool:
    """Whether a claim for sending would find a message now."""
    areas = [area.id for area in queries.areas_open_for_sending(now)]
    return db.session.scalar(sa.select(Message.id).where(_may_leave(areas, now)).limit(1)) is not None


def _may_leave(areas: Sequence[int], now: datetime) -> sa.ColumnElement[bool]:
    running = sa.select(Batch.id).where(Batch.state == BatchState.SENDING, Batch.area_id.in_(areas))
    return sa.and_(
        Message.state == MessageState.QUEUED,
        Message.next_attempt_at <= now,
        sa.or_(Message.expires_at.is_(None), Message.expires_at > now),
        Message.batch_id.in_(running),
        Message.called_off_at.is_(None),
        ~_opted_out(),
        ~_reminder_over(),
    )


def _reminder_over() -> sa.ColumnElement[bool]:
    """That a message is a reminder to people who have come meanwhile, or have said that they cannot."""
    return sa.and_(Message.kind == BatchKind.REMIND, sa.or_(sa.false(), *registry.reminders_over()))


def _opted_out() -> sa.ColumnElement[bool]:
    return (
        sa.select(PhoneState.phone)
        .where(PhoneState.phone == Message.phone, PhoneState.opted_out_at.is_not(None))
        .exists()
    )


def rate_allows(rate_per_second: float, now: datetime) -> int:
    """How many messages may be claimed now under this rate, whichever worker claimed the last ones."""
    most = math.ceil(rate_per_second)
    window = most / rate_per_second
    # On PostgreSQL two workers would count at the same time: the rows of running batches are the lock.
    db.session.execute(locked(sa.select(Batch.id).where(Batch.state == BatchState.SENDING)))
    claimed = db.session.scalar(
        sa.select(sa.func.count()).select_from(Message).where(Message.claimed_at > now - timedelta(seconds=window))
    )
    return max(0, most - (claimed or 0))


# --- Recording ----------------------------------------------------------------------------------


def record(results: Sequence[Result], gateway: SmsGateway, lease: Lease, now: datetime) -> None:
    """Write down what came of errands. Called soon, but not necessarily at all: a worker that dies
    first leaves its messages to `give_up_lost`."""
    taken: list[Result] = []
    others: list[Result] = []
    for result in results:
        usual = result.errand.kind is ErrandKind.SEND and isinstance(result.outcome, SendReceipt)
        (taken if usual else others).append(result)
    if taken:
        others += _record_taken(taken, gateway, now)
    if not others:
        return
    rows = db.session.scalars(locked(sa.select(Message).where(Message.id.in_([r.errand.message_id for r in others]))))
    by_id = {message.id: message for message in rows}
    for result in others:
        _record_one(by_id[result.errand.message_id], result, gateway, lease, now)
    db.session.flush()


def _record_taken(results: list[Result], gateway: SmsGateway, now: datetime) -> list[Result]:
    """The usual end of most errands, in two statements. Returns those it does not fit."""
    changed = update_each(
        Message,
        [
            {
                "id": r.errand.message_id,
                "attempts": r.errand.attempt,
                "state": r.outcome.state,
                "gateway_id": r.outcome.gateway_id,
            }
            for r in results
            if isinstance(r.outcome, SendReceipt)
        ],
        by=("id", "attempts"),
        where=sa.or_(Message.state == MessageState.SENDING, Message.state == MessageState.UNKNOWN),
        also={
            "next_attempt_at": _first_check(gateway, now),
            "lease_until": None,
            "settled_at": None,
            "checks": 0,
            "error": "",
        },
    )
    if changed == len(results):
        _add_events(results, now)
        return []
    # A callback or another worker was there first: look at each.
    ids = [r.errand.message_id for r in results]
    rows = db.session.execute(sa.select(Message.id, Message.gateway_id).where(Message.id.in_(ids)))
    named = dict(rows.all())
    fitting = [r for r in results if named[r.errand.message_id] == _receipt_id(r)]
    _add_events(fitting, now)
    return [r for r in results if named[r.errand.message_id] != _receipt_id(r)]


def _receipt_id(result: Result) -> str | None:
    return result.outcome.gateway_id if isinstance(result.outcome, SendReceipt) else None


def _first_check(gateway: SmsGateway, now: datetime) -> datetime | None:
    return now + gateway.check_after[0] if gateway.check_after else None


def _add_events(results: list[Result], now: datetime) -> None:
    if results:
        insert_many(DeliveryEvent, [_event(r, now) for r in results])


def _event(result: Result, now: datetime) -> dict[str, Any]:
    outcome = result.outcome
    if isinstance(outcome, SendReceipt):
        word, code = outcome.outcome, ""
    elif isinstance(outcome, GatewayFailure):
        word, code = FAILURE_WORDS[type(outcome)], outcome.code
    else:
        word, code = str(outcome), ""
    return {
        "message_id": result.errand.message_id,
        "at": now,
        "source": "attempt",
        "outcome": word,
        "code": code,
        "raw": {},
    }


FAILURE_WORDS: dict[type[GatewayFailure], str] = {
    Refused: "refused",
    Rejected: "rejected",
    Unavailable: "unavailable",
    AccountProblem: "account_problem",
    OutcomeUnknown: "outcome_unknown",
}


def _record_one(message: Message, result: Result, gateway: SmsGateway, lease: Lease, now: datetime) -> None:
    record_kind = {
        ErrandKind.SEND: _record_attempt,
        ErrandKind.FIND: _record_search,
        ErrandKind.CHECK: _record_check,
    }
    record_kind[result.errand.kind](message, result, gateway, lease, now)


def _record_attempt(message: Message, result: Result, gateway: SmsGateway, lease: Lease, now: datetime) -> None:
    errand, outcome = result.errand, result.outcome
    if outcome != NOT_TRIED:
        _add_events([result], now)
    if isinstance(outcome, SendReceipt):
        # Not as it was claimed any more. Whatever it became meanwhile, the gateway has it.
        receipt = DeliveryReceipt(outcome.gateway_id, outcome.outcome, outcome.state)
        receipts.take_receipt(message, receipt, source="late", check_after=gateway.check_after, now=now)
        return
    if message.attempts != errand.attempt or message.state not in (MessageState.SENDING, MessageState.UNKNOWN):
        return  # settled by a callback, or claimed anew: that attempt's result counts
    if isinstance(outcome, Refused):
        receipts.enter(message, MessageState.REFUSED, now, error=outcome.code)
        receipts.note_refusal(message.phone, outcome, now)
    elif isinstance(outcome, Rejected):
        receipts.enter(message, MessageState.FAILED, now, error=outcome.code)
    elif isinstance(outcome, OutcomeUnknown):
        wait = _retry_wait(errand.attempt) if gateway.repeat_is_safe else lease.reconcile_after
        _leave_unknown(message, now + wait, outcome.code)
    elif isinstance(outcome, AccountProblem):
        receipts.pause_for(message.batch_id, outcome.trouble)
        _queue_again(message, now, now, error=outcome.code)
    elif isinstance(outcome, Unavailable):
        if outcome.busy:
            message.attempts -= 1
        _queue_again(message, now, now + _wait_after(outcome, errand), error=outcome.code)
    else:
        message.attempts -= 1
        _queue_again(message, now, now)


def _wait_after(failure: Unavailable, errand: Errand) -> timedelta:
    if failure.retry_after is not None:
        return timedelta(seconds=failure.retry_after)
    return BUSY_WAIT if failure.busy else _retry_wait(errand.attempt)


def _retry_wait(attempt: int) -> timedelta:
    return RETRY_WAITS[min(attempt, len(RETRY_WAITS)) - 1]


def _record_search(message: Message, result: Result, gateway: SmsGateway, lease: Lease, now: datetime) -> None:
    outcome = result.outcome
    if message.attempts != result.errand.attempt or message.state is not MessageState.UNKNOWN:
        return  # a callback settled it while we asked
    message.lease_until = None
    if not isinstance(outcome, list):
        if isinstance(outcome, GatewayFailure):
            _ask_later(message, UNKNOWN_WAITS, now)
        return
    for receipt in _not_ours(outcome, message):
        # A word we do not know is still proof that the gateway has it.
        found = replace(receipt, state=receipt.state or MessageState.ACCEPTED)
        receipts.take_receipt(message, found, source="reconcile", check_after=gateway.check_after, now=now)
        return
    _queue_again(message, now, now)


def _record_check(message: Message, result: Result, gateway: SmsGateway, lease: Lease, now: datetime) -> None:
    outcome = result.outcome
    if message.state not in (MessageState.ACCEPTED, MessageState.SENT):
        return  # a callback told us while we asked
    message.lease_until = None
    before = message.state
    if isinstance(outcome, DeliveryReceipt):
        receipts.take_receipt(message, outcome, source="check", check_after=gateway.check_after, now=now)
    if message.state is before:
        _ask_later(message, gateway.check_after[1:], now)


def _not_ours(found: Iterable[DeliveryReceipt], message: Message) -> list[DeliveryReceipt]:
    """Those of the texts found at the gateway that are known as no other message of ours, and as no earlier attempt."""
    found = list(found)
    names = [receipt.gateway_id for receipt in found]
    others = sa.select(Message.gateway_id).where(Message.gateway_id.in_(names), Message.id != message.id)
    earlier = sa.select(EarlierAttempt.gateway_id).where(EarlierAttempt.gateway_id.in_(names))
    taken = set(db.session.scalars(others.union_all(earlier)))
    return [r for r in found if r.gateway_id not in taken]


def _ask_later(message: Message, waits: Sequence[timedelta], now: datetime) -> None:
    """Look again after the next of `waits`; after the last, leave it as it is."""
    message.checks += 1
    if message.checks <= len(waits):
        message.next_attempt_at = now + waits[message.checks - 1]
        return
    message.next_attempt_at = None
    message.settled_at = now if message.state is MessageState.UNKNOWN else None


def _leave_unknown(message: Message, ask_at: datetime, error: str) -> None:
    message.state = MessageState.UNKNOWN
    message.error = error
    message.lease_until = None
    message.checks = 0
    message.next_attempt_at = ask_at


def _queue_again(message: Message, now: datetime, at: datetime, error: str = "") -> None:
    """The gateway certainly does not have it: back into the queue, unless it was called off meanwhile.

    A text with an expiry is tried until then: `tidy` takes it out when it is too late.
    """
    if message.called_off_at is not None:
        receipts.enter(message, MessageState.WITHDRAWN, now, error=error)
        return
    if message.expires_at is None and message.attempts >= MOST_ATTEMPTS:
        receipts.enter(message, MessageState.FAILED, now, error=error or "gave_up")
        return
    message.state = MessageState.QUEUED
    message.error = error
    message.lease_until = None
    message.checks = 0
    message.next_attempt_at = at


# --- Keeping in order ---------------------------------------------------------------------------


def tidy(gateway: SmsGateway, now: datetime) -> None:
    """What time alone brings: leases that ran out, meetings that began, refusals, batches that are done."""
    give_up_lost(now)
    leave_other_gateways(gateway, now)
    expire(now)
    withdraw_called_off(now)
    refuse_opted_out(now)
    withdraw_reminders_over(now)
    finish_batches(now)


def give_up_lost(now: datetime) -> int:
    """Messages whose worker died between claim and record: their outcome is unknown. The claim has
    already said when that may be settled (`next_attempt_at`)."""
    lost = _change(
        (Message.state == MessageState.SENDING) & (Message.lease_until <= now),
        state=MessageState.UNKNOWN,
        lease_until=None,
        checks=0,
        error="worker_lost",
    )
    if lost:
        logger.warning("Messages were left by a worker that stopped.", extra={"messages": lost})
    return lost


def leave_other_gateways(gateway: SmsGateway, now: datetime) -> int:
    """Messages that went by a gateway the installation does not use any more: nobody can ask it. What is known of them
    stands; an outcome that is not stays unknown, for an officer to decide."""
    others = (Message.gateway != gateway.name) & Message.next_attempt_at.is_not(None)
    _change(others & Message.state.in_([MessageState.ACCEPTED, MessageState.SENT]), next_attempt_at=None)
    return _change(others & (Message.state == MessageState.UNKNOWN), next_attempt_at=None, settled_at=now)


def expire(now: datetime) -> int:
    """Queued messages whose meeting has begun are not sent any more."""
    return _change(
        (Message.state == MessageState.QUEUED) & (Message.expires_at <= now),
        state=MessageState.EXPIRED,
        next_attempt_at=None,
        settled_at=now,
    )


def withdraw_called_off(now: datetime) -> int:
    """Messages that came back into the queue just as they were called off."""
    return _change(
        (Message.state == MessageState.QUEUED) & Message.called_off_at.is_not(None),
        state=MessageState.WITHDRAWN,
        next_attempt_at=None,
        settled_at=now,
    )


def refuse_opted_out(now: datetime) -> int:
    """Queued messages that are due, to phones that said no since they were queued."""
    return _change(
        (Message.state == MessageState.QUEUED) & (Message.next_attempt_at <= now) & _opted_out(),
        state=MessageState.REFUSED,
        error="opted_out",
        next_attempt_at=None,
        settled_at=now,
    )


def withdraw_reminders_over(now: datetime) -> int:
    """Reminders that are due, to people who have come since they were queued, or have said that they cannot."""
    return _change(
        (Message.state == MessageState.QUEUED) & (Message.next_attempt_at <= now) & _reminder_over(),
        state=MessageState.WITHDRAWN,
        next_attempt_at=None,
        settled_at=now,
    )


def finish_batches(now: datetime) -> None:
    """A batch is done when a worker has nothing left to do about its messages."""
    change_rows(sa.update(Batch).where(_is_through(now)).values(state=BatchState.DONE))


def _is_through(now: datetime) -> sa.ColumnElement[bool]:
    open_message = (
        sa.select(Message.id)
        .where(
            Message.batch_id == Batch.id,
            Message.state.in_([MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN]),
            Message.settled_at.is_(None),
        )
        .exists()
    )
    return sa.and_(Batch.state == BatchState.SENDING, Batch.send_at <= now, ~open_message)


def _change(where: sa.ColumnElement[bool], **values: Any) -> int:
    return change_rows(sa.update(Message).where(where).values(values))


def is_work_due(now: datetime) -> bool:
    """Whether a worker would find anything to do: a look that locks nothing."""
    due = sa.or_(
        (Message.state == MessageState.QUEUED) & (Message.next_attempt_at <= now),
        (Message.state == MessageState.QUEUED) & (Message.expires_at <= now),
        Message.state.in_([MessageState.UNKNOWN, MessageState.ACCEPTED, MessageState.SENT])
        & (Message.next_attempt_at <= now),
        (Message.state == MessageState.SENDING) & (Message.lease_until <= now),
    )
    looks = (sa.select(Message.id).where(due), sa.select(Batch.id).where(_is_through(now)))
    return any(db.session.scalar(look.limit(1)) is not None for look in looks)
