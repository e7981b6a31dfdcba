"""A real worker process is killed while the gateway keeps it waiting: nothing is lost, nothing doubled."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from eventmgr.core.clock import FixedClock, SystemClock
from eventmgr.core.db import db, is_sqlite, unit_of_work
from eventmgr.messaging.models import Message
from eventmgr.messaging.tasks import send_due
from eventmgr.messaging.values import MessageState
from tests.messaging.conftest import Office, twilio_settings
from tests.messaging.torture import SETTINGS, Ordeal, endure, kill, start_worker
from tests.support.twilio_server import TAKEN, Answer, TwilioServer

CONSUMER = """
from app import app
from eventmgr.worker import run_consumer
run_consumer(app)
"""


def test_the_true_consumer_is_woken_and_sends(
    open_office: Callable[..., Office], twilio: TwilioServer, clock: FixedClock
) -> None:
    clock.instant = SystemClock().now()
    office = open_office(**twilio_settings(twilio))
    office.queue_many(5)
    send_due.wake()
    consumer = start_worker(office, twilio, CONSUMER)
    try:
        twilio.wait_until_stored(5)
        deadline = time.monotonic() + 60
        while office.states() != {MessageState.ACCEPTED: 5} and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        consumer.terminate()
        stopped = consumer.wait(timeout=60)

    assert office.states() == {MessageState.ACCEPTED: 5}
    assert set(twilio.times_stored().values()) == {1}
    assert stopped == 0


def test_a_worker_killed_in_the_middle_of_its_calls_loses_and_doubles_nothing(
    open_office: Callable[..., Office], twilio: TwilioServer, clock: FixedClock
) -> None:
    clock.instant = SystemClock().now()  # the worker lives by the machine's clock
    office = open_office(**twilio_settings(twilio, **SETTINGS))
    office.queue_many(20)
    twilio.always = Answer(wait_after=30.0)
    worker = start_worker(office, twilio, **(SETTINGS | {"SMS_TIMEOUT_SECONDS": 60}))
    twilio.wait_until_stored(4)
    kill(worker)
    twilio.always = TAKEN
    assert office.states()[MessageState.SENDING] >= 4
    for message in office.messages():  # as if the leases of that patient worker had been short
        shorten_lease(message.id, clock)

    worker = start_worker(office, twilio, **SETTINGS)
    try:
        deadline = time.monotonic() + 120
        while office.states() != {MessageState.ACCEPTED: 20} and time.monotonic() < deadline:
            time.sleep(0.2)
    finally:
        kill(worker)

    assert office.states() == {MessageState.ACCEPTED: 20}
    assert set(twilio.times_stored().values()) == {1}
    assert {m.gateway_id for m in office.messages()} == {m.sid for m in twilio.stored}


@pytest.mark.parametrize(("messages", "kills"), [(120, 4)])
def test_a_bad_day_at_the_gateway_with_workers_killed_loses_and_doubles_nothing(
    open_office: Callable[..., Office], twilio: TwilioServer, clock: FixedClock, messages: int, kills: int
) -> None:
    clock.instant = SystemClock().now()
    office = open_office(**twilio_settings(twilio, **SETTINGS))
    ordeal = Ordeal(messages, kills, workers=1 if is_sqlite() else 2)

    outcome = endure(office, twilio, ordeal)

    assert outcome.holds(ordeal), outcome


def shorten_lease(message_id: int, clock: FixedClock) -> None:
    with unit_of_work():
        message = db.session.get_one(Message, message_id)
        if message.state is MessageState.SENDING:
            message.lease_until = clock.now()
            message.next_attempt_at = clock.now() + timedelta(seconds=2)
