"""Keeping events and attendances: the rows as they are stored, and the first answer to an event that comes again."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from eventmgr.checkin.models import Attendance, Scan
from eventmgr.checkin.services.arrivals import Arrival
from eventmgr.checkin.values import HELD, Answer, Doorkeeper, PersonAnswer, ScanEvent, ScanResult
from eventmgr.core.codes import normalise_code
from eventmgr.core.db import adding, db, is_sqlite, run
from eventmgr.core.text import clean_text

_OF_ARRIVAL = tuple(field.name for field in fields(Arrival) if field.name != "name")


def attendance_row(
    meeting_id: int, event: ScanEvent, keeper: Doorkeeper, at: datetime, arrival: Arrival
) -> dict[str, Any]:
    """An attendance to be, as its table keeps it; but for the scan that it follows from."""
    return {name: getattr(arrival, name) for name in _OF_ARRIVAL} | {
        "meeting_id": meeting_id,
        "relation": clean_text(event.relation)[:80],
        "method": event.method,
        "signed": event.signed,
        "attended_at": at,
        "operator_id": keeper.user_id,
        "device_id": keeper.device_id,
        "undo_reason": "",
    }


def scan_row(
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
    """An event with its answer, as its table keeps it; `held` with all that it said, for an officer to settle."""
    return {
        "meeting_id": meeting_id,
        "source": keeper.source,
        "event_id": event.event_id,
        "code": (normalise_code(event.code) or event.code)[:80],  # one way of writing: erasing looks for it
        "method": event.method,
        "answer": Answer.CLOSED if result.status == HELD else Answer(result.status),
        "people": stored_answer(result),
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


def keep(
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
    row = scan_row(meeting_id, event, keeper, now, result, clock_offset, flag=flag, held=held)
    scan_id = run(adding(Scan, is_sqlite()), row).scalar()
    return (None, first_answer(event, keeper)) if scan_id is None else (scan_id, result)


def first_answer(event: ScanEvent, keeper: Doorkeeper) -> ScanResult:
    """What was said when this very event was stored."""
    first = db.session.execute(
        sa.select(Scan.id, Scan.answer, Scan.people, Scan.held).where(
            Scan.source == keeper.source, Scan.event_id == event.event_id
        )
    ).one()
    if first.held and first.answer is Answer.CLOSED:
        return ScanResult(event.event_id, HELD)
    return _restored(event.event_id, first.id, first.answer, first.people)


def hold(meeting_id: int, event: ScanEvent, keeper: Doorkeeper, now: datetime, clock_offset: timedelta) -> ScanResult:
    """Store the event for an officer, and tell the phone nothing but that."""
    return keep(meeting_id, event, keeper, now, ScanResult(event.event_id, HELD), clock_offset, held=True)[1]


def stored_answer(result: ScanResult) -> list[Any]:
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
