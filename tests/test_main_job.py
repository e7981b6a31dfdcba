"""The main job from the set-up page to the report, by HTTP: on both databases, through the simulator
and through a server that answers as Twilio does."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import docx
import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from eventmgr.areas.models import Area
from eventmgr.core import settings
from eventmgr.core.clock import FixedClock, local_day
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.jobs import take_up_jobs
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.values import Channel, Rsvp
from eventmgr.messaging.models import Message
from eventmgr.messaging.tasks import send_due
from eventmgr.messaging.values import TAKEN, MessageState
from eventmgr.worker import gather_tasks
from tests.support.twilio_server import ACCOUNT_SID, AUTH_TOKEN, TwilioServer

LIST_B = Path(__file__).parent / "data" / "B-danh-sach-nhan-khau-mau.xlsx"


@pytest.fixture
def twilio() -> Iterator[TwilioServer]:
    """A real HTTP server that answers as Twilio does."""
    with TwilioServer() as server:
        yield server


def page_of(response: TestResponse) -> BeautifulSoup:
    assert response.status_code == 200, (response.status_code, response.get_data(as_text=True)[:2000])
    return BeautifulSoup(response.get_data(as_text=True), "lxml")


def fields_of(form: Any) -> dict[str, Any]:
    """What a browser would send of a form nobody touched."""
    values: dict[str, Any] = {}
    for field in form.select("input[name], textarea[name], select[name]"):
        kind = field.get("type", "")
        if kind in ("submit", "file") or (kind in ("checkbox", "radio") and not field.has_attr("checked")):
            continue
        if field.name == "select":
            chosen = field.select_one("option[selected]") or field.select_one("option")
            value = chosen.get("value", "") if chosen else ""
        else:
            value = field.text.lstrip("\n") if field.name == "textarea" else field.get("value", "")
        values.setdefault(field["name"], []).append(value)
    return values


class Officer:
    """Somebody at a browser: opens pages and sends their forms."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def send(self, path: str, form: str = "main form[method=post]", **typed: Any) -> TestResponse:
        """Open a page, fill the fields named, send its form, follow where it leads."""
        opened = self.client.get(path, follow_redirects=True)
        return self.submit(page_of(opened), opened.request.full_path, form, **typed)

    def submit(
        self, page: BeautifulSoup, path: str, form: str = "main form[method=post]", **typed: Any
    ) -> TestResponse:
        found = page.select_one(form)
        assert found is not None, f"{path} has no {form}"
        return self.client.post(str(found.get("action") or path), data=fields_of(found) | typed, follow_redirects=True)


def carry_out(app: Flask, clock: FixedClock) -> str:
    """The whole job; returns the words of the report."""
    officer = Officer(app.test_client())
    done = officer.send(
        "/",
        "form:has([name=commune])",
        commune="Bình Trung",
        commune_code="06217",
        full_name="Hoàng Thị Mẫu",
        email="can-bo@vi-du.example",
        password="mot cau de nho",
        password_again="mot cau de nho",
    )
    page_of(done)
    with app.app_context(), unit_of_work():
        commune = db.session.scalars(sa.select(Area).where(Area.code == "06217")).one()
        settings.decide(commune.id, settings.CONTACT_PHONE, "+842053000111", local_day(clock.now()))

    _import_the_list(officer)
    plan_path = _write_the_plan(officer)
    series_path = _schedule(officer, plan_path)
    _invite(officer, app, clock, series_path)
    meeting_id = _answer_and_come(app, clock)
    report = officer.client.get(f"/reports{plan_path}/report.docx")
    assert report.status_code == 200
    assert "1" in page_of(officer.client.get(f"/reports/meetings/{meeting_id}")).select_one("main").text
    return _words(report.data)


def _import_the_list(officer: Officer) -> None:
    upload = officer.send("/residents/import", "form[enctype]", list=(io.BytesIO(LIST_B.read_bytes()), LIST_B.name))
    page = page_of(upload)
    assert "304" in page.select_one("main").text
    waiting = officer.submit(page, upload.request.path, "main form.form[method=post]")
    gather_tasks()
    with officer.client.application.app_context():
        take_up_jobs()
    done = page_of(officer.client.get(waiting.request.path, follow_redirects=True))
    assert "90" in done.select_one("main").text


def _write_the_plan(officer: Officer) -> str:
    written = officer.send(
        "/plans/new",
        title="Truyền thông về giảm nghèo đa chiều năm 2023",
        dated_on="2023-05-23",
        starts_on="2023-05-01",
        ends_on="2023-12-31",
        report_to="Phòng LĐTBXH-DT huyện",
    )
    page_of(written)
    return re.search(r"/plans/\d+", written.request.path).group()  # type: ignore[union-attr]


def _schedule(officer: Officer, plan_path: str) -> str:
    plan_id = plan_path.rpartition("/")[2]
    path = f"/meetings/new?plan={plan_id}"
    page = page_of(officer.client.get(path))
    hamlets = [box["value"] for box in page.select("[name=hamlets]")]
    assert len(hamlets) == 5
    preview = officer.submit(
        page,
        path,
        "form:has([name=first_day])",
        title="Hội nghị truyền thông về giảm nghèo",
        hamlets=hamlets,
        first_day="2023-06-12",
        first_hour="07:30",
        plan=plan_id,
        step="preview",
    )
    made = officer.submit(page_of(preview), path, "form:has([name^=slots])", step="create")
    page_of(made)
    assert re.fullmatch(r"/series/\d+", made.request.path), made.request.path
    return made.request.path


def _invite(officer: Officer, app: Flask, clock: FixedClock, series_path: str) -> None:
    sent = officer.send(
        f"{series_path}/invite",
        "#invite-form",
        approval="recorded",
        leader_name="Nông Văn Lãnh",
        approved_on="2023-06-01",
    )
    page_of(sent)
    with app.app_context():
        for _ in range(3):
            send_due()
            clock.advance(minutes=3)


def _answer_and_come(app: Flask, clock: FixedClock) -> int:
    """A household opens its page, answers, comes, and is asked in; its second scan is told so."""
    with app.app_context():
        invitation = db.session.scalars(
            sa.select(Invitation)
            .join(Message, Message.recipient_key == sa.literal("invitation:") + sa.cast(Invitation.id, sa.String))
            .where(Invitation.channel == Channel.SMS)
            .order_by(Invitation.id)
        ).first()
        assert invitation is not None
        code, meeting_id, invitation_id = invitation.code, invitation.meeting_id, invitation.id
        meeting = db.session.get(Meeting, meeting_id)
        assert meeting is not None
        assert meeting.starts_at is not None
        starts_at = meeting.starts_at
    resident = Officer(app.test_client())
    page_of(resident.send(f"/i/{code}", "form:has([name=answer])", answer="coming"))
    with app.app_context():
        answered = db.session.get(Invitation, invitation_id)
        assert answered is not None
        assert answered.rsvp is Rsvp.COMING

    clock.instant = starts_at - timedelta(minutes=20)
    with app.app_context():
        user_id = str(db.session.scalar(sa.text("SELECT min(id) FROM app_user")))
    door = app.test_client()
    with door.session_transaction() as session:
        session["_user_id"] = user_id
    for event_id, status in (("event-1", "ok"), ("event-2", "already"), ("event-1", "ok")):
        answer = door.post(
            f"/api/v1/meetings/{meeting_id}/scans",
            json={
                "scans": [
                    {"event_id": event_id, "code": code, "method": "camera", "scanned_at": clock.now().isoformat()}
                ]
            },
        )
        assert answer.status_code == 200, answer.get_data(as_text=True)
        [result] = answer.get_json()["results"]
        assert result["status"] == status
    clock.instant = starts_at + timedelta(hours=3)
    officer = app.test_client()
    with officer.session_transaction() as session:
        session["_user_id"] = user_id
    held = officer.post(f"/meetings/{meeting_id}/held", follow_redirects=True)
    assert held.status_code == 200, held.get_data(as_text=True)[:500]
    return meeting_id


def _words(document: bytes) -> str:
    paper = docx.Document(io.BytesIO(document))
    cells = (cell.text for table in paper.tables for row in table.rows for cell in row.cells)
    return "\n".join([*(paragraph.text for paragraph in paper.paragraphs), *cells])


def test_the_job_from_set_up_to_report(app: Flask, clock: FixedClock) -> None:
    words = carry_out(app, clock)

    assert "Tổng số 1 lượt người tham dự" in words
    assert "1/5 hội nghị" in words or "1 hội nghị" in words
    with app.app_context():
        states = Counter(db.session.scalars(sa.select(Message.state)))
        assert states[MessageState.QUEUED] == 0
        assert states[MessageState.DELIVERED] > 0


def test_the_same_job_through_twilio_sends_each_text_once(
    make_app: Callable[..., Flask], clock: FixedClock, twilio: TwilioServer
) -> None:
    app = make_app(
        SMS_GATEWAY="twilio",
        TWILIO_ACCOUNT_SID=ACCOUNT_SID,
        TWILIO_AUTH_TOKEN=AUTH_TOKEN,
        TWILIO_FROM="UBNDBTRUNG",
        TWILIO_API_BASE=twilio.url,
    )

    words = carry_out(app, clock)

    assert "Tổng số 1 lượt người tham dự" in words
    with app.app_context():
        rows = list(db.session.execute(sa.select(Message.phone, Message.text, Message.state)))
        assert rows
        assert {state for *_, state in rows} <= TAKEN
        ours = Counter((phone, text) for phone, text, _state in rows)
    assert Counter((stored.to, stored.body) for stored in twilio.stored) == ours
    assert max(ours.values()) == 1
