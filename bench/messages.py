"""Messages a second through the Twilio gateway, beside a bare pool of the twilio client.

Both talk to the same server, in a process of its own, that takes 100 ms to answer. Ours claims,
sends and records every message; the bare pool only calls. The best of some rounds counts on both
sides, as other work on the machine only ever slows.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_migrate
import sqlalchemy as sa
from flask import Flask
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from bench.databases import databases
from eventmgr import create_app
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.messaging.models import Message
from eventmgr.messaging.sender import sender_of
from eventmgr.messaging.services import queue_batch
from eventmgr.messaging.values import BatchDetails, BatchKind, MessageState, Recipient
from tests.factories import make_commune
from tests.support.twilio_server import ACCOUNT_SID, AUTH_TOKEN

TOP = Path(__file__).resolve().parents[1]
LATENCY = 0.1  # seconds
MESSAGES = 1200
ROUNDS = 3
THREADS = (32, 64)
LEAST_SHARE = 0.85
TEXT = "UBND xa Binh Trung kinh moi ba Nguyet du hop thon 7h30 sang Thu 5 15/6. Hoi: 0912345678"


def run() -> Iterator[dict[str, Any]]:
    """One line for each database and number of threads: ours, and the share of the bare pool's rate."""
    with _twilio_server() as url, tempfile.TemporaryDirectory() as folder:
        for name, database_url in databases(Path(folder)):
            for threads in THREADS:
                app = _office(database_url, url, threads, Path(folder))
                bare = ours = 0.0
                for number in range(ROUNDS):
                    bare = max(bare, _bare_rate(url, threads))
                    ours = max(ours, _our_rate(app, number))
                yield {
                    "figure": f"messages sent, {threads} threads, {LATENCY * 1000:.0f} ms latency",
                    "value": round(ours, 1),
                    "unit": "messages/s",
                    "floor": round(bare * LEAST_SHARE, 1),
                    "ratio": round(ours / bare, 3),
                    "database": name,
                }


@contextmanager
def _twilio_server() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.support.twilio_server", "--latency", str(LATENCY)]
    process = subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def _office(database_url: str, url: str, threads: int, folder: Path) -> Flask:
    app = create_app(
        {
            "DATABASE_URL": database_url,
            "INSTANCE_PATH": str(folder),
            "SECRET_KEY": "a key for measuring, long enough to be one",
            "SMS_GATEWAY": "twilio",
            "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "TWILIO_FROM": "UBND",
            "TWILIO_API_BASE": url,
            "SMS_CONCURRENCY": threads,
            "SMS_NO_SEND_HOURS": "",
        }
    )
    with app.app_context():
        flask_migrate.upgrade()
    return app


def _our_rate(app: Flask, number: int) -> float:
    with app.app_context():
        with unit_of_work():
            commune = make_commune(f"Mẫu {now().timestamp()}", code=None, hamlets=())
            people = (Recipient(f"+8491{n:07d}", f"person:{n}", TEXT) for n in range(MESSAGES))
            details = BatchDetails(commune.id, f"bench:{commune.id}", "Đo", BatchKind.INVITE, {})
            batch_id = queue_batch(details, people, by=None, now=now()).batch_id
        begun = time.perf_counter()
        sender_of(app).run(seconds=120)
        took = time.perf_counter() - begun
        accepted = db.session.scalar(
            sa.select(sa.func.count())
            .select_from(Message)
            .where(Message.batch_id == batch_id, Message.state == MessageState.ACCEPTED)
        )
        with unit_of_work():
            # As their receipts would say; else the next round would spend its time asking for them.
            db.session.execute(sa.update(Message).values(state=MessageState.DELIVERED))
    assert accepted == MESSAGES, f"only {accepted} of {MESSAGES} were accepted"
    return MESSAGES / took


def _bare_rate(url: str, threads: int) -> float:
    mine = threading.local()

    def send(number: int) -> str:
        if not hasattr(mine, "client"):
            mine.client = Client(ACCOUNT_SID, AUTH_TOKEN, http_client=TwilioHttpClient(timeout=20))
            mine.client.api.base_url = url
        message = mine.client.messages.create(to=f"+8491{number:07d}", body=TEXT, from_="UBND")
        return str(message.sid)

    begun = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        taken = set(pool.map(send, range(MESSAGES)))
    took = time.perf_counter() - begun
    assert len(taken) == MESSAGES
    return MESSAGES / took
