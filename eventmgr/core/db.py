"""The database: base class, column types, and the one way to write.

What differs between SQLite and PostgreSQL stands in this module and nowhere else.
"""

from __future__ import annotations

import contextlib
import enum
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from types import ModuleType
from typing import Any

import psycopg
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, registry
from sqlalchemy.pool import Pool
from sqlalchemy.types import TypeDecorator

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None

SHORT = 80
"""Characters in a code, a title of a person, a status detail."""
NAME = 200
"""Characters in a name of a person, a place or an office."""
PATH = 120
"""Characters in an area path: ten levels of ids."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware, kept in UTC. A naive value is refused, as nobody can say what it means."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored instant must be aware")
        value = value.astimezone(UTC)
        # SQLite keeps no zone: what is written there is UTC by this rule.
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class SortText(TypeDecorator[str]):
    """Text ordered and compared by code point on every database (sort keys, paths, codes)."""

    impl = sa.String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.String(self.length, collation="C"))
        return dialect.type_descriptor(sa.String(self.length))


NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def _values(of: type[enum.Enum]) -> list[str]:
    return [member.value for member in of]


class Base(DeclarativeBase):
    """Base of all tables. The type map goes in a registry: on the class it raises with
    Flask-SQLAlchemy 3.1 (pallets-eco/flask-sqlalchemy issue 1361)."""

    registry = registry(
        metadata=sa.MetaData(naming_convention=NAMING),
        type_annotation_map={
            datetime: UtcDateTime(),
            date: sa.Date(),
            dict[str, Any]: sa.JSON(),
            list[str]: sa.JSON(),
            # Stored by value with a fixed length: the default follows today's longest word.
            enum.StrEnum: sa.Enum(
                enum.StrEnum,
                native_enum=False,
                length=32,
                values_callable=_values,
                create_constraint=True,
                validate_strings=True,
            ),
        },
    )


db = SQLAlchemy(
    model_class=Base,
    disable_autonaming=True,
    # Objects stay readable after the commit: the answer is built once the unit of work is over.
    session_options={"expire_on_commit": False},
)


def short_text(length: int = SHORT, **options: Any) -> Any:
    """A text column of at most `length` characters."""
    return mapped_column(sa.String(length), **options)


def sort_text(length: int, **options: Any) -> Any:
    """A text column ordered by code point."""
    return mapped_column(SortText(length), **options)


def foreign_key(target: str, *, on_delete: str = "RESTRICT", index: bool = True, **options: Any) -> Any:
    """A column that points at another table's row. Rows in use are never removed by accident."""
    return mapped_column(sa.ForeignKey(target, ondelete=on_delete), index=index, **options)


# --- SQLite: rules kept by the file, and writers that queue instead of failing -----------------


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # we say BEGIN ourselves, see below
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # An attendance answered "ok" must survive the plug being pulled, not only the process.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=15000")
    cursor.execute("PRAGMA cache_size=-32768")  # KiB, taken as needed: with less, a long list is written out twice
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if connection.dialect.name == "sqlite" and not options.get("glancing"):
        # A plain BEGIN that reads and then writes fails at once with "database is locked",
        # whatever the busy timeout; IMMEDIATE waits its turn.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writing") else "BEGIN")


# --- SQLite: writers wait in a line -------------------------------------------------------------

LONGEST_WAIT = 15.0
"""Seconds after which a writer stops waiting in line, whatever is stuck at its head, and asks SQLite, which lets it wait
as long again."""

LOOK_AGAIN = 0.0005
"""Seconds between two looks of a process whether another one has left: less than a commit takes."""


class _Line:
    """Where the writers of one file wait. SQLite itself makes no line: whoever finds the file taken sleeps and looks
    again, ever more seldom, and newcomers overtake. Threads wait for a lock, and the first of each process looks every
    moment for the lock on a small file beside the database, which the end of a process releases, however it ends."""

    def __init__(self, database: str) -> None:
        self._threads = threading.Lock()
        self._path = f"{database}-line"
        self._file: int | None = None  # None: nobody of this process writes, or files cannot be locked here

    def enter(self) -> bool:
        """Come first, or be told that it took too long."""
        until = time.monotonic() + LONGEST_WAIT
        if not self._threads.acquire(timeout=LONGEST_WAIT):
            return False
        if self._lock_file(until):
            return True
        self.leave()
        return False

    def leave(self) -> None:
        """Let the next one come."""
        if self._file is not None:
            os.close(self._file)  # and with it the lock
            self._file = None
        self._threads.release()

    def _lock_file(self, until: float) -> bool:
        """Come before other processes; False if that took too long. A folder that takes no files, or locks none, leaves
        it to SQLite as it was."""
        if fcntl is None:
            return True
        with contextlib.suppress(OSError):
            self._file = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
            # Two places, the next and the first: who has just been first cannot be so again before the next one was.
            if not _lock(fcntl.lockf, self._file, until) or not _lock(fcntl.flock, self._file, until):
                return False
            fcntl.lockf(self._file, fcntl.LOCK_UN)
        return True


def _lock(how: Callable[[int, int], None], file: int, until: float) -> bool:
    """Lock a file, unless somebody has it for too long. The system only waits for ever, so it is asked again and again."""
    assert fcntl is not None
    while True:
        with contextlib.suppress(BlockingIOError):
            how(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(LOOK_AGAIN)


@lru_cache(maxsize=64)
def _line_of(database: str) -> _Line:
    return _Line(database)


@contextmanager
def _in_turn() -> Iterator[None]:
    database = db.engine.url.database
    line = _line_of(database) if is_sqlite() and database and database != ":memory:" else None
    if line is None or not line.enter():
        yield
        return
    try:
        yield
    finally:
        line.leave()


# --- PostgreSQL: connections that were cut off meanwhile ----------------------------------------

IDLE = 5.0
"""Seconds after which a connection is asked whether it still stands. Asking whenever one is taken from the pool costs
every request a way to the database and back, for a server that is restarted once a month."""


@event.listens_for(Pool, "checkin")
def _note_idle(_connection: Any, record: Any) -> None:
    record.info["idle_since"] = time.monotonic()


@event.listens_for(Pool, "checkout")
def _ask_after_idling(connection: Any, record: Any, _proxy: Any) -> None:
    idle = time.monotonic() - record.info.get("idle_since", time.monotonic())
    if idle < IDLE or not isinstance(connection, psycopg.Connection):
        return
    before = connection.autocommit
    try:
        connection.autocommit = True  # asking is to begin nothing
        connection.execute("")
        connection.autocommit = before
    except psycopg.Error as error:
        raise sa.exc.InvalidatePoolError from error


# --- Reading at a glance ------------------------------------------------------------------------


@contextmanager
def glance() -> Iterator[Connection]:
    """A connection for one statement that only reads, outside any transaction: none is begun, so none is ended.

    For what every request of a kind asks first (whose token is this?): it costs one way to the database instead of
    three, and waits for no writer.
    """
    with _glancing(db.engine).connect() as connection:
        yield connection


@cache
def _glancing(engine: Engine) -> Engine:
    if engine.dialect.name == "sqlite":
        return engine.execution_options(glancing=True)
    return engine.execution_options(isolation_level="AUTOCOMMIT")


# --- Writing ------------------------------------------------------------------------------------

_IN_UNIT = "in_unit_of_work"
_AFTERWARDS = "after_commit"


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """All or nothing: commits on leaving, rolls back on any exception, refuses to nest.

    Only entry points (a view, a task, a command) open one. What services left with
    `after_commit` runs once the commit has happened.
    """
    session = db.session()
    if session.info.get(_IN_UNIT):
        raise RuntimeError("a unit of work may not be opened inside another")
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("rows were changed before the unit of work began")
    if session.in_transaction():
        session.commit()  # ends the read that the login loader began
    session.info[_IN_UNIT] = True
    session.info[_AFTERWARDS] = []
    try:
        with _in_turn():
            try:
                session.connection(execution_options={"writing": True})
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise
    finally:
        session.info[_IN_UNIT] = False
        afterwards = session.info.pop(_AFTERWARDS)
    for call in afterwards:
        call()


def in_unit_of_work() -> bool:
    """Whether this thread is inside a unit of work."""
    return bool(db.session().info.get(_IN_UNIT))


@contextmanager
def aside() -> Iterator[Connection]:
    """A short transaction of its own, beside the session's: what it writes is seen at once.

    On SQLite it would wait for a unit of work of the same thread, which waits for it: not inside one.
    """
    if is_sqlite() and in_unit_of_work():
        raise RuntimeError("nothing can be written beside a unit of work on SQLite")
    with _in_turn(), db.engine.execution_options(writing=True).begin() as connection:
        yield connection


def after_commit(call: Callable[[], object]) -> None:
    """Run `call` when the current unit of work has committed (waking the worker, say)."""
    session = db.session()
    if not session.info.get(_IN_UNIT):
        raise RuntimeError("after_commit belongs inside a unit of work")
    session.info[_AFTERWARDS].append(call)


def table_of(model: type[Base]) -> sa.Table:
    """The table behind a model, for statements about many rows."""
    table: Any = model.__table__
    assert isinstance(table, sa.Table)
    return table


def is_sqlite() -> bool:
    """Whether this application keeps its data in one file."""
    return db.engine.dialect.name == "sqlite"


NEVER_AGAIN = {"sqlite_autoincrement": True}
"""A table whose ids are not given twice, though rows are removed: log books go by them. PostgreSQL never does."""


def new_ids(table: type[Base], count: int) -> list[int]:
    """So many fresh ids of a table that says NEVER_AGAIN, for rows that are added in bulk and point at each other."""
    if is_sqlite():  # a unit of work has the only pen, so nobody takes an id meanwhile
        given = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
        last: int = db.session.scalar(sa.select(given.c.seq).where(given.c.name == table.__tablename__)) or 0
        return list(range(last + 1, last + 1 + count))
    sequence = sa.func.pg_get_serial_sequence(table.__tablename__, "id")
    drawn = sa.select(sa.func.nextval(sequence).label("id")).select_from(sa.func.generate_series(1, count)).subquery()
    # As one value: tens of thousands of rows take ten times as long to hand over.
    return list(db.session.scalar(sa.select(sa.func.array_agg(drawn.c.id))) or ())


def skip_locked(statement: sa.Select[Any]) -> sa.Select[Any]:
    """Lock the chosen rows, passing over those another worker holds.

    SQLite has one writer at a time and no row locks: there the statement stands as it is.
    """
    return statement if is_sqlite() else statement.with_for_update(skip_locked=True)


def locked(statement: sa.Select[Any], *, may_be_named: bool = False) -> sa.Select[Any]:
    """Lock the chosen rows until the unit of work ends (on SQLite the unit itself is the lock).

    Rows read before are read anew: what somebody else committed meanwhile is what counts. `may_be_named` lets others
    go on adding rows that refer to these, and lets a unit that has done so itself come here without a deadlock.
    """
    statement = statement.execution_options(populate_existing=True)
    return statement if is_sqlite() else statement.with_for_update(key_share=may_be_named)


def change_rows(statement: sa.Update | sa.Delete) -> int:
    """Change many rows by one statement and return how many those were.

    Objects read before keep what they held: read them anew where that matters.
    """
    result: Any = db.session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)


def update_each(
    model: type[Base],
    rows: Sequence[Mapping[str, Any]],
    *,
    by: Collection[str],
    where: sa.ColumnElement[bool],
    also: Mapping[str, Any],
) -> int:
    """Change many rows where a condition holds, each to values of its own: every one of `rows` says what it is known
    `by` and its new values, `also` is what all of them get. Returns how many were changed.

    On PostgreSQL the rows are handed over as one value: one by one they are a way there and back each.
    """
    if not rows:
        return 0
    table = table_of(model)
    new = [name for name in rows[0] if name not in by]
    if is_sqlite():
        known = sa.and_(where, *(table.c[name] == sa.bindparam(f"of_{name}") for name in by))
        one = sa.update(table).where(known).values({name: sa.bindparam(f"to_{name}") for name in new} | dict(also))
        each = [{f"{'of' if name in by else 'to'}_{name}": value for name, value in row.items()} for row in rows]
        return run(one, each).rowcount
    handed = sa.func.json_to_recordset(sa.cast(sa.bindparam("rows", type_=sa.String), sa.JSON))
    given = handed.table_valued(*(sa.column(name, table.c[name].type) for name in rows[0])).render_derived(
        with_types=True
    )
    known = sa.and_(where, *(table.c[name] == given.c[name] for name in by))
    every = sa.update(table).where(known).values({name: given.c[name] for name in new} | dict(also))
    return run(every, {"rows": json.dumps([dict(row) for row in rows])}).rowcount


def run(statement: sa.sql.Executable, values: Any = None) -> sa.CursorResult[Any]:
    """Run a statement about plain rows on the connection of the session, past its objects: quicker by half where a
    statement is made once and run often. Objects not yet flushed are not seen."""
    return db.session.connection().execute(statement, values)


def insert_ignoring(table: sa.Table | type[Base]) -> Any:
    """An INSERT that leaves a row standing where a unique key already holds: `ON CONFLICT DO NOTHING`."""
    target = table if isinstance(table, sa.Table) else table_of(table)
    insert: Any = sqlite.insert if is_sqlite() else postgresql.insert
    return insert(target).on_conflict_do_nothing()


@cache
def adding(model: type[Base], _on_sqlite: bool) -> Any:
    """A statement, made once, that adds a row unless a unique key already holds, and tells its id."""
    return insert_ignoring(model).returning(table_of(model).c.id)


def insert_pair_ignoring(
    first: type[Base], row: Mapping[str, Any], second: type[Base], its_row: Mapping[str, Any], *, by: str
) -> tuple[int | None, int | None]:
    """As `insert_ignoring`, of a row and of another that names the first in its column `by`: the ids of those that were
    added, and the second only with the first. On PostgreSQL by one statement, as each is a way there and back."""
    if not is_sqlite():
        statement = _adding_pair(first, tuple(row), second, tuple(its_row), by)
        values = {f"first_{name}": value for name, value in row.items()}
        added = run(statement, values | {f"second_{name}": value for name, value in its_row.items()}).first()
        return (None, None) if added is None else tuple(added)
    first_id = run(adding(first, True), row).scalar()
    return first_id, None if first_id is None else run(adding(second, True), {**its_row, by: first_id}).scalar()


@cache
def _adding_pair(
    first: type[Base], names: tuple[str, ...], second: type[Base], its_names: tuple[str, ...], by: str
) -> sa.Select[Any]:
    def values(table: sa.Table, given: tuple[str, ...], prefix: str, but: str = "") -> dict[str, Any]:
        bound = {name: sa.bindparam(f"{prefix}_{name}", type_=table.c[name].type) for name in given}
        columns = [table.c[name] for name in (*given, *filter(None, (but,)))]
        others = {
            column.name: sa.literal(value, column.type) for column, value in _plain_defaults(table, columns).items()
        }
        return {name: sa.cast(value, table.c[name].type) for name, value in (bound | others).items()}

    one, other = table_of(first), table_of(second)
    added = insert_ignoring(one).values(values(one, names, "first")).returning(one.c.id).cte("added")
    row = values(other, its_names, "second", but=by)
    chosen = sa.select(*row.values(), added.c.id)
    followed = insert_ignoring(other).from_select([*row, by], chosen, include_defaults=False).returning(other.c.id)
    follower = followed.cte("follower")
    told: sa.Select[Any] = sa.select(added.c.id, follower.c.id)
    return told.select_from(added.outerjoin(follower, sa.true()))


def insert_many_ignoring(model: type[Base], rows: Sequence[Mapping[str, Any]], *told: str) -> Sequence[sa.Row[Any]]:
    """As `insert_ignoring`, of many rows that name the same columns, in their order: the `told` columns of those that
    were added. On PostgreSQL they are handed over as one value, as hundreds of them take long to read."""
    if not rows:
        return []
    table = table_of(model)
    if is_sqlite():
        return run(insert_ignoring(table).returning(*(table.c[name] for name in told)), list(rows)).all()
    defaults = {column.name: value for column, value in _plain_defaults(table, [table.c[n] for n in rows[0]]).items()}
    names = ", ".join(f'"{name}"' for name in (*rows[0], *defaults))
    statement = sa.text(
        f'INSERT INTO "{table.name}" ({names}) SELECT {names}'
        f' FROM json_populate_recordset(NULL::"{table.name}", CAST(:rows AS json))'
        f" ON CONFLICT DO NOTHING RETURNING {', '.join(told)}"
    )
    handed = json.dumps([{**row, **defaults} for row in rows], default=datetime.isoformat, ensure_ascii=False)
    return run(statement, {"rows": handed}).all()


def insert_many(model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Add many rows that name the same columns, by the database's quickest way: on PostgreSQL that is COPY.

    Columns that are not named get their model's default. Raises IntegrityError where a key says no.
    """
    if not rows:
        return
    table, connection = table_of(model), db.session.connection()
    given = [table.c[name] for name in rows[0]]
    defaults = _plain_defaults(table, given)
    columns = [*given, *defaults]
    binding = [column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for column in columns]
    values = (
        [
            bind(value) if bind else value
            for bind, value in zip(binding, (*row.values(), *defaults.values()), strict=True)
        ]
        for row in rows
    )
    names = ", ".join(f'"{column.name}"' for column in columns)
    if is_sqlite():
        places = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({places})', list(map(tuple, values)))
        return
    cursor: Any = connection.connection.cursor()
    sentence = f'COPY "{table.name}" ({names}) FROM STDIN'
    try:
        with cursor, cursor.copy(sentence) as copy:
            for line in values:
                copy.write_row(line)
    except psycopg.IntegrityError as error:
        raise sa.exc.IntegrityError(sentence, None, error, hide_parameters=True) from None


def _plain_defaults(table: sa.Table, given: Collection[sa.Column[Any]]) -> dict[sa.Column[Any], Any]:
    defaults: dict[sa.Column[Any], Any] = {column: column.default for column in table.c if column not in set(given)}
    return {column: default.arg for column, default in defaults.items() if default is not None and default.is_scalar}


def place_of(part: str, text: sa.ColumnElement[str]) -> sa.ColumnElement[int]:
    """Where the part first stands in a text, from 1; 0 where it does not."""
    return sa.func.instr(text, part) if is_sqlite() else sa.func.strpos(text, part)


def next_version(model: type[Base]) -> dict[str, Any]:
    """What a bulk change sets besides, so that a form opened before it is refused; nothing where rows have no version."""
    version = table_of(model).c.get("row_version")
    return {} if version is None else {"row_version": version + 1}


def among(column: Any, ids: Collection[int]) -> sa.ColumnElement[bool]:
    """The condition that a column is one of many ids, handed over as one value: hundreds of them cost no more."""
    return _is_among(column, sa.literal(handed_over(ids), _handed_type(sa.Integer)))


def among_those(column: Any, name: str, kind: type[sa.types.TypeEngine[Any]] = sa.Integer) -> sa.ColumnElement[bool]:
    """As `among`, for a statement that is made once: the values are `handed_over` under `name` whenever it runs."""
    return _is_among(column, sa.bindparam(name, type_=_handed_type(kind)))


def handed_over(values: Collection[Any]) -> Any:
    """Many values as the one that `among_those` takes."""
    return json.dumps(list(values)) if is_sqlite() else list(values)


def _handed_type(kind: type[sa.types.TypeEngine[Any]]) -> sa.types.TypeEngine[Any]:
    return sa.String() if is_sqlite() else postgresql.ARRAY(kind)


def _is_among(column: Any, handed: Any) -> sa.ColumnElement[bool]:
    if is_sqlite():
        rows = sa.func.json_each(handed).table_valued("value")
        given: sa.ColumnElement[bool] = column.in_(sa.select(rows.c.value))
        return given
    return column == sa.any_(sa.cast(handed, handed.type))
