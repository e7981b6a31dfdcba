"""The pages of one household and of one person: what is known, added and changed."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from eventmgr.areas.queries import areas_in, get_area_in
from eventmgr.areas.values import Level
from eventmgr.core import registry
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.access_log import note_view
from eventmgr.core.clock import local_day, now
from eventmgr.core.registry import Place
from eventmgr.core.text import display_name
from eventmgr.residents import queries, services
from eventmgr.residents.forms.people import HouseholdForm, NewHouseholdForm, ResidentForm, StatusForm
from eventmgr.residents.history import told
from eventmgr.residents.models import Resident
from eventmgr.residents.queries.history import history_of, records_of_household
from eventmgr.residents.queries.people import find_merged_into, phone_states
from eventmgr.residents.views.shared import Page, bp, carried_out, form_page, names_of, say_done
from eventmgr.residents.words import GENDERS, LEFT_WHY, PHONE_OWNERS, POVERTY_CLASSES


@bp.get("/residents/households/<int:household_id>")
@requires(Permission.VIEW_RESIDENTS)
def household(household_id: int) -> str:
    """A household: its members, its phones, its classes over the years, and what was done with it."""
    seen = scope(Permission.VIEW_RESIDENTS)
    found = queries.get_household_in(seen, household_id)
    path = found.hamlet.path
    note_view("household", record=f"household:{found.id}", area_id=found.hamlet_id)
    sees_phones = scope(Permission.VIEW_PHONES).covers(path)
    sees_sensitive = scope(Permission.VIEW_SENSITIVE).covers(path)
    names = {f"resident:{member.id}": display_name(member.full_name) for member in found.members}
    return render_template(
        "residents/household.html",
        household=found,
        present=[member for member in found.members if member.left_on is None],
        gone=[member for member in found.members if _is_gone(member)],
        merged_into=find_merged_into(seen, found),
        phone_states=phone_states(found.contacts),
        sees_phones=sees_phones,
        sees_sensitive=sees_sensitive,
        may_edit=scope(Permission.EDIT_RESIDENTS).covers(path) and found.merged_into_id is None,
        may_fix_phones=scope(Permission.FIX_PHONES).covers(path) and found.merged_into_id is None,
        several_hamlets=len(areas_in(scope(Permission.EDIT_RESIDENTS), Level.HAMLET)) > 1,
        panels=registry.panels(Place.HOUSEHOLD, found.id),
        history=told(
            history_of(records_of_household(found)),
            names,
            sees_phones=sees_phones,
            sees_sensitive=sees_sensitive,
            phones=scope(Permission.FIX_PHONES),
            lists=scope(Permission.EDIT_RESIDENTS),
            now=now(),
        ),
        classes=POVERTY_CLASSES,
        genders=GENDERS,
        owners=PHONE_OWNERS,
        reasons=LEFT_WHY,
    )


def _is_gone(member: Resident) -> bool:
    """Whether a member is to be named among those who left."""
    return member.left_on is not None and member.merged_into_id is None and member.erased_at is None


@bp.get("/residents/people/<int:resident_id>")
@requires(Permission.VIEW_RESIDENTS)
def person(resident_id: int) -> str:
    """A person: what is known, where they live, and what was done with their entry."""
    seen = scope(Permission.VIEW_RESIDENTS)
    resident = queries.get_resident_in(seen, resident_id)
    path = resident.household.hamlet.path
    note_view("resident", record=f"resident:{resident.id}", area_id=resident.household.hamlet_id)
    sees_phones = scope(Permission.VIEW_PHONES).covers(path)
    sees_sensitive = scope(Permission.VIEW_SENSITIVE).covers(path)
    return render_template(
        "residents/person.html",
        resident=resident,
        household=resident.household,
        merged_into=find_merged_into(seen, resident),
        phones=[contact for contact in resident.household.contacts if contact.resident is resident],
        sees_phones=sees_phones,
        sees_sensitive=sees_sensitive,
        may_edit=scope(Permission.EDIT_RESIDENTS).covers(path),
        panels=registry.panels(Place.RESIDENT, resident.id),
        history=told(
            history_of([f"resident:{resident.id}"]),
            {},
            sees_phones=sees_phones,
            sees_sensitive=sees_sensitive,
            phones=scope(Permission.FIX_PHONES),
            lists=scope(Permission.EDIT_RESIDENTS),
            now=now(),
        ),
        genders=GENDERS,
        reasons=LEFT_WHY,
    )


@bp.route("/residents/households/new", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def new_household() -> Page:
    """Add a household with its head."""
    editable = scope(Permission.EDIT_RESIDENTS)
    hamlets = areas_in(editable, Level.HAMLET)
    form = NewHouseholdForm().knowing(local_day(now())).offer(names_of(hamlets))
    if request.method == "GET":
        form.year.data = local_day(now()).year
        form.hamlet.data = request.args.get("hamlet", type=int)
    if form.validate_on_submit():
        added: list[int] = []

        def add() -> None:
            household = services.add_household(
                form.household(),
                form.head(),
                get_area_in(editable, form.hamlet.data),
                poverty_class=form.poverty_class.data,
                year=form.year.data or 0,
                phone=form.phone.data or "",
                by=current_user,
                now=now(),
            )
            added.append(household.id)

        if carried_out(form, add):
            say_done(_("The household has been added."))
            return redirect(url_for("residents.household", household_id=added[0]))
    return form_page("residents/new_household.html", form, no_hamlets=not hamlets)


@bp.route("/residents/households/<int:household_id>/edit", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def edit_household(household_id: int) -> Page:
    """Change what is said of a household."""
    editable = scope(Permission.EDIT_RESIDENTS)
    found = queries.get_household_in(editable, household_id)
    form = HouseholdForm()
    if request.method == "GET":
        form.show(found.details, found.text_language, found.row_version)
    if form.validate_on_submit():

        def change() -> None:
            services.edit_household(
                queries.get_household_in(editable, household_id),
                form.details(),
                text_language=form.text_language.data or "",
                row_version=form.row_version.data,
                by=current_user,
                now=now(),
            )

        if carried_out(form, change, found):
            say_done(_("Saved."))
            return redirect(url_for("residents.household", household_id=household_id))
    return form_page("residents/edit_household.html", form, household=found)


@bp.route("/residents/households/<int:household_id>/members/new", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def new_resident(household_id: int) -> Page:
    """Add a person to a household."""
    editable = scope(Permission.EDIT_RESIDENTS)
    found = queries.get_household_in(editable, household_id)
    form = ResidentForm().knowing(local_day(now()))
    if request.method == "GET":
        form.ethnic_group.data = found.ethnic_group
    if form.validate_on_submit():

        def add() -> None:
            household = queries.get_household_in(editable, household_id)
            services.add_resident(household, form.details(), by=current_user, now=now())

        if carried_out(form, add):
            say_done(_("The person has been added."))
            return redirect(url_for("residents.household", household_id=household_id))
    return form_page("residents/edit_resident.html", form, household=found, resident=None)


@bp.route("/residents/members/<int:resident_id>/edit", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def edit_resident(resident_id: int) -> Page:
    """Change what is said of a person."""
    editable = scope(Permission.EDIT_RESIDENTS)
    resident = queries.get_resident_in(editable, resident_id)
    form = ResidentForm().knowing(local_day(now()))
    if request.method == "GET":
        form.show(resident.details, resident.row_version)
    if form.validate_on_submit():

        def change() -> None:
            services.edit_resident(
                queries.get_resident_in(editable, resident_id),
                form.details(),
                row_version=form.row_version.data,
                by=current_user,
                now=now(),
            )

        if carried_out(form, change, resident):
            say_done(_("Saved."))
            return redirect(url_for("residents.person", resident_id=resident_id))
    return form_page("residents/edit_resident.html", form, household=resident.household, resident=resident)


@bp.route("/residents/households/<int:household_id>/status", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def new_status(household_id: int) -> Page:
    """File a household's class by a decision; earlier ones stay."""
    editable = scope(Permission.EDIT_RESIDENTS)
    found = queries.get_household_in(editable, household_id)
    form = StatusForm()
    if request.method == "GET":
        form.year.data = local_day(now()).year
        form.poverty_class.data = found.poverty_class
    if form.validate_on_submit():

        def file() -> None:
            services.file_poverty_status(
                queries.get_household_in(editable, household_id),
                form.decision.data or "",
                form.year.data or 0,
                form.poverty_class.data,
                by=current_user,
                now=now(),
            )

        if carried_out(form, file):
            say_done(_("Saved."))
            return redirect(url_for("residents.household", household_id=household_id))
    return form_page("residents/edit_status.html", form, household=found)
