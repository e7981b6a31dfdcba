"""A refusal of texts outlives its owner's erasure: a list that brings the phone back finds it silent."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from eventmgr.areas.models import Area
from eventmgr.core.clock import local_day, now
from eventmgr.core.db import db, unit_of_work
from eventmgr.residents.importing.parsing import parse_list
from eventmgr.residents.models import Contact, Household, PhoneState, RefusedPhone, Resident
from eventmgr.residents.phones import mark_dead, opt_in, opt_out, phones_not_to_text
from eventmgr.residents.services import add_contact, add_guest, edit_contact
from eventmgr.residents.services.erasure import erase_person
from eventmgr.residents.values import ContactDetails, GuestDetails
from tests.factories import hamlet_of, make_commune, make_household
from tests.support.lists import take_in

NAME, PHONE = "Lộc Thị Bưởi", "+84977123459"
LIST = ("STT,Họ và tên chủ hộ,Thôn,Năm sinh,Số điện thoại", f"1,{NAME},Khuổi Mẫu,1970,0977123459")


@pytest.fixture
def commune(in_app: Flask) -> Area:
    """The person refused yesterday and was erased today."""
    with unit_of_work():
        commune = make_commune(hamlets=("Khuổi Mẫu",))
        household = make_household(hamlet_of(commune), NAME, phone=PHONE)
        opt_out(PHONE, "sms", now() - timedelta(days=1))
        erase_person(household.members[0], NAME, "theo yêu cầu", by=None, now=now())
    return commune


def test_only_a_digest_and_the_day_are_kept(commune: Area) -> None:
    kept = db.session.scalars(sa.select(RefusedPhone)).one()

    assert kept.refused_on == local_day(now()) - timedelta(days=1)
    assert "977123459" not in kept.digest
    assert len(kept.digest) == 64
    assert db.session.scalars(sa.select(PhoneState)).all() == []


def test_a_list_that_brings_the_phone_back_finds_it_silent(commune: Area) -> None:
    take_in(commune, parse_list("\n".join(LIST).encode(), "danh-sach.csv", date(2023, 6, 1)))

    contact = db.session.scalars(sa.select(Contact)).one()
    assert contact.phone == PHONE
    assert phones_not_to_text([PHONE]) == {PHONE: "opted_out"}
    household = db.session.get_one(Household, contact.household_id)
    assert (household.by_sms, household.has_refusal) == (False, True)
    assert db.session.get_one(PhoneState, PHONE).opted_out_how == "erased"


def test_a_phone_entered_by_hand_is_silent_too(commune: Area) -> None:
    with unit_of_work():
        household = make_household(hamlet_of(commune), "Lộc Văn Cam")
        contact = add_contact(household, ContactDetails("0912 345 678"), by=None, now=now())
        assert not household.has_refusal
        edit_contact(contact, ContactDetails("0977 123 459"), by=None, now=now())

    assert phones_not_to_text([PHONE, "+84912345678"]) == {PHONE: "opted_out"}
    db.session.expire_all()
    assert db.session.get_one(Household, household.id).has_refusal


def test_a_guest_who_comes_back_is_silent_too(commune: Area) -> None:
    with unit_of_work():
        add_guest(commune, GuestDetails(NAME, phone="0977123459"), by=None, now=now())

    assert phones_not_to_text([PHONE]) == {PHONE: "opted_out"}


def test_the_owners_yes_ends_it_for_good(commune: Area) -> None:
    with unit_of_work():
        contact = add_contact(
            make_household(hamlet_of(commune), "Lộc Văn Cam"), ContactDetails("0977123459"), by=None, now=now()
        )
        opt_in(PHONE)
        household = make_household(hamlet_of(commune), "Lộc Văn Chanh")
        add_contact(household, ContactDetails("0977123459"), by=None, now=now())

    assert contact.phone == PHONE
    assert phones_not_to_text([PHONE]) == {}
    assert db.session.scalars(sa.select(RefusedPhone)).all() == []


def test_erased_again_the_first_day_stands(commune: Area) -> None:
    take_in(commune, parse_list("\n".join(LIST).encode(), "danh-sach.csv", date(2023, 6, 1)))
    with unit_of_work():
        person = db.session.scalars(sa.select(Resident).where(Resident.erased_at.is_(None))).one()
        erase_person(person, NAME, "theo yêu cầu", by=None, now=now())

    kept = db.session.scalars(sa.select(RefusedPhone)).one()
    assert kept.refused_on == local_day(now()) - timedelta(days=1)
    assert db.session.scalars(sa.select(PhoneState)).all() == []


def test_a_dead_phone_leaves_no_trace(in_app: Flask) -> None:
    with unit_of_work():
        household = make_household(hamlet_of(make_commune()), NAME, phone=PHONE)
        mark_dead(PHONE, now())
        erase_person(household.members[0], NAME, "theo yêu cầu", by=None, now=now())

    assert db.session.scalars(sa.select(RefusedPhone)).all() == []
