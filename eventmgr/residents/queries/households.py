"""The list of households: its pages, filters, search and order.

Two ways of looking, so that a page costs the same however many households there are. Inside one commune all that is
asked touches a few thousand rows. Above communes an index gives the rows in order, narrowed by its first column; words
are looked up first, and stop at `COUNT_STOPS_AT` households.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.db import among, db
from eventmgr.core.phone import masked_form
from eventmgr.core.text import clean_text, display_name, has_marks, search_key
from eventmgr.residents.models import Household, Resident
from eventmgr.residents.queries.names import found_by, is_found_by, names_like, written_as
from eventmgr.residents.queries.territory import Territory, territory_of
from eventmgr.residents.values import (
    COUNT_STOPS_AT,
    HouseholdFilter,
    HouseholdLine,
    HouseholdOrder,
    HouseholdPage,
    Reach,
    ReachFilter,
)

PAGE = 50
_LISTED_OF_TOO_MANY = 300
"""Households: six pages are more than anybody reads before typing another letter."""
_AT_ONCE = 500
_LAST = 2**31 - 1
_MOST_TERMS = 5000
"""Terms read for one search above communes: a household brings about four that begin with the same letters."""


def households_page(
    scope: Scope,
    phones: Scope,
    wanted: HouseholdFilter,
    *,
    after: int | None = None,
    before: int | None = None,
    size: int = PAGE,
) -> HouseholdPage:
    """One page of the households in the scope that are wanted, by the heads' given names in Vietnamese order.

    In the order of the office's own list only inside one commune, as there is no such list above. `phones` is where
    the reader may see numbers; elsewhere they are masked and cannot be searched for.
    """
    territory = territory_of(scope, wanted)
    if search_key(wanted.query) and not territory.is_local:
        found, cut = _look_up(territory, phones, wanted)
        count = COUNT_STOPS_AT + 1 if cut else len(found)
        ids, more_before, more_after = _part_of(found, after, before, size)
    else:
        chosen, cut = _chosen(territory, phones, wanted), False
        counted = chosen.limit(COUNT_STOPS_AT + 1).subquery()
        count = db.session.scalar(sa.select(sa.func.count()).select_from(counted)) or 0
        ids, more_before, more_after = _ids_of_page(chosen, _sort_keys(territory, wanted), after, before, size)
    return HouseholdPage(
        lines=_lines(ids, phones, wanted),
        count=count,
        before=ids[0] if ids and more_before else None,
        after=ids[-1] if ids and more_after else None,
        cut=cut,
    )


def all_households(scope: Scope, phones: Scope, wanted: HouseholdFilter) -> Iterator[HouseholdLine]:
    """Every household that is wanted, in the order of the list, read in portions."""
    territory = territory_of(scope, wanted)
    ordered = _chosen(territory, phones, wanted).order_by(*_sort_keys(territory, wanted))
    ids = list(db.session.scalars(ordered))
    for start in range(0, len(ids), _AT_ONCE):
        yield from _lines(ids[start : start + _AT_ONCE], phones, wanted)


# --- which households -----------------------------------------------------------------------------


def _chosen(territory: Territory, phones: Scope, wanted: HouseholdFilter) -> sa.Select[int]:
    """All that are wanted."""
    present = _present(territory)
    if not search_key(wanted.query):
        return present.where(*narrowing(wanted, leading=not territory.is_local))
    found = found_by(wanted.query, phones, territory)
    return present.where(Household.id.in_(found), *narrowing(wanted, leading=False))


def _look_up(territory: Territory, phones: Scope, wanted: HouseholdFilter) -> tuple[list[int], bool]:
    """Those that are found by words, in order, as far as one looks above communes; and whether there are more."""
    terms = db.session.scalars(found_by(wanted.query, phones, territory).limit(_MOST_TERMS)).all()
    all_read = len(terms) < _MOST_TERMS
    if wanted.narrows and not all_read:
        # Too many by the words: begin with those that the filters leave.
        few = db.session.scalars(_present(territory).where(*narrowing(wanted)).limit(COUNT_STOPS_AT + 1)).all()
        cut = len(few) > COUNT_STOPS_AT
        statement = _these(few[:COUNT_STOPS_AT]).where(is_found_by(wanted.query, phones))
    else:
        ids = list(dict.fromkeys(terms))
        cut = not all_read or (not wanted.narrows and len(ids) > COUNT_STOPS_AT)
        statement = _these(ids[:_LISTED_OF_TOO_MANY] if cut else ids)
        statement = statement.where(territory.holds(), *narrowing(wanted, leading=False))
    return list(db.session.scalars(statement.order_by(*_sort_keys(territory, wanted)))), cut


def _present(territory: Territory) -> sa.Select[int]:
    return sa.select(Household.id).where(Household.left_on.is_(None), territory.holds())


def _these(ids: Sequence[int]) -> sa.Select[int]:
    return sa.select(Household.id).where(among(Household.id, ids))


def narrowing(wanted: HouseholdFilter, *, leading: bool = True) -> list[sa.ColumnElement[bool]]:
    """The conditions of the filters. They lead to an index of their own, unless a place or ids lead to fewer rows."""

    def is_(column: Any, value: Any) -> sa.ColumnElement[bool]:
        # Behind a function a column leads to no index, so no database is tempted to take it.
        return (column if leading else sa.func.coalesce(column, column)) == value

    conditions = []
    if wanted.poverty_class is not None:
        conditions.append(is_(Household.poverty_class, wanted.poverty_class))
    if wanted.ethnic_group is not None:
        conditions.append(is_(Household.ethnic_group, wanted.ethnic_group))
    match wanted.reach:
        case ReachFilter.NO_SMS:
            conditions.append(is_(Household.by_sms, sa.false()))
        case ReachFilter.SMS:
            conditions.append(is_(Household.reach, Reach.SMS))
        case ReachFilter.CALL:
            conditions.append(is_(Household.reach, Reach.CALL))
        case ReachFilter.NONE:
            conditions.append(is_(Household.reach, Reach.NONE))
        case ReachFilter.NO_PHONE:
            conditions += [is_(Household.reach, Reach.NONE), sa.not_(Household.has_dead_phone)]
        case ReachFilter.DEAD_PHONE:
            conditions.append(is_(Household.has_dead_phone, sa.true()))
        case ReachFilter.REFUSAL:
            conditions.append(is_(Household.has_refusal, sa.true()))
    return conditions


# --- which page of them ---------------------------------------------------------------------------


def _sort_keys(territory: Territory, wanted: HouseholdFilter) -> list[Any]:
    if wanted.order is HouseholdOrder.LIST and territory.is_local:
        hamlet = sa.select(Area.name_sort).where(Area.id == Household.hamlet_id).scalar_subquery()
        return [hamlet, sa.func.coalesce(Household.list_order, _LAST), Household.id]
    words = clean_text(wanted.query)
    if words and has_marks(words):
        # Who is written just as asked comes first: Hà before Ha and Hạ.
        # Not an EXISTS: PostgreSQL may answer that by reading all residents through, once for all households.
        such = sa.select(Resident.id).where(Resident.household_id == Household.id, written_as(words)).limit(1)
        exact = sa.case((such.scalar_subquery().is_not(None), 0), else_=1)
        return [exact, Household.head_name_sort, Household.id]
    return [Household.head_name_sort, Household.id]


def _ids_of_page(
    chosen: sa.Select[int], keys: list[Any], after: int | None, before: int | None, size: int
) -> tuple[list[int], bool, bool]:
    """The ids of one page, and whether there is more on either side of it."""
    place = sa.tuple_(*keys)
    backward = before is not None
    start = _key_of(chosen, keys, before if backward else after)
    ordered = chosen.order_by(*(key.desc() if backward else key for key in keys)).limit(size + 1)
    if start is not None:
        ordered = ordered.where(place < sa.tuple_(*start) if backward else place > sa.tuple_(*start))
    found: list[int] = list(db.session.scalars(ordered))
    more = len(found) > size
    found = found[:size]
    if backward:
        return found[::-1], more, start is not None
    return found, start is not None, more


def _part_of(found: list[int], after: int | None, before: int | None, size: int) -> tuple[list[int], bool, bool]:
    """As `_ids_of_page`, of those already found."""
    if before in found:
        end = found.index(before)
        start = max(end - size, 0)
    else:
        start = found.index(after) + 1 if after in found else 0
        end = start + size
    return found[start:end], start > 0, end < len(found)


def _key_of(chosen: sa.Select[int], keys: list[Any], household_id: int | None) -> Sequence[Any] | None:
    """Where a household stands in the order; None if it is no longer of the list."""
    if household_id is None:
        return None
    row = db.session.execute(chosen.with_only_columns(*keys).where(Household.id == household_id)).first()
    return None if row is None else [sa.literal(value, key.type) for key, value in zip(keys, row, strict=True)]


# --- what a page shows ----------------------------------------------------------------------------


def _lines(ids: list[int], phones: Scope, wanted: HouseholdFilter) -> tuple[HouseholdLine, ...]:
    households = {
        household.id: household
        for household in db.session.scalars(
            sa.select(Household)
            .where(Household.id.in_(ids))
            .options(
                joinedload(Household.hamlet),
                joinedload(Household.commune),
                selectinload(Household.members),
                selectinload(Household.contacts),
            )
        ).unique()
    }
    found = _found_members(ids, wanted)
    return tuple(_line(households[household_id], phones, tuple(found[household_id])) for household_id in ids)


def _line(household: Household, phones: Scope, found: tuple[str, ...]) -> HouseholdLine:
    seen = phones.covers(household.hamlet.path)
    present = [member for member in household.members if member.left_on is None]
    head = next((member for member in present if member.is_head), None)
    return HouseholdLine(
        id=household.id,
        head=display_name(head.full_name) if head else "",
        hamlet=household.hamlet.name,
        commune=household.commune.name,
        poverty_class=household.poverty_class,
        reach=household.reach,
        members=len(present),
        phones=tuple(contact.phone if seen else masked_form(contact.phone) for contact in household.contacts),
        found=found,
    )


def _found_members(ids: list[int], wanted: HouseholdFilter) -> defaultdict[int, list[str]]:
    """The names a search has found beside the heads, by household."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    if search_key(wanted.query):
        rows = db.session.execute(
            sa.select(Resident.household_id, Resident.full_name)
            .where(
                Resident.household_id.in_(ids),
                ~Resident.is_head,
                Resident.left_on.is_(None),
                names_like(wanted.query, Resident.name_search),
            )
            .order_by(Resident.name_sort)
        )
        for household_id, name in rows:
            found[household_id].append(display_name(name))
    return found
