"""Queueing 100,000 messages beside a bare bulk insert, and what memory a worker's process takes for many messages.

The bare insert writes the very same rows, made beforehand, by the same database driver, a thousand at a time in one
transaction. For memory each number of messages is queued and sent by a process of its own: the highest that its
resident memory ever stood counts. The simulator takes the texts, as it costs a worker what another gateway does but
for the call itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import sqlalchemy as sa
from flask import Flask

from bench.databases import databases
from bench.memory import highest_megabytes
from eventmgr import create_app
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.messaging.models import Batch, Message
from eventmgr.messaging.sender import sender_of
from eventmgr.messaging.services import CHUNK, queue_batch
from eventmgr.messaging.values import UNDER_WAY, BatchDetails, BatchKind, Recipient
from tests.factories import make_commune

TOP = Path(__file__).resolve().parents[1]
MANY, FEW = 100_000, 1_000
ROUNDS = 2
MOST_TIMES_BARE = 3.0
MOST_TIMES_MEMORY = 1.3
TEXT = "UBND xa Binh Trung kinh moi ba Nguyet du hop thon 7h30 sang Thu 5 15/6. Hoi: 0912345678"


def run() -> Iterator[dict[str, Any]]:
    """For each database: the time to queue many messages, and the memory to send them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for database, url in databases(folder):
            yield _queueing(database, url, folder)
            yield _memory(database, url, folder)


def _queueing(database: str, url: str, folder: Path) -> dict[str, Any]:
    app = _office(url, folder)
    ours, bare = [], []
    with app.app_context():
        for _round in range(ROUNDS):
            took, batch_id = _queue(MANY)
            ours.append(took)
            bare.append(_insert_the_same(batch_id))
        db.session.remove()
        db.engine.dispose()
    return {
        "figure": f"{MANY} messages queued",
        "value": round(min(ours), 2),
        "unit": "s",
        "floor": round(min(bare) * MOST_TIMES_BARE, 2),
        "ratio": round(min(ours) / min(bare), 2),
        "database": database,
    }


def _office(url: str, folder: Path) -> Flask:
    app = create_app(
        {
            "DATABASE_URL": url,
            "INSTANCE_PATH": str(folder),
            "SECRET_KEY": "a key for measuring, long enough to be one",
            "SMS_GATEWAY": "simulator",
            "SMS_CONCURRENCY": 32,
            "SMS_NO_SEND_HOURS": "",
        }
    )
    with app.app_context():
        flask_migrate.upgrade()
    return app


def _queue(number: int) -> tuple[float, int]:
    """Queue so many texts in one batch; how many seconds it took, and the batch."""
    begun = time.perf_counter()
    with unit_of_work():
        commune = make_commune(f"Mẫu {now().timestamp()}", code=None, hamlets=())
        # the simulator looks at a phone's last two digits: those that end in 70 take every text
        people = (Recipient(f"+8491{n:05d}70", f"person:{n}", TEXT) for n in range(number))
        details = BatchDetails(commune.id, f"bench:{commune.id}", "Đo", BatchKind.INVITE, {})
        queued = queue_batch(details, people, by=None, now=now())
    assert queued.queued == number
    assert queued.batch_id is not None
    return time.perf_counter() - begun, queued.batch_id


def _insert_the_same(batch_id: int) -> float:
    """Take the batch's rows out and write them again with nothing around it; the seconds of the writing."""
    table = Message.__table__
    assert isinstance(table, sa.Table)
    db.session.commit()
    rows = [dict(row) for row in db.session.execute(sa.select(table).where(table.c.batch_id == batch_id)).mappings()]
    with unit_of_work():
        db.session.execute(sa.delete(table).where(table.c.batch_id == batch_id))
    begun = time.perf_counter()
    with unit_of_work():
        for start in range(0, len(rows), CHUNK):
            db.session.connection().execute(sa.insert(table), rows[start : start + CHUNK])
    took = time.perf_counter() - begun
    with unit_of_work():
        db.session.execute(sa.delete(table).where(table.c.batch_id == batch_id))
        db.session.execute(sa.delete(Batch).where(Batch.id == batch_id))
    return took


def _memory(database: str, url: str, folder: Path) -> dict[str, Any]:
    few, many = (_peak(url, folder, number) for number in (FEW, MANY))
    return {
        "figure": f"peak memory to queue and send {MANY} messages, beside {FEW}",
        "value": round(many, 1),
        "unit": "MiB",
        "floor": round(few * MOST_TIMES_MEMORY, 1),
        "ratio": round(many / few, 3),
        "database": database,
    }


def _peak(url: str, folder: Path, number: int) -> float:
    """MiB that a fresh process needs at most for so many messages."""
    command = [sys.executable, "-m", "bench.outbox", url, str(folder), str(number)]
    told = subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE, check=True, text=True).stdout
    return float(json.loads(told)["peak"])


def _endure(url: str, folder: Path, number: int) -> None:
    """Queue and send so many in this process, and print its peak."""
    app = _office(url, folder)
    with app.app_context():
        _took, batch_id = _queue(number)
        open_ones = sa.select(Message.id).where(Message.batch_id == batch_id, Message.state.in_(UNDER_WAY)).limit(1)
        while db.session.scalar(open_ones) is not None:
            db.session.rollback()
            sender_of(app).run(seconds=60)
    print(json.dumps({"peak": highest_megabytes()}))


if __name__ == "__main__":
    _endure(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
