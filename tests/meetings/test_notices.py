"""Telling those who were texted of a change: offered, shown with its price, sent or not, in one go with the change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.settings import APPROVAL_NEEDED, CONTACT_PHONE, decide
from eventmgr.meetings.invite_texts import default_texts
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.services import inviting
from eventmgr.meetings.values import MeetingStatus
from eventmgr.messaging.models import Batch, Message
from eventmgr.messaging.services import set_tariff
from eventmgr.messaging.values import BatchKind, BatchState, MessageState
from tests.factories import hamlet_of, make_commune, make_household, make_meeting, make_plan

THURSDAY = datetime(2023, 6, 15, 7, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


@pytest.fixture
def commune(app: Flask) -> Area:
    with app.app_context(), unit_of_work():
        commune = make_commune()
        assert [hamlet.id for hamlet in commune.children]
        decide(commune.id, CONTACT_PHONE, "+84912345678", date(2023, 1, 1))
        decide(commune.id, APPROVAL_NEEDED, False, date(2023, 1, 1))
    return commune


@pytest.fixture
def officer(login_as: Callable[..., FlaskClient], commune: Area) -> FlaskClient:
    return login_as(Role.OFFICER, commune)


@pytest.fixture
def meeting(app: Flask, commune: Area) -> Meeting:
    """Three households are invited by two phones: two texts have left, one still waits."""
    with app.app_context():
        with unit_of_work():
            hamlet = db.session.merge(hamlet_of(commune))
            meeting = make_meeting(hamlet, starts_at=THURSDAY, venue_short="")
            for phone in ("+84912000001", "+84912000001", "+84912000002"):
                make_household(hamlet, phone=phone)
        with unit_of_work():
            again = db.session.get_one(Meeting, meeting.id)
            inviting.invite_meetings([again], default_texts(), by=None, now=now(), base_url="")
        with unit_of_work():
            db.session.execute(
                sa.update(Message).where(Message.phone == "+84912000001").values(state=MessageState.ACCEPTED)
            )
    return meeting


def form(meeting: Meeting, **changes: Any) -> dict[str, Any]:
    return {
        "row_version": str(meeting.row_version),
        "title": meeting.title,
        "hamlets": [str(row.hamlet_id) for row in meeting.hamlet_rows],
        "day": "2023-06-20",
        "starts": "14:00",
        "ends": "",
        "venue": meeting.venue,
        "unit": "household",
        "plan": "0",
    } | changes


@pytest.fixture
def moved(app: Flask, meeting: Meeting) -> dict[str, Any]:
    """The form that moves the meeting to another day."""
    with app.app_context():
        return form(db.session.get_one(Meeting, meeting.id))


def page(answer: Any) -> BeautifulSoup:
    return BeautifulSoup(answer.get_data(as_text=True), "lxml")


def states(app: Flask) -> list[tuple[BatchKind, str, MessageState]]:
    with app.app_context():
        rows = db.session.execute(sa.select(Message.kind, Message.phone, Message.state).order_by(Message.id))
        return [(row.kind, row.phone[-1], row.state) for row in rows]


def find(app: Flask, meeting: Meeting) -> Meeting:
    with app.app_context():
        return db.session.get_one(Meeting, meeting.id)


INVITED = [
    (BatchKind.INVITE, "1", MessageState.ACCEPTED),
    (BatchKind.INVITE, "1", MessageState.ACCEPTED),
]


def test_a_move_is_not_saved_before_it_is_said_whether_to_tell(app, officer, meeting, moved):
    answer = officer.post(f"/meetings/{meeting.id}/edit", data=moved)

    shown = page(answer)
    assert answer.status_code == 200
    assert "hop thon chuyen den 2h chieu Thu 3 20/6, tai Nha van hoa thon." in shown.select_one("main blockquote").text
    assert shown.select_one('input[name="day"]')["value"] == "2023-06-20"
    assert find(app, meeting).starts_at == THURSDAY
    assert states(app) == [*INVITED, (BatchKind.INVITE, "2", MessageState.QUEUED)]


def test_a_move_is_told_once_to_each_phone_and_withdraws_what_waits(app, officer, meeting, moved):
    text = page(officer.post(f"/meetings/{meeting.id}/edit", data=moved)).select_one("textarea").text.strip()

    answer = officer.post(f"/meetings/{meeting.id}/edit", data=moved | {"notice": "send", "notice_text": text})

    assert answer.status_code == 302
    assert find(app, meeting).starts_at == datetime(2023, 6, 20, 7, 0, tzinfo=ZoneInfo("UTC"))
    assert states(app) == [
        *INVITED,
        (BatchKind.INVITE, "2", MessageState.WITHDRAWN),
        (BatchKind.RESCHEDULE, "1", MessageState.QUEUED),
    ]


def test_a_move_may_be_saved_without_telling(app, officer, meeting, moved):
    officer.post(f"/meetings/{meeting.id}/edit", data=moved | {"notice": "silent", "notice_text": ""})

    assert states(app) == [*INVITED, (BatchKind.INVITE, "2", MessageState.WITHDRAWN)]
    assert find(app, meeting).starts_at != THURSDAY


def test_a_second_move_is_told_again_and_the_first_notice_withdrawn(app, officer, meeting, moved):
    said = {"notice": "send", "notice_text": "Hop thon {gio} {ngay}"}
    officer.post(f"/meetings/{meeting.id}/edit", data=moved | said)

    again = moved | said | {"day": "2023-06-21", "row_version": str(find(app, meeting).row_version)}
    officer.post(f"/meetings/{meeting.id}/edit", data=again)

    assert [state for kind, _phone, state in states(app) if kind is BatchKind.RESCHEDULE] == [
        MessageState.WITHDRAWN,
        MessageState.QUEUED,
    ]


def test_a_postponement_names_the_old_day(app, officer, meeting, moved):
    later = moved | {"month": "2023-07", "day": "", "starts": ""}

    shown = page(officer.post(f"/meetings/{meeting.id}/edit", data=later))
    words = shown.select_one("textarea").text.strip()
    officer.post(f"/meetings/{meeting.id}/edit", data=later | {"notice": "send", "notice_text": words})

    assert "hop thon Thu 5 15/6 tam hoan" in shown.select_one("main blockquote").text
    assert find(app, meeting).status is MeetingStatus.TENTATIVE
    assert states(app)[-1] == (BatchKind.POSTPONE, "1", MessageState.QUEUED)


def test_a_postponed_meeting_that_gets_a_day_again_is_told_of_as_moved(app, officer, meeting, moved):
    later = moved | {"month": "2023-07", "day": "", "starts": "", "notice": "send", "notice_text": "Tam hoan {ngay}"}
    officer.post(f"/meetings/{meeting.id}/edit", data=later)
    again = moved | {"row_version": str(find(app, meeting).row_version)}

    shown = page(officer.post(f"/meetings/{meeting.id}/edit", data=again))
    assert "hop thon chuyen den 2h chieu Thu 3 20/6" in shown.select_one("main blockquote").text
    officer.post(
        f"/meetings/{meeting.id}/edit",
        data=again | {"notice": "send", "notice_text": shown.select_one("textarea").text},
    )

    assert find(app, meeting).status is MeetingStatus.SCHEDULED
    assert states(app)[-2:] == [
        (BatchKind.POSTPONE, "1", MessageState.WITHDRAWN),
        (BatchKind.RESCHEDULE, "1", MessageState.QUEUED),
    ]


def test_a_tentative_meeting_nobody_was_texted_about_is_fixed_without_a_question(app, officer, meeting, moved):
    with app.app_context(), unit_of_work():
        db.session.execute(sa.update(Message).values(state=MessageState.WITHDRAWN))
    officer.post(f"/meetings/{meeting.id}/edit", data=moved | {"month": "2023-07", "day": "", "starts": ""})

    again = moved | {"row_version": str(find(app, meeting).row_version)}
    assert officer.post(f"/meetings/{meeting.id}/edit", data=again).status_code == 302


def test_another_short_name_of_the_venue_is_another_place_to_whoever_got_a_text(app, officer, meeting, moved):
    same_time = moved | {"day": "2023-06-15", "starts": "07:30"}

    told = page(officer.post(f"/meetings/{meeting.id}/edit", data=same_time | {"venue_short": "trường học Bản Mẫu"}))
    untouched = officer.post(f"/meetings/{meeting.id}/edit", data=same_time | {"venue_short": meeting.venue})

    assert "tai truong hoc Ban Mau" in told.select_one("main blockquote").text
    assert untouched.status_code == 302
    assert states(app) == [*INVITED, (BatchKind.INVITE, "2", MessageState.QUEUED)]


def test_calling_off_shows_and_sends_its_notice(app, officer, meeting):
    address = f"/meetings/{meeting.id}/cancel"
    shown = page(officer.get(address))

    words = shown.select_one("textarea").text.strip()
    officer.post(address, data={"reason": "Mưa lũ", "notice": "send", "notice_text": words})

    assert "KHONG to chuc hop thon 7h30 sang Thu 5 15/6 nua" in shown.select_one("main blockquote").text
    assert states(app) == [
        *INVITED,
        (BatchKind.INVITE, "2", MessageState.WITHDRAWN),
        (BatchKind.CANCEL, "1", MessageState.QUEUED),
    ]


@pytest.mark.parametrize("words", ["Hop thon {gioi}", "Hop thon {ten}", "", "á" * 500])
def test_wrong_words_change_nothing_and_are_kept(app, officer, meeting, moved, words):
    said = {"notice": "send", "notice_text": words}

    move = officer.post(f"/meetings/{meeting.id}/edit", data=moved | said)
    call_off = officer.post(f"/meetings/{meeting.id}/cancel", data={"reason": "Mưa lũ"} | said)

    for answer in (move, call_off):
        shown = page(answer)
        assert answer.status_code == 422
        assert shown.select_one("textarea").text.strip() == words
        assert shown.select_one("main .field-error")
    assert (find(app, meeting).starts_at, find(app, meeting).status) == (THURSDAY, MeetingStatus.SCHEDULED)
    assert len(states(app)) == 3


def test_a_change_that_cannot_be_made_is_told_before_the_notice(officer, meeting, moved):
    shown = page(officer.post(f"/meetings/{meeting.id}/edit", data=moved | {"day": "2023-01-02"}))

    assert shown.select_one("#day-error")
    assert not shown.select('[name="notice"]')


def test_a_notice_waits_for_the_leader_where_the_commune_wants_it(app, officer, commune, meeting, moved):
    with app.app_context(), unit_of_work():
        decide(commune.id, APPROVAL_NEEDED, True, date(2023, 1, 2))

    said = {"notice": "send", "notice_text": "Hop thon {gio} {ngay}"}
    officer.post(f"/meetings/{meeting.id}/edit", data=moved | said)

    with app.app_context():
        batch = db.session.scalars(sa.select(Batch).where(Batch.kind == BatchKind.RESCHEDULE)).one()
        assert (batch.state, batch.texts) == (
            BatchState.AWAITING_APPROVAL,
            {"notice": "Hop thon 2h chieu Thu 3 20/6"},
        )


def test_an_urgent_notice_at_night_waits_for_the_leader_and_says_when_it_would_leave(
    app, clock, officer, commune, meeting
):
    app.config["SMS_NO_SEND_HOURS"] = "21:00-07:00"
    with app.app_context(), unit_of_work():
        decide(commune.id, APPROVAL_NEEDED, True, date(2023, 1, 1))
    clock.instant = datetime(2023, 6, 14, 21, 40, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))

    shown = page(officer.get(f"/meetings/{meeting.id}/cancel?lang=en"))
    text = shown.select_one("textarea[name=notice_text]").text.strip()
    assert "It is 21:40: texts leave tomorrow at 07:00." in shown.text
    assert "It waits until a leader has agreed." in shown.text

    officer.post(f"/meetings/{meeting.id}/cancel", data={"reason": "Mưa lũ", "notice": "send", "notice_text": text})

    with app.app_context():
        batch = db.session.scalars(sa.select(Batch).where(Batch.kind == BatchKind.CANCEL)).one()
        assert batch.state is BatchState.AWAITING_APPROVAL
        assert batch.send_at == datetime(2023, 6, 15, 7, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


@pytest.fixture
def night(app, clock, meeting) -> None:
    """The evening before a meeting at 07:30, when no text leaves before 08:00."""
    app.config["SMS_NO_SEND_HOURS"] = "21:00-08:00"
    clock.instant = datetime(2023, 6, 14, 22, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


@pytest.mark.parametrize("said", ["silent", "send"])
def test_a_meeting_is_called_off_at_night_though_no_text_leaves_in_time(app, officer, meeting, night, said):
    shown = page(officer.get(f"/meetings/{meeting.id}/cancel?lang=en"))
    assert "No text can leave in time" in shown.select_one("main .notice:not(:first-child), main form .notice").text
    assert [field["value"] for field in shown.select("[name=notice]")] == ["silent"]

    data = {"reason": "Mưa lũ", "notice": said, "notice_text": "Khong hop {ngay}"}
    answer = officer.post(f"/meetings/{meeting.id}/cancel", data=data)

    assert answer.location.endswith(f"/meetings/{meeting.id}/invitations?show=not_reached")
    to_call = page(officer.get(answer.location))
    assert len(to_call.select("ul.invited > li details[open]")) == 3
    assert find(app, meeting).status is MeetingStatus.CANCELLED
    assert BatchKind.CANCEL not in {kind for kind, _phone, _state in states(app)}


def test_a_meeting_is_postponed_at_night_and_the_officer_led_to_whom_to_call(app, officer, meeting, moved, night):
    later = moved | {"month": "2023-07", "day": "", "starts": ""}
    assert "No text can leave in time" in page(officer.post(f"/meetings/{meeting.id}/edit?lang=en", data=later)).text

    answer = officer.post(f"/meetings/{meeting.id}/edit", data=later | {"notice": "silent"})

    assert answer.location.endswith("show=not_reached")
    assert find(app, meeting).status is MeetingStatus.TENTATIVE


def test_no_notice_goes_over_the_budget_before_somebody_says_so(app, officer, commune, meeting):
    with app.app_context(), unit_of_work():
        set_tariff("other", 250, date(2023, 1, 1))
        again = db.session.get_one(Meeting, meeting.id)
        again.plan = make_plan(db.session.get_one(Area, commune.id), sms_budget=0)
    shown = page(officer.get(f"/meetings/{meeting.id}/cancel?lang=en"))
    data = {"reason": "Mưa lũ", "notice": "send", "notice_text": shown.select_one("textarea[name=notice_text]").text}

    refused = officer.post(f"/meetings/{meeting.id}/cancel", data=data)
    assert refused.status_code == 422
    assert page(refused).select_one("#over_budget-error") is not None
    assert find(app, meeting).status == MeetingStatus.SCHEDULED

    assert officer.post(f"/meetings/{meeting.id}/cancel", data=data | {"over_budget": "y"}).status_code == 302
    assert find(app, meeting).status == MeetingStatus.CANCELLED


def test_a_notice_points_at_the_characters_that_make_it_dear(officer, meeting):
    words = "UBND xa {xa} xin bao: KHÔNG hop {ngay}. Hoi: {dien_thoai}"
    answer = officer.post(f"/meetings/{meeting.id}/cancel", data={"notice_text": words, "notice": "send", "preview": 1})

    assert [" ".join(item.text.split()) for item in page(answer).select(".dear li")] == ["Ô → O", "ứ → u"]
