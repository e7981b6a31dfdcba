"""The pages of the door and of the resident, read by axe-core as a screen reader would read them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext, Page, expect

from eventmgr.checkin.services.pairing import create_pairing
from eventmgr.core.access import Role
from eventmgr.core.clock import SystemClock
from eventmgr.core.db import unit_of_work
from eventmgr.meetings.values import InviteUnit, MeetingStatus
from tests.factories import hamlet_of, make_commune, make_household, make_invitation, make_meeting

pytestmark = pytest.mark.one_database

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"width": 360, "height": 740}


@pytest.fixture
def door(app: Flask) -> dict[str, Any]:
    """A meeting of today and one that is off: codes, and a pairing code."""
    app.extensions["clock"] = SystemClock()
    moment = datetime.now(UTC)
    with app.app_context(), unit_of_work():
        commune = make_commune()
        hamlet = hamlet_of(commune)
        meeting = make_meeting(hamlet, starts_at=moment + timedelta(hours=1))
        first = make_household(
            hamlet, "Nông Văn Ánh", members=("Nông Thị Bích", "Nông Đức Cường"), phone="+84912345678"
        )
        persons = make_meeting(hamlet, starts_at=moment + timedelta(days=2), invite_unit=InviteUnit.PERSONS)
        off = make_meeting(hamlet, status=MeetingStatus.CANCELLED, cancel_reason="Mưa lũ")
        make_invitation(meeting, make_household(hamlet, "Hoàng Thị Đào"))
        return {
            "meeting": meeting.id,
            "code": make_invitation(meeting, first).code,
            "persons": make_invitation(persons, first, named=tuple(first.members)).code,
            "off": make_invitation(off, first).code,
            "pairing": create_pairing(meeting, by=None, now=moment)[1],
            "commune": commune.id,
            "household": first.id,
            "person": first.members[0].id,
        }


def _faults(page: Page) -> list[str]:
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run()")
    assert found["passes"], "axe-core looked at nothing"
    return [f"{fault['id']}: {node['html']}" for fault in found["violations"] for node in fault["nodes"]]


def test_the_scanner_can_be_read_and_used_without_eyes(
    door: dict[str, Any], app: Flask, serve: Callable[[Flask], str], context: BrowserContext
) -> None:
    page = context.new_page()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    address = serve(app)
    page.goto(f"{address}/checkin/")
    expect(page.locator("#scanner[data-ready]")).to_be_attached()
    assert _faults(page) == []

    page.goto(f"{address}/#")
    page.goto(f"{address}/checkin/#pair={door['pairing']}")
    expect(page.get_by_role("checkbox", name="Nông Văn Ánh")).to_be_visible()
    assert _faults(page) == []
    for view in ("Tìm tên", "Khách ngoài danh sách", "Danh sách giấy", "Quét mã"):
        page.get_by_role("button", name=view).click()
        assert _faults(page) == []

    for word in ("Xin mời vào", "Đã điểm danh"):
        page.get_by_label("Hoặc gõ mã trên giấy mời").fill(door["code"])
        page.get_by_label("Hoặc gõ mã trên giấy mời").press("Enter")
        expect(page.get_by_role("dialog", name=word)).to_contain_text("Nông Văn Ánh")
        assert _faults(page) == []
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Danh sách", exact=True).click()
    page.get_by_role("button", name="Nông Văn Ánh").click()
    expect(page.get_by_role("dialog", name="Nông Văn Ánh")).to_be_visible()
    assert _faults(page) == []
    page.get_by_role("button", name="Bỏ: ").click()
    expect(page.get_by_role("dialog", name="Bỏ điểm danh của")).to_be_visible()
    assert _faults(page) == []


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_boards_can_be_read_without_eyes(
    language: str,
    door: dict[str, Any],
    app: Flask,
    serve: Callable[[Flask], str],
    context: BrowserContext,
    login_as: Callable[..., FlaskClient],
) -> None:
    address = serve(app)
    cookie = next(iter(login_as(Role.OFFICER, door["commune"])._cookies.values()))
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
    page = context.new_page()

    for path in ("/check-in", f"/meetings/{door['meeting']}/check-in"):
        page.goto(f"{address}{path}?lang={language}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert _faults(page) == []


@pytest.mark.parametrize("state", ["code", "persons", "off", "wrong"])
def test_the_residents_page_can_be_read_without_eyes(
    state: str, door: dict[str, Any], app: Flask, serve: Callable[[Flask], str], context: BrowserContext
) -> None:
    page = context.new_page()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    address = serve(app)

    for language in ("vi", "en"):
        page.goto(f"{address}/i/{door.get(state, 'ZZZZZZZZZZ')}?lang={language}")
        assert _faults(page) == []


def test_the_residents_page_is_answered_by_keyboard(
    door: dict[str, Any], app: Flask, serve: Callable[[Flask], str], context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(f"{serve(app)}/i/{door['code']}")

    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Sẽ đến")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("button", name="Người nhà đi thay")).to_have_attribute("aria-pressed", "true")


RESIDENTS_PAGES = (
    "/residents",
    "/residents?q=khong-co-ai",
    "/residents/import",
    "/residents/imports",
    "/residents/households/{household}",
    "/residents/people/{person}",
    "/residents/people/{person}/data",
    "/residents/people/{person}/copy",
    "/residents/people/{person}/leave",
    "/residents/duplicates",
    "/residents/call-list",
    "/guests",
    "/personal-data",
    "/personal-data/requests/new",
    "/personal-data/retention",
    "/personal-data/holidays",
)


def test_the_residents_room_fits_a_phone_and_can_be_read_without_eyes(
    door: dict[str, Any],
    app: Flask,
    serve: Callable[[Flask], str],
    context: BrowserContext,
    login_as: Callable[..., FlaskClient],
) -> None:
    address = serve(app)
    cookie = next(iter(login_as(Role.OFFICER, door["commune"])._cookies.values()))
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
    page = context.new_page()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    faults = []

    for language in ("vi", "en"):
        page.goto(f"{address}/residents?lang={language}")
        for path in RESIDENTS_PAGES:
            response = page.goto(address + path.format(**door))
            assert response, path
            assert response.ok, path
            wider_by = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            faults += [f"{language} {path}: {fault}" for fault in _faults(page)]
            faults += [f"{language} {path}: {wider_by} px wider than the phone"] if wider_by > 0 else []

    assert faults == []
