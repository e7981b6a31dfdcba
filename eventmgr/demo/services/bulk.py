"""Many rows by few statements."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from eventmgr.core.db import Base, db


def insert_rows(model: type[Base], rows: list[dict[str, Any]]) -> list[int]:
    """Insert the rows and return their ids in the same order. All rows name the same columns."""
    if not rows:
        return []
    key: Any = model.id  # type: ignore[attr-defined]
    return list(db.session.scalars(sa.insert(model).returning(key, sort_by_parameter_order=True), rows))


def insert_keyed(model: type[Base], rows: list[dict[str, Any]]) -> None:
    """Insert rows that bring their own keys."""
    if rows:
        db.session.execute(sa.insert(model), rows)
