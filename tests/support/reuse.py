"""What is costly to make and safe to use again from test to test."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from eventmgr.core.db import db

MOST_BYTES = 1_000_000
"""A table that grew beyond this is not worth emptying, and its size would mislead the next test's planner."""

EMPTY_ALL = f"""
SET session_replication_role = replica;
DO $$
DECLARE
    kept record;
    filled boolean;
BEGIN
    FOR kept IN SELECT c.oid::regclass AS name, pg_relation_size(c.oid) AS bytes FROM pg_class c
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version'
    LOOP
        IF kept.bytes > {MOST_BYTES} THEN
            RAISE EXCEPTION 'grown too large';
        END IF;
        IF kept.bytes > 0 THEN
            EXECUTE format('SELECT EXISTS (SELECT FROM %%s)', kept.name) INTO filled;
            IF filled THEN
                EXECUTE format('DELETE FROM %%s', kept.name);
            END IF;
        END IF;
    END LOOP;
    PERFORM setval(format('%%I.%%I', schemaname, sequencename), 1, false)
        FROM pg_sequences WHERE last_value IS NOT NULL;
END $$;
RESET session_replication_role;
"""

PART_FROM_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Databases:
    """Clones of a template on one PostgreSQL, emptied after use: several times quicker than making one for each test.

    One that a test has brought to another version is not used again.
    """

    def __init__(self, server: sa.URL, template: str) -> None:
        self._server, self._template = server, template
        self._free: list[sa.URL] = []
        self._maintenance = sa.create_engine(server, isolation_level="AUTOCOMMIT")
        self._version = self._version_of(server.set(database=template))

    def take(self) -> sa.URL:
        """An empty database that nobody else has."""
        if self._free:
            return self._free.pop()
        url = self._server.set(database=f"test_{uuid4().hex}")
        self._say(f"CREATE DATABASE {url.database} TEMPLATE {self._template}")
        return url

    def give_back(self, url: sa.URL) -> None:
        """Empty it for the next; what cannot be emptied quickly is dropped."""
        if self._version_of(url) == self._version and self._empty(url):
            self._free.append(url)
        else:
            self._say(f"DROP DATABASE {url.database} WITH (FORCE)")

    def _empty(self, url: sa.URL) -> bool:
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(PART_FROM_OTHERS)
                connection.exec_driver_sql(EMPTY_ALL)
        except sa.exc.DBAPIError:
            return False
        return True

    def _version_of(self, url: sa.URL) -> str:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())

    def _say(self, sentence: str) -> None:
        with self._maintenance.connect() as connection:
            connection.exec_driver_sql(sentence)


class TemplatesInMemory(BytecodeCache):
    """Keeps compiled templates as long as it lives; a template that changed is compiled anew (Jinja compares)."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give Jinja what was kept for this template, if anything."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what Jinja compiled."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


def share_statements(app: Flask) -> None:
    """Let this app's engine take the SQL that others of this run have made of the same statements, and the other way.

    SQLAlchemy keeps it for each engine and dialect object; what it is depends on the kind of dialect alone.
    """
    with app.app_context():
        db.engine.update_execution_options(compiled_cache=_STATEMENTS)


_STATEMENTS: LRUCache[Any, Any] = LRUCache(5000)
for _kind in (PGDialect_psycopg, SQLiteDialect_pysqlite):
    _kind.__eq__ = lambda mine, other: type(mine) is type(other)  # type: ignore[method-assign, assignment, misc]
    _kind.__hash__ = lambda mine: hash(type(mine))  # type: ignore[method-assign, assignment, misc]


def compile_routes_once() -> None:
    """Let all apps of this run share what werkzeug makes of a route's words: most of the time it takes to make an app, of
    which each test has its own. It depends on nothing but the rule."""
    compiled: dict[tuple[Any, ...], dict[str, Any]] = {}
    compile_anew = Rule.compile

    def compile_rule(self: Rule) -> None:
        key = (self.rule, self.subdomain, self.host, self.merge_slashes, repr(self.defaults))
        if key not in compiled:
            compile_anew(self)
            compiled[key] = {name: getattr(self, name) for name in COMPILED}
        for name, value in compiled[key].items():
            setattr(self, name, value.__func__.__get__(self) if name in BOUND else value)

    Rule.compile = compile_rule  # type: ignore[method-assign]


BOUND = ("_build", "_build_unknown")
COMPILED = ("_parts", "_trace", "_converters", "arguments", *BOUND)
