"""Pages of the meetings room, by subject. Each module hangs its routes on `bp`; the resident's page has its own."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("meetings", __name__)

from eventmgr.meetings.views import (  # noqa: E402, F401  (they hang their routes on bp)
    invitations,
    inviting,
    listing,
    papers,
    reminding,
    scheduling,
)
