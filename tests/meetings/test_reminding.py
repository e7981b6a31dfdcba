"""Reminders: at the hour of their rule or earlier, to those who were texted, once."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.checkin.models import Attendance
from eventmgr.checkin.values import Method
from eventmgr.core.access import Role
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.settings import APPROVAL_NEEDED, CONTACT_PHONE, decide
from eventmgr.home.tasks import remind_invited
from eventmgr.meetings.invite_texts import default_texts
from eventmgr.meetings.models import Invitation, Meeting, Reminder
from eventmgr.meetings.queries.reminders import planned_reminders, reminder_time
from eventmgr.meetings.services import inviting, noticing, scheduling
from eventmgr.meetings.services.answering import answer_invitation
from eventmgr.meetings.services.reminding import change_reminders
from eventmgr.meetings.values import MeetingDetails, ReminderRule, Rsvp
from eventmgr.messaging.models import Message
from eventmgr.messaging.no_send import NoSendHours, read_no_send_hours
from eventmgr.messaging.sender import sender_of
from eventmgr.messaging.values import BatchKind, MessageState
from eventmgr.residents import phones
from eventmgr.residents.models import Household
from eventmgr.residents.values import Gender, PhoneOwner
from tests.factories import hamlet_of, make_commune, make_household, make_meeting

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
THURSDAY = datetime(2023, 6, 15, 7, 30, tzinfo=HANOI)
EVENING_BEFORE = datetime(2023, 6, 14, 18, 30, tzinfo=HANOI)
NIGHT = read_no_send_hours("21:00-07:00")


def at(day: int, hour: str) -> datetime:
    return datetime.combine(date(2023, 6, day), time.fromisoformat(hour), tzinfo=HANOI)


@pytest.mark.parametrize(
    ("starts_at", "rule", "hours", "leaves_at"),
    [
        pytest.param(at(15, "07:30"), "1 18:30", NIGHT, at(14, "18:30"), id="the evening before"),
        pytest.param(at(15, "14:00"), "0 12:00", NIGHT, at(15, "12:00"), id="on the day itself"),
        pytest.param(at(15, "14:00"), "0 13:00", NIGHT, at(15, "13:00"), id="an hour before just fits"),
        pytest.param(at(15, "14:00"), "0 13:30", NIGHT, at(15, "13:00"), id="half an hour before moves earlier"),
        pytest.param(at(15, "14:00"), "0 20:00", NIGHT, at(15, "13:00"), id="after the meeting moves before it"),
        pytest.param(at(15, "07:30"), "0 07:00", NIGHT, at(14, "20:45"), id="too late and then at night: last evening"),
        pytest.param(at(15, "14:00"), "1 22:00", NIGHT, at(14, "20:45"), id="at night moves before the night"),
        pytest.param(at(15, "14:00"), "0 05:00", NIGHT, at(14, "20:45"), id="before dawn moves to the evening before"),
        pytest.param(at(15, "14:00"), "0 05:00", None, at(15, "05:00"), id="no no-send hours"),
        pytest.param(
            at(15, "17:00"), "0 12:30", read_no_send_hours("12:00-13:00"), at(15, "11:45"), id="no-send hours at noon"
        ),
    ],
)
def test_a_reminder_moves_earlier_never_later(
    in_app, starts_at: datetime, rule: str, hours: NoSendHours | None, leaves_at: datetime
):
    assert reminder_time(starts_at, ReminderRule.read(rule), hours) == leaves_at


def test_no_reminder_leaves_late_or_at_night(in_app):
    for starts, days, hour in product(("05:30", "07:30", "08:00", "14:00", "19:30", "22:30"), range(3), range(24)):
        starts_at, rule = at(15, starts), ReminderRule(days, time(hour, 30))

        leaves_at = reminder_time(starts_at, rule, NIGHT).astimezone(HANOI)

        case = f"{starts}: {rule}"
        assert leaves_at <= starts_at - timedelta(hours=1), case
        assert time(7) <= leaves_at.time() < time(21), case
        assert leaves_at <= datetime.combine(date(2023, 6, 15 - days), rule.at, tzinfo=HANOI), case


@pytest.mark.parametrize(
    ("starts_at", "rule", "minutes", "leaves_at"),
    [
        pytest.param(at(15, "07:30"), "1 18:30", 150, at(14, "18:30"), id="just through when the night begins"),
        pytest.param(at(15, "07:30"), "1 18:30", 240, at(14, "17:00"), id="would run into the night"),
        pytest.param(at(15, "07:30"), "1 22:00", 5, at(14, "20:45"), id="few texts: the usual margin"),
        pytest.param(at(15, "07:30"), "1 22:00", 90, at(14, "19:30"), id="many texts: as long as they take"),
        pytest.param(at(15, "07:30"), "0 06:00", 90, at(14, "19:30"), id="at dawn: the evening before"),
        pytest.param(at(15, "14:00"), "0 12:30", 90, at(15, "11:30"), id="the last leaves an hour before the meeting"),
        pytest.param(at(15, "08:30"), "0 07:15", 90, at(14, "19:30"), id="no time in the morning"),
        pytest.param(at(15, "07:30"), "1 18:30", 60 * 16, at(14, "07:00"), id="longer than a day: from the morning on"),
    ],
)
def test_the_margin_before_the_night_fits_the_number_of_texts(
    in_app, starts_at: datetime, rule: str, minutes: int, leaves_at: datetime
):
    assert reminder_time(starts_at, ReminderRule.read(rule), NIGHT, timedelta(minutes=minutes)) == leaves_at


@pytest.fixture
def commune(in_app) -> Area:
    with unit_of_work():
        commune = make_commune()
        decide(commune.id, CONTACT_PHONE, "+84912345678", date(2023, 1, 1))
        decide(commune.id, APPROVAL_NEEDED, False, date(2023, 1, 1))
    return commune


@pytest.fixture
def meeting(commune) -> Meeting:
    with unit_of_work():
        return make_meeting(hamlet_of(commune), starts_at=THURSDAY)


@pytest.fixture
def household(commune) -> Household:
    with unit_of_work():
        return make_household(hamlet_of(commune), "Hoàng Thị Nguyệt", phone="+84912000001", gender=Gender.FEMALE)


def invite(meeting: Meeting, taken: bool = True) -> None:
    with unit_of_work():
        again = db.session.get_one(Meeting, meeting.id)
        inviting.invite_meetings([again], default_texts(), by=None, now=now(), base_url="")
        if taken:
            db.session.execute(sa.update(Message).values(state=MessageState.ACCEPTED))


def remind_at(clock, moment: datetime) -> list[str]:
    """The reminders there are after the sweep has run at this instant."""
    clock.instant = moment
    remind_invited()
    return list(
        db.session.scalars(sa.select(Message.text).where(Message.kind == BatchKind.REMIND).order_by(Message.id))
    )


def test_the_texted_are_reminded_the_evening_before(commune, meeting, household, clock):
    invite(meeting)

    assert remind_at(clock, EVENING_BEFORE - timedelta(minutes=1)) == []
    assert remind_at(clock, EVENING_BEFORE) == [
        "UBND xa Binh Trung nhac lai: moi ba Nguyet du hop thon 7h30 sang Thu 5 15/6 tai nha van hoa thon."
        " Hoi: 0912 345 678"
    ]
    message = db.session.scalars(sa.select(Message).where(Message.kind == BatchKind.REMIND)).one()
    assert (message.phone, message.segments) == ("+84912000001", 1)
    assert message.expires_at == THURSDAY - timedelta(hours=1)


def test_the_sweep_reminds_once_however_often_it_runs(commune, meeting, household, clock):
    invite(meeting)

    assert len(remind_at(clock, EVENING_BEFORE)) == 1
    assert len(remind_at(clock, EVENING_BEFORE + timedelta(minutes=1))) == 1


def test_a_relatives_phone_is_asked_to_pass_the_reminder_on(commune, meeting, clock):
    with unit_of_work():
        make_household(hamlet_of(commune), "Lý Thị Ước", phone="+84912000002", owner=PhoneOwner.RELATIVE)
    invite(meeting)

    assert "nho nhac giup ong/ba Uoc" in remind_at(clock, EVENING_BEFORE)[0]


@pytest.mark.parametrize("state", [MessageState.FAILED, MessageState.REFUSED, MessageState.QUEUED])
def test_who_has_no_invitation_by_text_is_not_reminded_by_one(commune, meeting, household, clock, state):
    invite(meeting)
    with unit_of_work():
        db.session.execute(sa.update(Message).values(state=state))

    assert remind_at(clock, EVENING_BEFORE) == []


def test_who_was_just_invited_is_not_reminded(commune, meeting, household, clock):
    clock.instant = EVENING_BEFORE - timedelta(hours=1)
    invite(meeting)

    assert remind_at(clock, EVENING_BEFORE) == []


def test_a_slow_gateway_begins_earlier_for_all_meetings_of_the_day(app, commune, meeting, household, clock):
    app.config |= {"SMS_NO_SEND_HOURS": "21:00-07:00", "SMS_RATE_PER_SECOND": 1 / 3600}  # a text an hour
    with unit_of_work():
        other = make_meeting(hamlet_of(commune), starts_at=THURSDAY + timedelta(hours=6))
        for number in range(2, 5):
            make_household(hamlet_of(commune), phone=f"+8491200000{number}")
    invite(meeting)

    assert remind_at(clock, at(14, "16:59")) == []
    assert len(remind_at(clock, at(14, "17:00"))) == 4  # four hours before the night

    with unit_of_work():
        db.session.execute(sa.delete(Message).where(Message.kind == BatchKind.REMIND))
    invite(other)
    (planned,) = planned_reminders(db.session.get_one(Meeting, other.id), now())
    assert planned.at == at(14, "13:00")  # eight texts that day


def test_a_meeting_that_cannot_be_reminded_of_does_not_stop_the_others(commune, meeting, household, clock, caplog):
    with unit_of_work():
        broken = make_meeting(hamlet_of(commune), starts_at=THURSDAY - timedelta(hours=2), reminders=["tomorrow"])
    invite(meeting)

    assert len(remind_at(clock, EVENING_BEFORE)) == 1
    assert [record.meeting_id for record in caplog.records if record.levelname == "ERROR"] == [broken.id]


def test_who_refused_is_not_reminded(commune, meeting, household, clock):
    invite(meeting)
    with unit_of_work():
        answer_invitation(db.session.scalars(sa.select(Invitation)).one(), Rsvp.ABSENT, now=now())

    assert remind_at(clock, EVENING_BEFORE) == []


def test_a_refusal_withdraws_the_reminder_that_still_waits(commune, meeting, household, clock):
    invite(meeting)
    remind_at(clock, EVENING_BEFORE)
    with unit_of_work():
        answer_invitation(db.session.scalars(sa.select(Invitation)).one(), Rsvp.ABSENT, now=now())

    states = dict(db.session.execute(sa.select(Message.kind, Message.state)).all())
    assert states == {BatchKind.INVITE: MessageState.ACCEPTED, BatchKind.REMIND: MessageState.WITHDRAWN}


def test_who_wants_no_texts_any_more_is_not_reminded(commune, meeting, household, clock):
    invite(meeting)
    with unit_of_work():
        phones.opt_out("+84912000001", "page", now())

    assert remind_at(clock, EVENING_BEFORE) == []


def test_who_is_there_already_is_not_reminded(commune, meeting, household, clock):
    invite(meeting)
    with unit_of_work():
        db.session.add(
            Attendance(
                meeting_id=meeting.id,
                household_id=household.id,
                method=Method.LIST,
                attended_at=now(),
            )
        )

    assert remind_at(clock, EVENING_BEFORE) == []


def test_a_meeting_that_moves_is_reminded_of_at_its_new_time_again(commune, meeting, household, clock):
    invite(meeting)
    remind_at(clock, EVENING_BEFORE)
    with unit_of_work():
        moved = db.session.get_one(Meeting, meeting.id)
        moved.starts_at, moved.ends_at = at(20, "14:00"), None

    assert len(remind_at(clock, at(19, "18:29"))) == 1
    assert "2h chieu Thu 3 20/6" in remind_at(clock, at(19, "18:30"))[1]


def move(meeting: Meeting, starts_at: datetime, *, tell: bool = False, venue: str | None = None) -> None:
    """An officer moves the meeting, and perhaps lets those who were texted be told at once."""
    with unit_of_work():
        moved = db.session.get_one(Meeting, meeting.id)
        details = MeetingDetails(
            title=moved.title,
            hamlet_ids=tuple(row.hamlet_id for row in moved.hamlet_rows),
            starts_at=starts_at,
            venue=venue or moved.venue,
            venue_short=moved.venue_short,
        )
        timing = noticing.timing_after(moved, details)
        scheduling.change_meeting(moved, details, row_version=moved.row_version, by=None, now=now())
        if tell:
            words = noticing.usual_notice(moved, BatchKind.RESCHEDULE)
            noticing.queue_notice(moved, BatchKind.RESCHEDULE, words, timing, by=None, now=now())


def test_who_has_just_been_told_of_the_new_time_is_not_reminded_of_it(commune, meeting, household, clock):
    invite(meeting)
    remind_at(clock, EVENING_BEFORE)
    clock.instant = at(14, "19:00")
    move(meeting, THURSDAY + timedelta(hours=2), tell=True)

    assert len(remind_at(clock, at(14, "19:01"))) == 1


def test_a_notice_that_leaves_only_in_the_morning_is_reminder_enough(app, commune, meeting, household, clock):
    app.config["SMS_NO_SEND_HOURS"] = "21:00-07:00"
    invite(meeting)
    remind_at(clock, EVENING_BEFORE)
    clock.instant = at(14, "21:30")
    move(meeting, at(15, "14:00"), tell=True)

    assert len(remind_at(clock, at(15, "07:01"))) == 1


def test_two_households_that_share_a_phone_are_spared_by_one_notice(commune, meeting, household, clock):
    with unit_of_work():
        make_household(hamlet_of(commune), "Lý Thị Ước", phone="+84912000001")
    invite(meeting)
    clock.instant = at(14, "19:00")
    move(meeting, THURSDAY + timedelta(hours=2), tell=True)

    assert remind_at(clock, at(14, "19:01")) == []


def test_who_was_not_told_of_the_new_time_is_reminded_of_it(commune, meeting, household, clock):
    invite(meeting)
    remind_at(clock, EVENING_BEFORE)
    clock.instant = at(14, "19:00")
    move(meeting, THURSDAY + timedelta(hours=2))

    assert "9h30 sang" in remind_at(clock, at(14, "19:01"))[1]


def test_a_meeting_moved_there_and_back_is_reminded_of_anew(commune, meeting, household, clock):
    invite(meeting)
    remind_at(clock, EVENING_BEFORE)
    for minute, moment in (("18:40", at(20, "14:00")), ("18:50", THURSDAY)):
        clock.instant = at(14, minute)
        move(meeting, moment)

    remind_at(clock, at(14, "18:51"))

    states = db.session.scalars(sa.select(Message.state).where(Message.kind == BatchKind.REMIND).order_by(Message.id))
    assert list(states) == [MessageState.WITHDRAWN, MessageState.QUEUED]
    assert [made.queued for made in db.session.scalars(sa.select(Reminder))] == [1]


def test_a_meeting_that_is_not_held_is_not_reminded_of(commune, meeting, household, clock):
    invite(meeting)
    with unit_of_work():
        scheduling.cancel_meeting(db.session.get_one(Meeting, meeting.id), "Mưa lũ", by=None, now=now())

    assert remind_at(clock, EVENING_BEFORE) == []


def test_a_worker_that_was_away_reminds_late_but_not_at_night_nor_too_late(app, commune, meeting, household, clock):
    app.config["SMS_NO_SEND_HOURS"] = "21:00-07:00"
    invite(meeting)

    assert remind_at(clock, at(14, "22:00")) == []
    assert remind_at(clock, at(15, "06:31")) == []
    assert remind_at(clock, at(15, "07:01")) == []


def test_rules_can_be_changed_for_one_meeting_or_left_out(commune, meeting, household, clock):
    invite(meeting)
    with unit_of_work():
        rules = [ReminderRule(2, time(17, 0))]
        change_reminders(db.session.get_one(Meeting, meeting.id), rules, by=None, now=now())

    assert len(remind_at(clock, at(13, "17:00"))) == 1
    assert len(remind_at(clock, EVENING_BEFORE)) == 1
    with unit_of_work():
        change_reminders(db.session.get_one(Meeting, meeting.id), [], by=None, now=now())
    assert db.session.get_one(Meeting, meeting.id).reminder_rules == ()


def test_a_reminder_that_cannot_be_written_is_shown_and_not_tried_again(commune, meeting, household, clock):
    invite(meeting)
    with unit_of_work():
        decide(commune.id, CONTACT_PHONE, "", date(2023, 1, 2))

    assert remind_at(clock, EVENING_BEFORE) == []
    assert db.session.scalars(sa.select(Reminder.problem)).one() == "empty_value"


def test_the_page_changes_the_hours_and_says_when_they_really_are(app, commune, meeting, household, login_as):
    app.config["SMS_NO_SEND_HOURS"] = "21:00-07:00"
    officer = login_as(Role.OFFICER, commune)
    address = f"/meetings/{meeting.id}/reminders"

    wrong = officer.post(address, data={"first_days": "1", "first_at": "", "second_days": "none"})
    answer = officer.post(address, data={"first_days": "1", "first_at": "22:00", "second_days": "none"})

    shown = officer.get(answer.location).get_data(as_text=True)
    assert (wrong.status_code, answer.status_code) == (422, 302)
    assert "20:45" in shown
    assert 'value="22:00"' in shown


def came(meeting: Meeting, household: Household, **more) -> None:
    with unit_of_work():
        db.session.add(
            Attendance(meeting_id=meeting.id, household_id=household.id, method=Method.LIST, attended_at=now(), **more)
        )


def states_after_work(app) -> dict[BatchKind, MessageState]:
    sender_of(app).run(30)
    db.session.rollback()
    return dict(db.session.execute(sa.select(Message.kind, Message.state)).all())


def test_a_reminder_queued_before_they_came_is_not_sent(app, commune, meeting, household, clock):
    invite(meeting)
    remind_at(clock, EVENING_BEFORE)
    came(meeting, household)

    assert states_after_work(app)[BatchKind.REMIND] is MessageState.WITHDRAWN


def test_an_attendance_taken_back_lets_the_reminder_go(app, commune, meeting, household, clock):
    invite(meeting)
    remind_at(clock, EVENING_BEFORE)
    came(meeting, household, undone_at=now())

    assert states_after_work(app)[BatchKind.REMIND] is MessageState.ACCEPTED


def test_coming_to_another_meeting_spares_nobody_this_reminder(app, commune, meeting, household, clock):
    with unit_of_work():
        other = make_meeting(hamlet_of(commune), starts_at=THURSDAY + timedelta(days=9))
    invite(meeting)
    remind_at(clock, EVENING_BEFORE)
    came(other, household)

    assert states_after_work(app)[BatchKind.REMIND] is MessageState.ACCEPTED


@pytest.mark.parametrize("change", [{"rsvp": Rsvp.ABSENT}, {"withdrawn_at": THURSDAY}], ids=["refused", "withdrawn"])
def test_a_reminder_queued_before_they_refused_is_not_sent(app, commune, meeting, household, clock, change):
    invite(meeting)
    remind_at(clock, EVENING_BEFORE)
    with unit_of_work():
        db.session.execute(sa.update(Invitation).values(change))

    assert states_after_work(app)[BatchKind.REMIND] is MessageState.WITHDRAWN


def test_an_invitation_still_goes_to_those_who_have_come(app, commune, meeting, household):
    invite(meeting, taken=False)
    came(meeting, household)

    assert states_after_work(app)[BatchKind.INVITE] is MessageState.ACCEPTED
