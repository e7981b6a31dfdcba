"""Reads of the messaging room."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import aliased, joinedload, selectinload

from eventmgr.areas.models import Area
from eventmgr.core import clock
from eventmgr.core.access import Scope
from eventmgr.core.db import db
from eventmgr.core.errors import NotFound
from eventmgr.core.phone import network_of
from eventmgr.core.settings import APPROVAL_NEEDED, DAILY_SMS_CAP, DAILY_SMS_COST, NO_SEND_HOURS, setting
from eventmgr.messaging.models import Approval, Batch, DeliveryEvent, Message, Tariff
from eventmgr.messaging.no_send import NoSendHours, may_send, next_sending_time, read_no_send_hours
from eventmgr.messaging.values import (
    NEVER_BILLED,
    NOT_REACHED,
    SPENT,
    TAKEN,
    TEST_SUBJECT,
    UNDER_WAY,
    BatchKind,
    BatchState,
    MessageState,
    Progress,
)

MESSAGES_A_PAGE = 50
BATCHES_A_PAGE = 30
PHONES_A_PAGE = 30
OTHER_NETWORK = "other"

# --- What an office decides ---------------------------------------------------------------------


def no_send_hours(area_path: str, on: date) -> NoSendHours | None:
    """The no-send hours of an area on a day: SMS_NO_SEND_HOURS if the installation sets it, else
    what the office decided. A text that cannot be read counts as the default, not as none."""
    fixed = current_app.config["SMS_NO_SEND_HOURS"]
    text = setting(area_path, NO_SEND_HOURS, on) if fixed is None else fixed
    try:
        return read_no_send_hours(text)
    except ValueError:
        return read_no_send_hours(NO_SEND_HOURS.default)


@dataclass(frozen=True, slots=True)
class Leaving:
    """When texts leave that were asked for at an instant."""

    asked: datetime
    at: datetime

    @property
    def is_moved(self) -> bool:
        """Whether the no-send hours move them."""
        return self.at > self.asked


def foresee_leaving(area_path: str, wanted: datetime | None, now: datetime) -> Leaving:
    """When texts of the area leave that are wanted at an instant; None: now."""
    asked = max(wanted or now, now)
    hours = no_send_hours(area_path, clock.local_day(asked))
    return Leaving(asked, next_sending_time(asked, hours, clock.zone()))


def is_approval_needed(area_path: str, on: date) -> bool:
    """Whether a leader has to agree before the area's batches are sent."""
    return bool(setting(area_path, APPROVAL_NEEDED, on))


@dataclass(frozen=True, slots=True)
class SendingDay:
    """What an area has sent today and how much it may; a limit of 0 is none."""

    messages: int
    price: int  # đồng
    most_messages: int
    most_price: int  # đồng

    @property
    def is_limited(self) -> bool:
        """Whether the office has set any limit."""
        return bool(self.most_messages or self.most_price)

    @property
    def is_used_up(self) -> bool:
        """Whether nothing more leaves today."""
        return self.would_exceed(1, 1)

    def would_exceed(self, messages: int, price: int) -> bool:
        """Whether so much more is over the day's limits: the rest then waits for the next day."""
        return (0 < self.most_messages < self.messages + messages) or (0 < self.most_price < self.price + price)


def day_of(area_id: int, area_path: str, now: datetime) -> SendingDay:
    """The area's day so far: what workers have handed over since midnight, or may have, and what the gateway has not
    given back. Nothing is counted where no limit is set."""
    today = clock.local_day(now)
    most, most_price = setting(area_path, DAILY_SMS_CAP, today), setting(area_path, DAILY_SMS_COST, today)
    if not most and not most_price:
        return SendingDay(0, 0, 0, 0)
    messages, price = db.session.execute(
        sa.select(sa.func.count(Message.id), sa.func.coalesce(sa.func.sum(Message.price), 0))
        .join(Message.batch)
        .where(
            Batch.area_id == area_id,
            Message.claimed_at >= clock.instant_of(today, time(0)),
            sa.or_(Message.state.in_(SPENT), Message.retries > 0),
        )
    ).one()
    return SendingDay(messages, int(price), most, most_price)


@dataclass(frozen=True, slots=True)
class OpenArea:
    """An area in which texts may leave now, and what is left of its day."""

    id: int
    day: SendingDay


def areas_open_for_sending(now: datetime) -> list[OpenArea]:
    """The areas with running batches in which texts may leave at this instant."""
    running = db.session.execute(
        sa.select(Area.id, Area.path)
        .join(Batch, Batch.area_id == Area.id)
        .where(Batch.state == BatchState.SENDING)
        .distinct()
    )
    today, zone = clock.local_day(now), clock.zone()
    # Always in the same order, as workers lock those with limits one by one.
    awake = [(area_id, path) for area_id, path in sorted(running) if may_send(now, no_send_hours(path, today), zone)]
    days = (OpenArea(area_id, day_of(area_id, path, now)) for area_id, path in awake)
    return [area for area in days if not area.day.is_used_up]


def day_ahead(area_id: int, area_path: str, leaves_at: datetime, now: datetime) -> SendingDay:
    """The day on which texts of the area leave that are asked for now: what it has had, and what waits to leave on it.
    Nothing is counted where no limit is set."""
    day = clock.local_day(leaves_at)
    most, most_price = setting(area_path, DAILY_SMS_CAP, day), setting(area_path, DAILY_SMS_COST, day)
    if not most and not most_price:
        return SendingDay(0, 0, 0, 0)
    waiting, price = db.session.execute(
        sa.select(sa.func.count(Message.id), sa.func.coalesce(sa.func.sum(Message.price), 0))
        .join(Message.batch)
        .where(Batch.area_id == area_id, _leaves_on(day, now))
    ).one()
    gone = day_of(area_id, area_path, now) if day == clock.local_day(now) else SendingDay(0, 0, 0, 0)
    return SendingDay(gone.messages + waiting, gone.price + int(price), most, most_price)


def phones_texted_on(area_id: int, day: date, now: datetime) -> set[str]:
    """The phones that a text of the area has left for on a day, or is to leave for."""
    first, after = clock.instant_of(day, time(0)), clock.instant_of(day + timedelta(days=1), time(0))
    has_left = sa.and_(
        Message.state.in_([*TAKEN, MessageState.SENDING, MessageState.UNKNOWN]),
        Message.claimed_at >= first,
        Message.claimed_at < after,
    )
    rows = db.session.scalars(
        sa.select(Message.phone)
        .join(Message.batch)
        .where(Batch.area_id == area_id, sa.or_(has_left, _leaves_on(day, now)))
        .distinct()
    )
    return set(rows)


def _leaves_on(day: date, now: datetime) -> sa.ColumnElement[bool]:
    """That a message waits to leave on a day; what was due before today leaves today."""
    after = clock.instant_of(day + timedelta(days=1), time(0))
    due = sa.and_(Message.state == MessageState.QUEUED, Message.next_attempt_at < after)
    if day == clock.local_day(now):
        return due
    return sa.and_(due, Message.next_attempt_at >= clock.instant_of(day, time(0)))


def time_to_send(subjects: sa.Select[Any], kind: BatchKind) -> timedelta:
    """How long the gateway takes at its rate for as many texts as there are of this kind about these subjects; nothing
    where it has no limit."""
    rate: float = current_app.config["SMS_RATE_PER_SECOND"]
    if not rate:
        return timedelta(0)
    count = (
        sa.select(sa.func.count())
        .select_from(Message)
        .where(
            Message.subject.in_(subjects),
            Message.kind == kind,
            Message.state.in_([*TAKEN, *UNDER_WAY, MessageState.UNKNOWN]),
        )
    )
    return timedelta(seconds=(db.session.scalar(count) or 0) / rate)


class Prices:
    """The tariff of one day: what a segment costs to a phone's likely network."""

    def __init__(self, on: date, service_class: str = "administrative") -> None:
        rows = db.session.execute(
            sa.select(Tariff.network, Tariff.price)
            .where(Tariff.service_class == service_class, Tariff.valid_from <= on)
            .order_by(Tariff.valid_from)
        )
        self._by_network = dict(rows.all())  # the latest of each network comes last and stays

    def of_segment(self, phone: str) -> int:
        """Đồng for one segment to this phone; 0 where no tariff is known."""
        network = network_of(phone)
        fallback = self._by_network.get(OTHER_NETWORK, 0)
        return self._by_network.get(network.value, fallback) if network else fallback


def price_about(subjects: Collection[str]) -> int:
    """What the texts about these subjects have cost and will cost, in đồng: those sent, and those that wait."""
    total = sa.select(sa.func.coalesce(sa.func.sum(Message.price), 0)).where(
        Message.subject.in_(subjects), Message.state.not_in(NEVER_BILLED)
    )
    return int(db.session.scalar(total) or 0)


def prices_on(on: date, service_class: str = "administrative") -> dict[str, int]:
    """The price of a segment by network word, as it stands on a day."""
    rows = db.session.execute(
        sa.select(Tariff.network, Tariff.price)
        .where(Tariff.service_class == service_class, Tariff.valid_from <= on)
        .order_by(Tariff.valid_from)
    )
    return dict(rows.all())


# --- Batches ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch in a list, with how far it has come."""

    batch: Batch
    progress: Progress


def get_batch_in(scope: Scope, batch_id: int) -> Batch:
    """The batch with this id if its area lies in the scope. Raises NotFound."""
    batch = db.session.scalar(
        sa.select(Batch)
        .join(Batch.area)
        .where(Batch.id == batch_id, scope.within(Area.path))
        .options(joinedload(Batch.area), joinedload(Batch.approval))
    )
    if batch is None:
        raise NotFound
    return batch


def get_approval_in(scope: Scope, approval_id: int) -> Approval:
    """The approval with this id if its area lies in the scope. Raises NotFound."""
    approval = db.session.scalar(
        sa.select(Approval)
        .join(Approval.area)
        .where(Approval.id == approval_id, scope.within(Area.path))
        .options(joinedload(Approval.area), joinedload(Approval.requested_by), selectinload(Approval.batches))
    )
    if approval is None:
        raise NotFound
    return approval


def batches_visible_to(
    scope: Scope, *, before_id: int | None = None, subject: str | None = None, limit: int = BATCHES_A_PAGE
) -> list[BatchRow]:
    """Batches of the scope, newest first, from the one before `before_id` on."""
    chosen = (
        sa.select(Batch)
        .join(Batch.area)
        .where(scope.within(Area.path))
        .options(joinedload(Batch.area))
        .order_by(Batch.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        chosen = chosen.where(Batch.id < before_id)
    if subject is not None:
        chosen = chosen.where(Batch.subject == subject)
    batches = list(db.session.scalars(chosen))
    progress = progress_of(batch.id for batch in batches)
    return [BatchRow(batch, progress[batch.id]) for batch in batches]


def progress_of(batch_ids: Iterable[int]) -> dict[int, Progress]:
    """How far each of these batches has come."""
    ids = list(batch_ids)
    counted: dict[int, dict[MessageState, tuple[int, int, int]]] = {batch_id: {} for batch_id in ids}
    rows = db.session.execute(
        sa.select(
            Message.batch_id,
            Message.state,
            sa.func.count(),
            sa.func.sum(Message.segments),
            sa.func.sum(Message.price),
        )
        .where(Message.batch_id.in_(ids))
        .group_by(Message.batch_id, Message.state)
    )
    for batch_id, state, number, segments, price in rows:
        counted[batch_id][state] = (number, segments, price)
    return {
        batch_id: Progress(
            by_state={state: figures[0] for state, figures in states.items()},
            segments=sum(figures[1] for figures in states.values()),
            price=sum(figures[2] for figures in states.values()),
        )
        for batch_id, states in counted.items()
    }


def approvals_waiting(scope: Scope) -> list[Approval]:
    """What leaders of the scope are still asked to agree to, the oldest first."""
    return list(
        db.session.scalars(
            sa.select(Approval)
            .join(Approval.area)
            .where(
                Approval.approved_at.is_(None),
                Approval.batches.any(Batch.state == BatchState.AWAITING_APPROVAL),
                scope.within(Area.path),
            )
            .options(selectinload(Approval.batches))
            .order_by(Approval.id)
        )
    )


@dataclass(frozen=True, slots=True)
class ApprovalSummary:
    """What an approval covers."""

    rows: tuple[BatchRow, ...]

    @property
    def messages(self) -> int:
        """Messages of all its batches."""
        return sum(row.progress.total for row in self.rows)

    @property
    def segments(self) -> int:
        """Billed parts of all its batches."""
        return sum(row.progress.segments for row in self.rows)

    @property
    def price(self) -> int:
        """Đồng for all its batches."""
        return sum(self.prices.values())

    @property
    def prices(self) -> dict[str, int]:
        """Đồng by what its batches are about."""
        prices: dict[str, int] = {}
        for row in self.rows:
            prices[row.batch.subject] = prices.get(row.batch.subject, 0) + row.progress.price
        return prices


def approval_summary(approval: Approval) -> ApprovalSummary:
    """The batches of an approval with their messages and cost."""
    progress = progress_of(batch.id for batch in approval.batches)
    return ApprovalSummary(tuple(BatchRow(batch, progress[batch.id]) for batch in approval.batches))


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """What a month's texts came to, by what was handed over."""

    messages: int
    segments: int
    price: int  # đồng
    not_reached: int


def month_figures(scope: Scope, now: datetime) -> MonthFigures:
    """The figures of the present month in the commune's zone."""
    first = clock.instant_of(clock.local_day(now).replace(day=1), time(0))
    taken = Message.state.in_([MessageState.ACCEPTED, MessageState.SENT, MessageState.DELIVERED, MessageState.FAILED])
    lost = Message.state.in_(NOT_REACHED) & sa.not_(Message.subject.startswith(TEST_SUBJECT))
    row = db.session.execute(
        sa.select(
            sa.func.count(Message.id).filter(taken),
            sa.func.coalesce(sa.func.sum(Message.segments).filter(taken), 0),
            sa.func.coalesce(sa.func.sum(Message.price).filter(taken), 0),
            sa.func.count(Message.id).filter(lost),
        )
        .join(Message.batch)
        .join(Batch.area)
        .where(Message.queued_at >= first, scope.within(Area.path))
    ).one()
    return MonthFigures(*row)


# --- Messages -----------------------------------------------------------------------------------


def messages_of(
    batch: Batch, *, states: Iterable[MessageState] | None = None, after_id: int = 0, limit: int = MESSAGES_A_PAGE
) -> list[Message]:
    """The messages of a batch in the order they were queued, from after `after_id` on."""
    chosen = sa.select(Message).where(Message.batch_id == batch.id, Message.id > after_id)
    if states is not None:
        chosen = chosen.where(Message.state.in_(list(states)))
    return list(db.session.scalars(chosen.order_by(Message.id).limit(limit)))


def events_of(message_ids: Collection[int]) -> dict[int, list[DeliveryEvent]]:
    """What was tried and reported of each of these messages, in order."""
    events: dict[int, list[DeliveryEvent]] = {message_id: [] for message_id in message_ids}
    rows = db.session.scalars(
        sa.select(DeliveryEvent).where(DeliveryEvent.message_id.in_(message_ids)).order_by(DeliveryEvent.id)
    )
    for event in rows:
        events[event.message_id].append(event)
    return events


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a batch goes at present."""

    per_minute: int
    minutes_left: int


PACE_WINDOW = timedelta(seconds=60)


def pace_of(batch: Batch, waiting: int, now: datetime) -> Pace | None:
    """The pace of the last minute and what the `waiting` will take at it; None where nothing moves."""
    if batch.state is not BatchState.SENDING or not waiting:
        return None
    taken = db.session.scalar(
        sa.select(sa.func.count())
        .select_from(Message)
        .where(Message.batch_id == batch.id, Message.claimed_at > now - PACE_WINDOW, Message.claimed_at <= now)
    )
    return Pace(taken, -(-waiting // taken)) if taken else None


def all_messages_of(batch: Batch) -> Iterator[Message]:
    """Every message of a batch in order, a page at a time: memory stays the same for any number."""
    after = 0
    while page := messages_of(batch, after_id=after, limit=1000):
        after = page[-1].id
        yield from page
        for message in page:
            db.session.expunge(message)


def kinds_sent(subject: str) -> frozenset[BatchKind]:
    """Why batches about a subject were made so far: whether a reminder was, say."""
    kinds = sa.select(Batch.kind).where(Batch.subject == subject, Batch.state != BatchState.STOPPED).distinct()
    return frozenset(db.session.scalars(kinds))


def revisions_waiting(subject: str, kind: BatchKind) -> frozenset[int]:
    """The revisions of a subject's batches of this kind that a leader has still to agree to."""
    waiting = sa.select(Batch.revision).where(
        Batch.subject == subject, Batch.kind == kind, Batch.state == BatchState.AWAITING_APPROVAL
    )
    return frozenset(db.session.scalars(waiting))


def messages_to_resend(batch: Batch, now: datetime) -> list[Message]:
    """The failed messages of a batch that may be sent again: those whose words and phone are still known, that are not
    too late or called off (their meeting has moved), and with no later message of the same kind to the same recipient
    that went, waits, or may have arrived."""
    return list(db.session.scalars(sa.select(Message).where(_may_be_resent(batch, now)).order_by(Message.id)))


def count_to_resend(batch: Batch, now: datetime) -> int:
    """How many messages of a batch may be sent again."""
    return db.session.scalar(sa.select(sa.func.count(Message.id)).where(_may_be_resent(batch, now))) or 0


def _may_be_resent(batch: Batch, now: datetime) -> sa.ColumnElement[bool]:
    if batch.state is BatchState.AWAITING_APPROVAL:
        return sa.false()
    later = aliased(Message)
    sent_since = sa.exists().where(
        later.subject == Message.subject,
        later.kind == Message.kind,
        later.recipient_key == Message.recipient_key,
        later.id > Message.id,
        later.state != MessageState.WITHDRAWN,
    )
    return sa.and_(
        Message.batch_id == batch.id,
        Message.state == MessageState.FAILED,
        Message.called_off_at.is_(None),
        Message.text != "",
        Message.phone.startswith("+"),
        sa.or_(Message.expires_at.is_(None), Message.expires_at > now),
        ~sent_since,
    )


@dataclass(frozen=True, slots=True)
class Texted:
    """Somebody whose text about a subject has left, or may have."""

    phone: str
    queued_at: datetime
    texts: dict[str, str]  # the templates of its batch


def texted_about(subject: str, kind: BatchKind) -> dict[str, Texted]:
    """Who has had a text of this kind about a subject, by recipient key: the gateway took it, or may have."""
    rows = db.session.execute(
        sa.select(Message.recipient_key, Message.phone, Message.queued_at, Batch.texts)
        .join(Message.batch)
        .where(
            Message.subject == subject,
            Message.kind == kind,
            Message.state.in_([*TAKEN, MessageState.SENDING, MessageState.UNKNOWN]),
            Message.phone.startswith("+"),  # else it was erased
        )
        .order_by(Message.id)
    )
    return {key: Texted(phone, queued_at, texts) for key, phone, queued_at, texts in rows}


def texts_since(subject: str, kinds: Collection[BatchKind], since: datetime) -> list[tuple[str, str]]:
    """The recipient key and the phone of each text about a subject that left since an instant, or is about to; not of
    those that a leader has still to agree to."""
    leaves_at = sa.func.coalesce(Message.claimed_at, Message.next_attempt_at, Message.queued_at)
    rows = db.session.execute(
        sa.select(Message.recipient_key, Message.phone)
        .join(Message.batch)
        .where(
            Message.subject == subject,
            Message.kind.in_(kinds),
            Message.state.in_([*TAKEN, *UNDER_WAY, MessageState.UNKNOWN]),
            Batch.state != BatchState.AWAITING_APPROVAL,
            leaves_at > since,
        )
    )
    return [(key, phone) for key, phone in rows]


def next_revision(subject: str, kind: BatchKind) -> int:
    """The revision under which a further text of this kind is another message than all before it."""
    latest = sa.select(sa.func.max(Batch.revision)).where(Batch.subject == subject, Batch.kind == kind)
    return (db.session.scalar(latest) or 0) + 1


def latest_messages(subject: str, recipient_keys: Iterable[str]) -> dict[str, Message]:
    """For each recipient of a subject the newest message about it, for those that have one."""
    rows = db.session.scalars(
        sa.select(Message)
        .where(Message.subject == subject, Message.recipient_key.in_(list(recipient_keys)))
        .order_by(Message.id)
    )
    return {message.recipient_key: message for message in rows}


def sent_keys(once_keys: Iterable[str]) -> set[str]:
    """Which of these messages exist already."""
    return set(db.session.scalars(sa.select(Message.once_key).where(Message.once_key.in_(list(once_keys)))))


@dataclass(frozen=True, slots=True)
class Standing:
    """Who has (or will have) a message of one kind about a subject, and the revision a further send may use."""

    keys: frozenset[str]
    revision: int


def standing_messages(subject: str, kind: BatchKind) -> Standing:
    """The recipients of a subject's messages of this kind. Withdrawn ones do not count, nor those that had not arrived
    when they were called off: those people may be written to again, under the next revision."""
    rows = db.session.execute(
        sa.select(Message.recipient_key, Message.state, Message.revision, Message.called_off_at).where(
            Message.subject == subject, Message.kind == kind
        )
    ).all()
    void = [
        row
        for row in rows
        if row.state is MessageState.WITHDRAWN
        or (row.called_off_at is not None and row.state in (MessageState.FAILED, MessageState.EXPIRED))
    ]
    return Standing(
        keys=frozenset(row.recipient_key for row in rows if row not in void),
        revision=max((row.revision for row in void), default=0) + 1,
    )


def pairs_in_batch(batch_id: int, phones: Iterable[str]) -> set[tuple[str, str]]:
    """The (phone, recipient key) of the batch's messages to these phones."""
    rows = db.session.execute(
        sa.select(Message.phone, Message.recipient_key).where(
            Message.batch_id == batch_id, Message.phone.in_(list(phones))
        )
    )
    return {(phone, key) for phone, key in rows}


@dataclass(frozen=True, slots=True)
class SimulatedPhone:
    """A phone of the simulator and the texts on it, newest first."""

    phone: str
    messages: tuple[Message, ...]


def simulated_phones(scope: Scope, *, phone: str | None = None, limit: int = PHONES_A_PAGE) -> list[SimulatedPhone]:
    """The phones the simulator has texts for, the one with the newest text first."""
    seen = (
        sa.select(Message.phone, sa.func.max(Message.id).label("newest"))
        .join(Message.batch)
        .join(Batch.area)
        .where(Message.gateway == "simulator", Message.state.in_(_ON_THE_PHONE), scope.within(Area.path))
        .group_by(Message.phone)
        .order_by(sa.desc("newest"))
        .limit(limit)
    )
    if phone is not None:
        seen = seen.where(Message.phone == phone)
    phones = [number for number, _ in db.session.execute(seen)]
    rows = db.session.scalars(
        sa.select(Message)
        .where(Message.phone.in_(phones), Message.gateway == "simulator", Message.state.in_(_ON_THE_PHONE))
        .order_by(Message.id.desc())
    )
    texts: dict[str, list[Message]] = {number: [] for number in phones}
    for message in rows:
        texts[message.phone].append(message)
    return [SimulatedPhone(number, tuple(texts[number])) for number in phones]


_ON_THE_PHONE = [MessageState.ACCEPTED, MessageState.SENT, MessageState.DELIVERED, MessageState.FAILED]
