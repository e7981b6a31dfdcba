"""Words of the check-in room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from eventmgr.core.access import Scope
from eventmgr.meetings.values import MeetingStatus
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


class Settled(StrEnum):
    """What an officer made of an event that waited."""

    ACCEPTED = "accepted"
    DROPPED = "dropped"


NAMED = "named"
"""Why an unnamed representative's attendance was undone: the person has a name now."""

MERGED = "merged"
"""Why an attendance was undone: the person, or the household, was written down twice and came once."""

TWO_PHONES = "two_phones"
"""The flag of an event that found somebody let in by another door meanwhile, which its phone could not know."""

TAKEN_BACK = "taken_back"
"""The flag of an event that found somebody present whom another door has taken back since: they may be there."""

ACCEPTED_SOURCE = "held"
"""The source of events that officers accepted; their event_id is the number of the one that waited."""

HELD = "held"
"""The answer to a phone that may no longer scan: its event is kept for an officer, and nothing else is told."""


EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""No phone's clock is right that shows less: it was never set since the battery was out."""


def corrected(scanned_at: datetime, clock_offset: timedelta, received_at: datetime) -> datetime:
    """When something was, by a clock that lacks `clock_offset`; when it was received, if the clock cannot be believed."""
    try:
        at = scanned_at + clock_offset
    except OverflowError:
        return received_at
    return received_at if at < EARLIEST else min(at, received_at)


@dataclass(frozen=True, slots=True)
class WalkIn:
    """Somebody who is on no list. `hamlet_id` None: from elsewhere, or not asked. With `household_id` counted as of
    that household, without being one of its members on file."""

    name: str
    hamlet_id: int | None = None
    gender: Gender = Gender.UNKNOWN
    household_id: int | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """What is taken back: who came in by an earlier event of the same source, or one attendance. One of the two.

    Of an event that let in several, `resident_id` means this member alone, `stand_in` whoever came instead of one.
    """

    event_id: str = ""
    attendance_id: int | None = None
    resident_id: int | None = None
    stand_in: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether all that the event did is taken back."""
        return self.resident_id is None and not self.stand_in


@dataclass(frozen=True, slots=True)
class ScanEvent:
    """One event at the door, as the device tells it. Exactly one of the ways is filled: `code` (with `resident_ids`:
    only those of its household), `resident_ids`, `household_id` (with `resident_ids`: they, and `proxy_name` as one
    more), `guest_id`, `walk_in`, or `undo`, which takes back.

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
    undo: Undo | None = None
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
    expires_at: datetime | None = None  # None: not a phone
    unsent: int | None = None  # what the phone said last that it still holds
    unsent_at: datetime | None = None
    label: str = ""  # what the phone is called


@dataclass(frozen=True, slots=True)
class MeetingAtDoor:
    """A meeting, as far as its door goes. `starts_at` None: its day is not settled."""

    id: int
    area_id: int
    area_path: str
    status: MeetingStatus
    starts_at: datetime | None


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
