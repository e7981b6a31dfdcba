"""How attendance comes to be. `record_scan` is the only way in: camera, typed code, list, search, paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from eventmgr.accounts.models import User
from eventmgr.checkin import queries
from eventmgr.checkin.door_book import DoorBook, HouseholdAtDoor, Invitee, Person, Standing, whose_key
from eventmgr.checkin.judging import KnownCode, Verdict, could_know, judge_door, judge_scan
from eventmgr.checkin.models import Attendance, Scan
from eventmgr.checkin.services.undoing import attendances_meant, drop_event, undo_attendance
from eventmgr.checkin.values import (
    EARLIEST,
    HELD,
    NAMED,
    TWO_PHONES,
    Answer,
    Doorkeeper,
    MeetingAtDoor,
    Method,
    PersonAnswer,
    ScanEvent,
    ScanResult,
    Undo,
    WalkIn,
    corrected,
)
from eventmgr.core.codes import normalise_code
from eventmgr.core.db import Base, change_rows, db, insert_ignoring, insert_many_ignoring, is_sqlite, run, table_of
from eventmgr.core.language import say_moment
from eventmgr.core.text import clean_text, search_key
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.values import MeetingStatus
from eventmgr.residents.values import Gender, PovertyClass

KINH = frozenset({"kinh", "nguoi kinh", "viet"})
"""The majority's names, folded; every other ethnic group is a minority (Nghị định 05/2011/NĐ-CP, Điều 4)."""


@dataclass(frozen=True, slots=True)
class _Arrival:
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


@dataclass(frozen=True, slots=True)
class _Foreseen:
    """What an accepted event comes to, if nobody is quicker."""

    event: ScanEvent
    at: datetime
    invitee: Invitee
    arrivals: list[_Arrival]
    result: ScanResult
    flag: str


_OF_ARRIVAL = tuple(field.name for field in fields(_Arrival) if field.name != "name")


def record_scan(
    meeting: Meeting | MeetingAtDoor,
    event: ScanEvent,
    *,
    keeper: Doorkeeper,
    now: datetime,
    clock_offset: timedelta = timedelta(),
) -> ScanResult:
    """Store one event with its answer, and the attendances that follow from it.

    A repeat of an event (same source, same event_id) gets the first answer and changes nothing. Every event is kept,
    refused ones too. `clock_offset` is what the device's clock lacks, as measured at this sync; the scan keeps the
    device's own time.
    """
    return record_scans(meeting, [event], keeper=keeper, now=now, clock_offset=clock_offset)[0]


def record_scans(
    meeting: Meeting | MeetingAtDoor,
    events: Sequence[ScanEvent],
    *,
    keeper: Doorkeeper,
    now: datetime,
    clock_offset: timedelta = timedelta(),
) -> list[ScanResult]:
    """As `record_scan`, of many events one after the other: what is on file about them is read at once."""
    if keeper.hands_in_only:
        return [_hold(meeting.id, event, keeper, now, clock_offset) for event in events]
    if not events:
        return []
    book = DoorBook(_at_door(meeting), keeper, events)
    answered = _record_first_comers(book, events, keeper, now, clock_offset) if len(events) > 1 else {}
    return [answered.get(event.event_id) or _record(book, event, keeper, now, clock_offset) for event in events]


def _at_door(meeting: Meeting | MeetingAtDoor) -> MeetingAtDoor:
    if isinstance(meeting, MeetingAtDoor):
        return meeting
    return MeetingAtDoor(meeting.id, meeting.area_id, meeting.area.path, meeting.status, meeting.starts_at)


def _record(book: DoorBook, event: ScanEvent, keeper: Doorkeeper, now: datetime, clock_offset: timedelta) -> ScanResult:
    meeting = book.meeting
    if event.undo is not None:
        book.forget_standing()
        return _record_undo(meeting, event, event.undo, keeper, now, clock_offset)
    at = corrected(event.scanned_at, clock_offset, now)
    invitee = book.find(event)
    verdict = _judge(book, event, invitee, keeper, at, now)
    if verdict.answer is Answer.CLOSED and (event.offline or event.let_in):
        return _hold(meeting.id, event, keeper, now, clock_offset)
    if verdict.answer is not Answer.OK or invitee is None:
        # Whom a phone without network let in all the same is settled by an officer.
        result = _refusal(book, event, keeper, verdict.answer, invitee)
        return _keep(meeting.id, event, keeper, now, result, clock_offset, held=event.offline)[1]
    foreseen = _foresee(book, event, keeper, at, invitee, verdict.flag)
    scan_id, result = _keep(meeting.id, event, keeper, now, foreseen.result, clock_offset, flag=foreseen.flag)
    if scan_id is None:
        return result  # a repeat: the first answer stands
    if _date_back(event, result.people, at):
        book.forget_standing()
    return _admit(book, foreseen, keeper, now, scan_id)


def _foresee(
    book: DoorBook, event: ScanEvent, keeper: Doorkeeper, at: datetime, invitee: Invitee, flag: str
) -> _Foreseen:
    arrivals = _arrivals(book.meeting, event, invitee)
    standing = book.standing(invitee)
    people = tuple(_expected_answer(arrival, standing, at) for arrival in arrivals)
    result = ScanResult(
        event.event_id,
        _sum_up(people),
        people=people,
        household=invitee.name,
        household_id=invitee.household.id if invitee.household else None,
    )
    flag = flag or _flag_of_two_doors(event, keeper, people, standing)
    return _Foreseen(event, at, invitee, arrivals, result, flag)


# --- A queue ------------------------------------------------------------------------------------


def _record_first_comers(
    book: DoorBook, events: Sequence[ScanEvent], keeper: Doorkeeper, now: datetime, clock_offset: timedelta
) -> dict[str, ScanResult]:
    """Store those events of a queue in two statements whose answer no other of them can change; by event_id.

    The answers to events that were stored before are not among them.
    """
    foreseen = list(_first_comers(book, events, keeper, now, clock_offset))
    if not foreseen:
        return {}
    scans = [
        _scan_row(book.meeting.id, one.event, keeper, now, one.result, clock_offset, flag=one.flag) for one in foreseen
    ]
    scan_ids = {row.event_id: row.id for row in insert_many_ignoring(Scan, scans, "id", "event_id")}
    kept = [(one, scan_ids[one.event.event_id]) for one in foreseen if one.event.event_id in scan_ids]
    rows = [
        _attendance_row(book.meeting.id, one.event, keeper, one.at, arrival, scan_id)
        for one, scan_id in kept
        for arrival in one.arrivals
    ]
    ids: dict[int, dict[int | None, int]] = {scan_id: {} for _one, scan_id in kept}
    for row in insert_many_ignoring(Attendance, rows, "id", "scan_id", "resident_id"):
        ids[row.scan_id][row.resident_id] = row.id
    return {one.event.event_id: _admit(book, one, keeper, now, scan_id, ids[scan_id]) for one, scan_id in kept}


def _first_comers(
    book: DoorBook, events: Sequence[ScanEvent], keeper: Doorkeeper, now: datetime, clock_offset: timedelta
) -> Iterator[_Foreseen]:
    """What comes of the events that let in a household, or a guest by code, of which nobody has come yet and which no
    other event is about."""
    if any(event.undo is not None for event in events):
        return  # it may be about any of them
    about = [(event, book.find(event)) for event in events if event.guest_id is None]
    same_id = Counter(event.event_id for event in events)
    same_people = Counter(whose for _event, invitee in about if invitee and (whose := whose_key(invitee)))
    same_people.update(("guest_id", event.guest_id) for event in events if event.guest_id is not None)
    for event, invitee in about:
        whose = whose_key(invitee) if invitee else None
        if invitee is None or invitee.meeting_id != book.meeting.id or book.standing(invitee):
            continue
        if whose is None or same_people[whose] > 1 or same_id[event.event_id] > 1:
            continue
        at = corrected(event.scanned_at, clock_offset, now)
        verdict = _judge(book, event, invitee, keeper, at, now)
        if verdict.answer is Answer.OK:
            yield _foresee(book, event, keeper, at, invitee, verdict.flag)


# --- Who is meant -------------------------------------------------------------------------------


def _judge(
    book: DoorBook, event: ScanEvent, invitee: Invitee | None, keeper: Doorkeeper, at: datetime, now: datetime
) -> Verdict:
    """Online the server's clock decides whether the door is open; a phone without network judged by its own."""
    door = book.door(at)
    moment = at if event.offline else now
    if event.code:
        code = _code_on_file(book.meeting, event, invitee, keeper, moment)
        return judge_scan(door, code, moment, offline=event.offline, let_in=event.let_in)
    if invitee is None:
        return Verdict(Answer.UNKNOWN)
    return judge_door(door, moment, offline=event.offline, let_in=event.let_in)


def _code_on_file(
    meeting: MeetingAtDoor, event: ScanEvent, invitee: Invitee | None, keeper: Doorkeeper, at: datetime
) -> KnownCode | None:
    """What the keeper may be told of a code: another meeting's, where it may not know of that meeting, is nobody's."""
    known = invitee.known_code if invitee else None
    if invitee is None or known is None:
        return None
    if known.meeting_id != meeting.id:
        return known if queries.find_known_meeting(known.meeting_id, keeper) else None
    if invitee.withdrawn_at is None:
        return known
    return replace(known, could_know=could_know(invitee.withdrawn_at, list_at=event.list_at, at=at))


def _refusal(
    book: DoorBook, event: ScanEvent, keeper: Doorkeeper, answer: Answer, invitee: Invitee | None
) -> ScanResult:
    """What a refused event is told. A household that the keeper may see is named, so that it can be let in by a tap."""
    household = invitee.household if invitee else None
    seen = household if household is not None and keeper.scope.covers(household.hamlet_path) else None
    return ScanResult(
        event.event_id,
        answer,
        household=invitee.name if invitee and seen else "",
        household_id=seen.id if seen else None,
        hint=_hint(book, answer, invitee, keeper),
    )


def _hint(book: DoorBook, answer: Answer, invitee: Invitee | None, keeper: Doorkeeper) -> str:
    if answer is Answer.OTHER_MEETING and invitee is not None:
        other = queries.find_known_meeting(invitee.meeting_id, keeper)
        if other is None:
            return ""
        return f"{other.title}, {say_moment(other.starts_at)}" if other.starts_at else other.title
    if answer is Answer.NOT_OPEN and book.opens_at is not None:
        return _("Opens at %(moment)s.", moment=say_moment(book.opens_at))
    return ""


def _arrivals(meeting: MeetingAtDoor, event: ScanEvent, invitee: Invitee) -> list[_Arrival]:
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


def _walk_in_arrival(meeting: MeetingAtDoor, walk_in: WalkIn, invitee: Invitee) -> _Arrival:
    """Somebody on no list; of a household if that was said, with what is on file of it."""
    name = clean_text(walk_in.name)[:200]
    if invitee.household is not None:
        of_household = _household_arrival(invitee.household, invitee, ScanEvent("", EARLIEST, Method.WALK_IN))
        return replace(of_household, name=name, walk_in_name=name, gender=walk_in.gender)
    hamlet_id = queries.find_hamlet_id(meeting, walk_in.hamlet_id)
    return _Arrival(name, walk_in_name=name, hamlet_id=hamlet_id, gender=walk_in.gender)


def _household_arrival(household: HouseholdAtDoor, invitee: Invitee, event: ScanEvent) -> _Arrival:
    proxy = clean_text(event.proxy_name)[:200]
    return _Arrival(
        name=proxy or invitee.name,
        household_id=household.id,
        invitation_id=invitee.invitation_id,
        proxy_name=proxy,
        hamlet_id=household.hamlet_id,
        poverty_class=household.poverty_class,
        is_minority=_is_minority(household.ethnic_group),
    )


def _guest_arrival(guest: Person, invitee: Invitee, event: ScanEvent) -> _Arrival:
    return _Arrival(
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


# --- Keeping it ---------------------------------------------------------------------------------


def _expected_answer(arrival: _Arrival, standing: list[Standing], at: datetime) -> PersonAnswer:
    before = _earlier(arrival, standing)
    if before is None:
        return PersonAnswer(arrival.name, Answer.OK, first_scanned_at=at)
    return _already(arrival, before)


def _earlier(arrival: _Arrival, standing: list[Standing]) -> Standing | None:
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


def _already(arrival: _Arrival, before: Standing) -> PersonAnswer:
    return PersonAnswer(
        arrival.name,
        Answer.ALREADY,
        first_scanned_at=before.attended_at,
        attendance_id=before.id,
        device=before.device,
    )


def _sum_up(people: tuple[PersonAnswer, ...]) -> Answer:
    return Answer.OK if any(person.status is Answer.OK for person in people) else Answer.ALREADY


def _admit(
    book: DoorBook,
    foreseen: _Foreseen,
    keeper: Doorkeeper,
    now: datetime,
    scan_id: int,
    written: Mapping[int | None, int] | None = None,
) -> ScanResult:
    """Write the attendances, or take them as `written` already, by resident. The partial unique keys have the last word
    when two phones came at once."""
    invitee, expected = foreseen.invitee, foreseen.result
    people: list[PersonAnswer] = []
    overtaken = False
    for arrival, person in zip(foreseen.arrivals, expected.people, strict=True):
        if person.status is not Answer.OK:
            people.append(person)
            continue
        if arrival.resident_id is not None or arrival.proxy_name or arrival.walk_in_name:
            _name_the_representative(book.standing(invitee), keeper, now)
        if written is not None:
            new_id = written.get(arrival.resident_id)
        else:
            row = _attendance_row(book.meeting.id, foreseen.event, keeper, foreseen.at, arrival, scan_id)
            new_id = run(_adding(Attendance, is_sqlite()), row).scalar()
        if new_id is None:
            overtaken = True
            book.forget_standing()
            before = _earlier(arrival, book.standing(invitee))
            people.append(_already(arrival, before) if before else replace(person, status=Answer.ALREADY))
        else:
            book.add(invitee, _came(arrival, new_id, foreseen.at, keeper))
            people.append(replace(person, attendance_id=new_id))
    final = replace(expected, people=tuple(people), status=_sum_up(tuple(people)))
    if overtaken:
        run(sa.update(Scan).where(Scan.id == scan_id).values(answer=Answer(final.status), people=_stored(final)))
    return final


def _name_the_representative(standing: list[Standing], keeper: Doorkeeper, now: datetime) -> None:
    """Somebody of the household was let in without a name, and now names are ticked: the first name is that person's,
    or the household would be counted once too often."""
    for row in list(standing):
        if not (row.resident_id or row.guest_id or row.proxy_name or row.walk_in_name):
            undone = {"undone_by_id": keeper.user_id, "undone_source": keeper.source, "undo_reason": NAMED}
            run(sa.update(Attendance).where(Attendance.id == row.id).values(undone_at=now, **undone))
            standing.remove(row)


def _came(arrival: _Arrival, attendance_id: int, at: datetime, keeper: Doorkeeper) -> Standing:
    return Standing(
        attendance_id,
        at,
        arrival.household_id,
        arrival.resident_id,
        arrival.guest_id,
        arrival.proxy_name,
        arrival.walk_in_name,
        keeper.user_id,
        keeper.device_id,
        keeper.label,
    )


def _attendance_row(
    meeting_id: int, event: ScanEvent, keeper: Doorkeeper, at: datetime, arrival: _Arrival, scan_id: int
) -> dict[str, Any]:
    return {name: getattr(arrival, name) for name in _OF_ARRIVAL} | {
        "meeting_id": meeting_id,
        "scan_id": scan_id,
        "relation": clean_text(event.relation)[:80],
        "method": event.method,
        "signed": event.signed,
        "attended_at": at,
        "operator_id": keeper.user_id,
        "device_id": keeper.device_id,
        "undo_reason": "",
    }


@cache
def _adding(model: type[Base], _on_sqlite: bool) -> Any:
    """Add a row unless a unique key already holds, and tell its id."""
    return insert_ignoring(model).returning(table_of(model).c.id)


def _scan_row(
    meeting_id: int,
    event: ScanEvent,
    keeper: Doorkeeper,
    now: datetime,
    result: ScanResult,
    clock_offset: timedelta,
    *,
    flag: str = "",
    held: bool = False,
) -> dict[str, Any]:
    return {
        "meeting_id": meeting_id,
        "source": keeper.source,
        "event_id": event.event_id,
        "code": (normalise_code(event.code) or event.code)[:80],  # one way of writing: erasing looks for it
        "method": event.method,
        "answer": Answer.CLOSED if result.status == HELD else Answer(result.status),
        "people": _stored(result),
        "scanned_at": event.scanned_at,
        "received_at": now,
        "offline": event.offline,
        "held": held,
        "note": clean_text(event.note)[:200],
        "flag": flag,
        "told": _told(event) if held else None,
        "clock_offset_ms": round(clock_offset / timedelta(milliseconds=1)),
        "undoes": event.undo is not None,
    }


def _keep(
    meeting_id: int,
    event: ScanEvent,
    keeper: Doorkeeper,
    now: datetime,
    result: ScanResult,
    clock_offset: timedelta,
    *,
    flag: str = "",
    held: bool = False,
) -> tuple[int | None, ScanResult]:
    """Store the event. None and the first answer if this very event was stored before."""
    row = _scan_row(meeting_id, event, keeper, now, result, clock_offset, flag=flag, held=held)
    scan_id = run(_adding(Scan, is_sqlite()), row).scalar()
    if scan_id is not None:
        return scan_id, result
    first = db.session.execute(
        sa.select(Scan.id, Scan.answer, Scan.people, Scan.held).where(
            Scan.source == keeper.source, Scan.event_id == event.event_id
        )
    ).one()
    if first.held and first.answer is Answer.CLOSED:
        return None, ScanResult(event.event_id, HELD)
    return None, _restored(event.event_id, first.id, first.answer, first.people)


def _hold(meeting_id: int, event: ScanEvent, keeper: Doorkeeper, now: datetime, clock_offset: timedelta) -> ScanResult:
    return _keep(meeting_id, event, keeper, now, ScanResult(event.event_id, HELD), clock_offset, held=True)[1]


def _stored(result: ScanResult) -> list[Any]:
    """What is kept of an answer, to repeat it. A scan is stored before its attendances have their ids."""
    about = {"household": result.household, "household_id": result.household_id, "hint": result.hint}
    return [about] + [
        {
            "name": person.name,
            "status": person.status,
            "first_scanned_at": person.first_scanned_at.isoformat() if person.first_scanned_at else None,
            "attendance_id": person.attendance_id,
            "device": person.device,
        }
        for person in result.people
    ]


def _restored(event_id: str, scan_id: int, answer: Answer, stored: list[Any]) -> ScanResult:
    """The first answer. Those whom it let in stand in their order as the attendances of the scan."""
    about, *people = stored
    let_in = iter(db.session.scalars(sa.select(Attendance.id).where(Attendance.scan_id == scan_id).order_by("id")))
    return ScanResult(
        event_id,
        answer,
        people=tuple(
            PersonAnswer(
                person["name"],
                Answer(person["status"]),
                datetime.fromisoformat(person["first_scanned_at"]) if person["first_scanned_at"] else None,
                person["attendance_id"] or (next(let_in, None) if person["status"] == Answer.OK else None),
                person["device"],
            )
            for person in people
        ),
        **about,
    )


def _told(event: ScanEvent) -> dict[str, Any]:
    """What a held event said, so that an officer can accept it later."""
    told = asdict(event)
    told["scanned_at"] = event.scanned_at.isoformat()
    told["list_at"] = event.list_at.isoformat() if event.list_at else None
    told["code"] = normalise_code(event.code) or event.code
    return told


# --- Taking back at the door, and what phones without network could not know ----------------------


def _record_undo(
    meeting: MeetingAtDoor, event: ScanEvent, undo: Undo, keeper: Doorkeeper, now: datetime, clock_offset: timedelta
) -> ScanResult:
    """Store an event that takes back, and free the persons it is about."""
    if meeting.status is MeetingStatus.CLOSED:
        if event.offline:
            return _hold(meeting.id, event, keeper, now, clock_offset)
        return _keep(meeting.id, event, keeper, now, ScanResult(event.event_id, Answer.CLOSED), clock_offset)[1]
    rows = attendances_meant(meeting, undo, keeper)
    if rows is None:
        return _keep(meeting.id, event, keeper, now, ScanResult(event.event_id, Answer.UNKNOWN), clock_offset)[1]
    standing = [row for row in rows if row.undone_at is None]
    freed = tuple(PersonAnswer(queries.name_on(row), Answer.OK, attendance_id=row.id) for row in standing)
    result = ScanResult(event.event_id, Answer.OK, people=freed)
    scan_id, result = _keep(meeting.id, event, keeper, now, result, clock_offset)
    if scan_id is None:
        return result
    by = db.session.get(User, keeper.user_id) if keeper.user_id else None
    for row in standing:
        undo_attendance(row, by=by, reason=event.note, now=now, keeper=keeper)
    drop_event(meeting, undo, keeper, reason=event.note, now=now)
    return result


def _flag_of_two_doors(
    event: ScanEvent, keeper: Doorkeeper, people: tuple[PersonAnswer, ...], standing: list[Standing]
) -> str:
    """A phone without network let in somebody whom another door had let in: one attendance, and a note."""
    repeats = {person.attendance_id for person in people if person.status is Answer.ALREADY}
    ours = (keeper.device_id, None if keeper.device_id else keeper.user_id)
    elsewhere = any(
        row.id in repeats and (row.device_id, None if row.device_id else row.operator_id) != ours for row in standing
    )
    return TWO_PHONES if event.offline and elsewhere else ""


def _date_back(event: ScanEvent, people: tuple[PersonAnswer, ...], at: datetime) -> bool:
    """Order is by scan time, not by arrival: an earlier scan that arrives later is when the person came. What is
    written down from paper has no time of its own. Whether anything changed."""
    if event.method is Method.PAPER:
        return False
    earlier = [
        person.attendance_id
        for person in people
        if person.attendance_id and person.first_scanned_at and person.first_scanned_at > at
    ]
    if earlier:
        change_rows(
            sa.update(Attendance).where(Attendance.id.in_(earlier), Attendance.attended_at > at).values(attended_at=at)
        )
    return bool(earlier)
