"""The figures as XLSX: sheets, numbers as numbers, text as text."""

import io
from dataclasses import replace
from datetime import datetime

import openpyxl
import pytest
from openpyxl import Workbook

from eventmgr.reports.documents.workbook import write_meeting_workbook, write_plan_workbook
from eventmgr.reports.values import AttendanceLine
from tests.reports.examples import EMPTY_PLAN, FIRST, LOCAL, MEETING, PLAN

pytestmark = pytest.mark.usefixtures("in_vietnamese")

FORMULA = '=HYPERLINK("http://example.invalid","x")'
LINE = AttendanceLine(
    FIRST.title, "Vi Thị Ví Dụ", "Nà Ví Dụ", "Nông Văn Thử", "", False, datetime(2023, 6, 15, 7, 42, tzinfo=LOCAL)
)


def _open(content: bytes) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def _rows(book: Workbook, sheet: str) -> list[list[object]]:
    return [list(row) for row in book[sheet].iter_rows(values_only=True)]


def test_plan_workbook_has_a_sheet_for_each_question() -> None:
    book = _open(write_plan_workbook(PLAN, [LINE]))

    assert book.sheetnames == ["Tổng hợp", "Theo thôn", "Hội nghị", "Danh sách tham dự"]


def test_names_are_left_out_unless_they_are_handed_over() -> None:
    book = _open(write_plan_workbook(PLAN))

    assert "Danh sách tham dự" not in book.sheetnames


def test_summary_keeps_the_three_counts_apart() -> None:
    rows = _rows(_open(write_plan_workbook(PLAN)), "Tổng hợp")
    heads = {str(row[0]).split(" (")[0]: place for place, row in enumerate(rows)}

    totals = [rows[heads[head] + 1] for head in ("Lượt người tham dự", "Người tham dự", "Hộ có người dự")]
    assert totals == [["Tổng số", 78], ["Tổng số", 67], ["Tổng số", 62]]


def test_meetings_sheet_has_numbers_that_add_up() -> None:
    rows = _rows(_open(write_plan_workbook(PLAN)), "Hội nghị")
    total = rows[-1]

    assert total[1] == "Tổng số"
    assert total[8] == 78
    assert sum(row[8] for row in rows[3:-1]) == total[8]
    assert rows[3][3] == FIRST.starts_at.replace(tzinfo=None)


def test_typed_text_never_becomes_a_formula() -> None:
    wicked = replace(PLAN, title=FORMULA, meetings=(replace(FIRST, title=FORMULA, venue="+84 901", hamlets=("@x",)),))
    book = _open(write_plan_workbook(wicked, [replace(LINE, name=FORMULA)]))

    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert cell.hyperlink is None
    names = [row[1] for row in _rows(book, "Danh sách tham dự")]
    assert FORMULA in names
    assert book["Danh sách tham dự"]["B4"].quotePrefix


def test_attendance_list_has_no_phone_no_class_and_no_ethnic_group() -> None:
    rows = _rows(_open(write_meeting_workbook(MEETING, [LINE])), "Danh sách tham dự")

    assert rows[2] == [
        "STT",
        "Họ và tên",
        "Thôn",
        "Hộ ông (bà)",
        "Người đi thay",
        "Khách mời",
        "Hội nghị",
        "Điểm danh lúc",
    ]
    assert rows[3][1] == "Vi Thị Ví Dụ"
    assert rows[3][7] == LINE.at.replace(tzinfo=None)


def test_meeting_workbook_states_headcount_beside_the_list() -> None:
    summary = dict(row[:2] for row in _rows(_open(write_meeting_workbook(MEETING)), "Tổng hợp"))

    assert summary["Số đếm tại chỗ"] == 33
    assert summary["Lý do chênh lệch"] == "một người đến muộn"


def test_plan_without_meetings_gives_a_workbook_with_zeros() -> None:
    book = _open(write_plan_workbook(EMPTY_PLAN, []))

    summary = dict(row[:2] for row in _rows(book, "Tổng hợp"))
    assert summary["Hội nghị đã họp"] == 0
    assert not summary["Tỷ lệ số hộ (%)"]


def test_tables_print_on_one_page_wide_with_headings_on_every_page() -> None:
    sheet = _open(write_plan_workbook(PLAN))["Hội nghị"]

    assert sheet.page_setup.paperSize == 9
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_title_rows == "$3:$3"
