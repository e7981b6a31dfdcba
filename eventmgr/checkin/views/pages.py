"""Pages of check-in: the board, one meeting's live board, and the scanner for phones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from flask import current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.areas.models import Area
from eventmgr.checkin import queries
from eventmgr.checkin.models import Device
from eventmgr.checkin.services.attendance import record_scan, restore_attendance, undo_attendance
from eventmgr.checkin.services.pairing import create_pairing, revoke_device
from eventmgr.checkin.services.self_check_in import find_self_check_in
from eventmgr.checkin.values import Counts, Doorkeeper, Method, ScanEvent, WalkIn
from eventmgr.checkin.views import bp
from eventmgr.checkin.words import describe_answer
from eventmgr.core.access import Permission, may, public, requires, scope
from eventmgr.core.access_log import note_view
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import NotFound
from eventmgr.core.qr import qr_svg
from eventmgr.core.text import clean_text
from eventmgr.core.web import content_policy
from eventmgr.meetings.models import Meeting

READER = "vendor/zxing-wasm/reader/index.js"
"""The camera reader, fetched by npm: where that was not possible the rest of the scanner works."""


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
        held=queries.held_scans(meeting),
        new_event=lambda: str(uuid4()),
        name_of=queries.name_of,
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
        "poll_url": url_for("checkin.live", meeting_id=meeting.id),
    }


def _arrived(meeting: Meeting) -> dict[str, set[int]]:
    rows = queries.who_came(meeting)
    return {
        "households": {row[0] for row in rows if row[0]},
        "residents": {row[1] for row in rows if row[1]},
        "guests": {row[2] for row in rows if row[2]},
    }


@bp.post("/meetings/<int:meeting_id>/check-in/tick")
@requires(Permission.CHECK_IN)
def tick(meeting_id: int) -> Response:
    """Somebody ticks a household, a person or a guest, types a code, or writes a name."""
    form, moment = request.form, now()
    resident_id = form.get("resident_id", type=int)
    name = clean_text(form.get("name", ""))
    event = ScanEvent(
        event_id=form.get("event_id", "")[:64] or str(uuid4()),
        scanned_at=moment,
        method=Method.TYPED if form.get("code") else Method.WALK_IN if name else Method.LIST,
        code=clean_text(form.get("code", ""))[:300],
        resident_ids=(resident_id,) if resident_id else (),
        household_id=form.get("household_id", type=int),
        guest_id=form.get("guest_id", type=int),
        walk_in=WalkIn(name[:200]) if name else None,
        let_in=form.get("let_in") == "1",
    )
    if not (event.code or event.resident_ids or event.household_id or event.guest_id or event.walk_in):
        meeting_at_desk(meeting_id)
        flash(_("Write a code or a name first."), "warning")
        return redirect(url_for(".meeting_board", meeting_id=meeting_id))
    with unit_of_work():
        result = record_scan(meeting_at_desk(meeting_id), event, keeper=keeper_at_desk(), now=moment)
    sentence, tone = describe_answer(result)
    flash(sentence, tone)
    return redirect(url_for(".meeting_board", meeting_id=meeting_id))


@bp.post("/meetings/<int:meeting_id>/check-in/<int:attendance_id>/undo")
@requires(Permission.CHECK_IN)
def undo(meeting_id: int, attendance_id: int) -> Response:
    """Take an attendance back, or take that back."""
    with unit_of_work():
        row = queries.get_attendance_at(meeting_at_desk(meeting_id), attendance_id, scope(Permission.CHECK_IN))
        if request.form.get("restore"):
            restore_attendance(row, by=current_user, now=now())
        else:
            undo_attendance(row, by=current_user, device_id=None, reason=request.form.get("reason", ""), now=now())
    flash(_("Done."), "success")
    return redirect(url_for(".meeting_board", meeting_id=meeting_id))


# --- Phones ---------------------------------------------------------------------------------------


@bp.post("/meetings/<int:meeting_id>/check-in/phones")
@requires(Permission.CHECK_IN)
def pair_phone(meeting_id: int) -> str:
    """A QR and a link that pair one phone; shown this once."""
    meeting = meeting_at_desk(meeting_id)
    with unit_of_work():
        device, code = create_pairing(
            meeting,
            by=current_user,
            now=now(),
            label=request.form.get("label", ""),
            hamlet=_only_hamlet(meeting),
        )
    top = current_app.config["PUBLIC_URL"] or request.url_root.rstrip("/")
    link = f"{top}{url_for('.scanner')}#pair={code}"
    return render_template(
        "checkin/pairing.html",
        meeting=meeting,
        device=device,
        link=link,
        qr=qr_svg(link, _("QR code that pairs a phone")),
        secure=link.startswith("https://") or "//127.0.0.1" in link or "//localhost" in link,
    )


def _only_hamlet(meeting: Meeting) -> Area | None:
    """A hamlet head's phone reaches the own hamlet and not the whole meeting."""
    reach = scope(Permission.CHECK_IN)
    if reach.covers(meeting.area.path):
        return None
    own = next((hamlet for hamlet in meeting.hamlets if reach.covers(hamlet.path)), None)
    if own is None:
        raise NotFound
    return own


@bp.post("/meetings/<int:meeting_id>/check-in/phones/<int:device_id>/revoke")
@requires(Permission.CHECK_IN)
def revoke_phone(meeting_id: int, device_id: int) -> Response:
    """The phone may scan no more; what it still holds it may hand in."""
    with unit_of_work():
        device = _device(meeting_at_desk(meeting_id), device_id)
        revoke_device(device, by=current_user, now=now())
    flash(_("The phone is no longer paired. What it still holds waits for an officer when it is sent."), "success")
    return redirect(url_for(".meeting_board", meeting_id=meeting_id))


def _device(meeting: Meeting, device_id: int) -> Device:
    reach = scope(Permission.CHECK_IN)
    for device in queries.devices_of(meeting):
        path = device.hamlet.path if device.hamlet else meeting.area.path
        if device.id == device_id and reach.covers(path):
            return device
    raise NotFound


@bp.get("/checkin/")
@public
def scanner() -> Response:
    """The scanner: a page without anybody's data, which the phone fills by the API."""
    signed_in = current_user.is_authenticated and bool(scope(Permission.CHECK_IN))
    there = Path(current_app.static_folder or "", READER).is_file()
    reader = url_for("static", filename=READER) if there else ""
    # A hamlet head knows every face and begins with the list; an officer begins with the camera.
    opens = "scan" if may(Permission.EDIT_MEETINGS) else "list"
    response = make_response(render_template("checkin/scanner.html", signed_in=signed_in, reader=reader, opens=opens))
    response.headers["Content-Security-Policy"] = content_policy(script_src="'self' 'wasm-unsafe-eval'")
    return response
