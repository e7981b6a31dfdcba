"""Words of the plans room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
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


SECTION_ORDER: dict[SectionKind, int] = {kind: place for place, kind in enumerate(SectionKind)}
"""Where a part stands on the paper."""


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


@dataclass(frozen=True, slots=True)
class PlanDetails:
    """The plan document without its parts. Days are days of the office."""

    title: str
    starts_on: date
    ends_on: date
    number: str = ""  # empty: the clerk has not given one yet
    dated_on: date | None = None  # None: left blank on paper
    opening: str = ""  # the sentence that cites the upper plan
    programme: str = ""
    report_to: str = ""
    budget: int | None = None  # đồng; None: no amount stated
    sms_budget: int | None = None  # đồng for the texts of its meetings; None: no limit
    funder: str = ""
    funding_decision: str = ""
    signature: tuple[str, ...] = ()  # the lines over the name
    signer: str = ""


@dataclass(frozen=True, slots=True)
class TaskLine:
    """Who does what by when. No day: through the whole period."""

    responsible: str
    task: str
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class TopicGroup:
    """A group of contents, and what belongs to it in particular."""

    name: str
    children: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TargetLine:
    """How much of an indicator (by its code) a hamlet is to reach; no hamlet: the whole commune."""

    indicator: str
    quantity: int
    hamlet_id: int | None = None


@dataclass(frozen=True, slots=True)
class OutputDetails:
    """An article, a broadcast, a pile of leaflets… Cost in đồng, None where nobody knows it."""

    kind: OutputKind
    direction: Direction
    quantity: int
    done_on: date
    hamlet_id: int | None = None
    partner: str = ""
    cost: int | None = None
    link: str = ""


def read_paragraphs(text: str) -> list[str]:
    """The paragraphs of a pasted text: every line that is not blank is one."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


CHILD_MARKS = ("- ", "+ ", "• ", "– ", "-", "+", "•", "–")
"""What may stand before a line that belongs to the group above; "- " is what we write ourselves."""


def read_topics(text: str) -> list[TopicGroup]:
    """Groups from lines: a line per group, the lines below it that begin with "- " belong to it.

    A first line with a mark has no group above and becomes one.
    """
    groups: list[tuple[str, list[str]]] = []
    for line in read_paragraphs(text):
        mark = next((mark for mark in CHILD_MARKS if line.startswith(mark)), "")
        name = line.removeprefix(mark).strip()
        if not name:
            continue
        if mark and groups:
            groups[-1][1].append(name)
        else:
            groups.append((name, []))
    return [TopicGroup(name, tuple(children)) for name, children in groups]


def write_topics(groups: list[TopicGroup]) -> str:
    """The lines from which `read_topics` makes these groups."""
    lines: list[str] = []
    for group in groups:
        lines.append(group.name)
        lines.extend(f"- {child}" for child in group.children)
    return "\n".join(lines)
