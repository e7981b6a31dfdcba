"""The API of the phones at the door, as OpenAPI 3.1."""

from __future__ import annotations

from typing import Any

from eventmgr.checkin.values import HELD, Answer, Method
from eventmgr.residents.values import Gender

_TEXT = {"type": "string"}
_INSTANT = {"type": "string", "format": "date-time"}
_ID = {"type": "integer", "minimum": 1, "maximum": 2147483647}
_STATUS = {"type": "string", "enum": [*(str(answer) for answer in Answer), HELD, "invalid"]}


def _object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(of: dict[str, Any], **limits: int) -> dict[str, Any]:
    return {"type": "array", "items": of, **limits}


_ERROR = _object(("error", "message"), error=_TEXT, message=_TEXT)
_MEETING = _object(
    ("id", "title", "starts_at"),
    id=_ID,
    title=_TEXT,
    venue=_TEXT,
    starts_at=_or_null(_INSTANT),
    status=_TEXT,
    hamlets=_list(_object(id=_ID, name=_TEXT)),
)
_EVENT = _object(
    ("event_id", "scanned_at"),
    event_id={"type": "string", "minLength": 1, "maxLength": 64},
    code={"type": "string", "maxLength": 300},
    resident_ids=_list(_ID, maxItems=50),
    household_id=_ID,
    guest_id=_ID,
    walk_in=_object(
        ("name",),
        name={"type": "string", "minLength": 1, "maxLength": 200},
        hamlet_id=_ID,
        household_id=_ID,
        gender={"type": "string", "enum": [str(gender) for gender in Gender]},
    ),
    undo=_object(
        (),
        event_id={"type": "string", "minLength": 1, "maxLength": 64},
        attendance_id=_ID,
        resident_id=_ID,
        stand_in={"type": "boolean"},
    ),
    proxy_name={"type": "string", "maxLength": 200},
    relation={"type": "string", "maxLength": 80},
    scanned_at=_INSTANT,
    method={"type": "string", "enum": [*(str(method) for method in Method), "undo"]},
    offline={"type": "boolean"},
    list_at=_INSTANT,
    let_in={"type": "boolean"},
    note={"type": "string", "maxLength": 200},
)
_RESULT = _object(
    ("event_id", "status", "people"),
    event_id=_or_null(_TEXT),
    status=_STATUS,
    people=_list(
        _object(
            ("name", "status", "first_scanned_at"),
            name=_TEXT,
            status=_STATUS,
            first_scanned_at=_or_null(_INSTANT),
            attendance_id=_or_null(_ID),
            device=_TEXT,
        )
    ),
    household=_TEXT,
    household_id=_or_null(_ID),
    hint=_TEXT,
)
_CAME = _object(
    ("attendance_id", "at"),
    household_id=_or_null(_ID),
    resident_id=_or_null(_ID),
    guest_id=_or_null(_ID),
    attendance_id=_ID,
    at=_INSTANT,
)
_HOUSEHOLD = _object(
    ("household_id", "name", "hamlet", "members", "named", "code_hash"),
    household_id=_ID,
    name=_TEXT,
    hamlet=_TEXT,
    members=_list(_object(("resident_id", "name"), resident_id=_ID, name=_TEXT)),
    named=_list(_ID),
    code_hash=_TEXT,
)
_GUEST = _object(("guest_id", "name", "note", "code_hash"), guest_id=_ID, name=_TEXT, note=_TEXT, code_hash=_TEXT)
_REVOKED = _object(("code_hash", "withdrawn_at"), code_hash=_TEXT, withdrawn_at=_INSTANT)
_FOUND = _object(
    ("resident_id", "name", "household_id", "household", "hamlet"),
    resident_id=_ID,
    name=_TEXT,
    household_id=_ID,
    household=_TEXT,
    hamlet=_TEXT,
)
_COUNTS = _object(
    (
        *("attendances", "persons", "households", "invited", "came", "hamlets"),
        *("meeting", "opens_at", "expires_at", "list_version", "server_time", "came_rows"),
    ),
    meeting=_MEETING,
    opens_at=_or_null(_INSTANT),
    expires_at=_or_null(_INSTANT),
    list_version=_TEXT,
    server_time=_INSTANT,
    came_rows=_list(_CAME),
    **{name: {"type": "integer"} for name in ("attendances", "persons", "households", "invited", "came")},
    hamlets=_list(_object(name=_TEXT, invited={"type": "integer"}, came={"type": "integer"})),
)
_MEETING_ID = {"name": "meeting_id", "in": "path", "required": True, "schema": _ID}
_ATTENDANCE_ID = {"name": "attendance_id", "in": "path", "required": True, "schema": _ID}
_WAITING = {"name": "waiting", "in": "query", "required": False, "schema": {"type": "integer", "minimum": 0}}
_QUERY = {"name": "q", "in": "query", "required": False, "schema": _TEXT}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _operation(
    summary: str,
    answer: dict[str, Any],
    *parameters: dict[str, Any],
    body: dict[str, Any] | None = None,
    open_to_all: bool = False,
    body_required: bool = True,
    status: str = "200",
) -> dict[str, Any]:
    refusals = {"401": "Not paired", "403": "Not allowed", "404": "No such thing for you", "422": "Not understood"}
    operation: dict[str, Any] = {
        "summary": summary,
        "responses": {status: {"description": "Done", **_json(answer)}}
        | {code: {"description": words, **_json(_ERROR)} for code, words in refusals.items()},
    }
    if parameters:
        operation["parameters"] = list(parameters)
    if body is not None:
        operation["requestBody"] = {"required": body_required, **_json(body)}
    if open_to_all:
        operation["security"] = []
    return operation


def describe_api() -> dict[str, Any]:
    """The description served at /api/openapi.json."""
    one = "/api/v1/meetings/{meeting_id}"
    return {
        "openapi": "3.1.0",
        "info": {"title": "eventmgr check-in", "version": "1"},
        "components": {
            "securitySchemes": {
                "device": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "session"},
            }
        },
        "security": [{"device": []}, {"session": []}],
        "paths": {
            "/api/v1/devices": {
                "post": _operation(
                    "A pairing code becomes a token: the phone's own `key` if it brings one; again with the same key,"
                    " the same answer",
                    _object(
                        ("token", "expires_at", "meetings"),
                        token=_TEXT,
                        device_id=_ID,
                        label=_TEXT,
                        meeting_id=_or_null(_ID),
                        expires_at=_INSTANT,
                        meetings=_list(_MEETING),
                    ),
                    body=_object(
                        ("code",),
                        code=_TEXT,
                        label=_TEXT,
                        key={"type": "string", "pattern": "^[A-Za-z0-9_-]{32,128}$"},
                    ),
                    open_to_all=True,
                    status="201",
                )
            },
            "/api/v1/meetings": {
                "get": _operation(
                    "Meetings of today and the next days", _object(("meetings",), meetings=_list(_MEETING))
                )
            },
            f"{one}/manifest": {
                "get": _operation(
                    "Who is invited, by name; codes as salted SHA-256",
                    _object(
                        (
                            *("meeting", "opens_at", "server_time", "expires_at", "list_version", "salt"),
                            *("households", "guests", "revoked", "came"),
                        ),
                        meeting=_MEETING,
                        opens_at=_or_null(_INSTANT),
                        server_time=_INSTANT,
                        expires_at=_or_null(_INSTANT),
                        list_version=_TEXT,
                        salt=_TEXT,
                        households=_list(_HOUSEHOLD),
                        guests=_list(_GUEST),
                        revoked=_list(_REVOKED),
                        came=_list(_CAME),
                    ),
                    _MEETING_ID,
                )
            },
            f"{one}/scans": {
                "post": _operation(
                    "Store events; each is answered, in the same order",
                    _object(("results",), results=_list(_RESULT)),
                    _MEETING_ID,
                    body=_object(
                        ("scans",),
                        scans=_list(_EVENT, maxItems=500),
                        sent_at=_INSTANT,
                        waiting={"type": "integer", "minimum": 0},
                    ),
                )
            },
            f"{one}/attendances/{{attendance_id}}/undo": {
                "post": _operation(
                    "Take an attendance back; the row stays",
                    _object(("attendance_id",), attendance_id=_ID, undone_at=_or_null(_INSTANT)),
                    _MEETING_ID,
                    _ATTENDANCE_ID,
                    body=_object((), reason=_TEXT, undo={"type": "boolean"}),
                    body_required=False,
                )
            },
            f"{one}/counts": {"get": _operation("Came and invited", _COUNTS, _MEETING_ID, _WAITING)},
            f"{one}/people": {
                "get": _operation(
                    "Residents by name, at least two letters, or by the last digits of a phone, at least four",
                    _object(("people",), people=_list(_FOUND)),
                    _MEETING_ID,
                    _QUERY,
                )
            },
        },
    }
