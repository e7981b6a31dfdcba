"""Moving, leaving, dying, coming back, splitting: and each of them taken back again."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from eventmgr.checkin.door_book import find_invitee_by_code
from eventmgr.core.acts import Act, ChangedSince, TooLateToUndo, forget_old_changes, last_act_id
from eventmgr.core.audit import AuditEntry
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.queries.audience import audience_of, people_named
from eventmgr.residents import services
from eventmgr.residents.models import Contact, Household, Resident
from eventmgr.residents.services.moving import (
    HeadNeeded,
    LivesHere,
    NobodyChosen,
    NobodyStays,
    NotYet,
    SameHousehold,
)
from eventmgr.residents.services.residents import GoneAlready
from eventmgr.residents.values import ContactDetails, HouseholdDetails, LeftWhy, PhoneOwner, ResidentDetails
from tests.factories import hamlet_of, make_commune, make_household, make_invitation, make_meeting, make_user

TODAY = date(2023, 6, 1)


@pytest.fixture
def commune(in_app):
    with unit_of_work():
        return make_commune()


@pytest.fixture
def family(commune):
    """A head with a phone, wife and son; the ids stay good whatever happens."""
    with unit_of_work():
        household = make_household(hamlet_of(commune), "Hoàng Văn Mẫu", members=("Vi Thị Mẫu", "Hoàng Văn Con"))
        head = household.head
        household.contacts.append(Contact(phone="+84912345678", resident=head))
    return household


@pytest.fixture
def neighbours(commune):
    with unit_of_work():
        return make_household(hamlet_of(commune, 1), "Lý Văn Bên")


def member(household: Household, name: str) -> Resident:
    return next(one for one in household.members if one.full_name == name)


def as_it_stands() -> list[list[tuple]]:
    """Everything about people, less how often a row was changed."""
    db.session.expire_all()
    tables = [
        db.metadata.tables[name] for name in ("household", "household_term", "resident", "contact", "poverty_status")
    ]
    return [
        sorted(
            (tuple(str(value) for name, value in row.items() if name != "row_version"))
            for row in db.session.execute(sa.select(table)).mappings()
        )
        for table in tables
    ]


def undo_last() -> None:
    with unit_of_work():
        services.undo_act(db.session.get_one(Act, last_act_id()), by=None, now=now())


def test_person_moves_to_another_household_with_their_own_phone(family, neighbours):
    son = member(family, "Hoàng Văn Con")
    with unit_of_work():
        family.contacts.append(Contact(phone="+84987000111", resident=son, position=1))

    with unit_of_work():
        services.move_resident(son, neighbours, relation="con rể", by=None, now=now())

    assert (son.household_id, son.relation, son.is_head) == (neighbours.id, "con rể", False)
    assert [contact.phone for contact in neighbours.contacts] == ["+84987000111"]
    assert [contact.phone for contact in family.contacts] == ["+84912345678"]


def test_head_who_moves_names_who_follows(family, neighbours):
    head, wife = family.head, member(family, "Vi Thị Mẫu")

    with pytest.raises(HeadNeeded, match="Hoàng Văn Mẫu"), unit_of_work():
        services.move_resident(head, neighbours, by=None, now=now())
    with unit_of_work():
        services.move_resident(head, neighbours, new_head=wife, by=None, now=now())

    db.session.expire_all()
    assert (family.head, neighbours.head.full_name) == (wife, "Lý Văn Bên")


def test_household_of_the_last_to_move_is_closed(neighbours, family):
    last = neighbours.head

    with unit_of_work():
        services.move_resident(last, family, relation="em", by=None, now=now())

    assert (neighbours.left_on, neighbours.left_why) == (TODAY, LeftWhy.JOINED)
    with pytest.raises(SameHousehold), unit_of_work():
        services.move_resident(last, family, by=None, now=now())


def test_those_who_died_or_moved_are_asked_to_no_meeting(commune, family, neighbours):
    meeting = make_meeting(hamlet_of(commune), hamlet_of(commune, 1), invite_unit="persons")
    with unit_of_work():
        services.record_leaving(
            family.head, TODAY, LeftWhy.DIED, new_head=member(family, "Vi Thị Mẫu"), by=None, now=now()
        )
        services.record_leaving(neighbours.head, TODAY, LeftWhy.MOVED, by=None, now=now())

    asked = audience_of([meeting], on=TODAY)[meeting.id]

    assert [person.full_name for invitee in asked for person in invitee.people] == ["Vi Thị Mẫu", "Hoàng Văn Con"]
    assert neighbours.left_why is LeftWhy.MOVED


def test_invitation_no_longer_names_who_has_died(commune, family):
    with unit_of_work():
        meeting = make_meeting(hamlet_of(commune), invite_unit="persons")
        invitation = make_invitation(meeting, family, named=tuple(family.members))

    with unit_of_work():
        wife = member(family, "Vi Thị Mẫu")
        services.record_leaving(family.head, TODAY, LeftWhy.DIED, new_head=wife, by=None, now=now())

    db.session.expire_all()
    assert [person.full_name for person in find_invitee_by_code(invitation.code).named] == [
        "Vi Thị Mẫu",
        "Hoàng Văn Con",
    ]
    assert [person.full_name for person in people_named([meeting.id])[invitation.id]] == ["Vi Thị Mẫu", "Hoàng Văn Con"]


def test_phone_of_the_dead_stays_the_households_and_of_one_who_moved_becomes_a_relatives(family):
    son = member(family, "Hoàng Văn Con")
    with unit_of_work():
        family.contacts.append(Contact(phone="+84987000111", resident=son, position=1))

    with unit_of_work():
        services.record_leaving(son, TODAY, LeftWhy.MOVED, by=None, now=now())
        services.record_leaving(
            family.head, TODAY, LeftWhy.DIED, new_head=member(family, "Vi Thị Mẫu"), by=None, now=now()
        )

    db.session.expire_all()
    assert [(contact.owner, contact.owner_note, contact.resident) for contact in family.contacts] == [
        (PhoneOwner.MEMBER, "", None),
        (PhoneOwner.RELATIVE, "Hoàng Văn Con", None),
    ]


def test_nobody_leaves_tomorrow_or_twice(family):
    son = member(family, "Hoàng Văn Con")

    with pytest.raises(NotYet), unit_of_work():
        services.record_leaving(son, TODAY + timedelta(days=1), LeftWhy.MOVED, by=None, now=now())
    with unit_of_work():
        services.record_leaving(son, TODAY, LeftWhy.MOVED, by=None, now=now())
    with pytest.raises(GoneAlready), unit_of_work():
        services.record_leaving(son, TODAY, LeftWhy.DIED, by=None, now=now())


def test_nobody_is_added_to_a_household_that_has_left(family):
    with unit_of_work():
        services.record_household_leaving(family, TODAY, by=None, now=now())

    with pytest.raises(GoneAlready), unit_of_work():
        services.add_resident(family, ResidentDetails("Hoàng Thị Mới"), by=None, now=now())


def test_household_that_comes_back_brings_those_who_left_with_it(family):
    son = member(family, "Hoàng Văn Con")
    with unit_of_work():
        services.record_leaving(son, TODAY - timedelta(days=90), LeftWhy.DIED, by=None, now=now())
        services.record_household_leaving(family, TODAY, by=None, now=now())

    with unit_of_work():
        services.record_household_return(family, by=None, now=now())

    assert family.left_on is None
    assert [one.full_name for one in family.members if one.left_on is None] == ["Hoàng Văn Mẫu", "Vi Thị Mẫu"]
    with pytest.raises(LivesHere), unit_of_work():
        services.record_household_return(family, by=None, now=now())


def test_person_who_comes_back_opens_their_household_again(neighbours):
    last = neighbours.head
    with unit_of_work():
        services.record_leaving(last, TODAY, LeftWhy.MOVED, by=None, now=now())

    with unit_of_work():
        services.record_return(last, by=None, now=now())

    assert (last.left_on, neighbours.left_on, last.is_head) == (None, None, True)


def test_some_members_found_a_household_with_the_class_of_the_last_decision(commune, family):
    son = member(family, "Hoàng Văn Con")
    hamlet = hamlet_of(commune, 2)

    with unit_of_work():
        founded = services.split_household(
            family, [son], son, HouseholdDetails("06217-900"), hamlet, by=None, now=now()
        )

    db.session.expire_all()
    assert (founded.hamlet_id, founded.head, founded.poverty_class) == (hamlet.id, son, family.poverty_class)
    assert [status.decision for status in founded.statuses] == ["Danh sách mẫu 2023"]
    assert [one.full_name for one in family.members] == ["Hoàng Văn Mẫu", "Vi Thị Mẫu"]


def test_split_needs_a_head_and_somebody_who_stays(commune, family):
    hamlet, everybody = hamlet_of(commune), list(family.members)
    son = member(family, "Hoàng Văn Con")

    with pytest.raises(NobodyChosen), unit_of_work():
        services.split_household(family, [son], family.head, HouseholdDetails(), hamlet, by=None, now=now())
    with pytest.raises(NobodyStays), unit_of_work():
        services.split_household(family, everybody, son, HouseholdDetails(), hamlet, by=None, now=now())


# --- Taken back -----------------------------------------------------------------------------------


def _move(family, neighbours, commune):
    services.move_resident(family.head, neighbours, new_head=member(family, "Vi Thị Mẫu"), by=None, now=now())


def _move_the_last(family, neighbours, commune):
    services.move_resident(neighbours.head, family, by=None, now=now())


def _die(family, neighbours, commune):
    services.record_leaving(family.head, TODAY, LeftWhy.DIED, new_head=member(family, "Vi Thị Mẫu"), by=None, now=now())


def _split(family, neighbours, commune):
    leaving = [family.head, member(family, "Hoàng Văn Con")]
    services.split_household(
        family,
        leaving,
        leaving[0],
        HouseholdDetails(),
        hamlet_of(commune, 2),
        new_head=member(family, "Vi Thị Mẫu"),
        by=None,
        now=now(),
    )


def _leave(family, neighbours, commune):
    services.record_household_leaving(family, TODAY, by=None, now=now())


def _change_hamlet(family, neighbours, commune):
    services.move_household(family, hamlet_of(commune, 2), by=None, now=now())


def _add(family, neighbours, commune):
    services.add_resident(family, ResidentDetails("Hoàng Thị Mới", is_head=True), by=None, now=now())


def _edit(family, neighbours, commune):
    details = ResidentDetails("Hoàng Văn Khác", birth_date=date(1990, 5, 3), citizen_number="020090001234")
    services.edit_resident(member(family, "Hoàng Văn Con"), details, by=None, now=now())


def _add_phone(family, neighbours, commune):
    services.add_contact(family, ContactDetails("0987 000 111", first=True), by=None, now=now())


def _remove_phone(family, neighbours, commune):
    services.remove_contact(family.contacts[0], by=None, now=now())


def _found(family, neighbours, commune):
    services.add_household(
        HouseholdDetails(), ResidentDetails("Bế Văn Mới", is_head=True), family.hamlet, by=None, now=now()
    )


@pytest.mark.parametrize(
    "act",
    [_move, _move_the_last, _die, _split, _leave, _change_hamlet, _add, _edit, _add_phone, _remove_phone, _found],
    ids=lambda act: act.__name__.strip("_"),
)
def test_undoing_an_act_brings_back_exactly_what_was(act, family, neighbours, commune):
    before = as_it_stands()
    with unit_of_work():
        act(family, neighbours, commune)
    assert as_it_stands() != before

    undo_last()

    assert as_it_stands() == before
    with pytest.raises(TooLateToUndo):
        undo_last()


def test_act_is_not_undone_once_something_depends_on_it(commune, family):
    son = member(family, "Hoàng Văn Con")
    with unit_of_work():
        founded = services.split_household(
            family, [son], son, HouseholdDetails(), hamlet_of(commune), by=None, now=now()
        )
    with unit_of_work():
        make_invitation(make_meeting(hamlet_of(commune)), founded)
    before = as_it_stands()

    with pytest.raises(ChangedSince):
        undo_last()

    assert as_it_stands() == before


def test_act_is_not_undone_once_the_same_fact_was_changed_again(family):
    son = member(family, "Hoàng Văn Con")
    with unit_of_work():
        services.edit_resident(son, ResidentDetails("Hoàng Văn Hai"), by=None, now=now())
    first = last_act_id()
    with unit_of_work():
        services.edit_resident(son, ResidentDetails("Hoàng Văn Ba"), by=None, now=now())

    with pytest.raises(ChangedSince), unit_of_work():
        services.undo_act(db.session.get_one(Act, first), by=None, now=now())

    undo_last()
    with unit_of_work():
        services.undo_act(db.session.get_one(Act, first), by=None, now=now())
    assert son.full_name == "Hoàng Văn Con"


def test_other_facts_changed_since_do_not_hinder_undoing(family, neighbours):
    son = member(family, "Hoàng Văn Con")
    with unit_of_work():
        services.move_resident(son, neighbours, by=None, now=now())
    moved = last_act_id()
    with unit_of_work():
        services.edit_resident(son, ResidentDetails("Hoàng Văn Con", birth_year=1999), by=None, now=now())

    with unit_of_work():
        services.undo_act(db.session.get_one(Act, moved), by=None, now=now())

    assert (son.household_id, son.birth_year) == (family.id, 1999)


def test_what_an_act_changed_is_forgotten_after_a_week(family, clock):
    son = member(family, "Hoàng Văn Con")
    with unit_of_work():
        services.record_leaving(son, TODAY, LeftWhy.MOVED, by=None, now=now())
    act = db.session.get_one(Act, last_act_id())
    assert act.changes

    clock.advance(days=8)
    with pytest.raises(TooLateToUndo):
        undo_last()
    with unit_of_work():
        forget_old_changes(now())

    db.session.expire_all()
    assert act.changes == []


def test_history_names_who_did_and_who_took_back(commune, family, neighbours):
    with unit_of_work():
        officer = make_user(area=commune)
        services.move_resident(member(family, "Hoàng Văn Con"), neighbours, by=officer, now=now())
    with unit_of_work():
        services.undo_act(db.session.get_one(Act, last_act_id()), by=officer, now=now())

    entries = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.record == f"household:{family.id}")).all()

    assert [(entry.action, entry.user_id) for entry in entries[-2:]] == [
        ("members_left", officer.id),
        ("undo", officer.id),
    ]
