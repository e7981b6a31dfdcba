"""Words of the meetings room, and which status may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from eventmgr.core.text import to_gsm
from eventmgr.messaging.texts import Wording, language_key


class MeetingStatus(StrEnum):
    """Where a meeting stands. A closed one is read-only; reopening is audited."""

    TENTATIVE = "tentative"
    SCHEDULED = "scheduled"
    HELD = "held"
    CLOSED = "closed"
    CANCELLED = "cancelled"


M = MeetingStatus
NEXT_STATUSES: dict[MeetingStatus, frozenset[MeetingStatus]] = {
    M.TENTATIVE: frozenset({M.SCHEDULED, M.CANCELLED}),
    M.SCHEDULED: frozenset({M.TENTATIVE, M.HELD, M.CANCELLED}),
    M.HELD: frozenset({M.CLOSED}),
    M.CLOSED: frozenset({M.HELD}),  # reopened
    M.CANCELLED: frozenset(),
}


class InviteUnit(StrEnum):
    """Whom an invitation names."""

    HOUSEHOLD = "household"  # one representative, the usual practice
    PERSONS = "persons"  # named members


@dataclass(frozen=True, slots=True)
class MeetingDetails:
    """All an officer says about one meeting when it is scheduled or changed.

    Either the instants are given (the end may stay open) or only `month`, its first day. No
    audience classes means every household of the hamlets.
    """

    title: str
    hamlet_ids: tuple[int, ...]
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    month: date | None = None
    venue: str = ""
    venue_short: str = ""
    directions: str = ""
    audience_classes: tuple[str, ...] = ()
    invite_unit: InviteUnit = InviteUnit.HOUSEHOLD
    plan_id: int | None = None
    topic_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SeriesDetails:
    """Meetings to be made in one go. `request_key` names the form they come from: sent twice, made once."""

    title: str
    meetings: tuple[MeetingDetails, ...]
    plan_id: int | None = None
    request_key: str | None = None


@dataclass(frozen=True, slots=True)
class Spacing:
    """How the meetings of a series follow each other: so many on a day, then the next some days later."""

    first_day: date
    first_hour: time
    days_between: int = 1
    a_day: int = 1
    hours_between: float = 3

    def slots(self, count: int) -> list[tuple[date, time]]:
        """Day and hour of each of `count` meetings. The last one of a day begins before midnight: the form sees to it."""
        return [self._slot(place) for place in range(count)]

    def _slot(self, place: int) -> tuple[date, time]:
        days, on_the_day = divmod(place, self.a_day)
        return self.first_day + timedelta(days=days * self.days_between), self._after(on_the_day).time()

    def _after(self, meetings: int) -> datetime:
        return datetime.combine(date.min, self.first_hour) + timedelta(hours=self.hours_between * meetings)


@dataclass(frozen=True, slots=True, order=True)
class ReminderRule:
    """When those who were texted are reminded: so many days before the meeting, at an hour of the day."""

    days_before: int  # 0: on the day itself
    at: time

    def __str__(self) -> str:
        return f"{self.days_before} {self.at:%H:%M}"

    @classmethod
    def read(cls, written: str) -> ReminderRule:
        """The rule that `str` wrote."""
        days, hour = written.split()
        return cls(int(days), time.fromisoformat(hour))


USUAL_REMINDERS = (ReminderRule(1, time(18, 30)),)
"""The evening before, when people are home from the fields."""
REMIND_AT_LEAST = timedelta(minutes=60)
"""A reminder leaves at least so long before its meeting begins."""


class Channel(StrEnum):
    """How an invitation travels."""

    SMS = "sms"
    RELAY = "relay"  # SMS to a phone that is not the household's
    PAPER = "paper"
    CALL = "call"  # the hamlet head's call list


class Rsvp(StrEnum):
    """What a household said."""

    NONE = "none"
    COMING = "coming"
    PROXY = "proxy"  # somebody of the family comes instead
    ABSENT = "absent"


class ContactResult(StrEnum):
    """What came of an attempt to tell somebody."""

    TOLD_IN_PERSON = "told_in_person"
    TOLD_FAMILY = "told_family"
    CALLED = "called"
    PAPER_HANDED = "paper_handed"
    SMS_DELIVERED = "sms_delivered"
    NOT_REACHED = "not_reached"


REACHED = frozenset(ContactResult) - {ContactResult.NOT_REACHED}
"""Only a confirmed contact counts as reached."""
CONFIRMED = REACHED - {ContactResult.SMS_DELIVERED}
"""Somebody of the office spoke with them or handed the paper over: what a network reports is less."""


class Standing(StrEnum):
    """How far telling somebody has come: the best that is known."""

    CONFIRMED = "confirmed"  # by a person of the office
    DELIVERED = "delivered"  # the network reports that the text arrived; nobody knows whether it was read
    HANDED_OVER = "handed_over"  # the gateway or the network has the text, and that is all
    WAITING = "waiting"  # the text has not left yet
    NOT_REACHED = "not_reached"


class NoText(StrEnum):
    """Why somebody who is asked gets no text message."""

    NO_PHONE = "no_phone"
    LANDLINE = "landline"  # a phone for calls only
    OPTED_OUT = "opted_out"
    DEAD = "dead"  # a network said that the number takes no texts
    SHARED = "shared"  # the phone serves more than two of the invited households
    ALREADY = "already"  # was texted by an earlier send


@dataclass(frozen=True, slots=True)
class InviteTexts:
    """The wordings of one send, as the officer wrote them, and whether their marks are sent."""

    invite: str
    relay: str
    with_marks: bool = False
    remind: str = ""  # empty: the usual one
    remind_relay: str = ""  # empty: the usual one
    plains: Mapping[str, str] = field(default_factory=dict)  # the office's own plain form of a wording, by wording
    versions: Mapping[str, Mapping[str, Wording]] = field(default_factory=dict)  # by language key, then as the fields

    def without_marks(self, wording: str) -> str:
        """A wording without diacritics: the office's own plain form, else the letters stripped of their marks."""
        wording = " ".join(wording.split())
        return self.plains.get(wording) or to_gsm(wording)

    def version(self, name: str, language: str, *, with_marks: bool) -> str | None:
        """The version of the wording in the field of this name; None: the Vietnamese one holds."""
        known = self.versions.get(language_key(language), {})
        wording = known.get(name)
        if name == "invite" and "{link}" in self.invite:
            wording = known.get("invite_with_link") or wording
        return None if wording is None else wording.marked if with_marks else wording.plain


@dataclass(frozen=True, slots=True)
class LeaderWord:
    """A leader's yes that an officer records."""

    name: str
    on: date
