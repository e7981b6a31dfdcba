"""Inviting: everybody once, by the phone that reaches them, and nobody silently left out."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.clock import local_day, now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.settings import APPROVAL_NEEDED, CONTACT_PHONE, decide
from eventmgr.meetings.invite_texts import default_texts
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.queries.audience import audience_of
from eventmgr.meetings.services import inviting
from eventmgr.meetings.values import Channel, InviteTexts, InviteUnit, LeaderWord, MeetingStatus, NoText
from eventmgr.messaging.library import keep_text, wordings_of
from eventmgr.messaging.models import Approval, Batch, Message
from eventmgr.messaging.services import NoLeaderName, approve, stop_batch
from eventmgr.messaging.texts import EmptyValue, TextPurpose, UnknownPlaceholder, Wording
from eventmgr.messaging.values import BatchState
from eventmgr.residents import phones
from eventmgr.residents.models import Contact, Household
from eventmgr.residents.values import Gender, PhoneOwner, PovertyClass
from tests.factories import (
    hamlet_of,
    make_commune,
    make_guest,
    make_household,
    make_meeting,
    make_resident,
    make_user,
)

THURSDAY = datetime(2023, 6, 15, 7, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


def phone(number: int) -> str:
    return f"+8491200{number:04d}"


@pytest.fixture
def commune(in_app) -> Area:
    """A commune that has a phone to ask and needs no approval."""
    with unit_of_work():
        commune = make_commune()
        decide(commune.id, CONTACT_PHONE, "+84912345678", date(2023, 1, 1))
        decide(commune.id, APPROVAL_NEEDED, False, date(2023, 1, 1))
    return commune


def meeting_in(commune: Area, place: int = 0, **details) -> Meeting:
    return make_meeting(hamlet_of(commune, place), **{"starts_at": THURSDAY} | details)


def invite(*meetings: Meeting, texts: InviteTexts | None = None, **more) -> inviting.Invited:
    with unit_of_work():
        again = [db.session.get_one(Meeting, meeting.id) for meeting in meetings]
        return inviting.invite_meetings(
            again, texts or default_texts(), **{"by": None, "now": now(), "base_url": ""} | more
        )


def invitation_of(household: Household) -> Invitation:
    return db.session.scalars(sa.select(Invitation).where(Invitation.household_id == household.id)).one()


def texts() -> list[str]:
    return list(db.session.scalars(sa.select(Message.text).order_by(Message.id)))


def reasons(invited: inviting.Invited) -> Counter[NoText]:
    return Counter(left.reason for left in invited.not_texted)


def test_a_household_gets_one_plain_text_with_its_code(commune):
    with unit_of_work():
        meeting = meeting_in(commune)
        household = make_household(hamlet_of(commune), "Hoàng Thị Nguyệt", phone=phone(1), gender=Gender.FEMALE)

    invited = invite(meeting)

    assert (invited.queued, invited.new_invitations, invited.waits) == (1, 1, False)
    code = invitation_of(household).code
    assert texts() == [
        "UBND xa Binh Trung kinh moi ba Nguyet du hop thon 7h30 sang Thu 5 15/6 tai nha van hoa thon."
        f" So giay moi {code[:5]}-{code[5:]}. Hoi: 0912 345 678"
    ]
    assert db.session.scalars(sa.select(Message.segments)).one() == 1
    assert db.session.scalars(sa.select(Message.expires_at)).one() == THURSDAY


def test_texts_with_diacritics_keep_them(commune):
    with unit_of_work():
        meeting = meeting_in(commune)
        make_household(hamlet_of(commune), "Nông Văn Đức", phone=phone(1), gender=Gender.MALE)

    invite(meeting, texts=InviteTexts(default_texts().invite, default_texts().relay, with_marks=True))

    assert texts()[0].startswith("UBND xã Bình Trung kính mời ông Đức dự họp thôn 7h30 sáng Thứ 5 15/6")


def test_a_relatives_phone_gets_the_text_to_pass_on(commune):
    with unit_of_work():
        meeting = meeting_in(commune)
        household = make_household(hamlet_of(commune), "Lý Thị Ước", phone=phone(1), owner=PhoneOwner.RELATIVE)

    invite(meeting)

    assert invitation_of(household).channel is Channel.RELAY
    assert "nho bao giup ong/ba Uoc" in texts()[0]


def test_a_phone_of_three_households_is_texted_for_none_of_them(commune):
    with unit_of_work():
        meeting = meeting_in(commune)
        shared = [
            make_household(hamlet_of(commune), phone=phone(1), owner=PhoneOwner.HAMLET_HEAD) for _each in range(3)
        ]
        pair = [make_household(hamlet_of(commune), phone=phone(2)) for _each in range(2)]

    invited = invite(meeting)

    assert {invitation_of(household).channel for household in shared} == {Channel.CALL}
    assert {invitation_of(household).channel for household in pair} == {Channel.SMS}
    assert (invited.queued, reasons(invited)) == (2, {NoText.SHARED: 3})


def test_everyone_not_texted_is_listed_with_the_reason(commune):
    with unit_of_work():
        meeting = meeting_in(commune)
        hamlet = hamlet_of(commune)
        make_household(hamlet, "Không Số")
        landline = make_household(hamlet, "Máy Bàn")
        landline.contacts.append(Contact(phone="+842093871234", takes_sms=False))
        make_household(hamlet, "Từ Chối", phone=phone(3))
        make_household(hamlet, "Số Hỏng", phone=phone(4))
        phones.opt_out(phone(3), "page", now())
        phones.mark_dead(phone(4), now())

    invited = invite(meeting)

    assert (invited.batch_ids, invited.queued) == ((), 0)
    assert reasons(invited) == {NoText.NO_PHONE: 1, NoText.LANDLINE: 1, NoText.OPTED_OUT: 1, NoText.DEAD: 1}
    channels = dict(
        db.session.execute(sa.select(Invitation.household_id, Invitation.channel).order_by(Invitation.id)).all()
    )
    assert sorted(channels.values()) == [Channel.CALL, Channel.CALL, Channel.PAPER, Channel.PAPER]
    assert db.session.scalar(sa.select(sa.func.count(Batch.id))) == 0


def test_the_first_phone_that_takes_texts_is_used(commune):
    with unit_of_work():
        meeting = meeting_in(commune)
        household = make_household(hamlet_of(commune), phone=phone(1))
        household.contacts.append(Contact(phone=phone(2), owner=PhoneOwner.RELATIVE, position=1))
        household.contacts.append(Contact(phone=phone(3), position=2))
        phones.mark_dead(phone(1), now())

    invite(meeting)

    assert db.session.scalars(sa.select(Message.phone)).all() == [phone(2)]


def test_classes_hamlets_and_those_who_left_decide_who_is_asked(commune):
    with unit_of_work():
        meeting = meeting_in(commune, audience_classes=[PovertyClass.POOR.value])
        poor = make_household(hamlet_of(commune), poverty_class=PovertyClass.POOR)
        make_household(hamlet_of(commune), poverty_class=PovertyClass.OTHER)
        make_household(hamlet_of(commune), left_on=date(2023, 1, 1))
        make_household(hamlet_of(commune, 1), poverty_class=PovertyClass.POOR)

    found = audience_of([meeting], on=local_day(now()))[meeting.id]

    assert [invitee.household_id for invitee in found] == [poor.id]


def test_named_persons_stand_on_the_invitation(commune):
    with unit_of_work():
        meeting = meeting_in(commune, invite_unit=InviteUnit.PERSONS)
        household = make_household(
            hamlet_of(commune), "Nông Văn Đức", phone=phone(1), gender=Gender.MALE, members=("Lý Thị A", "Lý Văn B")
        )
        make_resident(household, "Nông Văn Bé", birth_year=2015)

    invite(meeting)

    assert len(invitation_of(household).members) == 3
    assert "kinh moi ong Duc va 2 nguoi du hop" in texts()[0]


def test_chosen_guests_are_invited_too(commune):
    with unit_of_work():
        meeting = meeting_in(commune)
        guest = make_guest(commune, "Lý Thị Khách", phone=phone(9), gender=Gender.FEMALE)
        make_guest(commune, "Không Mời")

    invited = invite(meeting, guest_ids=[guest.id])

    assert (invited.queued, invited.new_invitations) == (1, 1)
    assert "kinh moi ba Khach" in texts()[0]


def test_a_second_run_invites_and_texts_only_those_who_are_new(commune):
    with unit_of_work():
        meeting = meeting_in(commune)
        first = make_household(hamlet_of(commune), phone=phone(1))
    invite(meeting)
    code = invitation_of(first).code
    with unit_of_work():
        make_household(hamlet_of(commune), phone=phone(2))

    invited = invite(meeting)

    assert (invited.queued, invited.new_invitations) == (1, 1)
    assert reasons(invited) == {NoText.ALREADY: 1}
    assert invitation_of(first).code == code
    assert invite(meeting).queued == 0


def test_a_phone_found_later_is_texted_by_the_next_run(commune):
    with unit_of_work():
        meeting = meeting_in(commune)
        household = make_household(hamlet_of(commune))
    invite(meeting)
    with unit_of_work():
        db.session.add(Contact(household_id=household.id, phone=phone(1)))

    invited = invite(meeting)

    db.session.expire_all()
    assert (invited.queued, invited.new_invitations) == (1, 0)
    assert invitation_of(household).channel is Channel.SMS


def test_texts_withdrawn_with_their_batch_can_be_sent_again(commune):
    with unit_of_work():
        meeting = meeting_in(commune)
        make_household(hamlet_of(commune), phone=phone(1))
        officer = make_user(area=commune)
    first = invite(meeting)
    with unit_of_work():
        stop_batch(db.session.get_one(Batch, first.batch_ids[0]), by=officer, now=now())

    again = invite(meeting)

    assert again.queued == 1
    assert db.session.get_one(Batch, again.batch_ids[0]).revision == 2


def test_one_approval_covers_a_whole_series(commune):
    with unit_of_work():
        decide(commune.id, APPROVAL_NEEDED, True, date(2023, 2, 1))
        meetings = [meeting_in(commune, place) for place in range(3)]
        for place in range(3):
            make_household(hamlet_of(commune, place), phone=phone(place))
        officer = make_user(area=commune)
        leader = make_user(Role.LEADER, commune)

    invited = invite(*meetings, by=officer)

    assert (len(invited.batch_ids), invited.queued, invited.waits) == (3, 3, True)
    with unit_of_work():
        approve(db.session.get_one(Approval, invited.approval_id), by=leader, now=now())
    db.session.expire_all()
    assert set(db.session.scalars(sa.select(Batch.state))) == {BatchState.SENDING}


def test_an_officer_records_the_leaders_word_with_the_send(commune):
    with unit_of_work():
        decide(commune.id, APPROVAL_NEEDED, True, date(2023, 2, 1))
        meeting = meeting_in(commune)
        make_household(hamlet_of(commune), phone=phone(1))
        officer = make_user(area=commune)

    with pytest.raises(NoLeaderName):
        invite(meeting, by=officer, leader_word=LeaderWord(" ", date(2023, 6, 1)))
    assert db.session.scalar(sa.select(sa.func.count(Invitation.id))) == 0, "all or nothing"
    invited = invite(meeting, by=officer, leader_word=LeaderWord("Lý Văn Lãnh Đạo", date(2023, 6, 1)))

    assert not invited.waits
    assert db.session.get_one(Batch, invited.batch_ids[0]).state is BatchState.SENDING
    assert db.session.get_one(Approval, invited.approval_id).approved_by_name == "Lý Văn Lãnh Đạo"


@pytest.mark.parametrize(
    ("details", "refusal"),
    [
        (
            {"status": MeetingStatus.TENTATIVE, "starts_at": None, "ends_at": None, "month": date(2023, 7, 1)},
            inviting.NotYetFixed,
        ),
        ({"status": MeetingStatus.CANCELLED}, inviting.NotHeld),
        ({"status": MeetingStatus.HELD}, inviting.AlreadyBegun),
        ({"starts_at": THURSDAY - timedelta(days=30), "ends_at": None}, inviting.AlreadyBegun),
    ],
    ids=["tentative", "cancelled", "held", "past"],
)
def test_nobody_is_invited_to_what_will_not_be(commune, details, refusal):
    with unit_of_work():
        meeting = make_meeting(hamlet_of(commune), starts_at=THURSDAY)
        make_household(hamlet_of(commune), phone=phone(1))
        for name, value in details.items():
            setattr(meeting, name, value)

    with pytest.raises(refusal):
        invite(meeting)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("Moi {tên} du hop", UnknownPlaceholder),
        ("Moi {ten} xem {link}", inviting.NoTrustedLink),
        ("Moi {ten} tai {dia_diem}", EmptyValue),
    ],
)
def test_texts_that_cannot_be_written_queue_nothing(commune, text, refusal):
    with unit_of_work():
        meeting = meeting_in(commune, venue="", venue_short="")
        make_household(hamlet_of(commune), phone=phone(1))

    with pytest.raises(refusal):
        invite(meeting, texts=InviteTexts(text, text))

    assert db.session.scalar(sa.select(sa.func.count(Message.id))) == 0
    assert db.session.scalar(sa.select(sa.func.count(Invitation.id))) == 0


def test_without_a_phone_to_ask_the_usual_text_is_refused(commune):
    with unit_of_work():
        decide(commune.id, CONTACT_PHONE, "", date(2023, 2, 1))
        meeting = meeting_in(commune)
        make_household(hamlet_of(commune), phone=phone(1))

    with pytest.raises(inviting.NoContactPhone):
        invite(meeting)


def test_a_link_needs_a_public_https_address(commune):
    with unit_of_work():
        meeting = meeting_in(commune)
        household = make_household(hamlet_of(commune), phone=phone(1))

    invite(meeting, texts=InviteTexts("Moi {ten}: {link}", "Moi {ten}"), base_url="https://hop.example.vn")

    assert texts() == [f"Moi ong/ba Anh: https://hop.example.vn/i/{invitation_of(household).code}"]


def test_two_officers_at_the_same_moment_make_one_invitation_and_one_text_each(commune, in_app):
    with unit_of_work():
        meeting = meeting_in(commune)
        for number in range(6):
            make_household(hamlet_of(commune), phone=phone(number))
    meeting_id, together = meeting.id, threading.Barrier(3)

    def one_officer(_number: int) -> int:
        with in_app.app_context():
            together.wait()
            with unit_of_work():
                asked = [db.session.get_one(Meeting, meeting_id)]
                return inviting.invite_meetings(asked, default_texts(), by=None, now=now(), base_url="").queued

    with ThreadPoolExecutor(3) as officers:
        queued = sorted(officers.map(one_officer, range(3)))

    db.session.rollback()
    assert queued == [0, 0, 6]
    assert db.session.scalar(sa.select(sa.func.count(Message.id))) == 6
    assert db.session.scalar(sa.select(sa.func.count(Invitation.id))) == 6


def test_the_offices_own_plain_words_are_sent_and_not_letters_stripped_of_their_marks(commune):
    own = Wording("Mã {ma}, mời {ten}. Hỏi: {dien_thoai}", "So giay moi {ma}, kinh moi {ten}. Hoi: {dien_thoai}")
    with unit_of_work():
        meeting = meeting_in(commune)
        make_household(hamlet_of(commune), "Hoàng Thị Nguyệt", phone=phone(1), gender=Gender.FEMALE)
        keep_text(commune, TextPurpose.INVITE, own, by=None, now=now())

    invite(meeting, texts=default_texts(wordings_of(commune.path)))

    assert texts()[0].startswith("So giay moi ")
    assert "kinh moi ba Nguyet. Hoi:" in texts()[0]
