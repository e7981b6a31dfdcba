"""Words of the residents room."""

from __future__ import annotations

from enum import StrEnum


class PovertyClass(StrEnum):
    """A household's class in a year's decision (QĐ 24/2021/QĐ-TTg; newly escaped: within 36 months)."""

    POOR = "poor"
    NEAR_POOR = "near_poor"
    NEWLY_ESCAPED = "newly_escaped"
    NEWLY_ESCAPED_NEAR_POOR = "newly_escaped_near_poor"
    OTHER = "other"


class Gender(StrEnum):
    """As the list says; never derived from a name."""

    FEMALE = "female"
    MALE = "male"
    UNKNOWN = "unknown"


class PhoneOwner(StrEnum):
    """Whose phone it is. Only a member's own phone gets the invitation itself; others are asked
    to pass it on."""

    MEMBER = "member"
    RELATIVE = "relative"
    NEIGHBOUR = "neighbour"
    HAMLET_HEAD = "hamlet_head"
    OTHER = "other"
