"""How sure it is that people were told: each figure by itself, and a report of the network is not a word with them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.settings import APPROVAL_NEEDED, CONTACT_PHONE, decide
from eventmgr.meetings.invite_texts import default_texts
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.queries.listing import invited_to
from eventmgr.meetings.queries.reached import has_failed, standing, standings_of_batch, was_reached
from eventmgr.meetings.services import inviting, noticing, scheduling
from eventmgr.meetings.values import ContactResult, MeetingDetails, Standing
from eventmgr.messaging.models import Batch, Message
from eventmgr.messaging.values import BatchKind, MessageState
from tests.factories import hamlet_of, make_commune, make_household, make_meeting

THURSDAY = datetime(2023, 6, 15, 7, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
STATES = [
    MessageState.DELIVERED,
    MessageState.DELIVERED,
    MessageState.ACCEPTED,
    MessageState.SENT,
    MessageState.QUEUED,
    MessageState.FAILED,
    MessageState.UNKNOWN,
]


@pytest.fixture
def commune(in_app) -> Area:
    with unit_of_work():
        commune = make_commune()
        decide(commune.id, CONTACT_PHONE, "+84912345678", date(2023, 1, 1))
        decide(commune.id, APPROVAL_NEEDED, False, date(2023, 1, 1))
    return commune


@pytest.fixture
def meeting(commune) -> Meeting:
    """Seven texted households, each text in another state, and one without a phone. The first was also spoken with."""
    with unit_of_work():
        for number in range(len(STATES)):
            make_household(hamlet_of(commune), phone=f"+8491200000{number}")
        make_household(hamlet_of(commune))
        meeting = make_meeting(hamlet_of(commune), starts_at=THURSDAY)
    with unit_of_work():
        again = db.session.get_one(Meeting, meeting.id)
        inviting.invite_meetings([again], default_texts(), by=None, now=now(), base_url="")
    with unit_of_work():
        for message, state in zip(db.session.scalars(sa.select(Message).order_by(Message.id)), STATES, strict=True):
            message.state = state
        first = db.session.scalars(sa.select(Message).order_by(Message.id)).first()
        note(int(first.recipient_key.partition(":")[2]), ContactResult.TOLD_IN_PERSON)
    return meeting


def note(invitation_id: int, result: ContactResult) -> None:
    inviting.record_outcome(db.session.get_one(Invitation, invitation_id), result, by=None, now=now())


def tiles(page: BeautifulSoup, within: str) -> dict[str, str]:
    return {
        tile.select_one(".tile-label").text: tile.select_one(".tile-figure").text.strip()
        for tile in page.select(f"{within} .tile")
    }


def test_a_meeting_keeps_confirmed_delivered_and_handed_over_apart(meeting):
    invited = invited_to([meeting.id])[meeting.id]

    assert invited.by_standing == {
        Standing.CONFIRMED: 1,
        Standing.DELIVERED: 1,
        Standing.HANDED_OVER: 2,
        Standing.WAITING: 1,
        Standing.NOT_REACHED: 3,
    }
    assert invited.reached == 2


def test_a_batch_counts_its_own_recipients(meeting):
    batch_id = db.session.scalar(sa.select(Batch.id))

    assert standings_of_batch(batch_id) == {
        Standing.CONFIRMED: 1,
        Standing.DELIVERED: 1,
        Standing.HANDED_OVER: 2,
        Standing.WAITING: 1,
        Standing.NOT_REACHED: 2,
    }


@pytest.mark.parametrize(
    ("result", "standing"),
    [
        (ContactResult.CALLED, Standing.CONFIRMED),
        (ContactResult.PAPER_HANDED, Standing.CONFIRMED),
        (ContactResult.SMS_DELIVERED, Standing.DELIVERED),
        (ContactResult.NOT_REACHED, Standing.NOT_REACHED),
    ],
)
def test_what_was_noted_decides_how_sure_it_is(commune, result, standing):
    with unit_of_work():
        make_household(hamlet_of(commune))
        meeting = make_meeting(hamlet_of(commune), starts_at=THURSDAY)
    with unit_of_work():
        again = db.session.get_one(Meeting, meeting.id)
        inviting.invite_meetings([again], default_texts(), by=None, now=now(), base_url="")
        note(db.session.scalars(sa.select(Invitation.id)).one(), result)

    assert invited_to([meeting.id])[meeting.id].by_standing == {standing: 1}


@pytest.mark.one_database
def test_who_was_reached_is_looked_up_by_invitation_and_not_among_all_texts(in_app):
    asked = sa.select(sa.func.count()).select_from(Invitation).where(was_reached(), standing() == "x", has_failed())
    plain = str(asked.compile(db.engine, compile_kwargs={"literal_binds": True})).replace(":", "\\:")

    steps = [row[3] for row in db.session.execute(sa.text(f"EXPLAIN QUERY PLAN {plain}"))]

    assert [step for step in steps if "message" in step and "ix_message_due" in step] == []
    assert any("ix_message_recipient" in step for step in steps)


@pytest.fixture
def one_told(commune, clock) -> Meeting:
    """Two households that share a phone: their texts arrived, and the first was spoken with, too. Then it moved."""
    with unit_of_work():
        for _household in range(2):
            make_household(hamlet_of(commune), phone="+84912000001")
        meeting = make_meeting(hamlet_of(commune), starts_at=THURSDAY)
    with unit_of_work():
        again = db.session.get_one(Meeting, meeting.id)
        inviting.invite_meetings([again], default_texts(), by=None, now=now(), base_url="")
        db.session.execute(sa.update(Message).values(state=MessageState.DELIVERED))
        note(db.session.scalars(sa.select(sa.func.min(Invitation.id))).one(), ContactResult.CALLED)
    clock.advance(hours=1)
    return meeting


def move(meeting: Meeting, *, tell: bool = False) -> None:
    with unit_of_work():
        moved = db.session.get_one(Meeting, meeting.id)
        details = MeetingDetails(
            title=moved.title,
            hamlet_ids=tuple(row.hamlet_id for row in moved.hamlet_rows),
            starts_at=THURSDAY + timedelta(days=5),
            venue=moved.venue,
            venue_short=moved.venue_short,
        )
        timing = noticing.timing_after(moved, details)
        scheduling.change_meeting(moved, details, row_version=moved.row_version, by=None, now=now())
        if tell:
            words = noticing.usual_notice(moved, BatchKind.RESCHEDULE)
            noticing.queue_notice(moved, BatchKind.RESCHEDULE, words, timing, by=None, now=now())


def standings(meeting: Meeting) -> dict[Standing, int]:
    return invited_to([meeting.id])[meeting.id].by_standing


def test_who_was_told_the_old_time_does_not_count_as_told_the_new_one(one_told):
    assert standings(one_told) == {Standing.CONFIRMED: 1, Standing.DELIVERED: 1}

    move(one_told)

    assert standings(one_told) == {Standing.NOT_REACHED: 2}


def test_a_notice_that_arrives_tells_every_household_of_its_phone(one_told):
    move(one_told, tell=True)
    assert standings(one_told) == {Standing.WAITING: 2}

    with unit_of_work():
        db.session.execute(
            sa.update(Message).where(Message.kind == BatchKind.RESCHEDULE).values(state=MessageState.DELIVERED)
        )
        note(db.session.scalars(sa.select(sa.func.max(Invitation.id))).one(), ContactResult.TOLD_IN_PERSON)

    assert standings(one_told) == {Standing.CONFIRMED: 1, Standing.DELIVERED: 1}


def test_who_was_told_of_a_meeting_is_to_be_told_that_it_is_not_held(one_told):
    with unit_of_work():
        scheduling.cancel_meeting(db.session.get_one(Meeting, one_told.id), "Mưa lũ", by=None, now=now())

    assert standings(one_told) == {Standing.NOT_REACHED: 2}


def test_the_pages_say_that_only_what_was_told_after_the_change_counts(commune, one_told, login_as):
    move(one_told)
    officer = login_as(Role.OFFICER, commune)
    batch_id = db.session.scalar(sa.select(Batch.id))

    for address in (f"meetings/{one_told.id}", f"meetings/{one_told.id}/invitations", f"messages/batches/{batch_id}"):
        page = officer.get(f"/{address}?lang=en").text
        assert "only who was told after that counts" in page, address
    assert "before the change" in officer.get(f"/meetings/{one_told.id}/invitations?lang=en").text


def listed(client, address: str) -> list[str]:
    page = BeautifulSoup(client.get(address).text, "lxml")
    return [item["id"].removeprefix("invitation-") for item in page.select("ul.invited > li")]


def test_the_number_not_reached_by_a_send_leads_to_exactly_those_people(commune, meeting, login_as):
    officer = login_as(Role.OFFICER, commune)
    batch_id = db.session.scalar(sa.select(Batch.id))
    lost = [MessageState.FAILED, MessageState.UNKNOWN]
    keys = db.session.scalars(sa.select(Message.recipient_key).where(Message.state.in_(lost)))
    not_reached = sorted(key.removeprefix("invitation:") for key in keys)

    page = BeautifulSoup(officer.get(f"/messages/batches/{batch_id}").text, "lxml")
    (tile,) = page.select("#batch-progress a.tile")
    shown = BeautifulSoup(officer.get(tile["href"]).text, "lxml")

    assert tile.select_one(".tile-figure").text == "2"
    assert sorted(listed(officer, tile["href"])) == not_reached
    assert all(item.select_one("details").has_attr("open") for item in shown.select("ul.invited > li"))
    form = shown.select_one("ul.invited > li form")
    hidden = {field["name"]: field["value"] for field in form.select("input[type=hidden]")}
    answer = officer.post(form["action"], data=hidden | {"result": "called"})
    assert len(listed(officer, answer.location)) == 1
    assert officer.get(f"/meetings/{meeting.id}/invitations?batch=999").status_code == 404


def test_whose_text_failed_is_on_the_call_list_until_told_otherwise(commune, meeting, login_as):
    officer = login_as(Role.OFFICER, commune)
    call_list = f"/meetings/{meeting.id}/invitations?show=call"
    called = listed(officer, call_list)
    assert len(called) == 2

    officer.post(f"/meetings/{meeting.id}/invitations/{called[0]}/outcome", data={"result": "told_in_person"})

    assert listed(officer, call_list) == called[1:]


def test_the_pages_show_the_figures_apart(commune, meeting, login_as):
    officer = login_as(Role.OFFICER, commune)
    batch_id = db.session.scalar(sa.select(Batch.id))

    of_meeting = BeautifulSoup(officer.get(f"/meetings/{meeting.id}?lang=en").text, "lxml")
    of_batch = BeautifulSoup(officer.get(f"/messages/batches/{batch_id}?lang=en").text, "lxml")

    assert tiles(of_meeting, "#reach") == {
        "told for certain": "1/8",
        "text arrived, says the network": "1",
        "only handed over": "2",
        "text still waits": "1",
        "not reached": "3",
    }
    assert tiles(of_batch, "#batch-progress") == {
        "told for certain": "1/7",
        "text arrived, says the network": "1",
        "only handed over": "2",
        "text still waits": "1",
        "not reached": "2",
    }
