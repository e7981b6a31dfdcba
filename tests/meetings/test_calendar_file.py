"""The calendar file by RFC 5545."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventmgr.meetings.calendar_file import LINE_OCTETS, CalendarEntry, calendar_file

ENTRY = CalendarEntry(
    uid="abc@eventmgr",
    revision=3,
    title="Họp thôn: nhà ở, nước sạch; vay vốn",
    place="Nhà văn hóa thôn Nà Ví Dụ",
    note="Mã giấy mời: ABCDE-FGHJK.\nHỏi: 0912 345 678",
    starts_at=datetime(2023, 6, 15, 7, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")),
    ends_at=None,
    cancelled=False,
    made_at=datetime(2023, 6, 1, 1, 0, tzinfo=UTC),
)


def _lines(file: bytes) -> list[str]:
    return file.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]


def _value(file: bytes, name: str) -> str:
    return next(line for line in _lines(file) if line.startswith(f"{name}:")).removeprefix(f"{name}:")


def test_times_are_told_in_utc() -> None:
    file = calendar_file(ENTRY)

    assert _value(file, "DTSTART") == "20230615T003000Z"
    assert _value(file, "DTSTAMP") == "20230601T010000Z"


def test_a_meeting_without_an_end_takes_two_hours() -> None:
    assert _value(calendar_file(ENTRY), "DTEND") == "20230615T023000Z"


def test_signs_that_mean_something_are_marked() -> None:
    file = calendar_file(ENTRY)

    assert _value(file, "SUMMARY") == "Họp thôn: nhà ở\\, nước sạch\\; vay vốn"
    assert _value(file, "DESCRIPTION") == "Mã giấy mời: ABCDE-FGHJK.\\nHỏi: 0912 345 678"


def test_a_moved_meeting_replaces_the_saved_one() -> None:
    file = calendar_file(replace(ENTRY, revision=4))

    assert (_value(file, "UID"), _value(file, "SEQUENCE")) == ("abc@eventmgr", "4")


@pytest.mark.parametrize(
    ("cancelled", "status", "method"), [(False, "CONFIRMED", "PUBLISH"), (True, "CANCELLED", "CANCEL")]
)
def test_a_cancelled_meeting_says_so(cancelled: bool, status: str, method: str) -> None:
    file = calendar_file(replace(ENTRY, cancelled=cancelled))

    assert (_value(file, "STATUS"), _value(file, "METHOD")) == (status, method)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300))
def test_no_line_is_too_long_and_no_letter_is_cut(title: str) -> None:
    file = calendar_file(replace(ENTRY, title=title))

    assert all(len(line) <= LINE_OCTETS for line in file.split(b"\r\n"))
    marked = title.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    assert _value(file, "SUMMARY") == marked


def test_text_cannot_begin_a_line_of_its_own() -> None:
    file = calendar_file(replace(ENTRY, place="Nhà văn hóa\r\nSTATUS:CANCELLED"))

    assert [line for line in _lines(file) if line.startswith("STATUS")] == ["STATUS:CONFIRMED"]
