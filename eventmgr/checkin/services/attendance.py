"""How attendance comes to be. `record_scan` is the only way in: camera, typed code, list, search, paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _

from eventmgr.accounts.models import User
from eventmgr.checkin import queries
from eventmgr.checkin.door_book import DoorBook, Invitee, Standing, whose_key
from eventmgr.checkin.judging import KnownCode, Verdict, could_know, judge_door, judge_scan
from eventmgr.checkin.models import Attendance, Scan
from eventmgr.checkin.services.arrivals import Arrival, already, arrivals_of, earlier, expected_answer, sum_up
from eventmgr.checkin.services.keeping import attendance_row, first_answer, hold, keep, scan_row, stored_answer
from eventmgr.checkin.services.undoing import attendances_meant, drop_event, undo_attendance
from eventmgr.checkin.values import (
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
    corrected,
)
from eventmgr.core.db import adding, change_rows, db, insert_many_ignoring, insert_pair_ignoring, is_sqlite, run
from eventmgr.core.language import say_moment
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.values import MeetingStatus


@dataclass(frozen=True, slots=True)
class _Foreseen:
    """What an accepted event comes to, if nobody is quicker."""

    event: ScanEvent
    at: datetime
    invitee: Invitee
    arrivals: list[Arrival]
    result: ScanResult
    flag: str


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
        return [hold(meeting.id, event, keeper, now, clock_offset) for event in events]
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
        return hold(meeting.id, event, keeper, now, clock_offset)
    if verdict.answer is not Answer.OK or invitee is None:
        # Whom a phone without network let in all the same is settled by an officer.
        result = _refusal(book, event, keeper, verdict.answer, invitee)
        return keep(meeting.id, event, keeper, now, result, clock_offset, held=event.offline)[1]
    foreseen = _foresee(book, event, keeper, at, invitee, verdict.flag)
    if len(foreseen.arrivals) == 1 and not book.standing(invitee):
        return _record_newcomer(book, foreseen, keeper, now, clock_offset)
    scan_id, result = keep(meeting.id, event, keeper, now, foreseen.result, clock_offset, flag=foreseen.flag)
    if scan_id is None:
        return result  # a repeat: the first answer stands
    if _date_back(event, result.people, at):
        book.forget_standing()
    return _admit(book, foreseen, keeper, now, scan_id)


def _record_newcomer(
    book: DoorBook, foreseen: _Foreseen, keeper: Doorkeeper, now: datetime, clock_offset: timedelta
) -> ScanResult:
    """The usual case: somebody is let in by whom and of whom nobody has come yet. The event and the attendance are
    stored at once."""
    event, (arrival,) = foreseen.event, foreseen.arrivals
    scan_id, attendance_id = insert_pair_ignoring(
        Scan,
        scan_row(book.meeting.id, event, keeper, now, foreseen.result, clock_offset, flag=foreseen.flag),
        Attendance,
        attendance_row(book.meeting.id, event, keeper, foreseen.at, arrival),
        by="scan_id",
    )
    if scan_id is None:
        return first_answer(event, keeper)
    written = {} if attendance_id is None else {arrival.resident_id: attendance_id}
    return _admit(book, foreseen, keeper, now, scan_id, written)


def _foresee(
    book: DoorBook, event: ScanEvent, keeper: Doorkeeper, at: datetime, invitee: Invitee, flag: str
) -> _Foreseen:
    arrivals = arrivals_of(book.meeting, event, invitee)
    standing = book.standing(invitee)
    people = tuple(expected_answer(arrival, standing, at) for arrival in arrivals)
    result = ScanResult(
        event.event_id,
        sum_up(people),
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
        scan_row(book.meeting.id, one.event, keeper, now, one.result, clock_offset, flag=one.flag) for one in foreseen
    ]
    scan_ids = {row.event_id: row.id for row in insert_many_ignoring(Scan, scans, "id", "event_id")}
    kept = [(one, scan_ids[one.event.event_id]) for one in foreseen if one.event.event_id in scan_ids]
    rows = [
        attendance_row(book.meeting.id, one.event, keeper, one.at, arrival) | {"scan_id": scan_id}
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


# --- Letting in ---------------------------------------------------------------------------------


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
            row = attendance_row(book.meeting.id, foreseen.event, keeper, foreseen.at, arrival)
            new_id = run(adding(Attendance, is_sqlite()), row | {"scan_id": scan_id}).scalar()
        if new_id is None:
            overtaken = True
            book.forget_standing()
            before = earlier(arrival, book.standing(invitee))
            people.append(already(arrival, before) if before else replace(person, status=Answer.ALREADY))
        else:
            book.add(invitee, _came(arrival, new_id, foreseen.at, keeper))
            people.append(replace(person, attendance_id=new_id))
    final = replace(expected, people=tuple(people), status=sum_up(tuple(people)))
    if overtaken:
        run(sa.update(Scan).where(Scan.id == scan_id).values(answer=Answer(final.status), people=stored_answer(final)))
    return final


def _name_the_representative(standing: list[Standing], keeper: Doorkeeper, now: datetime) -> None:
    """Somebody of the household was let in without a name, and now names are ticked: the first name is that person's,
    or the household would be counted once too often."""
    for row in list(standing):
        if not (row.resident_id or row.guest_id or row.proxy_name or row.walk_in_name):
            undone = {"undone_by_id": keeper.user_id, "undone_source": keeper.source, "undo_reason": NAMED}
            run(sa.update(Attendance).where(Attendance.id == row.id).values(undone_at=now, **undone))
            standing.remove(row)


def _came(arrival: Arrival, attendance_id: int, at: datetime, keeper: Doorkeeper) -> Standing:
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


# --- Taking back at the door, and what phones without network could not know ----------------------


def _record_undo(
    meeting: MeetingAtDoor, event: ScanEvent, undo: Undo, keeper: Doorkeeper, now: datetime, clock_offset: timedelta
) -> ScanResult:
    """Store an event that takes back, and free the persons it is about."""
    if meeting.status is MeetingStatus.CLOSED:
        if event.offline:
            return hold(meeting.id, event, keeper, now, clock_offset)
        return keep(meeting.id, event, keeper, now, ScanResult(event.event_id, Answer.CLOSED), clock_offset)[1]
    rows = attendances_meant(meeting, undo, keeper)
    if rows is None:
        return keep(meeting.id, event, keeper, now, ScanResult(event.event_id, Answer.UNKNOWN), clock_offset)[1]
    standing = [row for row in rows if row.undone_at is None]
    freed = tuple(PersonAnswer(queries.name_on(row), Answer.OK, attendance_id=row.id) for row in standing)
    result = ScanResult(event.event_id, Answer.OK, people=freed)
    scan_id, result = keep(meeting.id, event, keeper, now, result, clock_offset)
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
