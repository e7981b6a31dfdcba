"""What is kept of a person at the door: shown to the person, and taken away. Every count stays as it was."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import joinedload

from eventmgr.areas.models import Area
from eventmgr.checkin.models import Attendance, Device, Scan
from eventmgr.core.access import below
from eventmgr.core.clock import local
from eventmgr.core.db import change_rows, db
from eventmgr.core.registry import Section, Subject, SubjectKind
from eventmgr.core.retention import RetentionRule
from eventmgr.core.text import search_key
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.residents.queries.erasing import Traces, holds_any, traces_of, without
from eventmgr.residents.rights import ERASED, erased_name


def erase(subject: Subject, _now: datetime) -> None:
    """The person's name leaves the attendances and the events at the door; the snapshots that figures are made of stay."""
    traces = traces_of(subject)
    own = _attendances_of(traces)
    folded = search_key(traces.name)
    for attendance in own:
        for field in ("walk_in_name", "proxy_name"):
            if folded and search_key(getattr(attendance, field)) == folded:
                setattr(attendance, field, erased_name(subject.id))
    for scan in _scans_about(traces, own):
        scan.people = without(scan.people, traces.words, ERASED)
        scan.told = without(scan.told, traces.words, ERASED)
        if any(word in scan.note for word in traces.words):
            scan.note = ""
        if traces.alone:
            scan.code = ""
            scan.told = scan.told and scan.told | {"code": ""}
    db.session.flush()


def _attendances_of(traces: Traces) -> list[Attendance]:
    theirs = traces.owns(Attendance)
    if traces.subject.kind is SubjectKind.RESIDENT:
        theirs = sa.or_(theirs, Attendance.resident_id == traces.subject.id)
    return list(db.session.scalars(sa.select(Attendance).where(theirs).options(joinedload(Attendance.meeting))))


def _scans_about(traces: Traces, own: list[Attendance]) -> list[Scan]:
    """The events that led to the household's or the guest's attendances, that read its codes, or that name the person
    at a meeting it was invited to or came to."""
    invited = sa.select(Invitation.meeting_id).where(traces.owns(Invitation))
    codes = sa.select(Invitation.code).where(traces.owns(Invitation))
    meetings = {attendance.meeting_id for attendance in own}
    named = sa.and_(
        sa.or_(Scan.meeting_id.in_(meetings), Scan.meeting_id.in_(invited)),
        sa.or_(
            holds_any(Scan.people, traces.words),
            holds_any(Scan.told, traces.words),
            *(Scan.note.contains(word, autoescape=True) for word in sorted(traces.words)),
        ),
    )
    led = Scan.id.in_([attendance.scan_id for attendance in own if attendance.scan_id])
    return list(db.session.scalars(sa.select(Scan).where(sa.or_(led, Scan.code.in_(codes), named))))


def export(subject: Subject) -> list[Section]:
    """To which meetings the person, or somebody for the household, came."""
    rows = [
        row
        for row in _attendances_of(traces_of(subject))
        if row.undone_at is None and (row.resident_id is None or row.resident_id == subject.id)
    ]
    return [
        Section(
            _("Attendances"),
            tuple(
                (
                    row.meeting.title,
                    f"{local(row.attended_at):%d/%m/%Y %H:%M}" + (f" ({row.proxy_name})" if row.proxy_name else ""),
                )
                for row in rows
            ),
        )
    ]


# --- How long -------------------------------------------------------------------------------------


def _past_meetings(path: str, before: datetime) -> sa.Select[int]:
    return sa.select(Meeting.id).join(Meeting.area).where(below(Area.path, path), Meeting.starts_at < before)


def _forget_codes_read(path: str, before: datetime, _now: datetime) -> int:
    """What still waits for an officer keeps its code; what was settled keeps nothing of what it said."""
    settled = sa.or_(Scan.held.is_(False), Scan.settled_at.is_not(None))
    kept = sa.or_(Scan.code != "", Scan.told.is_not(None))
    chosen = sa.and_(Scan.meeting_id.in_(_past_meetings(path, before)), settled, kept)
    return change_rows(sa.update(Scan).where(chosen).values(code="", told=None))


def _forget_devices(path: str, before: datetime, _now: datetime) -> int:
    chosen = sa.and_(
        Device.expires_at < before,
        sa.or_(Device.token_digest.is_not(None), Device.pairing_digest.is_not(None)),
        sa.or_(
            Device.meeting_id.in_(sa.select(Meeting.id).join(Meeting.area).where(below(Area.path, path))),
            Device.hamlet_id.in_(sa.select(Area.id).where(below(Area.path, path))),
        ),
    )
    return change_rows(sa.update(Device).where(chosen).values(token_digest=None, pairing_digest=None, label=""))


RETENTION = (
    RetentionRule(
        "codes_read",
        lazy_gettext("Codes as they were read at the door"),
        lazy_gettext("Needed while an attendance may be doubted; the attendance stays"),
        365,
        _forget_codes_read,
    ),
    RetentionRule(
        "paired_phones",
        lazy_gettext("Names and keys of paired phones, after they expired"),
        lazy_gettext("A phone that comes back late may still hand in what it holds; then no more"),
        180,
        _forget_devices,
    ),
)
