"""Taking in a list through the browser: choose a file, look at what it would change, answer, take it in, undo it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from eventmgr.areas.queries import communes_in, get_area_in, hamlets_of
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.access_log import note_view
from eventmgr.core.audit import record_audit
from eventmgr.core.clock import local_day, now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import EventmgrError
from eventmgr.core.files import digest_of, file_path
from eventmgr.core.text import clean_text
from eventmgr.residents.forms.importing import ImportForm, UploadForm
from eventmgr.residents.importing.parsing import look_at_list
from eventmgr.residents.importing.reading import UnreadableList
from eventmgr.residents.importing.values import ParsedList
from eventmgr.residents.models import ListImport
from eventmgr.residents.queries import changes_of, get_list_in, lists_in, same_lists
from eventmgr.residents.services.columns import begin_reading
from eventmgr.residents.services.importing import (
    FIXABLE,
    OPEN_STATES,
    ListNotOpen,
    begin_import,
    correct_cell,
    foreseen,
    hand_in_list,
    household_ids,
    keyed_cells,
    open_list,
    options_of,
    outcome_of,
    plan_import,
    read_list,
    remove_original,
    undo_import,
    wrong_in,
)
from eventmgr.residents.values import ImportState
from eventmgr.residents.views.shared import Page, bp, form_page, names_of
from eventmgr.residents.words import (
    CELL_CHOICES,
    CHANGED_FIELDS,
    DIFFERENCES,
    FIELDS,
    LEFT_OUT,
    reason_text,
    value_text,
)

SHOWN_ROWS = 200
"""How many rows of each kind the page lists; beyond that it says how many more there are."""


@bp.get("/residents/imports")
@requires(Permission.EDIT_RESIDENTS)
def imports() -> str:
    """Every list handed in, how far each is, and the way back."""
    rows = lists_in(scope(Permission.EDIT_RESIDENTS))
    return render_template("residents/imports.html", rows=rows, step_url=step_url)


@bp.route("/residents/import", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def choose_list() -> Page:
    """Choose a file. It is kept only if it can be read as a list."""
    editable = scope(Permission.EDIT_RESIDENTS)
    communes = communes_in(editable)
    form = UploadForm().offer(names_of(communes))
    if form.validate_on_submit():
        upload = form.list.data
        content = upload.read()
        try:
            seen = look_at_list(content, upload.filename or "", local_day(now()))
        except UnreadableList as unreadable:
            form.list.errors = [unreadable.message]
        else:
            with unit_of_work():
                commune = get_area_in(editable, form.commune.data)
                unfinished = next(
                    (
                        row
                        for row in same_lists(digest_of(content), commune)
                        if row.state in OPEN_STATES and row.file.removed_at is None
                    ),
                    None,
                )
                row = unfinished or hand_in_list(content, upload.filename or "", commune, by=current_user, now=now())
                if not unfinished:
                    begin_reading(row, seen)
            if unfinished:
                flash(
                    _("You have handed in this file before and not finished. Here it is, with all your answers."),
                    "info",
                )
            return redirect(step_url(row))
    return form_page("residents/import_choose.html", form, several_communes=len(communes) > 1)


@bp.route("/residents/import/<int:list_id>", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def preview_list(list_id: int) -> Page:
    """What the list would change, what is to be said of it, and the button that takes it in."""
    row = get_list_in(scope(Permission.EDIT_RESIDENTS), list_id)
    if row.state not in OPEN_STATES or row.state is ImportState.READING:
        return redirect(step_url(row))
    parsed = read_list(row)
    form = ImportForm().offer(names_of(hamlets_of(row.area)))
    if form.validate_on_submit():
        with unit_of_work():
            row = _keep_answers(row.id, form)
            if "look" not in request.form:
                begin_import(row.id, len(parsed.people), by=current_user, now=now())
        return redirect(step_url(row))
    return _preview(row, parsed, form)


@bp.post("/residents/import/<int:list_id>/cell")
@requires(Permission.EDIT_RESIDENTS)
def put_cell_right(list_id: int) -> Page:
    """What should stand in a doubtful cell. A wrong text stays in its field, with the reason beside it."""
    row = get_list_in(scope(Permission.EDIT_RESIDENTS), list_id)
    key, text = request.form.get("cell", ""), clean_text(request.form.get("text", ""))
    parsed = read_list(row)
    cell = dict(keyed_cells(parsed.doubtful)).get(key)
    if cell is None or cell.field not in FIXABLE:
        return redirect(step_url(row))
    wrong = wrong_in(cell, text, local_day(row.created_at))
    if wrong is not None:
        page = _preview(
            row, parsed, ImportForm().offer(names_of(hamlets_of(row.area))), {key: (text, reason_text(wrong))}
        )
        return str(page), 422
    with unit_of_work():
        correct_cell(row.id, key, text)
    flash(_("Noted. It goes in with the list."), "success")
    return redirect(url_for("residents.preview_list", list_id=row.id, _anchor="doubtful"))


@bp.get("/residents/import/<int:list_id>/progress")
@requires(Permission.EDIT_RESIDENTS)
def list_progress(list_id: int) -> Page:
    """How far the worker is. Asks for itself, with script or without."""
    row = get_list_in(scope(Permission.EDIT_RESIDENTS), list_id)
    if row.state is not ImportState.RUNNING:
        return redirect(step_url(row))
    return render_template("residents/import_progress.html", row=row, step_url=step_url)


@bp.get("/residents/import/<int:list_id>/progress/part")
@requires(Permission.EDIT_RESIDENTS)
def list_progress_part(list_id: int) -> str:
    """The progress alone, for the page that asks for it."""
    row = get_list_in(scope(Permission.EDIT_RESIDENTS), list_id)
    return render_template("residents/import_progress_part.html", row=row, step_url=step_url)


@bp.get("/residents/import/<int:list_id>/done")
@requires(Permission.EDIT_RESIDENTS)
def list_taken_in(list_id: int) -> Page:
    """What came of the list, and what still needs a hand."""
    row = get_list_in(scope(Permission.EDIT_RESIDENTS), list_id)
    if row.imported_at is None:
        return redirect(step_url(row))
    return render_template(
        "residents/import_done.html",
        row=row,
        outcome=row.outcome,
        changes=changes_of(row, SHOWN_ROWS),
        step_url=step_url,
        **_words(),
    )


@bp.post("/residents/import/<int:list_id>/undo")
@requires(Permission.EDIT_RESIDENTS)
def undo_list(list_id: int) -> Page:
    """Take a whole list out again, while nothing depends on it."""
    row = get_list_in(scope(Permission.EDIT_RESIDENTS), list_id)
    try:
        with unit_of_work():
            undo_import(row.id, by=current_user, now=now())
    except EventmgrError as refusal:
        flash(refusal.message, "error")
    else:
        flash(
            _("“%(file)s” has been undone: what it added is gone, what it changed is as before.", file=row.file.name),
            "success",
        )
    return redirect(url_for("residents.imports"))


@bp.get("/residents/import/<int:list_id>/file")
@requires(Permission.EDIT_RESIDENTS)
def list_file(list_id: int) -> Any:
    """The file as it was handed in."""
    row = get_list_in(scope(Permission.EDIT_RESIDENTS), list_id)
    path = file_path(row.file.hash)
    if row.file.removed_at is not None or not path.exists():
        abort(404)
    with unit_of_work():
        record_audit("export_list_file", f"list_import:{row.id}", by=current_user, now=now(), area_id=row.area_id)
    return send_file(path, as_attachment=True, download_name=row.file.name, mimetype="application/octet-stream")


@bp.post("/residents/import/<int:list_id>/file/remove")
@requires(Permission.HANDLE_PERSONAL_DATA)
def remove_list_file(list_id: int) -> Page:
    """Take the bytes of a handed-in file away now; then back to the person who is about to be erased, or to the list."""
    row = get_list_in(scope(Permission.HANDLE_PERSONAL_DATA), list_id)
    try:
        with unit_of_work():
            remove_original(row.id, by=current_user, now=now())
    except EventmgrError as refusal:
        flash(refusal.message, "error")
    else:
        flash(_("The file is gone. Its name, its fingerprint and the counts stay."), "success")
    person = request.form.get("person", type=int)
    if person:
        return redirect(url_for("residents.erase_person", resident_id=person))
    return redirect(step_url(row) if row.imported_at else url_for("residents.imports"))


@bp.errorhandler(ListNotOpen)
def lead_on(error: ListNotOpen) -> Page:
    """Somebody else has just begun: say so at the page the list is at by now."""
    row = get_list_in(scope(Permission.EDIT_RESIDENTS), (request.view_args or {})["list_id"])
    flash(error.message, "info")
    return redirect(step_url(row))


def step_url(row: ListImport) -> str:
    """The page a list is at."""
    pages = {
        ImportState.READING: "residents.list_reading",
        ImportState.REVIEW: "residents.preview_list",
        ImportState.FAILED: "residents.preview_list",
        ImportState.RUNNING: "residents.list_progress",
        ImportState.DONE: "residents.list_taken_in",
        ImportState.UNDONE: "residents.list_taken_in",
    }
    return url_for(pages[row.state], list_id=row.id)


def _keep_answers(row_id: int, form: ImportForm) -> ListImport:
    """Keep what the form says of the list as a whole, and which of its facts replace ours."""
    row = open_list(row_id)
    row.options = {
        "year": form.year.data,
        "decision": form.decision.data or "",
        "hamlet_id": form.hamlet.data,
        "add_hamlets": form.add_hamlets.data,
    }
    taken = set(request.form.getlist("change"))
    row.changes = row.changes | {key: key in taken for key in request.form.getlist("offered")}
    return row


def _preview(
    row: ListImport, parsed: ParsedList, form: ImportForm, wrong_cells: Mapping[str, tuple[str, str]] | None = None
) -> Page:
    options = options_of(row, parsed)
    if request.method == "GET" or wrong_cells:
        form.year.data = options.year
        form.decision.data = options.decision
        form.hamlet.data = options.hamlet.id if options.hamlet else None
        form.add_hamlets.data = options.add_hamlets
    plan = plan_import(parsed, row.area, options)
    note_view("import", record=f"list_import:{row.id}", area_id=row.area_id, shown=plan.good_rows)
    return form_page(
        "residents/import_preview.html",
        form,
        row=row,
        parsed=parsed,
        plan=plan,
        earlier=[same for same in same_lists(row.file.hash, row.area) if same.id != row.id],
        rejected_rows=outcome_of(foreseen(plan))["rejected"],
        doubtful=list(keyed_cells(plan.doubtful)),
        wrong_cells=wrong_cells or {},
        new_hamlets=list(plan.hamlets_to_add.values()),
        household_at=household_ids(plan),
        rows_without_hamlet=any(not household.hamlet for household in parsed.households),
        button=ngettext("Take in %(num)d person", "Take in %(num)d people", plan.good_rows),
        step_url=step_url,
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {
        "fields": FIELDS,
        "left_out": LEFT_OUT,
        "fixable": FIXABLE,
        "cell_choices": CELL_CHOICES,
        "changed_fields": CHANGED_FIELDS,
        "differences": DIFFERENCES,
        "reason_text": reason_text,
        "value_text": value_text,
        "shown_rows": SHOWN_ROWS,
    }
