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


@dataclass(frozen=True, slots=True)
class HouseholdDetails:
    """What an officer says of a household."""

    hamlet_id: int
    code: str | None = None
    ethnic_group: str = ""
    address_note: str = ""
    left_on: date | None = None


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
    left_on: date | None = None


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


@dataclass(frozen=True, slots=True)
class HouseholdFilter:
    """Which households are asked for; what is left out does not narrow."""

    query: str = ""
    hamlet_id: int | None = None
    poverty_class: PovertyClass | None = None
    without_phone: bool = False
    order: HouseholdOrder = HouseholdOrder.NAME


@dataclass(frozen=True, slots=True)
class HouseholdLine:
    """One household in a list. `found` names the members a search has found beside the head."""

    id: int
    head: str
    hamlet: str
    poverty_class: PovertyClass
    members: int
    phones: tuple[str, ...]  # E.164, or masked where the reader may not see them
    found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HouseholdPage:
    """One page of a list of households.

    `count` stops at `COUNT_STOPS_AT` + 1. `before` and `after` are the households to go on from, None at either end.
    """

    lines: tuple[HouseholdLine, ...]
    count: int
    before: int | None
    after: int | None


COUNT_STOPS_AT = 1000
"""Beyond this a list says "more than"."""
