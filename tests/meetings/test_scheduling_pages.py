"""The pages that make, show and change meetings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.areas.models import Area
from eventmgr.checkin.models import Attendance
from eventmgr.checkin.values import Method
from eventmgr.core.access import Role
from eventmgr.core.audit import AuditEntry
from eventmgr.core.clock import FixedClock, instant_of, now
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import Meeting, Series
from eventmgr.meetings.values import MeetingStatus
from eventmgr.messaging.models import Message
from eventmgr.messaging.services import queue_batch
from eventmgr.messaging.values import BatchDetails, BatchKind, MessageState, Recipient
from eventmgr.plans.models import Topic
from tests.factories import hamlet_of, make_commune, make_household, make_invitation, make_meeting, make_plan

SignIn = Callable[..., FlaskClient]
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.fixture
def commune(app: Flask) -> Area:
    with app.app_context(), unit_of_work():
        commune = make_commune()
        for hamlet in commune.children:
            assert hamlet.id
    return commune


@pytest.fixture
def officer(login_as: SignIn, commune: Area) -> FlaskClient:
    return login_as(Role.OFFICER, commune)


def page(answer: Any) -> BeautifulSoup:
    return BeautifulSoup(answer.get_data(as_text=True), "lxml")


def series_form(commune: Area, **changes: Any) -> dict[str, Any]:
    return {
        "step": "preview",
        "request_key": "a-form-of-this-test",
        "title": "Hội nghị truyền thông về giảm nghèo",
        "hamlets": [str(hamlet.id) for hamlet in commune.children],
        "timing": "day",
        "first_day": "2023-06-15",
        "first_hour": "07:30",
        "length": "120",
        "a_day": "2",
        "hours_between": "3",
        "days_between": "1",
        "venue": "Nhà văn hóa thôn {thon}",
        "venue_short": "nhà văn hóa thôn",
        "audience": ["poor"],
        "unit": "household",
        "plan": "0",
    } | changes


def filled_in(answer: Any) -> dict[str, Any]:
    """The form of a page, as a browser would send it back."""
    values: dict[str, Any] = {}
    for box in page(answer).select("main form input[name]"):
        if box.get("type") in ("checkbox", "radio") and not box.has_attr("checked"):
            continue
        values.setdefault(str(box["name"]), []).append(box.get("value", ""))
    return values


def meeting_form(meeting: Meeting, **changes: Any) -> dict[str, Any]:
    return {
        "row_version": str(meeting.row_version),
        "title": meeting.title,
        "hamlets": [str(row.hamlet_id) for row in meeting.hamlet_rows],
        "day": "2023-06-20",
        "starts": "08:00",
        "ends": "10:00",
        "venue": meeting.venue,
        "unit": "household",
        "plan": "0",
    } | changes


# --- A series -----------------------------------------------------------------------------------


def test_the_form_offers_every_hamlet_ticked(officer: FlaskClient, commune: Area) -> None:
    ticked = page(officer.get("/meetings/new")).select("input[name=hamlets][checked]")

    assert {box["value"] for box in ticked} == {str(hamlet.id) for hamlet in commune.children}


def test_the_preview_shows_every_meeting_and_makes_none(app: Flask, officer: FlaskClient, commune: Area) -> None:
    answer = officer.post("/meetings/new", data=series_form(commune))

    rows = page(answer).select("tbody tr")
    times = [(row.select_one("input[type=date]")["value"], row.select_one("input[type=time]")["value"]) for row in rows]
    assert answer.status_code == 200
    assert times == [("2023-06-15", "07:30"), ("2023-06-15", "10:30"), ("2023-06-16", "07:30")]
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count(Meeting.id))) == 0


def test_all_are_made_with_what_was_changed_in_the_preview(app: Flask, officer: FlaskClient, commune: Area) -> None:
    form = filled_in(officer.post("/meetings/new", data=series_form(commune)))
    form |= {"step": "create", "slots-1-hour": "13:30", "slots-1-venue": "Sân trường"}

    answer = officer.post("/meetings/new", data=form)

    with app.app_context():
        series = db.session.scalars(sa.select(Series)).one()
        assert answer.location == f"/series/{series.id}"
        first, second, _third = series.meetings
        assert first.starts_at == datetime(2023, 6, 15, 7, 30, tzinfo=HANOI)
        assert first.ends_at == datetime(2023, 6, 15, 9, 30, tzinfo=HANOI)
        assert first.venue == f"Nhà văn hóa thôn {first.hamlets[0].name}"
        assert (first.venue_short, second.venue, second.venue_short) == ("nhà văn hóa thôn", "Sân trường", "")
        assert second.starts_at == datetime(2023, 6, 15, 13, 30, tzinfo=HANOI)
        assert {meeting.status for meeting in series.meetings} == {MeetingStatus.SCHEDULED}
        assert first.audience_classes == ["poor"]
    shown = page(officer.get(answer.location))
    assert len(shown.select("tbody tr")) == 3


def test_the_same_form_sent_twice_makes_one_series(app: Flask, officer: FlaskClient, commune: Area) -> None:
    form = filled_in(officer.post("/meetings/new", data=series_form(commune))) | {"step": "create"}

    first, second = officer.post("/meetings/new", data=form), officer.post("/meetings/new", data=form)

    assert first.location == second.location
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count(Series.id))) == 1
        assert db.session.scalar(sa.select(sa.func.count(Meeting.id))) == 3


def test_only_a_month_makes_tentative_meetings(app: Flask, officer: FlaskClient, commune: Area) -> None:
    data = series_form(commune, timing="month", month="2023-09", first_day="", first_hour="")
    form = filled_in(officer.post("/meetings/new", data=data)) | {"step": "create"}

    assert officer.post("/meetings/new", data=form).status_code == 302

    with app.app_context():
        meetings = db.session.scalars(sa.select(Meeting)).all()
        assert {(m.status, m.month, m.starts_at) for m in meetings} == {
            (MeetingStatus.TENTATIVE, date(2023, 9, 1), None)
        }


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"first_day": "2023-05-01"}, "first_day"),
        ({"first_day": "32/13/2023"}, "first_day"),
        ({"first_day": ""}, "first_day"),
        ({"first_hour": ""}, "first_hour"),
        ({"timing": "month", "month": "2023-01"}, "month"),
        ({"timing": "month", "month": ""}, "month"),
        ({"title": " "}, "title"),
        ({"hamlets": []}, "hamlets"),
        ({"hamlets": ["999"]}, "hamlets"),
        ({"a_day": "many"}, "a_day"),
        ({"a_day": "6", "hours_between": "6"}, "a_day"),
        ({"hours_between": "1"}, "hours_between"),
        ({"audience": ["rich"]}, "audience"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_is_told_beside_the_field_and_nothing_typed_is_lost(
    officer: FlaskClient, commune: Area, changes: dict[str, Any], field: str
) -> None:
    answer = officer.post("/meetings/new", data=series_form(commune, venue="Sân nhà {thon}", **changes))

    shown = page(answer)
    assert answer.status_code == 422
    assert shown.select_one(f"#{field}-error")
    assert shown.select_one("input[name=venue]")["value"] == "Sân nhà {thon}"
    assert shown.select_one("input[name=request_key]")["value"] == "a-form-of-this-test"


def test_a_row_in_the_past_is_told_on_its_row(app: Flask, officer: FlaskClient, commune: Area) -> None:
    form = filled_in(officer.post("/meetings/new", data=series_form(commune)))
    form |= {"step": "create", "slots-1-day": "2023-05-30", "slots-2-hour": "", "slots-0-venue": "Sân trường"}

    answer = officer.post("/meetings/new", data=form)

    shown = page(answer)
    assert answer.status_code == 422
    assert shown.select_one(".notice[role=alert]")
    assert shown.select_one("#slots-1-day-error")
    assert shown.select_one("#slots-2-hour-error")
    assert shown.select_one("input[name=slots-0-venue]")["value"] == "Sân trường"
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count(Meeting.id))) == 0


def test_a_hamlet_that_meets_at_that_hour_already_is_told_on_its_row(
    app: Flask, officer: FlaskClient, commune: Area
) -> None:
    with app.app_context(), unit_of_work():
        hamlet = db.session.merge(hamlet_of(commune, 1))
        make_meeting(hamlet, starts_at=datetime(2023, 6, 15, 11, 0, tzinfo=HANOI))
    form = filled_in(officer.post("/meetings/new", data=series_form(commune))) | {"step": "create"}

    answer = officer.post("/meetings/new", data=form)

    assert answer.status_code == 422
    assert page(answer).select_one("#slots-1-day-error")
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count(Series.id))) == 0


def test_a_plan_s_topics_come_with_it(app: Flask, officer: FlaskClient, commune: Area) -> None:
    with app.app_context(), unit_of_work():
        plan = make_plan(db.session.merge(commune))
        plan.topics = [Topic(name="Chính sách vay vốn")]
        db.session.flush()
        ids = (plan.id, plan.topics[0].id)

    assert page(officer.get("/meetings/new")).select_one("select[name=plan] option[selected]")["value"] == str(ids[0])
    bad = officer.post("/meetings/new", data=series_form(commune, topics=[str(ids[1])]))
    data = filled_in(bad) | {"step": "create"}
    assert officer.post("/meetings/new", data=data).status_code == 422
    data = filled_in(officer.post("/meetings/new", data=series_form(commune, plan=str(ids[0]), topics=[str(ids[1])])))
    assert officer.post("/meetings/new", data=data | {"step": "create"}).status_code == 302
    with app.app_context():
        assert [[topic.id for topic in m.topics] for m in db.session.scalars(sa.select(Meeting))] == [[ids[1]]] * 3


# --- Looking ------------------------------------------------------------------------------------


def test_the_list_is_empty_with_a_way_on(officer: FlaskClient) -> None:
    assert page(officer.get("/meetings")).select_one(".empty a[href='/meetings/new']")


def make_three(app: Flask, commune: Area) -> dict[str, int]:
    with app.app_context(), unit_of_work():
        first, second = (db.session.merge(hamlet_of(commune, place)) for place in (0, 1))
        coming = make_meeting(first, starts_at=datetime(2023, 6, 15, 7, 30, tzinfo=HANOI))
        past = make_meeting(
            second, starts_at=datetime(2023, 5, 20, 7, 30, tzinfo=HANOI), status=MeetingStatus.HELD, title="Đã họp"
        )
        tentative = make_meeting(
            second, status=MeetingStatus.TENTATIVE, starts_at=datetime(2023, 6, 1, tzinfo=HANOI), title="Dự kiến"
        )
        tentative.starts_at, tentative.ends_at, tentative.month = None, None, date(2023, 9, 1)
        db.session.flush()
        return {"coming": coming.id, "past": past.id, "tentative": tentative.id, "second": second.id}


def listed(answer: Any) -> set[int]:
    return {int(str(link["href"]).rsplit("/", 1)[1]) for link in page(answer).select("tbody th a")}


def test_the_list_filters_by_the_url(app: Flask, officer: FlaskClient, commune: Area) -> None:
    ids = make_three(app, commune)

    assert listed(officer.get("/meetings")) == {ids["coming"], ids["tentative"]}
    assert listed(officer.get("/meetings?when=past")) == {ids["past"]}
    assert listed(officer.get("/meetings?when=all")) == {ids["coming"], ids["tentative"], ids["past"]}
    assert listed(officer.get(f"/meetings?hamlet={ids['second']}")) == {ids["past"], ids["tentative"]}
    assert listed(officer.get("/meetings?status=held")) == {ids["past"]}
    assert listed(officer.get("/meetings?month=2023-09")) == {ids["tentative"]}
    assert listed(officer.get("/meetings?month=nonsense&plan=7")) == set()


def test_the_calendar_shows_a_meeting_on_its_day_and_a_tentative_one_below(
    app: Flask, officer: FlaskClient, commune: Area
) -> None:
    ids = make_three(app, commune)

    june, september = page(officer.get("/meetings/calendar")), page(officer.get("/meetings/calendar?month=2023-09"))

    day = june.select_one(f".calendar-day:has(a[href='/meetings/{ids['coming']}'])")
    assert day is not None
    assert "15/6/2023" in day.get_text()
    assert len(june.select("thead th")) == 7
    assert september.select_one(f"#without-day a[href='/meetings/{ids['tentative']}']")


def test_a_hamlet_head_sees_the_own_hamlet_and_changes_nothing(app: Flask, login_as: SignIn, commune: Area) -> None:
    ids = make_three(app, commune)
    head = login_as(Role.HAMLET_HEAD, hamlet_of(commune, 0))

    assert listed(head.get("/meetings?when=all")) == {ids["coming"]}
    shown = page(head.get(f"/meetings/{ids['coming']}"))
    assert not shown.select("a[href$='/edit'], a[href$='/cancel']")
    assert head.get(f"/meetings/{ids['past']}").status_code == 404
    assert head.get(f"/meetings/{ids['coming']}/edit").status_code == 403
    assert head.get("/meetings/new").status_code == 403


def test_a_meeting_of_another_commune_is_not_there(app: Flask, login_as: SignIn, commune: Area) -> None:
    ids = make_three(app, commune)
    with app.app_context(), unit_of_work():
        other = make_commune("Xã Khác", "06218")
    stranger = login_as(Role.OFFICER, other)

    for path in ("", "/edit", "/cancel", "/minutes"):
        assert stranger.get(f"/meetings/{ids['coming']}{path}").status_code == 404
    assert stranger.post(f"/meetings/{ids['coming']}/held").status_code == 404
    assert stranger.get("/series/999").status_code == 404


# --- Changing -----------------------------------------------------------------------------------


def make_one(app: Flask, commune: Area, *, invited: bool = False, **details: Any) -> Meeting:
    with app.app_context(), unit_of_work():
        hamlet = db.session.merge(hamlet_of(commune))
        meeting = make_meeting(hamlet, **{"starts_at": instant_of(date(2023, 6, 15), time(7, 30))} | details)
        if invited:
            make_invitation(meeting, make_household(hamlet))
        assert meeting.hamlet_rows
    return meeting


def again(app: Flask, meeting: Meeting) -> Meeting:
    with app.app_context():
        found = db.session.get(Meeting, meeting.id)
        assert found is not None
        return found


def test_a_joint_meeting_is_made_by_itself(app: Flask, officer: FlaskClient, commune: Area) -> None:
    hamlets = [str(hamlet.id) for hamlet in commune.children[:2]]
    data = {"title": "Họp liên thôn", "hamlets": hamlets, "day": "2023-06-20", "starts": "08:00"}

    answer = officer.post("/meetings/new/one", data=data | {"unit": "household", "plan": "0"})

    shown = page(officer.get(answer.location))
    assert answer.status_code == 302
    assert shown.select_one("h1").get_text() == "Họp liên thôn"
    assert all(hamlet.name in shown.get_text() for hamlet in commune.children[:2])


def test_a_meeting_that_moves_after_inviting_remembers_the_old_time(
    app: Flask, officer: FlaskClient, commune: Area
) -> None:
    meeting = make_one(app, commune, invited=True)

    answer = officer.post(f"/meetings/{meeting.id}/edit", data=meeting_form(meeting))

    now_saved = again(app, meeting)
    assert answer.status_code == 302
    assert now_saved.starts_at == datetime(2023, 6, 20, 8, 0, tzinfo=HANOI)
    assert now_saved.moved_from == datetime(2023, 6, 15, 7, 30, tzinfo=HANOI)
    with app.app_context():
        entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "change_meeting")).one()
        assert "starts_at" in (entry.before or {})
        assert "title" not in (entry.before or {})


def test_a_meeting_nobody_is_invited_to_just_moves(app: Flask, officer: FlaskClient, commune: Area) -> None:
    meeting = make_one(app, commune)

    officer.post(f"/meetings/{meeting.id}/edit", data=meeting_form(meeting))

    assert again(app, meeting).moved_from is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"day": "2023-05-01"}, "day"),
        ({"ends": "07:00"}, "ends"),
        ({"starts": ""}, "starts"),
        ({"day": "", "starts": "", "ends": ""}, "day"),
        ({"day": "", "starts": "", "ends": "", "month": "2023-02"}, "month"),
        ({"hamlets": []}, "hamlets"),
        ({"unit": "persons"}, "unit"),
        ({"unit": "everyone"}, "unit"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_change_is_told_beside_the_field(
    app: Flask, officer: FlaskClient, commune: Area, changes: dict[str, Any], field: str
) -> None:
    meeting = make_one(app, commune, invited=True)

    answer = officer.post(f"/meetings/{meeting.id}/edit", data=meeting_form(meeting, venue="Sân trường", **changes))

    shown = page(answer)
    assert answer.status_code == 422
    assert shown.select_one(f"#{field}-error")
    assert shown.select_one("input[name=venue]")["value"] == "Sân trường"
    assert again(app, meeting).row_version == meeting.row_version


def test_a_hamlet_with_invitations_stays_on_the_meeting(app: Flask, officer: FlaskClient, commune: Area) -> None:
    meeting = make_one(app, commune, invited=True)
    other = [str(hamlet_of(commune, 1).id)]

    answer = officer.post(f"/meetings/{meeting.id}/edit", data=meeting_form(meeting, hamlets=other))

    assert answer.status_code == 422
    assert page(answer).select_one("#hamlets-error")


def test_a_change_that_came_second_is_told_and_keeps_what_was_typed(
    app: Flask, officer: FlaskClient, login_as: SignIn, commune: Area
) -> None:
    meeting = make_one(app, commune)
    colleague = login_as(Role.OFFICER, commune)
    colleague.post(f"/meetings/{meeting.id}/edit", data=meeting_form(meeting, venue="Sân trường"))

    answer = officer.post(f"/meetings/{meeting.id}/edit", data=meeting_form(meeting, venue="Sân ủy ban"))

    shown = page(answer)
    assert answer.status_code == 409
    assert shown.select_one("input[name=venue]")["value"] == "Sân ủy ban"
    assert "Sân trường" in shown.select_one(".notice").get_text()
    assert again(app, meeting).venue == "Sân trường"

    knowing = filled_in(answer) | {"unit": "household", "plan": "0"}
    assert officer.post(f"/meetings/{meeting.id}/edit", data=knowing).status_code == 302
    assert again(app, meeting).venue == "Sân ủy ban"


def test_calling_off_needs_a_reason_and_is_final(app: Flask, officer: FlaskClient, commune: Area) -> None:
    meeting = make_one(app, commune, invited=True)
    address = f"/meetings/{meeting.id}/cancel"

    assert officer.post(address, data={"reason": " "}).status_code == 422
    assert officer.post(address, data={"reason": "Mưa lũ"}).status_code == 302
    assert officer.post(address, data={"reason": "Mưa lũ"}).status_code == 422
    assert officer.get(f"/meetings/{meeting.id}/edit").status_code == 422

    assert again(app, meeting).status == MeetingStatus.CANCELLED
    assert "Mưa lũ" in page(officer.get(f"/meetings/{meeting.id}")).get_text()


def test_a_meeting_goes_its_way_to_the_end(app: Flask, officer: FlaskClient, commune: Area, clock: FixedClock) -> None:
    meeting = make_one(app, commune, invited=True)
    address = f"/meetings/{meeting.id}"
    assert officer.post(f"{address}/held").status_code == 422

    clock.instant += timedelta(days=15)
    assert page(officer.get(address)).select_one(".page-actions form[action$='/held'] .btn-primary")
    officer.post(f"{address}/held")
    assert page(officer.get(address)).select_one(".page-actions a[href$='/minutes'].btn-primary")
    version = again(app, meeting).row_version
    officer.post(f"{address}/minutes", data={"summary": "Phổ biến chính sách.\nGiải đáp.", "row_version": version})
    assert again(app, meeting).summary == "Phổ biến chính sách.\nGiải đáp."
    officer.post(f"{address}/close")
    assert again(app, meeting).status == MeetingStatus.CLOSED
    assert officer.get(f"{address}/minutes").status_code == 422
    officer.post(f"{address}/reopen")

    assert again(app, meeting).status == MeetingStatus.HELD
    with app.app_context():
        actions = list(
            db.session.scalars(sa.select(AuditEntry.action).where(AuditEntry.record == f"meeting:{meeting.id}"))
        )
    assert actions == ["mark_held", "write_summary", "close_meeting", "reopen_meeting"]


def test_minutes_of_two_people_do_not_overwrite_each_other(app: Flask, officer: FlaskClient, commune: Area) -> None:
    meeting = make_one(app, commune, status=MeetingStatus.HELD)
    address = f"/meetings/{meeting.id}/minutes"
    officer.post(address, data={"summary": "Bản thứ nhất", "row_version": meeting.row_version})

    answer = officer.post(address, data={"summary": "Bản thứ hai", "row_version": meeting.row_version})

    assert answer.status_code == 409
    assert "Bản thứ hai" in page(answer).select_one("textarea").get_text()
    assert again(app, meeting).summary == "Bản thứ nhất"


# --- Messages that still wait -------------------------------------------------------------------


def queue_reminder(app: Flask, meeting: Meeting) -> None:
    with app.app_context(), unit_of_work():
        queue_batch(
            BatchDetails(
                area_id=meeting.area_id,
                subject=f"meeting:{meeting.id}",
                title="Nhắc họp",
                kind=BatchKind.REMIND,
                texts={"remind": "nhac lai: moi ba con du hop thon"},
                expires_at=meeting.starts_at,
            ),
            [Recipient("+84912345678", "household:1", "nhac lai: moi ba con du hop thon")],
            by=None,
            now=now(),
        )


def message_states(app: Flask) -> list[MessageState]:
    with app.app_context():
        return list(db.session.scalars(sa.select(Message.state)))


@pytest.mark.parametrize("changes", [{}, {"day": "2023-06-15", "starts": "07:30", "ends": "09:30", "venue": "Sân"}])
def test_a_reminder_that_tells_the_old_time_or_place_is_withdrawn(
    app: Flask, officer: FlaskClient, commune: Area, changes: dict[str, str]
) -> None:
    meeting = make_one(app, commune)
    queue_reminder(app, meeting)

    answer = officer.post(f"/meetings/{meeting.id}/edit", data=meeting_form(meeting, **changes))

    assert answer.status_code == 302
    assert message_states(app) == [MessageState.WITHDRAWN]
    assert len(page(officer.get(answer.location)).select(".flashes .notice")) == 2


def test_a_reminder_stays_when_only_the_title_changes(app: Flask, officer: FlaskClient, commune: Area) -> None:
    meeting = make_one(app, commune)
    queue_reminder(app, meeting)
    same = {"day": "2023-06-15", "starts": "07:30", "ends": "09:30", "title": "Tên khác"}

    officer.post(f"/meetings/{meeting.id}/edit", data=meeting_form(meeting, **same))

    assert message_states(app) == [MessageState.QUEUED]


def test_calling_off_withdraws_what_still_waits(app: Flask, officer: FlaskClient, commune: Area) -> None:
    meeting = make_one(app, commune)
    queue_reminder(app, meeting)

    officer.post(f"/meetings/{meeting.id}/cancel", data={"reason": "Mưa lũ"})

    assert message_states(app) == [MessageState.WITHDRAWN]


# --- Weight -------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/meetings?when=all", "/meetings/calendar", "/series/1"])
def test_more_meetings_ask_no_more_questions(app: Flask, officer: FlaskClient, commune: Area, address: str) -> None:
    def add_meetings(days: range) -> None:
        with app.app_context(), unit_of_work():
            place = db.session.merge(commune)
            series = db.session.get(Series, 1) or Series(area=place, title="Đợt mẫu", created_at=now())
            for day in days:
                hamlet = db.session.merge(hamlet_of(commune, day % 3))
                meeting = make_meeting(hamlet, series=series, starts_at=instant_of(date(2023, 6, day), time(7, 30)))
                make_invitation(meeting, make_household(hamlet))

    def questions() -> int:
        asked: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            asked.append(statement)

        with app.app_context():
            engine = db.engine
        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            assert officer.get(address).status_code == 200
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)
        return len(asked)

    add_meetings(range(5, 7))
    few = questions()
    add_meetings(range(7, 20))

    assert questions() == few


# --- One like it ----------------------------------------------------------------------------------


def test_a_meeting_like_another_has_its_words_and_nobody_invited_or_present(
    app: Flask, login_as: SignIn, commune: Area, clock: FixedClock
) -> None:
    with app.app_context(), unit_of_work():
        hamlet = hamlet_of(db.session.get_one(Area, commune.id))
        old = make_meeting(hamlet, title="Họp thôn Một", venue="Nhà văn hóa Nà Ví Dụ", directions="cạnh trường")
        household = make_household(hamlet, "Nông Văn Ánh")
        invitation = make_invitation(old, household)
        db.session.add(
            Attendance(
                meeting_id=old.id,
                household_id=household.id,
                invitation_id=invitation.id,
                method=Method.LIST,
                attended_at=clock.now(),
            )
        )
        old_id, hamlet_id = old.id, hamlet.id
    officer = login_as(Role.OFFICER, commune.id)

    page = BeautifulSoup(officer.get(f"/meetings/{old_id}").get_data(as_text=True), "html.parser")
    link = page.find("a", string=lambda text: bool(text) and "Tạo hội nghị tương tự" in text)
    url = link["href"] if link else page.select_one("a[href*='like=']")["href"]  # type: ignore[index]
    form = BeautifulSoup(officer.get(str(url)).get_data(as_text=True), "html.parser")
    assert form.select_one("#title")["value"] == "Họp thôn Một"  # type: ignore[index]
    assert form.select_one("#directions")["value"] == "cạnh trường"  # type: ignore[index]
    assert form.select_one("#day").get("value", "") == ""  # type: ignore[union-attr]
    answer = officer.post(
        str(url),
        data={
            "title": "Họp thôn Một",
            "hamlets": [hamlet_id],
            "day": (clock.now() + timedelta(days=30)).date().isoformat(),
            "starts": "07:30",
            "ends": "09:30",
            "venue": "Nhà văn hóa Nà Ví Dụ",
            "unit": "household",
            "plan": "0",
        },
    )

    assert answer.status_code == 302, answer.get_data(as_text=True)
    with app.app_context():
        new = db.session.scalars(sa.select(Meeting).where(Meeting.id != old_id)).one()
        assert (new.title, new.status, new.invitations) == ("Họp thôn Một", MeetingStatus.SCHEDULED, [])
        assert db.session.scalars(sa.select(Attendance.meeting_id)).all() == [old_id]


def test_another_communes_meeting_is_no_model(app: Flask, login_as: SignIn, commune: Area) -> None:
    with app.app_context(), unit_of_work():
        theirs = make_meeting(hamlet_of(make_commune("Xã Khác", "09999"))).id

    assert login_as(Role.OFFICER, commune.id).get(f"/meetings/new/one?like={theirs}").status_code == 404
