"""An office's database goes from version to version with all that is in it."""

from __future__ import annotations

import flask_migrate
import sqlalchemy as sa
from flask import Flask

from eventmgr.core.clock import now
from eventmgr.core.db import Base, db, unit_of_work
from eventmgr.demo.services import load_demo
from eventmgr.demo.values import DemoSize


def _rows() -> dict[str, int]:
    tables = Base.metadata.sorted_tables
    with db.engine.connect() as connection:
        return {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in tables
            if sa.inspect(connection).has_table(table.name)
        }


def test_a_full_database_goes_down_to_the_first_version_and_up_again(in_app: Flask) -> None:
    with unit_of_work():
        load_demo(DemoSize(households=60, hamlets=3, meetings=6), now())
    db.session.remove()
    before = _rows()

    flask_migrate.downgrade(revision="0001")
    first = set(sa.inspect(db.engine).get_table_names())
    flask_migrate.upgrade()

    assert {name: count for name, count in _rows().items() if name in first} == {
        name: count for name, count in before.items() if name in first
    }
    assert before["attendance"] > 0
    assert before["message"] > 0
