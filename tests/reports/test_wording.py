"""Numbers, days and document numbers as an administrative paper writes them."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from eventmgr.reports.documents.wording import (
    compared,
    document_number,
    hour_and_day,
    long_day,
    percent,
    short_day,
    thousands,
)
from eventmgr.reports.values import Progress
from tests.reports.examples import LOCAL


def test_thousands_are_parted_by_dots() -> None:
    assert thousands(1234567) == "1.234.567"
    assert thousands(Decimal(92750)) == "92.750"
    assert thousands(999) == "999"


def test_percent_has_a_comma_and_no_needless_zero() -> None:
    assert percent(Decimal("95.5")) == "95,5%"
    assert percent(Decimal("80.0")) == "80%"
    assert percent(Decimal("100.0")) == "100%"
    assert percent(None) == ""


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(2026, 2, 5), "ngày 05 tháng 02 năm 2026"),
        (date(2026, 1, 15), "ngày 15 tháng 01 năm 2026"),
        (date(2023, 6, 9), "ngày 09 tháng 6 năm 2023"),
        (date(2023, 12, 31), "ngày 31 tháng 12 năm 2023"),
    ],
)
def test_only_days_under_ten_and_the_first_two_months_are_padded(day: date, written: str) -> None:
    assert long_day(day) == written


def test_unknown_day_leaves_room_for_the_clerk() -> None:
    assert long_day(None).split() == ["ngày", "tháng", "năm"]


def test_hour_comes_with_the_weekday_it_falls_on() -> None:
    assert (
        hour_and_day(datetime(2023, 6, 15, 8, 0, tzinfo=LOCAL)) == "08 giờ 00 phút, ngày 15 tháng 6 năm 2023 (thứ Năm)"
    )
    assert hour_and_day(datetime(2023, 6, 18, 19, 30, tzinfo=LOCAL)).endswith("(Chủ nhật)")


def test_table_day_is_written_in_figures() -> None:
    assert short_day(date(2023, 6, 5)) == "05/06/2023"


@pytest.mark.parametrize(
    ("typed", "written"),
    [("5", "05/KH-UBND"), ("12", "12/KH-UBND"), ("12a", "12a/KH-UBND"), ("196/KH-PLĐ", "196/KH-PLĐ")],
)
def test_document_number_under_ten_is_padded(typed: str, written: str) -> None:
    assert document_number(typed, "KH") == written


def test_document_number_is_never_invented() -> None:
    assert document_number("", "BC").strip() == "/BC-UBND"


def test_comparison_with_the_target() -> None:
    assert compared(Progress(8, 10), "hội nghị") == "8/10 hội nghị, đạt 80%"
    assert compared(Progress(8), "hội nghị") == "8 hội nghị"
