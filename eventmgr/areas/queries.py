"""Reads of the areas room."""

from __future__ import annotations

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.areas.values import Level, hamlet_key
from eventmgr.core.access import Scope, below
from eventmgr.core.db import db
from eventmgr.core.errors import NotFound


def find_area(area_id: int) -> Area | None:
    """The area with this id, or None."""
    return db.session.get(Area, area_id)


def find_area_by_code(code: str) -> Area | None:
    """The area with this code, or None."""
    return db.session.scalar(sa.select(Area).where(Area.code == code))


def get_area_in(scope: Scope, area_id: int) -> Area:
    """The area with this id if it lies in the scope. Raises NotFound."""
    area = db.session.scalar(sa.select(Area).where(Area.id == area_id, scope.within(Area.path)))
    if area is None:
        raise NotFound
    return area


def areas_in(scope: Scope, level: Level | None = None) -> list[Area]:
    """The present areas of the scope, of one level or all, in Vietnamese order within their parent."""
    chosen = sa.select(Area).where(scope.within(Area.path), Area.valid_to.is_(None))
    if level is not None:
        chosen = chosen.where(Area.level == level)
    return list(db.session.scalars(chosen.order_by(Area.name_sort)))


def hamlets_of(commune: Area) -> list[Area]:
    """The present hamlets below an area, in Vietnamese order."""
    return areas_in(Scope((commune.path,)), Level.HAMLET)


def communes_in(scope: Scope) -> list[Area]:
    """The communes of the scope; for a hamlet head, the commune above the own hamlet."""
    own = areas_in(scope, Level.COMMUNE)
    if own:
        return own
    above = {int(step) for path in scope.paths for step in path.split("/") if step}
    return list(
        db.session.scalars(
            sa.select(Area).where(Area.id.in_(above), Area.level == Level.COMMUNE).order_by(Area.name_sort)
        )
    )


def all_communes() -> list[Area]:
    """Every present commune, in Vietnamese order. For commands and public pages: officers' pages ask by scope."""
    return list(
        db.session.scalars(
            sa.select(Area).where(Area.level == Level.COMMUNE, Area.valid_to.is_(None)).order_by(Area.name_sort)
        )
    )


def find_hamlet_by_name(commune: Area, name: str) -> Area | None:
    """The present hamlet of that name in the commune, whatever its marks and case, or None."""
    return db.session.scalar(
        sa.select(Area).where(
            below(Area.path, commune.path),
            Area.level == Level.HAMLET,
            Area.valid_to.is_(None),
            Area.name_key == hamlet_key(name),
        )
    )


def commune_of(area: Area) -> Area:
    """The commune an area is or belongs to. Raises NotFound above communes."""
    step: Area | None = area
    while step is not None and step.level != Level.COMMUNE:
        step = step.parent
    if step is None:
        raise NotFound
    return step
