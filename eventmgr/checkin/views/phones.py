"""Phones at the door, for officers: paired by a QR or a link, listed on the board, revoked."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.areas.models import Area
from eventmgr.checkin import queries
from eventmgr.checkin.models import Device
from eventmgr.checkin.services.pairing import HAMLET_DAYS, MOST_HAMLET_DAYS, create_pairing, revoke_device
from eventmgr.checkin.views import bp
from eventmgr.checkin.views.pages import hamlets_to_pair, may_pair_for, meeting_at_desk
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import NotFound
from eventmgr.core.qr import qr_svg
from eventmgr.meetings.models import Meeting


@bp.post("/meetings/<int:meeting_id>/check-in/phones")
@requires(Permission.CHECK_IN)
def pair_phone(meeting_id: int) -> str:
    """A QR and a link that pair one phone; shown this once."""
    meeting = meeting_at_desk(meeting_id)
    days = request.form.get("days", HAMLET_DAYS, type=int)
    with unit_of_work():
        device, code = create_pairing(
            meeting,
            by=current_user,
            now=now(),
            label=request.form.get("label", ""),
            hamlet=_hamlet_wanted(meeting),
            days=min(max(days, 1), MOST_HAMLET_DAYS),
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


def _hamlet_wanted(meeting: Meeting) -> Area | None:
    wanted = request.form.get("hamlet", type=int)
    offered = hamlets_to_pair(meeting)
    if wanted is None and may_pair_for(meeting):
        return None
    for hamlet in offered:
        if wanted in (None, hamlet.id):
            return hamlet
    raise NotFound


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
