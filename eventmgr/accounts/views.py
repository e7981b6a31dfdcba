"""Sign in, sign out, language."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from eventmgr.accounts.forms import SignInForm
from eventmgr.accounts.services import check_password, choose_locale, note_sign_in
from eventmgr.core.access import public, signed_in
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.language import CHOICE, LANGUAGES
from eventmgr.extensions import limiter

bp = Blueprint("accounts", __name__)


def _own_page(target: str | None) -> str:
    """Where to go next: a path of ours, never another site's address."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")):
        parts = urlsplit(target)
        if not parts.netloc and not parts.scheme:
            return target
    return url_for("home.today")


@bp.route("/sign-in", methods=["GET", "POST"])
@public
@limiter.limit("10 per minute; 100 per hour", methods=["POST"])
def sign_in() -> str | Response | tuple[str, int]:
    """The page where people sign in."""
    if current_user.is_authenticated:
        return redirect(_own_page(request.args.get("next")))
    form = SignInForm()
    if form.validate_on_submit():
        user = check_password(form.email.data or "", form.password.data or "")
        if user is not None:
            with unit_of_work():
                note_sign_in(user, now=now())
            login_user(user, remember=form.remember.data)
            return redirect(_own_page(request.args.get("next")))
        form.password.errors = [_("The e-mail address and the password do not belong together.")]
    status = 422 if form.errors else 200
    return render_template("accounts/sign_in.html", form=form), status


@bp.post("/sign-out")
@signed_in
def sign_out() -> Response:
    """Leave. The session's language stays."""
    chosen = current_user.locale
    logout_user()
    if chosen:
        session[CHOICE] = chosen
    return redirect(url_for("accounts.sign_in"))


@bp.post("/language")
@public
def set_language() -> Response:
    """Speak the chosen language from now on, on this page again."""
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        session[CHOICE] = chosen
        if current_user.is_authenticated:
            with unit_of_work():
                choose_locale(current_user, chosen)
    return redirect(_without_language(_own_page(request.form.get("next"))))


def _without_language(target: str) -> str:
    """The page without the language its address asks for, which would outweigh the choice."""
    parts = urlsplit(target)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "lang"]
    return parts._replace(query=urlencode(kept)).geturl()
