"""How many were counted in the hall, beside the list."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.checkin import queries
from eventmgr.checkin.services.headcount import NoReason, NoSuchCount, find_headcount, set_headcount
from eventmgr.checkin.views import bp
from eventmgr.checkin.views.pages import meeting_at_desk
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.text import clean_text


@bp.post("/meetings/<int:meeting_id>/check-in/headcount")
@requires(Permission.CHECK_IN)
def headcount(meeting_id: int) -> Response | tuple[str, int]:
    """Keep the number and its reason, or take them back."""
    try:
        with unit_of_work():
            meeting = meeting_at_desk(meeting_id)
            number = None if request.form.get("clear") else _whole(clean_text(request.form.get("number", "")))
            set_headcount(meeting, number, request.form.get("reason", ""), by=current_user, now=now())
    except NoSuchCount as error:
        return _once_more(meeting_id, {"number": error.message}), 422
    except NoReason as error:
        return _once_more(meeting_id, {"reason": error.message}), 422
    flash(_("Saved. The list stays as it is; the count stands beside it."), "success")
    page = "paper" if request.form.get("from") == "paper" else "meeting_board"
    return redirect(url_for(f".{page}", meeting_id=meeting_id, _anchor="headcount"))


def _once_more(meeting_id: int, wrong: dict[str, str]) -> str:
    meeting = meeting_at_desk(meeting_id)
    return render_template(
        "checkin/headcount_again.html",
        meeting=meeting,
        headcount=find_headcount(meeting),
        counts=queries.counts_of(meeting, scope(Permission.CHECK_IN)),
        written=request.form,
        wrong=wrong,
        back=request.form.get("from", ""),
    )


def _whole(typed: str) -> int:
    digits = typed.replace(".", "").replace(" ", "")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 9):
        raise NoSuchCount
    return int(digits)
