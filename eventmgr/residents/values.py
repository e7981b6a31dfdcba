"""Words of the residents room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class PovertyClass(StrEnum):
    """A household's class in a year's decision (QĐ 24/2021/QĐ-TTg; newly escaped: within 36 months)."""

    POOR = "poor"
    NEAR_POOR = "near_poor"
    NEWLY_ESCAPED = "newly_escaped"
    NEWLY_ESCAPED_NEAR_POOR = "newly_escaped_near_poor"
    OTHER = "other"


class Gender(StrEnum):
    """As the list says; never derived from a name."""

    FEMALE = "female"
    MALE = "male"
    UNKNOWN = "unknown"


class LeftWhy(StrEnum):
    """Why a person or a household no longer counts among those who live here."""

    MOVED = "moved"  # out of the commune
    DIED = "died"
    JOINED = "joined"  # a household whose last members went to live in another
    MERGED = "merged"  # was written twice; `merged_into_id` says where it goes on


class PhoneOwner(StrEnum):
    """Whose phone it is. Only a member's own phone gets the invitation itself; others are asked
    to pass it on."""

    MEMBER = "member"
    RELATIVE = "relative"
    NEIGHBOUR = "neighbour"
    HAMLET_HEAD = "hamlet_head"
    OTHER = "other"


class ImportState(StrEnum):
    """How far a list is: its columns are being settled, it is looked through, the worker has it, it is in."""

    READING = "reading"
    REVIEW = "review"
    RUNNING = "running"
    DONE = "done"
    UNDONE = "undone"
    FAILED = "failed"


class Reach(StrEnum):
    """How a household can be reached from afar."""

    SMS = "sms"  # one of its phones takes our texts
    CALL = "call"  # a phone rings, but takes no texts: a landline, or its owner does not want any
    NONE = "none"  # no phone, or only dead ones


@dataclass(frozen=True, slots=True)
class HouseholdDetails:
    """What an officer says of a household."""

    code: str | None = None
    ethnic_group: str = ""
    address_note: str = ""


@dataclass(frozen=True, slots=True)
class ResidentDetails:
    """What an officer says of a person. `citizen_number` None leaves the stored one, "" takes it away."""

    full_name: str
    is_head: bool = False
    relation: str = ""
    birth_year: int | None = None
    birth_date: date | None = None
    gender: Gender = Gender.UNKNOWN
    ethnic_group: str = ""
    on_state_payroll: bool = False
    citizen_number: str | None = None


@dataclass(frozen=True, slots=True)
class ContactDetails:
    """A phone as an officer enters it, whose it is, and which place it has among the household's phones."""

    phone: str
    owner: PhoneOwner = PhoneOwner.MEMBER
    owner_note: str = ""
    resident_id: int | None = None
    first: bool = False


@dataclass(frozen=True, slots=True)
class GuestDetails:
    """What an officer says of a guest."""

    full_name: str
    title: str = ""
    organisation: str = ""
    phone: str = ""
    gender: Gender = Gender.UNKNOWN
    ethnic_group: str = ""
    on_state_payroll: bool = True


class HouseholdOrder(StrEnum):
    """In which order households are listed: by the head's given name, or as the office's own list has them."""

    NAME = "name"
    LIST = "list"


class ReachFilter(StrEnum):
    """Which households are asked for, by their phones."""

    NO_SMS = "no_sms"  # the call list: whoever no text reaches
    SMS = "sms"
    CALL = "call"
    NONE = "none"
    NO_PHONE = "no_phone"
    DEAD_PHONE = "dead"
    REFUSAL = "opted_out"


@dataclass(frozen=True, slots=True)
class HouseholdFilter:
    """Which households are asked for; what is left out does not narrow."""

    query: str = ""
    commune_id: int | None = None
    hamlet_id: int | None = None
    poverty_class: PovertyClass | None = None
    ethnic_group: str | None = None
    reach: ReachFilter | None = None
    order: HouseholdOrder = HouseholdOrder.NAME

    @property
    def narrows(self) -> bool:
        """Whether anything but words and a place is asked for."""
        return any((self.poverty_class, self.ethnic_group, self.reach))


@dataclass(frozen=True, slots=True)
class HouseholdLine:
    """One household in a list. `found` names the members a search has found beside the head."""

    id: int
    head: str
    hamlet: str
    commune: str
    poverty_class: PovertyClass
    reach: Reach
    members: int
    phones: tuple[str, ...]  # E.164, or masked where the reader may not see them
    found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HouseholdPage:
    """One page of a list of households.

    `count` stops at `COUNT_STOPS_AT` + 1. `before` and `after` are the households to go on from, None at either end.
    `cut`: the words fit so many households that only some of them are shown.
    """

    lines: tuple[HouseholdLine, ...]
    count: int
    before: int | None
    after: int | None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """Which places a list can be narrowed to, by id and name: communes, and hamlets once there is one commune."""

    communes: tuple[tuple[int, str], ...]
    hamlets: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class CallPhone:
    """A phone on the list of whom to call. `note`: whose it is, as the list says it."""

    phone: str  # E.164, or masked where the reader may not see it
    note: str
    dead: bool


@dataclass(frozen=True, slots=True)
class CallLine:
    """A household that no text reaches; an empty `phones` means that somebody has to go there."""

    household_id: int
    head: str
    address_note: str
    phones: tuple[CallPhone, ...]


@dataclass(frozen=True, slots=True)
class CallSheet:
    """Whom to call in one hamlet, in the order of the office's list."""

    hamlet: str
    lines: tuple[CallLine, ...]


COUNT_STOPS_AT = 1000
"""Beyond this a list says "more than"."""


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One fact a list has filled in or changed, and of whom."""

    name: str
    household_id: int | None  # None: no longer on file
    field: str  # the column's name
    before: str | None
    after: str | None


class Alike(StrEnum):
    """Why two people may be one, the surest first."""

    NUMBER = "number"  # the same citizen number
    BIRTH = "birth"  # the same name, birth year and hamlet
    HOUSEHOLD = "household"  # the same name in one household, and a birth year is not known
    PHONE = "phone"  # the same name and phone
