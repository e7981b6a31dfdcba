"""Many phones at the same instant: each person comes in once, and nobody gets an error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from flask import Flask

from eventmgr.checkin.models import Attendance, Scan
from eventmgr.core.clock import FixedClock
from eventmgr.core.db import db
from tests.checkin.conftest import Hall

AT_ONCE = 8


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
