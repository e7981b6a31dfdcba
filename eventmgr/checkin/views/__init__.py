"""HTTP of the check-in room. `bp` holds the pages, by subject; the API of the phones has its own."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("checkin", __name__)

from eventmgr.checkin.views import (  # noqa: E402, F401  (they hang their routes on bp)
    counting,
    held,
    pages,
    paper,
    phones,
    self_check_in,
    shell,
)
