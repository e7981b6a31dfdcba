"""Many phones at the same instant: each person comes in once, and nobody gets an error."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from eventmgr.areas.models import Area
from eventmgr.checkin.models import Attendance, Scan
from eventmgr.checkin.services.pairing import pair_device
from eventmgr.core.clock import FixedClock
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import Meeting
from tests.checkin.conftest import Hall
from tests.factories import make_household, make_invitation

AT_ONCE = 8
CODES = 100


def _all_at_once(app: Flask, hall: Hall, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    together = Barrier(len(events))

    def send(event: dict[str, Any]) -> dict[str, Any]:
        client = app.test_client()
        together.wait()
        answer = client.post(
            f"/api/v1/meetings/{hall.meeting}/scans",
            json={"scans": [event]},
            headers={"Authorization": f"Bearer {hall.token}"},
        )
        assert answer.status_code == 200
        return dict(answer.get_json()["results"][0])

    with ThreadPoolExecutor(len(events)) as pool:
        return list(pool.map(send, events))


def _count(app: Flask, model: Any) -> int:
    with app.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_one_code_eight_times_at_once_lets_one_in(app: Flask, hall: Hall, clock: FixedClock) -> None:
    moment = clock.now().isoformat()
    for code in (hall.code, hall.second_code, hall.guest_code):
        events = [{"event_id": str(uuid4()), "code": code, "scanned_at": moment} for _ in range(AT_ONCE)]

        results = _all_at_once(app, hall, events)

        assert Counter(result["status"] for result in results) == {"ok": 1, "already": AT_ONCE - 1}
    assert _count(app, Attendance) == 3
    assert _count(app, Scan) == 3 * AT_ONCE


def test_one_event_eight_times_at_once_is_one_event_with_one_answer(app: Flask, hall: Hall, clock: FixedClock) -> None:
    event = {"event_id": "the same", "code": hall.code, "scanned_at": clock.now().isoformat()}

    results = _all_at_once(app, hall, [event] * AT_ONCE)

    assert all(result == results[0] for result in results)
    assert results[0]["status"] == "ok"
    assert (_count(app, Attendance), _count(app, Scan)) == (1, 1)


def test_ways_in_do_not_race_past_each_other(app: Flask, hall: Hall, clock: FixedClock) -> None:
    moment = clock.now().isoformat()
    ways: list[Callable[[], dict[str, Any]]] = [
        lambda: {"code": hall.code},
        lambda: {"household_id": hall.household},
    ]
    events = [{"event_id": str(uuid4()), "scanned_at": moment} | ways[n % 2]() for n in range(AT_ONCE)]

    results = _all_at_once(app, hall, events)

    assert Counter(result["status"] for result in results) == {"ok": 1, "already": AT_ONCE - 1}


class _Quiet(WSGIRequestHandler):
    """Keeps connections open, as gunicorn does, and logs nothing."""

    protocol_version = "HTTP/1.1"

    def log(self, *_args: Any) -> None:
        """Nobody reads it."""


@contextmanager
def _served(app: Flask) -> Iterator[int]:
    """A server that gives each connection a thread of its own; its port."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _fill_the_hall(app: Flask, hall: Hall, clock: FixedClock) -> tuple[list[str], list[str]]:
    """The codes of many households, and the tokens of two phones."""
    with app.app_context(), unit_of_work():
        meeting, hamlet = db.session.get_one(Meeting, hall.meeting), db.session.get_one(Area, hall.hamlet)
        codes = [make_invitation(meeting, make_household(hamlet, f"Nông Văn {n}")).code for n in range(CODES)]
        return codes, [hall.token, pair_device(meeting, now=clock.now(), label="Máy thứ hai")]


def test_a_hundred_codes_each_from_eight_connections_of_two_phones_let_a_hundred_in(
    app: Flask, hall: Hall, clock: FixedClock
) -> None:
    codes, tokens = _fill_the_hall(app, hall, clock)
    moment, path = clock.now().isoformat(), f"/api/v1/meetings/{hall.meeting}/scans"
    together = Barrier(AT_ONCE)

    def stand_at_the_door(place: int) -> list[tuple[str, str]]:
        told = []
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Authorization": f"Bearer {tokens[place % len(tokens)]}", "Content-Type": "application/json"}
        for code in codes:
            together.wait(timeout=60)
            event = {"event_id": str(uuid4()), "code": code, "scanned_at": moment}
            connection.request("POST", path, json.dumps({"scans": [event]}), headers)
            answer = connection.getresponse()
            body = json.loads(answer.read())
            assert answer.status == 200, body
            told.append((code, body["results"][0]["status"]))
        connection.close()
        return told

    with _served(app) as port, ThreadPoolExecutor(AT_ONCE) as pool:
        told = [one for share in pool.map(stand_at_the_door, range(AT_ONCE)) for one in share]

    assert Counter(told) == {(code, "ok"): 1 for code in codes} | {(code, "already"): AT_ONCE - 1 for code in codes}
    with app.app_context():
        standing = db.session.scalar(
            sa.select(sa.func.count()).select_from(Attendance).where(Attendance.undone_at.is_(None))
        )
    assert (standing, _count(app, Scan)) == (CODES, CODES * AT_ONCE)
