"""What the scanner asks of the browser: to keep what is stored, to leave the screen lit, to come onto the home screen, to
hand in while the page is shut."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.at_the_door import expect_came, expect_ready, open_scanner, row_of, tick
from tests.support import camera

pytestmark = pytest.mark.one_database

SERVED = Callable[[Flask], str]

BROWSER_SAYS = """
  navigator.storage.persisted = () => Promise.resolve(false);
  navigator.storage.persist = () => { window.askedToKeep = true; return Promise.resolve(%s); };
"""

NOTE_LIGHT = """
  window.light = [];
  navigator.wakeLock.request = (kind) => {
    window.light.push(`on: ${kind}`);
    return Promise.resolve({ release: () => { window.light.push("off"); return Promise.resolve(); } });
  };
"""

OFFER_TO_INSTALL = """
  const offer = new Event("beforeinstallprompt", { cancelable: true });
  offer.prompt = () => { window.prompted = (window.prompted ?? 0) + 1; };
  offer.userChoice = Promise.resolve({ outcome: "accepted" });
  dispatchEvent(offer);
  window.leftToUs = offer.defaultPrevented;
"""


@pytest.mark.parametrize("promised", [True, False])
def test_the_browser_is_asked_to_keep_what_is_stored_and_a_refusal_is_told(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page, promised: bool
) -> None:
    phone.add_init_script(BROWSER_SAYS % str(promised).lower())
    open_scanner(phone, serve(app), door()["pairing"])
    expect_ready(phone)

    phone.locator("[data-go=choose]").click()

    assert phone.evaluate("window.askedToKeep")
    warning = phone.get_by_text("trình duyệt có thể xóa những gì đã lưu")
    if promised:
        expect(phone.get_by_role("heading", name="Hội nghị nào?")).to_be_visible()
        expect(warning).to_have_count(0)
    else:
        expect(warning).to_be_visible()


def test_the_screen_stays_lit_while_the_camera_looks_and_no_longer(
    app: Flask, door: Callable[[], Any], serve: SERVED, with_camera: Callable[..., Page], tmp_path: Path
) -> None:
    told = door()
    phone = with_camera(camera.film_of([camera.code_picture(told["code"])], tmp_path / "film.mjpeg"))
    phone.add_init_script(NOTE_LIGHT)
    open_scanner(phone, serve(app), told["pairing"])
    assert phone.evaluate("window.light") == []

    phone.get_by_role("button", name="Quét mã").click()
    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_be_visible()
    assert phone.evaluate("window.light") == ["on: screen"]
    phone.keyboard.press("Escape")
    phone.get_by_role("button", name="Danh sách", exact=True).click()

    phone.wait_for_function("window.light.length > 1")
    assert phone.evaluate("window.light") == ["on: screen", "off"]


def test_the_scanner_offers_itself_for_the_home_screen_once(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page
) -> None:
    open_scanner(phone, serve(app), door()["pairing"])
    phone.locator("[data-go=choose]").click()
    button = phone.get_by_role("button", name="Thêm vào màn hình chính")
    expect(button).to_be_hidden()

    phone.evaluate(OFFER_TO_INSTALL)
    assert phone.evaluate("window.leftToUs")
    button.click()

    expect(button).to_be_hidden()
    assert phone.evaluate("window.prompted") == 1


def test_what_waits_is_handed_in_though_the_page_is_shut(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page, context: BrowserContext
) -> None:
    address = serve(app)
    open_scanner(phone, address, door()["pairing"])
    expect_ready(phone)
    elsewhere = context.new_page()
    elsewhere.goto(f"{address}/static/js/main.js")  # any page but the scanner
    known: list[str] = []
    devtools = context.new_cdp_session(elsewhere)
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: known.extend(one["registrationId"] for one in told["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    context.set_offline(True)
    tick(phone, "Nông Văn Ánh")
    expect(row_of(phone, "Nông Văn Ánh")).to_contain_text("Đã lưu trong máy")
    phone.close()
    context.set_offline(False)

    # as the browser does when the network is back
    devtools.send(
        "ServiceWorker.dispatchSyncEvent",
        {"origin": address, "registrationId": known[0], "tag": "hand-in", "lastChance": False},
    )

    expect_came(app, 1)
