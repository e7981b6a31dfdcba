"""What gateways tell us over HTTP. Open to the world, so each request must prove where it comes from."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, abort, current_app, request

from eventmgr.core.access import public
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.extensions import csrf
from eventmgr.messaging import receipts
from eventmgr.messaging.gateways import twilio
from eventmgr.messaging.inbound import take_inbound
from eventmgr.messaging.sender import sender_of

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")
csrf.exempt(bp)  # the signature is the proof

logger = logging.getLogger(__name__)


@bp.post("/twilio/status/<public_id>")
@public
def twilio_status(public_id: str) -> Response:
    """Twilio reports on a message. Repeats, late ones and ones out of order change nothing."""
    _demand_signature()
    receipt = twilio.read_status(request.form)
    with unit_of_work():
        message = receipts.find_message_for_update(public_id)
        if message is None:
            abort(404)
        sender = sender_of(current_app._get_current_object())  # type: ignore[attr-defined]
        receipts.take_receipt(message, receipt, source="callback", check_after=sender.gateway.check_after, now=now())
    return Response(status=204)


@bp.post("/twilio/inbound")
@public
def twilio_inbound() -> Response:
    """A text somebody sent to our number. Twilio is told to answer nothing."""
    _demand_signature()
    with unit_of_work():
        take_inbound(twilio.read_inbound(request.form), now=now())
    return Response("<Response/>", mimetype="text/xml")


def _demand_signature() -> None:
    """403 unless Twilio signed this very request, for the address it knows us by (not the one a proxy uses)."""
    config = current_app.config
    url = config["PUBLIC_URL"] + request.full_path.removesuffix("?")
    token = config["TWILIO_AUTH_TOKEN"]
    if not (config["PUBLIC_URL"] and twilio.is_signed(token, url, request.form, request.headers)):
        logger.warning("A callback came without a valid signature.", extra={"path": request.path})
        abort(403)
