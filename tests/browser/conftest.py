"""A real browser and a real server for what only they can show."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect, sync_playwright
from werkzeug.serving import make_server

from eventmgr.checkin.services.pairing import create_pairing
from eventmgr.core.clock import SystemClock
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import Meeting
from tests.browser.at_the_door import PHONE
from tests.factories import hamlet_of, make_commune, make_household, make_invitation, make_meeting
from tests.support import camera

expect.set_options(timeout=30_000)  # a machine under load is slow, not wrong

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, one for the whole run."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert path, "the browser tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Flask], str]]:
    """`serve(app)` serves an app on a free port of this machine and gives its address."""
    servers = []

    def start(app: Flask) -> str:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


UNTOUCHABLE_UNTIL_STARTED = """
addEventListener("DOMContentLoaded", () => {
  const root = document.documentElement;
  if (!document.querySelector('script[src*="js/main.js"]') || root.hasAttribute("data-started")) return;
  root.inert = true;
  new MutationObserver((_changes, observer) => {
    root.inert = false;
    observer.disconnect();
  }).observe(root, { attributeFilter: ["data-started"] });
});
"""
"""A page's behaviours start a moment after its load. Until then nothing on it can be clicked, so a click waits."""

STARTED = 'html[data-started], html:not(:has(script[src*="js/main.js"]))'


def be_patient(context: BrowserContext) -> None:
    """Tests of this profile meet pages whose behaviours have started, as people do."""
    context.set_default_timeout(30_000)
    context.add_init_script(UNTOUCHABLE_UNTIL_STARTED)
    context.on("page", _wait_after_going)


def _wait_after_going(page: Page) -> None:
    for name in ("goto", "reload"):
        setattr(page, name, _then_wait(page, getattr(page, name)))


def _then_wait(page: Page, go: Callable[..., Response | None]) -> Callable[..., Response | None]:
    def go_and_wait(*arguments: object, **options: object) -> Response | None:
        response = go(*arguments, **options)
        page.wait_for_selector(STARTED, state="attached")
        return response

    return go_and_wait


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh browser profile of PC size."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="vi-VN")
    be_patient(context)
    yield context
    context.close()


# --- At the door ----------------------------------------------------------------------------------


@pytest.fixture
def door(app: Flask) -> Callable[[], Any]:
    """A meeting in an hour by the real clock; gives its id, a pairing code, invitation codes."""
    app.extensions["clock"] = SystemClock()
    with app.app_context(), unit_of_work():
        commune = make_commune()
        hamlet = hamlet_of(commune)
        moment = datetime.now(UTC)
        meeting = make_meeting(hamlet, starts_at=moment + timedelta(hours=1), title="Họp thôn Bản Mẫu Một")
        first = make_household(hamlet, "Nông Văn Ánh", members=("Nông Thị Bích", "Nông Đức Cường"))
        code = make_invitation(meeting, first).code
        second_code = make_invitation(meeting, make_household(hamlet, "Hoàng Thị Đào")).code
        other = make_meeting(hamlet, starts_at=moment + timedelta(days=2), title="Họp thôn lần hai")
        other_code = make_invitation(other, first).code
        revoked = make_household(hamlet, "Lường Văn Ước")
        revoked_code = make_invitation(meeting, revoked, withdrawn_at=moment).code
        meeting_id, commune_id = meeting.id, commune.id
    codes = {"code": code, "second_code": second_code, "other_code": other_code, "revoked_code": revoked_code}

    def pair() -> dict[str, Any]:
        with app.app_context(), unit_of_work():
            found = db.session.get(Meeting, meeting_id)
            assert found is not None
            _device, pairing = create_pairing(found, by=None, now=datetime.now(UTC))
        return codes | {"pairing": pairing, "meeting_id": meeting_id, "commune_id": commune_id}

    return pair


@pytest.fixture
def phone(context: BrowserContext) -> Page:
    """A phone without a usable camera."""
    page = context.new_page()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    return page


@pytest.fixture
def with_camera(tmp_path: Path, browser: Browser) -> Iterator[Callable[..., Page]]:
    """`with_camera(film)` gives a phone whose camera shows the film."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    opened: list[Browser] = []

    def look_at(film: Path, **profile: Any) -> Page:
        own = browser.browser_type.launch(executable_path=path, args=camera.flags(film))
        opened.append(own)
        context = own.new_context(viewport=PHONE, locale="vi-VN", permissions=["camera"], **profile)  # type: ignore[arg-type]
        be_patient(context)
        return context.new_page()

    yield look_at
    for own in opened:
        own.close()
