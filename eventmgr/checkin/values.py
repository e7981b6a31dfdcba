"""Words of the check-in room."""

from __future__ import annotations

from enum import StrEnum


class Answer(StrEnum):
    """What the door says to an event. A refused code never refuses the person."""

    OK = "ok"
    ALREADY = "already"
    UNKNOWN = "unknown"
    OTHER_MEETING = "other_meeting"
    CANCELLED_MEETING = "cancelled_meeting"
    REVOKED = "revoked"
    NOT_OPEN = "not_open"
    CLOSED = "closed"


class Method(StrEnum):
    """The way in."""

    CAMERA = "camera"
    TYPED = "typed"
    LIST = "list"
    SEARCH = "search"
    WALK_IN = "walk_in"
    PAPER = "paper"
    SELF = "self"
