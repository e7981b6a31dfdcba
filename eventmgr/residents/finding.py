"""Keeping what the list of households is found and ordered by: terms, the head's name, how the phones reach it.

Rows changed through the session are followed by themselves, when they are flushed. Who writes many rows past it
calls `index_households` or `index_commune` afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session, UOWTransaction

from eventmgr.core.db import db, is_sqlite, place_of, table_of
from eventmgr.residents.models import Contact, Household, HouseholdTerm, PhoneState, Resident
from eventmgr.residents.values import Reach

_AT_ONCE = 500
"""Households one statement names by their ids."""

_WATCHED: dict[type, tuple[str, ...]] = {
    Household: ("code", "commune_id", "left_on"),
    Resident: ("household_id", "name_search", "name_sort", "is_head", "left_on"),
    Contact: ("household_id", "phone", "takes_sms"),
}
"""What of a row decides how its household is found."""


def index_households(household_ids: Collection[int]) -> None:
    """Make anew what these households are found by. For rows written past the session."""
    _index_each(db.session.connection(), household_ids)


def index_commune(commune_id: int) -> None:
    """Make anew what all households of a commune are found by."""
    _run(db.session.connection(), _indexing(Household.commune_id == commune_id))


def index_all() -> None:
    """Make anew what every household is found by: after a restore, or rows written by other hands."""
    _run(db.session.connection(), _indexing(sa.true()))


def index_phone(phone: str) -> None:
    """See anew how the households of a phone are reached, once something became known of it."""
    served = sa.select(Contact.household_id).where(Contact.phone == phone)
    db.session.connection().execute(_copying(Household.id.in_(served), _reach()))


def _index_each(connection: sa.Connection, household_ids: Collection[int]) -> None:
    ids = sorted(household_ids)
    for start in range(0, len(ids), _AT_ONCE):
        _run(connection, _indexing_each(is_sqlite()), household_ids=ids[start : start + _AT_ONCE])


def _run(connection: sa.Connection, statements: Iterable[sa.Executable], **parameters: Any) -> None:
    for statement in statements:
        connection.execute(statement, parameters)


@cache
def _indexing_each(_on_sqlite: bool) -> tuple[sa.Executable, ...]:
    """Made once: to build them takes longer than to carry them out, and every row saved needs them."""
    return _indexing(Household.id.in_(sa.bindparam("household_ids", expanding=True)))


def _indexing(which: sa.ColumnElement[bool]) -> tuple[sa.Executable, ...]:
    """The statements that make anew what the chosen households are found by."""
    head = (
        sa.select(Resident.name_sort)
        .where(Resident.household_id == Household.id, Resident.is_head, Resident.left_on.is_(None))
        .scalar_subquery()
    )
    chosen = sa.select(Household.id).where(which)
    return (
        _copying(which, {Household.head_name_sort: sa.func.coalesce(head, "")} | _reach()),
        sa.delete(HouseholdTerm).where(HouseholdTerm.household_id.in_(chosen)),
        sa.insert(table_of(HouseholdTerm)).from_select(["commune_id", "term", "household_id"], _terms(which)),
    )


def _copying(which: sa.ColumnElement[bool], values: Any) -> sa.Executable:
    return sa.update(Household).where(which).values(values)


def _reach() -> dict[Any, Any]:
    def has_phone(*conditions: Any) -> sa.ColumnElement[bool]:
        return sa.exists(
            sa.select(Contact.id)
            .outerjoin(PhoneState, PhoneState.phone == Contact.phone)
            .where(Contact.household_id == Household.id, *conditions)
        )

    alive, willing = PhoneState.dead_at.is_(None), PhoneState.opted_out_at.is_(None)
    by_sms = has_phone(Contact.takes_sms, alive, willing)
    return {
        Household.by_sms: by_sms,
        Household.reach: sa.case(
            (by_sms, Reach.SMS),
            (has_phone(alive), Reach.CALL),
            else_=Reach.NONE,
        ),
        Household.has_dead_phone: has_phone(~alive),
        Household.has_refusal: has_phone(~willing),
    }


def _terms(which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The terms of the households that are chosen."""
    name = sa.cast(Resident.name_search, sa.Text)
    spaces = sa.func.length(name) - sa.func.length(sa.func.replace(name, " ", ""))
    turned = (
        sa.select(
            Household.commune_id,
            Household.id.label("household_id"),
            name.label("term"),
            spaces.label("spaces"),
            spaces.label("turns_left"),
        )
        .join(Resident, Resident.household_id == Household.id)
        .where(which, Household.left_on.is_(None), Resident.left_on.is_(None))
        .cte("turned", recursive=True)
    )
    turned = turned.union_all(
        _next_turn(turned, _turned(turned.c.term), turned.c.turns_left - 1).where(turned.c.turns_left > 0)
    )
    # Any two words of three stand side by side in some turn. Of four and more some never do: their turns are told
    # again, with the words after the first turned too, until each word has met all those half way round. Of four,
    # the two that are opposite each other meet in the turns of either: those of the first two words do.
    meeting = (
        _next_turn(turned, _turned_after_first(turned.c.term), (turned.c.spaces + 1) // 2 - 2)
        .where(sa.or_(turned.c.spaces > 3, sa.and_(turned.c.spaces == 3, turned.c.turns_left >= 2)))
        .cte("meeting", recursive=True)
    )
    meeting = meeting.union_all(
        _next_turn(meeting, _turned_after_first(meeting.c.term), meeting.c.turns_left - 1).where(
            meeting.c.turns_left > 0
        )
    )
    code = sa.func.lower(sa.cast(Household.code, sa.Text))
    for letter in "Đđ":  # SQLite lowers ASCII only
        code = sa.func.replace(code, letter, "d")
    codes = sa.select(Household.commune_id, code, Household.id).where(
        which, Household.left_on.is_(None), Household.code.is_not(None)
    )
    names = (sa.select(made.c.commune_id, made.c.term, made.c.household_id) for made in (turned, meeting))
    every = sa.union_all(*names, codes).subquery()
    # Two of one name in a household make the same terms. Sorted, as the rows go in twice as fast in their key's order.
    return sa.select(every).distinct().order_by(*every.c)


def _next_turn(made: sa.CTE, term: Any, turns_left: Any) -> sa.Select[Any]:
    return sa.select(
        made.c.commune_id,
        made.c.household_id,
        term.label("term"),
        made.c.spaces,
        turns_left.label("turns_left"),
    )


def _turned(words: sa.ColumnElement[str]) -> Any:
    """The words with the first moved to the end."""
    space = place_of(" ", words)
    return sa.func.substr(words, space + 1) + " " + sa.func.substr(words, 1, space - 1)


def _turned_after_first(words: sa.ColumnElement[str]) -> Any:
    """The words with the second moved to the end."""
    space = place_of(" ", words)
    return sa.func.substr(words, 1, space) + _turned(sa.func.substr(words, space + 1))


# --- rows changed through the session -------------------------------------------------------------


@event.listens_for(Session, "after_flush")
def _follow(session: Session, _context: UOWTransaction) -> None:
    touched = {id for row in (*session.new, *session.dirty, *session.deleted) for id in _households_of(row, session)}
    _index_each(session.connection(), touched)


def _households_of(row: object, session: Session) -> Iterator[int]:
    """The households that are found otherwise now that the row is new, gone or changed."""
    watched = _WATCHED.get(type(row))
    if watched is None:
        return
    attributes = sa.inspect(row).attrs
    known = row in session.new or row in session.deleted
    if known or any(attributes[name].history.has_changes() for name in watched):
        owner = attributes["id" if isinstance(row, Household) else "household_id"]
        yield from (id for id in {owner.value, *owner.history.deleted} if id is not None)
