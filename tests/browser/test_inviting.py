"""What only a browser shows of inviting: the preview follows what is typed."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, expect

from eventmgr.core.access import Role
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.settings import APPROVAL_NEEDED, decide
from eventmgr.residents.values import Gender
from tests.factories import hamlet_of, make_household, make_meeting, make_plan
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


def test_a_tick_in_the_preview_stays_and_keeps_the_focus(app: Flask, serve, login_as, context: BrowserContext):
    with app.app_context():
        commune = office()
        with unit_of_work():
            decide(commune.id, APPROVAL_NEEDED, False, date(2023, 1, 1))
            plan = make_plan(db.session.merge(commune), sms_budget=0)
            meeting_id = make_meeting(hamlet_of(commune), starts_at=THURSDAY, plan=plan).id
            make_household(hamlet_of(commune), phone="+84912000001")
        area_id = commune.id
    address = serve(app)
    cookie = next(iter(login_as(Role.OFFICER, area_id)._cookies.values()))
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
    page = context.new_page()
    page.goto(f"{address}/meetings/{meeting_id}/invite")
    page.fill("#invite", "Moi {ten} den")  # the preview has started once it follows
    expect(page.locator("#sample-text")).to_contain_text("den")

    tick = page.locator("#over_budget")
    tick.evaluate("element => element.dataset.old = 'yes'")
    tick.check()
    expect(page.locator("#over_budget[data-old]")).to_have_count(0)

    expect(tick).to_be_checked()
    expect(tick).to_be_focused()
