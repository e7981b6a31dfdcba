"""How a list is to be read: its sheets, its letters before and after, what its columns mean."""

from __future__ import annotations

from collections.abc import Mapping

from flask import redirect, render_template, request
from flask_login import current_user

from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.clock import local_day, now
from eventmgr.core.db import unit_of_work
from eventmgr.residents.forms.columns import said_columns, said_sheets, wrong_with
from eventmgr.residents.importing.choices import ListReading
from eventmgr.residents.importing.encodings import Encoding
from eventmgr.residents.importing.parsing import look_at_list
from eventmgr.residents.importing.values import ParsedList
from eventmgr.residents.models import ListImport
from eventmgr.residents.queries import get_list_in
from eventmgr.residents.queries.columns import proposed_reading
from eventmgr.residents.services.columns import say_reading
from eventmgr.residents.services.importing import OPEN_STATES, bytes_of
from eventmgr.residents.views.lists import step_url
from eventmgr.residents.views.shared import Page, bp
from eventmgr.residents.words import ENCODINGS, FIELDS, LEFT_OUT


@bp.route("/residents/import/<int:list_id>/reading", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def list_reading(list_id: int) -> Page:
    """Show how the list would be read; keep what the officer says, to look again or to go on."""
    row = get_list_in(scope(Permission.EDIT_RESIDENTS), list_id)
    if row.state not in OPEN_STATES:
        return redirect(step_url(row))
    if request.method == "GET":
        reading = _reading_of(row)
        return _page(row, reading, _look(row, reading), {})
    proposed = _look(row, sheets := said_sheets(request.form, _look(row)))
    reading = said_columns(request.form, sheets, proposed)
    parsed = _look(row, reading)
    goes_on = "look" not in request.form
    wrong = wrong_with(parsed, reading) if goes_on else {}
    if wrong:
        return str(_page(row, reading, parsed, wrong)), 422
    with unit_of_work():
        row = say_reading(row.id, reading, parsed, settled=goes_on, by=current_user, now=now())
    return redirect(step_url(row))


def _look(row: ListImport, reading: ListReading | None = None) -> ParsedList:
    return look_at_list(bytes_of(row), row.file.name, local_day(row.created_at), reading)


def _reading_of(row: ListImport) -> ListReading:
    return ListReading.from_json(row.reading) if row.reading else proposed_reading(_look(row), row.area)


def _page(row: ListImport, reading: ListReading, parsed: ParsedList, wrong: Mapping[str, str]) -> str:
    shown = {
        sheet.name: how.encoding if (how := reading.of(sheet.name)) else sheet.proposed.encoding
        for sheet in parsed.sheets
    }
    return render_template(
        "residents/import_columns.html",
        row=row,
        parsed=parsed,
        reading=reading,
        wrong=wrong,
        shown=shown,
        encodings=ENCODINGS,
        fields=FIELDS,
        left_out=LEFT_OUT,
        converts=any(how.encoding is not Encoding.UNICODE for how in reading.sheets),
    )
