"""What people ask about their data: days counted by the rule, answers, one extension, refusals with a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.audit import AuditEntry
from eventmgr.core.clock import FixedClock, now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.holidays import add_days, add_working_days, keep_fixed_holidays, keep_holiday
from eventmgr.residents.models import DataRequest
from eventmgr.residents.rights import DEADLINES, Evidence, Refusal, RequestDetails, RequestKind, RequestState
from eventmgr.residents.services.requests import (
    ExtendedAlready,
    ReasonMissing,
    RequestClosed,
    answer_request,
    due_days,
    extend_request,
    finish_request,
    refuse_request,
    register_request,
)
from tests.factories import hamlet_of, make_commune, make_household

Login = Callable[..., FlaskClient]

HOLIDAYS = {date(2023, 5, 1), date(2023, 5, 2), date(2023, 5, 3), date(2023, 4, 29), date(2023, 4, 30)}


@pytest.mark.parametrize(
    ("day", "count", "end"),
    [
        (date(2023, 6, 1), 2, date(2023, 6, 5)),  # Thursday: Friday, then Monday
        (date(2023, 6, 2), 2, date(2023, 6, 6)),  # Friday
        (date(2023, 6, 3), 1, date(2023, 6, 5)),  # Saturday
        (date(2023, 4, 28), 2, date(2023, 5, 5)),  # over five free days
    ],
    ids=["over a weekend", "from a Friday", "from a Saturday", "over holidays"],
)
def test_working_days_skip_weekends_and_holidays(day: date, count: int, end: date) -> None:
    assert add_working_days(day, count, HOLIDAYS) == end


@pytest.mark.parametrize(
    ("day", "count", "end"),
    [
        (date(2023, 6, 1), 15, date(2023, 6, 16)),
        (date(2023, 6, 1), 10, date(2023, 6, 12)),  # the 11th is a Sunday
        (date(2023, 4, 19), 10, date(2023, 5, 4)),  # the 29th begins five free days
    ],
    ids=["a working day", "a Sunday", "a holiday"],
)
def test_a_period_that_ends_on_a_free_day_goes_on_to_the_next_working_day(day: date, count: int, end: date) -> None:
    assert add_days(day, count, HOLIDAYS) == end


@pytest.mark.parametrize(
    ("kind", "days", "with_processor"),
    [
        (RequestKind.WITHDRAW, 15, 20),
        (RequestKind.RESTRICT, 15, 20),
        (RequestKind.OBJECT, 15, 20),
        (RequestKind.ACCESS, 10, 15),
        (RequestKind.CORRECT, 10, 15),
        (RequestKind.PROVIDE, 10, 15),
        (RequestKind.ERASE, 20, 30),
    ],
)
def test_each_kind_has_the_days_of_the_decree(kind: RequestKind, days: int, with_processor: int) -> None:
    assert (DEADLINES[kind].days, DEADLINES[kind].with_processor) == (days, with_processor)


@pytest.fixture
def commune(app: Flask) -> Area:
    with app.app_context(), unit_of_work():
        return make_commune()


def _register(commune_id: int, **details: object) -> DataRequest:
    commune = db.session.get_one(Area, commune_id)
    said = {
        "kind": RequestKind.ERASE,
        "requester": "Nông Văn Ánh",
        "received_on": date(2023, 6, 1),
        "received_by": Evidence.PAPER,
    } | details
    return register_request(commune, RequestDetails(**said), by=None, now=now())  # type: ignore[arg-type]


def test_holidays_in_the_table_move_the_due_days(app: Flask, commune: Area) -> None:
    with app.app_context(), unit_of_work():
        before = due_days(RequestKind.ACCESS, date(2023, 6, 1), with_processor=False)
        keep_holiday(date(2023, 6, 2), "Ngày nghỉ mẫu", "Thông báo mẫu", by=None, now=now())
        keep_holiday(date(2023, 6, 12), "Ngày nghỉ mẫu", "Thông báo mẫu", by=None, now=now())
        after = due_days(RequestKind.ACCESS, date(2023, 6, 1), with_processor=False)

    assert before == (date(2023, 6, 5), date(2023, 6, 12))
    assert after == (date(2023, 6, 6), date(2023, 6, 13))


def test_the_fixed_holidays_of_a_year_are_entered_once_with_their_source(app: Flask) -> None:
    with app.app_context(), unit_of_work():
        keep_fixed_holidays(2024, by=None, now=now())
        keep_fixed_holidays(2024, by=None, now=now())
        rows = db.session.execute(sa.text("SELECT day, source FROM public_holiday ORDER BY day")).all()

    assert [str(day)[5:] for day, _source in rows] == ["01-01", "04-30", "05-01", "09-02"]
    assert all("Điều 112" in source for _day, source in rows)


def test_a_request_is_extended_once_by_as_many_days(app: Flask, commune: Area) -> None:
    with app.app_context(), unit_of_work():
        request = _register(commune.id)
        assert request.due_on == date(2023, 6, 21)

        extend_request(request, "Chờ nhà cung cấp tin nhắn", by=None, now=now())

        assert request.due_on == date(2023, 7, 11)
        with pytest.raises(ExtendedAlready):
            extend_request(request, "Lần nữa", by=None, now=now())


def test_a_refusal_needs_its_reason_and_closes_the_request(app: Flask, commune: Area) -> None:
    with app.app_context(), unit_of_work():
        request = _register(commune.id)
        with pytest.raises(ReasonMissing):
            refuse_request(request, Refusal.PUBLIC_TASK, "  ", by=None, now=now())

        refuse_request(request, Refusal.PUBLIC_TASK, "Danh sách theo quyết định còn hiệu lực", by=None, now=now())

        assert (request.state, request.refusal, request.closed_on) == (
            RequestState.REFUSED,
            Refusal.PUBLIC_TASK,
            date(2023, 6, 1),
        )
        with pytest.raises(RequestClosed):
            finish_request(request, "Xong", by=None, now=now())


def test_each_step_is_audited_without_the_name(app: Flask, commune: Area) -> None:
    with app.app_context(), unit_of_work():
        request = _register(commune.id)
        answer_request(request, by=None, now=now())
        finish_request(request, "Đã xóa", by=None, now=now())
        entries = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.record.startswith("data_request:"))).all()

    assert [entry.action for entry in entries] == ["register_request", "answer_request", "finish_request"]
    assert "Ánh" not in str([entry.after for entry in entries])


def test_an_officer_enters_answers_and_finishes_a_request(
    app: Flask, login_as: Login, commune: Area, clock: FixedClock
) -> None:
    officer = login_as(Role.OFFICER, commune)
    entered = officer.post(
        "/personal-data/requests/new",
        data={
            "commune": commune.id,
            "requester": "Nông Văn Ánh",
            "kind": "access",
            "received_on": "2023-05-31",
            "received_by": "call",
        },
    )
    page = entered.headers["Location"]

    assert "Nông Văn Ánh" in officer.get("/personal-data/requests").text
    assert "2/6/2023" in officer.get(page).text
    officer.post(page + "/answer")
    wrong = officer.post(page + "/finish", data={"outcome": ""})
    assert wrong.status_code == 422
    officer.post(page + "/finish", data={"outcome": "Đã gửi bản sao"})
    with app.app_context():
        request = db.session.scalars(sa.select(DataRequest)).one()
        assert (request.state, request.answered_on) == (RequestState.DONE, date(2023, 6, 1))
    assert "Nông Văn Ánh" not in officer.get("/personal-data/requests").text
    assert "Nông Văn Ánh" in officer.get("/personal-data/requests?show=all").text


def test_today_shows_what_is_to_be_answered_and_what_is_due(
    app: Flask, login_as: Login, commune: Area, clock: FixedClock
) -> None:
    with app.app_context(), unit_of_work():
        make_household(hamlet_of(db.session.get_one(Area, commune.id)))
        request_id = _register(commune.id).id
    officer = login_as(Role.OFFICER, commune)
    address = f"/personal-data/requests/{request_id}"

    assert address in officer.get("/").text
    officer.post(address + "/answer")
    assert address not in officer.get("/").text
    clock.advance(days=18)
    assert address in login_as(Role.OFFICER, commune).get("/").text
    assert address not in login_as(Role.LEADER, commune).get("/").text


@pytest.mark.parametrize("role", [Role.LEADER, Role.HAMLET_HEAD, Role.VIEWER])
def test_only_officers_keep_the_register(login_as: Login, commune: Area, role: Role) -> None:
    assert login_as(role, commune).get("/personal-data/requests").status_code == 403


def test_the_administrator_enters_a_holiday_and_an_officer_only_reads(
    login_as: Login, commune: Area, app: Flask
) -> None:
    day = {"day": "2023-06-02", "name": "Ngày nghỉ mẫu", "source": "Thông báo mẫu"}

    login_as(Role.OFFICER, commune).post("/personal-data/holidays", data=day)
    with app.app_context():
        assert db.session.execute(sa.text("SELECT count(*) FROM public_holiday")).scalar() == 0
    administrator = login_as(Role.ADMINISTRATOR, commune)
    administrator.post("/personal-data/holidays", data=day)
    assert "Thông báo mẫu" in administrator.get("/personal-data/holidays?year=2023").text
    administrator.post("/personal-data/holidays/remove", data={"day": "2023-06-02"})
    assert "Thông báo mẫu" not in administrator.get("/personal-data/holidays?year=2023").text
