"""Words of the demo room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from eventmgr.meetings.values import Channel, InviteUnit, MeetingStatus
from eventmgr.residents.values import Gender, PhoneOwner, PovertyClass


@dataclass(frozen=True, slots=True)
class DemoSize:
    """How large an invented commune is wanted. The same seed on the same day makes the same people."""

    households: int = 120
    hamlets: int = 5
    meetings: int = 12
    seed: int = 2023


@dataclass(frozen=True, slots=True)
class DemoUser:
    """Somebody who can sign in to the demo."""

    email: str
    password: str
    role: str


@dataclass(frozen=True, slots=True)
class DemoLoaded:
    """What a script needs to know of a loaded demo."""

    plan_id: int
    next_meeting_id: int
    commune_code: str
    users: tuple[DemoUser, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A hamlet of the demo."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Person:
    """A resident of the demo."""

    id: int
    full_name: str
    gender: Gender
    is_adult: bool
    relation: str


@dataclass(frozen=True, slots=True)
class Line:
    """A phone by which a household of the demo can be reached."""

    phone: str
    owner: PhoneOwner
    takes_sms: bool


@dataclass(frozen=True, slots=True)
class Home:
    """A household of the demo; the first of `people` is its head."""

    id: int
    hamlet_id: int
    poverty_class: PovertyClass
    is_minority: bool
    people: tuple[Person, ...]
    line: Line | None

    @property
    def head(self) -> Person:
        """Who stands for the household on lists."""
        return self.people[0]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A guest of the demo: a cadre, a speaker."""

    id: int
    on_state_payroll: bool
    gender: Gender


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the demo's calendar that becomes a meeting."""

    hamlets: tuple[Place, ...]
    status: MeetingStatus
    starts_at: datetime | None
    month: date | None
    unit: InviteUnit
    classes: tuple[PovertyClass, ...]
    is_invited: bool
    awaits_approval: bool
    has_summary: bool


@dataclass(frozen=True, slots=True)
class Gathering:
    """A meeting of the demo, made from its slot."""

    id: int
    title: str
    venue: str
    slot: Slot


@dataclass(frozen=True, slots=True)
class Invited:
    """One invitation of the demo."""

    id: int
    code: str
    channel: Channel
    home: Home | None
    visitor: Visitor | None
    is_coming: bool
    by_proxy: bool
    said_no: bool
