"""Two entries of one person or household become one, in every room; likely pairs are found and settled."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from eventmgr.checkin.door_book import find_invitee_by_code
from eventmgr.checkin.models import Attendance
from eventmgr.checkin.values import Method
from eventmgr.core import registry
from eventmgr.core.access import Scope
from eventmgr.core.acts import Act, last_act_id
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.secrets import keyed_digest
from eventmgr.meetings.models import ContactOutcome, Invitation
from eventmgr.meetings.queries.by_code import find_invitation_by_code
from eventmgr.meetings.values import Channel, ContactResult, MeetingStatus, Rsvp
from eventmgr.messaging.models import Message
from eventmgr.messaging.services import queue_batch
from eventmgr.messaging.values import BatchDetails, BatchKind, MessageState, Recipient
from eventmgr.reports.queries.attendance import turnout_by_meeting
from eventmgr.residents import services
from eventmgr.residents.importing.parsing import parse_list
from eventmgr.residents.models import Contact, DistinctPair, Household, PovertyStatus, Resident
from eventmgr.residents.queries.duplicates import likely_duplicates
from eventmgr.residents.services.erasure import erase_person
from eventmgr.residents.services.merging import CannotMerge, HeadsOthers
from eventmgr.residents.services.residents import GoneAlready
from eventmgr.residents.values import Alike, Gender, LeftWhy, PovertyClass
from tests.factories import hamlet_of, make_commune, make_household, make_invitation, make_meeting, make_resident
from tests.support.lists import take_in

TABLES = (
    "household",
    "household_term",
    "resident",
    "contact",
    "poverty_status",
    "invitation",
    "invitation_member",
    "contact_outcome",
    "attendance",
    "distinct_pair",
)


@pytest.fixture
def commune(in_app):
    with unit_of_work():
        return make_commune()


@pytest.fixture
def kept(commune):
    with unit_of_work():
        household = make_household(hamlet_of(commune), "Hoàng Văn Mẫu", phone="+84912345678", members=("Vi Thị Mẫu",))
    return household


@pytest.fixture
def dropped(commune):
    """The same household, written down once more with another phone, class and member."""
    with unit_of_work():
        household = make_household(
            hamlet_of(commune), "Hoàng Văn Mẫu", phone="+84987000111", members=("Hoàng Văn Con",), code="06217-007"
        )
        household.contacts.append(Contact(phone="+84912345678", position=1, owner_note="máy chung"))
        household.statuses.append(PovertyStatus(decision="15/QĐ-UBND", year=2024, poverty_class=PovertyClass.NEAR_POOR))
        head = household.head
        head.birth_year, head.gender = 1968, Gender.MALE
        head.citizen_number_sealed = "niêm phong"
        head.citizen_number_digest = keyed_digest("020068001234", "citizen_number")
    return household


def merge(kept: Household, dropped: Household) -> None:
    with unit_of_work():
        services.merge_households(kept, dropped, by=None, now=now())
    db.session.expire_all()


def came(meeting, household, resident=None, **details):
    row = Attendance(
        meeting=meeting,
        household=household,
        resident=resident,
        **{"method": Method.LIST, "attended_at": now(), "hamlet_id": household.hamlet_id} | details,
    )
    db.session.add(row)
    db.session.flush()
    return row


def as_it_stands() -> dict[str, list[tuple]]:
    db.session.expire_all()
    return {
        name: sorted(
            tuple(str(value) for column, value in row.items() if column != "row_version")
            for row in db.session.execute(sa.select(db.metadata.tables[name])).mappings()
        )
        for name in TABLES
    }


# --- Households and people ------------------------------------------------------------------------


def test_households_written_twice_become_one(kept, dropped):
    head = kept.head

    merge(kept, dropped)

    assert sorted(one.full_name for one in kept.members) == ["Hoàng Văn Con", "Hoàng Văn Mẫu", "Vi Thị Mẫu"]
    assert (kept.head, head.birth_year, head.gender) == (head, 1968, Gender.MALE)
    assert head.citizen_number_digest == keyed_digest("020068001234", "citizen_number")
    assert [(contact.phone, contact.owner_note) for contact in kept.contacts] == [
        ("+84912345678", "máy chung"),
        ("+84987000111", ""),
    ]
    assert (kept.code, kept.poverty_class) == ("06217-007", PovertyClass.NEAR_POOR)
    assert [status.year for status in kept.statuses] == [2024, 2023]


def test_entry_that_was_given_up_says_where_it_goes_on(kept, dropped):
    twin = dropped.head

    merge(kept, dropped)

    assert (dropped.left_why, dropped.merged_into_id, dropped.code) == (LeftWhy.MERGED, kept.id, None)
    assert (twin.left_why, twin.merged_into_id, twin.citizen_number_digest) == (LeftWhy.MERGED, kept.head.id, None)
    with pytest.raises(GoneAlready), unit_of_work():
        services.merge_households(kept, dropped, by=None, now=now())


def test_later_merge_leads_everybody_to_the_last_one(commune, kept, dropped):
    merge(kept, dropped)
    with unit_of_work():
        third = make_household(hamlet_of(commune), "Hoàng Văn Mẫu")

    merge(third, kept)

    assert (dropped.merged_into_id, kept.merged_into_id) == (third.id, third.id)


def test_only_two_entries_of_one_commune_are_merged(kept):
    with unit_of_work():
        stranger = make_household(hamlet_of(make_commune("Chi Ví Dụ", "06999")))

    with pytest.raises(CannotMerge), unit_of_work():
        services.merge_households(kept, kept, by=None, now=now())
    with pytest.raises(CannotMerge), unit_of_work():
        services.merge_households(kept, stranger, by=None, now=now())


def test_merging_the_last_of_a_household_merges_the_households(commune, kept):
    with unit_of_work():
        alone = make_household(hamlet_of(commune, 1), "VI THỊ MẪU", phone="+84987000111")
    wife = next(one for one in kept.members if one.full_name == "Vi Thị Mẫu")

    with unit_of_work():
        services.merge_residents(wife, alone.head, by=None, now=now())

    db.session.expire_all()
    assert (alone.left_why, alone.merged_into_id) == (LeftWhy.MERGED, kept.id)
    assert [contact.phone for contact in kept.contacts] == ["+84912345678", "+84987000111"]
    assert kept.head.full_name == "Hoàng Văn Mẫu"


def test_head_of_others_is_not_merged_away(kept, dropped):
    wife = next(one for one in kept.members if one.full_name == "Vi Thị Mẫu")

    with pytest.raises(HeadsOthers), unit_of_work():
        services.merge_residents(wife, dropped.head, by=None, now=now())


def test_member_merged_into_the_head_of_the_same_household_leaves_a_head(kept):
    with unit_of_work():
        twin = make_resident(kept, "Hoàng Văn Mẫu", birth_year=1970)
        services.merge_residents(twin, kept.head, by=None, now=now())

    db.session.expire_all()
    assert kept.head == twin


# --- Invitations ----------------------------------------------------------------------------------


def test_invitation_of_the_dropped_household_becomes_the_kept_ones(kept, dropped):
    with unit_of_work():
        invitation = make_invitation(make_meeting(kept.hamlet), dropped, named=(dropped.head,))

    merge(kept, dropped)

    assert invitation.household_id == kept.id
    assert [row.resident_id for row in invitation.members] == [kept.head.id]


def test_where_both_were_asked_one_invitation_stands_with_the_better_answer(kept, dropped):
    meeting = make_meeting(kept.hamlet)
    with unit_of_work():
        first = make_invitation(meeting, kept, rsvp=Rsvp.ABSENT, rsvp_at=now() - timedelta(hours=2))
        second = make_invitation(meeting, dropped, rsvp=Rsvp.COMING, rsvp_at=now() - timedelta(hours=1))
        told = ContactOutcome(channel=Channel.CALL, result=ContactResult.CALLED, at=now(), invitation=second)
        db.session.add(told)

    merge(kept, dropped)

    assert (first.rsvp, first.withdrawn_at) == (Rsvp.COMING, None)
    assert (second.withdrawn_at, second.merged_into_id) == (now(), first.id)
    assert told.invitation_id == first.id
    assert find_invitation_by_code(second.code) == find_invitation_by_code(first.code) == first


def test_text_still_waiting_for_the_other_invitation_is_withdrawn_and_waits_again_once_undone(commune, kept, dropped):
    meeting = make_meeting(kept.hamlet)
    with unit_of_work():
        make_invitation(meeting, kept)
        second = make_invitation(meeting, dropped)
        details = BatchDetails(
            area_id=commune.id,
            subject=f"meeting:{meeting.id}",
            title="Mời",
            kind=BatchKind.INVITE,
            texts={"invite": "…"},
        )
        recipient = Recipient("+84987000111", f"invitation:{second.id}", "Moi ba con")
        queue_batch(details, [recipient], by=None, now=now())
    message = db.session.scalars(sa.select(Message)).one()

    merge(kept, dropped)
    withdrawn = message.state
    with unit_of_work():
        services.undo_act(db.session.get_one(Act, last_act_id()), by=None, now=now())

    assert (withdrawn, message.state) == (MessageState.WITHDRAWN, MessageState.QUEUED)


def test_both_codes_open_the_door_to_the_one_household(client, kept, dropped):
    with unit_of_work():
        meeting = make_meeting(kept.hamlet)
        own = make_invitation(meeting, kept)
        code = make_invitation(meeting, dropped).code

    merge(kept, dropped)

    invitee = find_invitee_by_code(code)
    assert (invitee.household.id, invitee.invitation_id, invitee.known_code.withdrawn) == (kept.id, own.id, False)
    page = client.get(f"/i/{code}")
    assert page.status_code == 200
    assert "Mẫu" in page.text


def test_closed_meeting_keeps_both_invitations(kept, dropped):
    meeting = make_meeting(kept.hamlet, status=MeetingStatus.CLOSED)
    with unit_of_work():
        rows = [make_invitation(meeting, kept), make_invitation(meeting, dropped)]

    merge(kept, dropped)

    assert [(row.household_id, row.withdrawn_at) for row in rows] == [(kept.id, None), (dropped.id, None)]


# --- Attendances ----------------------------------------------------------------------------------


def test_person_who_came_under_both_names_came_once(kept, dropped):
    meeting = make_meeting(kept.hamlet, status=MeetingStatus.HELD)
    with unit_of_work():
        early = came(meeting, dropped, dropped.head, attended_at=now() - timedelta(minutes=9))
        late = came(meeting, kept, kept.head)

    merge(kept, dropped)

    assert (early.resident_id, early.household_id, early.undone_at) == (kept.head.id, kept.id, None)
    assert (late.resident_id, late.undone_at, late.undo_reason) == (kept.head.id, now(), "merged")


def test_two_representatives_of_one_household_are_one(kept, dropped):
    meeting = make_meeting(kept.hamlet, status=MeetingStatus.HELD)
    with unit_of_work():
        rows = [came(meeting, kept), came(meeting, dropped)]

    merge(kept, dropped)

    assert [row.undone_at for row in rows] == [None, now()]
    assert {row.household_id for row in rows} == {kept.id}


def test_figures_of_a_closed_meeting_do_not_change(commune, kept, dropped):
    with unit_of_work():
        both = make_meeting(kept.hamlet, status=MeetingStatus.CLOSED)
        one = make_meeting(kept.hamlet, status=MeetingStatus.CLOSED)
        came(both, kept, kept.head)
        came(both, dropped, dropped.head)
        came(one, dropped, dropped.head)
    every = sa.true()
    before = turnout_by_meeting(every)

    merge(kept, dropped)

    assert turnout_by_meeting(every) == before
    at_one = db.session.scalar(sa.select(Attendance).where(Attendance.meeting_id == one.id))
    assert (at_one.resident_id, at_one.household_id) == (kept.head.id, kept.id)


def test_rooms_say_which_households_they_hold_on_to(kept, dropped):
    with unit_of_work():
        make_invitation(make_meeting(kept.hamlet), kept)
        free = make_household(kept.hamlet, "Bế Văn Không")
        came(make_meeting(kept.hamlet), dropped)

    assert registry.in_use([kept.id, dropped.id, free.id]) == {kept.id, dropped.id}


def test_undoing_a_merge_brings_back_every_row_of_every_room(kept, dropped):
    with unit_of_work():
        meeting = make_meeting(kept.hamlet)
        make_invitation(meeting, kept, named=(kept.head,))
        make_invitation(meeting, dropped, named=(dropped.head,), rsvp=Rsvp.COMING, rsvp_at=now())
        make_invitation(make_meeting(kept.hamlet), dropped, named=tuple(dropped.members))
        came(meeting, kept, kept.head)
        came(meeting, dropped, dropped.head)
        came(meeting, dropped)
    before = as_it_stands()
    merge(kept, dropped)
    assert as_it_stands() != before

    with unit_of_work():
        services.undo_act(db.session.get_one(Act, last_act_id()), by=None, now=now())

    assert as_it_stands() == before


# --- Likely pairs ---------------------------------------------------------------------------------


def pairs(commune) -> list[tuple[str, str, Alike]]:
    return [(pair.one.full_name, pair.other.full_name, pair.why) for pair in likely_duplicates(Scope((commune.path,)))]


def test_people_who_look_alike_are_found_the_surest_first(commune):
    one, two = hamlet_of(commune, 0), hamlet_of(commune, 1)
    digest = keyed_digest("020068001234", "citizen_number")
    with unit_of_work():
        first = make_household(one, "Nông Thị Hoà", phone="+84912345678")
        second = make_household(one, "NÔNG THỊ HÒA")
        first.head.birth_year = second.head.birth_year = 1970
        make_resident(first, "Lý Văn Số", citizen_number_digest=digest)
        make_resident(make_household(two, "Bế Văn Xa"), "Lý Văn Sô Khác", citizen_number_digest=digest)
        make_household(two, "Nông Thị Hòa", phone="+84912345678")

    assert pairs(commune) == [
        ("Lý Văn Số", "Lý Văn Sô Khác", Alike.NUMBER),
        ("Nông Thị Hoà", "NÔNG THỊ HÒA", Alike.BIRTH),
        ("Nông Thị Hoà", "Nông Thị Hòa", Alike.PHONE),
    ]


def test_people_who_cannot_be_one_are_not_found(commune):
    hamlet = hamlet_of(commune)
    with unit_of_work():
        for year, number in ((1970, None), (1971, None), (1980, "a"), (1980, "b")):
            household = make_household(hamlet, "Nông Thị Hòa")
            household.head.birth_year, household.head.citizen_number_digest = year, number
        gone = make_household(hamlet, "Nông Thị Hòa", left_on=date(2023, 1, 1))
        gone.head.birth_year = 1970

    assert pairs(commune) == []


def test_pair_that_was_told_apart_is_not_asked_about_again(commune):
    hamlet = hamlet_of(commune)
    with unit_of_work():
        people = [make_household(hamlet, "Nông Thị Hòa").head for _twice in range(2)]
        for person in people:
            person.birth_year = 1970
    assert len(pairs(commune)) == 1

    for _twice in range(2):
        with unit_of_work():
            services.tell_apart(people[1], people[0], by=None, now=now())

    assert pairs(commune) == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(DistinctPair)) == 1


def test_neighbouring_commune_is_not_looked_into(commune):
    with unit_of_work():
        other = make_commune("Chi Ví Dụ", "06999")
        for place in (hamlet_of(commune), hamlet_of(other)):
            make_household(place, "Nông Thị Hòa", phone="+84912345678")

    assert pairs(commune) == []


def test_resident_and_invitation_rows_stay(kept, dropped):
    """Nothing is removed but what the kept one has as well."""
    with unit_of_work():
        make_invitation(make_meeting(kept.hamlet), dropped)
    count = [db.session.scalar(sa.select(sa.func.count()).select_from(table)) for table in (Resident, Invitation)]

    merge(kept, dropped)

    assert count == [
        db.session.scalar(sa.select(sa.func.count()).select_from(table)) for table in (Resident, Invitation)
    ]


def test_erasing_the_kept_person_erases_the_other_entry_and_what_could_bring_it_back(kept, dropped):
    merge(kept, dropped)
    act, twin, head = db.session.get_one(Act, last_act_id()), dropped.members[0], kept.head

    with unit_of_work():
        erase_person(head, head.full_name, "theo yêu cầu", by=None, now=now())

    db.session.expire_all()
    assert head.erased_at
    assert twin.erased_at
    assert act.changes == []


def test_list_that_is_taken_in_later_finds_the_one_who_goes_on(commune, kept, dropped):
    merge(kept, dropped)
    lines = ["STT,Họ và tên,Năm sinh,Thôn", f"1,Hoàng Văn Mẫu,1968,{kept.hamlet.name}"]
    parsed = parse_list("\n".join(lines).encode(), "danh-sach.csv", date(2023, 6, 1))

    result = take_in(commune, parsed)

    assert result.complete
    assert (result.households_added, result.residents_added) == (0, 0)
