"""A list on its way: handed in, looked through, answered, taken in. What an officer answers is kept at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.areas.models import Area
from eventmgr.areas.queries import get_area_in
from eventmgr.core.access import Scope
from eventmgr.core.audit import record_audit
from eventmgr.core.clock import local_day
from eventmgr.core.db import after_commit, db, locked
from eventmgr.core.errors import Conflict, NotFound
from eventmgr.core.files import StoredFile, file_path, keep_file, remove_bytes
from eventmgr.core.jobs import Job, start_job
from eventmgr.residents.importing.choices import ListReading
from eventmgr.residents.importing.parsing import parse_list
from eventmgr.residents.importing.reading import UnreadableList
from eventmgr.residents.importing.values import ParsedList
from eventmgr.residents.models import ListImport
from eventmgr.residents.services.holding import hold_commune
from eventmgr.residents.services.importing.corrections import corrected
from eventmgr.residents.services.importing.matching import Decision
from eventmgr.residents.services.importing.outcome import kept_outcome, outcome_of
from eventmgr.residents.services.importing.planning import ImportOptions, Report, plan_import, silent
from eventmgr.residents.services.importing.writing import ImportResult, carry_out
from eventmgr.residents.values import ImportState

IMPORT_JOB = "import_list"
OPEN_STATES = frozenset([ImportState.READING, ImportState.REVIEW, ImportState.FAILED])
"""States in which an officer may still answer and begin."""


class ListNotOpen(Conflict):
    """The list is being taken in, or is in."""

    code = "list_not_open"
    sentence = _("This list has been taken in already, or is being taken in right now.")


class ListBeingRead(Conflict):
    """The worker needs the file's bytes."""

    code = "list_being_read"
    sentence = _("This list is being taken in right now. Remove its file when that is done.")


class ListRemoved(UnreadableList):
    """The file was taken away by the rule on old data, or by hand because of whom it named."""

    code = "list_removed"
    sentence = _("The file of this list is no longer kept. Hand it in again to go on.")


def hand_in_list(
    content: bytes, file_name: str, commune: Area, *, by: Any, now: datetime, state: ImportState = ImportState.READING
) -> ListImport:
    """Keep a list that could be read, as the first step of taking it in."""
    kept = keep_file(
        content, name=file_name or "danh-sach", type="list", area_id=commune.id, by_id=getattr(by, "id", None), now=now
    )
    row = ListImport(area=commune, file=kept, state=state, created_at=now, created_by_id=getattr(by, "id", None))
    db.session.add(row)
    db.session.flush()
    return row


def bytes_of(row: ListImport) -> bytes:
    """The file as it was handed in. Raises ListRemoved."""
    if row.file.removed_at is not None:  # another commune may keep the same bytes still
        raise ListRemoved
    try:
        return file_path(row.file.hash).read_bytes()
    except FileNotFoundError as gone:
        raise ListRemoved from gone


def remove_original(row_id: int, *, by: Any, now: datetime) -> None:
    """Take a file's bytes away before its time, in every list of the commune that has these very bytes.

    Name, hash and counts stay, and a list that is in can still be undone; one that is not must be handed in again. A
    second time changes nothing. Raises NotFound, ListBeingRead.
    """
    row = db.session.get(ListImport, row_id)
    if row is None:
        raise NotFound
    digest = row.file.hash
    alike = sa.select(StoredFile.id).where(StoredFile.hash == digest, StoredFile.area_id == row.area_id)
    lists = db.session.scalars(locked(sa.select(ListImport).where(ListImport.file_id.in_(alike)))).all()
    if any(each.state is ImportState.RUNNING for each in lists):
        raise ListBeingRead
    standing = [each.file for each in lists if each.file.removed_at is None]
    for file in standing:
        file.removed_at = now
    db.session.flush()
    if standing:
        record_audit(
            "remove_list_file",
            f"list_import:{row.id}",
            by=by,
            now=now,
            area_id=row.area_id,
            after={"hash": digest, "size": row.file.size},
        )
        after_commit(lambda: remove_bytes(digest))


def read_list(row: ListImport) -> ParsedList:
    """What the list says, with the officer's corrections. Raises UnreadableList."""
    today = local_day(row.created_at)
    reading = ListReading.from_json(row.reading) if row.reading else None
    parsed = parse_list(bytes_of(row), row.file.name, today, reading)
    return corrected(parsed, row.corrections, today)


def options_of(row: ListImport, parsed: ParsedList) -> ImportOptions:
    """What the officer has said of the list so far; what they have not is as the list itself says."""
    said = row.options
    hamlet_id = said.get("hamlet_id")
    return ImportOptions(
        year=said.get("year") or parsed.year or local_day(row.created_at).year,
        decision=said.get("decision") or "",
        hamlet=get_area_in(Scope((row.area.path,)), hamlet_id) if hamlet_id else None,
        add_hamlets=said.get("add_hamlets", True),
        decisions=row.decisions,
        changes=row.changes,
    )


def answer_question(row_id: int, key: str, decision: Decision | None) -> ListImport:
    """Keep who is meant by a row; None takes the answer back. Raises ListNotOpen."""
    row = open_list(row_id)
    row.decisions = {name: said for name, said in row.decisions.items() if name != key}
    if decision is not None:
        row.decisions = row.decisions | {key: decision}
    return row


def correct_cell(row_id: int, key: str, text: str) -> ListImport:
    """Keep what should stand in a doubtful cell; empty: nothing. Raises ListNotOpen."""
    row = open_list(row_id)
    row.corrections = row.corrections | {key: text}
    return row


def open_list(row_id: int) -> ListImport:
    """The list, locked, while it may still be answered. Raises ListNotOpen."""
    row = db.session.scalar(locked(sa.select(ListImport).where(ListImport.id == row_id)))
    if row is None:
        raise NotFound
    if row.state not in OPEN_STATES:
        raise ListNotOpen
    return row


def begin_import(row_id: int, rows: int, *, by: Any, now: datetime) -> ListImport:
    """Hand the list to the worker. Raises ListNotOpen."""
    row = open_list(row_id)
    row.state = ImportState.RUNNING
    row.job_id = start_job(IMPORT_JOB, {"list_import_id": row.id}, area_id=row.area_id, by=by, now=now, total=rows).id
    return row


def import_list(
    row: ListImport, parsed: ParsedList, *, by: Any, now: datetime, report: Report = silent
) -> ImportResult:
    """Take in a list: the sure rows go in, the others are told with their reasons. Matches, never doubles.

    Two imports of one commune wait for each other: the second meets what the first has brought.
    """
    hold_commune(row.area_id)
    plan = plan_import(parsed, row.area, options_of(row, parsed), report=report)
    rows = len(parsed.people)
    result = carry_out(plan, row, by=by, now=now, alive=lambda: report(rows, rows))
    row.state, row.imported_at = ImportState.DONE, now
    row.outcome = kept_outcome(outcome_of(result))
    return result


def file_failure(job: Job) -> None:
    """The worker could not take the list in: nothing of it is saved, and it may be tried again."""
    row = db.session.scalar(sa.select(ListImport).where(ListImport.job_id == job.id))
    if row is not None and row.state is ImportState.RUNNING:
        row.state = ImportState.FAILED
