"""Reports on screen and as files. Totals for all who may see reports, names only for those who may see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.access_log import AccessKind, note_view, record_access
from eventmgr.core.audit import record_audit
from eventmgr.core.clock import instant_of, local_day, now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import NotFound
from eventmgr.core.web import content_policy
from eventmgr.meetings.models import Meeting
from eventmgr.plans.models import Plan
from eventmgr.reports import words
from eventmgr.reports.chart import chart_title, hamlet_chart
from eventmgr.reports.documents.meeting_report_docx import write_meeting_report
from eventmgr.reports.documents.plan_report_docx import write_plan_report
from eventmgr.reports.documents.workbook import write_meeting_workbook, write_plan_workbook
from eventmgr.reports.forms import PeriodForm
from eventmgr.reports.queries.lists import Listing, attendance_lines, listed
from eventmgr.reports.queries.papers import meeting_report, period_report, plan_report, plan_summaries
from eventmgr.reports.queries.selection import HELD, Condition, get_meeting, get_plan, of_period, of_plan
from eventmgr.reports.values import CrowdGroup, ListOf

bp = Blueprint("reports", __name__, url_prefix="/reports")

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Word = TypeVar("Word", bound=StrEnum)


@bp.get("/")
@requires(Permission.VIEW_REPORTS)
def index() -> str:
    """What do I hand in? The plans, and any period."""
    seen = scope(Permission.VIEW_REPORTS)
    asked = "first" in request.args or "last" in request.args
    form = PeriodForm(request.args if asked else _this_year(local_day(now())))
    period = None
    # Summing a province takes seconds: only a period that was asked for is summed.
    if asked and form.validate():
        assert form.first.data is not None
        assert form.last.data is not None
        period = period_report(of_period(seen, _start(form.first.data), _start(form.last.data + timedelta(days=1))))
    return render_template(
        "reports/index.html", plans=plan_summaries(seen), form=form, period=period, words=words, link=_no_link
    )


@bp.get("/plans/<int:plan_id>")
@requires(Permission.VIEW_REPORTS)
def plan(plan_id: int) -> str:
    """One plan: done against targets, who came, who was reached."""
    row = get_plan(plan_id, scope(Permission.VIEW_REPORTS))
    report = plan_report(row, now())
    return render_template(
        "reports/plan.html",
        plan=row,
        report=report,
        chart_title=chart_title(report.figures, report.hamlets),
        words=words,
        link=_links("reports.plan_list", plan_id=plan_id) if _names_of_plan(row) else _no_link,
    )


@bp.get("/plans/<int:plan_id>/chart.svg")
@requires(Permission.VIEW_REPORTS)
def plan_chart(plan_id: int) -> Response:
    """Meetings held and missing in each hamlet, as a picture."""
    report = plan_report(get_plan(plan_id, scope(Permission.VIEW_REPORTS)), now())
    answer = Response(hamlet_chart(report.figures, report.hamlets), mimetype="image/svg+xml")
    # A picture of its own: it carries its styles inside and runs nothing.
    answer.headers["Content-Security-Policy"] = content_policy(script_src="'none'", style_src="'unsafe-inline'")
    return answer


@bp.get("/plans/<int:plan_id>/list")
@requires(Permission.VIEW_RESIDENTS)
def plan_list(plan_id: int) -> str:
    """The rows behind one of the plan's figures."""
    row = get_plan(plan_id, scope(Permission.VIEW_REPORTS), scope(Permission.VIEW_RESIDENTS))
    listing = _listing()
    # As in the report: texts of all the plan's meetings, everything else of those held.
    chosen = of_plan(plan_id) if listing.of is ListOf.MESSAGES else sa.and_(of_plan(plan_id), HELD)
    return _list_page(
        chosen,
        listing,
        Source(
            "reports.plan_list",
            {"plan_id": plan_id},
            row.title,
            url_for("reports.plan", plan_id=plan_id),
            _("Report on the plan of %(year)s", year=row.year),
        ),
        record=f"plan:{plan_id}",
        area_id=row.area_id,
    )


@bp.get("/plans/<int:plan_id>/report.docx")
@requires(Permission.VIEW_REPORTS)
def plan_docx(plan_id: int) -> Response:
    """The Báo cáo kết quả."""
    row = get_plan(plan_id, scope(Permission.VIEW_REPORTS))
    content = write_plan_report(plan_report(row, now()))
    _remember_export(f"plan:{plan_id}", row.area_id, "docx", names=False)
    return _download(content, DOCX, f"bao-cao-ket-qua-{row.year}-{plan_id}.docx")


@bp.get("/plans/<int:plan_id>/figures.xlsx")
@requires(Permission.VIEW_REPORTS)
def plan_xlsx(plan_id: int) -> Response:
    """All figures; with the attendance list for those who may hand names on."""
    row = get_plan(plan_id, scope(Permission.VIEW_REPORTS))
    with_names = scope(Permission.EXPORT_NAMES).covers(row.area.path)
    lines = attendance_lines(of_plan(plan_id)) if with_names else None
    content = write_plan_workbook(plan_report(row, now()), lines)
    _remember_export(f"plan:{plan_id}", row.area_id, "xlsx", names=with_names)
    return _download(content, XLSX, f"so-lieu-ke-hoach-{row.year}-{plan_id}.xlsx")


@bp.get("/meetings/<int:meeting_id>")
@requires(Permission.VIEW_REPORTS)
def meeting(meeting_id: int) -> str:
    """One meeting: who was asked, reached, came."""
    row = get_meeting(meeting_id, scope(Permission.VIEW_REPORTS))
    return render_template(
        "reports/meeting.html",
        meeting=row,
        report=meeting_report(row, now()),
        words=words,
        link=_links("reports.meeting_list", meeting_id=meeting_id) if _names_of_meeting(row) else _no_link,
    )


@bp.get("/meetings/<int:meeting_id>/list")
@requires(Permission.VIEW_RESIDENTS)
def meeting_list(meeting_id: int) -> str:
    """The rows behind one of the meeting's figures."""
    row = get_meeting(meeting_id, scope(Permission.VIEW_REPORTS))
    if not _names_of_meeting(row):
        raise NotFound
    return _list_page(
        Meeting.id == meeting_id,
        _listing(),
        Source(
            "reports.meeting_list",
            {"meeting_id": meeting_id},
            row.title,
            url_for("reports.meeting", meeting_id=meeting_id),
            _("Report on the meeting"),
        ),
        record=f"meeting:{meeting_id}",
        area_id=row.area_id,
    )


@bp.get("/meetings/<int:meeting_id>/report.docx")
@requires(Permission.VIEW_REPORTS)
def meeting_docx(meeting_id: int) -> Response:
    """The report on the meeting."""
    row = get_meeting(meeting_id, scope(Permission.VIEW_REPORTS))
    content = write_meeting_report(meeting_report(row, now()))
    _remember_export(f"meeting:{meeting_id}", row.area_id, "docx", names=False)
    return _download(content, DOCX, f"bao-cao-hoi-nghi-{meeting_id}.docx")


@bp.get("/meetings/<int:meeting_id>/figures.xlsx")
@requires(Permission.VIEW_REPORTS)
def meeting_xlsx(meeting_id: int) -> Response:
    """The meeting's figures; with the attendance list for those who may hand names on."""
    row = get_meeting(meeting_id, scope(Permission.VIEW_REPORTS))
    with_names = scope(Permission.EXPORT_NAMES).covers(row.area.path)
    lines = attendance_lines(Meeting.id == meeting_id) if with_names else None
    content = write_meeting_workbook(meeting_report(row, now()), lines)
    _remember_export(f"meeting:{meeting_id}", row.area_id, "xlsx", names=with_names)
    return _download(content, XLSX, f"so-lieu-hoi-nghi-{meeting_id}.xlsx")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a list belongs: its own address and the report it opens from."""

    endpoint: str
    values: dict[str, Any]
    title: str
    back: str
    back_label: str


def _list_page(chosen: Condition, listing: Listing, source: Source, *, record: str, area_id: int) -> str:
    page = listed(chosen, listing, request.args.get("after", type=int))
    # Who looked at whose names is kept; which rows they saw follows from the figure.
    note_view(
        listing.of.value,
        record=record,
        area_id=area_id,
        shown=len(page.rows),
        filters={"group": listing.group.value, "hamlet": listing.hamlet_id},
    )
    address = source.values | {"of": listing.of.value, "group": listing.group.value, "hamlet": listing.hamlet_id}
    return render_template(
        "reports/list.html",
        source=source,
        listing=listing,
        page=page,
        words=words,
        groups={group: word for group, word in words.GROUPS[listing.of].items() if _may_list(group)},
        address=address,
        previous_url=url_for(source.endpoint, **address) if "after" in request.args else None,
        next_url=url_for(source.endpoint, **address, after=page.next_after) if page.next_after else None,
    )


def _listing() -> Listing:
    """The list asked for in the address. Raises NotFound for one that does not exist."""
    of = _word(ListOf, request.args.get("of", ListOf.ATTENDANCES))
    asked = request.args.get("group", next(iter(words.GROUPS[of])).value)
    group = next((known for known in words.GROUPS[of] if known.value == asked), None)
    if group is None or not _may_list(group):
        raise NotFound
    return Listing(of, group, request.args.get("hamlet", type=int))


def _may_list(group: StrEnum) -> bool:
    """Who belongs to an ethnic minority is for those alone who may see an ethnic group; others see how many."""
    return group is not CrowdGroup.MINORITY or bool(scope(Permission.VIEW_SENSITIVE))


def _word(kind: type[Word], text: str) -> Word:
    try:
        return kind(text)
    except ValueError:
        raise NotFound from None


def _links(endpoint: str, **values: Any) -> Callable[..., str | None]:
    """Makes the address of the list behind a figure."""

    hidden = {group for group in CrowdGroup if not _may_list(group)}

    def link(of: str, group: str = CrowdGroup.ALL, hamlet: int | None = None) -> str | None:
        if group in hidden:
            return None
        return url_for(endpoint, **values, of=of, group=group, hamlet=hamlet)

    return link


def _no_link(*_figure: Any) -> None:
    """For those who see totals without names."""


def _names_of_plan(row: Plan) -> bool:
    return scope(Permission.VIEW_RESIDENTS).covers(row.area.path)


def _names_of_meeting(row: Meeting) -> bool:
    """Names of a joint meeting are for those who may see them in the whole commune or in all of its hamlets."""
    seen = scope(Permission.VIEW_RESIDENTS)
    hamlets = row.hamlets
    return seen.covers(row.area.path) or (bool(hamlets) and all(seen.covers(hamlet.path) for hamlet in hamlets))


def _this_year(today: date) -> MultiDict[str, str]:
    return MultiDict({"first": f"{today.year}-01-01", "last": f"{today.year}-12-31"})


def _start(day: date) -> datetime:
    return instant_of(day, time())


def _remember_export(record: str, area_id: int, kind: str, *, names: bool) -> None:
    with unit_of_work():
        record_audit("export_report", record, by=current_user, now=now(), area_id=area_id, after={"format": kind})
        if names:
            record_access(
                AccessKind.EXPORT,
                ListOf.ATTENDANCES.value,
                by=current_user,
                now=now(),
                record=record,
                area_id=area_id,
            )


def _download(content: bytes, mimetype: str, name: str) -> Response:
    answer = Response(content, mimetype=mimetype)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
