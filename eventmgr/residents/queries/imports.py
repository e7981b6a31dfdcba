"""Lists handed in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from eventmgr.areas.models import Area
from eventmgr.areas.queries import get_area_in
from eventmgr.core.access import Scope
from eventmgr.core.db import db
from eventmgr.core.errors import NotFound
from eventmgr.core.files import StoredFile
from eventmgr.residents.models import Contact, Household, ImportChange, ListImport, PovertyStatus, Resident
from eventmgr.residents.values import ChangeLine

MOST_LISTS = 200
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
