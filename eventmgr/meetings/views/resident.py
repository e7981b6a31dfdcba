"""The page of one invitation, `/i/<CODE>`: for residents, on any phone, over a weak network.

It loads nothing beside itself, knows no cookie and no script, and weighs at most 14 KiB with its headers.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, current_app, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from eventmgr.areas.queries import all_communes
from eventmgr.core.access import public
from eventmgr.core.clock import now
from eventmgr.core.codes import normalise_code
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import EventmgrError
from eventmgr.core.qr import qr_svg
from eventmgr.extensions import csrf, limiter
from eventmgr.meetings.calendar_file import calendar_file
from eventmgr.meetings.models import Invitation
from eventmgr.meetings.queries.by_code import find_invitation_by_code
from eventmgr.meetings.resident_page import (
    InvitationPage,
    calendar_entry,
    contact_phone,
    describe_invitation,
    phones_of_household,
)
from eventmgr.meetings.services.answering import answer_invitation, note_opened
from eventmgr.meetings.values import Rsvp
from eventmgr.meetings.views import small_pages
from eventmgr.residents.phones import opt_out, phones_not_to_text
from eventmgr.residents.rights_words import KEPT_FIELDS

bp = Blueprint("resident", __name__)

WRONG_CODES = "30 per minute"
"""Wrong codes an address may try. Many phones share one address of their network, so it is not narrow; at this
pace guessing one of 2**50 codes takes longer than anyone has."""

View = Callable[[str], AnyResponse]


def _throttled(view: View) -> View:
    limited: View = limiter.limit(WRONG_CODES, deduct_when=lambda response: response.status_code == 404)(view)
    return limited


@bp.get("/i/<code>")
@bp.get("/I/<code>", endpoint="show_capital")
@public
@_throttled
def show(code: str) -> Response:
    """The invitation: who invites whom to what, when and where; answer, QR, calendar, stop."""
    invitation = _find(code)
    if invitation is None:
        return _unknown()
    if invitation.opened_at is None and request.method == "GET":
        with unit_of_work():
            note_opened(invitation, now=now())
    page = _describe(invitation)
    picture = qr_svg(page.link, page.spelled_code)
    return small_pages.render("meetings/resident.html", page=page, qr=picture)


@bp.get("/i/<code>/why")
@bp.get("/I/<code>/why", endpoint="why_capital")
@public
@_throttled
def why(code: str) -> Response:
    """Why the commune holds these data, how long, who sees them, and what one may ask."""
    invitation = _find(code)
    if invitation is None:
        return _unknown()
    return small_pages.render("meetings/resident_why.html", page=_describe(invitation), fields=KEPT_FIELDS)


@bp.post("/i/<code>/rsvp")
@bp.post("/I/<code>/rsvp", endpoint="rsvp_capital")
@csrf.exempt
@public
@_throttled
def rsvp(code: str) -> AnyResponse:
    """Keep the household's answer, then show the page again."""
    invitation = _find(code)
    if invitation is None:
        return _unknown()
    answer = request.form.get("answer", "")
    if small_pages.sent_by_another_site() or answer not in (Rsvp.COMING, Rsvp.PROXY, Rsvp.ABSENT):
        return _back_to(invitation)
    try:
        with unit_of_work():
            answer_invitation(invitation, Rsvp(answer), resident_id=request.form.get("person", type=int), now=now())
    except EventmgrError:
        # The meeting was held or called off in the meantime, which the page says first of all.
        return _back_to(invitation)
    return _back_to(invitation, "answer")


@bp.post("/i/<code>/stop")
@bp.post("/I/<code>/stop", endpoint="stop_capital")
@csrf.exempt
@public
@_throttled
def stop(code: str) -> AnyResponse:
    """No more texts to this household's own phones."""
    invitation = _find(code)
    if invitation is None:
        return _unknown()
    if not small_pages.sent_by_another_site():
        with unit_of_work():
            for phone in phones_of_household(invitation):
                opt_out(phone, "page", now())
    return _back_to(invitation, "stop")


@bp.get("/i/<code>/calendar.ics")
@bp.get("/I/<code>/calendar.ics", endpoint="calendar_capital")
@public
@_throttled
def calendar(code: str) -> Response:
    """The meeting as a file for the phone's calendar."""
    invitation = _find(code)
    entry = calendar_entry(invitation, _describe(invitation), now=now()) if invitation else None
    if entry is None:
        return _unknown()
    response = make_response(calendar_file(entry))
    response.headers["Content-Type"] = "text/calendar; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="hop-thon.ics"'
    return response


@bp.errorhandler(429)
def too_many(_error: Exception) -> Response:
    """Somebody tries many codes."""
    return small_pages.render("meetings/resident_unknown.html", phone=_office_phone(), busy=True, status=429)


bp.after_request(small_pages.keep_private)


def _find(code: str) -> Invitation | None:
    known = normalise_code(code)
    invitation = find_invitation_by_code(known) if known else None
    return None if invitation is None or invitation.withdrawn_at is not None else invitation


def _describe(invitation: Invitation) -> InvitationPage:
    return describe_invitation(
        invitation,
        base_url=current_app.config["PUBLIC_URL"] or request.host_url,
        silent_phones=frozenset(phones_not_to_text(phones_of_household(invitation))),
        now=now(),
    )


def _back_to(invitation: Invitation, place: str | None = None) -> AnyResponse:
    chosen = request.args.get("lang")
    return redirect(url_for("resident.show", code=invitation.code, lang=chosen, _anchor=place), code=303)


def _unknown() -> Response:
    return small_pages.render("meetings/resident_unknown.html", phone=_office_phone(), busy=False, status=404)


def _office_phone() -> str:
    """Whom to ask when no invitation says which commune it is of: the only commune here, if there is one."""
    communes = all_communes()
    return contact_phone(communes[0].path, now()) if len(communes) == 1 else ""
