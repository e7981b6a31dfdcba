"""How connections are shared: writers of a file come in turn, and a connection that was cut off is replaced."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import sqlalchemy as sa
from flask import Flask

from eventmgr.areas.models import Area
from eventmgr.core import db as core_db
from eventmgr.core.db import db, glance, is_sqlite, run, unit_of_work
from tests.factories import make_commune

HOLD_THE_LINE = """
import fcntl, sys
file = open(sys.argv[1], "ab")
fcntl.flock(file, fcntl.LOCK_EX)
print("first", flush=True)
sys.stdin.read()
"""


def test_writers_at_once_all_come_through(app: Flask) -> None:
    def write(number: int) -> None:
        with app.app_context(), unit_of_work():
            make_commune(f"Xã {number}", code=None, hamlets=())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))

    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Area)) == 24


def test_a_writer_waits_for_another_process_and_goes_on_when_that_is_killed(in_app: Flask) -> None:
    if not is_sqlite():
        pytest.skip("PostgreSQL has many pens")
    with unit_of_work():
        make_commune("Xã Một", code=None, hamlets=())
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LINE, f"{db.engine.url.database}-line"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert first.stdout is not None
    first.stdout.readline()

    def write() -> None:
        with in_app.app_context(), unit_of_work():
            make_commune("Xã Hai", code=None, hamlets=())

    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(write)
        with pytest.raises(TimeoutError):
            second.result(timeout=0.3)
        first.kill()
        first.communicate()
        second.result(timeout=30)

    assert set(db.session.scalars(sa.select(Area.name))) == {"Xã Một", "Xã Hai"}


def test_where_no_file_can_stand_beside_the_database_sqlite_keeps_order(
    in_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_where: object) -> int:
        raise PermissionError

    monkeypatch.setattr(core_db.os, "open", refuse)

    with unit_of_work():
        make_commune(hamlets=())

    assert db.session.scalar(sa.select(Area.name)) == "Bình Trung"


def test_a_connection_cut_off_while_nobody_asked_is_replaced(in_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    if is_sqlite():
        pytest.skip("a file cannot cut anybody off")
    db.session.execute(sa.text("SELECT 1"))
    db.session.remove()
    stranger = sa.create_engine(db.engine.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with stranger.connect() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    monkeypatch.setattr(core_db, "IDLE", 0.0)

    assert db.session.scalar(sa.text("SELECT 1")) == 1


def test_a_glance_begins_nothing_and_leaves_the_next_unit_whole(in_app: Flask) -> None:
    with glance() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(Area)).scalar() == 0
    with suppress(RuntimeError), unit_of_work():
        make_commune(hamlets=())
        raise RuntimeError
    with glance() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(Area)).scalar() == 0


def test_plain_rows_are_written_in_the_unit_of_the_session(in_app: Flask) -> None:
    with suppress(RuntimeError), unit_of_work():
        commune = make_commune(hamlets=())
        run(sa.update(Area).where(Area.id == commune.id).values(name="Xã Khác"))
        raise RuntimeError

    assert db.session.scalars(sa.select(Area.name)).all() == []
