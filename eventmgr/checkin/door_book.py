"""The door book: all that the door must know of some events before it answers them.

Every scan passes here, thirty people in ten minutes at each of many doors. So it is read as plain rows, by statements
that are made once, and for many events at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.checkin.judging import Door, KnownCode
from eventmgr.checkin.models import Attendance, Device
from eventmgr.checkin.queries import OPENS_HOURS_BEFORE, hours_before, name_of
from eventmgr.checkin.values import Doorkeeper, MeetingAtDoor, ScanEvent
from eventmgr.core.clock import local_day
from eventmgr.core.codes import normalise_code
from eventmgr.core.db import among_those, handed_over, is_sqlite, run, table_of
from eventmgr.core.settings import decided, deciding
from eventmgr.core.text import clean_text
from eventmgr.meetings.models import Invitation, InvitationMember, Meeting
from eventmgr.meetings.queries.by_code import opened_by
from eventmgr.residents.models import Guest, Household, Resident
from eventmgr.residents.values import Gender, PovertyClass


@dataclass(frozen=True, slots=True)
class Person:
    """A member of a household, or a guest, as the door needs them."""

    id: int
    full_name: str
    gender: Gender
    ethnic_group: str
    on_state_payroll: bool
    is_head: bool = False


@dataclass(frozen=True, slots=True)
class HouseholdAtDoor:
    """A household with its members, those who have left among them: the head first, then by number."""

    id: int
    code: str | None
    hamlet_id: int
    hamlet_path: str
    poverty_class: PovertyClass
    ethnic_group: str
    members: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Invitee:
    """Whom an event is about: a household or a guest, with or without an invitation, or a name alone."""

    name: str
    meeting_id: int
    household: HouseholdAtDoor | None = None
    guest: Person | None = None
    invitation_id: int | None = None
    named: tuple[Person, ...] = ()  # whom the invitation names, without those who have left
    known_code: KnownCode | None = None
    withdrawn_at: datetime | None = None  # None: the invitation stands, or there is none


@dataclass(frozen=True, slots=True)
class Standing:
    """An attendance of the meeting that was not undone."""

    id: int
    attended_at: datetime
    household_id: int | None
    resident_id: int | None
    guest_id: int | None
    proxy_name: str
    walk_in_name: str
    operator_id: int | None
    device_id: int | None
    device: str


_OF_STANDING = tuple(field.name for field in fields(Standing) if field.name != "device")


class DoorBook:
    """What is on file about a meeting and the people of some events, read as the events begin. Invitations and
    households are held until the unit of work ends: whoever comes by another door at the same instant waits.

    `meeting` may have been read a moment before; whether its door is open is read anew, together with who has come.
    """

    def __init__(self, meeting: MeetingAtDoor, keeper: Doorkeeper, events: Collection[ScanEvent]) -> None:
        self.meeting = meeting
        self._keeper = keeper
        self._by_code: dict[str, Invitee] = {}
        self._by_household: dict[int, Invitee] = {}
        self._household_of: dict[int, int] = {}
        self._standing: dict[tuple[str, int], list[Standing]] = {}
        self._opens_at: datetime | None = None
        self._read(events)

    # --- What is asked of it ------------------------------------------------------------------------

    def door(self, at: datetime) -> Door:
        """The meeting's door. Once the meeting has begun, the hours before it do not matter."""
        starts_at = self.meeting.starts_at
        begun = starts_at is not None and starts_at <= at
        return Door(self.meeting.id, self.meeting.status, starts_at if begun else self._opens_at)

    @property
    def opens_at(self) -> datetime | None:
        """When the door opens; None while the day is not settled."""
        return self._opens_at

    def find(self, event: ScanEvent) -> Invitee | None:
        """Whom one of the events is about; None if nobody is known by that, or the keeper does not reach them."""
        if event.code:
            return self._by_code.get(normalise_code(event.code) or "")
        household_id = _household_named(event)
        if household_id is not None:
            return self._find_household(household_id)
        if event.resident_ids:
            households = {self._household_of.get(resident_id) for resident_id in event.resident_ids}
            (household_id,) = households if len(households) == 1 else (None,)
            return self._find_household(household_id) if household_id is not None else None
        if event.walk_in is not None:
            return Invitee(clean_text(event.walk_in.name)[:200], self.meeting.id)
        return _find_guest(self.meeting, event.guest_id) if event.guest_id is not None else None

    def standing(self, invitee: Invitee) -> list[Standing]:
        """The attendances of this household or guest at the meeting that were not undone, first comers first."""
        whose = whose_key(invitee)
        if whose is None:
            return []
        if whose not in self._standing:
            self._read_standing([whose])
        return self._standing[whose]

    def forget_standing(self) -> None:
        """Attendances changed otherwise than by `add`: who has come is read anew."""
        self._standing.clear()

    def add(self, invitee: Invitee, came: Standing) -> None:
        """Somebody has come by one of the events: the next ones know."""
        whose = whose_key(invitee)
        if whose in self._standing:
            self._standing[whose].append(came)

    # --- How it is read -----------------------------------------------------------------------------

    def _read(self, events: Collection[ScanEvent]) -> None:
        codes = {code for event in events if event.code and (code := normalise_code(event.code))}
        by_name = [event for event in events if not event.code]
        by_person = [event for event in by_name if _household_named(event) is None]
        residents = {resident_id for event in by_person for resident_id in event.resident_ids}
        households = {household_id for event in by_name if (household_id := _household_named(event)) is not None}
        if residents:
            rows = run(_households_of(is_sqlite()), {"residents": handed_over(residents)})
            self._household_of = {row.id: row.household_id for row in rows}
            households |= set(self._household_of.values())
        self._read_invitations(codes, households)
        known = [invitee for found in (self._by_code, self._by_household) for invitee in found.values()]
        self._read_standing({whose for invitee in known if (whose := whose_key(invitee))})

    def _read_invitations(self, codes: Collection[str], households: Collection[int]) -> None:
        opened: dict[str, int] = {}
        if codes and not households and len(codes) == 1:
            (code,) = codes
            invitee = find_invitee_by_code(code)
            self._by_code = {code: invitee} if invitee else {}
            return
        if codes:
            rows = run(_opened_by(is_sqlite()), {"codes": handed_over(codes)})
            opened = {row.code: row.opens for row in rows}
        if opened or households:
            chosen = {
                "invitations": handed_over(set(opened.values())),
                "households": handed_over(households),
                "meeting": self.meeting.id,
            }
            found = {invitee.invitation_id: invitee for invitee in _invitees(run(_invitations(is_sqlite()), chosen))}
            self._by_code = {code: found[number] for code, number in opened.items() if number in found}
            self._by_household = {
                invitee.household.id: invitee
                for invitee in found.values()
                if invitee.household is not None and invitee.meeting_id == self.meeting.id
            }

    def _find_household(self, household_id: int) -> Invitee | None:
        """A household as the meeting knows it: invited, or of its commune; and within the keeper's reach."""
        if household_id not in self._by_household:
            asked = {"household": household_id, "commune": self.meeting.area_id}
            household = _household(run(_UNINVITED, asked).all())
            if household is None:
                return None
            self._by_household[household_id] = Invitee(name_of(household), self.meeting.id, household)
        invitee = self._by_household[household_id]
        assert invitee.household is not None
        return invitee if self._keeper.scope.covers(invitee.household.hamlet_path) else None

    def _read_standing(self, wanted: Collection[tuple[str, int]]) -> None:
        """Who has come of some households and guests, and with it whether the door is open."""
        starts_at = self.meeting.starts_at
        asked: dict[str, Any] = {"meeting": self.meeting.id}
        if starts_at is not None:
            asked |= deciding(self.meeting.area_path, local_day(starts_at))
        kinds = sorted({kind for kind, _number in wanted}) or [""]
        rows: list[Any] = []
        for kind in kinds:
            numbers = [number for its, number in wanted if its == kind]
            one = len(numbers) == 1
            numbered = {"whose": numbers[0] if one else handed_over(numbers)} if numbers else {}
            rows += run(_door(is_sqlite(), kind, one, starts_at is not None), asked | numbered).all()
        self._look_at_door(rows[0])
        self._standing |= {whose: [] for whose in wanted}
        for row in rows:
            if row.id is not None:
                came = _standing(row)
                whose = ("guest_id", row.guest_id) if row.guest_id is not None else ("household_id", row.household_id)
                self._standing[whose].append(came)

    def _look_at_door(self, row: Any) -> None:
        before = self.meeting.starts_at
        self.meeting = replace(self.meeting, status=row.status, starts_at=row.starts_at)
        if row.starts_at is None:
            self._opens_at = None
        elif row.starts_at == before:
            hours = OPENS_HOURS_BEFORE.default if row.decided is None else row.decided["value"]
            self._opens_at = row.starts_at - timedelta(hours=float(hours))
        else:  # moved since it was read
            self._opens_at = row.starts_at - hours_before(self.meeting.area_path, row.starts_at)


def _household_named(event: ScanEvent) -> int | None:
    if event.household_id is None and event.walk_in is not None:
        return event.walk_in.household_id
    return event.household_id


def whose_key(invitee: Invitee) -> tuple[str, int] | None:
    """What tells a household or a guest from others; None for a name alone."""
    if invitee.household is not None:
        return ("household_id", invitee.household.id)
    return ("guest_id", invitee.guest.id) if invitee.guest is not None else None


def _standing(row: Any) -> Standing:
    return Standing(**{name: getattr(row, name) for name in _OF_STANDING}, device=row.label or "")


def find_invitee_by_code(code: str) -> Invitee | None:
    """Whom a code invites, whatever the meeting; None if no invitation has it."""
    return next(_invitees(run(_INVITATION_OPENED_BY, {"code": code})), None)


# --- Statements, made once ------------------------------------------------------------------------

_INVITATION, _HOUSEHOLD, _GUEST = table_of(Invitation), table_of(Household), table_of(Guest)
_MEMBER, _NAMED, _HAMLET = table_of(Resident), table_of(InvitationMember), table_of(Area).alias("hamlet")

_OF_PERSON = ("id", "full_name", "gender", "ethnic_group", "on_state_payroll")
_MEMBERS = [_MEMBER.c[name].label(f"member_{name}") for name in (*_OF_PERSON, "is_head", "left_on")]
_HOUSEHOLDS = [
    *(_HOUSEHOLD.c[name].label(f"household_{name}") for name in ("id", "code", "poverty_class", "ethnic_group")),
    _HAMLET.c.id.label("hamlet_id"),
    _HAMLET.c.path.label("hamlet_path"),
]


def _choose_invitations(*chosen: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Invitations with all that letting people in needs, one row for each member, locked in the order of their ids:
    two phones come one after the other and never wait for each other."""
    every = _NAMED.alias("every_name")
    named = sa.select(sa.func.count()).where(every.c.invitation_id == _INVITATION.c.id).scalar_subquery()
    return (
        sa.select(
            *(_INVITATION.c[name] for name in ("id", "meeting_id", "withdrawn_at")),
            *(_GUEST.c[name].label(f"guest_{name}") for name in _OF_PERSON),
            *_HOUSEHOLDS,
            *_MEMBERS,
            _NAMED.c.resident_id.is_not(None).label("is_named"),
            named.label("names"),
        )
        .select_from(
            _INVITATION.outerjoin(_GUEST, _GUEST.c.id == _INVITATION.c.guest_id)
            .outerjoin(_HOUSEHOLD, _HOUSEHOLD.c.id == _INVITATION.c.household_id)
            .outerjoin(_HAMLET, _HAMLET.c.id == _HOUSEHOLD.c.hamlet_id)
            .outerjoin(_MEMBER, _MEMBER.c.household_id == _HOUSEHOLD.c.id)
            .outerjoin(
                _NAMED, sa.and_(_NAMED.c.invitation_id == _INVITATION.c.id, _NAMED.c.resident_id == _MEMBER.c.id)
            )
        )
        .where(*chosen)
        .order_by(_INVITATION.c.id, _MEMBER.c.is_head.desc(), _MEMBER.c.id)
        .with_for_update(of=_INVITATION, key_share=True)
    )


_INVITATION_OPENED_BY = _choose_invitations(opened_by(sa.bindparam("code", type_=sa.String)))


@cache
def _invitations(_on_sqlite: bool) -> sa.Select[Any]:
    ours = sa.and_(
        _INVITATION.c.meeting_id == sa.bindparam("meeting", type_=sa.Integer),
        among_those(_INVITATION.c.household_id, "households"),
    )
    return _choose_invitations(sa.or_(among_those(_INVITATION.c.id, "invitations"), ours))


@cache
def _opened_by(_on_sqlite: bool) -> sa.Select[Any]:
    """As `opened_by`, of many codes."""
    opens = sa.func.coalesce(_INVITATION.c.merged_into_id, _INVITATION.c.id).label("opens")
    return sa.select(_INVITATION.c.code, opens).where(among_those(_INVITATION.c.code, "codes", sa.String))


@cache
def _households_of(_on_sqlite: bool) -> sa.Select[Any]:
    return sa.select(_MEMBER.c.id, _MEMBER.c.household_id).where(among_those(_MEMBER.c.id, "residents"))


_UNINVITED = (
    sa.select(*_HOUSEHOLDS, *_MEMBERS)
    .select_from(
        _HOUSEHOLD.join(_HAMLET, _HAMLET.c.id == _HOUSEHOLD.c.hamlet_id).outerjoin(
            _MEMBER, _MEMBER.c.household_id == _HOUSEHOLD.c.id
        )
    )
    .where(
        _HOUSEHOLD.c.id == sa.bindparam("household", type_=sa.Integer),
        _HOUSEHOLD.c.commune_id == sa.bindparam("commune", type_=sa.Integer),
        _HOUSEHOLD.c.left_on.is_(None),
    )
    .order_by(_MEMBER.c.is_head.desc(), _MEMBER.c.id)
    .with_for_update(of=_HOUSEHOLD, key_share=True)
)

_NAMED_FROM_ELSEWHERE = (
    sa.select(*_MEMBERS)
    .join_from(_NAMED, _MEMBER, _MEMBER.c.id == _NAMED.c.resident_id)
    .where(_NAMED.c.invitation_id == sa.bindparam("invitation", type_=sa.Integer))
    .order_by(_MEMBER.c.id)
)


@cache
def _door(_on_sqlite: bool, kind: str, one: bool, has_day: bool) -> sa.Select[Any]:
    """The meeting's door, once for each attendance that stands, or once without any."""
    meeting, came, device = table_of(Meeting), table_of(Attendance), table_of(Device)
    if kind:
        whose = came.c[kind] == sa.bindparam("whose", type_=sa.Integer) if one else among_those(came.c[kind], "whose")
    else:
        whose = sa.false()
    here = sa.and_(came.c.meeting_id == meeting.c.id, came.c.undone_at.is_(None), whose)
    return (
        sa.select(
            meeting.c.status,
            meeting.c.starts_at,
            (decided(OPENS_HOURS_BEFORE) if has_day else sa.null()).label("decided"),
            *(came.c[name] for name in _OF_STANDING),
            device.c.label,
        )
        .select_from(meeting.outerjoin(came, here).outerjoin(device, device.c.id == came.c.device_id))
        .where(meeting.c.id == sa.bindparam("meeting", type_=sa.Integer))
        .order_by(came.c.attended_at, came.c.id)
    )


_FIND_GUEST = (
    sa.select(*(_GUEST.c[name].label(f"guest_{name}") for name in _OF_PERSON), _INVITATION.c.id.label("invitation_id"))
    .select_from(
        _GUEST.outerjoin(
            _INVITATION,
            sa.and_(
                _INVITATION.c.guest_id == _GUEST.c.id,
                _INVITATION.c.meeting_id == sa.bindparam("meeting", type_=sa.Integer),
            ),
        )
    )
    .where(
        _GUEST.c.id == sa.bindparam("guest", type_=sa.Integer),
        _GUEST.c.area_id == sa.bindparam("commune", type_=sa.Integer),
    )
)


def _find_guest(meeting: MeetingAtDoor, guest_id: int) -> Invitee | None:
    """A guest of the meeting's commune; None otherwise."""
    row = run(_FIND_GUEST, {"meeting": meeting.id, "guest": guest_id, "commune": meeting.area_id}).first()
    if row is None:
        return None
    return Invitee(row.guest_full_name, meeting.id, guest=_guest(row), invitation_id=row.invitation_id)


# --- From rows to what they say -------------------------------------------------------------------


def _invitees(rows: Iterable[Any]) -> Iterator[Invitee]:
    for _id, members in groupby(rows, key=lambda row: row.id):
        yield _invitee(list(members))


def _invitee(rows: Sequence[Any]) -> Invitee:
    first = rows[0]
    code = KnownCode(first.meeting_id, first.withdrawn_at is not None)
    if first.guest_id is not None:
        guest = _guest(first)
        return Invitee(guest.full_name, first.meeting_id, None, guest, first.id, (), code, first.withdrawn_at)
    household = _household(rows)
    assert household is not None
    named = _named(rows) if first.names else ()
    name = named[0].full_name if named else name_of(household)
    return Invitee(name, first.meeting_id, household, None, first.id, named, code, first.withdrawn_at)


def _named(rows: Sequence[Any]) -> tuple[Person, ...]:
    """Whom the invitation names. Somebody named may have gone to another household since."""
    named = [row for row in rows if row.is_named]
    if len(named) < rows[0].names:
        named = list(run(_NAMED_FROM_ELSEWHERE, {"invitation": rows[0].id}))
    here = (row for row in named if row.member_left_on is None)
    return tuple(_member(row) for row in sorted(here, key=lambda row: row.member_id))


def _household(rows: Sequence[Any]) -> HouseholdAtDoor | None:
    if not rows:
        return None
    first = rows[0]
    return HouseholdAtDoor(
        first.household_id,
        first.household_code,
        first.hamlet_id,
        first.hamlet_path,
        first.household_poverty_class,
        first.household_ethnic_group,
        tuple(_member(row) for row in rows if row.member_id is not None),
    )


def _member(row: Any) -> Person:
    return Person(
        row.member_id,
        row.member_full_name,
        row.member_gender,
        row.member_ethnic_group,
        row.member_on_state_payroll,
        row.member_is_head,
    )


def _guest(row: Any) -> Person:
    return Person(
        row.guest_id, row.guest_full_name, row.guest_gender, row.guest_ethnic_group, row.guest_on_state_payroll
    )
