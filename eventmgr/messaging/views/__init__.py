"""Pages of the messaging room, by subject. Each module hangs its routes on `bp`; what gateways call is in `webhooks`."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("messaging", __name__, url_prefix="/messages")

from eventmgr.messaging.views import inbound, library, sending  # noqa: E402, F401  (they hang their routes on bp)
