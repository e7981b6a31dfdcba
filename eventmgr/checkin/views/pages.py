"""Pages of check-in: the board, one meeting's live board, and the scanner for phones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.areas.models import Area
from eventmgr.checkin import queries
from eventmgr.checkin.services.attendance import record_scan
from eventmgr.checkin.services.headcount import find_headcount
from eventmgr.checkin.services.pairing import HAMLET_DAYS
from eventmgr.checkin.services.self_check_in import find_self_check_in
from eventmgr.checkin.services.undoing import restore_attendance, undo_attendance
from eventmgr.checkin.values import Answer as Said
from eventmgr.checkin.values import Counts, Doorkeeper, Method, ScanEvent, WalkIn
from eventmgr.checkin.views import bp
from eventmgr.checkin.waiting import count_waiting, noted_scans
from eventmgr.checkin.words import FLAGS, describe_answer, name_of_device
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.access_log import note_view
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.text import clean_text
from eventmgr.meetings.models import Meeting

Answer = str | Response | tuple[str, int]

SHUT = (Said.NOT_OPEN, Said.CANCELLED_MEETING)
"""Answers after which somebody may be let in all the same, with a reason."""

WHO = ("code", "resident_id", "household_id", "guest_id", "name")
"""Fields that say who came."""


@dataclass(frozen=True, slots=True)
class DoorLine:
    """A meeting on the board."""

    meeting: Meeting
    counts: Counts


def keeper_at_desk() -> Doorkeeper:
    """Whoever is signed in, as somebody who lets people in."""
    return Doorkeeper(f"user:{current_user.id}", scope(Permission.CHECK_IN), user_id=current_user.id)


def meeting_at_desk(meeting_id: int) -> Meeting:
    """The meeting, if the signed-in person may let people in there. Raises NotFound."""
    return queries.get_meeting_at_door(keeper_at_desk(), meeting_id)


@bp.get("/check-in")
@requires(Permission.CHECK_IN)
def board() -> str:
    """Who is here? Today's meetings and the next ones."""
    keeper = keeper_at_desk()
    meetings = queries.meetings_at_door(keeper, now(), days=14)
    lines = [DoorLine(meeting, queries.counts_of(meeting, keeper.scope)) for meeting in meetings[:30]]
    return render_template("checkin/board.html", lines=lines)


@bp.get("/meetings/<int:meeting_id>/check-in")
@requires(Permission.CHECK_IN)
def meeting_board(meeting_id: int) -> str:
    """The live board of one meeting, with search and ticks for whoever sits at a PC."""
    meeting = meeting_at_desk(meeting_id)
    typed = clean_text(request.args.get("q", ""))
    reach = scope(Permission.CHECK_IN)
    found = queries.search_people(meeting, reach, typed)
    invitations = [] if typed else queries.invitations_at_door(meeting, reach)
    note_view(
        "door_list",
        record=f"meeting:{meeting.id}",
        area_id=meeting.area_id,
        shown=len(found) + len(invitations),
        filters={"searched": bool(typed)},
    )
    return render_template(
        "checkin/meeting_board.html",
        typed=typed,
        found=found,
        invitations=invitations,
        arrived=_arrived(meeting),
        devices=queries.devices_of(meeting),
        moment=now(),
        held=count_waiting(meeting),
        may_settle=scope(Permission.EDIT_MEETINGS).covers(meeting.area.path),
        hamlets_to_pair=hamlets_to_pair(meeting),
        may_pair_meeting=may_pair_for(meeting),
        hamlet_days=HAMLET_DAYS,
        scans_next="next" in request.args,
        new_event=lambda: str(uuid4()),
        name_of=queries.name_of,
        name_of_device=name_of_device,
        self_check_in=find_self_check_in(meeting),
        **_live_values(meeting),
    )


@bp.get("/meetings/<int:meeting_id>/check-in/live")
@requires(Permission.CHECK_IN)
def live(meeting_id: int) -> str:
    """The part of the board that keeps itself fresh."""
    return render_template("checkin/live.html", **_live_values(meeting_at_desk(meeting_id)))


def _live_values(meeting: Meeting) -> dict[str, Any]:
    reach = scope(Permission.CHECK_IN)
    return {
        "meeting": meeting,
        "counts": queries.counts_of(meeting, reach),
        "last": queries.last_attendances(meeting, reach),
        "name_on": queries.name_on,
        "noted": noted_scans(meeting, reach),
        "flags": FLAGS,
        "headcount": find_headcount(meeting),
        "poll_url": url_for("checkin.live", meeting_id=meeting.id),
    }


def hamlets_to_pair(meeting: Meeting) -> list[Area]:
    """The hamlets of the meeting for all of whose meetings this person may pair a phone."""
    reach = scope(Permission.CHECK_IN)
    return [hamlet for hamlet in meeting.hamlets if reach.covers(hamlet.path)]


def may_pair_for(meeting: Meeting) -> bool:
    """Whether a phone may be given the whole meeting: a hamlet head's reaches the own hamlet and no further."""
    return scope(Permission.CHECK_IN).covers(meeting.area.path)


def _arrived(meeting: Meeting) -> dict[str, set[int]]:
    rows = queries.who_came(meeting, scope(Permission.CHECK_IN))
    return {
        "households": {row[0] for row in rows if row[0]},
        "residents": {row[1] for row in rows if row[1]},
        "guests": {row[2] for row in rows if row[2]},
    }


@bp.post("/meetings/<int:meeting_id>/check-in/tick")
@requires(Permission.CHECK_IN)
def tick(meeting_id: int) -> Answer:
    """Somebody ticks a household, a person or a guest, types a code, or writes a name."""
    moment = now()
    event = _event_of_form(moment)
    if not (event.code or event.resident_ids or event.household_id or event.guest_id or event.walk_in):
        meeting_at_desk(meeting_id)
        flash(_("Write a code or a name first."), "warning")
        return redirect(url_for(".meeting_board", meeting_id=meeting_id))
    if event.let_in and not event.note:
        return _ask_why(meeting_at_desk(meeting_id), _("Write why people are let in now."), _who())
    with unit_of_work():
        result = record_scan(meeting_at_desk(meeting_id), event, keeper=keeper_at_desk(), now=moment)
    sentence, tone = describe_answer(result)
    if result.status in SHUT:
        return _ask_why(meeting_at_desk(meeting_id), sentence, _who())
    flash(sentence, tone)
    return redirect(url_for(".meeting_board", meeting_id=meeting_id))


def _event_of_form(moment: datetime) -> ScanEvent:
    form = request.form
    resident_id = form.get("resident_id", type=int)
    name = clean_text(form.get("name", ""))
    return ScanEvent(
        event_id=form.get("event_id", "")[:64] or str(uuid4()),
        scanned_at=moment,
        method=Method.TYPED if form.get("code") else Method.WALK_IN if name else Method.LIST,
        code=clean_text(form.get("code", ""))[:300],
        resident_ids=(resident_id,) if resident_id else (),
        household_id=form.get("household_id", type=int),
        guest_id=form.get("guest_id", type=int),
        walk_in=WalkIn(name[:200]) if name else None,
        let_in=form.get("let_in") == "1",
        note=clean_text(form.get("note", ""))[:200],
    )


def _who() -> dict[str, str]:
    return {name: request.form[name] for name in WHO if request.form.get(name)}


def _ask_why(meeting: Meeting, sentence: str, carried: dict[str, str]) -> tuple[str, int]:
    """The door is shut. Whoever stands there may open it all the same, and says why; `carried` is whom that lets in."""
    page = render_template(
        "checkin/shut.html", meeting=meeting, sentence=sentence, carried=carried, event_id=str(uuid4())
    )
    return page, 422


@bp.post("/meetings/<int:meeting_id>/check-in/find")
@requires(Permission.CHECK_IN)
def find(meeting_id: int) -> Answer:
    """The board's one field: a code or a scanned link checks in at once, as a USB scanner ends with Enter; anything
    else is looked for."""
    typed = clean_text(request.form.get("q", ""))[:300]
    meeting = meeting_at_desk(meeting_id)
    if not queries.is_meant_as_code(typed):
        return redirect(url_for(".meeting_board", meeting_id=meeting.id, q=typed or None))
    moment = now()
    event = ScanEvent(request.form.get("event_id", "")[:64] or str(uuid4()), moment, Method.TYPED, code=typed)
    with unit_of_work():
        result = record_scan(meeting_at_desk(meeting_id), event, keeper=keeper_at_desk(), now=moment)
    sentence, tone = describe_answer(result)
    if result.status in SHUT:
        return _ask_why(meeting_at_desk(meeting_id), sentence, {"code": typed})
    flash(sentence, tone)
    return redirect(url_for(".meeting_board", meeting_id=meeting_id, next=1))


@bp.post("/meetings/<int:meeting_id>/check-in/<int:attendance_id>/undo")
@requires(Permission.CHECK_IN)
def undo(meeting_id: int, attendance_id: int) -> Response:
    """Take an attendance back, or take that back."""
    with unit_of_work():
        row = queries.get_attendance_at(meeting_at_desk(meeting_id), attendance_id, scope(Permission.CHECK_IN))
        if request.form.get("restore"):
            restore_attendance(row, by=current_user, now=now())
        else:
            undo_attendance(row, by=current_user, reason=request.form.get("reason", ""), now=now())
    flash(_("Done."), "success")
    return redirect(url_for(".meeting_board", meeting_id=meeting_id))
