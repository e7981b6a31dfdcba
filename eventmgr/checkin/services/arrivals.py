"""Whom an accepted event lets in: the rows it asks for, each with the snapshot that later changes never touch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from eventmgr.checkin import queries
from eventmgr.checkin.door_book import HouseholdAtDoor, Invitee, Person, Standing
from eventmgr.checkin.values import (
    EARLIEST,
    Answer,
    MeetingAtDoor,
    Method,
    PersonAnswer,
    ScanEvent,
    WalkIn,
)
from eventmgr.core.text import clean_text, search_key
from eventmgr.residents.values import Gender, PovertyClass

KINH = frozenset({"kinh", "nguoi kinh", "viet"})
"""The majority's names, folded; every other ethnic group is a minority (Nghị định 05/2011/NĐ-CP, Điều 4)."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One row to be: whom it is about, and the snapshot that later changes never touch."""

    name: str
    household_id: int | None = None
    resident_id: int | None = None
    guest_id: int | None = None
    invitation_id: int | None = None
    walk_in_name: str = ""
    proxy_name: str = ""
    hamlet_id: int | None = None
    poverty_class: PovertyClass = PovertyClass.OTHER
    gender: Gender = Gender.UNKNOWN
    is_minority: bool | None = None
    on_state_payroll: bool = False


def arrivals_of(meeting: MeetingAtDoor, event: ScanEvent, invitee: Invitee) -> list[Arrival]:
    """The rows an accepted event asks for.

    A household comes as those who are ticked; if nobody is ticked, as those the invitation names when it names
    persons, else as one representative who is not named. Whoever comes instead of somebody is counted as the
    household's, not as the absent person.
    """
    if event.walk_in is not None:
        return [_walk_in_arrival(meeting, event.walk_in, invitee)]
    if invitee.guest is not None:
        return [_guest_arrival(invitee.guest, invitee, event)]
    assert invitee.household is not None
    representative = _household_arrival(invitee.household, invitee, event)
    if event.proxy_name and (event.household_id is None or not event.resident_ids):
        return [representative]
    if event.resident_ids:
        ticked = [member for member in invitee.household.members if member.id in event.resident_ids]
    elif event.code:
        ticked = list(invitee.named)
    else:
        ticked = []
    stand_in = [representative] if event.proxy_name else []
    persons = [
        replace(
            representative,
            name=member.full_name,
            proxy_name="",
            resident_id=member.id,
            gender=member.gender,
            is_minority=_is_minority(member.ethnic_group or invitee.household.ethnic_group),
            on_state_payroll=member.on_state_payroll,
        )
        for member in sorted(ticked, key=lambda member: member.id)
    ]
    return persons + stand_in or [representative]


def _walk_in_arrival(meeting: MeetingAtDoor, walk_in: WalkIn, invitee: Invitee) -> Arrival:
    """Somebody on no list; of a household if that was said, with what is on file of it."""
    name = clean_text(walk_in.name)[:200]
    if invitee.household is not None:
        of_household = _household_arrival(invitee.household, invitee, ScanEvent("", EARLIEST, Method.WALK_IN))
        return replace(of_household, name=name, walk_in_name=name, gender=walk_in.gender)
    hamlet_id = queries.find_hamlet_id(meeting, walk_in.hamlet_id)
    return Arrival(name, walk_in_name=name, hamlet_id=hamlet_id, gender=walk_in.gender)


def _household_arrival(household: HouseholdAtDoor, invitee: Invitee, event: ScanEvent) -> Arrival:
    proxy = clean_text(event.proxy_name)[:200]
    return Arrival(
        name=proxy or invitee.name,
        household_id=household.id,
        invitation_id=invitee.invitation_id,
        proxy_name=proxy,
        hamlet_id=household.hamlet_id,
        poverty_class=household.poverty_class,
        is_minority=_is_minority(household.ethnic_group),
    )


def _guest_arrival(guest: Person, invitee: Invitee, event: ScanEvent) -> Arrival:
    return Arrival(
        name=guest.full_name,
        guest_id=guest.id,
        invitation_id=invitee.invitation_id,
        proxy_name=clean_text(event.proxy_name)[:200],
        gender=guest.gender,
        is_minority=_is_minority(guest.ethnic_group),
        on_state_payroll=guest.on_state_payroll,
    )


def _is_minority(ethnic_group: str) -> bool | None:
    folded = search_key(ethnic_group)
    return folded not in KINH if folded else None


# --- Whether they have come before ----------------------------------------------------------------


def expected_answer(arrival: Arrival, standing: list[Standing], at: datetime) -> PersonAnswer:
    """What the door says of one person, if nobody is quicker."""
    before = earlier(arrival, standing)
    if before is None:
        return PersonAnswer(arrival.name, Answer.OK, first_scanned_at=at)
    return already(arrival, before)


def earlier(arrival: Arrival, standing: list[Standing]) -> Standing | None:
    """The standing attendance that makes this arrival a repeat. Anyone of the household has come: then a second
    representative without a name is a repeat too. Who is on no list is known again by the name, within a household."""
    if arrival.resident_id is not None:
        return next((row for row in standing if row.resident_id == arrival.resident_id), None)
    if arrival.guest_id is not None:
        return next((row for row in standing if row.guest_id == arrival.guest_id), None)
    if arrival.proxy_name or arrival.walk_in_name:
        folded = search_key(arrival.proxy_name or arrival.walk_in_name)
        named = (row for row in standing if row.resident_id is None)
        return next((row for row in named if search_key(row.proxy_name or row.walk_in_name) == folded), None)
    return next(iter(standing), None)


def already(arrival: Arrival, before: Standing) -> PersonAnswer:
    """That this person has come before: when, and by which device."""
    return PersonAnswer(
        arrival.name,
        Answer.ALREADY,
        first_scanned_at=before.attended_at,
        attendance_id=before.id,
        device=before.device,
    )


def sum_up(people: tuple[PersonAnswer, ...]) -> Answer:
    """The answer to an accepted event: ok as long as anybody of it is new."""
    return Answer.OK if any(person.status is Answer.OK for person in people) else Answer.ALREADY
