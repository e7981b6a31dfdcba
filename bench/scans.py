"""Scans a second over HTTP: gunicorn with two workers on each database, beside a bare Flask view that does one durable
commit on the same database, by the same server and the same client.

One scan a request, a paired phone's token on each; every person is scanned once, then once more. What is measured
among 600,000 attendances stands beside the same among 100. Rounds take turns, so that other work on the machine meets
all alike, and the best of them counts on every side, as such work only ever slows. Any answer but the one expected
ends the measurement.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import flask_migrate
import psutil
import sqlalchemy as sa
from flask import Flask

from bench.databases import pairs_of_databases
from bench.search import fill_table, numbers
from eventmgr import create_app
from eventmgr.checkin.models import Attendance, Scan
from eventmgr.checkin.services.pairing import pair_device
from eventmgr.core.clock import now
from eventmgr.core.codes import new_code
from eventmgr.core.db import db, insert_many, is_sqlite, unit_of_work
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.residents.models import Household, Resident
from tests.factories import hamlet_of, make_commune, make_meeting

TOP = Path(__file__).resolve().parents[1]
SECRET = "a key for measuring, long enough to be one"
SCANS = 200
ROUNDS = 5
WARM_UP = 32
AT_ONCE = (1, 8, 32)
QUEUED, IN_ONE_REQUEST = 1000, 50
FEW, MANY = 100, 600_000
"""Attendances that are stored before."""
AT_EACH_MEETING = 300
HOUSEHOLDS = 30_000

LEAST_SHARE = 0.3
LEAST_FLATNESS = 0.8
MOST_SECONDS_OF_SYNC = 1.5
MOST_STATEMENTS = 5

BARE = """
import os
import sqlalchemy as sa
from flask import Flask, jsonify, request
import eventmgr.core.db  # the same pragmas on SQLite

engine = sa.create_engine(os.environ["DATABASE_URL"])
table = sa.Table("bare", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.String(64)))
app = Flask("bare")

@app.post("/")
def keep():
    with engine.connect().execution_options(writing=True) as connection:
        connection.execute(table.insert().values(text=request.get_json()["scans"][0]["event_id"]))
        connection.commit()
    return jsonify({"results": [{"status": "ok"}]})
"""


@dataclass(frozen=True, slots=True)
class _Door:
    """A database with a meeting, and what a phone at its door needs: the path, its token, and codes not yet scanned."""

    url: str
    path: str
    token: str
    codes: list[str]

    def take(self, count: int) -> list[str]:
        """The next codes."""
        taken = self.codes[:count]
        del self.codes[:count]
        return taken


@dataclass(frozen=True, slots=True)
class _Server:
    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """What its processes have used so far."""
        everyone = [self.process, *self.process.children(recursive=True)]
        return sum(times.user + times.system for times in (process.cpu_times() for process in everyone))


@dataclass(frozen=True, slots=True)
class _Run:
    """What one round came to."""

    rate: float
    cpu_ms: float
    milliseconds: Sequence[float]  # of each request, sorted

    def percentile(self, part: int) -> float:
        """So many of a hundred requests took no longer."""
        return self.milliseconds[min(len(self.milliseconds) * part // 100, len(self.milliseconds) - 1)]


def run() -> Iterator[dict[str, Any]]:
    """For each database and number of phones at once: ours, and the share of the bare view's rate."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bare.py").write_text(BARE)
        for database, urls in pairs_of_databases(folder):
            for line in _measure(urls, folder):
                yield line | {"database": database}


def _measure(urls: tuple[str, str], folder: Path) -> Iterator[dict[str, Any]]:
    needed = WARM_UP + SCANS * ROUNDS * len(AT_ONCE) + QUEUED * ROUNDS + 2
    few, many = (_fill(url, folder, needed, before) for url, before in zip(urls, (FEW, MANY), strict=True))
    yield from _statements(few, folder)
    with ExitStack() as stack:
        ours, among_many, bare = (
            stack.enter_context(_gunicorn(target, place, url, folder))
            for target, place, url in (
                ("app:app", TOP, few.url),
                ("app:app", TOP, many.url),
                ("bare:app", folder, few.url),
            )
        )
        for door, server in ((few, ours), (many, among_many)):  # each worker makes its statements once
            _send(server, _requests(door.path, door.token, door.take(WARM_UP)), AT_ONCE[1], "ok")
        for at_once in AT_ONCE:
            rounds: dict[str, list[_Run]] = {"bare": [], "first": [], "second": [], "many": []}
            for _round in range(ROUNDS):
                turn = few.take(SCANS)
                rounds["bare"].append(_send(bare, _requests("/", few.token, turn), at_once, "ok"))
                rounds["first"].append(_send(ours, _requests(few.path, few.token, turn), at_once, "ok"))
                rounds["second"].append(_send(ours, _requests(few.path, few.token, turn), at_once, "already"))
                rounds["many"].append(
                    _send(among_many, _requests(many.path, many.token, many.take(SCANS)), at_once, "ok")
                )
            yield from _figures(at_once, **{name: max(runs, key=_rate) for name, runs in rounds.items()})
        for door, server, among in ((few, ours, FEW), (many, among_many, MANY)):
            yield _line(
                f"sync of {QUEUED:,} queued events among {among:,} attendances",
                min(_sync(server, door) for _round in range(ROUNDS)),
                "s",
                MOST_SECONDS_OF_SYNC,
            )


def _rate(run: _Run) -> float:
    return run.rate


def _figures(at_once: int, bare: _Run, first: _Run, second: _Run, many: _Run) -> Iterator[dict[str, Any]]:
    at = f"{at_once} at once"
    for name, ours in (("first", first), ("second", second)):
        yield _line(f"{name} scans, {at}", ours.rate, "scans/s", bare.rate * LEAST_SHARE) | {
            "ratio": round(ours.rate / bare.rate, 3)
        }
        yield _line(f"CPU of a {name} scan, {at}", ours.cpu_ms, "ms", bare.cpu_ms)
        for part in (50, 95, 99):
            yield _line(f"p{part} of {name} scans, {at}", ours.percentile(part), "ms", bare.percentile(part))
    yield _line(f"first scans among {MANY:,} attendances, {at}", many.rate, "scans/s", first.rate * LEAST_FLATNESS) | {
        "ratio": round(many.rate / first.rate, 3)
    }


def _line(figure: str, value: float, unit: str, floor: float) -> dict[str, Any]:
    return {
        "figure": figure,
        "value": round(value, 2),
        "unit": unit,
        "floor": round(floor, 2),
        "ratio": round(value / floor, 3),
    }


# --- What is measured on --------------------------------------------------------------------------


def _application(url: str, folder: Path) -> Flask:
    return create_app({"DATABASE_URL": url, "INSTANCE_PATH": str(folder), "SECRET_KEY": SECRET})


def _fill(url: str, folder: Path, needed: int, attendances: int) -> _Door:
    with _application(url, folder).app_context():
        flask_migrate.upgrade()
        with unit_of_work():
            commune = make_commune()
            hamlet = hamlet_of(commune)
            meeting = make_meeting(hamlet, starts_at=now() + timedelta(hours=1))
            token = pair_device(meeting, now=now())
            _people(commune.id, hamlet.id)
            codes = [new_code() for _household in range(needed)]
            insert_many(Invitation, [_invitation(meeting.id, 1 + place, code) for place, code in enumerate(codes)])
            _past(commune.id, attendances)
            identity = "" if is_sqlite() else " GENERATED BY DEFAULT AS IDENTITY"
            db.session.execute(sa.text(f"CREATE TABLE bare (id INTEGER{identity} PRIMARY KEY, text VARCHAR(64))"))
        if not is_sqlite():  # as the database does by itself some minutes after so many rows have come
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
        door = _Door(url, f"/api/v1/meetings/{meeting.id}/scans", token, codes)
        db.session.remove()
        db.engine.dispose()
    return door


def _people(commune_id: int, hamlet_id: int) -> None:
    said: dict[str, Any] = {"now": now().replace(tzinfo=None) if is_sqlite() else now()}
    homes = {"id": "n", "commune_id": str(commune_id), "hamlet_id": str(hamlet_id), "created_at": ":now"}
    db.session.execute(sa.text(fill_table(Household, homes, f"{numbers(HOUSEHOLDS)} number")), said)
    heads = {
        "household_id": "n",
        "full_name": "'Nông Văn ' || n",
        "name_search": "'nong van ' || n",
        "name_sort": "n || ' van nong'",
        "is_head": "n > 0",
        "created_at": ":now",
    }
    db.session.execute(sa.text(fill_table(Resident, heads, f"{numbers(HOUSEHOLDS)} number ORDER BY n")), said)


def _invitation(meeting_id: int, household_id: int, code: str) -> dict[str, Any]:
    return {
        "meeting_id": meeting_id,
        "household_id": household_id,
        "code": code,
        "channel": "paper",
        "invited_at": now(),
    }


def _past(commune_id: int, attendances: int) -> None:
    """Meetings of before, and who came: the households take turns."""
    said: dict[str, Any] = {"now": now().replace(tzinfo=None) if is_sqlite() else now()}
    meetings = max(attendances // AT_EACH_MEETING, 1)
    held = {
        "id": "1000 + n",
        "area_id": str(commune_id),
        "title": "'Họp thôn ' || n",
        "starts_at": ":now",
        "status": "'held'",
        "audience_classes": "'[]'",
        "created_at": ":now",
    }
    db.session.execute(sa.text(fill_table(Meeting, held, f"{numbers(meetings)} number")), said)
    where = f"1001 + (n - 1) % {meetings}"
    scans = {
        "id": "n",
        "meeting_id": where,
        "source": "'device:1'",
        "event_id": "'past ' || n",
        "code": "'PASTPAST'",
        "method": "'camera'",
        "answer": "'ok'",
        "people": "'[]'",
        "scanned_at": ":now",
        "received_at": ":now",
    }
    db.session.execute(sa.text(fill_table(Scan, scans, f"{numbers(attendances)} number")), said)
    came = {
        "meeting_id": where,
        "scan_id": "n",
        "household_id": f"1 + ((n - 1) / {meetings} + (n - 1) % {meetings} * {AT_EACH_MEETING}) % {HOUSEHOLDS}",
        "method": "'camera'",
        "attended_at": ":now",
    }
    db.session.execute(sa.text(fill_table(Attendance, came, f"{numbers(attendances)} number")), said)
    if not is_sqlite():  # ids were given by hand
        for table in ("scan", "meeting", "household"):
            db.session.execute(
                sa.text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
            )


@contextmanager
def _gunicorn(target: str, place: Path, url: str, folder: Path) -> Iterator[_Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", target, "-k", "gthread", "-w", "2", "--threads", "16"]
    environment = {
        "DATABASE_URL": url,
        "SECRET_KEY": SECRET,
        "INSTANCE_PATH": str(folder),
        "PYTHONPATH": f"{TOP}:{folder}",
    }
    process = subprocess.Popen(
        [*command, "-b", f"127.0.0.1:{port}", "--log-level", "warning"], cwd=place, env=os.environ | environment
    )
    try:
        _wait_for(port)
        yield _Server(port, psutil.Process(process.pid))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the server did not start")


# --- The phones -----------------------------------------------------------------------------------


def _statements(door: _Door, folder: Path) -> Iterator[dict[str, Any]]:
    """How many statements a first and a second scan take, but for the beginning and the end of transactions."""
    app = _application(door.url, folder)
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not statement.startswith("BEGIN"):
            said.append(statement)

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    another, code = door.take(2)
    for name, read in (("", another), ("first", code), ("second", code)):
        said.clear()
        answer = app.test_client().post(
            door.path, json={"scans": [_event(read)]}, headers={"Authorization": f"Bearer {door.token}"}
        )
        assert answer.status_code == 200, answer.get_data(as_text=True)
        if name:  # before that the phone's contact is written down, as it is once a minute
            yield _line(f"statements of a {name} scan", len(said), "statements", MOST_STATEMENTS)
    engine.dispose()


def _event(code: str, **more: Any) -> dict[str, Any]:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"event_id": str(uuid4()), "code": code, "scanned_at": at} | more


def _requests(path: str, token: str, codes: Sequence[str]) -> list[bytes]:
    return [_request(path, token, [_event(code)]) for code in codes]


def _request(path: str, token: str, events: Sequence[dict[str, Any]]) -> bytes:
    body = json.dumps({"scans": events}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _send(server: _Server, requests: Sequence[bytes], at_once: int, expected: str) -> _Run:
    """All requests from so many phones; each must be answered as expected."""
    used, begun = server.cpu_seconds(), time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        shares = [requests[place::at_once] for place in range(at_once)]
        took = [one for share in pool.map(lambda share: _phone(server.port, share, expected), shares) for one in share]
    seconds = time.perf_counter() - begun
    cpu = server.cpu_seconds() - used
    return _Run(len(requests) / seconds, 1000 * cpu / len(requests), sorted(took))


def _phone(port: int, requests: Sequence[bytes], expected: str) -> list[float]:
    took = []
    sign = f'"status":"{expected}"'.encode()
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in requests:
            begun = time.perf_counter()
            answer = _ask(connection, request)
            took.append(1000 * (time.perf_counter() - begun))
            assert sign in answer, answer
    return took


def _ask(connection: socket.socket, request: bytes) -> bytes:
    """The whole answer, by the length it names: this client is to cost as little as it can."""
    connection.sendall(request)
    answer = connection.recv(65536)
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536)
    head, _gap, body = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head + body


def _sync(server: _Server, door: _Door) -> float:
    """The seconds in which one phone hands in all it has queued."""
    codes = door.take(QUEUED)
    requests = [
        _request(door.path, door.token, [_event(code, offline=True) for code in codes[start : start + IN_ONE_REQUEST]])
        for start in range(0, QUEUED, IN_ONE_REQUEST)
    ]
    begun = time.perf_counter()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        let_in = sum(_let_in(connection, request) for request in requests)
    seconds = time.perf_counter() - begun
    assert let_in == QUEUED, f"only {let_in} of {QUEUED} were let in"
    return seconds


def _let_in(connection: socket.socket, request: bytes) -> int:
    answer = _ask(connection, request)
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    start = answer.index(b'{"results"')
    return sum(result["status"] == "ok" for result in json.loads(answer[start:])["results"])
