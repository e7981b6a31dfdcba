"""The scanner's camera, with films in the place of people: Chromium's fake camera shows them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from tests.browser.at_the_door import came, expect_came, open_scanner
from tests.support import camera

pytestmark = pytest.mark.one_database

SERVED = Callable[[Flask], str]


def _link(code: str) -> str:
    return f"HTTP://XA-MAU.EXAMPLE/I/{code}"


def _scan(phone: Page) -> None:
    phone.get_by_role("button", name="Quét mã").click()


@pytest.mark.parametrize("how", camera.HARD)
def test_the_camera_reads_codes_as_they_come(
    how: str, app: Flask, door: Callable[[], Any], serve: SERVED, with_camera: Callable[..., Page], tmp_path: Path
) -> None:
    told = door()
    phone = with_camera(camera.film_of([camera.HARD[how](_link(told["code"]))], tmp_path / "film.mjpeg"))
    open_scanner(phone, serve(app), told["pairing"])

    _scan(phone)

    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_contain_text("Nông Văn Ánh")


def test_a_code_counts_once_while_it_stays_in_view(
    app: Flask, door: Callable[[], Any], serve: SERVED, with_camera: Callable[..., Page], tmp_path: Path
) -> None:
    told = door()
    phone = with_camera(camera.film_of([camera.code_picture(_link(told["code"]))], tmp_path / "film.mjpeg"))
    open_scanner(phone, serve(app), told["pairing"])

    _scan(phone)

    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_contain_text("Nông Văn Ánh")
    expect(phone.get_by_role("dialog")).to_have_count(0)
    phone.wait_for_timeout(1500)
    expect(phone.get_by_role("dialog")).to_have_count(0)
    expect_came(app, 1)


NOTE_ANSWERS = """
  window.answers = [];
  new MutationObserver(() => {
    const answer = document.querySelector("[data-part=answer]");
    const said = answer.open && document.querySelector("[data-part=answer-name]").textContent;
    const word = document.querySelector("[data-part=answer-word]").textContent;
    const line = `${word}: ${said}`;
    if (said && window.answers.at(-1) !== line) window.answers.push(line);
  }).observe(document.querySelector("[data-part=answer]"), { attributes: true, childList: true, subtree: true, characterData: true });
"""


def test_two_people_with_codes_side_by_side_are_each_let_in_once(
    app: Flask, door: Callable[[], Any], serve: SERVED, with_camera: Callable[..., Page], tmp_path: Path
) -> None:
    told = door()
    pictures = [camera.code_picture(_link(told[name])) for name in ("code", "second_code")]
    phone = with_camera(camera.film_of(pictures, tmp_path / "film.mjpeg", frames_each=8))  # turns every 0.3 s
    open_scanner(phone, serve(app), told["pairing"])
    phone.evaluate(NOTE_ANSWERS)

    _scan(phone)
    expect_came(app, 2)
    phone.wait_for_timeout(2500)

    answers = phone.evaluate("answers")
    assert sorted(answers) == ["Xin mời vào: Hoàng Thị Đào", "Xin mời vào: Nông Văn Ánh"]


def test_codes_are_answered_by_the_phone_itself_while_the_commune_says_nothing(
    app: Flask, door: Callable[[], Any], serve: SERVED, phone: Page
) -> None:
    told = door()
    waiting: list[Route] = []
    phone.route("**/scans*", lambda route: waiting.append(route))
    open_scanner(phone, serve(app), told["pairing"])
    phone.get_by_role("button", name="Quét mã").click()

    for code, name in ((told["code"], "Nông Văn Ánh"), (told["second_code"], "Hoàng Thị Đào")):
        phone.evaluate(
            """code => {
              const form = document.querySelector("[data-part=code-form]");
              form.querySelector("input").value = code;
              form.requestSubmit();
            }""",
            code,
        )
        expect(phone.get_by_role("dialog", name="Xin mời vào")).to_contain_text(name)

    assert came(app) == 0, "nothing has reached the commune"
    for route in waiting:
        route.continue_()
    phone.unroute("**/scans*")
    expect_came(app, 2)


def test_a_reader_that_did_not_load_is_tried_again(
    app: Flask, door: Callable[[], Any], serve: SERVED, with_camera: Callable[..., Page], tmp_path: Path
) -> None:
    told = door()
    film = camera.film_of([camera.code_picture(_link(told["code"]))], tmp_path / "film.mjpeg")
    phone = with_camera(film, service_workers="block")
    phone.route("**/zxing_reader.wasm", lambda route: route.abort())
    open_scanner(phone, serve(app), told["pairing"])
    _scan(phone)
    expect(phone.locator("[data-part=camera-hint]")).to_contain_text("Chưa tải được phần đọc mã")
    phone.unroute("**/zxing_reader.wasm")

    phone.get_by_role("button", name="Thử lại").click()

    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_contain_text("Nông Văn Ánh")


LAMP = """
  const asked = [];
  window.asked = asked;
  MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true, zoom: { min: 1, max: 4, step: 0.5 } });
  MediaStreamTrack.prototype.applyConstraints = async (wish) => { asked.push(wish.advanced[0]); };
"""


def test_light_and_zoom_are_offered_where_the_camera_has_them_and_the_zoom_is_remembered(
    app: Flask, door: Callable[[], Any], serve: SERVED, with_camera: Callable[..., Page], tmp_path: Path
) -> None:
    told = door()
    phone = with_camera(camera.film_of([None], tmp_path / "film.mjpeg"))
    phone.add_init_script(LAMP)
    open_scanner(phone, serve(app), told["pairing"])
    _scan(phone)
    phone.get_by_role("button", name="Đèn").click()
    expect(phone.get_by_role("button", name="Đèn")).to_have_attribute("aria-pressed", "true")
    phone.get_by_label("Phóng to").fill("2.5")
    assert phone.evaluate("asked") == [{"torch": True}, {"zoom": 2.5}]

    phone.reload()
    _scan(phone)

    expect(phone.get_by_label("Phóng to")).to_have_value("2.5")
    assert phone.evaluate("asked") == [{"zoom": 2.5}]


def test_a_camera_that_is_taken_away_comes_back(
    app: Flask, door: Callable[[], Any], serve: SERVED, with_camera: Callable[..., Page], tmp_path: Path
) -> None:
    told = door()
    phone = with_camera(camera.film_of([camera.code_picture(_link(told["code"]))], tmp_path / "film.mjpeg"))
    open_scanner(phone, serve(app), told["pairing"])
    _scan(phone)
    expect(phone.get_by_role("dialog", name="Xin mời vào")).to_be_visible()
    expect(phone.get_by_role("dialog")).to_have_count(0)

    phone.evaluate(
        "() => { const [track] = document.querySelector('video').srcObject.getTracks();"
        " track.stop(); track.dispatchEvent(new Event('ended')) }"
    )

    expect(phone.locator("[data-part=camera-hint]")).to_contain_text("Máy ảnh vừa bị ngắt")
    expect(phone.locator("[data-part=camera-hint]")).to_contain_text("Đưa mã QR")
    assert phone.evaluate("document.querySelector('video').srcObject.active")
