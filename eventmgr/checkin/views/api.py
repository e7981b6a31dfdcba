"""The API of the phones at the door, under /api/v1. A paired phone brings its token, a signed-in person the session."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, jsonify, request
from flask_babel import lazy_gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.checkin import queries
from eventmgr.checkin.api_description import describe_api
from eventmgr.checkin.keepers import (
    bearer_token,
    current_keeper,
    holds_other_than_said,
    keeper_at_meeting,
    keeper_of_device,
    note_contact,
)
from eventmgr.checkin.services.attendance import record_scans
from eventmgr.checkin.services.pairing import KEY, redeem_pairing
from eventmgr.checkin.services.undoing import restore_attendance, undo_attendance
from eventmgr.checkin.values import Doorkeeper, MeetingAtDoor, ScanEvent, ScanResult
from eventmgr.checkin.wire import (
    MOST_SCANS,
    BadItem,
    read_event,
    read_instant,
    read_text,
    tell_bad_item,
    tell_counts,
    tell_found,
    tell_instant,
    tell_invitation,
    tell_meeting,
    tell_result,
)
from eventmgr.core.access import by_device, public
from eventmgr.core.access_log import note_view
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import RuleBroken
from eventmgr.extensions import csrf, limiter
from eventmgr.meetings.models import Meeting

bp = Blueprint("checkin_api", __name__)
csrf.exempt(bp)  # tokens need none; for signed-in people current_keeper asks for the header

WRONG_CLOCK = timedelta(minutes=2)
"""A device's clock is taken as right within this: less would be the network's delay."""


PIECE = 50
"""Events that share a commit. More would keep other phones waiting for the one pen of SQLite."""

UNSTORABLE = (sa.exc.DataError, sa.exc.IntegrityError, OverflowError, UnicodeError)
"""What an event itself is to blame for. Whatever else fails is the database's, and the phone sends it again."""


class NotUnderstood(RuleBroken):
    """The request as a whole is not what the description says."""

    code = "not_understood"
    sentence = _("The commune's server did not understand what this phone sent. Reload the page and try again.")


class TooManyScans(RuleBroken):
    """More events in one request than are taken at once."""

    code = "too_many_scans"
    sentence = _("At most %(most)d events are taken at once. Send the others in the next request.")


@bp.get("/api/openapi.json")
@public
def openapi() -> Response:
    """What this API is."""
    return jsonify(describe_api())


@bp.post("/api/v1/devices")
@limiter.limit("20 per minute")
@public
def pair() -> tuple[Response, int]:
    """A pairing code becomes a token, once."""
    body = _body()
    key = body.get("key") or ""
    if not isinstance(key, str) or (key and not KEY.fullmatch(key)):
        raise NotUnderstood
    with unit_of_work():
        device, token = redeem_pairing(_line(body, "code", 300), label=_line(body, "label", 200), now=now(), key=key)
        meetings = queries.meetings_at_door(keeper_of_device(device), now())
    told = {
        "token": token,
        "device_id": device.id,
        "label": device.label,
        "meeting_id": device.meeting_id,
        "expires_at": tell_instant(device.good_until),
        "meetings": [tell_meeting(meeting) for meeting in meetings],
    }
    return jsonify(told), 201


@bp.get("/api/v1/meetings")
@by_device
def meetings() -> Response:
    """The meetings of today and the next days at whose door the caller may stand."""
    moment = now()
    return jsonify(
        {"meetings": [tell_meeting(row) for row in queries.meetings_at_door(current_keeper(moment), moment)]}
    )


@bp.get("/api/v1/meetings/<int:meeting_id>/manifest")
@by_device
def manifest(meeting_id: int) -> Response:
    """What the phone takes along: who is invited, by name; codes only as salted digests; who has come."""
    moment = now()
    keeper = current_keeper(moment)
    meeting = queries.get_meeting_at_door(keeper, meeting_id)
    salt = secrets.token_hex(8)
    told = [tell_invitation(row, _salted(salt, row.code)) for row in queries.invitations_at_door(meeting, keeper.scope)]
    note_view(
        "door_list",
        record=f"meeting:{meeting.id}",
        area_id=meeting.area_id,
        shown=len(told),
        filters={"device": keeper.device_id},
    )
    return jsonify(
        {
            "meeting": tell_meeting(meeting),
            "opens_at": tell_instant(queries.opens_at(meeting)),
            "server_time": tell_instant(moment),
            "expires_at": tell_instant(keeper.expires_at),
            "list_version": queries.list_version(meeting, keeper.scope),
            "salt": salt,
            "households": [entry for entry in told if "household_id" in entry],
            "guests": [entry for entry in told if "guest_id" in entry],
            "revoked": [
                {"code_hash": _salted(salt, code), "withdrawn_at": tell_instant(withdrawn_at)}
                for code, withdrawn_at in queries.withdrawn_codes(meeting, keeper.scope)
            ],
            "came": _came(meeting, keeper),
        }
    )


def _salted(salt: str, code: str) -> str:
    return hashlib.sha256((salt + code).encode()).hexdigest()


def _came(meeting: Meeting, keeper: Doorkeeper) -> list[dict[str, Any]]:
    return [
        {
            "household_id": household_id,
            "resident_id": resident_id,
            "guest_id": guest_id,
            "attendance_id": attendance_id,
            "at": tell_instant(at),
        }
        for household_id, resident_id, guest_id, attendance_id, at, _signed in queries.who_came(meeting, keeper.scope)
    ]


@bp.post("/api/v1/meetings/<int:meeting_id>/scans")
@by_device
def scans(meeting_id: int) -> Response:
    """Store events and answer each, in order. One that cannot be understood or stored does not spoil the others, and
    what is answered is on disk."""
    moment = now()
    keeper, meeting = keeper_at_meeting(moment, meeting_id)
    body = _body()
    items = body.get("scans")
    if not isinstance(items, list):
        raise NotUnderstood
    if len(items) > MOST_SCANS:
        raise TooManyScans(most=MOST_SCANS)
    offset, waiting = _clock_offset(body), body.get("waiting")
    if not items:
        _note_unsent(keeper, waiting, moment)
    pieces = [items[start : start + PIECE] for start in range(0, len(items), PIECE)]
    take = partial(_take, meeting, keeper=keeper, offset=offset, waiting=waiting)
    return jsonify({"results": [told for piece in pieces for told in take(piece)]})


def _take(
    meeting: MeetingAtDoor, items: list[Any], *, keeper: Doorkeeper, offset: timedelta, waiting: Any
) -> list[dict[str, Any]]:
    understood: list[ScanEvent | dict[str, Any]] = []
    for item in items:
        try:
            understood.append(read_event(item))
        except BadItem as error:
            understood.append(tell_bad_item(item, str(error)))
    moment = now()
    record = partial(record_scans, meeting, keeper=keeper, now=moment, clock_offset=offset)
    heard = partial(note_contact, keeper, moment, waiting)
    told = iter(_store([event for event in understood if isinstance(event, ScanEvent)], record, heard))
    return [next(told) if isinstance(event, ScanEvent) else event for event in understood]


def _store(
    events: list[ScanEvent], record: Callable[[list[ScanEvent]], list[ScanResult]], heard: Callable[[], None]
) -> list[dict[str, Any]]:
    """Store events together, as each commit waits for the disk. If that fails, one by one: whichever no database keeps
    is told apart."""
    try:
        with unit_of_work():
            heard()
            results = record(events)
    except (sa.exc.DBAPIError, *UNSTORABLE):
        return [_store_alone(event, record) for event in events]
    return [tell_result(result) for result in results]


def _store_alone(event: ScanEvent, record: Callable[[list[ScanEvent]], list[ScanResult]]) -> dict[str, Any]:
    try:
        with unit_of_work():
            (result,) = record([event])
    except UNSTORABLE as error:
        return tell_bad_item({"event_id": event.event_id}, type(error).__name__)
    return tell_result(result)


def _note_unsent(keeper: Doorkeeper, waiting: Any, moment: datetime) -> None:
    if holds_other_than_said(keeper, moment, waiting):
        with unit_of_work():
            note_contact(keeper, moment, waiting)


def _clock_offset(body: dict[str, Any]) -> timedelta:
    """How far the device's clock is behind ours, by the time it says it sent this; nothing if it does not say."""
    if not body.get("sent_at"):
        return timedelta()
    try:
        offset = now() - read_instant(body["sent_at"])
    except BadItem:
        raise NotUnderstood from None
    return offset if abs(offset) > WRONG_CLOCK else timedelta()


@bp.post("/api/v1/meetings/<int:meeting_id>/attendances/<int:attendance_id>/undo")
@by_device
def undo(meeting_id: int, attendance_id: int) -> Response:
    """Take an attendance of this meeting back; with `{"undo": false}` take that back."""
    moment = now()
    keeper = current_keeper(moment)
    body = _body(optional=True)
    by = None if bearer_token() else current_user
    with unit_of_work():
        meeting = queries.get_meeting_at_door(keeper, meeting_id)
        row = queries.get_attendance_at(meeting, attendance_id, keeper.scope)
        if body.get("undo") is False:
            restore_attendance(row, by=by, now=moment)
        else:
            reason = _line(body, "reason", 1000)
            undo_attendance(row, by=by, reason=reason, now=moment, keeper=keeper)
    return jsonify({"attendance_id": row.id, "undone_at": tell_instant(row.undone_at)})


@bp.get("/api/v1/meetings/<int:meeting_id>/counts")
@by_device
def counts(meeting_id: int) -> Response:
    """Attendances, persons and households; came and invited by hamlet; and whether the phone's list is still good."""
    moment = now()
    keeper = current_keeper(moment)
    meeting = queries.get_meeting_at_door(keeper, meeting_id)
    _note_unsent(keeper, request.args.get("waiting", type=int), moment)
    return jsonify(
        tell_counts(queries.counts_of(meeting, keeper.scope))
        | {
            "meeting": tell_meeting(meeting),
            "opens_at": tell_instant(queries.opens_at(meeting)),
            "expires_at": tell_instant(keeper.expires_at),
            "list_version": queries.list_version(meeting, keeper.scope),
            "server_time": tell_instant(moment),
            "came_rows": _came(meeting, keeper),
        }
    )


@bp.get("/api/v1/meetings/<int:meeting_id>/people")
@by_device
def people(meeting_id: int) -> Response:
    """Residents by name (`?q=`), at least two letters."""
    keeper = current_keeper(now())
    meeting = queries.get_meeting_at_door(keeper, meeting_id)
    found = queries.search_people(meeting, keeper.scope, request.args.get("q", ""))
    note_view(
        "door_list",
        record=f"meeting:{meeting.id}",
        area_id=meeting.area_id,
        shown=len(found),
        filters={"searched": True, "device": keeper.device_id},
    )
    return jsonify({"people": [tell_found(resident) for resident in found]})


def _body(*, optional: bool = False) -> dict[str, Any]:
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # lists in lists in lists: JSON, but nothing of ours
        raise NotUnderstood from None
    if body is None and optional:
        return {}
    if not isinstance(body, dict):
        raise NotUnderstood
    return body


def _line(body: dict[str, Any], name: str, longest: int) -> str:
    try:
        return read_text(body, name, longest)
    except BadItem:
        raise NotUnderstood from None
