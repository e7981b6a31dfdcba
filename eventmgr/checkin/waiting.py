"""Events that wait for an officer, and those worth a look: what they said, told so that somebody can decide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from eventmgr.accounts.models import User
from eventmgr.areas.models import Area
from eventmgr.checkin.models import Attendance, Device, Scan
from eventmgr.checkin.queries import name_of, name_on
from eventmgr.checkin.values import Answer, Method
from eventmgr.checkin.words import name_of_device
from eventmgr.core.access import Scope
from eventmgr.core.db import db
from eventmgr.core.errors import NotFound
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.residents.models import Guest, Household, Resident

NOTES_AT_MOST = 30
"""Flagged events the board lists: the latest."""


_WAITS = sa.and_(Scan.held, Scan.settled_at.is_(None))


@dataclass(frozen=True, slots=True)
class WaitingScan:
    """One event that waits. `why` is an Answer or "revoked_phone", "expired_phone"; `known`: somebody on file is meant.

    `device_at` is the time the device showed, `at` the one corrected by what its clock lacked.
    """

    id: int
    people: str
    code: str
    source: str
    device_at: datetime
    at: datetime
    why: str
    known: bool
    undoes: bool
    method: Method
    note: str = ""


@dataclass(frozen=True, slots=True)
class NotedScan:
    """An event that was taken, and that somebody should look at."""

    id: int
    people: str
    source: str
    at: datetime
    flag: str
    note: str = ""


def count_waiting(meeting: Meeting) -> int:
    """How many events of the meeting wait for an officer."""
    statement = sa.select(sa.func.count()).select_from(Scan).where(Scan.meeting_id == meeting.id, _WAITS)
    return db.session.scalar(statement) or 0


def meetings_with_waiting(scope: Scope, *, limit: int) -> list[tuple[int, str, int]]:
    """Meetings of the scope's communes at which events wait: id, title and how many; the latest meeting first."""
    return list(
        db.session.execute(
            sa.select(Meeting.id, Meeting.title, sa.func.count())
            .select_from(Scan)
            .join(Meeting, Meeting.id == Scan.meeting_id)
            .join(Area, Area.id == Meeting.area_id)
            .where(_WAITS, scope.within(Area.path))
            .group_by(Meeting.id, Meeting.title, Meeting.starts_at)
            .order_by(Meeting.starts_at.desc(), Meeting.id.desc())
            .limit(limit)
        )
    )


def waiting_scans(meeting: Meeting) -> list[WaitingScan]:
    """The events that wait, as they happened."""
    scans = db.session.scalars(sa.select(Scan).where(Scan.meeting_id == meeting.id, _WAITS)).all()
    undone = _Undone.of(meeting, scans)
    sources, people = _sources(scans), _People.of(meeting, [*scans, *undone.events.values()])
    told = [_waiting(scan, sources, people, undone) for scan in scans]
    return sorted(told, key=lambda one: (one.at, one.id))


def get_held_scan(meeting: Meeting, scan_id: int) -> Scan:
    """An event of this meeting that waits, or did. Raises NotFound."""
    scan = db.session.scalar(sa.select(Scan).where(Scan.id == scan_id, Scan.meeting_id == meeting.id, Scan.held))
    if scan is None:
        raise NotFound
    return scan


def noted_scans(meeting: Meeting, scope: Scope) -> list[NotedScan]:
    """What was let in though a rule said otherwise, or twice: the latest first, within the keeper's reach."""
    scans = db.session.scalars(
        sa.select(Scan)
        .where(Scan.meeting_id == meeting.id, Scan.flag != "")
        .order_by(Scan.received_at.desc(), Scan.id.desc())
        .limit(NOTES_AT_MOST)
    ).all()
    if not scope.covers(meeting.area.path):
        within = _households_within(scope, (_about(scan).get("household_id") for scan in scans))
        scans = [scan for scan in scans if _about(scan).get("household_id") in within]
    sources = _sources(scans)
    return [
        NotedScan(scan.id, _names(scan), sources.name_of(scan.source), scan.happened_at, scan.flag, scan.note)
        for scan in scans
    ]


def _waiting(scan: Scan, sources: _Sources, people: _People, undone: _Undone) -> WaitingScan:
    told = scan.told or {}
    meant = undone.meant(scan, people) if scan.undoes else people.meant(told)
    return WaitingScan(
        scan.id,
        people=", ".join(meant),
        code=str(told.get("code") or ""),
        source=sources.name_of(scan.source),
        device_at=scan.scanned_at,
        at=scan.happened_at,
        why=sources.why(scan),
        known=bool(meant) or scan.undoes,
        undoes=scan.undoes,
        method=scan.method,
        note=scan.note,
    )


# --- Who sent them --------------------------------------------------------------------------------


@dataclass(slots=True)
class _Sources:
    devices: dict[int, Device] = field(default_factory=dict)
    users: dict[int, str] = field(default_factory=dict)

    def name_of(self, source: str) -> str:
        device = self._device(source)
        if device is not None:
            return name_of_device(device)
        return self.users.get(_number(source, "user"), "")

    def why(self, scan: Scan) -> str:
        if scan.answer is not Answer.CLOSED:
            return scan.answer.value
        device = self._device(scan.source)
        if device is not None and device.revoked_at is not None and device.revoked_at <= scan.received_at:
            return "revoked_phone"
        if device is not None and device.good_until <= scan.received_at:
            return "expired_phone"
        return scan.answer.value

    def _device(self, source: str) -> Device | None:
        return self.devices.get(_number(source, "device"))


def device_id_of(source: str) -> int | None:
    """The phone a source names, if it names one."""
    return _number(source, "device") or None


def _number(source: str, kind: str) -> int:
    """The number in "device:3", if it is of this kind; else 0, which no row has."""
    word, _colon, number = source.partition(":")
    return int(number) if word == kind and number.isdecimal() else 0


def _sources(scans: Iterable[Scan]) -> _Sources:
    named = {scan.source for scan in scans}
    devices = {_number(source, "device") for source in named} - {0}
    users = {_number(source, "user") for source in named} - {0}
    found = db.session.scalars(sa.select(Device).where(Device.id.in_(devices)).options(joinedload(Device.meeting)))
    names = db.session.execute(sa.select(User.id, User.full_name).where(User.id.in_(users)))
    return _Sources({device.id: device for device in found}, dict(names.all()))


# --- Whom they name -------------------------------------------------------------------------------


@dataclass(slots=True)
class _People:
    """Names of those whom waiting events mean, of the meeting's own commune."""

    households: dict[int, str]
    residents: dict[int, str]
    guests: dict[int, str]
    codes: dict[str, str]

    @classmethod
    def of(cls, meeting: Meeting, scans: Iterable[Scan]) -> _People:
        told = [scan.told or {} for scan in scans]
        codes = {str(one["code"]) for one in told if one.get("code")}
        invited = db.session.scalars(
            sa.select(Invitation)
            .join(Meeting, Meeting.id == Invitation.meeting_id)
            .where(Invitation.code.in_(codes), Meeting.area_id == meeting.area_id)
            .options(joinedload(Invitation.guest), joinedload(Invitation.household).selectinload(Household.members))
        ).all()
        return cls(
            _household_names(meeting, {_household_of(one) for one in told}),
            _names_by_id(
                sa.select(Resident.id, Resident.full_name)
                .join(Resident.household)
                .where(
                    Resident.id.in_({number for one in told for number in _residents_of(one)}),
                    Household.commune_id == meeting.area_id,
                )
            ),
            _names_by_id(
                sa.select(Guest.id, Guest.full_name).where(
                    Guest.id.in_({one.get("guest_id") for one in told}), Guest.area_id == meeting.area_id
                )
            ),
            {row.code: row.guest.full_name if row.guest else name_of(row.household) for row in invited},  # type: ignore[arg-type]
        )

    def meant(self, told: dict[str, Any]) -> list[str]:
        """Whom an event means, by name: first who came themselves, else the household."""
        walk_in = told.get("walk_in") or {}
        persons = [self.residents.get(number) for number in told.get("resident_ids") or ()]
        named = [*filter(None, persons), *filter(None, (told.get("proxy_name"), walk_in.get("name")))]
        whole = (
            self.households.get(_household_of(told) or 0),
            self.guests.get(told.get("guest_id") or 0),
            self.codes.get(told.get("code") or ""),
        )
        return named or list(filter(None, whole))


@dataclass(slots=True)
class _Undone:
    """What waiting undos are about: earlier events of the same phones, or attendances."""

    events: dict[tuple[str, str], Scan]
    attendances: dict[int, str]

    @classmethod
    def of(cls, meeting: Meeting, scans: Iterable[Scan]) -> _Undone:
        undos = [_undo_of(scan) for scan in scans]
        events = db.session.scalars(
            sa.select(Scan).where(
                Scan.meeting_id == meeting.id, Scan.event_id.in_({undo.get("event_id") for undo in undos} - {None})
            )
        )
        rows = db.session.scalars(
            sa.select(Attendance)
            .where(
                Attendance.meeting_id == meeting.id,
                Attendance.id.in_({undo.get("attendance_id") for undo in undos} - {None}),
            )
            .options(
                joinedload(Attendance.resident),
                joinedload(Attendance.guest),
                joinedload(Attendance.household).selectinload(Household.members),
            )
        )
        return cls({(event.source, event.event_id): event for event in events}, {row.id: name_on(row) for row in rows})

    def meant(self, scan: Scan, people: _People) -> list[str]:
        """Whom an undo takes back, by name: the one it singles out, else all whom the earlier event let in."""
        undo = _undo_of(scan)
        one = people.residents.get(undo.get("resident_id") or 0)
        event = self.events.get((scan.source, str(undo.get("event_id"))))
        attendance = self.attendances.get(undo.get("attendance_id") or 0)
        if one or attendance:
            return [one or attendance or ""]
        if event is None:
            return []
        return people.meant(event.told or {}) or list(filter(None, [_names(event)]))


def _undo_of(scan: Scan) -> dict[str, Any]:
    return (scan.told or {}).get("undo") or {}


def _residents_of(told: dict[str, Any]) -> list[int]:
    one = (told.get("undo") or {}).get("resident_id")
    return [*(told.get("resident_ids") or ()), *([one] if one else [])]


def _household_of(told: dict[str, Any]) -> int | None:
    return told.get("household_id") or (told.get("walk_in") or {}).get("household_id")


def _household_names(meeting: Meeting, ids: Iterable[int | None]) -> dict[int, str]:
    rows = db.session.scalars(
        sa.select(Household)
        .where(Household.id.in_({number for number in ids if number}), Household.commune_id == meeting.area_id)
        .options(selectinload(Household.members))
    )
    return {household.id: name_of(household) for household in rows}


def _names_by_id(statement: sa.Select[int, str]) -> dict[int, str]:
    return dict(db.session.execute(statement).all())


def _households_within(scope: Scope, ids: Iterable[int | None]) -> set[int]:
    return set(
        db.session.scalars(
            sa.select(Household.id)
            .join(Area, Area.id == Household.hamlet_id)
            .where(Household.id.in_({number for number in ids if number}), scope.within(Area.path))
        )
    )


def _about(scan: Scan) -> dict[str, Any]:
    first = scan.people[0] if scan.people else {}
    return first if "hint" in first else {}


def _names(scan: Scan) -> str:
    return ", ".join(person["name"] for person in scan.people if person.get("name"))
