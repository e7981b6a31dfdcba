"""The list of households: its pages, filters, search and order."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.db import db
from eventmgr.core.phone import masked_form
from eventmgr.core.text import clean_text, display_name, has_marks, search_key
from eventmgr.residents.models import Contact, Household, Resident
from eventmgr.residents.queries.names import names_like, written_as
from eventmgr.residents.values import (
    COUNT_STOPS_AT,
    HouseholdFilter,
    HouseholdLine,
    HouseholdOrder,
    HouseholdPage,
)

PAGE = 50
_LAST = 2**31 - 1

Head = sa.orm.aliased(Resident, name="head")


def households_page(
    scope: Scope,
    phones: Scope,
    wanted: HouseholdFilter,
    *,
    after: int | None = None,
    before: int | None = None,
    size: int = PAGE,
) -> HouseholdPage:
    """One page of the households in the scope that are wanted, in Vietnamese order.

    `phones` is where the reader may see numbers; elsewhere they are masked and cannot be searched for.
    """
    conditions = _conditions(scope, phones, wanted)
    keys = _sort_keys(wanted)
    chosen = (
        sa.select(Household.id)
        .join(Household.hamlet)
        .outerjoin(Head, sa.and_(Household.id == Head.household_id, Head.is_head))
    ).where(*conditions)
    count = db.session.scalar(sa.select(sa.func.count()).select_from(chosen.limit(COUNT_STOPS_AT + 1).subquery())) or 0
    ids, more_before, more_after = _ids_of_page(chosen, keys, after, before, size)
    return HouseholdPage(
        lines=_lines(ids, phones, wanted),
        count=count,
        before=ids[0] if ids and more_before else None,
        after=ids[-1] if ids and more_after else None,
    )


def all_households(scope: Scope, phones: Scope, wanted: HouseholdFilter) -> Iterator[HouseholdLine]:
    """Every household that is wanted, in the order of the list, read in pages."""
    after: int | None = None
    while True:
        page = households_page(scope, phones, wanted, after=after, size=500)
        yield from page.lines
        if page.after is None:
            return
        after = page.after


def _ids_of_page(
    chosen: sa.Select[Any], keys: list[Any], after: int | None, before: int | None, size: int
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


def _key_of(chosen: sa.Select[Any], keys: list[Any], household_id: int | None) -> Sequence[Any] | None:
    """Where a household stands in the order; None if it is no longer of the list."""
    if household_id is None:
        return None
    row = db.session.execute(chosen.with_only_columns(*keys).where(Household.id == household_id)).first()
    return None if row is None else [sa.literal(value, key.type) for key, value in zip(keys, row, strict=True)]


def _sort_keys(wanted: HouseholdFilter) -> list[Any]:
    head = sa.func.coalesce(Head.name_sort, "")
    if wanted.order is HouseholdOrder.LIST:
        return [Area.name_sort, sa.func.coalesce(Household.list_order, _LAST), Household.id]
    words = clean_text(wanted.query)
    if words and has_marks(words):
        # Who is written just as asked comes first: Hà before Ha and Hạ.
        exact = sa.case((Household.members.any(written_as(words)), 0), else_=1)
        return [exact, head, Household.id]
    return [head, Household.id]


def _conditions(scope: Scope, phones: Scope, wanted: HouseholdFilter) -> list[Any]:
    conditions: list[Any] = [scope.within(Area.path), Household.left_on.is_(None)]
    if wanted.hamlet_id is not None:
        conditions.append(Household.hamlet_id == wanted.hamlet_id)
    if wanted.poverty_class is not None:
        conditions.append(Household.poverty_class == wanted.poverty_class)
    if wanted.without_phone:
        conditions.append(~Household.contacts.any())
    if clean_text(wanted.query):
        conditions.append(_matches(wanted.query, phones))
    return conditions


def _matches(query: str, phones: Scope) -> Any:
    """A member's name, the household's code, or a phone holds what was typed."""
    ways = [
        Household.members.any(sa.and_(Resident.left_on.is_(None), names_like(query, Resident.name_search))),
        Household.code.istartswith(clean_text(query), autoescape=True),
    ]
    digits = re.sub(r"[\s.\-()]", "", query).removeprefix("+84").lstrip("0")
    if re.fullmatch(r"[0-9]{3,}", digits):
        ways.append(
            sa.and_(phones.within(Area.path), Household.contacts.any(Contact.phone.contains(digits, autoescape=True)))
        )
    return sa.or_(*ways)


def _lines(ids: list[int], phones: Scope, wanted: HouseholdFilter) -> tuple[HouseholdLine, ...]:
    households = {
        household.id: household
        for household in db.session.scalars(
            sa.select(Household)
            .where(Household.id.in_(ids))
            .options(joinedload(Household.hamlet), selectinload(Household.members), selectinload(Household.contacts))
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
        poverty_class=household.poverty_class,
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
