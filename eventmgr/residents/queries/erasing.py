"""What erasing a person takes with it: asked by the rooms above while everything is still there."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from eventmgr.core.db import db
from eventmgr.core.phone import national_form
from eventmgr.core.registry import Subject, SubjectKind
from eventmgr.core.text import display_name
from eventmgr.residents.models import Contact, Guest, Person, Resident

SHORTEST_WITHIN = 6
"""Letters a name or number must have to be looked for within a longer text."""


@dataclass(frozen=True, slots=True)
class Traces:
    """How the rooms above know somebody, gathered while everything is still there."""

    subject: Subject
    name: str
    words: frozenset[str]  # how the name may be spelt
    phones: frozenset[str]  # theirs, serving nobody else
    household_id: int | None  # None: a guest
    alone: bool  # nobody else holds the invitations they hold

    def owns(self, table: Any) -> sa.ColumnElement[bool]:
        """The condition that a row with `household_id` and `guest_id` is the household's, or the guest's."""
        owner = table.guest_id if self.household_id is None else table.household_id
        theirs: sa.ColumnElement[bool] = owner == (self.household_id or self.subject.id)
        return theirs


def traces_of(subject: Subject) -> Traces:
    """What to look for when somebody is shown or erased, whoever asks: access was settled before."""
    person = get_person(subject)
    return Traces(
        subject,
        person.full_name,
        spellings_of(person),
        phones_to_erase(person),
        household_id=person.household_id if isinstance(person, Resident) else None,
        alone=isinstance(person, Guest) or is_last_of_household(person),
    )


def get_person(subject: Subject) -> Person:
    """The person with this number, whoever asks: access was settled before."""
    if subject.kind is SubjectKind.GUEST:
        return db.session.get_one(Guest, subject.id)
    return db.session.get_one(Resident, subject.id)


def is_last_of_household(resident: Resident) -> bool:
    """Whether nobody else of the household lives there: then the household goes, too."""
    others = sa.select(Resident.id).where(
        Resident.household_id == resident.household_id, Resident.id != resident.id, Resident.left_on.is_(None)
    )
    return db.session.scalar(others.limit(1)) is None


def contacts_to_erase(resident: Resident) -> list[Contact]:
    """The person's own phones; with the last of a household all of its phones."""
    theirs = Contact.resident_id == resident.id
    if is_last_of_household(resident):
        theirs = sa.or_(theirs, Contact.household_id == resident.household_id)
    return list(db.session.scalars(sa.select(Contact).where(theirs)))


def phones_of(person: Person) -> list[str]:
    """The phones that go with the person's own entry, whomever else they serve."""
    if isinstance(person, Guest):
        return [person.phone] if person.phone else []
    return [contact.phone for contact in contacts_to_erase(person)]


def phones_to_erase(person: Person) -> frozenset[str]:
    """Those of them that serve nobody else."""
    numbers = set(phones_of(person))
    own = [] if isinstance(person, Guest) else [contact.id for contact in contacts_to_erase(person)]
    others = sa.select(Contact.phone).where(Contact.phone.in_(numbers), Contact.id.not_in(own))
    guests = sa.select(Guest.phone).where(Guest.phone.in_(numbers))
    if isinstance(person, Guest):
        guests = guests.where(Guest.id != person.id)
    return frozenset(numbers - set(db.session.scalars(others)) - set(db.session.scalars(guests)))


def spellings_of(person: Person, phones: Collection[str] = ()) -> frozenset[str]:
    """How the person's name and phones may stand in what was written down beside the lists."""
    name = person.full_name
    names = {name, display_name(name), name.upper(), name.lower(), name.title()}
    return frozenset(names | set(phones) | {national_form(phone) for phone in phones} | {_digits(p) for p in phones})


def _digits(phone: str) -> str:
    return national_form(phone).replace(" ", "")


def holds_any(column: Any, words: Collection[str]) -> sa.ColumnElement[bool]:
    """The condition that a JSON column holds one of the words anywhere, as JSON writes it."""
    text = sa.cast(column, sa.Text)
    written = {json.dumps(word)[1:-1] for word in words} | set(words)
    return sa.or_(sa.false(), *(text.contains(word, autoescape=True) for word in sorted(written)))


def without(value: Any, words: Collection[str], instead: str) -> Any:
    """A JSON value with every text that holds one of the words replaced, keys too."""
    if isinstance(value, str):
        return instead if any(_tells(value, word) for word in words) else value
    if isinstance(value, list):
        return [without(part, words, instead) for part in value]
    if isinstance(value, dict):
        return {without(key, words, instead): without(part, words, instead) for key, part in value.items()}
    return value


def _tells(text: str, word: str) -> bool:
    """Whether a text names what was asked for. A name of one short word stands in many others: there only the whole
    text counts."""
    return text == word or (len(word) >= SHORTEST_WITHIN and word in text)
