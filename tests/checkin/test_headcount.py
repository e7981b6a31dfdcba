"""People counted in the hall: a number and a reason beside the list, never instead of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.checkin.models import Attendance, Headcount
from eventmgr.core.access import Role
from eventmgr.core.audit import AuditEntry
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.values import MeetingStatus
from eventmgr.reports.queries.papers import meeting_figures
from eventmgr.reports.values import MeetingFigures
from tests.checkin.conftest import Hall

Send = Callable[..., dict[str, Any]]


@pytest.fixture
def officer(login_as: Callable[..., FlaskClient], hall: Hall) -> FlaskClient:
    """An officer of the commune."""
    return login_as(Role.OFFICER, hall.commune)


def count(client: FlaskClient, hall: Hall, status: int = 200, **form: Any) -> BeautifulSoup:
    answer = client.post(f"/meetings/{hall.meeting}/check-in/headcount", data=form, follow_redirects=True)
    assert answer.status_code == status
    return BeautifulSoup(answer.get_data(as_text=True), "html.parser")


def figures(app: Flask, hall: Hall) -> MeetingFigures:
    with app.app_context():
        (told,) = meeting_figures(Meeting.id == hall.meeting)
        return told


def test_a_count_stands_beside_the_list_on_the_board_and_in_the_report(
    app: Flask, officer: FlaskClient, hall: Hall, scan: Send
) -> None:
    scan(code=hall.code)

    board = count(officer, hall, number="1.033", reason="hết giấy ký")

    card = board.select_one("#headcount")
    assert card is not None
    assert "1.033" in card.get_text()
    assert "hết giấy ký" in card.get_text()
    told = figures(app, hall)
    assert (told.headcount, told.headcount_reason) == (1033, "hết giấy ký")
    assert told.turnout.attendances.total == 1
    with app.app_context():
        assert len(db.session.scalars(sa.select(Attendance)).all()) == 1


def test_the_paper_page_takes_it_too_and_shows_it(officer: FlaskClient, hall: Hall) -> None:
    page = count(officer, hall, number="33", reason="một người đến muộn", **{"from": "paper"})

    assert page.select_one("form[data-module='checkin/paper']") is not None
    assert page.select_one("#headcount-number")["value"] == "33"  # type: ignore[index]


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({"number": "33", "reason": " "}, "reason"),
        ({"number": "", "reason": "hết giấy ký"}, "number"),
        ({"number": "-3", "reason": "hết giấy ký"}, "number"),
        ({"number": "ba mươi", "reason": ""}, "number"),
    ],
)
def test_a_count_needs_a_number_and_a_reason_and_loses_neither(
    app: Flask, officer: FlaskClient, hall: Hall, form: dict[str, str], wrong: str
) -> None:
    page = count(officer, hall, 422, **form)

    said = page.select(".field-error")
    assert [error["id"] for error in said] == [f"headcount-{wrong}-error"]
    assert said[0].get_text().strip()
    typed = {name: page.select_one(f"#headcount-{name}")["value"] for name in form}  # type: ignore[index]
    assert typed == form
    assert figures(app, hall).headcount is None


def test_a_refused_count_leads_back_to_the_paper_it_came_from(officer: FlaskClient, hall: Hall) -> None:
    page = count(officer, hall, 422, number="33", **{"from": "paper"})

    assert page.select_one("input[name=from]")["value"] == "paper"  # type: ignore[index]


def test_a_later_count_replaces_it_and_each_is_audited(app: Flask, officer: FlaskClient, hall: Hall) -> None:
    count(officer, hall, number="33", reason="a")
    count(officer, hall, number="34", reason="b")
    count(officer, hall, clear="1")

    told = figures(app, hall)
    assert (told.headcount, told.headcount_reason) == (None, "")
    with app.app_context():
        entries = db.session.scalars(
            sa.select(AuditEntry).where(AuditEntry.action == "set_headcount").order_by(AuditEntry.id)
        ).all()
        assert [entry.after and entry.after.get("number") for entry in entries] == [33, 34, None]
        assert len(db.session.scalars(sa.select(Headcount)).all()) == 1


def test_a_closed_meeting_keeps_its_count(app: Flask, officer: FlaskClient, hall: Hall) -> None:
    count(officer, hall, number="33", reason="a")
    with app.app_context(), unit_of_work():
        db.session.get_one(Meeting, hall.meeting).status = MeetingStatus.CLOSED

    count(officer, hall, 422, number="50", reason="b")

    assert figures(app, hall).headcount == 33


def test_a_hamlet_head_counts_the_own_hall_only(login_as: Callable[..., FlaskClient], hall: Hall) -> None:
    count(login_as(Role.HAMLET_HEAD, hall.hamlet), hall, number="33", reason="a")
    count(login_as(Role.HAMLET_HEAD, hall.other_hamlet), hall, 404, number="34", reason="a")
