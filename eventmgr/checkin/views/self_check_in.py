"""Self check-in: `/m/<CODE>` on people's own phones, and the officers' pages that open it.

A printed QR asks for the code of the invitation. The QR on a screen changes, so whoever has it stands in the hall:
that form takes a name as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from eventmgr.checkin.models import SelfCheckIn
from eventmgr.checkin.services import self_check_in as service
from eventmgr.checkin.values import Answer, Method, ScanEvent, WalkIn
from eventmgr.checkin.views import bp
from eventmgr.checkin.views.pages import meeting_at_desk
from eventmgr.checkin.words import describe_answer
from eventmgr.core.access import Permission, public, requires
from eventmgr.core.clock import now
from eventmgr.core.codes import normalise_code
from eventmgr.core.db import unit_of_work
from eventmgr.core.qr import qr_svg
from eventmgr.core.text import clean_text
from eventmgr.extensions import csrf, limiter
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.views import small_pages

public_bp = Blueprint("self_check_in", __name__)
public_bp.after_request(small_pages.keep_private)

WRONG_CODES = "30 per minute"
"""Wrong codes an address may try. A whole hall may share one address of its network, so it is not narrow."""

WRONG_CODES_OF_A_MEETING = "120 per minute"
"""Wrong codes that may be tried at one meeting from everywhere: guessing 50 bits at this pace is hopeless."""

View = Callable[..., AnyResponse]


def _was_wrong(response: Response) -> bool:
    return response.status_code in (404, 422)


def _code_asked() -> str:
    return str((request.view_args or {}).get("code", "")).upper()


def _throttled(view: View) -> View:
    by_meeting = limiter.limit(WRONG_CODES_OF_A_MEETING, key_func=_code_asked, deduct_when=_was_wrong)
    limited: View = limiter.limit(WRONG_CODES, deduct_when=_was_wrong)(by_meeting(view))
    return limited


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody wrote into the form, and what is to be said to it."""

    code: str = ""
    name: str = ""
    hamlet_id: int | None = None
    sentence: str = ""


@public_bp.get("/m/<code>")
@public_bp.get("/M/<code>", endpoint="show_capital")
@public
@_throttled
def show(code: str) -> Response:
    """The printed QR: asks for the code of the invitation."""
    row = _find(code)
    return _form(row, carried="") if row else _not_here()


@public_bp.get("/m/<code>/<sign>")
@public_bp.get("/M/<code>/<sign>", endpoint="show_signed_capital")
@public
@_throttled
def show_signed(code: str, sign: str) -> Response:
    """The QR on the screen: opens a form for ten minutes. One that is gone from the screen counts as the printed one."""
    row = _find(code)
    if row is None:
        return _not_here()
    moment = now()
    if service.is_on_screen(row, sign, moment):
        return _form(row, carried=service.make_pass(row, moment))
    return _form(
        row,
        carried="",
        typed=Typed(sentence=_("This QR is no longer on the screen. Scan it once more, or write your code.")),
    )


@public_bp.post("/m/<code>")
@public_bp.post("/M/<code>", endpoint="check_in_capital")
@csrf.exempt
@public
@_throttled
def check_in(code: str) -> AnyResponse:
    """Somebody checks in by code, or by name from before the screen."""
    row = _find(code)
    if row is None:
        return _not_here()
    moment, form = now(), request.form
    carried = form.get("pass", "")[:64]
    typed = Typed(
        code=clean_text(form.get("code", ""))[:300],
        name=clean_text(form.get("name", ""))[:200],
        hamlet_id=form.get("hamlet", type=int),
    )
    passed = service.is_pass_good(row, carried, moment)
    sentence = _what_is_missing(typed, carried=carried, passed=passed)
    if sentence or small_pages.sent_by_another_site():
        return _refuse(row, typed, sentence or _("Please send the form once more."), carried if passed else "")
    event = ScanEvent(
        event_id=clean_text(form.get("event", ""))[:40] or str(uuid4()),
        scanned_at=moment,
        method=Method.SELF,
        code=typed.code,
        walk_in=None if typed.code else WalkIn(typed.name, typed.hamlet_id),
    )
    with unit_of_work():
        result = service.check_oneself_in(row, event, now=moment)
    if result.status not in (Answer.OK, Answer.ALREADY):
        return _refuse(row, typed, describe_answer(result)[0], carried if passed else "")
    return small_pages.render(
        "checkin/self_done.html", meeting=row.meeting, result=result, sentence=describe_answer(result)[0]
    )


def _what_is_missing(typed: Typed, *, carried: str, passed: bool) -> str:
    if typed.code:
        return ""
    if not typed.name:
        return _("Write the code of your invitation, ten letters and digits.")
    if passed:
        return ""
    if carried:
        return _("Ten minutes have passed. Scan the QR on the screen once more.")
    return _("A name alone is taken only from the QR on the screen. Write your code, or go to the officer at the door.")


def _find(code: str) -> SelfCheckIn | None:
    known = normalise_code(code)
    row = service.find_by_code(known) if known else None
    return None if row is None or row.closed_at is not None else row


def _form(row: SelfCheckIn, *, carried: str, typed: Typed = Typed(), status: int = 200) -> Response:
    return small_pages.render(
        "checkin/self.html",
        status=status,
        meeting=row.meeting,
        code=row.code,
        carried=carried,
        typed=typed,
        event=str(uuid4()),
    )


def _refuse(row: SelfCheckIn, typed: Typed, sentence: str, carried: str) -> Response:
    return _form(row, carried=carried, typed=Typed(typed.code, typed.name, typed.hamlet_id, sentence), status=422)


def _not_here(*, busy: bool = False) -> Response:
    return small_pages.render("checkin/self_not_here.html", status=429 if busy else 404, busy=busy)


@public_bp.errorhandler(429)
def too_many(_error: Exception) -> Response:
    """Somebody tries many codes."""
    return _not_here(busy=True)


# --- For officers ---------------------------------------------------------------------------------


@bp.post("/meetings/<int:meeting_id>/check-in/self")
@requires(Permission.CHECK_IN)
def change_self_check_in(meeting_id: int) -> AnyResponse:
    """Open it, or close it again."""
    with unit_of_work():
        meeting = meeting_at_desk(meeting_id)
        if request.form.get("close"):
            service.close_self_check_in(meeting, by=current_user, now=now())
            flash(_("Self check-in is closed. The QR sends people to the officer at the door."), "success")
        else:
            service.open_self_check_in(meeting, by=current_user, now=now())
            flash(_("Self check-in is open."), "success")
    return redirect(url_for(".meeting_board", meeting_id=meeting_id))


@bp.get("/meetings/<int:meeting_id>/check-in/self/poster")
@requires(Permission.CHECK_IN)
def self_poster(meeting_id: int) -> AnyResponse | str:
    """The QR to hang in the hall."""
    meeting = meeting_at_desk(meeting_id)
    row = _open_row(meeting)
    if row is None:
        return _open_first(meeting)
    picture = qr_svg(_link(row), _("QR code of self check-in"))
    return render_template("checkin/self_poster.html", meeting=meeting, qr=picture)


@bp.get("/meetings/<int:meeting_id>/check-in/self/screen")
@requires(Permission.CHECK_IN)
def self_screen(meeting_id: int) -> AnyResponse | str:
    """The QR for a screen in the hall; asks for its next one by itself."""
    meeting = meeting_at_desk(meeting_id)
    row = _open_row(meeting)
    if row is None:
        return _open_first(meeting)
    picture = qr_svg(f"{_link(row)}/{service.sign_on_screen(row, now())}", _("QR code of self check-in"))
    page = "checkin/self_screen_part.html" if "part" in request.args else "checkin/self_screen.html"
    return render_template(page, meeting=meeting, qr=picture)


def _open_row(meeting: Meeting) -> SelfCheckIn | None:
    row = service.find_self_check_in(meeting)
    return row if row is not None and row.closed_at is None else None


def _open_first(meeting: Meeting) -> AnyResponse:
    flash(_("Open self check-in first."), "warning")
    return redirect(url_for(".meeting_board", meeting_id=meeting.id))


def _link(row: SelfCheckIn) -> str:
    """In capitals: the QR's narrow mode, as on invitations."""
    top = current_app.config["PUBLIC_URL"] or request.host_url
    return f"{top.rstrip('/')}/m/{row.code}".upper()
