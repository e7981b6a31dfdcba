"""Commands of the reports room."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import with_appcontext
from flask_babel import force_locale

from eventmgr.core.audit import record_audit
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import NotFound
from eventmgr.meetings.models import Meeting
from eventmgr.reports.documents.meeting_report_docx import write_meeting_report
from eventmgr.reports.documents.plan_report_docx import write_plan_report
from eventmgr.reports.documents.workbook import write_meeting_workbook, write_plan_workbook
from eventmgr.reports.queries.lists import attendance_lines
from eventmgr.reports.queries.papers import meeting_report, plan_report
from eventmgr.reports.queries.selection import get_meeting, get_plan, of_plan


@click.command("report")
@click.argument("subject", type=click.Choice(["meeting", "plan"]))
@click.argument("subject_id", metavar="ID", type=int)
@click.option("--format", "kind", type=click.Choice(["xlsx", "docx", "pdf"]), required=True)
@click.option("--out", type=click.Path(dir_okay=False, writable=True, path_type=Path), required=True)
@with_appcontext
def report(subject: str, subject_id: int, kind: str, out: Path) -> None:
    """Write the report on a meeting or a plan to a file, in Vietnamese."""
    if kind == "pdf":
        raise click.UsageError("PDF is not made yet: take --format docx and print it to PDF from the word processor.")
    try:
        with force_locale("vi"):
            content, area_id = (_meeting if subject == "meeting" else _plan)(subject_id, kind)
    except NotFound:
        raise click.UsageError(f"There is no {subject} with the number {subject_id}.") from None
    out.write_bytes(content)
    with unit_of_work():
        after = {"format": kind, "names": kind == "xlsx"}
        record_audit("export_report", f"{subject}:{subject_id}", by=None, now=now(), area_id=area_id, after=after)
    click.echo(f"{out}: {len(content)} bytes")


def _meeting(meeting_id: int, kind: str) -> tuple[bytes, int]:
    row = get_meeting(meeting_id)
    value = meeting_report(row, now())
    if kind == "docx":
        return write_meeting_report(value), row.area_id
    return write_meeting_workbook(value, attendance_lines(Meeting.id == meeting_id)), row.area_id


def _plan(plan_id: int, kind: str) -> tuple[bytes, int]:
    row = get_plan(plan_id)
    value = plan_report(row, now())
    if kind == "docx":
        return write_plan_report(value), row.area_id
    return write_plan_workbook(value, attendance_lines(of_plan(plan_id))), row.area_id
