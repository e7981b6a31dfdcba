"""Events that wait: an officer accepts or drops them. Each is settled once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.checkin import queries
from eventmgr.checkin.door_book import find_invitee_by_code
from eventmgr.checkin.models import Scan
from eventmgr.checkin.services.attendance import record_scan
from eventmgr.checkin.services.undoing import FiguresClosed, attendances_meant, drop_event, undo_attendance
from eventmgr.checkin.values import (
    ACCEPTED_SOURCE,
    Answer,
    Doorkeeper,
    Method,
    ScanEvent,
    ScanResult,
    Settled,
    Signed,
    Undo,
    WalkIn,
)
from eventmgr.checkin.waiting import device_id_of
from eventmgr.core.audit import record_audit
from eventmgr.core.db import db, locked
from eventmgr.core.errors import RuleBroken
from eventmgr.core.text import clean_text
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.values import MeetingStatus
from eventmgr.residents.values import Gender


class NobodyMeant(RuleBroken):
    """Nobody on file is meant by the event: only a name lets the person in."""

    code = "nobody_meant"
    sentence = _("Nobody on file is meant by this. Write the name of who came, then accept it.")


def accept_scan(
    meeting: Meeting, scan: Scan, *, by: Any, keeper: Doorkeeper, now: datetime, name: str = ""
) -> ScanResult | None:
    """What waited counts, from the time it happened; None if it was settled before. `name`: who came, where nobody on
    file is meant. Raises FiguresClosed, NobodyMeant.
    """
    scan = _lock(scan)
    if scan.settled_at is not None:
        return None
    if meeting.status is MeetingStatus.CLOSED:
        raise FiguresClosed
    result = _take_back(meeting, scan, by, now) if scan.undoes else _let_in(meeting, scan, keeper, now, name)
    if result.status not in (Answer.OK, Answer.ALREADY):
        raise NobodyMeant
    _settle(scan, Settled.ACCEPTED, "", by=by, now=now, area_id=meeting.area_id)
    return result


def drop_scan(meeting: Meeting, scan: Scan, *, reason: str, by: Any, now: datetime) -> None:
    """What waited does not count. The event stays, with the reason."""
    scan = _lock(scan)
    if scan.settled_at is None:
        _settle(scan, Settled.DROPPED, reason, by=by, now=now, area_id=meeting.area_id)


def _lock(scan: Scan) -> Scan:
    return db.session.scalars(locked(sa.select(Scan).where(Scan.id == scan.id))).one()


def _settle(scan: Scan, how: Settled, reason: str, *, by: Any, now: datetime, area_id: int) -> None:
    scan.settled_at, scan.settled_how, scan.settle_reason = now, how.value, clean_text(reason)[:200]
    record_audit(
        "accept_scan" if how is Settled.ACCEPTED else "drop_scan",
        f"scan:{scan.id}",
        by=by,
        now=now,
        area_id=area_id,
        after={"reason": scan.settle_reason} if scan.settle_reason else None,
    )
    db.session.flush()


def _let_in(meeting: Meeting, scan: Scan, keeper: Doorkeeper, now: datetime, name: str) -> ScanResult:
    """As at the door, with the time of then: the officer's word opens it, whatever the code was worth."""
    event = replace(
        _event_of(scan),
        event_id=str(scan.id),
        scanned_at=scan.happened_at,
        list_at=None,
        offline=True,
        let_in=True,
    )
    by_name = clean_text(name)[:200]
    event = _by_name(event, by_name) if by_name else _whom_the_code_means(meeting, event, keeper)
    return record_scan(meeting, event, keeper=_as_accepted(scan, keeper), now=now)


def _as_accepted(scan: Scan, keeper: Doorkeeper) -> Doorkeeper:
    return replace(keeper, source=ACCEPTED_SOURCE, device_id=device_id_of(scan.source))


def _by_name(event: ScanEvent, name: str) -> ScanEvent:
    return replace(
        event,
        code="",
        resident_ids=(),
        household_id=None,
        guest_id=None,
        proxy_name="",
        walk_in=WalkIn(name, event.walk_in.hamlet_id if event.walk_in else None),
    )


def _whom_the_code_means(meeting: Meeting, event: ScanEvent, keeper: Doorkeeper) -> ScanEvent:
    """A code that is withdrawn or another meeting's still says who stood there: they come as if ticked."""
    invitee = find_invitee_by_code(event.code) if event.code else None
    if invitee is None or (invitee.meeting_id == meeting.id and invitee.withdrawn_at is None):
        return event
    if invitee.guest is not None:
        return replace(event, code="", guest_id=invitee.guest.id)
    assert invitee.household is not None
    return replace(event, code="", household_id=invitee.household.id)


def _take_back(meeting: Meeting, scan: Scan, by: Any, now: datetime) -> ScanResult:
    """An undo that waited is done now."""
    undo = _event_of(scan).undo
    whose = Doorkeeper(scan.source, queries.whole(meeting))
    rows = attendances_meant(meeting, undo, whose) if undo else None
    if undo is None or rows is None:
        return ScanResult(scan.event_id, Answer.OK)  # nothing to take back: as asked
    for row in rows:
        undo_attendance(row, by=by, reason=scan.note, now=now, keeper=whose)
    drop_event(meeting, undo, whose, reason=scan.note, now=now)
    return ScanResult(scan.event_id, Answer.OK)


def _event_of(scan: Scan) -> ScanEvent:
    """What the event said, from what was kept of it."""
    told: dict[str, Any] = dict(scan.told or {})
    walk_in, undo = told.get("walk_in"), told.get("undo")
    return ScanEvent(
        scan.event_id,
        scan.scanned_at,
        Method(told.get("method") or scan.method),
        code=told.get("code") or "",
        resident_ids=tuple(told.get("resident_ids") or ()),
        household_id=told.get("household_id"),
        guest_id=told.get("guest_id"),
        walk_in=WalkIn(**walk_in | {"gender": Gender(walk_in["gender"])}) if walk_in else None,
        undo=Undo(**undo) if undo else None,
        proxy_name=told.get("proxy_name") or "",
        relation=told.get("relation") or "",
        signed=Signed(told.get("signed") or Signed.NOT),
        note=scan.note,
    )
