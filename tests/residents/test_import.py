"""Taking in lists: what ends up in the books, once and only once."""

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import permutations
from pathlib import Path

import pytest
import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.core.db import db, unit_of_work
from eventmgr.residents.importing.parsing import parse_list
from eventmgr.residents.models import Contact, Household, PovertyStatus, Resident
from eventmgr.residents.services.importing import ImportOptions, plan_import
from eventmgr.residents.values import Gender, PhoneOwner
from tests.factories import make_commune
from tests.support.lists import take_in

DATA = Path(__file__).parents[1] / "data"
EXPECTED = json.loads((DATA / "expected-mau.json").read_text("utf-8"))
FILES = {"A": "A-danh-sach-ho-ngheo-mau.xlsx", "B": "B-danh-sach-nhan-khau-mau.xlsx", "D": "D-danh-ba-mau.csv"}
TODAY = date(2023, 6, 1)


def parsed_file(letter):
    return parse_list((DATA / FILES[letter]).read_bytes(), FILES[letter], TODAY)


def parsed_csv(*lines):
    return parse_list("\n".join(lines).encode(), "danh-sach.csv", TODAY)


def count(table, *conditions):
    return db.session.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions))


@pytest.fixture
def commune(in_app):
    with unit_of_work():
        return make_commune(hamlets=())


def test_member_list_goes_in_completely(commune):
    result = take_in(commune, parsed_file("B"))

    assert result.complete
    assert count(Household) == EXPECTED["B"]["households"]
    assert count(Resident) == EXPECTED["B"]["residents"]
    assert count(Resident, Resident.gender == Gender.FEMALE) == EXPECTED["B"]["women"]
    assert set(db.session.scalars(sa.select(Contact.phone))) == set(EXPECTED["B"]["phones"])
    hamlets = db.session.execute(
        sa.select(Area.name, sa.func.count()).join(Household, Household.hamlet_id == Area.id).group_by(Area.name)
    ).all()
    assert dict(map(tuple, hamlets)) == EXPECTED["hamlets"]


@pytest.mark.parametrize("order", ["BD", "DB", "BDB", "DBD", "BB", "DD"])
def test_lists_of_the_same_households_never_double_them(commune, order):
    for letter in order:
        result = take_in(commune, parsed_file(letter))
        assert result.complete

    letters = set(order)
    phones = set().union(*(EXPECTED[letter]["phones"] for letter in letters))
    assert count(Household) == 90
    assert count(Resident) == (EXPECTED["B"]["residents"] if "B" in letters else 90)
    assert set(db.session.scalars(sa.select(Contact.phone))) == phones
    assert count(Contact) == len(set(db.session.execute(sa.select(Contact.household_id, Contact.phone)).all()))
    assert count(PovertyStatus) == (90 if "D" in letters else 68)
    assert count(Area, Area.parent_id == commune.id) == len(EXPECTED["hamlets"])


@pytest.mark.one_database
@pytest.mark.parametrize("order", ["".join(order) for order in permutations("ABD")])
def test_official_list_meets_the_others_in_any_order(commune, order):
    for letter in order:
        assert take_in(commune, parsed_file(letter)).complete

    assert count(Household) == 90
    assert count(Resident) == EXPECTED["B"]["residents"]
    assert count(Household, Household.poverty_class == "poor") == EXPECTED["A"]["poor"]


def test_phone_book_before_the_member_list_learns_births_and_codes(commune):
    take_in(commune, parsed_file("D"))
    take_in(commune, parsed_file("B"))

    assert count(Resident, Resident.birth_year.is_(None)) == 0
    assert count(Household, Household.code.is_(None)) == 0
    assert count(Resident, Resident.is_head) == 90
    assert count(Resident, Resident.citizen_number_digest.is_(None)) == 0
    assert count(Resident, Resident.name_search == "") == 0


def test_citizen_numbers_cannot_be_read_in_the_database(commune):
    take_in(commune, parsed_file("B"))

    stored = db.session.execute(sa.select(Resident.citizen_number_sealed, Resident.citizen_number_digest)).all()
    assert not any("020149032599" in column for row in stored for column in row)


def test_second_reading_of_a_list_changes_nothing(commune):
    parsed = parsed_file("B")
    take_in(commune, parsed)

    result = take_in(commune, parsed)

    assert (result.households_added, result.residents_added, result.contacts_added, result.statuses_added) == (
        0,
        0,
        0,
        0,
    )
    assert result.households_known == 90
    assert result.residents_known == 304
    assert result.differences == []


def test_preview_says_what_the_import_then_does_and_changes_nothing(commune):
    plan = plan_import(parsed_file("B"), commune, ImportOptions(year=2023))

    assert (plan.new_households, plan.new_residents, len(plan.new_hamlets)) == (90, 304, 5)
    assert count(Household) == 0
    assert count(Area) == 1


def test_two_people_of_one_name_are_told_apart_by_what_is_known(commune):
    take_in(
        commune,
        parsed_csv("Chủ hộ;Năm sinh;Dân tộc;Thôn;SĐT", "Vi Lan;1960;Tày;Pò Mẫu;0912345678", "Vi Lan;1975;Nùng;Pò Mẫu;"),
    )

    by_year = take_in(commune, parsed_csv("Chủ hộ;Năm sinh;Thôn;SĐT", "Vi Lan;1975;Pò Mẫu;0987654321"))
    by_group = take_in(commune, parsed_csv("Chủ hộ;Dân tộc;Thôn;SĐT", "Vi Lan;Nùng;Pò Mẫu;0987654322"))
    by_phone = take_in(commune, parsed_csv("Chủ hộ;Thôn;SĐT", "Vi Lan;Pò Mẫu;0912345678 / 0987654323"))

    assert all(result.complete for result in (by_year, by_group, by_phone))
    assert count(Household) == 2
    younger = db.session.scalar(sa.select(Resident).where(Resident.birth_year == 1975))
    assert [contact.phone for contact in younger.household.contacts] == ["+84987654321", "+84987654322"]


def test_row_that_could_be_either_is_asked_about_and_the_others_go_in(commune):
    take_in(commune, parsed_csv("Chủ hộ;Năm sinh;Thôn", "Vi Lan;1960;Pò Mẫu", "Vi Lan;1975;Pò Mẫu"))

    result = take_in(commune, parsed_csv("Chủ hộ;Thôn;SĐT", "Vi Lan;Pò Mẫu;0912345678", "Lý Sơn;Pò Mẫu;0987654321"))

    (question,) = result.undecided
    assert question.place.row == 2
    assert len(question.household_ids) == 2
    assert not result.complete
    assert count(Household) == 3
    assert count(Contact) == 1


def test_officer_decides_who_is_meant(commune):
    take_in(commune, parsed_csv("Chủ hộ;Năm sinh;Thôn", "Vi Lan;1960;Pò Mẫu", "Vi Lan;1975;Pò Mẫu"))
    parsed = parsed_csv("Chủ hộ;Thôn;SĐT", "Vi Lan;Pò Mẫu;0912345678", "Vi Lan;Pò Mẫu;0987654321")
    older = db.session.scalar(sa.select(Resident.household_id).where(Resident.birth_year == 1960))
    places = [household.place.key for household in parsed.households]

    result = take_in(commune, parsed, decisions={places[0]: older, places[1]: "new"})

    assert result.complete
    assert count(Household) == 3
    assert db.session.scalar(sa.select(Contact.household_id).where(Contact.phone == "+84912345678")) == older


def test_names_that_differ_only_in_marks_are_asked_about_unless_the_list_has_none(commune):
    take_in(commune, parsed_csv("Chủ hộ;Thôn", "Lộc Thị Hoa;Pò Mẫu"))

    with_marks = take_in(commune, parsed_csv("Chủ hộ;Thôn", "Lộc Thị Hoà;Pò Mẫu"))
    without = take_in(commune, parsed_csv("Chủ hộ;Thôn;SĐT", "loc thi hoa;po mau;0912345678"))

    assert [question.question for question in with_marks.undecided] == ["marks_differ"]
    assert without.complete
    assert count(Household) == 1
    assert count(Contact) == 1


def test_what_is_on_file_stays_and_the_difference_is_told(commune):
    take_in(commune, parsed_csv("Chủ hộ;GT;Dân tộc;Thôn;Mã hộ;Loại hộ", "Vi Lan;Nữ;Tày;Pò Mẫu;06217-001;HN"))

    result = take_in(
        commune, parsed_csv("Chủ hộ;GT;Dân tộc;Thôn;Mã hộ;Loại hộ", "Vi Lan;Nam;Nùng;Nà Mẫu;06217-001;HCN")
    )

    told = {(difference.what, difference.kept, difference.said) for difference in result.differences}
    assert told == {
        ("gender", "female", "male"),
        ("ethnic_group", "Tày", "Nùng"),
        ("hamlet", "Pò Mẫu", "Nà Mẫu"),
        ("poverty_class", "poor", "near_poor"),
    }
    assert db.session.scalar(sa.select(Resident.gender)) is Gender.FEMALE


def test_new_year_never_overwrites_the_last(commune):
    take_in(commune, parsed_csv("Chủ hộ;Thôn;Loại hộ", "Vi Lan;Pò Mẫu;HN"), year=2023)
    take_in(commune, parsed_csv("Chủ hộ;Thôn;Loại hộ", "Vi Lan;Pò Mẫu;HMTN"), year=2024)
    take_in(commune, parsed_csv("Chủ hộ;Thôn;Loại hộ", "Vi Lan;Pò Mẫu;HN"), year=2022)

    db.session.expire_all()
    household = db.session.scalar(sa.select(Household))
    assert [(status.year, status.poverty_class) for status in household.statuses] == [
        (2024, "newly_escaped"),
        (2023, "poor"),
        (2022, "poor"),
    ]
    assert household.poverty_class == "newly_escaped"


def test_code_of_other_people_is_asked_about(commune):
    take_in(commune, parsed_csv("Chủ hộ;Thôn;Mã hộ", "Vi Lan;Pò Mẫu;06217-001"))

    result = take_in(commune, parsed_csv("Chủ hộ;Thôn;Mã hộ", "Lý Sơn;Pò Mẫu;06217-001"))

    assert [question.question for question in result.undecided] == ["code_of_another"]
    assert count(Household) == 1


def test_code_twice_in_one_list_does_not_break_the_import(commune):
    result = take_in(
        commune,
        parsed_csv("Chủ hộ;Thôn;Mã hộ", "Vi Lan;Pò Mẫu;06217-001", "Hà Thu;Pò Mẫu;x2", "Lý Sơn;Pò Mẫu;06217-001"),
    )

    assert [question.place.row for question in result.undecided] == [4]
    assert count(Household) == 2


def test_person_known_in_another_household_is_not_doubled(commune):
    take_in(
        commune,
        parsed_csv("Họ tên;Quan hệ;Thôn;CCCD", "Lý Sơn;Chủ hộ;Pò Mẫu;020060000001", "Vi Lan;Vợ;Pò Mẫu;020160000002"),
    )

    result = take_in(
        commune,
        parsed_csv("Họ tên;Quan hệ;Thôn;CCCD", "Hà Thu;Chủ hộ;Pò Mẫu;020160000003", "Vi Lan;Em;Pò Mẫu;020160000002"),
    )

    assert [(question.place.row, question.question) for question in result.undecided] == [(3, "lives_elsewhere")]
    assert count(Resident) == 3


def test_sheets_of_one_file_complete_each_other(commune, tmp_path):
    import xlsxwriter

    path = tmp_path / "hai-trang.xlsx"
    book = xlsxwriter.Workbook(path)
    for name, rows in (
        ("Hộ", [("Chủ hộ", "Thôn", "Năm sinh"), ("Vi Lan", "Pò Mẫu", 1960), ("Lý Sơn", "Pò Mẫu", 1970)]),
        ("Danh bạ", [("Chủ hộ", "Thôn", "SĐT"), ("Lý Sơn", "Pò Mẫu", "0912345678"), ("Hà Thu", "Pò Mẫu", "x")]),
    ):
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    book.close()

    result = take_in(commune, parse_list(path.read_bytes(), path.name, TODAY))

    assert result.households_added == 3
    assert count(Household) == 3
    assert count(Contact) == 1


def test_two_imports_at_the_same_moment_never_double_a_household(in_app, commune):
    parsed = parsed_file("B")
    start = threading.Barrier(2)

    def import_once():
        with in_app.app_context():
            place = db.session.get(Area, commune.id)
            start.wait()
            take_in(place, parsed)

    with ThreadPoolExecutor(2) as officers:
        for done in [officers.submit(import_once) for _ in range(2)]:
            done.result()

    assert count(Household) == 90
    assert count(Resident) == 304


def test_household_that_had_left_is_told(commune):
    take_in(commune, parsed_csv("Chủ hộ;Thôn", "Vi Lan;Pò Mẫu"))
    with unit_of_work():
        db.session.scalar(sa.select(Household)).left_on = date(2023, 5, 1)

    result = take_in(commune, parsed_csv("Chủ hộ;Thôn", "Vi Lan;Pò Mẫu"))

    assert [(told.what, told.kept) for told in result.differences] == [("left", "2023-05-01")]


def test_unknown_hamlets_are_added_only_if_wanted(commune):
    parsed = parsed_csv("Chủ hộ;Thôn", "Vi Lan;THÔN PÒ MẪU", "Lý Sơn;thôn pò mẫu")

    refused = take_in(commune, parsed, add_hamlets=False)
    accepted = take_in(commune, parsed)

    assert [row.reason for row in refused.rejected] == ["hamlet_unknown"] * 2
    assert accepted.hamlets_added == ["Pò Mẫu"]


def test_rows_without_a_hamlet_go_to_the_chosen_one(commune):
    parsed = parsed_csv("Chủ hộ;Năm sinh", "Vi Lan;1960")
    take_in(commune, parsed_csv("Chủ hộ;Thôn", "Lý Sơn;Pò Mẫu"))
    hamlet = db.session.scalar(sa.select(Area).where(Area.name == "Pò Mẫu"))

    refused = take_in(commune, parsed)
    accepted = take_in(commune, parsed, hamlet=hamlet)

    assert [row.reason for row in refused.rejected] == ["hamlet_missing"]
    assert accepted.complete
    assert count(Household, Household.hamlet_id == hamlet.id) == 2


def test_whose_phone_it_is_stands_in_the_remark(commune):
    take_in(
        commune,
        parsed_csv(
            "Chủ hộ;Thôn;SĐT",
            "Vi Lan;Pò Mẫu;0912345678 (con trai) / 0987654321 / 0987654322 (trưởng thôn) / 0987654323 (chồng)",
        ),
    )

    contacts = db.session.scalars(sa.select(Contact).order_by(Contact.position)).all()
    assert [(contact.owner, contact.owner_note, contact.resident is not None) for contact in contacts] == [
        (PhoneOwner.RELATIVE, "con trai", False),
        (PhoneOwner.MEMBER, "", True),
        (PhoneOwner.HAMLET_HEAD, "trưởng thôn", False),
        (PhoneOwner.MEMBER, "chồng", True),
    ]


def test_very_long_texts_do_not_break_the_import(commune):
    long = "x" * 300
    result = take_in(
        commune,
        parsed_csv(
            "Họ tên;Quan hệ;Dân tộc;Thôn;Mã hộ;SĐT",
            f"Vi Lan;Chủ hộ;{long};Pò Mẫu;{long};0912345678 ({long})",
            f"{'Lan ' * 60};Con;;;;",
            f"{'Ưỡng ' * 23};Con;;;;",
        ),
    )

    assert [row.reason for row in result.rejected] == ["name_unclear"]
    assert count(Resident) == 2


@pytest.mark.one_database
def test_five_thousand_rows_go_in_once(commune):
    lines = ["TT hộ;Họ tên;Quan hệ;Ngày sinh;Dân tộc;CCCD;Mã hộ;Thôn;Loại hộ;SĐT"]
    for household in range(1250):
        for member in range(4):
            number = household * 4 + member
            name = f"Vi Mẫu {chr(65 + household % 26)}{'abcdefghij'[member]} {'aeiou'[household % 5]}"
            head = f"{household};{name};Chủ hộ;1960;Tày;02006{number:07d};H-{household};Bản Mẫu {household % 8 + 1};HN;09{number:08d}"
            lines.append(head if not member else f";{name};Con;1990;Tày;02009{number:07d};;;;")
    parsed = parsed_csv(*lines)

    first = take_in(commune, parsed)
    again = take_in(commune, parsed)

    assert (first.households_added, first.residents_added) == (1250, 5000)
    assert (again.households_added, again.residents_added) == (0, 0)
    assert Counter(first.rejected) == Counter()
