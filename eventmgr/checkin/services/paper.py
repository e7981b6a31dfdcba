"""From paper to attendance and back: numbering the sheet, and writing down who signed it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from eventmgr.checkin.models import SheetLine
from eventmgr.checkin.services.attendance import record_scan
from eventmgr.checkin.sheet import SheetRow
from eventmgr.checkin.values import Doorkeeper, Method, ScanEvent, ScanResult, Signed, WalkIn
from eventmgr.core.db import db, locked
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.queries.papers import PaperChoice, invitations_to_print
from eventmgr.residents.models import Resident


@dataclass(frozen=True, slots=True)
class PaperEntry:
    """A signed line: how it was signed, and who came instead of the one named there, if somebody did."""

    row: SheetRow
    signed: Signed = Signed.SIGNATURE
    came_instead: str = ""


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
        ScanEvent(f"{form_id}:w{place}", at, Method.PAPER, walk_in=walk_in, signed=Signed.SIGNATURE)
        for place, walk_in in enumerate(walk_ins)
    ]
    return [record_scan(meeting, event, keeper=keeper, now=now) for event in events]


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
        signed=entry.signed,
    )
