"""What only a browser shows of inviting: the preview follows what is typed."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, expect

from eventmgr.core.access import Role
from eventmgr.core.db import unit_of_work
from eventmgr.residents.values import Gender
from tests.factories import hamlet_of, make_household, make_meeting
from tests.meetings.test_inviting_pages import THURSDAY, office

pytestmark = pytest.mark.one_database


def test_the_preview_follows_what_is_typed(app: Flask, serve, login_as, context: BrowserContext):
    with app.app_context():
        commune = office()
        with unit_of_work():
            meeting_id = make_meeting(hamlet_of(commune), starts_at=THURSDAY).id
            make_household(hamlet_of(commune), "Hoàng Thị Nguyệt", phone="+84912000001", gender=Gender.FEMALE)
        area_id = commune.id
    address = serve(app)
    cookie = next(iter(login_as(Role.OFFICER, area_id)._cookies.values()))
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
    page = context.new_page()
    page.goto(f"{address}/meetings/{meeting_id}/invite")
    text = page.locator("#sample-text")
    expect(text).to_contain_text("kinh moi ba Nguyet")

    page.fill("#invite", "Mời {ten} đến họp")
    expect(text).to_have_text("Moi ba Nguyet den hop")

    page.get_by_label("Có dấu", exact=False).check()
    expect(text).to_have_text("Mời bà Nguyệt đến họp")

    page.fill("#invite", "Mời {nha}")
    expect(page.locator("#invite-preview")).to_contain_text("{nha}")
    expect(page.locator("#invite")).to_have_value("Mời {nha}")
