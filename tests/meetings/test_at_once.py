"""Two officers at the same moment, or an officer and the reminding worker: no text with an old time stays queued."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Event
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from eventmgr.core.clock import FixedClock, now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.settings import APPROVAL_NEEDED, CONTACT_PHONE, decide
from eventmgr.meetings.invite_texts import default_texts
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.services import inviting, scheduling
from eventmgr.meetings.services.reminding import remind
from eventmgr.meetings.values import MeetingDetails
from eventmgr.messaging.models import Message
from eventmgr.messaging.values import BatchKind, MessageState
from tests.factories import hamlet_of, make_commune, make_household, make_meeting

THURSDAY = datetime(2023, 6, 15, 7, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
EVENING_BEFORE = datetime(2023, 6, 14, 18, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
TUESDAY = THURSDAY + timedelta(days=5)
A_WHILE = 0.5
"""Seconds that the first keeps its unit of work open: long enough for the second to run past it, if it could."""

Act = Callable[[Meeting], object]


@pytest.fixture
def meeting_id(app: Flask) -> int:
    with app.app_context(), unit_of_work():
        commune = make_commune()
        decide(commune.id, CONTACT_PHONE, "+84912345678", date(2023, 1, 1))
        decide(commune.id, APPROVAL_NEEDED, False, date(2023, 1, 1))
        make_household(hamlet_of(commune), phone="+84912000001")
        return make_meeting(hamlet_of(commune), starts_at=THURSDAY).id


def call_off(meeting: Meeting) -> object:
    return scheduling.cancel_meeting(meeting, "Mưa lũ", by=None, now=now())


def move(meeting: Meeting) -> object:
    details = MeetingDetails(
        title=meeting.title,
        hamlet_ids=tuple(row.hamlet_id for row in meeting.hamlet_rows),
        starts_at=TUESDAY,
        venue=meeting.venue,
        venue_short=meeting.venue_short,
    )
    return scheduling.change_meeting(meeting, details, row_version=meeting.row_version, by=None, now=now())


def invite(meeting: Meeting) -> object:
    return inviting.invite_meetings([meeting], default_texts(), by=None, now=now(), base_url="")


def remind_all(meeting: Meeting) -> object:
    return remind(meeting.id, now=now(), base_url="")


def at_once(app: Flask, meeting_id: int, first: Act, second: Act) -> None:
    """The second begins when the first has done all but commit."""
    first_has_acted, second_has_acted = Event(), Event()

    def begin() -> None:
        with app.app_context(), unit_of_work():
            first(db.session.get_one(Meeting, meeting_id))
            first_has_acted.set()
            second_has_acted.wait(A_WHILE)

    def follow() -> None:
        with app.app_context():
            first_has_acted.wait(30)
            with unit_of_work():
                second(db.session.get_one(Meeting, meeting_id))
            second_has_acted.set()

    with ThreadPoolExecutor(2) as people:
        for done in (people.submit(begin), people.submit(follow)):
            done.result(60)


def texts(app: Flask, kind: BatchKind) -> list[tuple[MessageState, str]]:
    with app.app_context():
        rows = db.session.execute(sa.select(Message.state, Message.text).where(Message.kind == kind))
        return [(state, text) for state, text in rows]


@pytest.mark.parametrize("change", [call_off, move])
def test_a_meeting_changed_while_people_are_invited_leaves_no_old_text_waiting(
    app: Flask, meeting_id: int, change: Act
) -> None:
    at_once(app, meeting_id, invite, change)

    assert [state for state, _text in texts(app, BatchKind.INVITE)] == [MessageState.WITHDRAWN]


def test_who_invites_while_a_meeting_moves_writes_the_new_time(app: Flask, meeting_id: int) -> None:
    at_once(app, meeting_id, move, invite)

    ((state, text),) = texts(app, BatchKind.INVITE)
    assert state is MessageState.QUEUED
    assert "Thu 3 20/6" in text


@pytest.mark.parametrize("change", [call_off, move])
def test_a_meeting_changed_while_people_are_reminded_leaves_no_old_text_waiting(
    app: Flask, meeting_id: int, clock: FixedClock, change: Act
) -> None:
    with app.app_context(), unit_of_work():
        invite(db.session.get_one(Meeting, meeting_id))
        db.session.execute(sa.update(Message).values(state=MessageState.ACCEPTED))
    clock.instant = EVENING_BEFORE

    at_once(app, meeting_id, remind_all, change)

    assert [state for state, _text in texts(app, BatchKind.REMIND)] == [MessageState.WITHDRAWN]
