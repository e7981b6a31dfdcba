"""The invented commune: loaded by a command or a click, the same for a seed, never near real data."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.checkin.models import Attendance
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.phone import parse_phone
from eventmgr.demo.services import NotADemo, load_demo
from eventmgr.demo.values import DemoSize
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.values import MeetingStatus
from eventmgr.messaging.models import Batch, Message
from eventmgr.messaging.values import BatchState, MessageState
from eventmgr.residents.models import Contact, Household
from tests.factories import make_commune


def test_command_prints_what_a_script_needs(app: Flask) -> None:
    printed = app.test_cli_runner().invoke(args=["demo", "load", "--households", "60"])

    loaded = json.loads(printed.output)

    assert set(loaded) == {"plan_id", "next_meeting_id", "commune_code", "users"}
    roles = {user["role"] for user in loaded["users"]}
    assert roles == {"administrator", "officer", "leader", "hamlet_head", "viewer"}
    assert all(len(user["password"]) >= 10 for user in loaded["users"])
    with app.app_context():
        meeting = db.session.get_one(Meeting, loaded["next_meeting_id"])
        assert meeting.status is MeetingStatus.SCHEDULED


@pytest.mark.one_database
def test_real_data_is_left_alone(in_app: Flask, clock) -> None:
    with unit_of_work():
        make_commune()

    with pytest.raises(NotADemo), unit_of_work():
        load_demo(DemoSize(), clock.now())

    assert db.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 0


def test_demo_loaded_again_begins_anew(in_app: Flask, clock) -> None:
    with unit_of_work():
        load_demo(DemoSize(households=40), clock.now())
    codes = set(db.session.scalars(sa.select(Invitation.code)))

    with unit_of_work():
        load_demo(DemoSize(households=40), clock.now())

    assert db.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 40
    assert set(db.session.scalars(sa.select(Invitation.code))) == codes


def test_every_state_of_the_work_can_be_seen(in_app: Flask, clock) -> None:
    with unit_of_work():
        load_demo(DemoSize(), clock.now())

    assert set(db.session.scalars(sa.select(Meeting.status))) == set(MeetingStatus)
    states = set(db.session.scalars(sa.select(Message.state)))
    assert states >= {
        MessageState.QUEUED,
        MessageState.DELIVERED,
        MessageState.FAILED,
        MessageState.REFUSED,
        MessageState.UNKNOWN,
    }
    assert BatchState.AWAITING_APPROVAL in set(db.session.scalars(sa.select(Batch.state)))
    came = list(db.session.scalars(sa.select(Attendance)))
    assert any(row.undone_at for row in came)
    assert any(row.walk_in_name for row in came)
    assert any(row.proxy_name for row in came)
    assert any(row.guest_id for row in came)
    for phone in db.session.scalars(sa.select(Contact.phone)):
        assert parse_phone(phone).e164 == phone


def test_one_click_on_the_set_up_page_loads_it(client: FlaskClient) -> None:
    page = client.get("/setup")
    assert "/setup/demo" in page.text

    answer = client.post("/setup/demo", follow_redirects=True)

    assert answer.status_code == 200
    assert "can-bo@binhtrung.example" in answer.text
    assert client.post("/setup/demo").status_code == 404


def test_a_phone_is_paired_with_the_next_meeting(app: Flask) -> None:
    runner = app.test_cli_runner()
    assert runner.invoke(args=["demo", "pair", "1"]).exit_code == 1
    loaded = json.loads(runner.invoke(args=["demo", "load", "--households", "20"]).output)

    printed = runner.invoke(args=["demo", "pair", str(loaded["next_meeting_id"])])

    assert json.loads(printed.output)["token"]
    assert runner.invoke(args=["demo", "pair", "999"]).exit_code == 1
