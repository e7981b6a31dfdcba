"""A meeting as a calendar file that phones can save (iCalendar, RFC 5545)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LINE_OCTETS = 75
"""Octets in a line before it must be folded. Source: RFC 5545, 3.1."""
USUAL_LENGTH = timedelta(hours=2)
"""How long a meeting takes when nobody said when it ends."""


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """What a resident's calendar shall hold. `uid` stays the same when the meeting moves, `revision` grows."""

    uid: str
    revision: int
    title: str
    place: str
    note: str
    starts_at: datetime
    ends_at: datetime | None  # None: the usual length
    cancelled: bool
    made_at: datetime


def calendar_file(entry: CalendarEntry) -> bytes:
    """The file, in UTF-8. Times are UTC, so that it needs no description of the commune's zone."""
    ends_at = entry.ends_at or entry.starts_at + USUAL_LENGTH
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//eventmgr//meeting//VI",
        "CALSCALE:GREGORIAN",
        f"METHOD:{'CANCEL' if entry.cancelled else 'PUBLISH'}",
        "BEGIN:VEVENT",
        f"UID:{_escape(entry.uid)}",
        f"SEQUENCE:{entry.revision}",
        f"DTSTAMP:{_utc(entry.made_at)}",
        f"DTSTART:{_utc(entry.starts_at)}",
        f"DTEND:{_utc(ends_at)}",
        f"SUMMARY:{_escape(entry.title)}",
        f"LOCATION:{_escape(entry.place)}",
        f"DESCRIPTION:{_escape(entry.note)}",
        f"STATUS:{'CANCELLED' if entry.cancelled else 'CONFIRMED'}",
    ]
    if not entry.cancelled:
        lines += [
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            f"DESCRIPTION:{_escape(entry.title)}",
            "TRIGGER:-PT2H",
            "END:VALARM",
        ]
    lines += ["END:VEVENT", "END:VCALENDAR"]
    return b"".join(_folded(line) for line in lines)


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escape(text: str) -> str:
    """Text as a value: backslash, semicolon, comma and line ends are marked. Source: RFC 5545, 3.3.11."""
    for sign in "\\;,":
        text = text.replace(sign, "\\" + sign)
    return "\\n".join(text.splitlines())


def _folded(line: str) -> bytes:
    """The line in pieces of at most 75 octets, each further one led by a space, never inside a letter."""
    pieces: list[bytes] = []
    piece = b""
    for letter in line:
        octets = letter.encode()
        if len(piece) + len(octets) > LINE_OCTETS:
            pieces.append(piece)
            piece = b" "
        piece += octets
    pieces.append(piece)
    return b"\r\n".join(pieces) + b"\r\n"
