"""Where a list looks: as few communes and hamlets as the reader's scope and the filter leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.areas.values import Level
from eventmgr.core.access import Scope
from eventmgr.core.db import among, db
from eventmgr.residents.models import Household
from eventmgr.residents.values import HouseholdFilter, Places


@dataclass(frozen=True, slots=True)
class Territory:
    """Whole communes, and single hamlets beside them. `around` are the communes all of it lies in; of all communes
    none is named (`everywhere`), so that many cost no more than few."""

    communes: tuple[int, ...] = ()
    hamlets: tuple[int, ...] = ()
    around: tuple[int, ...] = ()
    everywhere: bool = False

    @property
    def is_local(self) -> bool:
        """Whether it lies in one commune: then whatever is asked touches a few thousand rows at most."""
        return not self.everywhere and len(self.around) <= 1

    def holds(self) -> sa.ColumnElement[bool]:
        """The condition that a household lies here."""
        if self.everywhere:
            return sa.true()
        ways = []
        if self.communes:
            ways.append(_one_of(Household.commune_id, self.communes))
        if self.hamlets:
            ways.append(_one_of(Household.hamlet_id, self.hamlets))
        return sa.or_(sa.false(), *ways)

    def reaches(self, commune_id: Any) -> sa.ColumnElement[bool]:
        """The condition that a column names a commune in which some of this lies: an index may begin with it."""
        if self.everywhere:
            every: sa.ColumnElement[bool] = commune_id.in_(sa.select(Area.id).where(Area.level == Level.COMMUNE))
            return every
        return among(commune_id, self.around)


def territory_of(scope: Scope, wanted: HouseholdFilter = HouseholdFilter()) -> Territory:  # noqa: B008 - frozen
    """Where to look for what is wanted; an empty territory when a chosen place lies outside the scope.

    A hamlet of another commune than the chosen one is left over from a choice before, and is passed over.
    """
    if wanted.hamlet_id is not None:
        found = db.session.execute(
            sa.select(Area.id, Area.parent_id).where(Area.id == wanted.hamlet_id, scope.within(Area.path))
        ).first()
        if wanted.commune_id is None or (found and found.parent_id == wanted.commune_id):
            return Territory(hamlets=(found.id,), around=(found.parent_id,)) if found else Territory()
    whole = sa.select(Area.id).where(Area.level == Level.COMMUNE, scope.within(Area.path))
    single = sa.select(Area.id, Area.parent_id).where(Area.level == Level.HAMLET, Area.path.in_(scope.paths))
    if wanted.commune_id is not None:
        whole = whole.where(Area.id == wanted.commune_id)
        single = single.where(Area.parent_id == wanted.commune_id)
    elif not _communes_outside(scope) and len(db.session.scalars(whole.limit(2)).all()) > 1:
        return Territory(everywhere=True)
    communes, hamlets = db.session.scalars(whole).all(), db.session.execute(single).all()
    return Territory(
        communes=tuple(communes),
        hamlets=tuple(hamlet.id for hamlet in hamlets),
        around=tuple(sorted({*communes, *(hamlet.parent_id for hamlet in hamlets)})),
    )


def places_in(scope: Scope, wanted: HouseholdFilter) -> Places:
    """Which places of the scope a list can be narrowed to. Hamlets are offered inside one commune: all of a province
    are no choice for a person."""
    named = sa.select(Area.id, Area.name).where(scope.within(Area.path), Area.valid_to.is_(None))
    named = named.order_by(Area.name_sort, Area.id)
    communes = [(row.id, row.name) for row in db.session.execute(named.where(Area.level == Level.COMMUNE))]
    hamlets = named.where(Area.level == Level.HAMLET)
    if len(communes) > 1:
        if wanted.commune_id is None and wanted.hamlet_id is None:
            return Places(tuple(communes), ())
        of_hamlet = sa.select(Area.parent_id).where(Area.id == wanted.hamlet_id).scalar_subquery()
        hamlets = hamlets.where(Area.parent_id == (wanted.commune_id or of_hamlet))
    found = tuple((row.id, row.name) for row in db.session.execute(hamlets))
    return Places(tuple(communes) if len(communes) > 1 else (), found)


def _communes_outside(scope: Scope) -> bool:
    outside = sa.select(Area.id).where(Area.level == Level.COMMUNE, sa.not_(scope.within(Area.path)))
    return db.session.scalar(outside.limit(1)) is not None


def _one_of(
    column: sa.ColumnElement[int] | sa.orm.InstrumentedAttribute[int], ids: tuple[int, ...]
) -> sa.ColumnElement[bool]:
    """An equality where one will do: an index then gives its rows in the order of its further columns."""
    return column == ids[0] if len(ids) == 1 else among(column, ids)
