"""Whose word stands where a list and the books differ, whichever came first."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
import sqlalchemy as sa

from eventmgr.core.db import db, unit_of_work
from eventmgr.residents.importing.parsing import parse_list
from eventmgr.residents.models import Contact, Household, ImportChange, PovertyStatus, Resident
from eventmgr.residents.values import Gender, PhoneOwner, PovertyClass
from tests.conftest import TODAY
from tests.factories import make_commune
from tests.support.lists import take_in

BY_CODE = "Chủ hộ;GT;Dân tộc;Thôn;Mã hộ;Loại hộ"


@pytest.fixture
def commune(in_app):
    with unit_of_work():
        return make_commune(hamlets=())


def parsed_csv(*lines):
    return parse_list("\n".join(lines).encode(), "danh-sach.csv", TODAY.date())


def only(table):
    db.session.expire_all()
    return db.session.scalars(sa.select(table)).one()


def told(result):
    return {(difference.what, difference.kept, difference.said, difference.taken) for difference in result.differences}


def test_newer_list_by_code_is_believed_and_each_change_is_kept(commune):
    take_in(commune, parsed_csv(BY_CODE, "Vi Lan;Nữ;Tày;Pò Mẫu;x-1;HN"), year=2023)

    result = take_in(commune, parsed_csv(BY_CODE, "Vi Lan;Nữ;Nùng;Nà Mẫu;x-1;HCN"), year=2024)

    assert told(result) == {("ethnic_group", "Tày", "Nùng", True), ("hamlet", "Pò Mẫu", "Nà Mẫu", True)}
    assert only(Resident).ethnic_group == "Nùng"
    assert only(Household).hamlet.name == "Nà Mẫu"
    assert only(Household).poverty_class is PovertyClass.NEAR_POOR
    assert [status.year for status in only(Household).statuses] == [2024, 2023]
    kept = db.session.execute(sa.select(ImportChange.field, ImportChange.before, ImportChange.after)).all()
    assert ("ethnic_group", "Tày", "Nùng") in [tuple(row) for row in kept]


@pytest.mark.parametrize("year", [2022, 2023])
def test_list_of_the_same_year_or_an_older_one_is_only_told(commune, year):
    take_in(commune, parsed_csv(BY_CODE, "Vi Lan;Nữ;Tày;Pò Mẫu;x-1;HN"), year=2023)

    result = take_in(commune, parsed_csv(BY_CODE, "Vi Lan;Nữ;Nùng;Pò Mẫu;x-1;HN"), year=year)

    assert told(result) == {("ethnic_group", "Tày", "Nùng", False)}
    assert only(Resident).ethnic_group == "Tày"


def test_officer_decides_on_each_difference(commune):
    take_in(commune, parsed_csv(BY_CODE, "Vi Lan;Nữ;Tày;Pò Mẫu;x-1;HN"), year=2023)
    newer = parsed_csv(BY_CODE, "Vi Lan;Nam;Nùng;Pò Mẫu;x-1;HN")

    changes = {"danh-sach!2!gender": True, "danh-sach!2!ethnic_group": False}
    take_in(commune, newer, year=2024, changes=changes)

    assert (only(Resident).gender, only(Resident).ethnic_group) == (Gender.MALE, "Tày")


@pytest.mark.parametrize("answer", ["skip", "there", "nowhere"])
def test_person_who_lives_elsewhere_is_never_left_out_unsaid(commune, answer):
    take_in(commune, parsed_csv("Họ tên;Quan hệ;Thôn;CCCD", "Vi Lan;Chủ hộ;Pò Mẫu;", "Vi Nga;Con;Pò Mẫu;020160000001"))
    there = only(Household).id
    other = parsed_csv("Họ tên;Quan hệ;Thôn;CCCD", "Hà Mai;Chủ hộ;Pò Mẫu;", "Vi Nga;Con;Pò Mẫu;020160000001")
    said = {"skip": "skip", "there": there, "nowhere": 999_999}[answer]

    result = take_in(commune, other, decisions={"danh-sach!3!person": said})

    left_out = [row.raw for row in result.rejected]
    assert (left_out, len(result.undecided)) == (([], 1) if answer == "nowhere" else (["Vi Nga"], 0))


def test_class_of_the_same_decision_is_corrected_only_if_the_officer_says_so(commune):
    take_in(commune, parsed_csv(BY_CODE, "Vi Lan;Nữ;Tày;Pò Mẫu;x-1;HN"), year=2023)
    other = parsed_csv(BY_CODE, "Vi Lan;Nữ;Tày;Pò Mẫu;x-1;HCN")

    take_in(commune, other, year=2023)
    unasked = only(Household).poverty_class
    take_in(commune, other, year=2023, changes={"danh-sach!2!poverty_class": True})

    assert unasked is PovertyClass.POOR
    assert only(Household).poverty_class is PovertyClass.NEAR_POOR
    assert only(PovertyStatus).poverty_class is PovertyClass.NEAR_POOR


@pytest.mark.parametrize("spellings", list(permutations(["LỘC THỊ HÒA", "Lộc Thị Hòa", "loc thi hoa"])), ids=repr)
def test_best_spelling_of_a_name_stays_whichever_list_came_first(commune, spellings):
    for spelling in spellings:
        take_in(commune, parsed_csv("Chủ hộ;Thôn;CCCD", f"{spelling};Pò Mẫu;020160000001"))

    assert only(Resident).full_name == "Lộc Thị Hòa"
    assert only(Resident).name_search == "loc thi hoa"


def test_another_name_is_never_taken_over_unasked(commune):
    take_in(
        commune, parsed_csv("Chủ hộ;Thôn;Năm sinh;CCCD;Loại hộ", "Lộc Thị Hòa;Pò Mẫu;1960;020160000001;HN"), year=2022
    )

    result = take_in(
        commune, parsed_csv("Chủ hộ;Thôn;Năm sinh;CCCD", "Lộc Thị Mai;Pò Mẫu;1960;020160000001"), year=2024
    )

    assert told(result) == {("name", "Lộc Thị Hòa", "Lộc Thị Mai", False)}
    assert only(Resident).full_name == "Lộc Thị Hòa"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_whose_phone_it_is_does_not_depend_on_which_list_came_first(commune, order):
    lists = [
        parsed_csv("Chủ hộ;Thôn;SĐT", "Vi Lan;Pò Mẫu;0912345678 (con trai)"),
        parsed_csv("Chủ hộ;Thôn;SĐT", "Vi Lan;Pò Mẫu;0912345678"),
    ]
    for place in order:
        take_in(commune, lists[place])

    contact = only(Contact)
    assert (contact.owner, contact.owner_note, contact.resident_id) == (PhoneOwner.RELATIVE, "con trai", None)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_facts_are_joined_the_same_in_any_order(commune, order):
    lists = [
        parsed_csv("Chủ hộ;Thôn;Năm sinh", "Vi Lan;Pò Mẫu;1960"),
        parsed_csv("Chủ hộ;Thôn;Ngày sinh;Dân tộc", "VI LAN;Pò Mẫu;15/06/1960;Tày"),
        parsed_csv("Họ tên;Quan hệ;Thôn;GT;Mã hộ", "Vi Lan;Chủ hộ;Pò Mẫu;Nữ;x-1"),
    ]
    for place in order:
        assert take_in(commune, lists[place]).complete

    person = only(Resident)
    assert (person.full_name, person.birth_year, person.birth_date) == ("Vi Lan", 1960, date(1960, 6, 15))
    assert (person.ethnic_group, person.gender, person.relation) == ("Tày", Gender.FEMALE, "Chủ hộ")
    assert only(Household).code == "x-1"


def test_row_the_officer_leaves_out_does_not_go_in_and_is_said(commune):
    result = take_in(
        commune, parsed_csv("Chủ hộ;Thôn", "Vi Lan;Pò Mẫu", "Lý Sơn;Pò Mẫu"), decisions={"danh-sach!2": "skip"}
    )

    assert [(row.place.row, row.reason) for row in result.rejected] == [(2, "left_out")]
    assert only(Resident).full_name == "Lý Sơn"


def test_code_that_another_household_has_is_never_given_twice(commune):
    take_in(commune, parsed_csv("Chủ hộ;Thôn;Mã hộ", "Vi Lan;Pò Mẫu;x-1"))
    take_in(commune, parsed_csv("Chủ hộ;Thôn", "Lý Sơn;Pò Mẫu"))
    of_ly = db.session.scalar(sa.select(Resident.household_id).where(Resident.full_name == "Lý Sơn"))

    take_in(commune, parsed_csv("Chủ hộ;Thôn;Mã hộ", "Lý Sơn;Pò Mẫu;x-1"), decisions={"danh-sach!2": of_ly})

    assert db.session.scalars(sa.select(Household.code).order_by(Household.id)).all() == ["x-1", None]
