"""How connections are shared: writers of a file come in turn, and a connection that was cut off is replaced."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest
import sqlalchemy as sa
from flask import Flask

from eventmgr.areas.models import Area
from eventmgr.core import db as core_db
from eventmgr.core.db import db, glance, run, unit_of_work
from tests.factories import make_commune

HOLD_THE_LINE = """
import fcntl, sys
file = open(sys.argv[1], "ab")
fcntl.flock(file, fcntl.LOCK_EX)
print("first", flush=True)
sys.stdin.read()
"""


@contextmanager
def _another_process_first(database: str) -> Iterator[None]:
    """Another process stands at the head of the line, until it is killed."""
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LINE, f"{database}-line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert first.stdout is not None
    first.stdout.readline()
    try:
        yield
    finally:
        first.kill()
        first.communicate()


def test_writers_at_once_all_come_through(app: Flask) -> None:
    def write(number: int) -> None:
        with app.app_context(), unit_of_work():
            make_commune(f"Xã {number}", code=None, hamlets=())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))

    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Area)) == 24


@pytest.mark.one_database
def test_a_writer_waits_for_another_process_and_goes_on_when_that_is_killed(in_app: Flask) -> None:
    with unit_of_work():
        make_commune("Xã Một", code=None, hamlets=())

    def write() -> None:
        with in_app.app_context(), unit_of_work():
            make_commune("Xã Hai", code=None, hamlets=())

    with ThreadPoolExecutor(1) as pool:
        with _another_process_first(db.engine.url.database or ""):
            second = pool.submit(write)
            with pytest.raises(TimeoutError):
                second.result(timeout=0.3)
        second.result(timeout=30)

    assert set(db.session.scalars(sa.select(Area.name))) == {"Xã Một", "Xã Hai"}


@pytest.mark.one_database
def test_a_process_that_is_stuck_at_the_head_of_the_line_holds_nobody_up_for_ever(
    in_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_db, "LONGEST_WAIT", 0.5)

    def write(number: int) -> float:
        began = time.monotonic()
        with in_app.app_context(), unit_of_work():
            make_commune(f"Xã {number}", code=None, hamlets=())
        return time.monotonic() - began

    with _another_process_first(db.engine.url.database or ""), ThreadPoolExecutor(4) as pool:
        waited = list(pool.map(write, range(4)))

    assert min(waited) >= 0.5, "each waited in line first"
    assert max(waited) < 10, "and none of them for the others' turns as well"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Area)) == 4


def test_where_no_file_can_stand_beside_the_database_sqlite_keeps_order(
    in_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_where: object) -> int:
        raise PermissionError

    monkeypatch.setattr(core_db.os, "open", refuse)

    with unit_of_work():
        make_commune(hamlets=())

    assert db.session.scalar(sa.select(Area.name)) == "Bình Trung"


@pytest.mark.one_database("postgresql")
def test_a_connection_cut_off_while_nobody_asked_is_replaced(in_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
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
