"""What a scan costs, counted in statements: times differ from machine to machine, these do not. And that a queue
which is taken in pieces is answered as if its events had come one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.areas.models import Area
from eventmgr.checkin.services.pairing import create_pairing, redeem_pairing
from eventmgr.checkin.views import api
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
def test_a_queue_costs_a_few_statements_however_long_it_is(
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
    assert len(said) <= 2 * PER_SCAN, said


def _hand_in(client: FlaskClient, hall: Hall, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answer = client.post(
        f"/api/v1/meetings/{hall.meeting}/scans",
        json={"scans": events},
        headers={"Authorization": f"Bearer {hall.token}"},
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return list(answer.get_json()["results"])


def test_one_person_twice_in_a_queue_came_once_and_the_second_answer_says_so(
    client: FlaskClient, hall: Hall, clock: FixedClock
) -> None:
    moment = clock.now().isoformat()
    ways: list[dict[str, Any]] = [{"code": hall.code}, {"household_id": hall.household}, {"code": hall.code}]
    events = [{"event_id": str(uuid4()), "scanned_at": moment, "offline": True} | way for way in ways]

    results = _hand_in(client, hall, events)

    assert [result["status"] for result in results] == ["ok", "already", "already"]
    first, *others = (result["people"][0] for result in results)
    assert {other["attendance_id"] for other in others} == {first["attendance_id"]}
    assert {other["device"] for other in others} == {"Máy ở cửa"}


def test_names_ticked_later_in_a_queue_take_the_place_of_the_representative(
    client: FlaskClient, hall: Hall, clock: FixedClock
) -> None:
    moment = clock.now().isoformat()
    ways: list[dict[str, Any]] = [
        {"household_id": hall.household},
        {"resident_ids": hall.members[:1]},
        {"resident_ids": hall.members},
    ]
    events = [{"event_id": str(uuid4()), "scanned_at": moment, "offline": True} | way for way in ways]

    results = _hand_in(client, hall, events)

    told = [[person["status"] for person in result["people"]] for result in results]
    assert told == [["ok"], ["ok"], ["already", "ok", "ok"]]


def test_a_queue_sent_again_after_a_lost_reply_gets_the_first_answers(
    client: FlaskClient, hall: Hall, clock: FixedClock
) -> None:
    moment = clock.now().isoformat()
    ways: list[dict[str, Any]] = [
        {"code": hall.code, "resident_ids": hall.members},
        {"code": hall.other_code},
        {"walk_in": {"name": "Vi Thị Hoa"}},
        {"code": hall.code},
    ]
    events = [{"event_id": str(uuid4()), "scanned_at": moment, "offline": True} | way for way in ways]
    first = _hand_in(client, hall, events)

    again = _hand_in(client, hall, [*events, {"event_id": "new", "scanned_at": moment, "code": hall.second_code}])

    assert again[:-1] == first
    assert again[-1]["status"] == "ok"


@pytest.mark.parametrize("piece", [1, 50], ids=["one by one", "in one piece"])
def test_later_events_of_a_queue_know_whom_earlier_ones_let_in_took_back_and_dated_back(
    client: FlaskClient, hall: Hall, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(api, "PIECE", piece)
    first, second = {"household_id": hall.household}, {"household_id": hall.second_household}
    ways: list[dict[str, Any]] = [
        first,
        {"undo": {"event_id": "0"}},
        {"resident_ids": hall.members[:1]},
        {"walk_in": {"name": "Vi Thị Hoa", "household_id": hall.second_household}},
        second,
        {"undo": {"event_id": "3"}},
        second,
        {"code": hall.code, "scanned_at": (clock.now() - timedelta(minutes=10)).isoformat()},
        {"resident_ids": hall.members[:1]},
    ]
    moment = clock.now().isoformat()
    events = [{"event_id": str(place), "scanned_at": moment, "offline": True} | way for place, way in enumerate(ways)]

    results = _hand_in(client, hall, events)

    told = [result["status"] for result in results]
    assert told == ["ok", "ok", "ok", "ok", "already", "ok", "ok", "already", "already"]
    when = [datetime.fromisoformat(results[place]["people"][0]["first_scanned_at"]) for place in (2, 8)]
    assert when[0] - when[1] == timedelta(minutes=10)
    assert _hand_in(client, hall, events) == results, "sent again, it gets the first answers"


def test_one_event_that_no_database_keeps_does_not_spoil_the_queue(
    app: Flask, client: FlaskClient, hall: Hall, clock: FixedClock
) -> None:
    moment = clock.now().isoformat()
    ways: list[dict[str, Any]] = [
        {"walk_in": {"name": "Vi Thị 0"}},
        {"code": hall.code},
        {"household_id": hall.second_household, "proxy_name": "Vi Hai"},
        {"code": hall.guest_code},
    ]
    events = [{"event_id": str(number), "scanned_at": moment} | way for number, way in enumerate(ways)]

    def refuse(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if "INSERT INTO attendance" in statement.replace('"', "") and "Vi Hai" in str(parameters):
            raise OverflowError

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", refuse)
    results = _hand_in(client, hall, events)
    sa.event.remove(engine, "before_cursor_execute", refuse)

    assert [(result["event_id"], result["status"]) for result in results] == [
        ("0", "ok"),
        ("1", "ok"),
        ("2", "invalid"),
        ("3", "ok"),
    ]
    assert _hand_in(client, hall, events)[2]["status"] == "ok", "nothing of it was stored before"


def test_a_database_that_fails_acknowledges_nothing(
    app: Flask, client: FlaskClient, hall: Hall, clock: FixedClock
) -> None:
    def fail(*_anything: Any) -> None:
        raise sa.exc.OperationalError("INSERT", {}, Exception("disk full"))

    event = {"event_id": "kept on the phone", "scanned_at": clock.now().isoformat(), "code": hall.code}
    app.testing = False  # answer as an office's server does
    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "commit", fail)
    answer = client.post(
        f"/api/v1/meetings/{hall.meeting}/scans",
        json={"scans": [event]},
        headers={"Authorization": f"Bearer {hall.token}"},
    )
    sa.event.remove(engine, "commit", fail)

    assert answer.status_code == 500
    assert _hand_in(client, hall, [event])[0]["status"] == "ok"
