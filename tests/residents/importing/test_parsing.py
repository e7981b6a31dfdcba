"""Whole lists: their columns, their people, what is left out and why."""

import io
import json
import unicodedata
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from eventmgr.core.phone import PhoneReason
from eventmgr.residents.importing.cells import CellReason
from eventmgr.residents.importing.choices import ListReading, SheetReading
from eventmgr.residents.importing.columns import Field, field_of
from eventmgr.residents.importing.parsing import NoTableFound, parse_list
from eventmgr.residents.importing.values import LeftOut, RowReason
from eventmgr.residents.values import Gender, PovertyClass

DATA = Path(__file__).parents[2] / "data"
EXPECTED = json.loads((DATA / "expected-mau.json").read_text("utf-8"))
TODAY = date(2026, 11, 24)


def parsed_file(name):
    return parse_list((DATA / name).read_bytes(), name, TODAY)


def parsed_csv(*lines):
    return parse_list("\n".join(lines).encode(), "danh-sach.csv", TODAY)


def workbook(sheets, merged=()):
    """An .xlsx of these sheets; the ranges that are merged are those of the first."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content)
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for area in merged:
            sheet.merge_range(area, "")
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell is not None:
                    sheet.write(number, column, cell)
        merged = ()
    book.close()
    return content.getvalue()


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


def test_running_number_that_stands_only_at_heads_parts_households():
    parsed = parsed_csv(
        "STT;Họ tên;Năm sinh;Thôn",
        "1;Lý Sơn;1960;Pò Mẫu",
        ";Vi Lan;1962;",
        ";Lý Hà;1992;",
        "2;Nông Hà;1970;Pò Mẫu",
        "3;Nông Thu;1999;Pò Mẫu",
    )

    assert [len(household.people) for household in parsed.households] == [3, 1, 1]
    assert {household.hamlet for household in parsed.households} == {"Pò Mẫu"}


def test_merged_household_cells_hold_for_all_its_members():
    parsed = parse_list(
        workbook(
            {
                "Hộ": [
                    ("STT", "Họ tên", "Năm sinh", "Thôn", "Mã hộ"),
                    (1, "Lý Sơn", 1960, "Pò Mẫu", "H1"),
                    (None, "Vi Lan", 1962, None, None),
                    (2, "Nông Hà", 1970, None, "H2"),
                    (None, "Nông Thu", 1999, None, None),
                ]
            },
            merged=("A2:A3", "A4:A5", "D2:D5", "E2:E3", "E4:E5"),
        ),
        "a.xlsx",
        TODAY,
    )

    assert [(household.code, household.hamlet, len(household.people)) for household in parsed.households] == [
        ("H1", "Pò Mẫu", 2),
        ("H2", "Pò Mẫu", 2),
    ]


def people_sheet(*names, title=""):
    return [(title,), ("STT", "Họ tên", "Thôn"), *((number, name, "Pò Mẫu") for number, name in enumerate(names, 1))]


def names_read(content, reading=None):
    return [person.full_name for person in parse_list(content, "a.xlsx", TODAY, reading).people]


def test_last_years_sheet_is_left_out_unless_chosen():
    by_name = workbook({"Năm nay": people_sheet("Vi Lan"), "năm ngoái": people_sheet("Lý Sơn")})
    by_year = workbook({"2022": people_sheet("Lý Sơn"), "2023": people_sheet("Vi Lan")})
    by_title = workbook(
        {"a": people_sheet("Lý Sơn", title="HỘ NGHÈO NĂM 2022"), "b": people_sheet("Vi Lan", title="HỘ NGHÈO NĂM 2023")}
    )

    assert names_read(by_name) == names_read(by_year) == names_read(by_title) == ["Vi Lan"]
    assert names_read(by_name, ListReading((SheetReading("năm ngoái"),))) == ["Lý Sơn"]


def test_sheets_of_one_year_are_all_proposed_and_asked_about():
    content = workbook({"Pò Mẫu": people_sheet("Vi Lan"), "Nà Mẫu": people_sheet("Lý Sơn"), "Ghi chú": [("xin chào",)]})

    parsed = parse_list(content, "a.xlsx", TODAY)

    assert [sheet.name for sheet in parsed.proposed.sheets] == ["Pò Mẫu", "Nà Mẫu"]
    assert parsed.needs_answer
    assert [sheet.left_out for sheet in parsed.sheets] == [None, None, LeftOut.NO_TABLE]
    assert parsed.sheets[0].shape_key == parsed.sheets[1].shape_key


def test_only_sheet_is_read_whatever_its_name():
    assert names_read(workbook({"Cũ": people_sheet("Vi Lan")})) == ["Vi Lan"]


def test_officer_says_what_a_column_means():
    content = "Họ tên;Thôn;Gọi;Cột 4\nVi Lan;Pò Mẫu;0912345678;1960".encode()
    parsed = parse_list(content, "a.csv", TODAY)
    (sheet,) = parsed.sheets

    said = ListReading((SheetReading("a", columns={2: Field.PHONE, 3: Field.BIRTH, 1: None}),))
    read = parse_list(content, "a.csv", TODAY, said)

    assert [(column.title, column.samples, column.field) for column in sheet.columns][2:] == [
        ("Gọi", ("0912345678",), None),
        ("Cột 4", ("1960",), None),
    ]
    assert read.people[0].birth.year == 1960
    assert len(read.people[0].phones) == 1
    assert read.households[0].hamlet == ""
    assert ListReading.from_json(json.loads(json.dumps(said.to_json()))) == said


def test_files_of_one_shape_share_a_key_and_others_do_not():
    def key(titles):
        return parsed_csv(titles, "Vi Lan;Pò Mẫu;x").sheets[0].shape_key

    assert key("Họ tên;Thôn;Ghi chú") == key("HỌ TÊN;thôn;ghi  chú")
    assert key("Họ tên;Thôn;Ghi chú") != key("Họ tên;Ghi chú;Thôn")


def test_letters_with_loose_marks_are_understood():
    lines = unicodedata.normalize("NFD", "Họ và tên;Thôn\nNguyễn Thị Hòa;Pò Mẫu")

    (person,) = parsed_csv(lines).people

    assert person.full_name == "Nguyễn Thị Hòa"


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
