"""What gateways tell us over HTTP. Open to the world, so each request must prove where it comes from."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from flask import Blueprint, Response, abort, current_app, request

from eventmgr.core.access import public
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.extensions import csrf
from eventmgr.messaging import receipts
from eventmgr.messaging.gateways import android, twilio
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
        receipts.take_receipt(message, receipt, source="callback", check_after=_check_after(), now=now())
    return Response(status=204)


@bp.post("/twilio/inbound")
@public
def twilio_inbound() -> Response:
    """A text somebody sent to our number. Twilio is told to answer nothing."""
    _demand_signature()
    with unit_of_work():
        take_inbound(twilio.read_inbound(request.form), now=now())
    return Response("<Response/>", mimetype="text/xml")


@bp.post("/android")
@public
def android_event() -> Response:
    """The phone reports on a text it sent, or hands on one it received. It asks again until we say yes."""
    config, body = current_app.config, request.get_data()
    if not android.is_signed(config["ANDROID_GATEWAY_SIGNING_KEY"], body, request.headers, now):
        logger.warning("A callback came without a valid signature.", extra={"path": request.path})
        abort(403)
    try:
        event = android.read_event(body)
    except android.NotUnderstood:
        abort(400)
    with unit_of_work():
        if event.inbound is not None:
            take_inbound(event.inbound, now=now())
        elif event.receipt is not None:
            message = receipts.find_message_for_update(event.public_id)
            if message is not None and message.gateway == android.AndroidGateway.name:
                receipts.take_part(message, event.receipt, event.parts, check_after=_check_after(), now=now())
    return Response(status=204)


def _check_after() -> Sequence[timedelta]:
    return sender_of(current_app._get_current_object()).gateway.check_after  # type: ignore[attr-defined]


def _demand_signature() -> None:
    """403 unless Twilio signed this very request, for the address it knows us by (not the one a proxy uses)."""
    config = current_app.config
    url = config["PUBLIC_URL"] + request.full_path.removesuffix("?")
    token = config["TWILIO_AUTH_TOKEN"]
    if not (config["PUBLIC_URL"] and twilio.is_signed(token, url, request.form, request.headers)):
        logger.warning("A callback came without a valid signature.", extra={"path": request.path})
        abort(403)
