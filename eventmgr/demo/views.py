"""One click from the set-up page to a commune to try."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from flask_login import login_user
from werkzeug.wrappers import Response

from eventmgr.accounts.queries import find_user_by_email, has_users
from eventmgr.core.access import Role, public
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import NotFound
from eventmgr.demo.services import load_demo
from eventmgr.demo.values import DemoSize

bp = Blueprint("demo", __name__)


@bp.post("/setup/demo")
@public
def begin() -> Response:
    """Load the demo and sign in as its officer. Only while nobody can sign in."""
    with unit_of_work():
        # Asked inside: two clicks at the same moment make one demo.
        if has_users():
            raise NotFound
        loaded = load_demo(DemoSize(), now())
    officer = next(user for user in loaded.users if user.role == Role.OFFICER)
    person = find_user_by_email(officer.email)
    if person is None:
        raise NotFound
    login_user(person)
    flash(
        _(
            "The demo commune is ready; nothing is sent to anyone. You are %(email)s. Others sign in as %(others)s; the password is %(password)s.",
            email=officer.email,
            others=", ".join(user.email for user in loaded.users if user is not officer),
            password=officer.password,
        ),
        "success",
    )
    return redirect(url_for("home.today"))
