"""Pages that find households: the list, its workbook, and the list of whom to call."""

from __future__ import annotations

import tempfile
from typing import Any

from flask import render_template, request, send_file, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.core.access import Permission, Scope, requires, scope
from eventmgr.core.access_log import AccessKind, common_area, note_view, record_access
from eventmgr.core.clock import local_day, now
from eventmgr.core.db import unit_of_work
from eventmgr.core.text import clean_text
from eventmgr.residents import queries
from eventmgr.residents.values import (
    COUNT_STOPS_AT,
    HouseholdFilter,
    HouseholdOrder,
    PovertyClass,
    ReachFilter,
)
from eventmgr.residents.views.shared import bp
from eventmgr.residents.words import POVERTY_CLASSES, REACH_FILTERS
from eventmgr.residents.workbook import write_households

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_QUERY = 100
"""Characters; more is nobody's name."""


@bp.get("/residents")
@requires(Permission.VIEW_RESIDENTS)
def index() -> str:
    """Who lives here, whom can we reach?"""
    seen, sensitive = scope(Permission.VIEW_RESIDENTS), scope(Permission.VIEW_SENSITIVE)
    wanted = _wanted(sensitive)
    page = queries.households_page(
        seen, scope(Permission.VIEW_PHONES), wanted, after=_cursor("after"), before=_cursor("before")
    )
    here = queries.territory_of(seen)
    note_view("households", area_id=_area_of(seen, wanted), shown=len(page.lines), filters=_told(wanted))
    return render_template(
        "residents/index.html",
        page=page,
        wanted=wanted,
        count_stops_at=COUNT_STOPS_AT,
        places=queries.places_in(seen, wanted),
        classes=list(POVERTY_CLASSES.items()),
        class_names=POVERTY_CLASSES,
        reaches=list(REACH_FILTERS.items()),
        ethnic_groups=[(group, group) for group in queries.ethnic_groups(here)] if sensitive else [],
        empty_office=not page.lines and not queries.has_households(here),
        to_call=queries.count_without_sms(here),
        page_url=_page_url,
    )


@bp.get("/residents/export")
@requires(Permission.EXPORT_NAMES)
def export() -> Response:
    """The list as a workbook, as it is filtered now. Who took it is kept."""
    exportable = scope(Permission.EXPORT_NAMES)
    wanted = _wanted(scope(Permission.VIEW_SENSITIVE))
    book = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it when it is sent
    rows = write_households(queries.all_households(exportable, scope(Permission.VIEW_PHONES), wanted), book)
    book.seek(0)
    if rows:  # an empty list hands out nobody, and its hamlet need not exist
        with unit_of_work():
            record_access(
                AccessKind.EXPORT,
                "households",
                by=current_user,
                now=now(),
                area_id=_area_of(exportable, wanted),
                shown=rows,
                filters=_told(wanted),
            )
    return send_file(book, mimetype=XLSX, as_attachment=True, download_name="danh-sach-ho.xlsx")


@bp.get("/residents/call-list")
@requires(Permission.VIEW_RESIDENTS)
def call_list() -> str:
    """Whom no text reaches, house by house, with room to write what came of the call. For the printer."""
    seen = scope(Permission.VIEW_RESIDENTS)
    wanted = HouseholdFilter(
        commune_id=request.args.get("commune", type=int), hamlet_id=request.args.get("hamlet", type=int)
    )
    sheets = queries.call_list(seen, scope(Permission.VIEW_PHONES), wanted)
    number = sum(len(sheet.lines) for sheet in sheets)
    if number:
        with unit_of_work():
            record_access(
                AccessKind.EXPORT,
                "call_list",
                by=current_user,
                now=now(),
                area_id=_area_of(seen, wanted),
                shown=number,
            )
    return render_template(
        "residents/call_list.html",
        sheets=sheets,
        number=number,
        places=queries.places_in(seen, wanted),
        wanted=wanted,
        today=local_day(now()),
    )


def _wanted(sensitive: Scope) -> HouseholdFilter:
    """What the address asks for. Whoever may not see ethnic groups cannot ask by them either."""
    arguments = request.args
    poverty_class, reach = arguments.get("class", ""), arguments.get("reach", "")
    return HouseholdFilter(
        query=clean_text(arguments.get("q", ""))[:LONGEST_QUERY],
        commune_id=arguments.get("commune", type=int),
        hamlet_id=arguments.get("hamlet", type=int),
        poverty_class=PovertyClass(poverty_class) if poverty_class in set(PovertyClass) else None,
        ethnic_group=(arguments.get("group") or None) if sensitive else None,
        reach=ReachFilter(reach) if reach in set(ReachFilter) else None,
        order=HouseholdOrder.LIST if arguments.get("order") == "list" else HouseholdOrder.NAME,
    )


def _told(wanted: HouseholdFilter) -> dict[str, Any]:
    """What the access log says of a list: which people it was narrowed to, never the words that were typed."""
    return {
        "searched": bool(wanted.query),
        "poverty_class": wanted.poverty_class,
        "by_ethnic_group": bool(wanted.ethnic_group),
        "reach": wanted.reach,
    }


def _area_of(seen: Scope, wanted: HouseholdFilter) -> int | None:
    return wanted.hamlet_id or wanted.commune_id or common_area(seen)


def _cursor(name: str) -> int | None:
    return request.args.get(name, type=int)


def _page_url(**changes: Any) -> str:
    """This list with other arguments; turning a page or changing a filter leaves the rest as it is."""
    arguments: dict[str, Any] = {key: value for key, value in request.args.items() if value}
    arguments.pop("after", None)
    arguments.pop("before", None)
    arguments.update(changes)
    return url_for("residents.index", **{key: value for key, value in arguments.items() if value is not None})
