"""Pages for residents' own phones: no script, no font, no picture to load, no cookie; their style stands inside them."""

from __future__ import annotations

import gzip
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Response, current_app, make_response, render_template, request
from markupsafe import Markup

from eventmgr.core.web import content_policy

# The forms of these pages carry no CSRF token: there is no cookie or other standing right that another site could
# make a browser misuse. Whoever can send such a form knows the code, and the code is all the right there is. What
# a browser itself marks as coming from another site is refused all the same. (Origin cannot be asked: under
# `Referrer-Policy: no-referrer` browsers send it as "null".)


def render(template: str, *, status: int = 200, **values: Any) -> Response:
    """The page, with the style sheet that it carries."""
    return make_response(render_template(template, style=_style(), **values), status)


def sent_by_another_site() -> bool:
    """Whether the browser says that the form came from elsewhere."""
    return request.headers.get("Sec-Fetch-Site") == "cross-site"


def keep_private(response: Response) -> Response:
    """Nobody stores, indexes or passes on the address of an invitation, and the page travels small."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = content_policy(
            script_src="'none'",
            style_src=f"'sha256-{_style_hash()}'",
            img_src="data:",  # an empty icon, so that the browser does not ask for one
            font_src="'none'",
            connect_src="'none'",
            media_src="'none'",
            manifest_src="'none'",
            worker_src="'none'",
        )
        _compress(response)
    return response


def _compress(response: Response) -> None:
    """Gzip the body for those who take it. The page holds nothing that a stranger can add to, so its length
    tells nothing of the code."""
    response.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") > 0 and not response.is_streamed:
        response.set_data(gzip.compress(response.get_data(), compresslevel=9, mtime=0))
        response.headers["Content-Encoding"] = "gzip"


@cache
def _style() -> Markup:
    """The page's style sheet, to stand in the page; one line of it is one rule, comments stay behind."""
    text = (Path(str(current_app.static_folder)) / "css" / "resident.css").read_text("utf-8")
    rules = (line.strip() for line in text.splitlines())
    return Markup("".join(line for line in rules if line and not line.startswith(("/*", "* "))))


@cache
def _style_hash() -> str:
    return b64encode(sha256(_style().encode()).digest()).decode()
