"""Words of the check-in room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from eventmgr.core.access import Scope
from eventmgr.residents.values import Gender


class Answer(StrEnum):
    """What the door says to an event. A refused code never refuses the person."""

    OK = "ok"
    ALREADY = "already"
    UNKNOWN = "unknown"
    OTHER_MEETING = "other_meeting"
    CANCELLED_MEETING = "cancelled_meeting"
    REVOKED = "revoked"
    NOT_OPEN = "not_open"
    CLOSED = "closed"


class Method(StrEnum):
    """The way in."""

    CAMERA = "camera"
    TYPED = "typed"
    LIST = "list"
    SEARCH = "search"
    WALK_IN = "walk_in"
    PAPER = "paper"
    SELF = "self"


class Signed(StrEnum):
    """How somebody signed the attendance sheet. Signing is in ink; a thumbprint (điểm chỉ) or another's hand (ký thay)
    is as good."""

    NOT = "not"
    SIGNATURE = "signature"
    THUMBPRINT = "thumbprint"
    BY_ANOTHER = "by_another"


HELD = "held"
"""The answer to a phone that may no longer scan: its event is kept for an officer, and nothing else is told."""


@dataclass(frozen=True, slots=True)
class WalkIn:
    """Somebody who is on no list. `hamlet_id` None: from elsewhere, or not asked."""

    name: str
    hamlet_id: int | None = None
    gender: Gender = Gender.UNKNOWN


@dataclass(frozen=True, slots=True)
class ScanEvent:
    """One event at the door, as the device tells it. Exactly one of the five ways to say who came is filled:
    `code` (with `resident_ids`: only those of its household), `resident_ids`, `household_id`, `guest_id`, `walk_in`.

    `event_id` is made on the device before sending. `offline` means the device answered by itself.
    `list_at` is when the server made the list the device judged by; None: it does not say.
    `let_in` is the doorkeeper's decision to let somebody in although the door is shut; `note` says why.
    """

    event_id: str
    scanned_at: datetime
    method: Method
    code: str = ""
    resident_ids: tuple[int, ...] = ()
    household_id: int | None = None
    guest_id: int | None = None
    walk_in: WalkIn | None = None
    proxy_name: str = ""
    relation: str = ""
    signed: Signed = Signed.NOT
    offline: bool = False
    list_at: datetime | None = None
    let_in: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class PersonAnswer:
    """What the door says of one person; `device` names who was first where it is known."""

    name: str
    status: Answer
    first_scanned_at: datetime | None = None
    attendance_id: int | None = None
    device: str = ""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """The answer to one event. `status` is an Answer or HELD; `household` names whom the event was about, and
    `household_id` and `members` let the phone offer the others of the household. `hint` is about the other meeting,
    or when the door opens."""

    event_id: str
    status: str
    people: tuple[PersonAnswer, ...] = ()
    household: str = ""
    household_id: int | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Who stands at the door: a paired phone or somebody signed in, and how far that reaches.

    `only_meeting_id` is the one meeting a phone was paired for. `hands_in_only`: revoked or expired, so its events are
    held and it is told nothing.
    """

    source: str
    scope: Scope
    user_id: int | None = None
    device_id: int | None = None
    only_meeting_id: int | None = None
    hands_in_only: bool = False
    last_seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HamletCount:
    """How many of a hamlet's invited households have come."""

    name: str
    invited: int
    came: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Three numbers that are never mixed, and what was invited."""

    attendances: int
    persons: int
    households: int
    invited: int
    came: int  # of the invited households and guests
    hamlets: tuple[HamletCount, ...] = ()
