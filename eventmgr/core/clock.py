"""Time: one clock, instants in UTC, days in the commune's zone.

Entry points read the clock once and pass `now` down. Nothing else asks what time it is.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from flask import current_app


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock moved by hand, for tests and for making a demo of another day."""

    def __init__(self, instant: datetime) -> None:
        if instant.tzinfo is None:
            raise ValueError("a clock tells aware instants")
        self.instant = instant.astimezone(UTC)

    def now(self) -> datetime:
        return self.instant

    def advance(self, **step: float) -> datetime:
        """Move on by a `timedelta(**step)` and return the new instant."""
        self.instant += timedelta(**step)
        return self.instant


def now() -> datetime:
    """The present instant by this application's clock. For entry points only."""
    clock: Clock = current_app.extensions["clock"]
    return clock.now()


def zone() -> ZoneInfo:
    """The commune's time zone (setting TIMEZONE)."""
    return ZoneInfo(current_app.config["TIMEZONE"])


def local(instant: datetime) -> datetime:
    """The instant as the commune's clocks show it."""
    return instant.astimezone(zone())


def local_day(instant: datetime) -> date:
    """The day of the office on which the instant falls."""
    return local(instant).date()


def instant_of(day: date, at: time) -> datetime:
    """The instant, in UTC, at which the commune's clocks show `at` on `day`."""
    return datetime.combine(day, at, tzinfo=zone()).astimezone(UTC)
