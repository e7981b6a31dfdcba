"""The board, pairing a phone and the scanner's shell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.checkin.models import Attendance, Scan
from eventmgr.core.access import Role
from eventmgr.core.clock import FixedClock
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.values import MeetingStatus
from eventmgr.residents.models import Contact
from tests.checkin.conftest import Hall


def _page(client: FlaskClient, url: str) -> BeautifulSoup:
    answer = client.get(url)
    assert answer.status_code == 200
    return BeautifulSoup(answer.get_data(as_text=True), "html.parser")


def test_the_board_lists_the_next_meetings(hall: Hall, login_as: Callable[..., FlaskClient]) -> None:
    page = _page(login_as(Role.OFFICER, hall.commune), "/check-in")

    assert [cell.get_text(strip=True) for cell in page.select("tbody th")] == ["Họp thôn Một", "Họp thôn Hai"]
    assert "0/3" in page.get_text()


def test_a_hamlet_head_sees_the_own_hamlets_door_only(hall: Hall, login_as: Callable[..., FlaskClient]) -> None:
    head = login_as(Role.HAMLET_HEAD, hall.other_hamlet)

    assert head.get(f"/meetings/{hall.meeting}/check-in").status_code == 404
    assert head.get(f"/meetings/{hall.other_meeting}/check-in").status_code == 200
    assert head.post(f"/meetings/{hall.meeting}/check-in/tick", data={"code": hall.code}).status_code == 404


def test_a_viewer_may_not_stand_at_the_door(hall: Hall, login_as: Callable[..., FlaskClient]) -> None:
    viewer = login_as(Role.VIEWER, hall.commune)

    assert viewer.get("/check-in").status_code == 403
    assert viewer.get(f"/api/v1/meetings/{hall.meeting}/manifest").status_code == 403


def test_a_household_is_ticked_and_taken_back_from_the_board(hall: Hall, login_as: Callable[..., FlaskClient]) -> None:
    officer = login_as(Role.OFFICER, hall.commune)
    url = f"/meetings/{hall.meeting}/check-in"

    said = officer.post(f"{url}/tick", data={"household_id": hall.household}, follow_redirects=True)
    page = BeautifulSoup(said.get_data(as_text=True), "html.parser")
    undo = page.select_one("#live-board details form")
    assert undo is not None
    assert "1" in page.select_one("#live-board .tile-figure").get_text()  # type: ignore[union-attr]
    officer.post(str(undo["action"]), data={"reason": "nhầm nhà"})

    live = _page(officer, f"{url}/live").get_text()
    assert "nhầm nhà" in live


def test_a_refused_code_says_why(hall: Hall, login_as: Callable[..., FlaskClient]) -> None:
    officer = login_as(Role.OFFICER, hall.commune)

    said = officer.post(
        f"/meetings/{hall.meeting}/check-in/tick", data={"code": hall.other_code}, follow_redirects=True
    )

    assert "Họp thôn Hai" in said.get_data(as_text=True)


def test_pairing_shows_a_link_that_pairs_and_can_be_revoked(
    client: FlaskClient, hall: Hall, login_as: Callable[..., FlaskClient]
) -> None:
    officer = login_as(Role.OFFICER, hall.commune)

    shown = officer.post(f"/meetings/{hall.meeting}/check-in/phones", data={"label": "Máy bác Thu"})
    link = BeautifulSoup(shown.get_data(as_text=True), "html.parser").select_one("main code")
    assert link is not None
    told = client.post("/api/v1/devices", json={"code": link.get_text().partition("#pair=")[2]}).get_json()
    officer.post(f"/meetings/{hall.meeting}/check-in/phones/{told['device_id']}/revoke")

    answer = client.get("/api/v1/meetings", headers={"Authorization": f"Bearer {told['token']}"})
    assert answer.status_code == 401


def test_a_hamlet_heads_phone_reaches_the_own_hamlet(
    client: FlaskClient, hall: Hall, login_as: Callable[..., FlaskClient]
) -> None:
    head = login_as(Role.HAMLET_HEAD, hall.hamlet)

    shown = head.post(f"/meetings/{hall.meeting}/check-in/phones")
    link = BeautifulSoup(shown.get_data(as_text=True), "html.parser").select_one("main code")
    assert link is not None
    told = client.post("/api/v1/devices", json={"code": link.get_text().partition("#pair=")[2]}).get_json()

    assert told["meeting_id"] is None
    assert [meeting["id"] for meeting in told["meetings"]] == [hall.meeting]


def test_the_scanner_may_compile_its_reader_and_holds_nobodys_data(client: FlaskClient, hall: Hall) -> None:
    answer = client.get("/checkin/")

    assert "script-src 'self' 'wasm-unsafe-eval'" in answer.headers["Content-Security-Policy"]
    assert "Nông Văn Ánh" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(("role", "opens"), [(Role.OFFICER, "scan"), (Role.HAMLET_HEAD, "list")])
def test_an_officer_begins_with_the_camera_and_a_hamlet_head_with_the_list(
    hall: Hall, login_as: Callable[..., FlaskClient], role: Role, opens: str
) -> None:
    told = login_as(role, hall.commune).get("/checkin/session").get_json()

    assert (told["signed_in"], told["opens"]) == (True, opens)


def test_a_signed_in_phone_writes_only_with_the_csrf_header(
    make_app: Callable[..., Flask], hall: Hall, login_as: Callable[..., FlaskClient], clock: Any
) -> None:
    officer = login_as(Role.OFFICER, hall.commune)
    officer.application.config["WTF_CSRF_ENABLED"] = True
    url = f"/api/v1/meetings/{hall.meeting}/scans"
    body = {"scans": [{"event_id": "a", "code": hall.code, "scanned_at": clock.now().isoformat()}]}
    token = officer.get("/checkin/session").get_json()["csrf"]

    assert officer.post(url, json=body).status_code == 400
    assert officer.post(url, json=body, headers={"X-CSRFToken": token}).status_code == 200


@pytest.mark.parametrize(
    "typed", [{"name": "Vi\0 Hoa"}, {"code": "\0"}, {"code": "A", "event_id": "\0"}, {"guest_id": "9" * 30}]
)
def test_odd_letters_on_the_board_break_nothing(
    hall: Hall, login_as: Callable[..., FlaskClient], typed: dict[str, str]
) -> None:
    officer = login_as(Role.OFFICER, hall.commune)

    assert officer.post(f"/meetings/{hall.meeting}/check-in/tick", data=typed).status_code < 500
    assert officer.get(f"/meetings/{hall.meeting}/check-in", query_string={"q": "\0\0"}).status_code < 500


# --- The board's one field ------------------------------------------------------------------------


def _came(app: Flask) -> list[tuple[int | None, str]]:
    with app.app_context():
        rows = db.session.scalars(sa.select(Attendance).where(Attendance.undone_at.is_(None)))
        return [(row.household_id, row.walk_in_name) for row in rows]


@pytest.mark.parametrize("as_read", ["https://xa.vn/i/{}", "HTTPS://XA.VN/I/{}", "{}", "lower"])
def test_a_usb_scanner_checks_in_from_the_search_field(
    app: Flask, hall: Hall, login_as: Callable[..., FlaskClient], as_read: str
) -> None:
    officer = login_as(Role.OFFICER, hall.commune)
    read = hall.code.lower() if as_read == "lower" else as_read.format(hall.code)

    answer = officer.post(f"/meetings/{hall.meeting}/check-in/find", data={"q": read, "event_id": "once"})
    officer.post(f"/meetings/{hall.meeting}/check-in/find", data={"q": read, "event_id": "once"})

    assert _came(app) == [(hall.household, "")]
    board = _page(officer, answer.location)
    assert "Xin mời vào" in board.get_text()
    assert board.select_one("#search-q[autofocus]") is not None


@pytest.mark.parametrize("typed", ["bich", "hoang thi ha", "Nông Văn Ánh", "0912000678", "678", ""])
def test_a_name_or_a_phone_in_that_field_is_looked_for(
    app: Flask, hall: Hall, login_as: Callable[..., FlaskClient], typed: str
) -> None:
    officer = login_as(Role.OFFICER, hall.commune)

    answer = officer.post(f"/meetings/{hall.meeting}/check-in/find", data={"q": typed})

    assert answer.status_code == 302
    assert _page(officer, answer.location).select_one("#search-q")["value"] == typed  # type: ignore[index]
    with app.app_context():
        assert db.session.scalars(sa.select(Scan)).all() == []


def test_a_phone_is_found_by_its_last_digits_on_the_board_and_not_shown(
    app: Flask, hall: Hall, login_as: Callable[..., FlaskClient]
) -> None:
    with app.app_context(), unit_of_work():
        db.session.add(Contact(household_id=hall.second_household, phone="+84912000678"))

    found = _page(login_as(Role.OFFICER, hall.commune), f"/meetings/{hall.meeting}/check-in?q=0678")

    assert [name.get_text() for name in found.select(".door-name strong")] == ["Hoàng Thị Đào"]
    assert "912" not in found.get_text()


# --- The door is shut -----------------------------------------------------------------------------


def _shut(app: Flask, hall: Hall, why: str) -> None:
    with app.app_context(), unit_of_work():
        meeting = db.session.get_one(Meeting, hall.meeting)
        if why == "cancelled":
            meeting.status = MeetingStatus.CANCELLED
        else:
            assert meeting.starts_at
            assert meeting.ends_at
            meeting.ends_at += timedelta(days=3)
            meeting.starts_at += timedelta(days=3)


@pytest.mark.parametrize("why", ["cancelled", "too early"])
@pytest.mark.parametrize("who", ["household_id", "code", "name", "resident_id", "guest_id"])
def test_whoever_stands_at_a_shut_door_may_open_it_with_a_reason(
    app: Flask, hall: Hall, login_as: Callable[..., FlaskClient], who: str, why: str
) -> None:
    head = login_as(Role.HAMLET_HEAD, hall.hamlet)
    _shut(app, hall, why)
    value = {
        "household_id": hall.household,
        "code": hall.code,
        "name": "Vi Thị Hoa",
        "resident_id": hall.members[0],
        "guest_id": hall.guest,
    }[who]

    asked = head.post(f"/meetings/{hall.meeting}/check-in/tick", data={who: value})
    assert asked.status_code == 422
    form = BeautifulSoup(asked.get_data(as_text=True), "html.parser").select_one("main form.form")
    assert form is not None
    fields = {str(field["name"]): str(field.get("value") or "") for field in form.select("input")}
    assert _came(app) == []
    assert head.post(str(form["action"]), data=fields).status_code == 422  # no reason, no entry
    head.post(str(form["action"]), data=fields | {"note": "đến sớm từ xa"})

    assert len(_came(app)) == 1


def test_the_officer_reads_on_the_board_why_somebody_was_let_in_early(
    app: Flask, hall: Hall, login_as: Callable[..., FlaskClient]
) -> None:
    officer = login_as(Role.OFFICER, hall.commune)
    _shut(app, hall, "too early")

    officer.post(
        f"/meetings/{hall.meeting}/check-in/tick",
        data={"name": "Vi Thị Hoa", "let_in": "1", "note": "đến sớm từ xa"},
    )

    live = _page(officer, f"/meetings/{hall.meeting}/check-in/live").get_text()
    assert "khi chưa mở điểm danh" in live
    assert "đến sớm từ xa" in live


def test_the_live_board_shows_the_last_ten_newest_first_came_of_invited_and_no_class(
    hall: Hall, scan: Callable[..., dict[str, Any]], clock: FixedClock, login_as: Callable[..., FlaskClient]
) -> None:
    for number in range(11):
        scan(walk_in={"name": f"Vi Thị Khách {number:02d}"})
        clock.advance(minutes=1)
    scan(code=hall.code)

    live = _page(login_as(Role.OFFICER, hall.commune), f"/meetings/{hall.meeting}/check-in/live")

    names = [str(name.string) for name in live.select(".plain-list > li > strong")]
    assert names == ["Nông Văn Ánh", *(f"Vi Thị Khách {number:02d}" for number in range(10, 1, -1))]
    told = live.get_text(" ", strip=True).lower()
    assert "1/2" in told.replace(" ", ""), "one of the two invited households of the hamlet"
    assert not any(word in told for word in ("nghèo", "nùng", "+84", "091"))
