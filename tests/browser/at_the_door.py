"""What people do with the scanner on a phone, in the steps of tests."""

from __future__ import annotations

from time import monotonic, sleep

import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from eventmgr.checkin.models import Attendance
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import Meeting

PHONE = {"width": 360, "height": 740}


def open_scanner(page: Page, address: str, pairing: str = "") -> None:
    """Open the scanner, by a pairing link if one is given."""
    page.goto(f"{address}/checkin/" + (f"#pair={pairing}" if pairing else ""))
    expect(page.locator("#scanner[data-ready]")).to_be_attached()


def expect_ready(page: Page) -> None:
    """The phone says that it has everything for a time without signal."""
    expect(page.get_by_text("Sẵn sàng khi mất sóng", exact=True)).to_be_visible()


def tick(page: Page, name: str) -> None:
    """Tick somebody on the list."""
    page.get_by_role("checkbox", name=name).click()


def row_of(page: Page, name: str) -> Locator:
    """Somebody's line in the list."""
    return page.locator("[data-part=households] .sc-item", has_text=name)


def type_code(page: Page, code: str) -> None:
    """Type a code below the camera."""
    page.get_by_role("button", name="Quét mã").click()
    page.get_by_label("Hoặc gõ mã trên giấy mời").fill(code)
    page.get_by_label("Hoặc gõ mã trên giấy mời").press("Enter")


def next_person(page: Page) -> None:
    """Put the answer away, if it has not gone by itself."""
    page.keyboard.press("Escape")
    expect(page.locator("[data-part=answer]")).to_be_hidden()


def write_name(page: Page, name: str) -> None:
    """Let somebody in who is on no list."""
    page.get_by_role("button", name="Khách ngoài danh sách").click()
    page.get_by_label("Họ và tên").fill(name)
    page.get_by_role("button", name="Mời vào, ghi tên", exact=True).click()


def came(app: Flask) -> int:
    """How many attendances stand."""
    with app.app_context():
        standing = sa.select(sa.func.count()).select_from(Attendance).where(Attendance.undone_at.is_(None))
        return db.session.scalar(standing) or 0


def expect_came(app: Flask, number: int) -> None:
    """Wait until the commune has that many: the phone may answer before the commune does."""
    until = monotonic() + 30
    while came(app) < number and monotonic() < until:
        sleep(0.05)
    found = came(app)
    assert found == number, f"{found} came"


def change_meeting(app: Flask, meeting_id: int, **values: object) -> None:
    """The office changes the meeting."""
    with app.app_context(), unit_of_work():
        db.session.execute(sa.update(Meeting).where(Meeting.id == meeting_id).values(**values))
