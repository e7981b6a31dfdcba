"""The main job as people do it, in a real browser: set-up page, list B, plan, meetings, invitations by the
simulator, a resident's phone, the camera at the door, the report."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import docx
import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from eventmgr.core.clock import FixedClock
from eventmgr.core.codes import normalise_code
from eventmgr.core.db import db
from eventmgr.core.jobs import take_up_jobs
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.messaging.tasks import send_due
from eventmgr.worker import gather_tasks
from tests.browser.conftest import CHROMIUM, be_patient
from tests.support import camera

LIST_B = Path(__file__).parents[1] / "data" / "B-danh-sach-nhan-khau-mau.xlsx"
PASSWORD = "mot cau de nho"


def test_an_officer_takes_a_plan_to_a_report(
    app: Flask,
    clock: FixedClock,
    serve: Callable[[Flask], str],
    browser: Browser,
    context: BrowserContext,
    tmp_path: Path,
) -> None:
    base = serve(app)
    page = context.new_page()

    set_up(page, base)
    import_list(app, page, base)
    name_a_phone_to_ask(page, base)
    plan = write_plan(page, base)
    series = schedule(page, base, plan)
    invite(page, series)
    with app.app_context():
        send_due()
        clock.advance(minutes=5)
        send_due()
    code = read_code_on_a_phone(page, base)
    qr = answer_on_a_phone(browser, base, code, tmp_path)
    meeting_id = move_to_the_day(app, clock, code)
    come_in(browser, base, meeting_id, qr, tmp_path)
    clock.advance(hours=3)
    words = hold_and_report(page, base, meeting_id, plan)

    assert "Tổng số 1 lượt người tham dự, là 1 người" in words


def set_up(page: Page, base: str) -> None:
    page.goto(base)
    expect(page.get_by_role("heading", level=1)).to_have_text("Thiết lập cho xã của anh/chị")
    for name, value in {
        "commune": "Bình Trung",
        "commune_code": "06217",
        "province": "Lạng Sơn",
        "full_name": "Hoàng Thị Mẫu",
        "email": "can-bo@vi-du.example",
        "password": PASSWORD,
        "password_again": PASSWORD,
    }.items():
        page.locator(f"[name={name}]").fill(value)
    page.get_by_role("button", name="Thiết lập", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hôm nay")


def import_list(app: Flask, page: Page, base: str) -> None:
    page.goto(f"{base}/residents")
    page.get_by_role("link", name="Nhập danh sách").first.click()
    page.locator("input[type=file]").set_input_files(LIST_B)
    page.locator("main button[type=submit]").first.click()
    page.get_by_role("button", name="Nhập 304 người").click()
    expect(page.locator("progress")).to_be_visible()
    gather_tasks()
    with app.app_context():
        take_up_jobs()
    page.get_by_role("link", name="Xem kết quả").click()
    expect(page.locator("main")).to_contain_text("hộ mới")


def name_a_phone_to_ask(page: Page, base: str) -> None:
    page.goto(f"{base}/settings")
    page.locator("[name=contact_phone]").fill("0205 3000 111")
    page.locator("form:has([name=contact_phone]) button[type=submit]").first.click()
    expect(page.locator("[name=contact_phone]")).to_have_value(re.compile("0205"))


def write_plan(page: Page, base: str) -> str:
    page.goto(f"{base}/plans/new")
    page.locator("[name=title]").fill("Truyền thông về giảm nghèo đa chiều năm 2023")
    page.locator("[name=starts_on]").fill("2023-05-01")
    page.locator("[name=ends_on]").fill("2023-12-31")
    page.locator("main form .form-actions button[type=submit], main form button.btn-primary").first.click()
    page.wait_for_url(re.compile(r"/plans/\d+/sections/legal_bases"))
    page.locator("main textarea").fill("Kế hoạch số 196/KH-LĐTĐBXHDT ngày 24/4/2023")
    page.get_by_role("button", name="Lưu", exact=True).click()
    page.wait_for_url(re.compile(r"/plans/\d+(#.*)?$"))
    return page.url.partition("#")[0]


def schedule(page: Page, base: str, plan: str) -> str:
    page.goto(f"{base}/meetings/new?plan={plan.rpartition('/')[2]}")
    page.locator("[name=title]").fill("Hội nghị truyền thông về giảm nghèo")
    for box in page.locator("[name=hamlets]").all():
        box.check()
    page.locator("[name=first_day]").fill("2023-06-12")
    page.locator("[name=first_hour]").fill("07:30")
    page.locator("button[name=step][value=preview]").click()
    expect(page.locator("main tbody tr")).to_have_count(5)
    page.locator("button[name=step][value=create]").click()
    page.wait_for_url(re.compile(r"/series/\d+$"))
    return page.url


def invite(page: Page, series: str) -> None:
    page.goto(f"{series}/invite")
    expect(page.locator("#invite-preview")).to_contain_text("UBND xa Binh Trung kinh moi")
    page.locator("[name=approval][value=recorded]").check()
    page.locator("[name=leader_name]").fill("Nông Văn Lãnh")
    page.locator("[name=approved_on]").fill("2023-06-01")
    page.locator("#invite-form .form-actions button[type=submit]").click()
    page.wait_for_url(re.compile(r"/messages/"))
    page.reload()
    expect(page.locator("main")).to_contain_text("Nông Văn Lãnh")


def read_code_on_a_phone(page: Page, base: str) -> str:
    page.goto(f"{base}/messages/simulator")
    text = page.get_by_text(re.compile("UBND xa Binh Trung kinh moi")).first.inner_text()
    found = re.search(r"So giay moi ([0-9A-Z]{5}-[0-9A-Z]{5})", text)
    assert found, text
    code = normalise_code(found[1])
    assert code
    return code


def answer_on_a_phone(browser: Browser, base: str, code: str, tmp_path: Path) -> bytes:
    """Open the page at phone size, with scripts switched off; say yes; return a picture of its QR."""
    phone = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    page = phone.new_page()
    page.goto(f"{base}/i/{code}")
    page.get_by_role("button", name="Sẽ đến").click()
    expect(page.locator("body")).to_contain_text(code[:5] + "-" + code[5:])
    picture = page.locator("svg").first.screenshot(scale="css")
    phone.close()
    return picture


def move_to_the_day(app: Flask, clock: FixedClock, code: str) -> int:
    with app.app_context():
        meeting = db.session.scalars(
            sa.select(Meeting).join(Invitation, Invitation.meeting_id == Meeting.id).where(Invitation.code == code)
        ).one()
        assert meeting.starts_at is not None
        clock.instant = meeting.starts_at - timedelta(minutes=20)
        return meeting.id


def come_in(browser: Browser, base: str, meeting_id: int, qr: bytes, tmp_path: Path) -> None:
    film = camera.film(qr, tmp_path / "door.mjpeg")
    path = next(filter(None, map(shutil.which, CHROMIUM)))
    door = browser.browser_type.launch(executable_path=path, args=camera.flags(film))
    try:
        phone = door.new_context(viewport={"width": 360, "height": 740}, permissions=["camera"], locale="vi-VN")
        be_patient(phone)
        page = phone.new_page()
        page.goto(f"{base}/sign-in?next=/checkin/?meeting={meeting_id}")
        page.locator("[name=email]").fill("can-bo@vi-du.example")
        page.locator("[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="Đăng nhập").click()
        # an officer's scanner opens on the camera
        expect(page.get_by_role("dialog")).to_contain_text("Xin mời vào")
    finally:
        door.close()


def hold_and_report(page: Page, base: str, meeting_id: int, plan: str) -> str:
    page.goto(f"{base}/meetings/{meeting_id}")
    page.locator("form[action$='/held'] button").first.click()
    page.goto(f"{base}/reports/plans/{plan.rpartition('/')[2]}")
    expect(page.locator("main")).to_contain_text(re.compile(r"\b1\s+(/\s*\d+\s+)?hội nghị đã họp"))
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="Tải báo cáo (DOCX)").click()
    paper = docx.Document(io.BytesIO(Path(downloaded.value.path()).read_bytes()))
    return "\n".join(paragraph.text for paragraph in paper.paragraphs)


pytestmark = pytest.mark.one_database
