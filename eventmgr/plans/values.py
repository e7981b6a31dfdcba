"""Words of the plans room."""

from __future__ import annotations

from enum import StrEnum


class SectionKind(StrEnum):
    """The parts of a plan, in the order of the paper."""

    LEGAL_BASES = "legal_bases"
    PURPOSES = "purposes"
    REQUIREMENTS = "requirements"
    AUDIENCE = "audience"
    CONTENTS = "contents"
    FORMS = "forms"
    MONEY = "money"
    ORGANISATION = "organisation"
    RECIPIENTS = "recipients"


class OutputKind(StrEnum):
    """What a plan yields besides meetings (Thông tư 06/2022/TT-BTTTT, forms of communication)."""

    ARTICLE = "article"
    REPORTAGE = "reportage"
    BROADCAST = "broadcast"
    PANEL = "panel"
    POSTER = "poster"
    LEAFLET = "leaflet"
    HANDBOOK = "handbook"
    BANNER = "banner"
    CONTEST = "contest"
    EMULATION = "emulation"


class Direction(StrEnum):
    """What happened to an output."""

    MADE = "made"
    RECEIVED = "received"
    HANDED_OUT = "handed_out"


MEETINGS = "meetings"
PARTICIPANTS = "participants"
