"""Self check-in: at a printed QR by code, before a screen also by name, and nowhere without a network or from home."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.checkin.models import Attendance, SelfCheckIn
from eventmgr.checkin.services.self_check_in import is_on_screen, is_pass_good, make_pass, sign_on_screen
from eventmgr.checkin.values import Method
from eventmgr.core.access import Role
from eventmgr.core.clock import FixedClock
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.values import MeetingStatus
from tests.checkin.conftest import Hall

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def officer(login_as: SignIn, hall: Hall) -> FlaskClient:
    """An officer of the commune."""
    return login_as(Role.OFFICER, hall.commune)


@pytest.fixture
def door(app: Flask, officer: FlaskClient, hall: Hall) -> str:
    """The address in the QR of the meeting, opened by the officer."""
    officer.post(f"/meetings/{hall.meeting}/check-in/self")
    return f"/m/{_row(app).code}"


def _row(app: Flask) -> SelfCheckIn:
    with app.app_context():
        return db.session.scalars(sa.select(SelfCheckIn)).one()


def _page(answer: Any) -> BeautifulSoup:
    return BeautifulSoup(answer.get_data(as_text=True), "html.parser")


def _attendances(app: Flask) -> list[Attendance]:
    with app.app_context():
        return list(db.session.scalars(sa.select(Attendance).order_by(Attendance.id)))


def _on_screen(app: Flask, clock: FixedClock, door: str) -> str:
    with app.app_context():
        return f"{door}/{sign_on_screen(_row(app), clock.now())}"


def _carried(page: BeautifulSoup) -> str:
    return str(page.select_one("[name=pass]")["value"])


# --- The printed QR -------------------------------------------------------------------------------


def test_the_code_of_an_invitation_checks_its_holder_in(app, client, hall, door):
    answer = client.post(door, data={"code": hall.code[:5].lower() + " " + hall.code[5:]})

    assert answer.status_code == 200
    assert [(row.household_id, row.method) for row in _attendances(app)] == [(hall.household, Method.SELF)]
    assert "Cảm ơn" in _page(answer).select_one("h1").get_text()


def test_checking_in_twice_counts_once_and_says_so(app, client, hall, door):
    client.post(door, data={"code": hall.code})
    answer = client.post(door, data={"code": hall.code})

    assert len(_attendances(app)) == 1
    assert "từ trước" in _page(answer).select_one("h1").get_text()


def test_the_same_form_sent_twice_gets_the_first_answer(app, client, hall, door):
    event = str(_page(client.get(door)).select_one("[name=event]")["value"])

    answers = [client.post(door, data={"code": hall.code, "event": event}) for _twice in range(2)]

    assert [_page(answer).select_one("h1").get_text() for answer in answers] == [
        "Cảm ơn, ông (bà) đã được điểm danh"
    ] * 2
    assert len(_attendances(app)) == 1


@pytest.mark.parametrize("code", ["ZZZZZ-ZZZZZ", "no code", "1"])
def test_a_wrong_code_is_told_and_stays_in_the_form(app, client, door, code):
    answer = client.post(door, data={"code": code})

    assert answer.status_code == 422
    assert _page(answer).select_one("[role=alert]") is not None
    assert _page(answer).select_one("#code")["value"] == code
    assert _attendances(app) == []


def test_another_meetings_code_tells_nothing_of_it(client, hall, door):
    answer = client.post(door, data={"code": hall.other_code})

    assert answer.status_code == 422
    assert "Họp thôn Hai" not in answer.get_data(as_text=True)
    nobodys = _page(client.post(door, data={"code": "0000000000"}))
    told = _page(answer).select_one("[role=alert]")
    assert told.get_text() == nobodys.select_one("[role=alert]").get_text()


def test_the_printed_qr_takes_no_name(app, client, door):
    assert _page(client.get(door)).select_one("#name") is None

    answer = client.post(door, data={"name": "Vi Văn Mẫu"})

    assert answer.status_code == 422
    assert _attendances(app) == []


def test_the_qr_in_capitals_is_served_too(client, door):
    assert client.get(door.upper()).status_code == 200


# --- The screen -----------------------------------------------------------------------------------


def test_before_the_screen_a_name_is_enough(app, client, hall, door, clock):
    page = _page(client.get(_on_screen(app, clock, door)))

    answer = client.post(
        door,
        data={"name": "Vi Văn Mẫu", "hamlet": str(hall.hamlet), "pass": _carried(page)},
    )

    assert answer.status_code == 200
    assert [(row.walk_in_name, row.hamlet_id, row.method) for row in _attendances(app)] == [
        ("Vi Văn Mẫu", hall.hamlet, Method.SELF)
    ]


def test_a_form_opened_at_the_screen_is_good_for_ten_minutes(app, client, door, clock):
    carried = _carried(_page(client.get(_on_screen(app, clock, door))))
    clock.advance(minutes=10, seconds=1)

    answer = client.post(door, data={"name": "Vi Văn Mẫu", "pass": carried})

    assert answer.status_code == 422
    assert "Đã quá mười phút" in answer.get_data(as_text=True)
    assert _page(answer).select_one("[name=pass]") is None
    assert _attendances(app) == []


def test_a_qr_gone_from_the_screen_counts_as_the_printed_one(app, client, door, clock):
    address = _on_screen(app, clock, door)
    clock.advance(minutes=2)

    page = _page(client.get(address))

    assert page.select_one("#name") is None
    assert "không còn trên màn hình" in page.get_text()
    assert page.select_one("#code") is not None


def test_the_sign_changes_every_30_seconds_and_each_is_taken_for_a_while(app, officer, hall, door, clock):
    with app.app_context():
        row, moment = _row(app), clock.now()
        signs = [sign_on_screen(row, moment + timedelta(seconds=30 * step)) for step in range(4)]

        assert len(set(signs)) == 4
        assert is_on_screen(row, signs[0].lower(), moment)
        assert is_on_screen(row, signs[0], moment + timedelta(seconds=60))
        assert not is_on_screen(row, signs[0], moment + timedelta(seconds=90))
        assert not is_on_screen(row, signs[1], moment), "nobody knows the next one"


@pytest.mark.parametrize("carried", ["", ".", "abc", "9999999999.", "9999999999.0", "²." + "0" * 32])
def test_a_pass_of_ones_own_making_is_none(app, door, clock, carried):
    with app.app_context():
        assert not is_pass_good(_row(app), carried, clock.now())


def test_a_pass_of_another_meeting_is_none(app, officer, hall, door, clock):
    with app.app_context():
        elsewhere = SelfCheckIn(meeting_id=hall.other_meeting, code="0123456789", opened_at=clock.now(), closed_at=None)
        carried = make_pass(elsewhere, clock.now())

        assert is_pass_good(elsewhere, carried, clock.now())
        assert not is_pass_good(_row(app), carried, clock.now())


# --- Opening and closing --------------------------------------------------------------------------


def test_until_it_is_opened_there_is_no_such_page(client, hall):
    assert client.get("/m/0123456789").status_code == 404
    assert client.post("/m/0123456789", data={"code": hall.code}).status_code == 404


def test_closed_it_sends_people_to_the_door_and_opened_again_the_paper_still_holds(app, client, officer, hall, door):
    officer.post(f"/meetings/{hall.meeting}/check-in/self", data={"close": "1"})

    answer = client.get(door)
    assert answer.status_code == 404
    assert "gặp cán bộ ở cửa" in answer.get_data(as_text=True)
    assert client.post(door, data={"code": hall.code}).status_code == 404

    officer.post(f"/meetings/{hall.meeting}/check-in/self")
    assert client.get(door).status_code == 200


@pytest.mark.parametrize("page", ["poster", "screen"])
def test_officers_get_the_qr_while_it_is_open(app, officer, hall, door, page):
    address = f"/meetings/{hall.meeting}/check-in/self/{page}"
    assert _page(officer.get(address)).select_one("svg.qr") is not None

    officer.post(f"/meetings/{hall.meeting}/check-in/self", data={"close": "1"})
    assert officer.get(address).location == f"/meetings/{hall.meeting}/check-in"


def test_a_meeting_called_off_is_not_opened(app, officer, hall):
    with app.app_context(), unit_of_work():
        db.session.get_one(Meeting, hall.meeting).status = MeetingStatus.CANCELLED

    officer.post(f"/meetings/{hall.meeting}/check-in/self")

    with app.app_context():
        assert db.session.scalars(sa.select(SelfCheckIn)).all() == []


def test_before_the_door_opens_it_says_when(app, client, hall, door, clock):
    clock.advance(days=-1)

    answer = client.post(door, data={"code": hall.code})

    assert answer.status_code == 422
    assert "Chưa mở điểm danh." in answer.get_data(as_text=True)


# --- Careful --------------------------------------------------------------------------------------


def test_the_page_loads_nothing_and_runs_nothing(client, door):
    answer = client.get(door)

    assert _page(answer).select("script, link[rel=stylesheet], img") == []
    assert "script-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(answer.get_data()) < 14_000


def test_a_form_that_another_site_sends_is_refused(app, client, hall, door):
    answer = client.post(door, data={"code": hall.code}, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 422
    assert _attendances(app) == []


def test_many_wrong_codes_must_wait(make_app, hall, door):
    client = make_app(RATELIMIT_ENABLED=True).test_client()

    answers = [client.post(door, data={"code": "ZZZZZZZZZZ"}).status_code for _try in range(32)]

    assert answers[:30] == [422] * 30
    assert answers[-1] == 429
