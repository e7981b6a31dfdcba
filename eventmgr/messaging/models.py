"""The outbox and what surrounds it. The message table is the single truth of what is sent."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventmgr.accounts.models import User
from eventmgr.areas.models import Area
from eventmgr.core.db import NAME, Base, foreign_key, short_text
from eventmgr.messaging.texts import TextPurpose
from eventmgr.messaging.values import BatchKind, BatchState, MessageState, Wish


class Approval(Base):
    """A leader's yes to one or several batches (a whole series in one go): given by the leader
    signed in, or recorded by the officer with the leader's name and the day."""

    __tablename__ = "approval"

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = foreign_key("area.id")
    requested_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)
    requested_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]  # None: not yet
    approved_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)  # None: on paper
    approved_by_name: Mapped[str] = short_text(NAME, default="")
    approved_on: Mapped[date | None]  # the day of the leader's word, which may be before it was recorded
    recorded_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)
    note: Mapped[str] = short_text(NAME, default="")

    area: Mapped[Area] = relationship()
    batches: Mapped[list[Batch]] = relationship(back_populates="approval", order_by="Batch.id")
    requested_by: Mapped[User | None] = relationship(foreign_keys=[requested_by_id])
    approved_by: Mapped[User | None] = relationship(foreign_keys=[approved_by_id])


class Batch(Base):
    """One send to many. `subject` is opaque ("meeting:12")."""

    __tablename__ = "batch"
    __table_args__ = (sa.Index("ix_batch_subject", "subject", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = foreign_key("area.id")
    subject: Mapped[str] = short_text()
    title: Mapped[str] = short_text(NAME)  # what officers call it in lists
    kind: Mapped[BatchKind]
    revision: Mapped[int] = mapped_column(default=1)
    texts: Mapped[dict[str, Any]]  # the templates as approved: {"invite": …, "relay": …}
    send_at: Mapped[datetime]  # not before this instant
    state: Mapped[BatchState] = mapped_column(index=True)
    pause_reason: Mapped[str] = short_text(NAME, default="")  # a code; words in the page
    approval_id: Mapped[int | None] = foreign_key("approval.id")  # None: none was needed
    created_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)
    created_at: Mapped[datetime]

    area: Mapped[Area] = relationship()
    approval: Mapped[Approval | None] = relationship(back_populates="batches")
    messages: Mapped[list[Message]] = relationship(back_populates="batch", order_by="Message.id")


class Message(Base):
    """One text to one phone about one recipient: the outbox row.

    `once_key` is "subject|kind|revision|phone|recipient_key" for all kinds but custom (None
    there): unique, so that a double click, a second officer or a replayed job makes no second SMS.
    """

    __tablename__ = "message"
    __table_args__ = (
        sa.UniqueConstraint("batch_id", "phone", "recipient_key"),
        sa.Index("ix_message_due", "state", "next_attempt_at", "id"),
        sa.Index("ix_message_recipient", "subject", "recipient_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = short_text(32, unique=True)  # random; stands in callback addresses
    batch_id: Mapped[int] = foreign_key("batch.id", index=False)
    subject: Mapped[str] = short_text()
    kind: Mapped[BatchKind]
    revision: Mapped[int]
    once_key: Mapped[str | None] = short_text(NAME, unique=True)
    phone: Mapped[str] = short_text(16, index=True)  # E.164
    recipient_key: Mapped[str] = short_text()  # opaque ("invitation:7")
    text: Mapped[str] = mapped_column(sa.Text)
    encoding: Mapped[str] = short_text(8)
    segments: Mapped[int]
    price: Mapped[int]  # đồng for all segments, by the tariff of the day it was queued
    state: Mapped[MessageState]
    attempts: Mapped[int] = mapped_column(default=0)
    checks: Mapped[int] = mapped_column(default=0)  # how often the gateway was asked in this state
    next_attempt_at: Mapped[datetime | None]  # None: nothing to do by ourselves
    lease_until: Mapped[datetime | None]  # None: nobody holds it
    claimed_at: Mapped[datetime | None] = mapped_column(index=True)  # when the last claim was made
    expires_at: Mapped[datetime | None]  # None: never; else when its meeting begins
    called_off_at: Mapped[datetime | None]  # None: stands; else it must not be sent, or sent again, any more
    gateway: Mapped[str] = short_text(default="")
    gateway_id: Mapped[str | None] = short_text(64, unique=True)  # None: the gateway has named none
    error: Mapped[str] = short_text(default="")  # the gateway's code
    retries: Mapped[int] = mapped_column(default=0)  # how often it was sent again after it had failed
    queued_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]  # None: a worker or the network still has to do with it

    batch: Mapped[Batch] = relationship(back_populates="messages")
    events: Mapped[list[DeliveryEvent]] = relationship(back_populates="message", order_by="DeliveryEvent.id")


class EarlierAttempt(Base):
    """What the gateway called an attempt that failed, before the message was sent again. A late report on it must not
    be taken for one on the later attempt."""

    __tablename__ = "earlier_attempt"

    gateway_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    message_id: Mapped[int] = foreign_key("message.id")


class DeliveryEvent(Base):
    """Every attempt and every callback, only ever added."""

    __tablename__ = "delivery_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = foreign_key("message.id")
    at: Mapped[datetime]
    source: Mapped[str] = short_text(16)  # "attempt", "callback", "reconcile", "simulator"
    outcome: Mapped[str] = short_text()  # the gateway's word
    code: Mapped[str] = short_text(default="")
    raw: Mapped[dict[str, Any]]  # the gateway's fields less phone and text

    message: Mapped[Message] = relationship(back_populates="events")


class Tariff(Base):
    """What one segment costs on a network from a day on, VAT included."""

    __tablename__ = "tariff"
    __table_args__ = (sa.UniqueConstraint("network", "service_class", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    network: Mapped[str] = short_text()  # core.phone's network words; "other" is the fallback
    service_class: Mapped[str] = short_text(default="administrative")
    price: Mapped[int]  # đồng a segment
    valid_from: Mapped[date]


class LibraryText(Base):
    """An office's own wording for a purpose, in its two forms; where there is none, the usual one holds. Versions in
    further languages stand beside the Vietnamese one.

    With a sender name, networks let only registered templates through: a changed text is no longer the registered one.
    """

    __tablename__ = "library_text"
    __table_args__ = (sa.UniqueConstraint("area_id", "purpose", "language_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = foreign_key("area.id", index=False)
    purpose: Mapped[TextPurpose]
    language: Mapped[str] = short_text(40, default="")  # as the office writes it; empty: Vietnamese
    language_key: Mapped[str] = short_text(40, default="")  # as texts.language_key folds it
    marked: Mapped[str] = mapped_column(sa.Text)
    plain: Mapped[str] = mapped_column(sa.Text)
    registered_on: Mapped[date | None]  # None: not registered at the networks as it stands
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)


class InboundText(Base):
    """A text somebody sent to the office's number, and what was done about it."""

    __tablename__ = "inbound_text"
    __table_args__ = (sa.Index("ix_inbound_text_unread", "area_id", "to_read"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = foreign_key("area.id", index=False)  # whose officers read it
    gateway_id: Mapped[str] = short_text(80, unique=True)  # a gateway may tell of a text twice
    sender: Mapped[str] = short_text(32, index=True)  # E.164 where it is a phone, else as the network writes it
    text: Mapped[str] = mapped_column(sa.Text)
    wish: Mapped[Wish]
    to_read: Mapped[bool]  # nothing could be done about it without a person, who has not seen to it yet
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]  # None: by nobody
    handled_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)

    area: Mapped[Area] = relationship()
    handled_by: Mapped[User | None] = relationship()
