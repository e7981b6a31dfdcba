"""Render the main pages, on a PC and on a phone, in both languages, into docs/screenshots/.

A fresh invented commune of one fixed day is served on a free port, so that pictures change only
when pages do. Colours are reduced: a page of text needs few.
"""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import flask_migrate
import sqlalchemy as sa
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from eventmgr import create_app
from eventmgr.accounts.queries import find_user_by_email
from eventmgr.core.clock import FixedClock
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.language import CHOICE
from eventmgr.demo.services import load_demo
from eventmgr.demo.values import DemoLoaded, DemoSize
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.values import Channel, MeetingStatus
from eventmgr.messaging.models import Batch
from eventmgr.messaging.values import BatchKind

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "screenshots"
MOMENT = datetime(2023, 10, 12, 7, 20, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
SIZES = {"desktop": (1280, 800, 1), "phone": (360, 740, 2)}
TALLEST = {"desktop": 1500, "phone": 1100}
COLOURS = 64
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Shot:
    """One page, who looks at it, and in which languages and sizes it is shown."""

    name: str
    path: str
    email: str | None
    looks: tuple[str, ...]
    press: str = ""  # a button to press first, by its CSS selector


def shots(demo: DemoLoaded) -> list[Shot]:
    """The pages worth a picture."""
    emails = {user.role: user.email for user in demo.users}
    officer, head = emails["officer"], emails["hamlet_head"]
    coming = demo.next_meeting_id
    held = db.session.scalars(sa.select(Meeting.id).where(Meeting.status == MeetingStatus.CLOSED)).first()
    code = db.session.scalars(
        sa.select(Invitation.code)
        .where(Invitation.meeting_id == coming, Invitation.channel == Channel.SMS)
        .order_by(Invitation.id)
    ).first()
    later = db.session.scalars(
        sa.select(Meeting.id)
        .where(Meeting.status == MeetingStatus.SCHEDULED, ~Meeting.invitations.any())
        .order_by(Meeting.starts_at)
    ).first()
    sent = db.session.scalars(
        sa.select(Batch.id).where(Batch.subject == f"meeting:{coming}", Batch.kind == BatchKind.INVITE)
    ).first()
    return [
        Shot("today", "/", officer, ("vi-desktop", "en-desktop", "vi-phone")),
        Shot("plan", f"/plans/{demo.plan_id}", officer, ("vi-desktop",)),
        Shot("meetings", "/meetings", officer, ("vi-desktop", "vi-phone")),
        Shot("meeting", f"/meetings/{coming}", officer, ("vi-desktop", "en-desktop", "vi-phone")),
        Shot("invite", f"/meetings/{later}/invite", officer, ("vi-desktop",)),
        Shot("invited", f"/meetings/{coming}/invitations", head, ("vi-phone",)),
        Shot("residents", "/residents", officer, ("vi-desktop",)),
        Shot("messages", f"/messages/batches/{sent}", officer, ("vi-desktop",)),
        Shot("simulator", "/messages/simulator", officer, ("vi-desktop",)),
        Shot("check-in", f"/meetings/{coming}/check-in", officer, ("vi-desktop", "vi-phone")),
        Shot("scanner", "/checkin/", head, ("vi-phone",), press="[data-go=list]"),
        Shot("report", f"/reports/plans/{demo.plan_id}", officer, ("vi-desktop", "en-desktop")),
        Shot("meeting-report", f"/reports/meetings/{held}", officer, ("vi-desktop",)),
        Shot("invitation", f"/i/{code}", None, ("vi-phone", "en-phone")),
    ]


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The app on a free port of this machine."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def cookie_of(app: Flask, email: str | None, language: str) -> str:
    """A session in which this person has signed in and chosen this language."""
    session = {CHOICE: language}
    if email:
        user = find_user_by_email(email)
        assert user is not None
        session |= {"_user_id": str(user.id), "_fresh": True}
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return str(signer.dumps(session))


def render(browser: Browser, app: Flask, address: str, shot: Shot, look: str) -> str | None:
    """Save one picture; gives a sentence if the page is not there."""
    language, size = look.split("-")
    width, height, scale = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        locale=f"{language}-VN",
        timezone_id="Asia/Ho_Chi_Minh",
    )
    context.add_cookies(
        [{"name": app.config["SESSION_COOKIE_NAME"], "value": cookie_of(app, shot.email, language), "url": address}]
    )
    page = context.new_page()
    query = "?lang=en" if shot.email is None and language == "en" else ""
    answer = page.goto(address + shot.path + query, wait_until="networkidle")
    if answer is None or not answer.ok:
        context.close()
        return f"{shot.name}: {shot.path} answers {answer.status if answer else 'nothing'}"
    if shot.press:
        page.click(shot.press)
        page.wait_for_timeout(500)
    _save(page, size, FOLDER / f"{shot.name}-{look}.png")
    context.close()
    return None


def _save(page: Page, size: str, path: Path) -> None:
    width, height, _scale = SIZES[size]
    tall = page.evaluate("document.documentElement.scrollHeight")
    # A window as tall as the page: what sticks to its foot stands at the foot of the picture.
    page.set_viewport_size({"width": width, "height": max(height, min(tall, TALLEST[size]))})
    picture = Image.open(BytesIO(page.screenshot()))
    reduced = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    reduced.save(path, optimize=True)


def main() -> int:
    """Render all pictures; 1 if a page could not be opened."""
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        print("Chromium is needed: apt-get install chromium", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory(prefix="eventmgr-pictures-") as folder:
        app = create_app(
            {
                "INSTANCE_PATH": folder,
                "DATABASE_URL": f"sqlite:///{folder}/pictures.db",
                "SECRET_KEY": "a key for pictures of invented people",
                "RATELIMIT_ENABLED": False,
            },
            FixedClock(MOMENT),
        )
        with app.app_context():
            flask_migrate.upgrade()
            with unit_of_work():
                demo = load_demo(DemoSize(), MOMENT)
            with served(app) as address, sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                missing = [
                    problem
                    for shot in shots(demo)
                    for look in shot.looks
                    if (problem := render(browser, app, address, shot, look))
                ]
                browser.close()
            db.session.remove()
            db.engine.dispose()
    for problem in missing:
        print(problem, file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
