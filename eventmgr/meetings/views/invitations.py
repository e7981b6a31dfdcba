"""Who is invited to a meeting, and what came of telling each."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.access_log import note_view
from eventmgr.core.clock import now
from eventmgr.core.codes import spell_code
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import NotFound
from eventmgr.core.phone import masked_form, national_form
from eventmgr.meetings.invite_words import OUTCOMES
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.queries.audience import subject_of
from eventmgr.meetings.queries.invitations import InvitationFilter, get_invitation_in, invitation_page
from eventmgr.meetings.queries.meetings import get_meeting_visible_to
from eventmgr.meetings.services import inviting
from eventmgr.meetings.values import ContactResult
from eventmgr.meetings.views import bp
from eventmgr.messaging.models import Batch
from eventmgr.messaging.queries import batches_visible_to, get_batch_in
from eventmgr.messaging.words import KINDS


@bp.get("/meetings/<int:meeting_id>/invitations")
@requires(Permission.VIEW_RESIDENTS)
def invitations(meeting_id: int) -> str:
    """Who is invited, by which way, what they answered, and whether they are known to have been told; with a batch, those
    whom its texts have not reached."""
    permitted = scope(Permission.VIEW_RESIDENTS)
    meeting = get_meeting_visible_to(scope(Permission.VIEW_MEETINGS), meeting_id)
    wanted = request.args.get("show", InvitationFilter.ALL.value)
    if wanted not in set(InvitationFilter):
        raise NotFound
    chosen = InvitationFilter(wanted)
    after = request.args.get("after", type=int)
    batch = _batch_of(meeting, request.args.get("batch", type=int))
    page = invitation_page(permitted, meeting, chosen, batch_id=batch.id if batch else None, after=after)
    note_view(
        "invitations",
        record=f"meeting:{meeting.id}",
        area_id=meeting.area_id,
        shown=len(page.lines),
        filters={"show": chosen.value},
    )
    path = meeting.area.path
    may_invite = scope(Permission.INVITE).covers(path)
    shown_phone = national_form if scope(Permission.VIEW_PHONES) else masked_form
    here: dict[str, Any] = {"meeting_id": meeting.id, "show": chosen.value, "batch": batch.id if batch else None}
    return render_template(
        "meetings/invitations.html",
        meeting=meeting,
        page=page,
        chips=_chips(meeting.id, page.counts, chosen if batch is None else None),
        batch=batch,
        chosen=chosen,
        outcomes=OUTCOMES,
        sends=batches_visible_to(scope(Permission.VIEW_MESSAGES), subject=subject_of(meeting.id)),
        kinds=KINDS,
        may_invite=may_invite,
        may_record=bool(scope(Permission.RECORD_CONTACT)),
        can_be_invited=may_invite and inviting.why_closed(meeting, now()) is None,
        why_closed=inviting.why_closed(meeting, now()),
        shown_phone=shown_phone,
        may_call=bool(scope(Permission.VIEW_PHONES)),
        spell_code=spell_code,
        resident_page="resident.show",
        next_url=url_for("meetings.invitations", **here, after=page.after) if page.after else None,
        first_url=url_for("meetings.invitations", **here) if after is not None else None,
        meetings_url=url_for("meetings.index") if "meetings.index" in current_app.view_functions else None,
        meeting_url=url_for("meetings.show", meeting_id=meeting.id)
        if "meetings.show" in current_app.view_functions
        else None,
    )


@bp.post("/meetings/<int:meeting_id>/invitations/<int:invitation_id>/outcome")
@requires(Permission.RECORD_CONTACT)
def record_outcome(meeting_id: int, invitation_id: int) -> Response:
    """Somebody went or called: what came of it."""
    result = request.form.get("result", "")
    if result not in {known.value for known in OUTCOMES}:
        raise NotFound
    permitted = scope(Permission.RECORD_CONTACT)
    with unit_of_work():
        meeting = get_meeting_visible_to(permitted, meeting_id)
        invitation = get_invitation_in(permitted, meeting, invitation_id)
        inviting.record_outcome(invitation, ContactResult(result), by=current_user, now=now())
    flash(_("Noted: %(what)s.", what=OUTCOMES[ContactResult(result)]), "success")
    back: dict[str, Any] = {name: request.form.get(name) or None for name in ("show", "batch", "after")}
    return redirect(
        url_for("meetings.invitations", meeting_id=meeting_id, **back, _anchor=f"invitation-{invitation_id}")
    )


def _batch_of(meeting: Meeting, batch_id: int | None) -> Batch | None:
    if batch_id is None:
        return None
    batch = get_batch_in(scope(Permission.VIEW_MESSAGES), batch_id)
    if batch.subject != subject_of(meeting.id):
        raise NotFound
    return batch


def _chips(
    meeting_id: int, counts: dict[InvitationFilter, int], chosen: InvitationFilter | None
) -> list[dict[str, Any]]:
    labels = {
        InvitationFilter.ALL: _("All"),
        InvitationFilter.SMS: _("By text"),
        InvitationFilter.CALL: _("Call list"),
        InvitationFilter.PAPER: _("On paper"),
        InvitationFilter.NOT_REACHED: _("Not told yet"),
        InvitationFilter.COMING: _("Will come"),
    }
    return [
        {
            "label": label,
            "href": url_for("meetings.invitations", meeting_id=meeting_id, show=name.value),
            "active": name is chosen,
            "count": counts[name],
        }
        for name, label in labels.items()
    ]
