"""The scanner where there is no signal: nothing is lost, nothing is counted twice, whatever is shut and opened."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from eventmgr.checkin.models import Device, Scan
from eventmgr.checkin.views.shell import kept_parts
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.values import MeetingStatus
from tests.browser.at_the_door import (
    PHONE,
    came,
    change_meeting,
    expect_came,
    expect_ready,
    next_person,
    open_scanner,
    row_of,
    tick,
    type_code,
    write_name,
)
from tests.browser.conftest import CHROMIUM, be_patient

pytestmark = pytest.mark.one_database

SERVED = Callable[[Flask], str]
SAVED = "Đã lưu trong máy, chưa gửi về xã"
HAS_IT = "Xã đã nhận"

KEPT = """async () => {
  const { openStore } = await import("/static/js/checkin/store.js");
  const store = await openStore(indexedDB);
  const [names, waiting, done] = [await store.names(), await store.waiting(), await store.done()];
  return { names, waiting: waiting.length, odd: waiting.filter(event => event.odd).length, done: done.length };
}"""
"""What is kept on the phone."""


def test_a_day_without_signal_is_handed_in_once_when_there_is_one(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page, context: BrowserContext
) -> None:
    told, address = door(), serve(app)
    open_scanner(phone, address, told["pairing"])
    expect_ready(phone)
    context.set_offline(True)

    phone.reload()
    tick(phone, "Hoàng Thị Đào")
    type_code(phone, told["code"].lower())
    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_contain_text("Nông Văn Ánh")
    next_person(phone)
    phone.close()
    phone = context.new_page()
    open_scanner(phone, address)
    expect(row_of(phone, "Nông Văn Ánh")).to_contain_text(SAVED)
    expect(row_of(phone, "Hoàng Thị Đào")).to_contain_text(SAVED)
    write_name(phone, "Vi Thị Hoa")
    next_person(phone)
    expect(phone.locator("[data-part=line]")).to_contain_text("3 lượt chưa gửi về xã")
    assert came(app) == 0

    context.set_offline(False)

    phone.get_by_role("button", name="Danh sách", exact=True).click()
    expect(row_of(phone, "Nông Văn Ánh")).to_contain_text(HAS_IT)
    expect(row_of(phone, "Hoàng Thị Đào")).to_contain_text(HAS_IT)
    expect_came(app, 3)
    assert phone.evaluate(KEPT)["waiting"] == 0
    with app.app_context():
        assert db.session.scalars(sa.select(Scan.offline)).all() == [True] * 3


@pytest.fixture
def restart(browser: Browser, tmp_path: Path) -> Iterator[Callable[[], BrowserContext]]:
    """`restart()` starts the phone's browser (again), with what it kept on its disk."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    running: list[BrowserContext] = []

    def start() -> BrowserContext:
        for old in running:
            old.close()
        running[:] = [
            browser.browser_type.launch_persistent_context(
                tmp_path / "profile",
                executable_path=path,
                args=["--no-sandbox"],
                viewport=PHONE,  # type: ignore[arg-type]
                locale="vi-VN",
            )
        ]
        be_patient(running[0])
        return running[0]

    yield start
    for last in running:
        last.close()


def test_what_was_ticked_without_signal_outlives_a_restart_of_the_phone(
    app: Flask, door: Callable[[], Any], serve: SERVED, restart: Callable[[], BrowserContext]
) -> None:
    away: list[bool] = []
    app.before_request_funcs.setdefault(None, []).insert(0, lambda: ("", 503) if away else None)
    told, address = door(), serve(app)
    phone = restart().new_page()
    open_scanner(phone, address, told["pairing"])
    expect_ready(phone)
    away.append(True)
    tick(phone, "Nông Văn Ánh")
    expect(row_of(phone, "Nông Văn Ánh")).to_contain_text(SAVED)

    phone = restart().new_page()
    open_scanner(phone, address)
    expect(row_of(phone, "Nông Văn Ánh")).to_contain_text(SAVED)
    tick(phone, "Hoàng Thị Đào")
    expect(row_of(phone, "Hoàng Thị Đào")).to_contain_text(SAVED)
    away.clear()

    expect(row_of(phone, "Hoàng Thị Đào")).to_contain_text(HAS_IT)
    expect_came(app, 2)


FILL = """async ([meeting, number]) => {
  const { openStore } = await import("/static/js/checkin/store.js");
  const store = await openStore(indexedDB);
  const pairing = await store.kept("pairing");
  for (let place = 0; place < number; place += 1) {
    await store.put({
      event_id: `event-${place}`, meeting_id: meeting, pairing, order: place + 1, offline: true,
      scanned_at: new Date().toISOString(), method: "walk_in", walk_in: { name: `Khách ${place}` }, about: { name: `Khách ${place}` },
    });
  }
}"""


def test_a_thousand_events_outlive_a_reload_and_are_all_handed_in(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page, context: BrowserContext
) -> None:
    told = door()
    open_scanner(phone, serve(app), told["pairing"])
    expect_ready(phone)
    context.set_offline(True)
    phone.evaluate(FILL, [told["meeting_id"], 1000])
    phone.reload()
    expect(phone.locator("[data-part=line]")).to_contain_text("1000 lượt chưa gửi về xã")

    context.set_offline(False)

    expect(phone.locator("[data-part=line]")).to_have_text("Có sóng", timeout=180_000)
    expect_came(app, 1000)
    assert phone.evaluate(KEPT)["waiting"] == 0


def test_two_phones_without_signal_that_let_in_the_same_household_count_it_once(
    app: Flask, door: Callable[[], Any], serve: SERVED, browser: Browser
) -> None:
    address = serve(app)
    phones = []
    for _ in range(2):
        context = browser.new_context(viewport=PHONE, locale="vi-VN")  # type: ignore[arg-type]
        be_patient(context)
        phone = context.new_page()
        open_scanner(phone, address, door()["pairing"])
        expect_ready(phone)
        context.set_offline(True)
        tick(phone, "Nông Văn Ánh")
        expect(row_of(phone, "Nông Văn Ánh")).to_contain_text(SAVED)
        phones.append(phone)

    for phone in phones:
        phone.context.set_offline(False)
        expect(row_of(phone, "Nông Văn Ánh")).to_contain_text(HAS_IT)
        expect(phone.locator("[data-part=line]")).to_have_text("Có sóng")

    assert came(app) == 1
    with app.app_context():
        assert sorted(db.session.scalars(sa.select(Scan.answer)).all()) == ["already", "ok"]
    for phone in phones:
        phone.context.close()


def test_a_phone_revoked_with_unsent_events_hands_them_in_and_keeps_no_names(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page, context: BrowserContext
) -> None:
    open_scanner(phone, serve(app), door()["pairing"])
    expect_ready(phone)
    context.set_offline(True)
    tick(phone, "Nông Văn Ánh")
    expect(row_of(phone, "Nông Văn Ánh")).to_contain_text(SAVED)
    with app.app_context(), unit_of_work():
        db.session.execute(sa.update(Device).values(revoked_at=datetime.now(UTC)))

    context.set_offline(False)

    expect(phone.locator("[data-part=choose-hint]")).to_contain_text("không còn được ghép")
    expect(phone.get_by_role("button", name="1 lượt cán bộ sẽ xem lại")).to_be_visible()
    kept = phone.evaluate(KEPT)
    assert kept["waiting"] == 0
    assert not [name for name in kept["names"] if name.startswith(("manifest", "came", "meeting"))]
    assert came(app) == 0
    with app.app_context():
        assert db.session.scalars(sa.select(Scan.held)).all() == [True]
    phone.get_by_role("button", name="1 lượt cán bộ sẽ xem lại").click()
    expect(phone.locator("[data-part=review]")).to_contain_text("Chờ cán bộ xem")
    phone.get_by_role("button", name="Đã rõ").click()
    expect(phone.locator("[data-part=review-open]")).to_be_hidden()


def test_a_pairing_that_has_run_out_takes_the_names_along_without_any_signal(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page, context: BrowserContext
) -> None:
    open_scanner(phone, serve(app), door()["pairing"])
    expect_ready(phone)
    context.set_offline(True)
    tick(phone, "Nông Văn Ánh")
    phone.evaluate(
        """async () => {
          const { openStore } = await import("/static/js/checkin/store.js");
          const store = await openStore(indexedDB);
          const [pairing] = await store.pairings();
          await store.keepPairing({ ...pairing, expires_at: "2020-01-01T00:00:00Z" });
        }"""
    )

    phone.reload()

    expect(phone.locator("[data-part=choose-hint]")).to_contain_text("không còn được ghép")
    kept = phone.evaluate(KEPT)
    assert kept["waiting"] == 1
    assert not [name for name in kept["names"] if name.startswith(("manifest", "came", "meeting"))]


def test_the_close_of_a_meeting_takes_its_names_off_the_phone(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page
) -> None:
    told = door()
    open_scanner(phone, serve(app), told["pairing"])
    expect_ready(phone)
    change_meeting(app, told["meeting_id"], status=MeetingStatus.CLOSED)

    phone.reload()

    expect(phone.locator("[data-part=list-hint]")).to_contain_text("Số liệu đã chốt")
    assert not [name for name in phone.evaluate(KEPT)["names"] if name.startswith(("manifest", "came"))]


ODD = """async ([meeting, event]) => {
  const { openStore } = await import("/static/js/checkin/store.js");
  const store = await openStore(indexedDB);
  const pairing = await store.kept("pairing");
  await store.keepPairing({ id: "stranger", token: "no token of this commune's" });
  const at = { meeting_id: meeting, offline: true, scanned_at: new Date().toISOString() };
  await store.put({ event_id: "of-another", pairing: "stranger", order: 1, ...at, walk_in: { name: "Khách Lạ" } });
  await store.put({ event_id: "odd", pairing, order: 2, ...at, ...event, about: { name: "Lượt Hỏng" } });
  await store.put({ event_id: "good", pairing, order: 3, ...at, walk_in: { name: "Vi Thị Hoa" } });
}"""


def test_what_the_commune_cannot_take_holds_up_nothing_else_and_is_never_thrown_away(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page, context: BrowserContext
) -> None:
    told = door()
    open_scanner(phone, serve(app), told["pairing"])
    expect_ready(phone)
    context.set_offline(True)
    phone.evaluate(ODD, [told["meeting_id"], {"resident_ids": "no list"}])
    phone.reload()

    context.set_offline(False)

    expect_came(app, 1)
    expect(phone.locator("[data-part=line]")).to_contain_text("1 lượt chưa gửi về xã")
    phone.get_by_role("button", name="1 lượt cán bộ sẽ xem lại").click()
    expect(phone.locator("[data-part=review]")).to_contain_text("Lượt Hỏng")
    expect(phone.locator("[data-part=review]")).to_contain_text("Máy vẫn giữ lại")
    assert phone.evaluate(KEPT)["waiting"] == 2
    assert phone.evaluate(KEPT)["odd"] == 1


def test_a_stalled_network_keeps_nobody_waiting(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page
) -> None:
    told = door()
    open_scanner(phone, serve(app), told["pairing"])
    phone.route("**/scans*", lambda _route: None)  # never answered
    phone.get_by_role("button", name="Quét mã").click()
    started = monotonic()

    type_code(phone, told["code"])
    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_contain_text("Nông Văn Ánh")
    next_person(phone)
    type_code(phone, told["second_code"])
    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_contain_text("Hoàng Thị Đào")

    assert monotonic() - started < 4
    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_contain_text(SAVED)


def test_the_commune_amends_what_the_phone_said(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page
) -> None:
    told = door()
    open_scanner(phone, serve(app), told["pairing"])
    expect_ready(phone)
    change_meeting(app, told["meeting_id"], status=MeetingStatus.CANCELLED)

    type_code(phone, told["code"])

    expect(phone.get_by_role("dialog", name="Buổi họp này không tổ chức")).to_contain_text("Nông Văn Ánh")


def test_a_new_version_waits_for_the_next_start(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page
) -> None:
    told, address = door(), serve(app)
    open_scanner(phone, address, told["pairing"])
    expect_ready(phone)
    caches = "async () => (await caches.keys()).sort()"
    [first] = phone.evaluate(caches)
    with app.test_request_context():
        app.extensions["checkin_kept_parts"] = replace(kept_parts(), version="f" * 16)
    phone.evaluate(
        """async () => {
          const registration = await navigator.serviceWorker.getRegistration();
          await registration.update();
          while (!registration.waiting) await new Promise((resolve) => setTimeout(resolve, 50));
        }"""
    )
    tick(phone, "Hoàng Thị Đào")
    assert first in phone.evaluate(caches), "the version in use stays whole"

    phone.reload()

    expect(phone.locator("#scanner[data-ready]")).to_be_attached()
    expect_ready(phone)
    assert phone.evaluate(caches) == ["eventmgr-checkin-" + "f" * 16]
    expect(row_of(phone, "Hoàng Thị Đào")).to_contain_text(HAS_IT)
