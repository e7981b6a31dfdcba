"""What /api/openapi.json says of the answers is what they are: no name left out, none that is not described."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from eventmgr.checkin.services.pairing import create_pairing
from eventmgr.core.clock import FixedClock
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import Invitation, Meeting
from tests.checkin.conftest import Hall

TYPES: dict[str, Any] = {"string": str, "integer": int, "boolean": bool}


def faults(schema: dict[str, Any], value: Any, where: str = "answer") -> Iterator[str]:
    """Where a value is not what its description says."""
    if "anyOf" in schema:
        if all(any(True for _fault in faults(one, value, where)) for one in schema["anyOf"]):
            yield f"{where}: none of what it may be"
    elif schema["type"] == "null":
        if value is not None:
            yield f"{where}: not null"
    elif schema["type"] == "array":
        for place, one in enumerate(value):
            yield from faults(schema["items"], one, f"{where}[{place}]")
    elif schema["type"] == "object":
        yield from (f"{where}: no {name}" for name in schema["required"] if name not in value)
        yield from (f"{where}: {name} is not described" for name in value if name not in schema["properties"])
        for name in value.keys() & schema["properties"].keys():
            yield from faults(schema["properties"][name], value[name], f"{where}.{name}")
    elif not isinstance(value, TYPES[schema["type"]]):
        yield f"{where}: no {schema['type']}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value} is not described"


@pytest.fixture
def described(client: FlaskClient) -> Callable[[str, str, TestResponse], list[str]]:
    """`described("get", path, answer)` gives the faults of an answer."""
    paths = client.get("/api/openapi.json").get_json()["paths"]

    def look(method: str, path: str, answer: TestResponse) -> list[str]:
        told = paths[path][method]["responses"][str(answer.status_code)]
        return list(faults(told["content"]["application/json"]["schema"], answer.get_json()))

    return look


def test_answers_are_what_the_description_says(
    app: Flask, client: FlaskClient, hall: Hall, clock: FixedClock, described: Callable[..., list[str]]
) -> None:
    one, bearer = "/api/v1/meetings/{meeting_id}", {"Authorization": f"Bearer {hall.token}"}
    url = f"/api/v1/meetings/{hall.meeting}"
    at = clock.now().isoformat()
    with app.app_context(), unit_of_work():
        code = create_pairing(db.session.get_one(Meeting, hall.meeting), by=None, now=clock.now())[1]
        withdrawn = sa.update(Invitation).where(Invitation.code == hall.second_code)
        db.session.execute(withdrawn.values(withdrawn_at=clock.now() - timedelta(hours=1)))
    events = [
        {"event_id": "a", "code": hall.code, "scanned_at": at},
        {"event_id": "b", "code": hall.code, "scanned_at": at, "offline": True, "list_at": at},
        {"event_id": "c", "code": hall.other_code, "scanned_at": at},
        {"event_id": "d", "walk_in": {"name": "Vi Thị Hoa", "household_id": hall.household}, "scanned_at": at},
        {"event_id": "e", "undo": {"event_id": "d"}, "method": "undo", "scanned_at": at},
        {"event_id": "f", "guest_id": hall.guest, "scanned_at": at},
        {"event_id": "g"},
        "rubbish",
    ]

    sent = client.post(f"{url}/scans", json={"scans": events, "sent_at": at, "waiting": 3}, headers=bearer)

    assert described("post", f"{one}/scans", sent) == []
    paired = client.post("/api/v1/devices", json={"code": code, "label": "x", "key": "k" * 32})
    assert described("post", "/api/v1/devices", paired) == []
    for what in ("manifest", "counts?waiting=2", "people?q=nong"):
        path = f"{one}/{what.partition('?')[0]}"
        assert described("get", path, client.get(f"{url}/{what}", headers=bearer)) == [], what
    assert described("get", "/api/v1/meetings", client.get("/api/v1/meetings", headers=bearer)) == []
    undone = client.post(f"{url}/attendances/1/undo", json={"reason": "nhầm"}, headers=bearer)
    assert described("post", f"{one}/attendances/{{attendance_id}}/undo", undone) == []
    for refused in (client.get(f"{url}/counts"), client.get("/api/v1/meetings/999/counts", headers=bearer)):
        assert described("get", f"{one}/counts", refused) == []


def test_the_events_a_phone_may_send_are_described(client: FlaskClient) -> None:
    scans = client.get("/api/openapi.json").get_json()["paths"]["/api/v1/meetings/{meeting_id}/scans"]["post"]
    event = scans["requestBody"]["content"]["application/json"]["schema"]["properties"]["scans"]["items"]

    assert {"undo", "list_at", "offline", "let_in", "walk_in", "proxy_name"} <= event["properties"].keys()
    assert "undo" in event["properties"]["method"]["enum"]
    assert "household_id" in event["properties"]["walk_in"]["properties"]
