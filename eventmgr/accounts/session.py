"""Who is signed in: Flask-Login bound to our people."""

from __future__ import annotations

from typing import Any

from flask import Flask, jsonify, redirect, request, url_for
from flask_babel import lazy_gettext as _
from flask_login import AnonymousUserMixin, current_user

from eventmgr.accounts.models import User
from eventmgr.accounts.queries import find_user
from eventmgr.core.access import Role
from eventmgr.core.web import wants_json
from eventmgr.extensions import login

ROLE_LABELS = {
    Role.ADMINISTRATOR: _("Administrator"),
    Role.LEADER: _("Leader"),
    Role.OFFICER: _("Officer"),
    Role.HAMLET_HEAD: _("Hamlet head"),
    Role.VIEWER: _("Viewer"),
}


class Stranger(AnonymousUserMixin):
    """Nobody has signed in: no grants, the session's language."""

    grants: tuple[()] = ()
    locale = None
    id = None


def init_session(app: Flask) -> None:
    """Bind Flask-Login: who the cookie means, and where strangers go."""
    login.init_app(app)
    login.anonymous_user = Stranger
    login.session_protection = "basic"

    @login.user_loader
    def load(user_id: str) -> User | None:
        return find_user(int(user_id)) if user_id.isdigit() else None

    @app.context_processor
    def who_and_where() -> dict[str, Any]:
        grant = getattr(current_user, "chief_grant", None)
        return {
            "area_name": grant.area.full_name if grant else None,
            "role_label": ROLE_LABELS[grant.role] if grant else None,
        }

    @login.unauthorized_handler
    def ask_to_sign_in() -> Any:
        if wants_json():
            return jsonify({"error": "sign_in", "message": "sign in first"}), 401
        back = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("accounts.sign_in", next=back))
