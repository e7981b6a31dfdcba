"""What a scan costs, counted in statements: times differ from machine to machine, these do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.areas.models import Area
from eventmgr.checkin.services.pairing import create_pairing, redeem_pairing
from eventmgr.core.clock import FixedClock
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import Meeting
from tests.checkin.conftest import Hall
from tests.factories import make_household, make_invitation

Send = Callable[..., dict[str, Any]]
PER_SCAN = 5


@contextmanager
def _statements(app: Flask) -> Iterator[list[str]]:
    """What is said to the database, but for the beginning and the end of transactions."""
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not statement.startswith("BEGIN"):
            said.append(statement)

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("hours", [0, 1.5], ids=["before the meeting", "once it has begun"])
def test_a_scan_takes_five_statements_and_a_second_one_no_more(
    app: Flask, hall: Hall, scan: Send, clock: FixedClock, hours: float
) -> None:
    clock.advance(hours=hours)
    scan(code=hall.second_code)  # the phone is heard from, which is written once a minute

    with _statements(app) as first:
        assert scan(code=hall.code)["status"] == "ok"
    with _statements(app) as second:
        assert scan(code=hall.code)["status"] == "already"

    assert len(first) <= PER_SCAN, first
    assert len(second) <= PER_SCAN, second


def test_a_hamlets_phone_and_a_guests_code_cost_no_more(app: Flask, hall: Hall, scan: Send, clock: FixedClock) -> None:
    with app.app_context(), unit_of_work():
        meeting, hamlet = db.session.get_one(Meeting, hall.meeting), db.session.get_one(Area, hall.hamlet)
        _device, code = create_pairing(meeting, by=None, now=clock.now(), hamlet=hamlet)
        _device, token = redeem_pairing(code, now=clock.now())

    with _statements(app) as said:
        assert scan(code=hall.guest_code, token=token)["status"] == "ok"

    assert len(said) <= PER_SCAN, said


@pytest.mark.parametrize("way", ["code", "household", "members"])
def test_a_queue_costs_two_statements_an_event(
    app: Flask, client: FlaskClient, hall: Hall, clock: FixedClock, way: str
) -> None:
    moment = clock.now().isoformat()
    with app.app_context(), unit_of_work():
        meeting, hamlet = db.session.get_one(Meeting, hall.meeting), db.session.get_one(Area, hall.hamlet)
        households = [make_household(hamlet, f"Nông Văn {n}") for n in range(50)]
        codes = [make_invitation(meeting, household).code for household in households]
        ways: dict[str, list[dict[str, Any]]] = {
            "code": [{"code": code} for code in codes],
            "household": [{"household_id": household.id} for household in households],
            "members": [{"resident_ids": [member.id for member in household.members]} for household in households],
        }
    events = [{"event_id": str(uuid4()), "scanned_at": moment, "offline": True} | chosen for chosen in ways[way]]

    with _statements(app) as said:
        answer = client.post(
            f"/api/v1/meetings/{hall.meeting}/scans",
            json={"scans": events},
            headers={"Authorization": f"Bearer {hall.token}"},
        )

    assert {result["status"] for result in answer.get_json()["results"]} == {"ok"}
    assert len(said) <= 2 * len(events) + PER_SCAN
