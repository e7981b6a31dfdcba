"""Acts that can be taken back: what an act changed is remembered, so that undoing it brings back exactly what was.

Within `undoable` every row that the session changes is remembered as it stood before and as it stands after. Statements
that change many rows at once (`core.db.change_rows`) pass by the session and are not remembered: acts do not use them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _
from sqlalchemy import event
from sqlalchemy.orm import Mapped, Mapper, Session, mapped_column

from eventmgr.core.db import Base, UtcDateTime, db, foreign_key, short_text
from eventmgr.core.errors import Conflict, RuleBroken

DERIVED = {"derived": True}
"""The `info` of a column that follows from other rows: no act changes it, and undoing leaves it to whoever keeps it."""

UNDO_FOR = timedelta(days=7)
"""How long an act can be taken back. Afterwards what it changed is forgotten: those are people's data."""


class Act(Base):
    """One act of an officer, and what it changed: rows of `{"table", "key", "before", "after"}`.

    `before` None: the act added the row; `after` None: it took the row away; else both hold the changed columns.
    """

    __tablename__ = "act"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    user_id: Mapped[int | None] = foreign_key("app_user.id", index=False)  # None: the system or a command
    action: Mapped[str] = short_text()
    area_id: Mapped[int | None] = foreign_key("area.id", index=False)
    changes: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)  # empty: forgotten, or nothing was changed
    undone_at: Mapped[datetime | None]  # None: stands

    def may_be_undone(self, now: datetime) -> bool:
        """Whether the act still stands and is not too long ago."""
        return self.undone_at is None and bool(self.changes) and now - self.at <= UNDO_FOR


class TooLateToUndo(RuleBroken):
    """The act was taken back already, or what it changed is forgotten."""

    code = "too_late_to_undo"
    sentence = _("This can no longer be undone: it was undone already, or it is too long ago.")


class ChangedSince(Conflict):
    """What the act left behind was changed or is needed by something since."""

    code = "changed_since"
    sentence = _("This can no longer be undone: something has been changed since, or now depends on it.")


_OPEN = "open_act"
_LAST = "last_act_id"
_Key = tuple[tuple[str, Any], ...]


@dataclass(slots=True)
class _Memory:
    """The act that is being done, and the rows it has touched as they stood before; in the order of touching."""

    act: Act
    before: dict[tuple[str, _Key], dict[str, Any] | None] = field(default_factory=dict)


@contextmanager
def undoable(action: str, *, by: Any, now: datetime, area_id: int | None) -> Iterator[Act]:
    """Remember what is changed in this block, so that it can be undone. Inside another act it is part of that one."""
    session = db.session()
    known: _Memory | None = session.info.get(_OPEN)
    if known is not None:
        yield known.act
        return
    session.flush()
    act = Act(action=action, at=now, user_id=getattr(by, "id", None), area_id=area_id, changes=[])
    session.add(act)
    session.flush()
    memory = _Memory(act)
    session.info[_OPEN] = memory
    try:
        yield act
        session.flush()
    finally:
        del session.info[_OPEN]
    act.changes = _changes(memory)
    session.flush()
    session.info[_LAST] = act.id if act.changes else None


def open_act_id() -> int | None:
    """The act that is being done, if there is one."""
    memory: _Memory | None = db.session().info.get(_OPEN)
    return memory.act.id if memory else None


def last_act_id() -> int | None:
    """The act that this request has done last; None if none has changed anything."""
    done: int | None = db.session().info.get(_LAST)
    return done


def undo_changes(act: Act, now: datetime) -> None:
    """Bring back what was before an act. Raises TooLateToUndo, ChangedSince; then nothing is changed.

    Rows read before are read anew afterwards.
    """
    if not act.may_be_undone(now):
        raise TooLateToUndo
    db.session.flush()
    changes = act.changes
    for change in changes:
        _refuse_changed(change)
    with db.session.begin_nested():
        _bring_back(changes)
    db.session.expire_all()
    act.undone_at = now
    db.session.flush()


def forget_changes(act_ids: Collection[int | None]) -> None:
    """What these acts changed is forgotten, and they can no longer be undone: somebody of theirs is erased, say."""
    db.session.execute(
        sa.update(Act).where(Act.id.in_(act_ids)).values(changes=[]).execution_options(synchronize_session="fetch")
    )


def forget_old_changes(now: datetime) -> None:
    """Forget what acts changed that can no longer be undone."""
    old = db.session.scalars(sa.select(Act.id).where(Act.at < now - UNDO_FOR, _remembers()).limit(1000)).all()
    forget_changes(old)


def _remembers() -> sa.ColumnElement[bool]:
    return sa.cast(Act.changes, sa.Text) != "[]"


# --- Remembering ----------------------------------------------------------------------------------


@event.listens_for(Session, "before_flush")
def _remember_what_stands(session: Session, _context: Any, _instances: Any) -> None:
    memory: _Memory | None = session.info.get(_OPEN)
    if memory is None:
        return
    touched = [row for row in session.dirty if session.is_modified(row)]
    for row in [*touched, *session.deleted]:
        place = _place(row)
        if row is not memory.act and place not in memory.before:
            memory.before[place] = _stored(*place)


@event.listens_for(Session, "after_flush")
def _remember_what_is_new(session: Session, _context: Any) -> None:
    memory: _Memory | None = session.info.get(_OPEN)
    if memory is None:
        return
    for row in session.new:
        # The audit is only ever added to, and says of itself which act it belongs to.
        if row.__tablename__ != "audit_entry":
            memory.before.setdefault(_place(row), None)


def _place(row: Any) -> tuple[str, _Key]:
    """Table and key of a row."""
    mapper: Mapper[Any] = sa.inspect(row).mapper
    names = [column.name for column in mapper.primary_key]
    return row.__tablename__, tuple(zip(names, mapper.primary_key_from_instance(row), strict=True))


def _table(name: str) -> sa.Table:
    return db.metadata.tables[name]


def _is_row(table: sa.Table, key: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[name] == value for name, value in key.items()))


def _stored(name: str, key: _Key | Mapping[str, Any]) -> dict[str, Any] | None:
    """A row as it stands in the database, as plain values; None if there is none."""
    table = _table(name)
    columns = [column for column in table.c if "derived" not in column.info]
    found = db.session.connection().execute(sa.select(*columns).where(_is_row(table, dict(key)))).mappings().first()
    return None if found is None else {column: _plain(value) for column, value in found.items()}


def _changes(memory: _Memory) -> list[dict[str, Any]]:
    changes = []
    for (name, key), before in memory.before.items():
        after = _stored(name, key)
        if before is not None and after is not None:
            differing = [column for column in after if before[column] != after[column] and column != _VERSION]
            before, after = {c: before[c] for c in differing}, {c: after[c] for c in differing}
        if before != after:
            changes.append({"table": name, "key": dict(key), "before": before, "after": after})
    return changes


_VERSION = "row_version"
"""Counts the changes of a row: it goes on when a change is taken back."""


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def _meant(column: sa.Column[Any], value: Any) -> Any:
    """The value a column takes, from its plain form."""
    if value is None:
        return None
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, sa.Date):
        return date.fromisoformat(value)
    if isinstance(column.type, sa.Enum) and column.type.enum_class:
        return column.type.enum_class(value)
    return value


# --- Bringing back --------------------------------------------------------------------------------


def _refuse_changed(change: Mapping[str, Any]) -> None:
    """Raises ChangedSince unless the row stands as the act left it."""
    stands, left = _stored(change["table"], change["key"]), change["after"]
    if (stands is None) != (left is None):
        raise ChangedSince
    if stands and left and any(stands[column] != value for column, value in left.items()):
        raise ChangedSince


def _bring_back(changes: Sequence[Mapping[str, Any]]) -> None:
    """Row by row, the last change first. One that another still stands in the way of (a key that is taken, a row that
    is pointed at) waits for the next round. Raises ChangedSince once a round brings nothing back any more."""
    waiting = list(reversed(changes))
    while waiting:
        refused = [change for change in waiting if not _came_back(change)]
        if len(refused) == len(waiting):
            raise ChangedSince
        waiting = refused


def _came_back(change: Mapping[str, Any]) -> bool:
    try:
        with db.session.begin_nested():
            _bring_back_row(_table(change["table"]), change)
    except sa.exc.IntegrityError:
        return False
    return True


def _bring_back_row(table: sa.Table, change: Mapping[str, Any]) -> None:
    connection, this = db.session.connection(), _is_row(table, change["key"])
    if change["before"] is None:
        connection.execute(sa.delete(table).where(this))
        return
    before = {column: _meant(table.c[column], value) for column, value in change["before"].items()}
    if change["after"] is None:
        connection.execute(sa.insert(table).values(before))
        return
    counted = {_VERSION: table.c[_VERSION] + 1} if _VERSION in table.c else {}
    connection.execute(sa.update(table).where(this).values(before | counted))
