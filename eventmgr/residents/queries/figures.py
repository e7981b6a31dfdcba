"""Figures of households."""

from __future__ import annotations

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.core.access import Scope, below
from eventmgr.core.db import db
from eventmgr.residents.models import Household
from eventmgr.residents.values import PovertyClass


def count_households(scope: Scope) -> int:
    """How many households live in the scope."""
    return (
        db.session.scalar(
            sa.select(sa.func.count(Household.id))
            .join(Household.hamlet)
            .where(scope.within(Area.path), Household.left_on.is_(None))
        )
        or 0
    )


def count_households_without_phone(scope: Scope) -> int:
    """How many households of the scope have no phone at all."""
    return (
        db.session.scalar(
            sa.select(sa.func.count(Household.id))
            .join(Household.hamlet)
            .where(scope.within(Area.path), Household.left_on.is_(None), ~Household.contacts.any())
        )
        or 0
    )


def households_by_class(area: Area) -> dict[PovertyClass, int]:
    """How many households of each class live below an area."""
    rows = db.session.execute(
        sa.select(Household.poverty_class, sa.func.count(Household.id))
        .join(Household.hamlet)
        .where(below(Area.path, area.path), Household.left_on.is_(None))
        .group_by(Household.poverty_class)
    )
    return {row[0]: row[1] for row in rows}
