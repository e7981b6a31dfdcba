"""Whole lists: their columns, their people, what is left out and why."""

import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from eventmgr.core.phone import PhoneReason
from eventmgr.residents.importing.cells import CellReason
from eventmgr.residents.importing.columns import Field, field_of
from eventmgr.residents.importing.parsing import NoTableFound, parse_list
from eventmgr.residents.importing.values import RowReason
from eventmgr.residents.values import Gender, PovertyClass

DATA = Path(__file__).parents[2] / "data"
EXPECTED = json.loads((DATA / "expected-mau.json").read_text("utf-8"))
TODAY = date(2026, 11, 24)


def parsed_file(name):
    return parse_list((DATA / name).read_bytes(), name, TODAY)


def parsed_csv(*lines):
    return parse_list("\n".join(lines).encode(), "danh-sach.csv", TODAY)


def phones(parsed):
    return {written.phone.e164 for person in parsed.people for written in person.phones}


def test_member_list_gives_every_member():
    parsed = parsed_file("B-danh-sach-nhan-khau-mau.xlsx")

    assert len(parsed.households) == EXPECTED["B"]["households"]
    assert len(parsed.people) == EXPECTED["B"]["residents"]
    assert sum(person.gender is Gender.FEMALE for person in parsed.people) == EXPECTED["B"]["women"]
    assert phones(parsed) == set(EXPECTED["B"]["phones"])
    assert Counter(household.hamlet for household in parsed.households) == EXPECTED["hamlets"]
    assert all(household.head and household.code for household in parsed.households)
    assert all(person.birth.year for person in parsed.people)
    assert parsed.rejected == ()


def test_short_phones_of_the_member_list_are_told_with_their_rows():
    parsed = parsed_file("B-danh-sach-nhan-khau-mau.xlsx")

    assert {(cell.place.sheet, cell.place.row, cell.raw) for cell in parsed.doubtful} == {
        ("Nhân khẩu", 56, "039290559"),
        ("Nhân khẩu", 131, "033177376"),
        ("Nhân khẩu", 169, "096109305"),
        ("Nhân khẩu", 181, "032985924"),
        ("Nhân khẩu", 223, "086005986"),
        ("Nhân khẩu", 234, "032896144"),
    }
    assert {cell.reason for cell in parsed.doubtful} == {PhoneReason.TOO_SHORT}


def test_phone_book_gives_every_head_and_takes_dt_for_the_ethnic_group():
    parsed = parsed_file("D-danh-ba-mau.csv")

    assert len(parsed.households) == len(parsed.people) == EXPECTED["D"]["households"]
    assert phones(parsed) == set(EXPECTED["D"]["phones"])
    assert {person.ethnic_group for person in parsed.people} == {"Dao", "Tày", "Nùng", "Kinh"}
    assert all(person.is_head for person in parsed.people)
    assert len(parsed.doubtful) == 4


def test_official_list_with_two_header_rows_and_hamlet_rows():
    parsed = parsed_file("A-danh-sach-ho-ngheo-mau.xlsx")

    classes = Counter(household.poverty_class for household in parsed.households)
    assert parsed.year == 2023
    assert classes == {PovertyClass.POOR: EXPECTED["A"]["poor"], PovertyClass.NEAR_POOR: EXPECTED["A"]["near_poor"]}
    assert phones(parsed) == set(EXPECTED["A"]["phones"])
    assert parsed.households[0].hamlet == "Thôn Bản Mẫu Một"
    assert parsed.rejected == ()


@pytest.mark.parametrize(
    ("title", "values", "field"),
    [
        ("Họ và tên chủ hộ (viết chữ in hoa)", [], Field.HEAD_NAME),
        ("Quan hệ với chủ hộ", [], Field.RELATION),
        ("SỐ  ĐIỆN THOẠI (nếu có)", [], Field.PHONE),
        ("ĐT", [], Field.PHONE),
        ("DT", ["Tày", "Nùng", ""], Field.ETHNIC_GROUP),
        ("DT", ["0912345678", "x", 912345678.0], Field.PHONE),
        ("DT", [120.0, 80.0, 65.5], None),
        ("DT", [], None),
        ("Mã hộ nghèo", [], Field.HOUSEHOLD_CODE),
        ("Ngày, tháng, năm sinh", [], Field.BIRTH),
        ("Thôn (bản)", [], Field.HAMLET),
        ("Địa chỉ thường trú", [], Field.HAMLET),
        ("Số CCCD/ĐDCN", [], Field.CITIZEN_NUMBER),
        ("Nghề nghiệp", [], None),
        ("", [], None),
    ],
)
def test_columns_are_known_by_what_they_mean(title, values, field):
    assert field_of(title, values) is field


def test_header_may_stand_below_a_title_and_rows_keep_their_numbers():
    parsed = parsed_csv("DANH SÁCH NĂM 2024;;", ";;", "STT;Họ tên;Thôn", "(1);(2);(3)", "1;Vi Lan;Pò Mẫu", ";9;")

    (sheet,) = parsed.sheets
    assert sheet.header_row == 3
    assert parsed.year == 2024
    assert [(person.full_name, person.place.row) for person in parsed.people] == [("Vi Lan", 5)]
    assert [(row.place.row, row.reason) for row in parsed.rejected] == [(6, RowReason.NAME_UNCLEAR)]


def test_totals_signatures_and_blank_rows_are_no_people():
    parsed = parsed_csv(
        "STT;Họ tên;Năm sinh;Thôn",
        "1;Tống Văn Sơn;1960;Pò Mẫu",
        ";;;",
        "2;Bàn Thị Mai;1970;Pò Mẫu",
        ";Tổng cộng;2;",
        ";;Bình Trung, ngày 5 tháng 6 năm 2023;",
        ";NGƯỜI LẬP BIỂU;;TM. ỦY BAN NHÂN DÂN",
        ";;;CHỦ TỊCH",
    )

    assert [person.full_name for person in parsed.people] == ["Tống Văn Sơn", "Bàn Thị Mai"]
    assert parsed.rejected == ()


def test_row_without_a_name_is_shown_and_nobody_is_lost():
    parsed = parsed_csv("Họ tên;Năm sinh;Thôn", ";1960;Pò Mẫu", "Vi Lan;1961;Pò Mẫu", "Vi Lan;1961;Pò Mẫu")

    assert [person.full_name for person in parsed.people] == ["Vi Lan"]
    assert [(row.place.row, row.reason) for row in parsed.rejected] == [
        (2, RowReason.NAME_MISSING),
        (4, RowReason.ROW_TWICE),
    ]


def test_two_rows_of_one_name_with_different_phones_are_two_households():
    parsed = parsed_csv("Chủ hộ;Thôn;SĐT", "Vi Lan;Pò Mẫu;0912345678", "Vi Lan;Pò Mẫu;0987654321")

    assert len(parsed.households) == 2


def test_members_follow_their_head_with_or_without_a_number():
    parsed = parsed_csv(
        "Họ tên;Quan hệ;Thôn;Ngày sinh",
        "Lý Sơn;Chủ hộ;Pò Mẫu;1960",
        "Vi Lan;Vợ;;1962",
        "Nông Hà;Chủ hộ;Pò Mẫu;1970",
        "Nông Hà;Chủ hộ;Pò Mẫu;1990",
    )

    assert [[person.full_name for person in household.people] for household in parsed.households] == [
        ["Lý Sơn", "Vi Lan"],
        ["Nông Hà"],
        ["Nông Hà"],
    ]
    assert [person.is_head for person in parsed.people] == [True, False, True, True]


def test_numbers_alone_part_households():
    parsed = parsed_csv(
        "TT hộ;Họ tên;Năm sinh;Thôn",
        "1;Lý Sơn;1960;Pò Mẫu",
        ";Vi Lan;1962;",
        "2;Nông Hà;1970;Pò Mẫu",
        "2;Nông Thu;1999;Pò Mẫu",
    )

    assert [len(household.people) for household in parsed.households] == [2, 2]
    assert [person.is_head for person in parsed.people] == [True, False, True, False]


def test_hamlet_written_only_where_it_changes_is_carried_down():
    parsed = parsed_csv(
        "Thôn;Chủ hộ;Năm sinh", "Pò Mẫu;Lý Sơn;1960", ";Vi Lan;1962", ";Vi Hà;1963", "Nà Mẫu;Vi Én;1963", ";Hà Thu;1965"
    )

    assert [household.hamlet for household in parsed.households] == ["Pò Mẫu", "Pò Mẫu", "Pò Mẫu", "Nà Mẫu", "Nà Mẫu"]


def test_hamlet_missing_in_one_row_is_not_guessed():
    parsed = parsed_csv("Thôn;Chủ hộ;Năm sinh", "Pò Mẫu;Lý Sơn;1960", ";Vi Lan;1962", "Nà Mẫu;Vi Én;1963")

    assert [household.hamlet for household in parsed.households] == ["Pò Mẫu", "", "Nà Mẫu"]


def test_bad_cells_are_left_out_and_their_person_kept():
    parsed = parsed_csv(
        "Họ tên;Ngày sinh;GT;CCCD;Loại hộ;SĐT",
        "Lý Sơn;31/02/1960;nam?;2.0E+10;gì đó;9.12E+08",
        "Vi Lan;1970;Nữ;020149032599;x;x",
    )

    assert len(parsed.people) == 2
    assert [(cell.place.row, cell.field, cell.reason) for cell in parsed.doubtful] == [
        (2, Field.GENDER, CellReason.GENDER_UNCLEAR),
        (2, Field.BIRTH, CellReason.BIRTH_UNCLEAR),
        (2, Field.CITIZEN_NUMBER, CellReason.CITIZEN_NUMBER_ROUNDED),
        (2, Field.PHONE, PhoneReason.LOST_DIGITS),
        (2, Field.POVERTY_CLASS, CellReason.CLASS_UNCLEAR),
        (3, Field.CITIZEN_NUMBER, CellReason.CITIZEN_NUMBER_DIFFERS),
        (3, Field.POVERTY_CLASS, CellReason.CLASS_UNCLEAR),
    ]


def test_as_above_is_understood():
    parsed = parsed_csv(
        "Họ tên\tQuan hệ\tDân tộc\tThôn\tSĐT", "Lý Sơn\tChủ hộ\tTày\tPò Mẫu\t0912345678", "Vi Lan\tVợ\tnt\tnt\tnt"
    )

    (household,) = parsed.households
    assert [person.ethnic_group for person in household.people] == ["Tày", "Tày"]
    assert len(household.people[1].phones) == 0


@pytest.mark.parametrize("lines", [["Họ tên", "Vi Lan"], ["Giá;Số lượng", "1;2"], ["xin chào"]])
def test_file_without_a_table_of_people_is_refused(lines):
    with pytest.raises(NoTableFound):
        parsed_csv(*lines)
