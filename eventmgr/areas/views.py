"""Pages of the areas: the commune and its hamlets."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.areas.forms import AreaForm, AreaListForm, HamletsForm
from eventmgr.areas.importing import parse_areas
from eventmgr.areas.queries import communes_in, get_area_in, hamlets_of
from eventmgr.areas.services import add_hamlets, import_areas, rename_area
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import EventmgrError

bp = Blueprint("areas", __name__, url_prefix="/settings/areas")


@bp.route("", methods=["GET", "POST"])
@requires(Permission.EDIT_AREAS)
def index() -> str | Response | tuple[str, int]:
    """The communes with their hamlets, and a form to add more."""
    editable = scope(Permission.EDIT_AREAS)
    communes = communes_in(editable)
    form = HamletsForm().offer([(commune.id, commune.name) for commune in communes])
    if form.validate_on_submit():
        try:
            with unit_of_work():
                commune = get_area_in(editable, form.commune.data)
                added = add_hamlets(commune, (form.names.data or "").splitlines(), by=current_user, now=now())
        except EventmgrError as error:
            form.names.errors = [error.message]
        else:
            flash(ngettext("%(num)d hamlet has been added.", "%(num)d hamlets have been added.", len(added)), "success")
            return redirect(url_for("areas.index"))
    page = render_template(
        "areas/index.html", form=form, communes=[(commune, hamlets_of(commune)) for commune in communes]
    )
    return (page, 422) if form.errors else page


@bp.route("/<int:area_id>", methods=["GET", "POST"])
@requires(Permission.EDIT_AREAS)
def edit(area_id: int) -> str | Response | tuple[str, int]:
    """Rename an area, give it its code, or say in which language its people are texted."""
    editable = scope(Permission.EDIT_AREAS)
    area = get_area_in(editable, area_id)
    form = AreaForm(obj=area) if request.method == "GET" else AreaForm()
    if form.validate_on_submit():
        try:
            with unit_of_work():
                area = get_area_in(editable, area_id)
                rename_area(
                    area,
                    form.name.data or "",
                    form.code.data,
                    by=current_user,
                    now=now(),
                    report_to=form.report_to.data or "",
                    text_language=form.text_language.data or "",
                )
        except EventmgrError as error:
            field = form.code if error.code == "area_code_taken" else form.name
            field.errors = [error.message]
        else:
            flash(_("Saved."), "success")
            return redirect(url_for("areas.index"))
    page = render_template("areas/edit.html", form=form, area=area)
    return (page, 422) if form.errors else page


@bp.route("/import", methods=["GET", "POST"])
@requires(Permission.EDIT_AREAS)
def import_list() -> str | Response | tuple[str, int]:
    """Take in a list of areas: all of it, or nothing."""
    editable = scope(Permission.EDIT_AREAS)
    form = AreaListForm()
    if form.validate_on_submit():
        try:
            rows = parse_areas(form.list.data.read())
            with unit_of_work():
                added, renamed = import_areas(rows, editable, by=current_user, now=now())
        except EventmgrError as error:
            form.list.errors = [error.message]
        else:
            flash(_("Areas added: %(added)s; renamed: %(renamed)s.", added=added, renamed=renamed), "success")
            return redirect(url_for("areas.index"))
    page = render_template("areas/import.html", form=form)
    return (page, 422) if form.errors else page
