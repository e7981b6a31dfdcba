"""Taking in a list through the browser: choose a file, look at what it would change, take it in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from eventmgr.areas.models import Area
from eventmgr.areas.queries import communes_in, get_area_in, hamlets_of
from eventmgr.core.access import Permission, Scope, requires, scope
from eventmgr.core.clock import local_day, now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import NotFound
from eventmgr.core.files import StoredFile, file_path, find_file, keep_file
from eventmgr.residents.forms.importing import ImportForm, UploadForm
from eventmgr.residents.importing.parsing import parse_list
from eventmgr.residents.importing.reading import UnreadableList
from eventmgr.residents.importing.values import ParsedList, Place
from eventmgr.residents.services import NEW, Decision, ImportOptions, ImportPlan, import_list, plan_import
from eventmgr.residents.views.shared import Page, bp, form_page, names_of
from eventmgr.residents.words import DIFFERENCES, FIELDS, reason_text, value_text

SHOWN_ROWS = 200
"""How many rows of each kind the page lists; beyond that it says how many more there are."""


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
            parse_list(content, upload.filename or "", local_day(now()))
        except UnreadableList as unreadable:
            form.list.errors = [unreadable.message]
        else:
            with unit_of_work():
                kept = keep_file(
                    content,
                    name=upload.filename or "danh-sach",
                    type="list",
                    area_id=get_area_in(editable, form.commune.data).id,
                    by_id=current_user.id,
                    now=now(),
                )
            return redirect(url_for("residents.preview_list", file_id=kept.id))
    return form_page("residents/import_choose.html", form, several_communes=len(communes) > 1)


@bp.route("/residents/import/<int:file_id>", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def preview_list(file_id: int) -> Page:
    """What the list would change, and the button that takes it in."""
    kept, commune, parsed = _list_in(scope(Permission.EDIT_RESIDENTS), file_id)
    form = ImportForm().offer(names_of(hamlets_of(commune)))
    if request.method == "GET":
        form.year.data = parsed.year or local_day(now()).year
    if form.validate_on_submit():
        decisions = _decisions(parsed)
        with unit_of_work():
            result = import_list(
                parsed,
                commune,
                _options(form, commune, decisions),
                by=current_user,
                now=now(),
                source=f"stored_file:{kept.id}",
            )
        session["import_decisions"] = {
            "file": kept.id,
            "rows": {_row_key(parsed, place): answer for place, answer in decisions.items()},
        }
        flash(_imported(result.households_added, result.residents_added, result.contacts_added), "success")
        return redirect(url_for("residents.list_taken_in", file_id=kept.id, hamlet=form.hamlet.data))
    plan = plan_import(parsed, commune, _options(form, commune, {}))
    return form_page("residents/import_preview.html", form, **_shown(kept, parsed, plan))


@bp.get("/residents/import/<int:file_id>/done")
@requires(Permission.EDIT_RESIDENTS)
def list_taken_in(file_id: int) -> str:
    """What of the list still needs a hand after it was taken in."""
    kept, commune, parsed = _list_in(scope(Permission.EDIT_RESIDENTS), file_id)
    remembered = session.get("import_decisions", {})
    decisions = _decisions(parsed, remembered.get("rows") if remembered.get("file") == kept.id else {})
    hamlet_id = request.args.get("hamlet", type=int)
    options = ImportOptions(
        year=parsed.year or local_day(now()).year,
        hamlet=get_area_in(Scope((commune.path,)), hamlet_id) if hamlet_id else None,
        add_hamlets=False,
        decisions=decisions,
    )
    plan = plan_import(parsed, commune, options)
    return render_template("residents/import_done.html", **_shown(kept, parsed, plan))


def _list_in(editable: Scope, file_id: int) -> tuple[StoredFile, Area, ParsedList]:
    """A kept list, its commune and what it says. Raises NotFound outside the scope."""
    kept = find_file(file_id)
    if kept is None or kept.type != "list":
        raise NotFound
    commune = get_area_in(editable, kept.area_id)
    parsed = parse_list(file_path(kept.hash).read_bytes(), kept.name, local_day(now()))
    return kept, commune, parsed


def _options(form: ImportForm, commune: Area, decisions: Mapping[Place, Decision]) -> ImportOptions:
    hamlet = get_area_in(Scope((commune.path,)), form.hamlet.data) if form.hamlet.data else None
    return ImportOptions(
        year=form.year.data or local_day(now()).year,
        decision=form.decision.data or "",
        hamlet=hamlet,
        add_hamlets=form.add_hamlets.data,
        decisions=decisions,
    )


def _decisions(parsed: ParsedList, answers: Mapping[str, Any] | None = None) -> dict[Place, Decision]:
    """What the officer has answered, by row: `row-<sheet>-<row>` is "new", a household's id, or nothing."""
    answers = request.form if answers is None else answers
    decisions: dict[Place, Decision] = {}
    for household in parsed.households:
        answer = str(answers.get(_row_key(parsed, household.place), ""))
        if answer == NEW:
            decisions[household.place] = NEW
        elif answer.isdigit():
            decisions[household.place] = int(answer)
    return decisions


def _row_key(parsed: ParsedList, place: Place) -> str:
    sheet = next(number for number, sheet in enumerate(parsed.sheets) if sheet.name == place.sheet)
    return f"row-{sheet}-{place.row}"


def _imported(households: int, residents: int, contacts: int) -> str:
    if not (households or residents or contacts):
        return _("Everything in this list was known already. Nothing has been doubled.")
    return _(
        "Taken in: %(households)s new households, %(residents)s new people, %(contacts)s new phone numbers.",
        households=households,
        residents=residents,
        contacts=contacts,
    )


def _shown(kept: StoredFile, parsed: ParsedList, plan: ImportPlan) -> dict[str, Any]:
    """What the pages show of a plan."""
    needed = {match.entry.hamlet for match in plan.matches}
    return {
        "file": kept,
        "parsed": parsed,
        "plan": plan,
        "commune": plan.commune,
        "new_hamlets": [name for key, name in plan.new_hamlets.items() if key in needed],
        "household_at": _household_at(plan),
        "known_households": {household_id: _spoken(plan, household_id) for household_id in _meant(plan)},
        "several_sheets": len(parsed.sheets) > 1,
        "rows_without_hamlet": any(not household.hamlet for household in parsed.households),
        "row_key": lambda place: _row_key(parsed, place),
        "fields": FIELDS,
        "differences": DIFFERENCES,
        "reason_text": reason_text,
        "value_text": value_text,
        "shown_rows": SHOWN_ROWS,
        "button": ngettext("Take in %(num)d person", "Take in %(num)d people", plan.good_rows),
    }


def _household_at(plan: ImportPlan) -> dict[Place, int]:
    """The known household of every row that has one, to lead there."""
    return {
        person.said.place: match.entry.id
        for match in plan.matches
        if match.entry.id is not None
        for person in match.people
    }


def _meant(plan: ImportPlan) -> set[int]:
    return {household_id for question in plan.undecided for household_id in question.household_ids}


def _spoken(plan: ImportPlan, household_id: int) -> str:
    """A known household in a few words, to tell it from another."""
    known = plan.households[household_id]
    head = known.head
    parts = [
        head.full_name if head else _("household without a head"),
        str(head.birth_year) if head and head.birth_year else "",
        known.ethnic_group,
        known.code or "",
        known.hamlet.name,
    ]
    return ", ".join(part for part in parts if part)
