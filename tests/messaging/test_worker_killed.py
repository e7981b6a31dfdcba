"""A real worker process is killed while the gateway keeps it waiting: nothing is lost, nothing doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from eventmgr.core.clock import FixedClock, SystemClock
from eventmgr.core.db import db, is_sqlite, unit_of_work
from eventmgr.messaging.models import Message
from eventmgr.messaging.tasks import send_due
from eventmgr.messaging.values import MessageState
from tests.messaging.conftest import Office, twilio_settings
from tests.support.twilio_server import DROPPED_AFTER_STORING, TAKEN, Answer, TwilioServer, refused

TOP = Path(__file__).resolve().parents[2]
WORKER = """
import time
from app import app
from eventmgr.messaging.sender import sender_of
with app.app_context():
    while True:
        sender_of(app).run(1.0)
        time.sleep(0.05)
"""
SETTINGS = {"SMS_TIMEOUT_SECONDS": 3.0, "SMS_RECONCILE_AFTER_SECONDS": 6.0, "SMS_CONCURRENCY": 4}


CONSUMER = """
from app import app
from eventmgr.worker import run_consumer
run_consumer(app)
"""


def start_worker(
    office: Office, twilio: TwilioServer, program: str = WORKER, **settings: object
) -> subprocess.Popen[bytes]:
    named = {
        "DATABASE_URL": office.app.config["DATABASE_URL"],
        "INSTANCE_PATH": office.app.instance_path,
        "SECRET_KEY": office.app.config["SECRET_KEY"],
        "SMS_NO_SEND_HOURS": "",
    } | {name: str(value) for name, value in twilio_settings(twilio, **settings).items()}
    return subprocess.Popen([sys.executable, "-c", program], cwd=TOP, env={**os.environ, **named})


def kill(worker: subprocess.Popen[bytes]) -> None:
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()


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


def bad_day(random: Random) -> Callable[[], Answer]:
    """Slow accepts, connections dropped after acceptance, 503, and bursts of 429."""
    burst = 0

    def answer() -> Answer:
        nonlocal burst
        if burst:
            burst -= 1
            return refused(429, 20429)
        chance = random.random()
        if chance < 0.05:
            return DROPPED_AFTER_STORING
        if chance < 0.10:
            return refused(503, 20503)
        if chance < 0.11:
            burst = 5
        return Answer(wait_before=random.uniform(0, 0.1), wait_after=random.uniform(0, 0.05))

    return answer


@pytest.mark.parametrize(("messages", "kills"), [(150, 5)])
def test_a_bad_day_at_the_gateway_with_workers_killed_loses_and_doubles_nothing(
    open_office: Callable[..., Office], twilio: TwilioServer, clock: FixedClock, messages: int, kills: int
) -> None:
    random = Random(20230615)
    clock.instant = SystemClock().now()
    office = open_office(**twilio_settings(twilio, **SETTINGS))
    office.queue_many(messages)
    twilio.list_lag = 0.5  # less than SMS_RECONCILE_AFTER_SECONDS allows for
    twilio.mood = bad_day(random)
    count = 1 if is_sqlite() else 2
    workers = [start_worker(office, twilio, **SETTINGS) for _ in range(count)]
    try:
        for _ in range(kills):
            time.sleep(random.uniform(0.5, 1.2))
            kill(workers.pop(0))
            workers.append(start_worker(office, twilio, **SETTINGS))
        deadline = time.monotonic() + 240
        while set(office.states()) != {MessageState.ACCEPTED} and time.monotonic() < deadline:
            time.sleep(0.3)
    finally:
        for worker in workers:
            kill(worker)

    assert office.states() == {MessageState.ACCEPTED: messages}
    assert set(twilio.times_stored().values()) == {1}
    assert {m.gateway_id for m in office.messages()} == {m.sid for m in twilio.stored}


def shorten_lease(message_id: int, clock: FixedClock) -> None:
    with unit_of_work():
        message = db.session.get_one(Message, message_id)
        if message.state is MessageState.SENDING:
            message.lease_until = clock.now()
            message.next_attempt_at = clock.now() + timedelta(seconds=2)
