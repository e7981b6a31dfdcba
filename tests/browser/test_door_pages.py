"""The officers' pages of the door, as they are seen and used without eyes and on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext, expect

from eventmgr.core.access import Role
from tests.browser.test_accessibility import PHONE, _faults
from tests.checkin import conftest as checkin
from tests.checkin.conftest import Hall

hall, scan = checkin.hall, checkin.scan  # the same hall as in the tests of the door


@pytest.mark.one_database
@pytest.mark.parametrize("language", ["vi", "en"])
def test_what_waits_is_accepted_without_eyes_and_on_a_phone(
    language: str,
    app: Flask,
    hall: Hall,
    scan: Callable[..., object],
    serve: Callable[[Flask], str],
    context: BrowserContext,
    login_as: Callable[..., FlaskClient],
) -> None:
    scan(code="0000000000", offline=True)
    scan(code=hall.other_code, offline=True)
    address = serve(app)
    cookie = next(iter(login_as(Role.OFFICER, hall.commune)._cookies.values()))
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
    page = context.new_page()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]

    page.goto(f"{address}/meetings/{hall.meeting}/check-in/held?lang={language}")
    assert _faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for path in ("", "/paper", "?q=nong"):
        page.goto(f"{address}/meetings/{hall.meeting}/check-in{path}")
        assert _faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path

    page.goto(f"{address}/meetings/{hall.meeting}/check-in/held")
    page.locator("tbody input[type=checkbox]:checked").first.wait_for()
    page.locator("main form button.btn-primary").click()
    expect(page.locator("tbody tr")).to_have_count(1)
