"""From paper to attendance and back: numbering the sheet, and writing down who signed it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from eventmgr.checkin.models import Attendance, SheetLine
from eventmgr.checkin.services.attendance import record_scans
from eventmgr.checkin.sheet import SheetRow
from eventmgr.checkin.values import Answer, Doorkeeper, Method, ScanEvent, ScanResult, Signed, WalkIn
from eventmgr.core.audit import record_audit
from eventmgr.core.db import db, locked
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.queries.papers import PaperChoice, invitations_to_print
from eventmgr.residents.models import Resident


@dataclass(frozen=True, slots=True)
class PaperEntry:
    """A signed line: how it was signed, and who came instead of the one named there, if somebody did, and as what of
    the household."""

    row: SheetRow
    signed: Signed = Signed.SIGNATURE
    came_instead: str = ""
    relation: str = ""


def number_sheet(meeting: Meeting) -> None:
    """Give every standing invitation its lines: one for each person it names, else one. Lines once given stay; new
    ones come at the end, in walking order. Two who print at once get the same numbers."""
    db.session.execute(locked(sa.select(Meeting.id).where(Meeting.id == meeting.id), may_be_named=True))
    lines = db.session.execute(
        sa.select(
            SheetLine.number,
            sa.func.coalesce(Invitation.merged_into_id, Invitation.id),
            sa.func.coalesce(Resident.merged_into_id, Resident.id),
        )
        .join(SheetLine.invitation)
        .outerjoin(SheetLine.resident)
        .where(SheetLine.meeting_id == meeting.id)
    ).all()
    known = {(invitation_id, resident_id) for _number, invitation_id, resident_id in lines}
    number = max((line[0] for line in lines), default=0)
    for invitation in invitations_to_print(meeting, PaperChoice.ALL):
        named: list[int | None] = [member.resident_id for member in invitation.named]
        for resident_id in named or [None]:
            if (invitation.id, resident_id) not in known:
                number += 1
                db.session.add(
                    SheetLine(
                        meeting_id=meeting.id, number=number, invitation_id=invitation.id, resident_id=resident_id
                    )
                )
    db.session.flush()


def record_paper(
    meeting: Meeting,
    entries: Iterable[PaperEntry],
    walk_ins: Sequence[WalkIn],
    *,
    form_id: str,
    keeper: Doorkeeper,
    now: datetime,
) -> list[ScanResult]:
    """Write down who signed the sheet; the answers come in the order of the entries, then of the walk-ins.

    They count as having come when the meeting began. `form_id` is made with the form: sent twice, it changes nothing.
    """
    at = min(meeting.starts_at or now, now)
    events = [_signed_line(entry, f"{form_id}:{entry.row.line_id}", at) for entry in entries]
    events += [
        ScanEvent(event_id, at, Method.PAPER, walk_in=walk_in, signed=Signed.SIGNATURE)
        for event_id, walk_in in zip(_ids_of_names(form_id, walk_ins), walk_ins, strict=True)
    ]
    return record_scans(meeting, events, keeper=keeper, now=now)


def record_signatures(entries: Sequence[PaperEntry], results: Sequence[ScanResult], *, by: Any, now: datetime) -> int:
    """Write down how those signed who had been let in at the door; how many those were.

    `results` are the answers to the entries, in their order. What was written down before stays.
    """
    how = {
        person.attendance_id: entry.signed
        for entry, result in zip(entries, results, strict=False)
        for person in result.people
        if person.status is Answer.ALREADY and person.attendance_id is not None
    }
    rows = db.session.scalars(
        locked(sa.select(Attendance).where(Attendance.id.in_(how), Attendance.signed == Signed.NOT))
    ).all()
    for row in rows:
        row.signed = how[row.id]
        record_audit(
            "sign_attendance",
            f"attendance:{row.id}",
            by=by,
            now=now,
            area_id=row.hamlet_id,
            after={"signed": row.signed.value},
        )
    db.session.flush()
    return len(rows)


def _ids_of_names(form_id: str, walk_ins: Sequence[WalkIn]) -> list[str]:
    """An id for each name on the blank lines: the same form with another name is another person, and two people of one
    name are two."""
    met: Counter[WalkIn] = Counter()
    ids = []
    for walk_in in walk_ins:
        met[walk_in] += 1
        written = hashlib.sha256(repr((walk_in.name, walk_in.hamlet_id, str(walk_in.gender))).encode()).hexdigest()
        ids.append(f"{form_id}:w{written[:12]}.{met[walk_in]}")
    return ids


def _signed_line(entry: PaperEntry, event_id: str, at: datetime) -> ScanEvent:
    row = entry.row
    by_name = row.resident_id is not None and not entry.came_instead
    return ScanEvent(
        event_id,
        at,
        Method.PAPER,
        resident_ids=(row.resident_id,) if row.resident_id is not None and by_name else (),
        household_id=None if by_name else row.household_id,
        guest_id=row.guest_id,
        proxy_name=entry.came_instead,
        relation=entry.relation if entry.came_instead else "",
        signed=entry.signed,
    )
