"""How many were counted in the hall, beside the list."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.checkin.services.headcount import NoReason, NoSuchCount, set_headcount
from eventmgr.checkin.views import bp
from eventmgr.checkin.views.pages import meeting_at_desk
from eventmgr.core.access import Permission, requires
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.text import clean_text


@bp.post("/meetings/<int:meeting_id>/check-in/headcount")
@requires(Permission.CHECK_IN)
def headcount(meeting_id: int) -> Response:
    """Keep the number and its reason, or take them back."""
    typed = clean_text(request.form.get("number", ""))
    try:
        with unit_of_work():
            meeting = meeting_at_desk(meeting_id)
            number = None if request.form.get("clear") else _whole(typed)
            set_headcount(meeting, number, request.form.get("reason", ""), by=current_user, now=now())
    except (NoSuchCount, NoReason) as error:
        flash(error.message, "warning")
    else:
        flash(_("Saved. The list stays as it is; the count stands beside it."), "success")
    page = "paper" if request.form.get("from") == "paper" else "meeting_board"
    return redirect(url_for(f".{page}", meeting_id=meeting_id, _anchor="headcount"))


def _whole(typed: str) -> int:
    digits = typed.replace(".", "").replace(" ", "")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 9):
        raise NoSuchCount
    return int(digits)
