"""What every answer has in common: security headers, errors in words, navigation, health."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, current_app, jsonify, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from eventmgr.core.access import Permission, may, public
from eventmgr.core.db import db
from eventmgr.core.errors import Conflict, EventmgrError, silent_trace
from eventmgr.core.phone import national_form

logger = logging.getLogger(__name__)

CONTENT_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    # Bootstrap draws its check marks and arrows as data: pictures in its style sheet.
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "media-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


@cache
def content_policy(**changes: str) -> str:
    """The policy as a header, with parts replaced: `content_policy(script_src="'none'")`."""
    parts = CONTENT_POLICY | {name.replace("_", "-"): value for name, value in changes.items()}
    return "; ".join(f"{name} {value}" for name, value in parts.items())


@dataclass(frozen=True, slots=True)
class NavItem:
    """One place in the navigation, shown to those who hold the permission somewhere."""

    endpoint: str
    label: Any  # lazily translated
    icon: str
    permission: Permission | None  # None: for everyone signed in
    on_phone: bool = False  # stands in a phone's bottom bar


def wants_json() -> bool:
    """Whether the caller is a script and not a person."""
    return request.path.startswith("/api/") or (
        request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    )


def init_navigation(app: Flask, items: Sequence[NavItem]) -> None:
    """Offer `nav_items` to templates: what this person may open, in order."""

    def visible() -> dict[str, Any]:
        def nav_items() -> list[dict[str, Any]]:
            here = (request.endpoint or "").split(".")[0]
            return [
                {
                    "endpoint": item.endpoint,
                    "url": url_for(item.endpoint),
                    "label": item.label,
                    "icon": item.icon,
                    "on_phone": item.on_phone,
                    "active": request.endpoint == item.endpoint
                    or (here != "home" and item.endpoint.split(".")[0] == here),
                }
                for item in items
                if (item.permission is None or may(item.permission)) and item.endpoint in current_app.view_functions
            ]

        return {"nav_items": nav_items, "may": may, "Permission": Permission}

    app.context_processor(visible)


def init_web(app: Flask) -> None:
    """Headers, errors, health and filters for all routes."""
    if app.config["PROXY_HOPS"]:
        hops = app.config["PROXY_HOPS"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.jinja_env.filters["phone_national"] = national_form
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    _answer_errors(app)
    _add_headers(app)
    _add_health(app)


def _add_headers(app: Flask) -> None:
    @app.after_request
    def harden(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", content_policy())
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if request.endpoint != "static" and not (request.endpoint or "").endswith(".static"):
            headers.setdefault("Cache-Control", "no-store")
        if request.is_secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        return response


def _answer_errors(app: Flask) -> None:
    def answer(status: int, code: str, message: str) -> tuple[Any, int]:
        if wants_json():
            return jsonify({"error": code, "message": message}), status
        return render_template("errors/error.html", status=status, code=code, message=message), status

    @app.errorhandler(EventmgrError)
    def told(error: EventmgrError) -> tuple[Any, int]:
        return answer(error.status, error.code, error.message)

    @app.errorhandler(StaleDataError)
    def overtaken(_error: StaleDataError) -> tuple[Any, int]:
        return told(Conflict())

    @app.errorhandler(OverflowError)
    @app.errorhandler(sa.exc.DataError)
    def beyond_the_database(error: Exception) -> tuple[Any, int]:
        # A number or a character no column holds, typed into an address: there is nothing behind it.
        db.session.rollback()
        logger.info("a value no column holds: %s", type(error).__name__, extra={"endpoint": request.endpoint})
        return answer(404, "not_found", _("This page does not exist, or it belongs to another area."))

    @app.errorhandler(CSRFError)
    def expired_form(_error: CSRFError) -> tuple[Any, int]:
        return answer(400, "form_expired", _("This form has expired. Go back, reload the page and send it again."))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Any:
        if error.code is None or error.code < 400:
            return error
        sentences = {
            400: _("The request could not be understood."),
            404: _("This page does not exist, or it belongs to another area."),
            405: _("This page does not take that kind of request."),
            413: _("The file is too large: at most %(size)s MB.", size=20),
            429: _("Too many tries in a short time. Please wait a minute and try again."),
        }
        message = sentences.get(error.code, _("Something went wrong."))
        body, status = answer(error.code, error.name.lower().replace(" ", "_"), message)
        response = current_app.make_response((body, status))
        for name, value in error.get_headers():
            if name.lower() in ("retry-after", "allow"):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> tuple[Any, int]:
        if app.testing:
            raise error
        db.session.rollback()
        logger.error("a request failed: %s", silent_trace(error), extra={"endpoint": request.endpoint})
        return answer(500, "error", _("Something went wrong on our side. Nothing was saved. Please try again."))


def _add_health(app: Flask) -> None:
    @app.get("/healthz")
    @public
    def healthz() -> str:
        """The process answers."""
        return "ok\n"

    @app.get("/readyz")
    @public
    def readyz() -> tuple[str, int]:
        """The database answers too."""
        try:
            db.session.execute(sa.text("SELECT 1"))
        except sa.exc.SQLAlchemyError:
            logger.exception("the database does not answer")
            return "database unavailable\n", 503
        return "ready\n", 200
