"""Lists are taken in by the worker."""

from __future__ import annotations

from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.errors import NotFound
from eventmgr.core.jobs import JobRun, job_kind
from eventmgr.core.memory import without_collecting
from eventmgr.residents.models import ListImport
from eventmgr.residents.services.importing import IMPORT_JOB, file_failure, import_list, read_list


@job_kind(IMPORT_JOB, failed=file_failure)
@without_collecting()
def take_in_list(run: JobRun) -> None:
    """Read the file, then match and write it in one unit of work that also says that it is done."""
    row = db.session.get(ListImport, run.arguments["list_import_id"])
    if row is None:
        raise NotFound
    parsed = read_list(row)
    run.report(0, len(parsed.people))
    with unit_of_work():
        import_list(row, parsed, by=row.created_by, now=now(), report=run.report)
        run.finish({"list_import_id": row.id}, now=now())
