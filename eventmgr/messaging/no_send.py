"""The hours in which no text leaves: pure functions over local times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

_FORM = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class NoSendHours:
    """From `start` on, up to and without `end`, every day; over midnight where `end` is the earlier."""

    start: time
    end: time

    def cover(self, at: time) -> bool:
        """Whether no text may leave when the commune's clocks show `at`."""
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


def read_no_send_hours(text: str) -> NoSendHours | None:
    """The hours written as `21:00-07:00`; None for an empty text: none at all.

    Raises ValueError where the text is neither.
    """
    text = text.strip()
    if not text:
        return None
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"not like 21:00-07:00: {text!r}")
    first, second, third, fourth = (int(part) for part in match.groups())
    return NoSendHours(time(first, second), time(third, fourth))


def may_send(instant: datetime, hours: NoSendHours | None, zone: ZoneInfo) -> bool:
    """Whether a text may leave at this instant."""
    return hours is None or not hours.cover(instant.astimezone(zone).time())


def next_sending_time(instant: datetime, hours: NoSendHours | None, zone: ZoneInfo) -> datetime:
    """The instant itself, or the end of the no-send hours it falls into; in UTC."""
    if hours is None or may_send(instant, hours, zone):
        return instant.astimezone(UTC)
    there = instant.astimezone(zone)
    day = there.date() + timedelta(days=0 if there.time() < hours.end else 1)
    return datetime.combine(day, hours.end, tzinfo=zone).astimezone(UTC)


BEFORE_NIGHT = timedelta(minutes=15)
"""A send moved in front of the no-send hours begins at least so much before them."""


def latest_sending_time(
    instant: datetime, hours: NoSendHours | None, zone: ZoneInfo, *, lasting: timedelta = timedelta(0)
) -> datetime:
    """The instant itself, or so much earlier that a send that takes `lasting` is through when the no-send hours begin;
    in UTC. One that takes longer than a whole day between them begins when they end."""
    if hours is None or hours.start == hours.end:
        return instant.astimezone(UTC)
    there = instant.astimezone(zone)
    night = _night_after(there, hours, zone)
    if may_send(instant, hours, zone) and there + lasting <= night:
        return instant.astimezone(UTC)
    morning = datetime.combine(night.date() - timedelta(days=hours.end > hours.start), hours.end, tzinfo=zone)
    return max(morning, night - max(BEFORE_NIGHT, lasting)).astimezone(UTC)


def _night_after(there: datetime, hours: NoSendHours, zone: ZoneInfo) -> datetime:
    """When the no-send hours begin that a local time falls into, else those that come next."""
    days = 0
    if hours.cover(there.time()):
        days = 0 if there.time() >= hours.start else -1
    elif there.time() >= hours.start:
        days = 1
    return datetime.combine(there.date() + timedelta(days=days), hours.start, tzinfo=zone)
