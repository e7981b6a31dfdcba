"""The attendance sheet on paper: printed before the meeting, written down after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import uuid4

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.checkin import queries
from eventmgr.checkin.services.headcount import find_headcount
from eventmgr.checkin.services.paper import PaperEntry, number_sheet, record_paper, record_signatures
from eventmgr.checkin.sheet import NumbersUnclear, SheetRow, read_numbers, sheet_rows
from eventmgr.checkin.values import Answer, ScanResult, Signed, WalkIn
from eventmgr.checkin.views import bp
from eventmgr.checkin.views.pages import keeper_at_desk, meeting_at_desk
from eventmgr.checkin.words import SIGNED, describe_answer
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.access_log import AccessKind, note_view, record_access
from eventmgr.core.clock import local_day, now
from eventmgr.core.db import unit_of_work
from eventmgr.core.settings import PAPER_SIGNER, setting
from eventmgr.core.text import clean_text
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.papers import paper_head
from eventmgr.meetings.values import MeetingStatus
from eventmgr.residents.values import Gender
from eventmgr.residents.words import GENDERS, POVERTY_CLASSES

BLANK_LINES = 8
"""Left on each hamlet's sheet for those who come uninvited."""

WALK_IN_LINES = 5
"""Offered at a time on the page that writes them down."""


@bp.get("/meetings/<int:meeting_id>/check-in/sheet")
@requires(Permission.CHECK_IN)
def sheet(meeting_id: int) -> str:
    """Danh sách đại biểu tham dự, ready to print and sign. The copy that is passed round says nothing of class or
    ethnic group; the office's copy does, for those who may see them."""
    meeting = meeting_at_desk(meeting_id)
    for_office = request.args.get("copy") == "office" and scope(Permission.VIEW_SENSITIVE).covers(meeting.area.path)
    with unit_of_work():
        number_sheet(meeting)
        rows = sheet_rows(meeting, scope(Permission.CHECK_IN))
        # Names leave the office on paper: who took them out is kept.
        record_access(
            AccessKind.EXPORT,
            "attendance_sheet",
            by=current_user,
            now=now(),
            record=f"meeting:{meeting.id}",
            area_id=meeting.area_id,
            shown=len(rows),
            filters={"copy": "office" if for_office else "hall"},
        )
    return render_template(
        "checkin/sheet.html",
        meeting=meeting,
        head=paper_head(meeting, setting(meeting.area.path, PAPER_SIGNER, local_day(now())), now=now()),
        sheets=_by_hamlet(rows),
        count=len(rows),
        blank_lines=BLANK_LINES,
        for_office=for_office,
        may_see_all=scope(Permission.VIEW_SENSITIVE).covers(meeting.area.path),
        classes=POVERTY_CLASSES,
    )


def _by_hamlet(rows: list[SheetRow]) -> list[tuple[str, list[SheetRow]]]:
    """Guests last, on a sheet of their own; numbers ascend on each."""
    sheets: dict[str, list[SheetRow]] = {}
    for row in rows:
        sheets.setdefault("" if row.guest_id else row.hamlet, []).append(row)
    guests = sheets.pop("", None)
    return [*sheets.items(), *([("", guests)] if guests else [])]


# --- Writing down who signed ----------------------------------------------------------------------


@dataclass(slots=True)
class Filled:
    """What stands in the form, as typed."""

    form_id: str = field(default_factory=lambda: str(uuid4()))
    numbers: str = ""
    numbers_error: str = ""
    ticked: set[int] = field(default_factory=set)
    signed: dict[int, Signed] = field(default_factory=dict)
    instead: dict[int, str] = field(default_factory=dict)
    relation: dict[int, str] = field(default_factory=dict)
    walk_ins: list[WalkIn] = field(default_factory=list)
    was_offered: bool = True  # every hamlet chosen is one of those the form offers


@bp.get("/meetings/<int:meeting_id>/check-in/paper")
@requires(Permission.CHECK_IN)
def paper(meeting_id: int) -> str:
    """The sheet's lines to be ticked off, as they were signed."""
    meeting = meeting_at_desk(meeting_id)
    with unit_of_work():
        number_sheet(meeting)
        rows = sheet_rows(meeting, scope(Permission.CHECK_IN))
    return _paper_page(meeting, rows, Filled())


@bp.post("/meetings/<int:meeting_id>/check-in/paper")
@requires(Permission.CHECK_IN)
def enter_paper(meeting_id: int) -> Response | str | tuple[str, int]:
    """Take in what was ticked, or nothing of it."""
    meeting = meeting_at_desk(meeting_id)
    rows = sheet_rows(meeting, scope(Permission.CHECK_IN))
    filled = _filled(meeting, rows)
    if not filled.was_offered:
        flash(_("A hamlet that is not this meeting's was chosen. Choose again."), "warning")
    if filled.numbers_error or not filled.was_offered:
        return _paper_page(meeting, rows, filled), 422
    entries = [
        PaperEntry(
            row,
            filled.signed.get(row.line_id, Signed.SIGNATURE),
            filled.instead.get(row.line_id, ""),
            filled.relation.get(row.line_id, ""),
        )
        for row in rows
        if row.line_id in filled.ticked
    ]
    if not entries and not filled.walk_ins:
        flash(_("Tick a line or write a name first."), "warning")
        return _paper_page(meeting, rows, filled), 422
    with unit_of_work():
        results = record_paper(
            meeting_at_desk(meeting_id),
            entries,
            filled.walk_ins,
            form_id=filled.form_id,
            keeper=keeper_at_desk(),
            now=now(),
        )
        signatures = record_signatures(entries, results, by=current_user, now=now())
    _say_what_came_of_it(results, signatures)
    return redirect(url_for(".paper", meeting_id=meeting_id))


def _paper_page(meeting: Meeting, rows: list[SheetRow], filled: Filled) -> str:
    note_view(
        "door_list",
        record=f"meeting:{meeting.id}",
        area_id=meeting.area_id,
        shown=len(rows),
        filters={"paper": True},
    )
    return render_template(
        "checkin/paper.html",
        meeting=meeting,
        rows=rows,
        filled=filled,
        signed=SIGNED,
        genders=GENDERS,
        walk_in_lines=max(WALK_IN_LINES, len(filled.walk_ins)),
        hamlets=meeting.hamlets,
        closed=meeting.status is MeetingStatus.CLOSED,
        counts=queries.counts_of(meeting, scope(Permission.CHECK_IN)),
        headcount=find_headcount(meeting),
        back="paper",
    )


def _filled(meeting: Meeting, rows: list[SheetRow]) -> Filled:
    form = request.form
    filled = Filled(form_id=clean_text(form.get("form_id", ""))[:40] or str(uuid4()))
    filled.ticked = set(form.getlist("line", type=int))
    for row in rows:
        how = form.get(f"signed-{row.line_id}", "")
        filled.signed[row.line_id] = Signed(how) if how in SIGNED else Signed.SIGNATURE
        filled.instead[row.line_id] = clean_text(form.get(f"instead-{row.line_id}", ""))[:200]
        filled.relation[row.line_id] = clean_text(form.get(f"relation-{row.line_id}", ""))[:80]
    filled.numbers = clean_text(form.get("numbers", ""))[:500]
    by_number = {row.number: row.line_id for row in rows}
    try:
        filled.ticked |= {by_number[number] for number in read_numbers(filled.numbers, by_number.keys())}
    except NumbersUnclear as unclear:
        filled.numbers_error = _(
            "“%(part)s” is not a row of this sheet. Write numbers and runs, such as 1-12, 14, 17.", part=unclear.part
        )
    offered = {"", *(str(hamlet.id) for hamlet in meeting.hamlets)}
    filled.was_offered = offered.issuperset(form.getlist("walk_in_hamlet"))
    filled.walk_ins = _walk_ins(offered)
    return filled


def _walk_ins(offered: set[str]) -> list[WalkIn]:
    form = request.form
    written = zip(
        form.getlist("walk_in_name"), form.getlist("walk_in_hamlet"), form.getlist("walk_in_gender"), strict=False
    )
    return [
        WalkIn(
            clean_text(name)[:200],
            int(hamlet) if hamlet and hamlet in offered else None,
            Gender(gender) if gender in set(Gender) else Gender.UNKNOWN,
        )
        for name, hamlet, gender in written
        if clean_text(name)
    ]


def _say_what_came_of_it(results: list[ScanResult], signatures: int) -> None:
    """How many were written down, who stood there already, and each refusal with its reason."""
    entered = sum(result.status == Answer.OK for result in results)
    already = sum(result.status == Answer.ALREADY for result in results)
    if entered:
        flash(ngettext("%(num)d written down.", "%(num)d written down.", entered), "success")
    if already:
        flash(ngettext("%(num)d stood there already.", "%(num)d stood there already.", already), "warning")
    if signatures:
        flash(ngettext("%(num)d signature added to them.", "%(num)d signatures added to them.", signatures), "success")
    refused = {describe_answer(result)[0] for result in results if result.status not in (Answer.OK, Answer.ALREADY)}
    for sentence in sorted(refused):
        flash(sentence, "warning")
