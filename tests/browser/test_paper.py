"""What only a browser shows of the signed sheet: rows ticked by number, lines walked by the arrow keys."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, expect

from eventmgr.core.access import Role
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from tests.factories import hamlet_of, make_commune, make_household, make_invitation, make_meeting

pytestmark = pytest.mark.one_database


def test_a_page_of_signatures_goes_in_without_the_mouse(app: Flask, serve, login_as, context: BrowserContext):
    with app.app_context(), unit_of_work():
        commune = make_commune()
        meeting = make_meeting(hamlet_of(commune), starts_at=now() - timedelta(hours=2))
        for name in ("An Thị Ví", "Bế Văn Dụ", "Chu Thị Mẫu", "Dương Văn Thử"):
            make_invitation(meeting, make_household(hamlet_of(commune), name))
        meeting_id, area_id = meeting.id, commune.id
    address = serve(app)
    cookie = next(iter(login_as(Role.OFFICER, area_id)._cookies.values()))
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
    page = context.new_page()
    page.goto(f"{address}/meetings/{meeting_id}/check-in/paper")
    numbers, boxes = page.locator("#numbers"), page.locator("input[name=line]")

    numbers.fill("1-2")
    numbers.press("Enter")
    expect(numbers).to_have_value("")
    expect(page.locator("[data-said]")).to_have_text("Dòng 2: Chu Thị Mẫu")
    numbers.fill("9")
    numbers.press("Enter")
    expect(page.locator("[data-said]")).to_have_text("Dòng 9 không có trong danh sách này.")
    numbers.fill("")
    numbers.press("ArrowDown")
    for _line in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")

    assert [box.is_checked() for box in boxes.all()] == [True, True, False, True]
    page.get_by_role("button", name="Nhập vào").click()
    expect(page.get_by_text("Đã nhập 3 người.")).to_be_visible()
    expect(boxes).to_have_count(1)
