"""Between JSON and values: what a phone sends, and what it is told, under the names scripts rely on."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from eventmgr.checkin.queries import name_of
from eventmgr.checkin.values import Counts, Method, ScanEvent, ScanResult, Undo, WalkIn
from eventmgr.core.text import clean_text
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.residents.models import Resident
from eventmgr.residents.values import Gender

MOST_SCANS = 500
"""Events in one request: a phone sends its queue in pieces."""

FIRST_YEAR, LAST_YEAR = 1900, 9000

UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""What JSON can say and no database keeps: NUL, and halves of a surrogate pair."""

WAYS = ("code", "resident_ids", "household_id", "guest_id", "walk_in", "undo")

TOGETHER = ({"code", "resident_ids"}, {"household_id", "resident_ids"})
"""Ways that may come together: ticks of a household that is said otherwise."""


class BadItem(ValueError):
    """One event of a request cannot be understood; the others are kept all the same."""


def read_event(item: Any) -> ScanEvent:
    """One event from JSON. Raises BadItem with a short reason for the phone's log."""
    if not isinstance(item, dict):
        raise BadItem("not an object")
    event_id = item.get("event_id")
    if not isinstance(event_id, str) or not 1 <= len(event_id) <= 64 or UNSTORABLE.search(event_id):
        raise BadItem("event_id")
    given = [way for way in WAYS if item.get(way) not in (None, "", [])]
    if not given or (len(given) > 1 and set(given) not in TOGETHER):
        raise BadItem("exactly one of " + ", ".join(WAYS))
    return ScanEvent(
        event_id=event_id,
        scanned_at=read_instant(item.get("scanned_at")),
        list_at=_list_at(item.get("list_at")),
        method=_method(item),
        code=read_text(item, "code", 300),
        resident_ids=_ids(item.get("resident_ids")),
        household_id=_id(item, "household_id"),
        guest_id=_id(item, "guest_id"),
        walk_in=_walk_in(item.get("walk_in")),
        undo=_undo(item.get("undo")),
        proxy_name=read_text(item, "proxy_name", 200),
        relation=read_text(item, "relation", 80),
        offline=item.get("offline") is True,
        let_in=item.get("let_in") is True,
        note=read_text(item, "note", 200),
    )


def read_instant(value: Any) -> datetime:
    """An instant in ISO 8601, of whatever year a clock may show; without a zone it is UTC. Raises BadItem."""
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadItem("scanned_at") from None
    if not FIRST_YEAR < instant.year < LAST_YEAR:  # no clock of a phone shows these, and not every database keeps them
        instant = instant.replace(year=FIRST_YEAR if instant.year <= FIRST_YEAR else LAST_YEAR, day=1)
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)


def _list_at(value: Any) -> datetime | None:
    """When the list was made that the phone judged by; what cannot be read counts as not said."""
    try:
        return read_instant(value)
    except BadItem:
        return None


def _method(item: dict[str, Any]) -> Method:
    usual = Method.TYPED if item.get("code") else Method.WALK_IN if item.get("walk_in") else Method.LIST
    if item.get("undo"):
        return usual  # nobody comes in by it, whatever it is called
    try:
        return Method(item.get("method") or usual)
    except ValueError:
        raise BadItem("method") from None


def read_text(item: dict[str, Any], name: str, longest: int) -> str:
    """A line of text, empty if it is not there. What no database keeps is left out, what is too long is cut: an event
    is not lost for that. Raises BadItem."""
    value = item.get(name) or ""
    if not isinstance(value, str):
        raise BadItem(name)
    return clean_text(UNSTORABLE.sub("", value))[:longest].strip()


MOST_ID = 2**31 - 1


def _id(item: dict[str, Any], name: str) -> int | None:
    value = item.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= MOST_ID:
        raise BadItem(name)
    return value


def _ids(value: Any) -> tuple[int, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > 50:
        raise BadItem("resident_ids")
    return tuple(dict.fromkeys(_id({"resident_ids": one}, "resident_ids") or 0 for one in value))


def _walk_in(value: Any) -> WalkIn | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise BadItem("walk_in")
    name = read_text(value, "name", 200)
    if not name:
        raise BadItem("walk_in.name")
    try:
        gender = Gender(value.get("gender") or Gender.UNKNOWN)
    except ValueError:
        raise BadItem("walk_in.gender") from None
    return WalkIn(name, _id(value, "hamlet_id"), gender, _id(value, "household_id"))


def _undo(value: Any) -> Undo | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise BadItem("undo")
    event_id, attendance_id = value.get("event_id"), _id(value, "attendance_id")
    if attendance_id is not None and event_id is None:
        return Undo(attendance_id=attendance_id)
    if attendance_id is not None or not isinstance(event_id, str) or not 1 <= len(event_id) <= 64:
        raise BadItem("undo: one of event_id, attendance_id")
    return Undo(
        UNSTORABLE.sub("", event_id), resident_id=_id(value, "resident_id"), stand_in=value.get("stand_in") is True
    )


def tell_result(result: ScanResult) -> dict[str, Any]:
    """The answer to one event. A held event is acknowledged and nothing else."""
    if result.status == "held":
        return {"event_id": result.event_id, "status": result.status, "people": []}
    return {
        "event_id": result.event_id,
        "status": str(result.status),
        "people": [
            {
                "name": person.name,
                "status": str(person.status),
                "first_scanned_at": tell_instant(person.first_scanned_at),
                "attendance_id": person.attendance_id,
                "device": person.device,
            }
            for person in result.people
        ],
        "household": result.household,
        "household_id": result.household_id,
        "hint": result.hint,
    }


def tell_bad_item(item: Any, reason: str) -> dict[str, Any]:
    """The answer to an event that cannot be understood."""
    event_id = item.get("event_id") if isinstance(item, dict) else None
    return {
        "event_id": event_id if isinstance(event_id, str) else None,
        "status": "invalid",
        "people": [],
        "hint": reason,
    }


def tell_instant(instant: datetime | None) -> str | None:
    """An instant in ISO 8601, UTC."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z") if instant else None


def tell_meeting(meeting: Meeting) -> dict[str, Any]:
    """A meeting as the scanner's head shows it."""
    return {
        "id": meeting.id,
        "title": meeting.title,
        "venue": meeting.venue,
        "starts_at": tell_instant(meeting.starts_at),
        "status": str(meeting.status),
        "hamlets": [{"id": hamlet.id, "name": hamlet.name} for hamlet in meeting.hamlets],
    }


def tell_invitation(invitation: Invitation, code_hash: str) -> dict[str, Any]:
    """An invitation as a phone may know it: names, no phone, no class, no code."""
    if invitation.guest is not None:
        guest = invitation.guest
        return {
            "guest_id": guest.id,
            "name": guest.full_name,
            "note": ", ".join(filter(None, (guest.title, guest.organisation))),
            "code_hash": code_hash,
        }
    household = invitation.household
    assert household is not None
    present = [member for member in household.members if not member.left_on]
    present_ids = {member.id for member in present}
    return {
        "household_id": household.id,
        "name": name_of(household),
        "hamlet": household.hamlet.name,
        "members": [{"resident_id": member.id, "name": member.full_name} for member in present],
        "named": [row.resident_id for row in invitation.members if row.resident_id in present_ids],
        "code_hash": code_hash,
    }


def tell_found(resident: Resident) -> dict[str, Any]:
    """A person found by name."""
    household = resident.household
    return {
        "resident_id": resident.id,
        "name": resident.full_name,
        "household_id": household.id,
        "household": name_of(household),
        "hamlet": household.hamlet.name,
    }


def tell_counts(counts: Counts) -> dict[str, Any]:
    """Three numbers, and the hamlets."""
    return {
        "attendances": counts.attendances,
        "persons": counts.persons,
        "households": counts.households,
        "invited": counts.invited,
        "came": counts.came,
        "hamlets": [{"name": row.name, "invited": row.invited, "came": row.came} for row in counts.hamlets],
    }
