"""No-send hours: what is written is read, and a send is moved to the morning, never earlier."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from eventmgr.messaging.no_send import NoSendHours, may_send, next_sending_time, read_no_send_hours

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NIGHT = NoSendHours(time(21), time(7))
NOON = NoSendHours(time(11, 30), time(13, 30))


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2023, 6, day, hour, minute, second, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("21:00-07:00", NIGHT),
        (" 21:00 - 7:00 ", NIGHT),
        ("21:00–07:00", NIGHT),
        ("11:30-13:30", NOON),
        ("", None),
        ("  ", None),
    ],
)
def test_hours_are_read_as_written(text, hours):
    assert read_no_send_hours(text) == hours


@pytest.mark.parametrize("text", ["21-7", "21:00", "24:00-07:00", "21:60-07:00", "21:00-07:00x", "tối-sáng"])
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError, match="not like"):
        read_no_send_hours(text)


@pytest.mark.parametrize(
    ("hours", "instant", "expected"),
    [
        (NIGHT, at(1, 20, 59, 59), at(1, 20, 59, 59)),
        (NIGHT, at(1, 21), at(2, 7)),
        (NIGHT, at(1, 23, 59), at(2, 7)),
        (NIGHT, at(2, 0), at(2, 7)),
        (NIGHT, at(2, 6, 59, 59), at(2, 7)),
        (NIGHT, at(2, 7), at(2, 7)),
        (NOON, at(1, 11, 29), at(1, 11, 29)),
        (NOON, at(1, 12), at(1, 13, 30)),
        (NOON, at(1, 13, 30), at(1, 13, 30)),
        (None, at(1, 3), at(1, 3)),
    ],
)
def test_a_send_is_moved_to_the_end_of_the_hours(hours, instant, expected):
    moved = next_sending_time(instant, hours, ZONE)

    assert moved == expected
    assert moved.tzinfo is UTC
    assert may_send(moved, hours, ZONE)
    assert may_send(instant, hours, ZONE) == (moved == instant)
