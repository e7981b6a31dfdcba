"""A sender name that takes registered texts only: what is not marked as registered does not go, and that is said."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.settings import APPROVAL_NEEDED, CONTACT_PHONE, REGISTERED_TEXTS_ONLY, decide, setting
from eventmgr.meetings.invite_texts import default_texts
from eventmgr.meetings.models import Meeting, Reminder
from eventmgr.meetings.services import inviting, reminding
from eventmgr.meetings.services.noticing import queue_notice, timing_after, usual_notice
from eventmgr.messaging.library import TextNotRegistered, keep_text, kept_versions, wordings_of
from eventmgr.messaging.models import Message
from eventmgr.messaging.texts import DEFAULT_WORDINGS, TextPurpose, Wording
from eventmgr.messaging.values import BatchKind, MessageState
from eventmgr.residents.values import PhoneOwner
from tests.factories import hamlet_of, make_commune, make_household, make_meeting

THURSDAY = datetime(2023, 6, 15, 7, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
DAY = date(2023, 1, 10)


@pytest.fixture
def commune(in_app) -> Area:
    with unit_of_work():
        commune = make_commune()
        decide(commune.id, CONTACT_PHONE, "+84912345678", date(2023, 1, 1))
        decide(commune.id, APPROVAL_NEEDED, False, date(2023, 1, 1))
        decide(commune.id, REGISTERED_TEXTS_ONLY, True, date(2023, 1, 1))
    return commune


@pytest.fixture
def meeting(commune) -> Meeting:
    with unit_of_work():
        make_household(hamlet_of(commune), phone="+84912000001")
        return make_meeting(hamlet_of(commune), starts_at=THURSDAY)


def register(commune: Area, *purposes: TextPurpose, on: date = DAY) -> None:
    with unit_of_work():
        area = db.session.get_one(Area, commune.id)
        for purpose in purposes:
            keep_text(area, purpose, DEFAULT_WORDINGS[purpose], registered_on=on, by=None, now=now())


def invite(meeting: Meeting, texts=None, **more):
    with unit_of_work():
        path = meeting.area.path
        texts = texts or default_texts(wordings_of(path), kept_versions(path))
        again = db.session.get_one(Meeting, meeting.id)
        return inviting.invite_meetings([again], texts, by=None, now=now(), base_url="", **more)


def test_an_unregistered_text_is_refused_and_named(commune, meeting):
    with pytest.raises(TextNotRegistered) as refused:
        invite(meeting)

    assert DEFAULT_WORDINGS[TextPurpose.INVITE].plain in str(refused.value.message)
    assert db.session.scalar(sa.select(sa.func.count(Message.id))) == 0


def test_a_registered_text_goes_with_its_placeholders_filled(commune, meeting):
    register(commune, TextPurpose.INVITE, TextPurpose.REMIND)

    assert invite(meeting).queued == 1


def test_a_registration_to_come_does_not_count_yet(commune, meeting):
    register(commune, TextPurpose.INVITE, TextPurpose.REMIND, on=date(2030, 1, 1))

    with pytest.raises(TextNotRegistered):
        invite(meeting)


def test_one_word_more_is_another_text(commune, meeting):
    register(commune, TextPurpose.INVITE, TextPurpose.REMIND)
    texts = default_texts()

    with pytest.raises(TextNotRegistered):
        invite(meeting, type(texts)(texts.invite + " !", texts.relay, remind=texts.remind))


def test_only_texts_that_somebody_gets_have_to_be_registered(commune, meeting):
    register(commune, TextPurpose.INVITE, TextPurpose.REMIND)
    with unit_of_work():
        make_household(hamlet_of(commune), phone="+84912000002", owner=PhoneOwner.RELATIVE)

    with pytest.raises(TextNotRegistered) as refused:
        invite(meeting)

    assert refused.value.facts["field"] == "relay"


def test_a_version_needs_its_own_registration(commune, meeting):
    register(commune, TextPurpose.INVITE, TextPurpose.REMIND)
    with unit_of_work():
        area = db.session.get_one(Area, commune.id)
        hamlet_of(area).text_language = "Tày"
        keep_text(area, TextPurpose.INVITE, Wording("Tày {ten}", "Tay {ten}"), language="Tày", by=None, now=now())

    with pytest.raises(TextNotRegistered) as refused:
        invite(meeting)

    assert refused.value.facts["field"] == "invite:tay"


def test_a_notice_has_to_be_registered_too(commune, meeting):
    register(commune, TextPurpose.INVITE, TextPurpose.REMIND)
    invite(meeting)
    with unit_of_work():
        db.session.execute(sa.update(Message).values(state=MessageState.ACCEPTED))

    def tell():
        with unit_of_work():
            again = db.session.get_one(Meeting, meeting.id)
            words = usual_notice(again, BatchKind.CANCEL)
            return queue_notice(again, BatchKind.CANCEL, words, timing_after(again), by=None, now=now())

    with pytest.raises(TextNotRegistered):
        tell()
    register(commune, TextPurpose.CANCEL)
    assert tell().queued == 1


def test_a_reminder_that_lost_its_registration_is_kept_for_the_officer(commune, meeting, clock):
    register(commune, TextPurpose.INVITE, TextPurpose.REMIND)
    invite(meeting)
    with unit_of_work():
        db.session.execute(sa.update(Message).values(state=MessageState.ACCEPTED))
        area = db.session.get_one(Area, commune.id)
        keep_text(area, TextPurpose.REMIND, Wording("Nhắc {ten}", "Nhac {ten}"), by=None, now=now())
    clock.instant = datetime(2023, 6, 14, 18, 31, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))

    with unit_of_work():
        assert reminding.remind(meeting.id, now=now(), base_url="") == 0

    assert db.session.scalars(sa.select(Reminder)).one().problem == "text_not_registered"


def test_without_the_setting_nothing_is_asked(commune, meeting):
    with unit_of_work():
        decide(commune.id, REGISTERED_TEXTS_ONLY, False, date(2023, 1, 1))

    assert invite(meeting).queued == 1


def test_the_page_says_it_beside_the_text(commune, meeting, login_as):
    page = BeautifulSoup(login_as(Role.OFFICER, commune).get(f"/meetings/{meeting.id}/invite?lang=en").text, "lxml")

    assert "not marked as registered" in page.select_one("#invite-error").text
    assert "not marked as registered" in page.select_one("#invite-preview").text


def test_the_office_decides_it_on_its_settings_page(commune, login_as):
    admin = login_as(Role.ADMINISTRATOR, commune)

    admin.post("/settings/sending", data={"no_send_hours": "21:00-07:00", "daily_cap": "0", "daily_cost": "0"})

    db.session.rollback()
    assert setting(commune.path, REGISTERED_TEXTS_ONLY, date(2023, 12, 31)) is False
