"""The board, pairing a phone and the scanner's shell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.core.access import Role
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
    shell = _page(login_as(role, hall.commune), "/checkin/").select_one("#scanner")

    assert shell is not None
    assert shell["data-opens"] == opens


def test_a_signed_in_phone_writes_only_with_the_csrf_header(
    make_app: Callable[..., Flask], hall: Hall, login_as: Callable[..., FlaskClient], clock: Any
) -> None:
    officer = login_as(Role.OFFICER, hall.commune)
    officer.application.config["WTF_CSRF_ENABLED"] = True
    url = f"/api/v1/meetings/{hall.meeting}/scans"
    body = {"scans": [{"event_id": "a", "code": hall.code, "scanned_at": clock.now().isoformat()}]}
    token = _page(officer, "/checkin/").select_one("#scanner")

    assert token is not None
    assert officer.post(url, json=body).status_code == 400
    assert officer.post(url, json=body, headers={"X-CSRFToken": str(token["data-csrf"])}).status_code == 200


@pytest.mark.parametrize(
    "typed", [{"name": "Vi\0 Hoa"}, {"code": "\0"}, {"code": "A", "event_id": "\0"}, {"guest_id": "9" * 30}]
)
def test_odd_letters_on_the_board_break_nothing(
    hall: Hall, login_as: Callable[..., FlaskClient], typed: dict[str, str]
) -> None:
    officer = login_as(Role.OFFICER, hall.commune)

    assert officer.post(f"/meetings/{hall.meeting}/check-in/tick", data=typed).status_code < 500
    assert officer.get(f"/meetings/{hall.meeting}/check-in", query_string={"q": "\0\0"}).status_code < 500
