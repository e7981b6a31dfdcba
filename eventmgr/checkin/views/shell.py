"""The scanner as an app that a phone keeps: its page, its service worker, its manifest, and who is signed in.

The page is a shell without anybody's data, the same for everyone who speaks its language, so that a phone may keep it.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from flask import current_app, jsonify, make_response, render_template, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from eventmgr.checkin.views import bp
from eventmgr.core.access import Permission, may, public, scope
from eventmgr.core.language import LANGUAGES, is_vietnamese
from eventmgr.core.secrets import keyed_digest
from eventmgr.core.web import content_policy

READER = "vendor/zxing-wasm/reader/index.js"
"""The camera reader, fetched by npm: where that was not possible the rest of the scanner works."""

READER_MACHINE = "vendor/zxing-wasm/reader/zxing_reader.wasm"
"""What the reader loads by itself, under a name that no import tells."""

ICONS = (
    ("img/scanner-192.png", "192x192", "any"),
    ("img/scanner-512.png", "512x512", "any"),
    ("img/scanner-maskable-512.png", "512x512", "maskable"),
)
"""Drawn from img/scanner.svg and img/scanner-maskable.svg: file, size, use."""

NAMED_IN_PAGE = re.compile(r'(?:href|src|data-reader|data-icons)="(/[^"?#]+\.\w+)(?:#[^"]*)?"')
MODULES_IN_PAGE = re.compile(r'data-module="([^"]+)"')
NAMED_IN_FILE = {
    ".css": re.compile(r'url\("(?!data:)([^"#]+)"\)'),
    ".js": re.compile(r'(?:from|import)\s*"(\.[^"]+\.js)"'),
}


@dataclass(frozen=True, slots=True)
class KeptParts:
    """What a phone keeps to start without network: addresses of files, and a version that changes with any of them."""

    version: str
    files: tuple[str, ...]


@bp.get("/checkin/")
@public
def scanner() -> Response:
    """The scanner: a page without anybody's data, which the phone fills by the API."""
    response = make_response(_page("vi" if is_vietnamese() else "en"))
    response.headers["Content-Security-Policy"] = content_policy(script_src="'self' 'wasm-unsafe-eval'")
    return response


@bp.get("/checkin/session")
@public
def scanner_session() -> Response:
    """Whether somebody who may let people in is signed in, and with what the scanner begins for that person.

    `who` tells one person's unsent events from another's; it is no id of ours.
    """
    signed_in = current_user.is_authenticated and bool(scope(Permission.CHECK_IN))
    # A hamlet head knows every face and begins with the list; an officer begins with the camera.
    opens = "scan" if signed_in and may(Permission.EDIT_MEETINGS) else "list"
    return jsonify(
        {
            "signed_in": signed_in,
            "csrf": generate_csrf() if signed_in else None,
            "who": keyed_digest(str(current_user.id), "scanner")[:16] if signed_in else None,
            "opens": opens,
        }
    )


@bp.get("/checkin/app.webmanifest")
@public
def web_manifest() -> Response:
    """What the phone calls the app, and how it looks on the home screen."""
    response = jsonify(
        {
            "id": url_for(".scanner"),
            "name": _("Check-in at the door"),
            "short_name": _("Check-in"),
            "description": _("Let people in at the hall, with or without a signal."),
            "lang": "vi" if is_vietnamese() else "en",
            "start_url": url_for(".scanner"),
            "scope": url_for(".scanner"),
            "display": "standalone",
            "orientation": "portrait",
            "theme_color": "#243b6b",
            "background_color": "#fbfaf6",
            "icons": [
                {"src": url_for("static", filename=name), "sizes": sizes, "type": "image/png", "purpose": purpose}
                for name, sizes, purpose in ICONS
            ],
        }
    )
    response.mimetype = "application/manifest+json"
    return response


@bp.get("/checkin/sw.js")
@public
def service_worker() -> Response:
    """The script that serves the scanner without network. It stands here so that its scope is the scanner alone."""
    parts = kept_parts()
    given = {
        "version": parts.version,
        "files": parts.files,
        "scanner": url_for(".scanner"),
        "session": url_for(".scanner_session"),
        "languages": list(LANGUAGES),
    }
    worker = url_for("static", filename="js/checkin/worker.js")
    response = make_response(f'import {{ serve }} from "{worker}";\n\nserve(self, {json.dumps(given)});\n')
    response.mimetype = "text/javascript"
    return response


def kept_parts() -> KeptParts:
    """What the phone is to keep; gathered once in the life of a process."""
    found: KeptParts | None = current_app.extensions.get("checkin_kept_parts")
    if found is None:
        found = current_app.extensions["checkin_kept_parts"] = _gather()
    return found


def _page(language: str) -> str:
    there = _file_of(url_for("static", filename=READER)) is not None
    with force_locale(language):
        return render_template(
            "checkin/scanner.html", reader=url_for("static", filename=READER) if there else "", board=_board_pattern()
        )


def _board_pattern() -> str:
    """The address of a meeting's board, 0 standing for the meeting."""
    return url_for(".meeting_board", meeting_id=0)


def _gather() -> KeptParts:
    """Everything that the page names, and what that names in turn."""
    pages = [_page(language) for language in LANGUAGES]
    unnamed = ("js/checkin/worker.js", READER_MACHINE, *(name for name, _sizes, _purpose in ICONS))
    to_see = [url_for("static", filename=name) for name in unnamed]
    for page in pages:
        to_see += NAMED_IN_PAGE.findall(page)
        for names in MODULES_IN_PAGE.findall(page):
            to_see += [url_for("static", filename=f"js/{name}.js") for name in names.split()]
    bodies: dict[str, bytes] = {}
    while to_see:
        address = to_see.pop()
        path = _file_of(address)
        if address in bodies or path is None:
            continue
        bodies[address] = path.read_bytes()
        pattern = NAMED_IN_FILE.get(path.suffix)
        if pattern:
            to_see += [urljoin(address, name) for name in pattern.findall(bodies[address].decode())]
    digest = hashlib.sha256("".join(pages).encode())
    for address in sorted(bodies):
        digest.update(address.encode() + bodies[address])
    return KeptParts(digest.hexdigest()[:16], tuple(sorted(bodies)))


def _file_of(address: str) -> Path | None:
    """The static file behind an address of ours, if there is one."""
    try:
        endpoint, values = current_app.url_map.bind("").match(address)
    except HTTPException:
        return None
    if not endpoint.endswith("static"):
        return None
    owner = current_app.blueprints.get(endpoint.rpartition(".")[0], current_app)
    path = Path(owner.static_folder or "") / values["filename"]
    return path if path.is_file() else None
