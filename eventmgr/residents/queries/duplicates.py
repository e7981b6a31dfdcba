"""People who may be written down twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload, selectinload

from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.db import db
from eventmgr.residents.models import Contact, DistinctPair, Household, Resident
from eventmgr.residents.queries.names import names_like
from eventmgr.residents.values import Alike

SHOWN = 50
"""Pairs on a page: whoever settles these sees the next ones."""


@dataclass(frozen=True, slots=True)
class LikelyPair:
    """Two people who may be one."""

    one: Resident
    other: Resident
    why: Alike

    @property
    def are_heads(self) -> bool:
        """Whether these are the heads of two households, so that the households may be one."""
        return self.one.is_head and self.other.is_head


def likely_duplicates(scope: Scope, commune_id: int | None = None, limit: int = SHOWN) -> list[LikelyPair]:
    """The likeliest pairs of a commune that nobody has told apart, the surest first: one query over its people, and
    one for those it names."""
    rows = db.session.execute(_pairs(scope, commune_id).limit(limit)).all()
    people = _people({person_id for one, other, _why in rows for person_id in (one, other)})
    ways = list(Alike)
    return [LikelyPair(people[one], people[other], ways[why]) for one, other, why in rows]


def people_named(scope: Scope, commune_id: int, name: str, *, but: int, limit: int = 20) -> list[Resident]:
    """Who lives in a commune under such a name, without one person; in Vietnamese order."""
    ids = db.session.scalars(
        sa.select(Resident.id)
        .join(Resident.household)
        .join(Household.hamlet)
        .where(
            Household.commune_id == commune_id,
            scope.within(Area.path),
            Household.left_on.is_(None),
            Resident.left_on.is_(None),
            Resident.id != but,
            names_like(name, Resident.name_search),
        )
        .order_by(Resident.name_sort, Resident.id)
        .limit(limit)
    ).all()
    people = _people(set(ids))
    return [people[person_id] for person_id in ids]


def _pairs(scope: Scope, commune_id: int | None) -> sa.Select[Any]:
    here = _people_here(scope, commune_id)
    one, other = aliased(here, name="one"), aliased(here, name="other")
    in_order = one.c.id < other.c.id
    same_name = one.c.name == other.c.name
    # Two citizen numbers that differ speak of two people, whatever else is alike.
    numbers_agree = sa.or_(one.c.number.is_(None), other.c.number.is_(None), one.c.number == other.c.number)
    year_unknown = sa.or_(one.c.birth_year.is_(None), other.c.birth_year.is_(None))
    phones = (
        sa.select(Contact.household_id, Contact.phone).where(Contact.household_id.in_(sa.select(here.c.household_id)))
    ).cte("phones")
    mine, theirs = aliased(phones, name="mine"), aliased(phones, name="theirs")

    def alike(why: Alike, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
        place = sa.literal(list(Alike).index(why)).label("why")
        return sa.select(one.c.id.label("one_id"), other.c.id.label("other_id"), place).where(in_order, *conditions)

    found = sa.union_all(
        alike(Alike.NUMBER, one.c.number == other.c.number),
        alike(
            Alike.BIRTH,
            same_name,
            one.c.hamlet_id == other.c.hamlet_id,
            one.c.birth_year == other.c.birth_year,
            numbers_agree,
        ),
        alike(Alike.HOUSEHOLD, one.c.household_id == other.c.household_id, same_name, year_unknown, numbers_agree),
        alike(
            Alike.PHONE,
            same_name,
            one.c.household_id != other.c.household_id,
            sa.or_(year_unknown, one.c.birth_year == other.c.birth_year),
            numbers_agree,
            mine.c.household_id == one.c.household_id,
            theirs.c.household_id == other.c.household_id,
            mine.c.phone == theirs.c.phone,
        ),
    ).subquery("found")
    told_apart = sa.exists().where(DistinctPair.lower_id == found.c.one_id, DistinctPair.higher_id == found.c.other_id)
    surest = sa.func.min(found.c.why)
    return (
        sa.select(found.c.one_id, found.c.other_id, surest)
        .where(~told_apart)
        .group_by(found.c.one_id, found.c.other_id)
        .order_by(surest, found.c.one_id, found.c.other_id)
    )


def _people_here(scope: Scope, commune_id: int | None) -> sa.CTE:
    chosen = (
        sa.select(
            Resident.id,
            Resident.name_search.label("name"),
            Resident.birth_year,
            Resident.citizen_number_digest.label("number"),
            Resident.household_id,
            Household.hamlet_id,
        )
        .join(Household, Household.id == Resident.household_id)
        .join(Area, Area.id == Household.hamlet_id)
        .where(scope.within(Area.path), Household.left_on.is_(None), Resident.left_on.is_(None))
    )
    if commune_id is not None:
        chosen = chosen.where(Household.commune_id == commune_id)
    return chosen.cte("here")


def _people(ids: set[int]) -> dict[int, Resident]:
    rows = db.session.scalars(
        sa.select(Resident)
        .where(Resident.id.in_(ids))
        .options(
            joinedload(Resident.household).options(
                joinedload(Household.hamlet),
                joinedload(Household.head),
                selectinload(Household.members),
                selectinload(Household.contacts),
            )
        )
    ).unique()
    return {person.id: person for person in rows}
