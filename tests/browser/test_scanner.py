"""What the door says on a phone, and what is done by hand there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect

from eventmgr.checkin.models import Device
from eventmgr.checkin.services.pairing import create_pairing
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.values import MeetingStatus
from tests.browser.at_the_door import came, change_meeting, expect_came, open_scanner, type_code

pytestmark = pytest.mark.one_database


def test_a_paired_phone_opens_on_the_list_and_ticks(
    app: Flask, door: Callable[[], Any], serve: Callable[[Flask], str], phone: Page
) -> None:
    open_scanner(phone, serve(app), door()["pairing"])

    phone.get_by_role("checkbox", name="Hoàng Thị Đào").click()

    expect(phone.get_by_role("checkbox", name="Hoàng Thị Đào")).to_be_checked()
    expect(phone.locator(".sc-item", has_text="Hoàng Thị Đào")).to_contain_text("Xã đã nhận")
    expect(phone.locator("[data-part=counter]")).to_have_text("1/2")
    expect_came(app, 1)
    assert "pair=" not in phone.url


def test_a_tick_without_network_is_kept_through_a_reload_and_sent_once(
    app: Flask, door: Callable[[], Any], serve: Callable[[Flask], str], phone: Page, context: BrowserContext
) -> None:
    address = serve(app)
    open_scanner(phone, address, door()["pairing"])
    context.set_offline(True)
    phone.get_by_role("checkbox", name="Nông Văn Ánh").click()
    row = phone.locator(".sc-item", has_text="Nông Văn Ánh")
    expect(row).to_contain_text("Đã lưu trong máy, chưa gửi về xã")
    expect(phone.locator("[data-part=line]")).to_contain_text("1 lượt chưa gửi về xã")
    assert came(app) == 0

    phone.reload()
    expect(row).to_contain_text("Đã lưu trong máy, chưa gửi về xã")
    context.set_offline(False)

    expect(row).to_contain_text("Xã đã nhận")
    expect_came(app, 1)


REFUSALS = {
    "other_meeting": ("Giấy mời của buổi khác", "attention"),
    "revoked": ("Mã cũ, đã cấp mã mới", "attention"),
    "not_open": ("Chưa mở điểm danh", "quiet"),
    "cancelled_meeting": ("Buổi họp này không tổ chức", "attention"),
}


@pytest.mark.parametrize("answer", REFUSALS)
def test_a_household_with_a_refused_code_is_let_in_by_a_tap(
    answer: str, app: Flask, door: Callable[[], Any], serve: Callable[[Flask], str], phone: Page
) -> None:
    told = door()
    codes = {"other_meeting": told["other_code"], "revoked": told["revoked_code"]}
    if answer == "not_open":
        change_meeting(app, told["meeting_id"], starts_at=datetime.now(UTC) + timedelta(days=3), ends_at=None)
    if answer == "cancelled_meeting":
        change_meeting(app, told["meeting_id"], status=MeetingStatus.CANCELLED)
    word, look = REFUSALS[answer]
    open_scanner(phone, serve(app), told["pairing"])
    type_code(phone, codes.get(answer, told["code"]).lower())
    said = phone.get_by_role("dialog", name=word)
    expect(said).to_have_attribute("data-look", look)
    expect(said.get_by_role("button", name="Vẫn mời vào, ghi tên")).to_be_focused()
    name = "Lường Văn Ước" if answer == "revoked" else "Nông Văn Ánh"
    expect(said).to_contain_text(name)
    assert came(app) == 0

    phone.keyboard.press("Enter")
    phone.get_by_role("dialog", name=name).get_by_role("button", name="Điểm danh", exact=True).click()

    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_contain_text(name)
    expect_came(app, 1)


def test_a_name_written_after_the_close_waits_for_an_officer(
    app: Flask, door: Callable[[], Any], serve: Callable[[Flask], str], phone: Page
) -> None:
    told = door()
    change_meeting(app, told["meeting_id"], status=MeetingStatus.CLOSED)
    open_scanner(phone, serve(app), told["pairing"])
    type_code(phone, told["code"])
    said = phone.get_by_role("dialog", name="Đã kết thúc")
    expect(said).to_contain_text("Tên ghi bây giờ sẽ chờ cán bộ xem")

    said.get_by_role("button", name="Vẫn mời vào, ghi tên").click()
    phone.get_by_role("dialog", name="Nông Văn Ánh").get_by_role("button", name="Điểm danh", exact=True).click()

    held = phone.get_by_role("dialog", name="Chờ cán bộ xem")
    expect(held).to_contain_text("Nông Văn Ánh")
    expect(held).to_contain_text("Cứ mời bà con vào")
    expect(held.get_by_role("button", name="Người tiếp theo")).to_be_focused()
    assert came(app) == 0


def test_an_unknown_code_turns_nobody_away(
    app: Flask, door: Callable[[], Any], serve: Callable[[Flask], str], phone: Page
) -> None:
    open_scanner(phone, serve(app), door()["pairing"])
    type_code(phone, "ZZZZZ-ZZZZZ")
    answer = phone.get_by_role("dialog", name="Không tìm thấy mã")
    expect(answer).to_have_attribute("data-look", "quiet")

    answer.get_by_role("button", name="Vẫn mời vào, ghi tên").click()
    phone.get_by_label("Họ và tên").fill("Vi Thị Hoa")
    phone.get_by_role("button", name="Mời vào, ghi tên", exact=True).click()

    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_contain_text("Vi Thị Hoa")
    expect_came(app, 1)


def test_a_name_nobody_has_is_written_at_once(
    app: Flask, door: Callable[[], Any], serve: Callable[[Flask], str], phone: Page
) -> None:
    open_scanner(phone, serve(app), door()["pairing"])
    phone.get_by_label("Lọc danh sách theo tên").fill("Vi Thị Hoa")
    expect(phone.get_by_text("Không có ai tên này trong danh sách.")).to_be_visible()

    phone.get_by_role("button", name="Mời vào, ghi tên", exact=True).click()

    expect(phone.get_by_label("Họ và tên")).to_have_value("Vi Thị Hoa")


def test_without_network_a_code_is_answered_by_the_list_on_the_phone(
    app: Flask, door: Callable[[], Any], serve: Callable[[Flask], str], phone: Page, context: BrowserContext
) -> None:
    told = door()
    open_scanner(phone, serve(app), told["pairing"])
    context.set_offline(True)

    type_code(phone, told["code"])
    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_contain_text("Nông Văn Ánh")
    phone.get_by_role("button", name="Người tiếp theo").click()
    type_code(phone, told["code"])
    expect(phone.get_by_role("dialog", name="Đã điểm danh")).to_contain_text("Nông Văn Ánh")
    phone.get_by_role("button", name="Người tiếp theo").click()
    type_code(phone, "zzzzzyyyyy")

    late = phone.get_by_role("dialog", name="Xin mời vào")
    expect(late).to_contain_text("ZZZZZ-YYYYY")
    expect(late).to_contain_text("xã sẽ xem lại sau")


CAMERA_TROUBLES = {
    "an address without https": (
        "Object.defineProperty(window, 'isSecureContext', {get: () => false})",
        "Máy ảnh chỉ mở được ở địa chỉ an toàn",
    ),
    "refused": (
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))",
        "Bác cho phép dùng máy ảnh",
    ),
    "none": (
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotFoundError'))",
        "Máy này không có máy ảnh",
    ),
    "used by another": (
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotReadableError'))",
        "Máy ảnh không trả lời",
    ),
    "no reader on the server": (
        "addEventListener('DOMContentLoaded', () => delete document.querySelector('#scanner').dataset.reader)",
        "Máy chủ chưa cài phần đọc mã",
    ),
}


@pytest.mark.parametrize("trouble", CAMERA_TROUBLES)
def test_without_a_camera_the_page_says_why_and_codes_are_typed(
    trouble: str, app: Flask, door: Callable[[], Any], serve: Callable[[Flask], str], phone: Page
) -> None:
    script, sentence = CAMERA_TROUBLES[trouble]
    told = door()
    phone.add_init_script(script)
    open_scanner(phone, serve(app), told["pairing"])

    phone.get_by_role("button", name="Quét mã").click()
    expect(phone.locator("[data-part=camera-hint]")).to_contain_text(sentence)
    expect(phone.locator("[data-part=camera]")).to_be_hidden()
    type_code(phone, told["code"])

    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_be_visible()


def test_the_scanner_speaks_english_to_whoever_chose_it(
    app: Flask, door: Callable[[], Any], serve: Callable[[Flask], str], phone: Page
) -> None:
    told = door()
    change_meeting(app, told["meeting_id"], starts_at=datetime.now(UTC) + timedelta(days=3), ends_at=None)
    address = serve(app)
    phone.goto(f"{address}/checkin/?lang=vi")
    phone.get_by_role("link", name="English").click()
    phone.get_by_label("Pairing code").fill(told["pairing"])
    phone.get_by_role("button", name="Pair", exact=True).click()
    phone.get_by_role("button", name="Scan a code").click()
    phone.get_by_label("Or type the code on the invitation").fill(told["code"])
    phone.get_by_label("Or type the code on the invitation").press("Enter")

    expect(phone.get_by_role("dialog", name="Check-in is not open yet")).to_contain_text("Opens at")


def test_the_list_keeps_the_keyboards_place_and_says_the_answer(
    app: Flask, door: Callable[[], Any], serve: Callable[[Flask], str], phone: Page
) -> None:
    open_scanner(phone, serve(app), door()["pairing"])
    tick = phone.get_by_role("checkbox", name="Hoàng Thị Đào")
    tick.focus()

    phone.keyboard.press("Space")

    expect(phone.locator("[data-part=said]")).to_have_text("Xin mời vào: Hoàng Thị Đào")
    expect(phone.locator(".sc-item", has_text="Hoàng Thị Đào")).to_contain_text("Xã đã nhận")
    expect(tick).to_be_focused()


def test_members_of_a_household_are_ticked_by_name(
    app: Flask, door: Callable[[], Any], serve: Callable[[Flask], str], phone: Page
) -> None:
    open_scanner(phone, serve(app), door()["pairing"])
    phone.get_by_role("button", name="Tìm tên").click()
    phone.get_by_label("Tên, có dấu hay không dấu đều được").fill("bich")
    phone.get_by_role("checkbox", name="Nông Thị Bích").click()
    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_contain_text("Nông Thị Bích")

    phone.get_by_role("button", name="Người tiếp theo").click()
    phone.get_by_role("button", name="Danh sách", exact=True).click()
    phone.locator("[data-part=households] .sc-body", has_text="Nông Văn Ánh").click()
    phone.get_by_label("Nông Đức Cường").check()
    phone.locator("dialog.sc-sheet").get_by_role("button", name="Điểm danh", exact=True).click()

    expect(phone.locator("[data-part=counter]")).to_have_text("1/2")
    expect_came(app, 2)


def test_a_revoked_phone_keeps_what_it_has(
    app: Flask, door: Callable[[], Any], serve: Callable[[Flask], str], phone: Page
) -> None:
    open_scanner(phone, serve(app), door()["pairing"])
    with app.app_context(), unit_of_work():
        db.session.execute(sa.update(Device).values(revoked_at=datetime.now(UTC)))

    phone.get_by_role("checkbox", name="Nông Văn Ánh").click()

    expect(phone.get_by_role("dialog", name="Chờ cán bộ xem")).to_be_visible()
    assert came(app) == 0


def test_a_new_link_pairs_the_open_scanner_again(
    app: Flask, door: Callable[[], Any], serve: Callable[[Flask], str], phone: Page
) -> None:
    told, address = door(), serve(app)
    open_scanner(phone, address, told["pairing"])
    with app.app_context(), unit_of_work():
        db.session.execute(sa.update(Device).values(revoked_at=datetime.now(UTC)))
        found = db.session.get(Meeting, told["meeting_id"])
        assert found is not None
        _device, pairing = create_pairing(found, by=None, now=datetime.now(UTC))

    with phone.expect_response(re.compile("/manifest")):
        phone.evaluate("link => { location.hash = link }", f"#pair={pairing}")
    expect(phone.locator("[data-part=line]")).to_have_text("Có sóng")
    assert "pair=" not in phone.url
    phone.get_by_role("checkbox", name="Nông Văn Ánh").click()

    expect(phone.locator(".sc-item", has_text="Nông Văn Ánh")).to_contain_text("Xã đã nhận")


def test_a_used_link_is_told(app: Flask, door: Callable[[], Any], serve: Callable[[Flask], str], phone: Page) -> None:
    told, address = door(), serve(app)
    open_scanner(phone, address, told["pairing"])

    phone.evaluate("link => { location.hash = link }", f"#pair={told['pairing']}")

    expect(phone.get_by_text("Đường dẫn ghép máy này đã dùng rồi")).to_be_visible()
