"""Frozen report values: one meeting's figures and one plan's.

Queries make them, pages show them, writers turn them into files. Three counts are kept apart everywhere:
attendances (lượt người), distinct people (người) and households (hộ). Groups that overlap, such as women
and ethnic minority, are never summed; the poverty classes exclude each other and do add up to the total.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Self

from eventmgr.plans.values import Direction, OutputKind


def percent_of(part: int, whole: int) -> Decimal | None:
    """`part` as a percentage of `whole`, to one decimal; None when there is nothing to compare with."""
    if whole <= 0:
        return None
    return (Decimal(100) * part / whole).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


class MeetingStage(StrEnum):
    """Where a meeting stands, as far as a report asks."""

    PLANNED = "planned"
    HELD = "held"
    CANCELLED = "cancelled"


class ListOf(StrEnum):
    """What a drill-down lists: the figure's rows are attendances, people, households, invitations or messages."""

    ATTENDANCES = "attendances"
    PEOPLE = "people"
    HOUSEHOLDS = "households"
    INVITATIONS = "invitations"
    MESSAGES = "messages"


class CrowdGroup(StrEnum):
    """Part of a crowd that a figure counts; the classes have the words of PovertyClass."""

    ALL = "all"
    WOMEN = "women"
    MINORITY = "minority"
    GUESTS = "guests"
    PROXIES = "proxies"
    POOR = "poor"
    NEAR_POOR = "near_poor"
    NEWLY_ESCAPED = "newly_escaped"
    NEWLY_ESCAPED_NEAR_POOR = "newly_escaped_near_poor"
    OTHER = "other"


class InvitationGroup(StrEnum):
    """Part of the invitations that a figure counts."""

    ALL = "all"
    HOUSEHOLDS = "households"
    GUESTS = "guests"
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    COMING = "coming"
    PROXY = "proxy"
    NOT_COMING = "not_coming"
    UNANSWERED = "unanswered"
    ABSENT = "absent"


class MessageGroup(StrEnum):
    """Part of the texts that a figure counts; they exclude each other."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class ByClass:
    """One crowd by household class as it was on the day; every member is in exactly one class."""

    poor: int = 0
    near_poor: int = 0
    newly_escaped: int = 0
    newly_escaped_near_poor: int = 0
    other: int = 0

    @property
    def total(self) -> int:
        return self.poor + self.near_poor + self.newly_escaped + self.newly_escaped_near_poor + self.other

    def part(self, group: CrowdGroup) -> int:
        """How many are in the class, or in all."""
        counts = {
            CrowdGroup.ALL: self.total,
            CrowdGroup.POOR: self.poor,
            CrowdGroup.NEAR_POOR: self.near_poor,
            CrowdGroup.NEWLY_ESCAPED: self.newly_escaped,
            CrowdGroup.NEWLY_ESCAPED_NEAR_POOR: self.newly_escaped_near_poor,
            CrowdGroup.OTHER: self.other,
        }
        return counts[group]

    def __add__(self, more: Self) -> Self:
        return type(self)(
            self.poor + more.poor,
            self.near_poor + more.near_poor,
            self.newly_escaped + more.newly_escaped,
            self.newly_escaped_near_poor + more.newly_escaped_near_poor,
            self.other + more.other,
        )


@dataclass(frozen=True, slots=True)
class Crowd:
    """A number of attendances, or of people: by class, and of whom women and ethnic minority.

    The two last overlap with each other and with the classes. Guests are in class `other`.
    """

    by_class: ByClass = field(default_factory=ByClass)
    women: int = 0
    ethnic_minority: int = 0
    guests: int = 0

    @property
    def total(self) -> int:
        return self.by_class.total

    def part(self, group: CrowdGroup) -> int:
        """How many of the crowd are in the group. Stand-ins are counted by Turnout."""
        counts = {
            CrowdGroup.ALL: self.total,
            CrowdGroup.WOMEN: self.women,
            CrowdGroup.MINORITY: self.ethnic_minority,
            CrowdGroup.GUESTS: self.guests,
        }
        return counts[group] if group in counts else self.by_class.part(group)

    def __add__(self, more: Self) -> Self:
        return type(self)(
            self.by_class + more.by_class,
            self.women + more.women,
            self.ethnic_minority + more.ethnic_minority,
            self.guests + more.guests,
        )


@dataclass(frozen=True, slots=True)
class Turnout:
    """Who came, counted three ways. `proxies` is how many of the attendances were by a stand-in."""

    attendances: Crowd = field(default_factory=Crowd)
    people: Crowd = field(default_factory=Crowd)
    households: ByClass = field(default_factory=ByClass)
    proxies: int = 0


@dataclass(frozen=True, slots=True)
class InvitationFigures:
    """Invitations (a household or a guest each): how many, reached by a confirmed contact, answered, absent."""

    households: int = 0
    guests: int = 0
    reached: int = 0
    coming: int = 0
    sending_proxy: int = 0
    not_coming: int = 0
    absent: int = 0

    @property
    def invited(self) -> int:
        return self.households + self.guests

    @property
    def unanswered(self) -> int:
        return self.invited - self.coming - self.sending_proxy - self.not_coming

    def part(self, group: InvitationGroup) -> int:
        """How many invitations are in the group."""
        counts = {
            InvitationGroup.ALL: self.invited,
            InvitationGroup.HOUSEHOLDS: self.households,
            InvitationGroup.GUESTS: self.guests,
            InvitationGroup.REACHED: self.reached,
            InvitationGroup.NOT_REACHED: self.invited - self.reached,
            InvitationGroup.COMING: self.coming,
            InvitationGroup.PROXY: self.sending_proxy,
            InvitationGroup.NOT_COMING: self.not_coming,
            InvitationGroup.UNANSWERED: self.unanswered,
            InvitationGroup.ABSENT: self.absent,
        }
        return counts[group]

    @property
    def reached_percent(self) -> Decimal | None:
        return percent_of(self.reached, self.invited)

    def __add__(self, more: Self) -> Self:
        return type(self)(
            self.households + more.households,
            self.guests + more.guests,
            self.reached + more.reached,
            self.coming + more.coming,
            self.sending_proxy + more.sending_proxy,
            self.not_coming + more.not_coming,
            self.absent + more.absent,
        )


@dataclass(frozen=True, slots=True)
class SmsFigures:
    """Text messages by where they stand now; the states exclude each other and add up to `messages`.

    `accepted` were taken by the gateway and have no report yet. `cost` is in đồng, None when no price is known.
    """

    waiting: int = 0
    accepted: int = 0
    delivered: int = 0
    failed: int = 0
    unknown: int = 0
    withdrawn: int = 0
    segments: int = 0
    cost: Decimal | None = None

    @property
    def messages(self) -> int:
        return sum(self.part(group) for group in MessageGroup)

    def part(self, group: MessageGroup) -> int:
        """How many messages are in the group."""
        counts = {
            MessageGroup.WAITING: self.waiting,
            MessageGroup.ACCEPTED: self.accepted,
            MessageGroup.DELIVERED: self.delivered,
            MessageGroup.FAILED: self.failed,
            MessageGroup.UNKNOWN: self.unknown,
            MessageGroup.WITHDRAWN: self.withdrawn,
        }
        return counts[group]

    def __add__(self, more: Self) -> Self:
        costs = [cost for cost in (self.cost, more.cost) if cost is not None]
        return type(self)(
            self.waiting + more.waiting,
            self.accepted + more.accepted,
            self.delivered + more.delivered,
            self.failed + more.failed,
            self.unknown + more.unknown,
            self.withdrawn + more.withdrawn,
            self.segments + more.segments,
            sum(costs, Decimal(0)) if costs else None,
        )


@dataclass(frozen=True, slots=True)
class MeetingFigures:
    """One meeting. `starts_at` is local time; a tentative meeting may have only `month`."""

    meeting_id: int
    title: str
    hamlets: tuple[str, ...]
    venue: str
    stage: MeetingStage
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    month: date | None = None
    invitations: InvitationFigures = field(default_factory=InvitationFigures)
    turnout: Turnout = field(default_factory=Turnout)
    sms: SmsFigures = field(default_factory=SmsFigures)
    headcount: int | None = None
    headcount_reason: str = ""
    topics: tuple[str, ...] = ()

    @property
    def is_joint(self) -> bool:
        """Whether the meeting serves several hamlets at once."""
        return len(self.hamlets) > 1


@dataclass(frozen=True, slots=True)
class Progress:
    """What was done against what was asked; `target` is None when the plan set none."""

    done: int
    target: int | None = None

    @property
    def gap(self) -> int:
        """How many are still missing; 0 when the target is met or there is none."""
        return max((self.target or 0) - self.done, 0)

    @property
    def percent(self) -> Decimal | None:
        return percent_of(self.done, self.target or 0)


@dataclass(frozen=True, slots=True)
class HamletFigures:
    """One hamlet within a plan. A joint meeting counts once for each hamlet it serves."""

    hamlet_id: int
    name: str
    meetings: Progress
    meetings_ahead: int
    participants: Progress
    households_present: int
    households_total: int

    @property
    def coverage_percent(self) -> Decimal | None:
        return percent_of(self.households_present, self.households_total)


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """A whole plan. A joint meeting counts once here."""

    meetings: Progress
    planned: int
    held: int
    cancelled: int
    joint: int
    invitations: InvitationFigures
    turnout: Turnout
    participants: Progress
    households_total: int
    sms: SmsFigures

    @property
    def coverage(self) -> Progress:
        """Households of which someone came at least once, against all households."""
        return Progress(self.turnout.households.total, self.households_total)


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """A plan in the list of reports."""

    plan_id: int
    title: str
    number: str
    year: int
    area_name: str
    meetings: Progress
    planned: int
    attendances: int


@dataclass(frozen=True, slots=True)
class PeriodReport:
    """The meetings of a period, whatever plan they belong to. `meetings` may hold only the first of `held`."""

    held: int
    planned: int
    cancelled: int
    invitations: InvitationFigures
    turnout: Turnout
    sms: SmsFigures
    meetings: tuple[MeetingFigures, ...]


@dataclass(frozen=True, slots=True)
class Issuer:
    """The office a paper comes from. `lines` and `parent_line` are printed as they stand."""

    lines: tuple[str, ...]
    place: str
    full_name: str
    parent_line: str = ""
    abbreviation: str = "UBND"


@dataclass(frozen=True, slots=True)
class TaskLine:
    who: str
    task: str
    due: date | None = None


@dataclass(frozen=True, slots=True)
class OutputLine:
    """How much of one kind was made, received or handed out in all."""

    kind: OutputKind
    direction: Direction
    quantity: int


@dataclass(frozen=True, slots=True)
class PlanReport:
    """All that the report on a plan states. What only a person can judge is not in it."""

    plan_id: int
    title: str
    year: int
    issuer: Issuer
    as_of: date
    figures: PlanFigures
    hamlets: tuple[HamletFigures, ...] = ()
    meetings: tuple[MeetingFigures, ...] = ()
    number: str = ""
    dated_on: date | None = None
    period_from: date | None = None
    period_to: date | None = None
    legal_bases: tuple[str, ...] = ()
    addressees: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    signature_lines: tuple[str, ...] = ()
    signer: str = ""
    tasks: tuple[TaskLine, ...] = ()
    articles: tuple[OutputLine, ...] = ()
    publications: tuple[OutputLine, ...] = ()
    emulation: tuple[OutputLine, ...] = ()
    budget: Decimal | None = None
    funding: str = ""

    @property
    def held_meetings(self) -> tuple[MeetingFigures, ...]:
        return tuple(meeting for meeting in self.meetings if meeting.stage is MeetingStage.HELD)

    @property
    def hamlets_behind(self) -> tuple[HamletFigures, ...]:
        """Hamlets that still miss meetings, the farthest behind first."""
        behind = [hamlet for hamlet in self.hamlets if hamlet.meetings.gap]
        return tuple(sorted(behind, key=lambda hamlet: -hamlet.meetings.gap))


@dataclass(frozen=True, slots=True)
class MeetingReport:
    """All that the report on one meeting states."""

    issuer: Issuer
    as_of: date
    figures: MeetingFigures
    plan_title: str = ""
    plan_number: str = ""
    plan_dated_on: date | None = None
    recipients: tuple[str, ...] = ()
    signature_lines: tuple[str, ...] = ()
    signer: str = ""


@dataclass(frozen=True, slots=True)
class ListedRow:
    """One row behind a figure, for those who may see names. `note` is a ready word or empty."""

    row_id: int
    name: str
    hamlet: str
    household_head: str = ""
    stood_in_by: str = ""
    title: str = ""
    is_guest: bool = False
    state: str = ""
    meeting: str = ""
    meeting_id: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AttendanceLine:
    """One row of an attendance list: what a list for handing on may hold, and no more. `at` is local time."""

    meeting: str
    name: str
    hamlet: str
    household_head: str
    stood_in_by: str
    is_guest: bool
    at: datetime


def add_up(turnouts: Iterable[Crowd]) -> Crowd:
    """Attendances of several meetings together. Only attendances may be added; people and households may not."""
    total = Crowd()
    for crowd in turnouts:
        total = total + crowd
    return total
