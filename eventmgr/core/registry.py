"""What merging, erasing or showing a person or a household means for each room.

A lower room cannot know who keeps something about its people, nor which money pays for its texts. The rooms above say
so in `eventmgr.rooms`; here they are asked, one after the other, in the caller's unit of work.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from flask import Flask, current_app
from markupsafe import Markup
from sqlalchemy import ColumnElement


class SubjectKind(StrEnum):
    """Whom data can be about."""

    RESIDENT = "resident"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody whose data are kept, by kind and number: all that rooms need to ask for what they know."""

    kind: SubjectKind
    id: int

    @classmethod
    def of(cls, key: Mapping[str, int]) -> Subject:
        """From what an address or a row calls it: `{"resident_id": 7}`."""
        ((name, number),) = key.items()
        return cls(SubjectKind(name.removesuffix("_id")), number)

    @property
    def key(self) -> dict[str, Any]:
        """The column, or the part of an address, that points at them: `{"resident_id": 7}`."""
        return {f"{self.kind}_id": self.id}

    @property
    def record(self) -> str:
        """How log books name them: "resident:7"."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Section:
    """What one room keeps about a person: a title, and rows of a label and a value, both for people to read."""

    title: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What one room keeps about people, and what is to be done with it. None: nothing to do.

    Functions that change rows do so through the session and leave past figures as they are: a closed meeting keeps its
    attendances and their snapshots.
    """

    room: str
    merge_residents: Callable[[int, int, datetime], None] | None = None  # kept id, dropped id, now
    merge_households: Callable[[int, int, datetime], None] | None = None  # kept id, dropped id, now
    erase: Callable[[Subject, datetime], None] | None = None
    export: Callable[[Subject], list[Section]] | None = None
    depends_on_household: Callable[[Collection[int]], set[int]] | None = None  # which of these it holds on to


class Place(StrEnum):
    """A page that rooms above may add to."""

    HOUSEHOLD = "household"
    RESIDENT = "resident"
    PLAN = "plan"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a page that belongs to a room above: made from the id of the page's row, None if there is nothing
    to show."""

    place: Place
    render: Callable[[int], str | None]


@dataclass(frozen=True, slots=True)
class Budget:
    """Money set aside for texts, and the subjects ("meeting:12") whose texts it pays for."""

    title: Any  # words in the language of the page
    most: int  # đồng
    subjects: tuple[str, ...]


class BudgetSource(Protocol):
    """Says which budgets pay for the texts about these subjects; `lock` holds them until the unit of work ends."""

    def __call__(self, subjects: Collection[str], *, lock: bool = False) -> list[Budget]:
        """Each budget once; none where nobody has set one."""


ReminderOver = Callable[[], ColumnElement[bool]]
"""A condition on queued reminders: those that nobody needs any more."""

AnswerByText = Callable[[str, bool, datetime], bool]
"""Somebody texts from this phone (E.164) that they are coming, or not: whether it is clear to what that is the answer."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a text was for, as an officer calls them."""

    name: str  # the head of the household, the guest; empty: not known
    household_code: str = ""  # of the list; empty: none
    hamlet: str = ""  # its name; empty for guests


Addressees = Callable[[Collection[str]], Mapping[str, Addressee]]
"""Says whom texts are for that were queued under these keys ("invitation:7"); keys of other rooms are left out."""

_NAME = "registry"


@dataclass(frozen=True, slots=True)
class _Registry:
    personal_data: tuple[PersonalData, ...]
    panels: tuple[Panel, ...]
    budgets: tuple[BudgetSource, ...]
    reminders_over: tuple[ReminderOver, ...]
    answers_by_text: tuple[AnswerByText, ...]
    addressees: tuple[Addressees, ...]


def init_registry(
    app: Flask,
    personal_data: Iterable[PersonalData],
    panels: Iterable[Panel],
    budgets: Iterable[BudgetSource] = (),
    reminders_over: Iterable[ReminderOver] = (),
    answers_by_text: Iterable[AnswerByText] = (),
    addressees: Iterable[Addressees] = (),
) -> None:
    """Remember what the rooms have said, in the order of the floors."""
    app.extensions[_NAME] = _Registry(
        tuple(personal_data),
        tuple(panels),
        tuple(budgets),
        tuple(reminders_over),
        tuple(answers_by_text),
        tuple(addressees),
    )


def _registry() -> _Registry:
    registry: Any = current_app.extensions[_NAME]
    assert isinstance(registry, _Registry)
    return registry


def merge_residents(kept_id: int, dropped_id: int, now: datetime) -> None:
    """Every room passes what it keeps about the dropped person on to the kept one."""
    for room in _registry().personal_data:
        if room.merge_residents:
            room.merge_residents(kept_id, dropped_id, now)


def merge_households(kept_id: int, dropped_id: int, now: datetime) -> None:
    """Every room passes what it keeps about the dropped household on to the kept one."""
    for room in _registry().personal_data:
        if room.merge_households:
            room.merge_households(kept_id, dropped_id, now)


def erase(subject: Subject, now: datetime) -> None:
    """Every room takes away what it keeps about a person; counts and signed papers stay.

    Upper floors first: they find theirs by what lower ones still keep, as events at the door by an invitation's code.
    """
    for room in reversed(_registry().personal_data):
        if room.erase:
            room.erase(subject, now)


def export(subject: Subject) -> list[Section]:
    """All that any room keeps about a person."""
    return [section for room in _registry().personal_data if room.export for section in room.export(subject)]


def in_use(household_ids: Collection[int]) -> set[int]:
    """Which of these households some room holds on to: they were invited, or came."""
    used: set[int] = set()
    for room in _registry().personal_data:
        if room.depends_on_household:
            used |= room.depends_on_household(household_ids)
    return used


def panels(place: Place, row_id: int) -> list[Markup]:
    """What the rooms above add to a page, in the order of the floors. Their templates have escaped it."""
    shown = (panel.render(row_id) for panel in _registry().panels if panel.place is place)
    return [Markup(part) for part in shown if part]


def budgets(subjects: Collection[str], *, lock: bool = False) -> list[Budget]:
    """The budgets that pay for the texts about these subjects."""
    return [budget for source in _registry().budgets for budget in source(subjects, lock=lock)]


def reminders_over() -> list[ColumnElement[bool]]:
    """The conditions under which a queued reminder is not sent any more; one of them is enough."""
    return [condition() for condition in _registry().reminders_over]


def answer_by_text(phone: str, coming: bool, now: datetime) -> bool:
    """Take a text as an answer; False where no room knows to what, and a person has to read it."""
    return any(take(phone, coming, now) for take in _registry().answers_by_text)


def addressees(keys: Collection[str]) -> dict[str, Addressee]:
    """Whom the texts under these keys are for; keys that no room knows are left out."""
    return {key: known for describe in _registry().addressees for key, known in describe(keys).items()}
