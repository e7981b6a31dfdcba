"""Figures of households."""

from __future__ import annotations

import sqlalchemy as sa

from eventmgr.core.access import Scope
from eventmgr.core.db import db
from eventmgr.residents.models import Household
from eventmgr.residents.queries.households import narrowing
from eventmgr.residents.queries.territory import territory_of
from eventmgr.residents.values import COUNT_STOPS_AT, HouseholdFilter


def has_households(scope: Scope) -> bool:
    """Whether any household lives in the scope."""
    here = territory_of(scope, HouseholdFilter()).holds()
    return db.session.scalar(sa.select(Household.id).where(here, Household.left_on.is_(None)).limit(1)) is not None


def count_up_to(scope: Scope, wanted: HouseholdFilter) -> int:
    """How many households of the scope the filters leave; stops at `COUNT_STOPS_AT` + 1. Words are not looked at."""
    territory = territory_of(scope, wanted)
    chosen = sa.select(Household.id).where(
        territory.holds(), Household.left_on.is_(None), *narrowing(wanted, leading=not territory.is_local)
    )
    counted = chosen.limit(COUNT_STOPS_AT + 1).subquery()
    return db.session.scalar(sa.select(sa.func.count()).select_from(counted)) or 0


def ethnic_groups(scope: Scope) -> list[str]:
    """The ethnic groups of the scope's households, as the lists write them."""
    territory = territory_of(scope, HouseholdFilter())
    if territory.is_local:
        own = sa.select(Household.ethnic_group).where(territory.holds(), Household.ethnic_group != "").distinct()
        return list(db.session.scalars(own.order_by(Household.ethnic_group)))
    # From one group to the next by the index: a list of all would be read through from end to end.
    group = sa.select(sa.func.min(Household.ethnic_group).label("name")).cte("ethnic", recursive=True)
    beyond = sa.select(sa.func.min(Household.ethnic_group)).where(Household.ethnic_group > group.c.name)
    group = group.union_all(sa.select(beyond.scalar_subquery()).where(group.c.name.is_not(None)))
    return list(db.session.scalars(sa.select(group.c.name).where(group.c.name != "")))
