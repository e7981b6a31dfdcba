"""How migrations run: over the application's own engine, one transaction for all steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from flask import current_app

from eventmgr.core.db import SortText, UtcDateTime, db


def render_plainly(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Our column types stand in migrations as what they are: the code moves on, a migration must not."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, SortText):
        length = item.length
        return f'sa.String({length}).with_variant(sa.String({length}, collation="C"), "postgresql")'
    return False


def same_type(
    _context: Any, _column: Any, _meta_column: Any, inspected: sa.types.TypeEngine[Any], ours: Any
) -> bool | None:
    """SQLite keeps neither zones nor collations: nothing to compare there."""
    return False if isinstance(ours, (UtcDateTime, SortText)) else None


def ours(_object: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    """The queue's own tables (PostgreSQL) are none of ours."""
    return not (kind == "table" and (name or "").startswith("huey_"))


class RowsLeftBehind(RuntimeError):
    """A migration would leave rows that point at nothing."""


@contextmanager
def tables_may_be_remade(connection: sa.Connection) -> Iterator[None]:
    """SQLite changes most columns only by making the table anew, and will not let a table go that others point at:
    the rule is looked at once at the end instead (as https://www.sqlite.org/lang_altertable.html says, section 7)."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw: Any = connection.connection.dbapi_connection
    raw.execute("PRAGMA foreign_keys=OFF")  # heeded outside a transaction only
    try:
        yield
    finally:
        connection.rollback()
        raw.execute("PRAGMA foreign_keys=ON")


def run() -> None:
    """Bring the database up (or down) to the asked revision. Raises RowsLeftBehind, and changes nothing then."""
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect().execution_options(writing=True) as connection, tables_may_be_remade(connection):
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,
            compare_type=same_type,
            render_item=render_plainly,
            include_object=ours,
        )
        with context.begin_transaction():
            context.run_migrations()
        if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise RowsLeftBehind
        connection.commit()


run()
