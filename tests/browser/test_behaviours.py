"""The small behaviours that pages start by data-module, in a real browser under the real policy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, Response, request
from playwright.sync_api import BrowserContext, Page, expect

from eventmgr.config import TOP
from eventmgr.core.web import content_policy

PAGE = """<!doctype html><html lang="vi"><title>x</title><script type="module" src="/static/js/main.js"></script>
<form id="danger" method="post" action="/gone" data-module="lib/confirm" data-title="Xóa: Họp thôn" data-text="62 giấy mời"
  data-yes="Xóa" data-no="Không" data-kind="danger"><button>Xóa</button></form>
<input id="find" aria-label="Tìm" data-module="lib/filter-list" data-items=".person" data-count="left" data-empty="none">
<p><span id="left">3</span> người</p><p id="none" hidden>Không có ai</p>
<ul><li class="person">Hoàng Văn Đức</li><li class="person">Nông Thị Nguyệt</li><li class="person" data-words="Lương Ánh Đỏ">Cô Ánh</li></ul>
<table id="t" data-module="lib/select-all"><tr><th><input type="checkbox" data-all hidden aria-label="Tất cả"></th></tr>
<tr><td><input type="checkbox" aria-label="một"></td></tr><tr><td><input type="checkbox" aria-label="hai"></td></tr></table>
<p>Đã chọn <b data-selected-count>?</b></p>
<div id="progress" data-module="lib/poll" data-url="/progress" data-seconds="0.05">0</div>
<form data-module="lib/live-preview" data-url="/preview" data-target="preview" data-wait="20"><textarea name="text" aria-label="Tin">Chào</textarea></form>
<div id="preview"></div>
<details data-module="lib/sheet"><summary>Thêm</summary><a href="/">Báo cáo</a></details>
<p data-module="lib/none ../../evil">x</p><button hidden data-module="lib/none ../../evil lib/print">In</button>
"""


@pytest.fixture
def page(serve: Callable[[Flask], str], context: BrowserContext) -> Page:
    """A page with one of each behaviour."""
    app = Flask("behaviours", static_folder=str(TOP / "static"))
    asked = iter(range(1, 100))

    @app.get("/")
    def show() -> Response:
        return Response(PAGE, headers={"Content-Security-Policy": content_policy()})

    @app.post("/gone")
    def gone() -> str:
        return "đã xóa"

    @app.get("/progress")
    def progress() -> str:
        step = next(asked)
        more = ' data-module="lib/poll" data-url="/progress" data-seconds="0.05"' if step < 3 else ""
        return f'<div id="progress"{more}>{step}</div>'

    @app.post("/preview")
    def preview() -> str:
        return f"<p>{len(request.form['text'])} chữ</p>"

    page = context.new_page()
    page.goto(serve(app))
    return page


def test_a_dangerous_form_asks_first_and_goes_back_on_no(page: Page) -> None:
    page.locator("#danger button").click()
    dialog = page.get_by_role("dialog", name="Xóa: Họp thôn")
    expect(dialog).to_contain_text("62 giấy mời")

    dialog.get_by_role("button", name="Không").click()

    expect(dialog).to_have_count(0)
    assert "gone" not in page.url


def test_a_dangerous_form_is_sent_on_yes(page: Page) -> None:
    page.locator("#danger button").click()

    page.get_by_role("dialog").get_by_role("button", name="Xóa").click()

    expect(page.locator("body")).to_have_text("đã xóa")


def test_escape_means_no(page: Page) -> None:
    page.locator("#danger button").click()

    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "gone" not in page.url


@pytest.mark.parametrize(
    ("typed", "left"), [("duc", 1), ("ĐỨC", 1), ("thi nguyet", 1), ("n", 3), ("do", 1), ("co anh", 0), ("xyz", 0)]
)
def test_a_list_narrows_while_one_types_with_or_without_marks(page: Page, typed: str, left: int) -> None:
    page.get_by_label("Tìm").fill(typed)

    expect(page.locator("#left")).to_have_text(str(left))
    assert page.locator(".person:visible").count() == left
    assert page.locator("#none").is_visible() == (left == 0)


def test_one_box_ticks_all_and_the_number_follows(page: Page) -> None:
    everyone = page.get_by_label("Tất cả")
    everyone.check()
    expect(page.locator("[data-selected-count]")).to_have_text("2")

    page.get_by_label("một").uncheck()

    expect(page.locator("[data-selected-count]")).to_have_text("1")
    assert everyone.evaluate("box => box.indeterminate")


def test_progress_goes_on_until_the_server_says_it_is_done(page: Page) -> None:
    expect(page.locator("#progress")).to_have_text("3")

    assert page.locator("#progress").get_attribute("data-module") is None


def test_a_preview_follows_what_is_typed(page: Page) -> None:
    expect(page.locator("#preview")).to_have_text("4 chữ")

    page.get_by_label("Tin").fill("Chào bà con")

    expect(page.locator("#preview")).to_have_text("11 chữ")


def test_the_sheet_closes_on_escape_and_on_a_tap_outside(page: Page) -> None:
    more = page.locator("details")
    more.locator("summary").click()
    expect(more).to_have_attribute("open", "")

    page.keyboard.press("Escape")
    expect(more).not_to_have_attribute("open", "")

    more.locator("summary").click()
    page.locator("#left").click()
    expect(more).not_to_have_attribute("open", "")


def test_a_behaviour_that_is_missing_does_not_stop_the_others(page: Page) -> None:
    expect(page.get_by_role("button", name="In")).to_be_visible()
