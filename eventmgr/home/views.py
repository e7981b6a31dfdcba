"""Today, set-up, settings, help."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_user
from werkzeug.wrappers import Response

from eventmgr.accounts.queries import has_users
from eventmgr.core.access import Permission, declared_access, may, public, signed_in
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import EventmgrError
from eventmgr.core.phone import parse_phone
from eventmgr.home.forms import SetUpForm
from eventmgr.home.queries import today_for
from eventmgr.home.services import AlreadySetUp, FirstOffice, set_up
from eventmgr.home.words import countdown

bp = Blueprint("home", __name__)

DOOR_NEAR = timedelta(hours=12)
"""From when on checking in is the next thing to do."""


@bp.before_app_request
def lead_to_set_up() -> Response | None:
    """A new installation begins with the set-up page."""
    if request.endpoint == "accounts.sign_in" and not has_users():
        return redirect(url_for("home.begin"))
    return None


@bp.get("/")
@signed_in
def today() -> str:
    """What needs me now?"""
    this_moment = now()
    told = today_for(current_user, this_moment)
    first = told.coming[0] if told.coming else None
    return render_template(
        "home/today.html",
        today=told,
        first=first,
        countdown=countdown(first.starts_at, this_moment) if first and first.starts_at else "",
        door_is_near=bool(first and first.starts_at and first.starts_at - this_moment < DOOR_NEAR),
        link=_link,
    )


def _link(endpoint: str, **values: object) -> str | None:
    """The address of a page, or None where it is not served or the person may not open it."""
    view = current_app.view_functions.get(endpoint)
    if view is None:
        return None
    access = declared_access(view)
    if isinstance(access, Permission) and not may(access):
        return None
    return url_for(endpoint, **values)  # type: ignore[arg-type]


@bp.get("/help")
@signed_in
def help_page() -> str:
    """How the work goes, in the order of the job."""
    return render_template("home/help.html", link=_link)


@bp.route("/setup", methods=["GET", "POST"])
@public
def begin() -> str | Response | tuple[str, int]:
    """The first visit: make the administrator and the commune, or load the demo."""
    if has_users():
        if current_user.is_authenticated:
            return redirect(url_for("home.today"))
        raise AlreadySetUp
    form = SetUpForm()
    if form.validate_on_submit():
        try:
            with unit_of_work():
                user = set_up(_office(form), now=now())
        except EventmgrError as error:
            flash(error.message, "danger")
        else:
            login_user(user)
            flash(_("Everything is ready. The next step: import the list of households."), "success")
            return redirect(url_for("home.today"))
        return _set_up_page(form), 422
    return _set_up_page(form), 422 if form.errors else 200


def _set_up_page(form: SetUpForm) -> str:
    return render_template("home/set_up.html", form=form, demo_offered="demo.begin" in current_app.view_functions)


def _office(form: SetUpForm) -> FirstOffice:
    phone = (form.contact_phone.data or "").strip()
    return FirstOffice(
        commune=form.commune.data or "",
        commune_code=form.commune_code.data or "",
        province=form.province.data or "",
        hamlets=tuple(line.strip() for line in (form.hamlets.data or "").splitlines() if line.strip()),
        full_name=form.full_name.data or "",
        email=form.email.data or "",
        password=form.password.data or "",
        contact_phone=parse_phone(phone).e164 if phone else "",
    )
