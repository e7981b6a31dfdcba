"""Undoing a whole import: what it added goes, what it changed is put back, while nothing depends on either."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from eventmgr.areas.models import Area
from eventmgr.core.audit import AuditEntry, record_audit
from eventmgr.core.db import Base, change_rows, db, locked, next_version, table_of
from eventmgr.core.errors import Conflict, RuleBroken
from eventmgr.core.registry import in_use
from eventmgr.core.text import display_name
from eventmgr.residents.finding import index_commune
from eventmgr.residents.models import (
    Contact,
    Household,
    ImportAdded,
    ImportChange,
    ListImport,
    PovertyStatus,
    Resident,
)
from eventmgr.residents.services.holding import hold_commune
from eventmgr.residents.services.importing.drafts import as_text
from eventmgr.residents.services.residents import name_columns
from eventmgr.residents.values import ImportState

_TABLES: dict[str, type[Base]] = {
    table.__tablename__: table for table in (Contact, PovertyStatus, Resident, Household, Area)
}
"""What an import writes; in this order rows can be taken away, each before what it points at."""

_LOOKS = ("view", "export", "print", "list")
"""Acts in the audit that change nothing begin with these words."""


class ImportNotIn(Conflict):
    """Only a list that is in can be undone."""

    code = "import_not_in"
    sentence = _("This list is not in, so there is nothing to undo.")


class ImportInUse(RuleBroken):
    """Something has been built upon what the list brought."""

    code = "import_in_use"


class HouseholdsInvited(ImportInUse):
    """Meetings hold on to households the list added."""

    code = "import_households_invited"
    sentence = _(
        "%(households)s have been invited to meetings or came to one since. The list cannot be undone any more."
    )


class PeopleReferred(ImportInUse):
    """Something else points at what the list added."""

    code = "import_rows_referred"
    sentence = _("Something refers to %(people)s meanwhile, such as a consent. The list cannot be undone any more.")


class ChangedSince(ImportInUse):
    """What the list wrote has been changed since."""

    code = "import_changed_since"
    sentence = _(
        "What the list said of %(people)s has been changed since, by hand or by a later list. Undo that first."
    )


class CompletedSince(ImportInUse):
    """Later lists or officers have added to households the list brought."""

    code = "import_completed_since"
    sentence = _(
        "People, phones or classes were added to %(households)s since, by hand or by a later list. Undo that first."
    )


def undo_import(row_id: int, *, by: Any, now: datetime) -> ListImport:
    """Take a list out again. Raises ImportNotIn, ImportInUse; then nothing has changed."""
    row = db.session.scalar(locked(sa.select(ListImport).where(ListImport.id == row_id)))
    if row is None or row.state is not ImportState.DONE:
        raise ImportNotIn
    hold_commune(row.area_id)
    added = _Added(row)
    changes = db.session.scalars(
        sa.select(ImportChange).where(ImportChange.list_import_id == row.id).order_by(ImportChange.id.desc())
    ).all()
    _refuse_what_is_in_use(added)
    _refuse_what_was_completed(added)
    _refuse_what_was_edited(row, added)
    _refuse_what_differs_now(changes)
    _take_away(added)
    _put_back(changes)
    index_commune(row.area_id)
    row.state, row.undone_at, row.undone_by_id = ImportState.UNDONE, now, getattr(by, "id", None)
    record_audit("undo_import", f"list_import:{row.id}", by=by, now=now, area_id=row.area_id)
    db.session.flush()
    db.session.expire_all()
    return row


class _Added:
    """The rows an import has added, by table."""

    def __init__(self, row: ListImport) -> None:
        self._runs: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for run in db.session.scalars(
            sa.select(ImportAdded).where(ImportAdded.list_import_id == row.id).order_by(ImportAdded.first_id)
        ):
            self._runs[run.record].append((run.first_id, run.last_id))

    def runs(self, table: type[Base]) -> list[tuple[int, int]]:
        """Its ids as runs, in order."""
        return self._runs[table.__tablename__]

    def among(self, column: Any, table: type[Base]) -> sa.ColumnElement[bool]:
        """The condition that a column holds one of its ids."""
        return sa.or_(sa.false(), *(column.between(first, last) for first, last in self.runs(table)))

    def has(self, record: str, row_id: int) -> bool:
        """Whether the import added this row."""
        runs = self._runs[record]
        place = bisect_right(runs, (row_id, row_id + 1)) - 1
        return place >= 0 and runs[place][0] <= row_id <= runs[place][1]


def _refuse_what_is_in_use(added: _Added) -> None:
    """Meetings are asked through the registry; everything else that points at a row is found by its foreign key."""
    households = db.session.scalars(sa.select(Household.id).where(added.among(Household.id, Household))).all()
    used = in_use(households)
    if used:
        raise HouseholdsInvited(households=_heads(used))
    for table, named in ((Resident, _people), (Household, _heads)):
        for column in _pointing_at(table):
            found = db.session.scalars(
                sa.select(column).where(added.among(column, table)).distinct().limit(MOST_NAMED + 1)
            ).all()
            if found:
                raise PeopleReferred(people=named(found))


def _pointing_at(table: type[Base]) -> list[Any]:
    """Columns that hold on to this table's rows, in all tables an import does not write."""
    return [
        key.parent
        for other in db.metadata.sorted_tables
        if other.name not in _TABLES
        for key in other.foreign_keys
        if key.column.table is table.__table__ and key.ondelete not in ("CASCADE", "SET NULL")
    ]


def _refuse_what_was_completed(added: _Added) -> None:
    for table in (Resident, Contact, PovertyStatus):
        found = db.session.scalars(
            sa.select(table.household_id)
            .where(added.among(table.household_id, Household), sa.not_(added.among(table.id, table)))
            .distinct()
            .limit(MOST_NAMED + 1)
        ).all()
        if found:
            raise CompletedSince(households=_heads(found))


def _refuse_what_was_edited(row: ListImport, added: _Added) -> None:
    """Acts by hand on what the list added, and what a later list changed of it."""
    touched = db.session.scalars(
        sa.select(AuditEntry.record).where(
            AuditEntry.at >= row.imported_at,
            sa.or_(AuditEntry.record.startswith("household:"), AuditEntry.record.startswith("resident:")),
            *(sa.not_(AuditEntry.action.startswith(look)) for look in _LOOKS),
        )
    )
    later = db.session.execute(
        sa.select(ImportChange.record, ImportChange.record_id)
        .join(ListImport, ImportChange.list_import_id == ListImport.id)
        .where(
            ListImport.id != row.id,
            ListImport.area_id == row.area_id,
            ListImport.state == ImportState.DONE,
            ListImport.imported_at >= row.imported_at,
        )
    )
    records = [(name, int(row_id)) for name, row_id in (record.split(":", 1) for record in touched) if row_id.isdigit()]
    records += [(name, row_id) for name, row_id in later]
    changed = [(name, row_id) for name, row_id in records if added.has(name, row_id)]
    if changed:
        raise ChangedSince(people=_spoken(changed))


def _refuse_what_differs_now(changes: Iterable[ImportChange]) -> None:
    """A field that no longer holds what the list wrote was changed by somebody who knew better."""
    different: list[tuple[str, int]] = []
    for name, some in _by_table(changes).items():
        table = table_of(_TABLES[name])
        ids = {change.record_id for change in some}
        now_there = {row.id: row for row in db.session.execute(sa.select(table).where(table.c.id.in_(ids)))}
        for change in some:
            found = now_there.get(change.record_id)
            if found is None or as_text(getattr(found, change.field)) != change.after:
                different.append((name, change.record_id))
    if different:
        raise ChangedSince(people=_spoken(different))


def _by_table(changes: Iterable[ImportChange]) -> dict[str, list[ImportChange]]:
    found: defaultdict[str, list[ImportChange]] = defaultdict(list)
    for change in changes:
        found[change.record].append(change)
    return found


# --- doing it -------------------------------------------------------------------------------------


def _take_away(added: _Added) -> None:
    for table in (Contact, PovertyStatus, Resident, Household):
        change_rows(sa.delete(table).where(added.among(sa.column("id"), table)))
    for first, last in added.runs(Area):
        empty = (
            sa.select(Area.id)
            .where(Area.id.between(first, last))
            .where(*(~sa.exists().where(column == Area.id) for column in _columns_naming_areas()))
        )
        change_rows(sa.delete(Area).where(Area.id.in_(db.session.scalars(empty).all())))


def _columns_naming_areas() -> list[Any]:
    """Everything that can lie in a hamlet: one with anything in it stays, though the list brought it."""
    return [
        key.parent
        for table in db.metadata.sorted_tables
        if table.name != AuditEntry.__tablename__
        for key in table.foreign_keys
        if key.column.table is Area.__table__
    ]


def _put_back(changes: Iterable[ImportChange]) -> None:
    for name, some in _by_table(changes).items():
        table = table_of(_TABLES[name])
        # Who was the head steps back in only once who took the place has stepped down.
        for change in sorted(some, key=lambda change: change.field == "is_head" and change.before == "True"):
            value = _value_of(table.c[change.field], change.before)
            columns = {change.field: value} | next_version(_TABLES[name])
            if change.field == "full_name":
                columns |= name_columns(str(value))
            if change.field == "citizen_number_digest":
                columns["citizen_number_sealed"] = None
            change_rows(sa.update(table).where(table.c.id == change.record_id).values(columns))


def _value_of(column: Any, text: str | None) -> Any:
    """What a field held before, from the register's text."""
    if text is None:
        return None if column.nullable else ""
    kind = column.type.python_type
    if kind is bool:
        return text == "True"
    if kind is date:
        return date.fromisoformat(text)
    return kind(text)


# --- naming what is in the way ----------------------------------------------------------------------

MOST_NAMED = 3


def _heads(household_ids: Iterable[int]) -> str:
    """The heads of some households, a few by name."""
    ids = list(household_ids)
    return _some(
        db.session.scalars(
            sa.select(Resident.full_name)
            .where(Resident.household_id.in_(ids[:MOST_NAMED]), Resident.is_head)
            .order_by(Resident.household_id)
        ).all(),
        len(ids),
    )


def _people(resident_ids: Iterable[int]) -> str:
    ids = list(resident_ids)
    return _some(
        db.session.scalars(
            sa.select(Resident.full_name).where(Resident.id.in_(ids[:MOST_NAMED])).order_by(Resident.id)
        ).all(),
        len(ids),
    )


def _spoken(records: Sequence[tuple[str, int]]) -> str:
    """People and heads behind some records, a few by name."""
    some = list(dict.fromkeys(records))
    names: list[str] = []
    for record, row_id in some[:MOST_NAMED]:
        table = _TABLES[record].__table__
        whose = (
            Resident.id == row_id
            if record == Resident.__tablename__
            else sa.and_(
                Resident.is_head,
                Resident.household_id
                == (
                    row_id
                    if record == Household.__tablename__
                    else sa.select(table.c.household_id).where(table.c.id == row_id).scalar_subquery()
                ),
            )
        )
        names.extend(db.session.scalars(sa.select(Resident.full_name).where(whose)))
    return _some(list(dict.fromkeys(names)), len(some))


def _some(names: Sequence[str], count: int) -> str:
    shown = ", ".join(display_name(name) for name in names) or gettext("people who are no longer on file")
    return gettext("%(names)s and others", names=shown) if count > MOST_NAMED else str(shown)
