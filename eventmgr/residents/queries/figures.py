"""Figures of households."""

from __future__ import annotations

import sqlalchemy as sa

from eventmgr.core.db import db
from eventmgr.residents.models import Household
from eventmgr.residents.queries.households import narrowing
from eventmgr.residents.queries.territory import Territory
from eventmgr.residents.values import COUNT_STOPS_AT, HouseholdFilter, ReachFilter


def has_households(here: Territory) -> bool:
    """Whether any household lives here."""
    present = sa.select(Household.id).where(here.holds(), Household.left_on.is_(None))
    return db.session.scalar(present.limit(1)) is not None


def count_without_sms(here: Territory) -> int:
    """How many households no text reaches: the length of the call list. Stops at `COUNT_STOPS_AT` + 1."""
    wanted = HouseholdFilter(reach=ReachFilter.NO_SMS)
    chosen = sa.select(Household.id).where(
        here.holds(), Household.left_on.is_(None), *narrowing(wanted, leading=not here.is_local)
    )
    counted = chosen.limit(COUNT_STOPS_AT + 1).subquery()
    return db.session.scalar(sa.select(sa.func.count()).select_from(counted)) or 0


def ethnic_groups(here: Territory) -> list[str]:
    """The ethnic groups of the households, as the lists write them."""
    if here.is_local:
        own = sa.select(Household.ethnic_group).where(here.holds(), Household.ethnic_group != "").distinct()
        return list(db.session.scalars(own.order_by(Household.ethnic_group)))
    # From one group to the next by the index: a list of all would be read through from end to end.
    group = sa.select(sa.func.min(Household.ethnic_group).label("name")).cte("ethnic", recursive=True)
    beyond = sa.select(sa.func.min(Household.ethnic_group)).where(Household.ethnic_group > group.c.name)
    group = group.union_all(sa.select(beyond.scalar_subquery()).where(group.c.name.is_not(None)))
    return list(db.session.scalars(sa.select(group.c.name).where(group.c.name != "")))
