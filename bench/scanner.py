"""How soon the phone at the door answers a code, and takes the next: in a real browser, without and with the commune.

Codes are handed to the scanner one after the other, the next as soon as the answer to the last is on the screen. The
floor is what the person at the door is promised.
"""

from __future__ import annotations

import logging
import shutil
import statistics
import tempfile
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import flask_migrate
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from eventmgr import create_app
from eventmgr.checkin.services.pairing import create_pairing
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from tests.browser.at_the_door import PHONE, expect_ready, open_scanner
from tests.factories import hamlet_of, make_commune, make_household, make_invitation, make_meeting

HOUSEHOLDS = 200
CODES = 40
PROMISED_MS = 300
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")

SCAN = """async codes => {
  const form = document.querySelector("[data-part=code-form]");
  const answer = document.querySelector("[data-part=answer-name]");
  const took = [];
  for (const [code, name] of codes) {
    const begun = performance.now();
    form.querySelector("input").value = code;
    form.requestSubmit();
    while (!answer.textContent.includes(name)) await new Promise(requestAnimationFrame);
    took.push(performance.now() - begun);
  }
  return took;
}"""


def run() -> Iterator[dict[str, Any]]:
    """From a code to its answer on the screen, half without a signal and half with one."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    path = next(filter(None, map(shutil.which, CHROMIUM)))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        address, pairing, codes = _serve(Path(folder))
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        context = browser.new_context(viewport=PHONE, locale="vi-VN")  # type: ignore[arg-type]
        page = context.new_page()
        open_scanner(page, address, pairing)
        expect_ready(page)
        page.get_by_role("button", name="Quét mã").click()
        context.set_offline(True)
        yield _figure("without a signal", page, codes[:CODES])
        context.set_offline(False)
        yield _figure("with a signal", page, codes[CODES : 2 * CODES])
        browser.close()


def _figure(how: str, page: Page, codes: list[tuple[str, str]]) -> dict[str, Any]:
    took = page.evaluate(SCAN, codes)
    middle = statistics.median(took)
    return {
        "figure": f"a code answered by the phone, {how}, {CODES} in a row (slowest {max(took):.0f} ms)",
        "value": round(middle, 1),
        "unit": "ms",
        "floor": PROMISED_MS,
        "ratio": round(middle / PROMISED_MS, 3),
        "database": "sqlite",
    }


def _serve(folder: Path) -> tuple[str, str, list[tuple[str, str]]]:
    """A meeting with its households on a free port: the address, a pairing code, and codes with the names they show."""
    app = create_app(
        {
            "DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
            "INSTANCE_PATH": str(folder),
            "SECRET_KEY": "a key for measuring, long enough to be one",
        }
    )
    with app.app_context():
        flask_migrate.upgrade()
        with unit_of_work():
            hamlet = hamlet_of(make_commune())
            meeting = make_meeting(hamlet, starts_at=now() + timedelta(hours=1))
            names = [f"Nông Văn Mẫu {number:03d}" for number in range(HOUSEHOLDS)]
            codes = [(make_invitation(meeting, make_household(hamlet, name)).code, name) for name in names]
            _device, pairing = create_pairing(meeting, by=None, now=now())
        db.session.remove()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}", pairing, codes
