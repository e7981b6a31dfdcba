"""Taking people out of the outbox: outcome, cost and time of a message stay, its words and its phone do not."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.areas.models import Area
from eventmgr.core.access import below
from eventmgr.core.db import change_rows, db, locked
from eventmgr.core.errors import Conflict
from eventmgr.core.retention import RetentionRule
from eventmgr.messaging.models import Batch, DeliveryEvent, EarlierAttempt, InboundText, Message
from eventmgr.messaging.values import MessageState

SIMULATOR = "simulator"


class BeingSent(Conflict):
    """A worker holds the message: what it reads must not vanish under it."""

    code = "being_sent"
    sentence = _("A message to this person is being sent at this moment. Please try again in a minute.")


def erase_messages(recipient_keys: Collection[str], phones: Collection[str], *, now: datetime) -> int:
    """Take the words out of what these recipients were sent, and these phones out of the outbox altogether.

    What still waits is withdrawn. Returns how many messages there were. Raises BeingSent.
    """
    chosen = sa.or_(Message.recipient_key.in_(recipient_keys), Message.phone.in_(phones))
    messages = db.session.scalars(locked(sa.select(Message).where(chosen))).all()
    if any(message.state is MessageState.SENDING for message in messages):
        raise BeingSent
    for message in messages:
        message.called_off_at = message.called_off_at or now  # an empty text must never leave
        if message.state is MessageState.QUEUED:
            message.state = MessageState.WITHDRAWN
        if message.state in (MessageState.WITHDRAWN, MessageState.UNKNOWN):
            # Without its words nobody can look for it any more.
            message.next_attempt_at, message.settled_at = None, message.settled_at or now
        message.text = ""
        if message.phone in phones:
            # What the gateway calls it leads back to the phone; the key against sending twice holds it.
            message.phone, message.once_key, message.gateway_id = nobody(message.id), None, None
            message.next_attempt_at = None
    db.session.flush()
    _forget_callbacks(Message.id.in_([message.id for message in messages]))
    _forget_inbound(InboundText.sender.in_(phones))
    return len(messages)


def nobody(message_id: int) -> str:
    """What stands in the place of an erased phone; different for each message, as a batch has each phone once."""
    return f"x{message_id}"


def _forget_callbacks(chosen: sa.ColumnElement[bool]) -> None:
    ids = sa.select(Message.id).where(chosen)
    change_rows(sa.update(DeliveryEvent).where(DeliveryEvent.message_id.in_(ids)).values(raw={}))
    change_rows(sa.delete(EarlierAttempt).where(EarlierAttempt.message_id.in_(ids)))


def texts_from(phones: Collection[str]) -> list[InboundText]:
    """What these phones wrote to us, oldest first."""
    kept = sa.select(InboundText).where(InboundText.sender.in_(phones), InboundText.text != "")
    return list(db.session.scalars(kept.order_by(InboundText.id)))


def _forget_inbound(chosen: sa.ColumnElement[bool]) -> int:
    """Words and sender go; that a text came, when, and what was done stays."""
    return change_rows(sa.update(InboundText).where(chosen).values(text="", sender="", to_read=False))


# --- How long -------------------------------------------------------------------------------------


def _settled(path: str, before: datetime) -> sa.ColumnElement[bool]:
    batches = sa.select(Batch.id).join(Batch.area).where(below(Area.path, path))
    return sa.and_(Message.batch_id.in_(batches), Message.settled_at < before)


def _forget_texts(path: str, before: datetime, _now: datetime) -> int:
    chosen = sa.and_(_settled(path, before), Message.text != "")
    _forget_callbacks(chosen)
    return change_rows(sa.update(Message).where(chosen).values(text=""))


def _forget_phones(path: str, before: datetime, _now: datetime) -> int:
    return _without_phone(_settled(path, before))


def _forget_inbound_texts(path: str, before: datetime, _now: datetime) -> int:
    areas = sa.select(Area.id).where(below(Area.path, path))
    old = sa.and_(InboundText.area_id.in_(areas), InboundText.received_at < before, InboundText.text != "")
    return _forget_inbound(old)


def _forget_simulated(path: str, before: datetime, now: datetime) -> int:
    simulated = sa.and_(_settled(path, before), Message.gateway == SIMULATOR)
    change_rows(sa.update(Message).where(simulated).values(text=""))
    return _without_phone(simulated)


def _without_phone(chosen: sa.ColumnElement[bool]) -> int:
    known: Any = sa.and_(chosen, Message.phone.startswith("+"))
    _forget_callbacks(known)
    number = sa.literal("x") + sa.cast(Message.id, sa.String)
    return change_rows(sa.update(Message).where(known).values(phone=number, once_key=None, gateway_id=None))


RETENTION = (
    RetentionRule(
        "message_texts",
        _("Words of messages that were sent"),
        _("Needed while people may ask what they were told; outcome, time and cost stay"),
        730,
        _forget_texts,
    ),
    RetentionRule(
        "message_phones",
        _("Phone numbers in the outbox"),
        _("Bills of the SMS company are checked against them: accounting papers are kept for years, so off by default"),
        None,
        _forget_phones,
    ),
    RetentionRule(
        "inbound_texts",
        _("Texts that people sent to the office"),
        _("Needed while people may ask what became of their answer"),
        365,
        _forget_inbound_texts,
    ),
    RetentionRule(
        "simulator",
        _("Messages on the simulated phones"),
        _("For trying things out; nobody was written to"),
        90,
        _forget_simulated,
    ),
)
