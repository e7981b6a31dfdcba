"""One after the other: whoever changes who lives where in a commune waits for the one who is at it."""

from __future__ import annotations

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.core.db import db, locked
from eventmgr.residents.models import Guest, Household, Resident
from eventmgr.residents.services.residents import GoneAlready


def hold_commune(commune_id: int) -> None:
    """Hold a commune until the unit of work ends. Taking a list in or out, merging, moving, leaving, erasing, and taking
    such an act back exclude each other; looking and inviting go on."""
    db.session.execute(locked(sa.select(Area.id).where(Area.id == commune_id), may_be_named=True))


def hold(*rows: Household | Resident | Guest) -> None:
    """Hold the communes of these rows, and read anew what was read before: somebody may have been quicker.

    Raises GoneAlready if one of the rows is no longer there.
    """
    db.session.flush()
    for commune_id in sorted({_commune_id(row) for row in rows}):
        hold_commune(commune_id)
    ids = [(type(row), row.id) for row in rows]
    db.session.expire_all()
    if any(db.session.get(table, row_id) is None for table, row_id in ids):
        raise GoneAlready


def _commune_id(row: Household | Resident | Guest) -> int:
    if isinstance(row, Guest):
        return row.area_id
    return row.commune_id if isinstance(row, Household) else row.household.commune_id
