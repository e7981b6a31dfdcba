"""Texts that people send to the office: answers taken where it is clear to what, everything else read by an officer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.areas.models import Area
from eventmgr.core.access import ROLE_PERMISSIONS, Permission, Role
from eventmgr.core.clock import FixedClock, now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.registry import Subject, SubjectKind
from eventmgr.home.tasks import take_away_old_data
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.queries.audience import key_of, subject_of
from eventmgr.meetings.services import erasing
from eventmgr.meetings.values import MeetingStatus, Rsvp
from eventmgr.messaging.gateways.base import InboundSms
from eventmgr.messaging.inbound import take_inbound
from eventmgr.messaging.models import InboundText, Message
from eventmgr.messaging.services import queue_batch
from eventmgr.messaging.values import BatchDetails, BatchKind, MessageState, Recipient, Wish
from eventmgr.residents.models import PhoneState
from tests.factories import hamlet_of, make_commune, make_household, make_invitation, make_meeting

SignIn = Callable[..., FlaskClient]
PHONE = "+84912345670"


@dataclass
class Village:
    """Ids of a commune that has texted one household."""

    commune: int
    hamlet: int
    meeting: int
    invitation: int
    resident: int


@pytest.fixture
def village(app: Flask) -> Village:
    """A household invited by text to tomorrow's meeting."""
    with app.app_context(), unit_of_work():
        commune = make_commune()
        household = make_household(hamlet_of(commune), "Hoàng Thị Nguyệt", phone=PHONE)
        meeting = make_meeting(hamlet_of(commune))
        invitation = _text(meeting, household)
        return Village(commune.id, hamlet_of(commune).id, meeting.id, invitation.id, household.members[0].id)


def _text(meeting: Meeting, household: object) -> Invitation:
    """Invite a household and let its text leave."""
    invitation = make_invitation(meeting, household)  # type: ignore[arg-type]
    details = BatchDetails(meeting.area_id, subject_of(meeting.id), meeting.title, BatchKind.INVITE, {})
    queue_batch(details, [Recipient(PHONE, key_of(invitation.id), "Moi hop")], by=None, now=now())
    db.session.execute(sa.update(Message).values(state=MessageState.DELIVERED, next_attempt_at=None))
    return invitation


def write(app: Flask, text: str, *, sender: str = PHONE, name: str = "") -> Wish:
    """A text comes in."""
    with app.app_context(), unit_of_work():
        return take_inbound(InboundSms(name or f"x:{text}:{now()}", sender, text), now=now())


def answer_of(app: Flask, invitation_id: int) -> Rsvp:
    with app.app_context():
        return db.session.get_one(Invitation, invitation_id).rsvp


def kept(app: Flask) -> list[InboundText]:
    with app.app_context():
        return list(db.session.scalars(sa.select(InboundText).order_by(InboundText.id)))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("1", Rsvp.COMING),
        ("Có", Rsvp.COMING),
        ("Đồng ý ạ", Rsvp.COMING),
        ("2", Rsvp.ABSENT),
        ("không", Rsvp.ABSENT),
        ("khong di duoc", Rsvp.ABSENT),
    ],
)
def test_one_word_answers_the_invitation(app, village, text, answer):
    write(app, text, sender="0912 345 670")

    assert answer_of(app, village.invitation) is answer
    assert [row.to_read for row in kept(app)] == [False]


def test_the_later_word_counts(app, village):
    write(app, "1", name="first")
    write(app, "2", name="second")

    assert answer_of(app, village.invitation) is Rsvp.ABSENT


def test_the_same_text_told_twice_is_one_text(app, village):
    write(app, "1", name="same")
    write(app, "2", name="later")
    write(app, "1", name="same")

    assert answer_of(app, village.invitation) is Rsvp.ABSENT
    assert len(kept(app)) == 2


def test_with_two_invitations_open_an_officer_reads_it(app, village):
    with app.app_context(), unit_of_work():
        hamlet = db.session.get_one(Area, village.hamlet)
        other = make_meeting(hamlet, starts_at=now() + timedelta(days=5))
        _text(other, make_household(hamlet, "Lý Văn Dụ", phone=PHONE))

    write(app, "1")

    assert answer_of(app, village.invitation) is Rsvp.NONE
    assert [(row.wish, row.to_read) for row in kept(app)] == [(Wish.COMING, True)]


@pytest.mark.parametrize("change", ["over", "called off", "withdrawn"])
def test_an_answer_to_nothing_any_more_is_read_by_an_officer(app, village, clock, change):
    with app.app_context(), unit_of_work():
        if change == "called off":
            db.session.get_one(Meeting, village.meeting).status = MeetingStatus.CANCELLED
        if change == "withdrawn":
            db.session.get_one(Invitation, village.invitation).withdrawn_at = now()
    if change == "over":
        clock.advance(days=2)

    write(app, "1")

    assert answer_of(app, village.invitation) is Rsvp.NONE
    assert [row.to_read for row in kept(app)] == [True]


def test_stop_is_noted_and_needs_nobody(app, village):
    write(app, "TU CHOI")

    with app.app_context():
        assert db.session.get_one(PhoneState, PHONE).opted_out_at is not None
    assert [(row.wish, row.to_read) for row in kept(app)] == [(Wish.STOP, False)]


def test_agreeing_to_nothing_is_read_by_an_officer_and_wakes_no_texts(app, village):
    write(app, "TU CHOI", sender="0912345999", name="stop")

    write(app, "Đồng ý", sender="0912345999", name="agreed")

    with app.app_context():
        assert db.session.get_one(PhoneState, "+84912345999").opted_out_at is not None
    assert [(row.wish, row.to_read) for row in kept(app)] == [(Wish.STOP, False), (Wish.COMING, True)]


@pytest.mark.parametrize("sender", [PHONE, "Viettel", "+84987654321", ""])
def test_anything_else_waits_for_an_officer_whoever_wrote_it(app, village, sender):
    write(app, "Cho hoi may gio ve?", sender=sender)

    assert [(row.area_id, row.wish, row.to_read) for row in kept(app)] == [(village.commune, Wish.OTHER, True)]


# --- The page -------------------------------------------------------------------------------------


def page(client: FlaskClient, address: str = "/messages/inbound") -> BeautifulSoup:
    answer = client.get(address)
    assert answer.status_code == 200
    return BeautifulSoup(answer.get_data(as_text=True), "html.parser")


def test_the_officer_sees_what_waits_and_marks_it(app, village, login_as):
    write(app, "1", name="answered")
    write(app, "Cho hoi may gio ve?", name="asked")
    officer = login_as(Role.OFFICER, village.commune)

    assert "1 tin nhắn đến cần đọc" in page(officer, "/messages").get_text()
    shown = page(officer)
    assert [row.select("td")[0].get_text(strip=True) for row in shown.select("tbody tr")] == [
        "Cho hoi may gio ve?",
        "1",
    ]
    assert "0912 345 670" in shown.get_text()
    officer.post(f"/messages/inbound/{kept(app)[1].id}/handled")

    (row,) = [row for row in kept(app) if row.handled_at]
    assert row.to_read is False
    assert "cần đọc" not in page(officer, "/messages").get_text()


def test_another_commune_sees_and_marks_nothing(app, village, login_as):
    write(app, "Cho hoi may gio ve?")
    with app.app_context(), unit_of_work():
        neighbour = make_commune("Chi Ví Dụ", "06999").id
    stranger = login_as(Role.OFFICER, neighbour)

    assert page(stranger).select("tbody tr") == []
    assert stranger.post(f"/messages/inbound/{kept(app)[0].id}/handled").status_code == 404
    assert kept(app)[0].to_read is True


def test_who_may_not_see_phones_sees_their_ends_at_most(app, village, login_as):
    write(app, "Cho hoi may gio ve?")

    for role in Role:
        answer = login_as(role, village.commune).get("/messages/inbound")
        if answer.status_code == 200:
            assert ("0912 345 670" in answer.get_data(as_text=True)) is (
                Permission.VIEW_PHONES in ROLE_PERMISSIONS[role]
            )


def test_a_simulated_phone_writes_back(app, village, login_as):
    officer = login_as(Role.OFFICER, village.commune)

    officer.post("/messages/simulator/reply", data={"phone": "0912345670", "text": "1"})
    officer.post("/messages/simulator/reply", data={"phone": "no phone", "text": "1"})
    officer.post("/messages/simulator/reply", data={"phone": "0912345670", "text": " "})

    assert answer_of(app, village.invitation) is Rsvp.COMING
    assert len(kept(app)) == 1


# --- As personal data -----------------------------------------------------------------------------


def test_what_somebody_wrote_is_in_their_copy_and_goes_with_them(app, village, clock: FixedClock):
    write(app, "Cho hoi may gio ve?")
    subject = Subject(SubjectKind.RESIDENT, village.resident)
    with app.test_request_context():
        sections = {str(section.title): section.rows for section in erasing.export(subject)}
    assert any("Cho hoi may gio ve?" in row[1] for rows in sections.values() for row in rows)

    with app.app_context(), unit_of_work():
        erasing.erase(subject, clock.now())

    assert [(row.sender, row.text, row.to_read) for row in kept(app)] == [("", "", False)]


def test_words_are_forgotten_after_their_time(app, village, clock: FixedClock):
    write(app, "Cho hoi may gio ve?")
    clock.advance(days=366)

    with app.app_context():
        take_away_old_data()

    assert [(row.sender, row.text) for row in kept(app)] == [("", "")]
