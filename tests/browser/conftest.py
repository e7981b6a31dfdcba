"""A real browser and a real server for what only they can show."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect, sync_playwright
from werkzeug.serving import make_server

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
