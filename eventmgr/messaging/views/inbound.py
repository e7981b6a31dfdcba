"""Texts that came in: those that wait for a person first."""

from __future__ import annotations

from uuid import uuid4

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.access_log import note_view
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import NotFound
from eventmgr.core.phone import InvalidPhone, masked_form, national_form, parse_phone
from eventmgr.core.text import clean_text
from eventmgr.messaging import inbound as service
from eventmgr.messaging.gateways.base import InboundSms
from eventmgr.messaging.models import InboundText
from eventmgr.messaging.views import bp
from eventmgr.messaging.words import WISHES_DONE


@bp.get("/inbound")
@requires(Permission.VIEW_MESSAGES)
def inbound() -> str:
    """What people wrote to the office's number, and what was done about it."""
    before = request.args.get("before", type=int)
    rows = service.inbound_texts(scope(Permission.VIEW_MESSAGES), before_id=before)
    if rows:
        note_view("inbound_texts", record="inbound_texts", area_id=rows[0].area_id, shown=len(rows))
    read = [row.id for row in rows if not row.to_read]
    return render_template(
        "messaging/inbound.html",
        rows=rows,
        done=WISHES_DONE,
        sender_of=_sender,
        next_url=url_for(".inbound", before=min(read)) if len(rows) == service.TEXTS_A_PAGE and read else None,
        previous_url=url_for(".inbound") if before is not None else None,
        simulated=current_app.config["SMS_GATEWAY"] == "simulator",
    )


def _sender(row: InboundText) -> str:
    if not row.sender.startswith("+"):
        return row.sender or _("number not known")
    sees = scope(Permission.VIEW_PHONES).covers(row.area.path)
    return national_form(row.sender) if sees else masked_form(row.sender)


@bp.post("/inbound/<int:inbound_id>/handled")
@requires(Permission.SEND_MESSAGES)
def inbound_handled(inbound_id: int) -> Response:
    """A person has seen to it."""
    with unit_of_work():
        service.mark_handled(
            service.get_inbound_in(scope(Permission.SEND_MESSAGES), inbound_id), by=current_user, now=now()
        )
    flash(_("Marked as dealt with."), "success")
    return redirect(url_for(".inbound"))


@bp.post("/simulator/reply")
@requires(Permission.SEND_MESSAGES)
def simulator_reply() -> Response:
    """A simulated phone writes back, so that this can be tried without an account."""
    if current_app.config["SMS_GATEWAY"] != "simulator":
        raise NotFound
    text = clean_text(request.form.get("text", ""))[:160]
    try:
        phone = parse_phone(request.form.get("phone", "")).e164
    except InvalidPhone as error:
        flash(error.message, "warning")
        return redirect(url_for(".simulator"))
    if not text:
        flash(_("Write what the phone answers."), "warning")
        return redirect(url_for(".simulator", phone=national_form(phone)))
    with unit_of_work():
        service.take_inbound(InboundSms(f"simulator:{uuid4().hex}", phone, text), now=now())
    flash(_("The office has the answer."), "success")
    return redirect(url_for(".inbound"))
