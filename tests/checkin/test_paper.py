"""The attendance sheet: numbered once, printed, signed, written down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.areas.models import Area
from eventmgr.checkin.models import Attendance, Scan
from eventmgr.checkin.services.paper import number_sheet
from eventmgr.checkin.sheet import NumbersUnclear, SheetRow, read_numbers, sheet_rows
from eventmgr.checkin.values import Method, Signed
from eventmgr.core.access import Role, Scope
from eventmgr.core.audit import AuditEntry
from eventmgr.core.clock import FixedClock
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.values import MeetingStatus
from eventmgr.residents.models import Household, Resident
from eventmgr.residents.services.merging import merge_households
from eventmgr.residents.values import Gender
from tests.checkin.conftest import Hall
from tests.factories import make_household, make_invitation

SignIn = Callable[..., FlaskClient]


# --- Row numbers as they are typed ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", set()),
        ("3", {3}),
        ("1-4", {1, 2, 3, 4}),
        ("1-2, 4", {1, 2, 4}),
        ("1 2;4", {1, 2, 4}),
        (" 2 – 4 ,1,", {1, 2, 3, 4}),
        ("007", {7}),
        ("4-4", {4}),
    ],
)
def test_rows_are_typed_as_numbers_and_runs(typed, meant):
    assert read_numbers(typed, range(1, 10)) == meant


@pytest.mark.parametrize(
    ("typed", "part"), [("4-1", "4-1"), ("1, x", "x"), ("12", "12"), ("8-12", "8-12"), ("1--2", "1--2"), ("-3", "-3")]
)
def test_what_is_no_row_is_named(typed, part):
    with pytest.raises(NumbersUnclear) as caught:
        read_numbers(typed, range(1, 10))

    assert caught.value.part == part


def test_a_run_passes_over_rows_of_another_hamlet():
    assert read_numbers("1-9", [1, 2, 8, 9]) == {1, 2, 8, 9}


# --- The sheet ------------------------------------------------------------------------------------


def rows_of(app: Flask, hall: Hall) -> list[SheetRow]:
    with app.app_context(), unit_of_work():
        meeting = db.session.get_one(Meeting, hall.meeting)
        number_sheet(meeting)
        return sheet_rows(meeting, Scope((db.session.get_one(Area, hall.commune).path,)))


def test_each_invited_household_has_a_line_and_guests_come_last(app, hall):
    rows = rows_of(app, hall)

    assert [(row.number, row.name, row.represents) for row in rows] == [
        (1, "Nông Văn Ánh", True),
        (2, "Hoàng Thị Đào", True),
        (3, rows[2].name, False),
    ]
    assert rows[2].guest_id == hall.guest


def test_numbers_once_given_stay_and_later_invitations_come_at_the_end(app, hall):
    before = rows_of(app, hall)
    with app.app_context(), unit_of_work():
        first_by_name = make_household(db.session.get_one(Area, hall.hamlet), "An Thị Ánh")
        make_invitation(db.session.get_one(Meeting, hall.meeting), first_by_name)

    after = rows_of(app, hall)

    assert after[: len(before)] == before
    assert [(row.number, row.name) for row in after[len(before) :]] == [(4, "An Thị Ánh")]


def test_persons_named_have_a_line_each(app, hall):
    with app.app_context(), unit_of_work():
        household = make_household(db.session.get_one(Area, hall.hamlet), "Lô Văn Thìn", members=("Lô Thị Tỵ",))
        make_invitation(db.session.get_one(Meeting, hall.meeting), household, named=tuple(household.members))

    assert [(row.name, row.represents) for row in rows_of(app, hall)][2:4] == [
        ("Lô Văn Thìn", False),
        ("Lô Thị Tỵ", False),
    ]


def test_a_household_written_down_twice_keeps_both_lines_for_the_one_it_is(app, hall, clock):
    rows_of(app, hall)
    with app.app_context(), unit_of_work():
        kept, dropped = (db.session.get_one(Household, one) for one in (hall.household, hall.second_household))
        merge_households(kept, dropped, by=None, now=clock.now())

    rows = rows_of(app, hall)

    assert [row.number for row in rows] == [1, 2, 3]
    assert {row.household_id for row in rows[:2]} == {hall.household}


# --- Writing it down ------------------------------------------------------------------------------


@pytest.fixture
def officer(login_as: SignIn, hall: Hall) -> FlaskClient:
    """An officer of the commune."""
    return login_as(Role.OFFICER, hall.commune)


@pytest.fixture
def after_the_meeting(hall: Hall, clock: FixedClock) -> FixedClock:
    """The day after, when the sheet lies on the officer's desk."""
    clock.advance(days=1)
    return clock


def write_down(client: FlaskClient, hall: Hall, status: int = 302, **form: Any) -> BeautifulSoup:
    answer = client.post(f"/meetings/{hall.meeting}/check-in/paper", data={"form_id": "this form"} | form)
    assert answer.status_code == status, answer.get_data(as_text=True)
    if status == 302:
        answer = client.get(answer.location)
    return BeautifulSoup(answer.get_data(as_text=True), "html.parser")


def attendances(app: Flask) -> list[Attendance]:
    with app.app_context():
        return list(db.session.scalars(sa.select(Attendance).order_by(Attendance.id)))


def test_rows_by_number_came_when_the_meeting_began(app, officer, hall, after_the_meeting):
    rows_of(app, hall)

    write_down(officer, hall, numbers="1-2")

    written = attendances(app)
    assert [(row.household_id, row.resident_id, row.method, row.signed) for row in written] == [
        (hall.household, None, Method.PAPER, Signed.SIGNATURE),
        (hall.second_household, None, Method.PAPER, Signed.SIGNATURE),
    ]
    assert {row.attended_at for row in written} == {after_the_meeting.now() - timedelta(hours=23)}


def test_the_same_form_sent_twice_changes_nothing(app, officer, hall, after_the_meeting):
    rows_of(app, hall)
    form = {"numbers": "1", "walk_in_name": "Vi Văn Mẫu", "walk_in_hamlet": "", "walk_in_gender": "male"}

    write_down(officer, hall, **form)
    write_down(officer, hall, **form)

    assert [(row.household_id, row.walk_in_name) for row in attendances(app)] == [
        (hall.household, ""),
        (None, "Vi Văn Mẫu"),
    ]


def test_a_thumbprint_and_a_signature_for_another_are_told_apart(app, officer, hall, after_the_meeting):
    first, second, _guest = rows_of(app, hall)

    write_down(
        officer,
        hall,
        line=[first.line_id, second.line_id],
        **{
            f"signed-{first.line_id}": "thumbprint",
            f"signed-{second.line_id}": "by_another",
            f"instead-{second.line_id}": "Hoàng Văn Tý",
        },
    )

    assert [(row.signed, row.proxy_name) for row in attendances(app)] == [
        (Signed.THUMBPRINT, ""),
        (Signed.BY_ANOTHER, "Hoàng Văn Tý"),
    ]


def test_whoever_was_let_in_at_the_door_is_not_counted_twice(app, officer, hall, scan, after_the_meeting):
    after_the_meeting.advance(hours=-23)
    first = rows_of(app, hall)[0]
    scan(code=hall.code)

    page = write_down(officer, hall, line=[first.line_id])

    assert len(attendances(app)) == 1
    assert "1 người đã có từ trước." in page.get_text()


def test_who_was_let_in_at_the_door_still_gets_the_signature_written_down_once(
    app, officer, hall, scan, after_the_meeting
):
    after_the_meeting.advance(hours=-23)
    first, second, guest = rows_of(app, hall)
    scan(code=hall.code)
    scan(guest_id=hall.guest)
    at_the_door = attendances(app)[0].attended_at

    offered = BeautifulSoup(
        officer.get(f"/meetings/{hall.meeting}/check-in/paper").get_data(as_text=True), "html.parser"
    )
    assert offered.select_one(f"input[name=line][value='{first.line_id}']") is not None
    assert offered.select_one(f"input[name=instead-{first.line_id}]") is None
    page = write_down(
        officer,
        hall,
        numbers=f"{first.number}-{guest.number}",
        **{f"signed-{first.line_id}": "thumbprint", f"signed-{guest.line_id}": "by_another"},
    )
    write_down(officer, hall, line=[first.line_id], **{"form_id": "another", f"signed-{first.line_id}": "signature"})

    rows = {(row.household_id, row.guest_id): row for row in attendances(app)}
    assert len(rows) == 3
    assert rows[hall.household, None].signed is Signed.THUMBPRINT
    assert rows[None, hall.guest].signed is Signed.BY_ANOTHER
    assert rows[hall.second_household, None].signed is Signed.SIGNATURE
    assert (rows[hall.household, None].attended_at, rows[hall.household, None].method) == (at_the_door, Method.TYPED)
    assert "Đã ghi thêm 2 chữ ký" in page.get_text()
    assert second.household_id == hall.second_household
    with app.app_context():
        assert len(db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "sign_attendance")).all()) == 2


def test_the_relation_of_who_came_instead_is_written_down(app, officer, hall, after_the_meeting):
    first = rows_of(app, hall)[0]

    write_down(
        officer,
        hall,
        line=[first.line_id],
        **{f"instead-{first.line_id}": "Nông Văn Út", f"relation-{first.line_id}": "con rể"},
    )

    assert [(row.proxy_name, row.relation) for row in attendances(app)] == [("Nông Văn Út", "con rể")]


def test_the_same_form_with_another_name_on_its_blank_line_writes_that_down_too(app, officer, hall, after_the_meeting):
    for names in (["Lương Thị Ví"], ["Lương Thị Ví"], ["Mã Văn Dụ"], ["Mã Văn Dụ", "Lương Thị Ví"]):
        write_down(
            officer,
            hall,
            walk_in_name=names,
            walk_in_hamlet=[""] * len(names),
            walk_in_gender=["unknown"] * len(names),
        )

    assert [row.walk_in_name for row in attendances(app)] == ["Lương Thị Ví", "Mã Văn Dụ"]


def test_two_people_of_one_name_on_the_blank_lines_are_two(app, officer, hall, after_the_meeting):
    for _sent in range(2):
        write_down(
            officer,
            hall,
            walk_in_name=["Lương Thị Ví"] * 2,
            walk_in_hamlet=[""] * 2,
            walk_in_gender=["female"] * 2,
        )

    assert len(attendances(app)) == 2


def test_paper_does_not_move_the_time_somebody_was_scanned(app, officer, hall, scan, after_the_meeting):
    after_the_meeting.advance(hours=-22)
    scan(code=hall.code)
    scanned_at = attendances(app)[0].attended_at
    rows_of(app, hall)

    write_down(officer, hall, numbers="1")

    assert attendances(app)[0].attended_at == scanned_at


def test_blank_lines_bring_names_with_hamlet_and_gender(app, officer, hall, after_the_meeting):
    write_down(
        officer,
        hall,
        walk_in_name=["Lương Thị Ví", "  ", "Mã Văn Dụ"],
        walk_in_hamlet=[str(hall.hamlet), "", ""],
        walk_in_gender=["female", "unknown", "odd"],
    )

    assert [(row.walk_in_name, row.hamlet_id, row.gender) for row in attendances(app)] == [
        ("Lương Thị Ví", hall.hamlet, Gender.FEMALE),
        ("Mã Văn Dụ", None, Gender.UNKNOWN),
    ]


def test_a_hamlet_of_elsewhere_is_not_taken(app, officer, hall, after_the_meeting):
    page = write_down(
        officer,
        hall,
        422,
        walk_in_name="Mã Văn Dụ",
        walk_in_hamlet=str(hall.other_hamlet),
        walk_in_gender="male",
    )

    assert attendances(app) == []
    assert page.select_one("[name=walk_in_name]")["value"] == "Mã Văn Dụ"


def test_a_wrong_row_is_told_beside_the_field_and_nothing_typed_is_lost(app, officer, hall, after_the_meeting):
    _first, second, _guest = rows_of(app, hall)

    page = write_down(
        officer,
        hall,
        422,
        numbers="1, 88",
        line=[second.line_id],
        walk_in_name="Lương Thị Ví",
        walk_in_hamlet=str(hall.hamlet),
        walk_in_gender="female",
        **{f"instead-{second.line_id}": "Hoàng Văn Tý", f"signed-{second.line_id}": "thumbprint"},
    )

    assert attendances(app) == []
    assert "“88” không phải là một dòng" in page.select_one("#numbers-error").get_text()
    assert page.select_one("#numbers")["value"] == "1, 88"
    assert [box["value"] for box in page.select("input[name=line][checked]")] == [str(second.line_id)]
    assert page.select_one(f"[name=instead-{second.line_id}]")["value"] == "Hoàng Văn Tý"
    assert page.select_one(f"[name=signed-{second.line_id}] [selected]")["value"] == "thumbprint"
    assert page.select_one("[name=walk_in_name]")["value"] == "Lương Thị Ví"


def test_an_empty_form_is_told_what_is_missing(officer, hall, after_the_meeting):
    page = write_down(officer, hall, 422)

    assert "Hãy đánh dấu một dòng hoặc viết một tên trước." in page.get_text()


def test_before_the_door_opens_nobody_is_written_down(app, officer, hall, clock):
    first = rows_of(app, hall)[0]
    clock.advance(days=-2)

    page = write_down(officer, hall, line=[first.line_id])

    assert attendances(app) == []
    assert "Chưa mở điểm danh." in page.get_text()


def test_a_closed_meeting_takes_no_paper(app, officer, hall, after_the_meeting):
    first = rows_of(app, hall)[0]
    with app.app_context(), unit_of_work():
        meeting = db.session.get_one(Meeting, hall.meeting)
        meeting.status = MeetingStatus.HELD
        db.session.flush()
        meeting.status = MeetingStatus.CLOSED

    page = write_down(officer, hall, line=[first.line_id])

    assert attendances(app) == []
    assert page.select_one("form[data-module='checkin/paper']") is None


def test_a_hamlet_head_writes_down_the_own_hamlet_only(app, login_as, hall, after_the_meeting):
    with app.app_context(), unit_of_work():
        elsewhere = make_household(db.session.get_one(Area, hall.other_hamlet), "Lý Văn Giang")
        make_invitation(db.session.get_one(Meeting, hall.meeting), elsewhere)
    rows = rows_of(app, hall)
    foreign = next(row for row in rows if row.name == "Lý Văn Giang")
    head = login_as(Role.HAMLET_HEAD, hall.hamlet)

    page = BeautifulSoup(head.get(f"/meetings/{hall.meeting}/check-in/paper").get_data(as_text=True), "html.parser")
    write_down(head, hall, 422, numbers=str(foreign.number))
    write_down(head, hall, 422, line=[foreign.line_id])

    assert "Lý Văn Giang" not in page.get_text()
    assert attendances(app) == []


def test_the_hall_copy_says_nothing_of_class_or_group_and_the_offices_does(app, officer, login_as, hall):
    address = f"/meetings/{hall.meeting}/check-in/sheet"

    hall_copy = officer.get(address).get_data(as_text=True)
    office_copy = officer.get(address + "?copy=office").get_data(as_text=True)
    heads_copy = login_as(Role.HAMLET_HEAD, hall.hamlet).get(address + "?copy=office").get_data(as_text=True)

    assert "Đối tượng" not in hall_copy
    assert "Dân tộc" not in hall_copy
    assert "Đối tượng" in office_copy
    assert "Dân tộc" in office_copy
    assert "Dân tộc" not in heads_copy


def test_what_is_written_down_is_kept_as_events_too(app, officer, hall, after_the_meeting):
    rows_of(app, hall)

    write_down(officer, hall, numbers="1")

    with app.app_context():
        assert [scan.method for scan in db.session.scalars(sa.select(Scan))] == [Method.PAPER]
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Resident)) == 5
