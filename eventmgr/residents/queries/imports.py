"""Lists handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from eventmgr.areas.models import Area
from eventmgr.areas.queries import get_area_in
from eventmgr.core.access import Scope
from eventmgr.core.clock import local_day
from eventmgr.core.db import db
from eventmgr.core.errors import NotFound
from eventmgr.core.files import StoredFile, file_path
from eventmgr.core.retention import days_kept, retention_rules
from eventmgr.residents.models import Contact, Household, ImportAdded, ImportChange, ListImport, PovertyStatus, Resident
from eventmgr.residents.values import ChangeLine

MOST_LISTS = 200
LISTS_RULE = "uploaded_lists"
"""The key of the rule by which the files of lists go."""
NOT_SHOWN = "••••"
"""Stands for a citizen number: the register keeps only its digest."""


def same_lists(digest: str, commune: Area) -> Sequence[ListImport]:
    """Earlier lists of the commune with these very bytes, the latest first."""
    return db.session.scalars(
        sa.select(ListImport)
        .join(ListImport.file)
        .where(ListImport.area_id == commune.id, StoredFile.hash == digest)
        .options(joinedload(ListImport.file), joinedload(ListImport.created_by))
        .order_by(ListImport.id.desc())
    ).all()


def lists_in(scope: Scope) -> Sequence[ListImport]:
    """All lists handed in within the scope, the latest first."""
    return db.session.scalars(
        sa.select(ListImport)
        .join(ListImport.area)
        .where(scope.within(Area.path))
        .options(
            joinedload(ListImport.file),
            joinedload(ListImport.job),
            joinedload(ListImport.area),
            joinedload(ListImport.created_by),
        )
        .order_by(ListImport.id.desc())
        .limit(MOST_LISTS)
    ).all()


def get_list_in(scope: Scope, list_id: int) -> ListImport:
    """One list. Raises NotFound outside the scope."""
    row = db.session.scalar(sa.select(ListImport).where(ListImport.id == list_id))
    if row is None:
        raise NotFound
    get_area_in(scope, row.area_id)
    return row


@dataclass(frozen=True, slots=True)
class Original:
    """A list's file that still stands as it was handed in."""

    list_id: int
    name: str
    handed_in_at: datetime
    goes_on: date | None  # the day from which the rule takes it; None: no rule does
    brought: bool  # the list added or changed the person asked about


def originals_kept(commune: Area, resident_id: int, now: datetime) -> list[Original]:
    """The files of the commune's lists that still hold whom they held, each once: those that brought the person first,
    then the latest. Any of them may name the person; only their bytes would tell."""
    days = next(days_kept(rule, commune.path, now) for rule in retention_rules() if rule.key == LISTS_RULE)
    added = sa.select(ImportAdded.list_import_id).where(
        ImportAdded.record == Resident.__tablename__,
        sa.literal(resident_id).between(ImportAdded.first_id, ImportAdded.last_id),
    )
    changed = sa.select(ImportChange.list_import_id).where(
        ImportChange.record == Resident.__tablename__, ImportChange.record_id == resident_id
    )
    brought = set(db.session.scalars(added)) | set(db.session.scalars(changed))
    found: dict[str, Original] = {}
    for row in db.session.scalars(
        sa.select(ListImport)
        .join(ListImport.file)
        .where(ListImport.area_id == commune.id, StoredFile.removed_at.is_(None))
        .options(contains_eager(ListImport.file))
        .order_by(ListImport.id.desc())
    ):
        known = found.get(row.file.hash)
        if known is None and file_path(row.file.hash).exists():
            goes_on = local_day(row.file.stored_at + timedelta(days=days)) if days is not None else None
            known = Original(row.id, row.file.name, row.created_at, goes_on, brought=False)
        if known is not None:
            found[row.file.hash] = replace(known, brought=known.brought or row.id in brought)
    return sorted(found.values(), key=lambda original: not original.brought)


def changes_of(row: ListImport, most: int) -> list[ChangeLine]:
    """What a list has changed of known people and households, in the order of the file, at most so many."""
    changes = db.session.scalars(
        sa.select(ImportChange).where(ImportChange.list_import_id == row.id).order_by(ImportChange.id).limit(most)
    ).all()
    people = _people_of(changes)
    hamlets = {
        str(hamlet.id): hamlet.name
        for hamlet in db.session.scalars(sa.select(Area).where(Area.parent_id == row.area_id))
    }
    lines = []
    for change in changes:
        name, household_id = people.get((change.record, change.record_id), ("", None))
        before, after = change.before, change.after
        if change.field == "hamlet_id":
            before, after = hamlets.get(before or "", before), hamlets.get(after or "", after)
        if change.field == "citizen_number_digest":
            before, after = None, NOT_SHOWN
        lines.append(ChangeLine(name, household_id, change.field, before, after))
    return lines


def _people_of(changes: Sequence[ImportChange]) -> dict[tuple[str, int], tuple[str, int]]:
    """The person, or the household's head, behind each changed row."""
    found: dict[tuple[str, int], tuple[str, int]] = {}
    tables: tuple[Any, ...] = (Resident, Household, Contact, PovertyStatus)
    for table in tables:
        ids = {change.record_id for change in changes if change.record == table.__tablename__}
        if not ids:
            continue
        chosen = sa.select(table.id, Resident.full_name, Resident.household_id).where(table.id.in_(ids))
        if table is Household:
            chosen = chosen.join(Resident, sa.and_(Resident.household_id == Household.id, Resident.is_head))
        elif table is not Resident:
            chosen = chosen.join(Resident, sa.and_(Resident.household_id == table.household_id, Resident.is_head))
        for row_id, name, household_id in db.session.execute(chosen):
            found[table.__tablename__, row_id] = (name, household_id)
    return found
