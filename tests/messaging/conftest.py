"""An office with a running outbox, and a server that answers as Twilio does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from eventmgr.core.access import Role
from eventmgr.core.clock import FixedClock, now
from eventmgr.core.db import db, unit_of_work
from eventmgr.messaging.models import Batch, Message
from eventmgr.messaging.sender import sender_of
from eventmgr.messaging.services import queue_batch
from eventmgr.messaging.values import BatchDetails, BatchKind, MessageState, Queued, Recipient
from tests.factories import make_commune, make_user
from tests.support.twilio_server import ACCOUNT_SID, AUTH_TOKEN, TwilioServer

PATIENT_SECONDS = 30.0
"""A machine under load is slow, not wrong: only where a test is about time-outs may a call run into one."""
IMPATIENT_SECONDS = 2.0
NEVER_SECONDS = 20.0
"""How long a server says nothing that an impatient caller no longer waits for."""


@pytest.fixture
def twilio() -> Iterator[TwilioServer]:
    """A real HTTP server that answers as Twilio does."""
    with TwilioServer() as server:
        yield server


def phone(number: int, ending: str = "70") -> str:
    """An invented phone; the simulator looks at its last two digits."""
    return f"+8491{number:05d}{ending}"


@dataclass
class Office:
    """A commune that sends texts, over one app."""

    app: Flask
    clock: FixedClock
    area_id: int = 0
    user_id: int = 0
    subjects: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    def queue(self, *recipients: Recipient, approval: Any = None, **details: Any) -> Queued:
        """Queue a batch in its own unit of work."""
        given = {
            "area_id": self.area_id,
            "subject": f"meeting:{next(self.subjects)}",
            "title": "Họp thôn Bản Mẫu",
            "kind": BatchKind.INVITE,
            "texts": {"invite": "…"},
        } | details
        with unit_of_work():
            return queue_batch(BatchDetails(**given), recipients, by=None, now=now(), approval=approval)

    def queue_many(self, count: int, **details: Any) -> Queued:
        """Queue texts to so many different phones."""
        return self.queue(
            *(Recipient(phone(n), f"invitation:{n}", f"Moi ba con so {n}") for n in range(count)), **details
        )

    def work(self, seconds: float = 60.0) -> None:
        """Let a worker do what is due at this instant."""
        sender_of(self.app).run(seconds)

    def message(self, **which: Any) -> Message:
        """The one message there is (of those that fit), as the database has it now."""
        _look_anew()
        return db.session.scalars(select(Message).filter_by(**which)).one()

    def messages(self) -> list[Message]:
        """All messages in order."""
        _look_anew()
        return list(db.session.scalars(select(Message).order_by(Message.id)))

    def states(self) -> Counter[MessageState]:
        """How many messages are in which state."""
        return Counter(message.state for message in self.messages())

    def batch(self, batch_id: int | None) -> Batch:
        """A batch as the database has it now."""
        _look_anew()
        return db.session.get_one(Batch, batch_id)


def _look_anew() -> None:
    """End the read that the test began earlier: workers may have committed since."""
    db.session.rollback()
    db.session.expire_all()


@pytest.fixture
def open_office(make_app: Callable[..., Flask], clock: FixedClock) -> Iterator[Callable[..., Office]]:
    """`open_office(**settings)` makes an app with a commune; its context stays pushed."""
    pushed = []

    def make(**settings: Any) -> Office:
        app = make_app(**settings)
        context = app.app_context()
        context.push()
        pushed.append(context)
        office = Office(app, clock)
        with unit_of_work():
            commune = make_commune()
            office.area_id = commune.id
            office.user_id = make_user(role=Role.OFFICER, area=commune).id
        return office

    yield make
    for context in reversed(pushed):
        context.pop()


@pytest.fixture
def office(open_office: Callable[..., Office]) -> Office:
    """An office with the simulator."""
    return open_office()


def twilio_settings(server: TwilioServer, **more: Any) -> dict[str, Any]:
    """Settings that send through the server."""
    return {
        "SMS_GATEWAY": "twilio",
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_FROM": "UBNDBTRUNG",
        "TWILIO_API_BASE": server.url,
        "SMS_TIMEOUT_SECONDS": PATIENT_SECONDS,
        "SMS_RECONCILE_AFTER_SECONDS": 60.0,
        "SMS_CONCURRENCY": 4,
    } | more


@pytest.fixture
def twilio_office(open_office: Callable[..., Office], twilio: TwilioServer) -> Office:
    """An office that sends through the server of this test."""
    return open_office(**twilio_settings(twilio))
