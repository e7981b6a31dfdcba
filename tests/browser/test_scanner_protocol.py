"""What phone and commune have agreed on beyond a plain scan: undoing, stand-ins beside ticks, lost replies, new lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import BrowserContext, Page, Route, expect

from eventmgr.checkin.models import Attendance, Device
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.residents.models import Resident
from tests.browser.at_the_door import (
    came,
    expect_came,
    expect_ready,
    next_person,
    open_scanner,
    row_of,
    tick,
    type_code,
)
from tests.factories import make_household, make_invitation

pytestmark = pytest.mark.one_database

SERVED = Callable[[Flask], str]


def _take_back(phone: Page, name: str, whom: str) -> None:
    row_of(phone, name).get_by_role("button").click()
    phone.get_by_role("button", name=f"Bỏ: {whom}").click()
    phone.get_by_role("button", name="Bỏ điểm danh").click()


def test_a_tick_taken_back_without_signal_frees_the_household_once_it_is_handed_in(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page, context: BrowserContext
) -> None:
    open_scanner(phone, serve(app), door()["pairing"])
    expect_ready(phone)
    context.set_offline(True)
    tick(phone, "Nông Văn Ánh")
    _take_back(phone, "Nông Văn Ánh", "Người đại diện, không ghi tên")
    tick(phone, "Hoàng Thị Đào")

    context.set_offline(False)

    expect(row_of(phone, "Hoàng Thị Đào")).to_contain_text("Xã đã nhận")
    expect(phone.locator("[data-part=line]")).to_have_text("Có sóng")
    expect_came(app, 1)
    expect(phone.get_by_role("checkbox", name="Nông Văn Ánh")).not_to_be_checked()
    expect(phone.locator("[data-part=review-open]")).to_be_hidden()


def test_one_member_is_taken_back_with_a_reason(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page
) -> None:
    open_scanner(phone, serve(app), door()["pairing"])
    row_of(phone, "Nông Văn Ánh").get_by_role("button").click()
    for name in ("Nông Thị Bích", "Nông Đức Cường"):
        phone.get_by_label(name).check()
    phone.locator("[data-part=sheet-save]").click()
    expect(row_of(phone, "Nông Văn Ánh")).to_contain_text("Xã đã nhận")

    with phone.expect_response("**/scans*"):
        _take_back(phone, "Nông Văn Ánh", "Nông Thị Bích")

    expect(phone.locator("[data-part=notice]")).to_have_text("Đã bỏ điểm danh của Nông Thị Bích.")
    expect(phone.locator("[data-part=line]")).to_have_text("Có sóng")
    expect_came(app, 1)
    with app.app_context():
        undone = sa.select(Attendance.undo_reason).where(Attendance.undone_at.is_not(None)).distinct()
        assert db.session.scalars(undone).all() == ["Bấm nhầm"]
        standing = sa.select(Resident.full_name).join(Attendance, Attendance.resident_id == Resident.id)
        assert db.session.scalars(standing.where(Attendance.undone_at.is_(None))).all() == ["Nông Đức Cường"]


def test_members_and_a_stand_in_come_in_one_step(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page
) -> None:
    open_scanner(phone, serve(app), door()["pairing"])
    row_of(phone, "Nông Văn Ánh").get_by_role("button").click()
    phone.get_by_label("Nông Thị Bích").check()
    phone.get_by_label("Người nhà đi thay: họ tên").fill("Nông Văn Rể")
    phone.locator("[data-part=sheet-save]").click()

    expect_came(app, 2)
    with app.app_context():
        assert set(db.session.scalars(sa.select(Attendance.proxy_name))) == {"", "Nông Văn Rể"}


def test_a_pairing_whose_reply_was_lost_is_simply_asked_again(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page
) -> None:
    lost: list[str] = []

    def lose(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.request.url)
        route.fetch()
        route.abort()

    phone.route("**/devices*", lose)
    open_scanner(phone, serve(app), door()["pairing"])
    expect(phone.locator("[data-part=choose-hint]")).to_contain_text("Có sóng là máy tự ghép")

    expect(row_of(phone, "Nông Văn Ánh")).to_be_visible()

    with app.app_context():
        assert len(db.session.scalars(sa.select(Device)).all()) == 1


def test_a_household_invited_later_comes_onto_the_list_by_itself(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page
) -> None:
    told = door()
    open_scanner(phone, serve(app), told["pairing"])
    with app.app_context(), unit_of_work():
        meeting = db.session.get_one(Meeting, told["meeting_id"])
        make_invitation(meeting, make_household(meeting.hamlets[0], "Triệu Văn Muộn"))

    tick(phone, "Hoàng Thị Đào")

    expect(row_of(phone, "Triệu Văn Muộn")).to_be_visible()


def test_a_withdrawn_code_is_known_without_signal(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page, context: BrowserContext
) -> None:
    told = door()
    open_scanner(phone, serve(app), told["pairing"])
    expect_ready(phone)
    context.set_offline(True)

    type_code(phone, told["revoked_code"])

    expect(phone.get_by_role("dialog", name="Mã cũ, đã cấp mã mới")).to_be_visible()
    next_person(phone)
    context.set_offline(False)
    expect(phone.get_by_role("button", name="1 lượt cán bộ sẽ xem lại")).to_be_visible()
    assert came(app) == 0


def test_a_code_withdrawn_after_the_phone_left_lets_in_and_the_list_learns_of_it(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page, context: BrowserContext
) -> None:
    told = door()
    open_scanner(phone, serve(app), told["pairing"])
    expect_ready(phone)
    context.set_offline(True)
    with app.app_context(), unit_of_work():
        row = sa.update(Invitation).where(Invitation.code == told["second_code"])
        db.session.execute(row.values(withdrawn_at=datetime.now(UTC)))
    type_code(phone, told["second_code"])
    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_contain_text("Hoàng Thị Đào")
    next_person(phone)

    context.set_offline(False)

    expect_came(app, 1)
