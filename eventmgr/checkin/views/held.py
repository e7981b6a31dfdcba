"""Events that wait for an officer: what they said, and the choice between taking and dropping them."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.checkin import queries
from eventmgr.checkin.services.settling import NobodyMeant, accept_scan, drop_scan
from eventmgr.checkin.values import Doorkeeper
from eventmgr.checkin.views import bp
from eventmgr.checkin.waiting import get_held_scan, waiting_scans
from eventmgr.checkin.words import WAITS_BECAUSE
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.access_log import note_view
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import NotFound
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.values import MeetingStatus


@bp.get("/meetings/<int:meeting_id>/check-in/held")
@requires(Permission.EDIT_MEETINGS)
def held(meeting_id: int) -> str:
    """The events that wait, as they happened."""
    meeting = _meeting(meeting_id)
    waiting = waiting_scans(meeting)
    note_view(
        "door_list",
        record=f"meeting:{meeting.id}",
        area_id=meeting.area_id,
        shown=len(waiting),
        filters={"held": True},
    )
    return render_template(
        "checkin/held.html",
        meeting=meeting,
        waiting=waiting,
        because=WAITS_BECAUSE,
        closed=meeting.status is MeetingStatus.CLOSED,
    )


@bp.post("/meetings/<int:meeting_id>/check-in/held")
@requires(Permission.EDIT_MEETINGS)
def settle(meeting_id: int) -> Response:
    """Take or drop one event, or take all that are ticked."""
    form = request.form
    one, dropped = form.get("accept", type=int), form.get("drop", type=int)
    if dropped is not None:
        _drop(meeting_id, dropped, form.get(f"reason-{dropped}", ""))
    else:
        chosen = [one] if one is not None else form.getlist("scan", type=int)
        if not chosen:
            flash(_("Tick what is to be accepted first."), "warning")
        _accept(meeting_id, chosen)
    return redirect(url_for(".held", meeting_id=meeting_id))


def _accept(meeting_id: int, chosen: list[int]) -> None:
    """Each is a unit of its own: one that names nobody does not hold up the others."""
    accepted = nameless = 0
    order = [waiting.id for waiting in waiting_scans(_meeting(meeting_id)) if waiting.id in chosen]
    for scan_id in order:
        try:
            with unit_of_work():
                meeting = _meeting(meeting_id)
                accept_scan(
                    meeting,
                    get_held_scan(meeting, scan_id),
                    by=current_user,
                    keeper=_keeper(),
                    now=now(),
                    name=request.form.get(f"name-{scan_id}", ""),
                )
            accepted += 1
        except NobodyMeant:
            nameless += 1
    if accepted:
        flash(ngettext("%(num)d accepted.", "%(num)d accepted.", accepted), "success")
    if nameless:
        flash(NobodyMeant().message, "warning")


def _drop(meeting_id: int, scan_id: int, reason: str) -> None:
    with unit_of_work():
        meeting = _meeting(meeting_id)
        drop_scan(meeting, get_held_scan(meeting, scan_id), reason=reason, by=current_user, now=now())
    flash(_("Dropped. The event stays on file with its reason."), "success")


def _keeper() -> Doorkeeper:
    return Doorkeeper(f"user:{current_user.id}", scope(Permission.EDIT_MEETINGS), user_id=current_user.id)


def _meeting(meeting_id: int) -> Meeting:
    """The meeting, if it is held by a commune of this officer's. Raises NotFound."""
    meeting = queries.get_meeting_at_door(_keeper(), meeting_id)
    if not scope(Permission.EDIT_MEETINGS).covers(meeting.area.path):
        raise NotFound
    return meeting
