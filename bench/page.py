"""Bytes of a resident's page on the wire, beside the first round trip of TCP that must hold it.

Everything the page loads counts: it loads nothing else, which is counted too.
"""

from __future__ import annotations

import gzip
import http.client
import logging
import re
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
from werkzeug.serving import make_server

from eventmgr import create_app
from eventmgr.core.db import unit_of_work
from eventmgr.residents.values import Gender
from tests.factories import hamlet_of, make_commune, make_household, make_invitation, make_meeting

FIRST_ROUND_TRIP = 14 * 1024
"""Bytes: ten segments of an initial window (RFC 6928) less what TLS takes."""


def run() -> Iterator[dict[str, Any]]:
    """The page as a phone asks for it, gzip taken."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # its lines stand between the figures
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(
            {
                "DATABASE_URL": f"sqlite:///{Path(folder) / 'page.db'}",
                "INSTANCE_PATH": folder,
                "SECRET_KEY": "a key for measuring, long enough to be one",
            }
        )
        with app.app_context():
            flask_migrate.upgrade()
            with unit_of_work():
                commune = make_commune()
                hamlet = hamlet_of(commune)
                household = make_household(hamlet, "Vi Thị Nguyệt", gender=Gender.FEMALE, phone="+84912345678")
                code = make_invitation(make_meeting(hamlet), household).code
        server = make_server("127.0.0.1", 0, app)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        size = _bytes_of(server.server_port, f"/i/{code}")
        server.shutdown()
        server.server_close()
    yield {
        "figure": "bytes of /i/",
        "value": size,
        "unit": "bytes",
        "floor": FIRST_ROUND_TRIP,
        "ratio": round(size / FIRST_ROUND_TRIP, 3),
        "database": "sqlite",
    }


def _bytes_of(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    response = connection.getresponse()
    body = response.read()
    headers = sum(len(f"{name}: {value}\r\n") for name, value in response.getheaders())
    page = gzip.decompress(body).decode() if response.getheader("Content-Encoding") == "gzip" else body.decode()
    loaded = re.findall(r"<(?:script|img|link)\b[^>]*(?:src|href)=\"(?!data:)", page)
    assert not loaded, f"the page loads more: {loaded}"
    return len("HTTP/1.1 200 OK\r\n\r\n") + headers + len(body)
