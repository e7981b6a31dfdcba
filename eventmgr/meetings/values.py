"""Words of the meetings room, and which status may follow which."""

from __future__ import annotations

from enum import StrEnum


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
