"""The scanner as it is met in the hamlets: links sent by Zalo, scanners on a cable, paper, people on no list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, BrowserContext, Page, expect

from eventmgr.areas.models import Area
from eventmgr.checkin.models import Device, Scan
from eventmgr.core.access import Role
from eventmgr.core.db import db
from tests.browser.at_the_door import (
    PHONE,
    change_meeting,
    expect_came,
    expect_ready,
    next_person,
    open_scanner,
    row_of,
    tick,
    write_name,
)
from tests.browser.conftest import be_patient

pytestmark = pytest.mark.one_database

SERVED = Callable[[Flask], str]

ZALO = (
    "Mozilla/5.0 (Linux; Android 10; SM-A105F; wv) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36 Zalo android/1"
)


@pytest.fixture
def in_zalo(browser: Browser) -> Iterator[Page]:
    """A phone whose owner tapped a link in Zalo."""
    context = browser.new_context(viewport=PHONE, locale="vi-VN", user_agent=ZALO)  # type: ignore[arg-type]
    be_patient(context)
    yield context.new_page()
    context.close()


def test_a_link_opened_in_zalo_is_not_spent_there(
    app: Flask, door: Callable[[], Any], serve: SERVED, in_zalo: Page, phone: Page
) -> None:
    told, address = door(), serve(app)
    open_scanner(in_zalo, address, told["pairing"])
    expect(in_zalo.get_by_role("heading", name="Bác mở bằng Chrome giúp")).to_be_visible()
    link = in_zalo.get_by_label("Đường dẫn").input_value()
    chrome = in_zalo.get_by_role("link", name="Mở bằng Chrome").get_attribute("href")
    with app.app_context():
        assert db.session.scalars(sa.select(Device.token_digest)).all() == [None]

    assert chrome == link.replace("http://", "intent://") + "#Intent;scheme=http;package=com.android.chrome;end"
    phone.goto(link)

    expect(row_of(phone, "Nông Văn Ánh")).to_be_visible()


def test_whoever_cannot_open_chrome_goes_on_in_zalo(
    app: Flask, door: Callable[[], Any], serve: SERVED, in_zalo: Page
) -> None:
    open_scanner(in_zalo, serve(app), door()["pairing"])

    in_zalo.get_by_role("button", name="Cứ dùng ở đây").click()

    expect(row_of(in_zalo, "Nông Văn Ánh")).to_be_visible()


def test_a_link_opened_without_signal_pairs_by_itself_later(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page, context: BrowserContext
) -> None:
    told, address = door(), serve(app)
    open_scanner(phone, address)
    phone.evaluate("async () => { await navigator.serviceWorker.ready }")
    context.set_offline(True)
    phone.evaluate("link => { location.hash = link }", f"#pair={told['pairing']}")
    expect(phone.locator("[data-part=choose-hint]")).to_contain_text("Có sóng là máy tự ghép")
    phone.reload()

    context.set_offline(False)

    expect(row_of(phone, "Nông Văn Ánh")).to_be_visible()


def test_a_scanner_on_a_cable_checks_in_from_the_search_field(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page
) -> None:
    told = door()
    open_scanner(phone, serve(app), told["pairing"])
    phone.get_by_role("button", name="Tìm tên").click()

    phone.keyboard.type(f"HTTP://XA-MAU.EXAMPLE/I/{told['code']}\n")

    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_contain_text("Nông Văn Ánh")
    next_person(phone)
    phone.get_by_label("Tên, có dấu hay không dấu đều được").focus()
    phone.keyboard.type(f"{told['second_code']}\n")
    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_contain_text("Hoàng Thị Đào")
    expect_came(app, 2)


def test_the_list_prints_without_signal(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page, context: BrowserContext
) -> None:
    open_scanner(phone, serve(app), door()["pairing"])
    expect_ready(phone)
    context.set_offline(True)
    phone.evaluate("window.print = () => { window.printed = true }")

    phone.get_by_role("button", name="Danh sách giấy").click()
    phone.get_by_role("button", name="In danh sách").click()

    rows = phone.get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Nông Văn Ánh")
    expect(rows.nth(0)).to_contain_text("Chữ ký")
    assert phone.evaluate("window.printed")
    phone.emulate_media(media="print")
    expect(phone.get_by_role("navigation")).to_have_count(0)


def test_a_tick_by_mistake_is_taken_back_before_it_was_sent(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page, context: BrowserContext
) -> None:
    open_scanner(phone, serve(app), door()["pairing"])
    expect_ready(phone)
    context.set_offline(True)
    tick(phone, "Nông Văn Ánh")
    row_of(phone, "Nông Văn Ánh").get_by_role("button").click()

    phone.get_by_role("button", name="Bỏ: Người đại diện, không ghi tên").click()
    phone.get_by_label("Nhầm người, nhầm hộ").check()
    phone.get_by_role("button", name="Bỏ điểm danh").click()

    expect(phone.get_by_role("checkbox", name="Nông Văn Ánh")).not_to_be_checked()
    phone.reload()
    expect(phone.get_by_role("checkbox", name="Nông Văn Ánh")).not_to_be_checked()
    expect(phone.locator("[data-part=line]")).to_contain_text("2 lượt chưa gửi về xã")


def test_somebody_on_no_list_is_written_as_of_a_household(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page
) -> None:
    open_scanner(phone, serve(app), door()["pairing"])
    phone.get_by_role("button", name="Khách ngoài danh sách").click()
    phone.get_by_label("Thuộc hộ nào").select_option("Hoàng Thị Đào")

    with phone.expect_request("**/scans*") as sent:
        write_name(phone, "Vi Thị Hoa")

    walk_in = sent.value.post_data_json["scans"][0]["walk_in"]
    assert walk_in["household_id"]
    assert walk_in["name"] == "Vi Thị Hoa"
    next_person(phone)
    expect(phone.get_by_role("button", name="Bỏ: Vi Thị Hoa")).to_be_visible()
    expect_came(app, 1)


def test_whoever_is_let_in_before_the_hour_may_be_given_a_reason(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page
) -> None:
    told = door()
    change_meeting(app, told["meeting_id"], starts_at=datetime.now(UTC) + timedelta(days=3), ends_at=None)
    open_scanner(phone, serve(app), told["pairing"])

    tick(phone, "Hoàng Thị Đào")
    phone.get_by_role("dialog", name="Chưa mở điểm danh").get_by_role("button", name="Vẫn mời vào").click()
    phone.get_by_label("Vì sao vẫn mời vào?").fill("đến sớm xếp ghế")
    phone.get_by_role("dialog", name="Hoàng Thị Đào").get_by_role("button", name="Điểm danh", exact=True).click()

    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_contain_text("Hoàng Thị Đào")
    expect_came(app, 1)
    with app.app_context():
        [note] = db.session.scalars(sa.select(Scan.note).where(Scan.answer == "ok"))
    assert "đến sớm xếp ghế" in note


def test_a_muted_phone_stays_mute(app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page) -> None:
    open_scanner(phone, serve(app), door()["pairing"])
    phone.get_by_role("button", name="Tắt tiếng").click()

    phone.reload()

    expect(phone.get_by_role("button", name="Tắt tiếng")).to_have_attribute("aria-pressed", "true")


def test_an_officer_who_is_signed_in_scans_from_the_page_the_phone_keeps(
    app: Flask,
    door: Callable[[], Any],
    serve: SERVED,
    phone: Page,
    context: BrowserContext,
    login_as: Callable[..., FlaskClient],
) -> None:
    told, address = door(), serve(app)
    with app.app_context():
        commune = db.session.get_one(Area, told["commune_id"])
        cookie = next(iter(login_as(Role.OFFICER, commune)._cookies.values()))
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
    phone.goto(f"{address}/checkin/?meeting={told['meeting_id']}")
    expect_ready(phone)
    context.set_offline(True)
    phone.reload()
    expect(phone.get_by_label("Hoặc gõ mã trên giấy mời")).to_be_visible()
    phone.get_by_role("button", name="Danh sách", exact=True).click()
    tick(phone, "Hoàng Thị Đào")
    expect(row_of(phone, "Hoàng Thị Đào")).to_contain_text("Đã lưu trong máy")

    context.set_offline(False)

    expect(row_of(phone, "Hoàng Thị Đào")).to_contain_text("Xã đã nhận")
    context.clear_cookies()
    phone.reload()
    expect(phone.get_by_role("link", name="Đăng nhập")).to_be_visible()
