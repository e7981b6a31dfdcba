"""Pages of households, their people and phones."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.areas.queries import areas_in, get_area_in
from eventmgr.areas.values import Level
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.access_log import note_view
from eventmgr.core.clock import local_day, now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import EventmgrError
from eventmgr.core.text import display_name
from eventmgr.residents import queries, services
from eventmgr.residents.forms.people import (
    ContactForm,
    HouseholdForm,
    NewHouseholdForm,
    ResidentForm,
    StatusForm,
)
from eventmgr.residents.models import Household
from eventmgr.residents.values import ContactDetails
from eventmgr.residents.views.shared import Page, bp, form_page, names_of, say_beside
from eventmgr.residents.words import GENDERS, PHONE_OWNERS, POVERTY_CLASSES


@bp.get("/residents/households/<int:household_id>")
@requires(Permission.VIEW_RESIDENTS)
def household(household_id: int) -> str:
    """A household: its members, its phones, its classes over the years."""
    found = queries.get_household_in(scope(Permission.VIEW_RESIDENTS), household_id)
    path = found.hamlet.path
    note_view("household", record=f"household:{found.id}", area_id=found.hamlet_id)
    return render_template(
        "residents/household.html",
        household=found,
        present=[member for member in found.members if member.left_on is None],
        gone=[member for member in found.members if member.left_on is not None],
        sees_phones=scope(Permission.VIEW_PHONES).covers(path),
        sees_sensitive=scope(Permission.VIEW_SENSITIVE).covers(path),
        may_edit=scope(Permission.EDIT_RESIDENTS).covers(path),
        may_fix_phones=scope(Permission.FIX_PHONES).covers(path),
        classes=POVERTY_CLASSES,
        genders=GENDERS,
        owners=PHONE_OWNERS,
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
        try:
            with unit_of_work():
                added = services.add_household(
                    form.household(),
                    form.head(),
                    get_area_in(editable, form.hamlet.data),
                    by=current_user,
                    now=now(),
                )
                services.record_poverty_status(added, "", form.year.data, form.poverty_class.data)
                if form.phone.data:
                    services.add_contact(
                        added,
                        ContactDetails(form.phone.data, resident_id=added.members[0].id),
                        by=current_user,
                        now=now(),
                    )
        except EventmgrError as error:
            say_beside(form, error)
        else:
            flash(_("The household has been added."), "success")
            return redirect(url_for("residents.household", household_id=added.id))
    return form_page("residents/new_household.html", form, no_hamlets=not hamlets)


@bp.route("/residents/households/<int:household_id>/edit", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def edit_household(household_id: int) -> Page:
    """Change a household, or say that it has moved."""
    editable = scope(Permission.EDIT_RESIDENTS)
    found = queries.get_household_in(editable, household_id)
    form = HouseholdForm().offer(names_of(areas_in(editable, Level.HAMLET)))
    if request.method == "GET":
        form.show(found.details)
    if form.validate_on_submit():
        try:
            with unit_of_work():
                found = queries.get_household_in(editable, household_id)
                hamlet = get_area_in(editable, form.hamlet.data)
                services.edit_household(found, form.details(), hamlet, by=current_user, now=now())
        except EventmgrError as error:
            say_beside(form, error)
        else:
            flash(_("Saved."), "success")
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
        with unit_of_work():
            found = queries.get_household_in(editable, household_id)
            services.add_resident(found, form.details(), by=current_user, now=now())
        flash(_("The person has been added."), "success")
        return redirect(url_for("residents.household", household_id=household_id))
    return form_page("residents/edit_resident.html", form, household=found, resident=None)


@bp.route("/residents/members/<int:resident_id>/edit", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def edit_resident(resident_id: int) -> Page:
    """Change a person, or say that they have left."""
    editable = scope(Permission.EDIT_RESIDENTS)
    resident = queries.get_resident_in(editable, resident_id)
    form = ResidentForm().knowing(local_day(now()))
    if request.method == "GET":
        form.show(resident.details)
    if form.validate_on_submit():
        with unit_of_work():
            resident = queries.get_resident_in(editable, resident_id)
            services.edit_resident(resident, form.details(), by=current_user, now=now())
        flash(_("Saved."), "success")
        return redirect(url_for("residents.household", household_id=resident.household_id))
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
        with unit_of_work():
            found = queries.get_household_in(editable, household_id)
            services.file_poverty_status(
                found,
                form.decision.data or "",
                form.year.data or 0,
                form.poverty_class.data,
                by=current_user,
                now=now(),
            )
        flash(_("Saved."), "success")
        return redirect(url_for("residents.household", household_id=household_id))
    return form_page("residents/edit_status.html", form, household=found)


# --- phones ---------------------------------------------------------------------------------------


@bp.route("/residents/households/<int:household_id>/contacts/new", methods=["GET", "POST"])
@requires(Permission.FIX_PHONES)
def new_contact(household_id: int) -> Page:
    """Add a phone by which a household is reached."""
    fixable = scope(Permission.FIX_PHONES)
    found = queries.get_household_in(fixable, household_id)
    form = ContactForm().offer(_members(found))
    if request.method == "GET" and found.head:
        form.resident.data = found.head.id
    if form.validate_on_submit():
        try:
            with unit_of_work():
                found = queries.get_household_in(fixable, household_id)
                services.add_contact(found, form.details(), by=current_user, now=now())
        except EventmgrError as error:
            say_beside(form, error)
        else:
            flash(_("The phone number has been added."), "success")
            return redirect(url_for("residents.household", household_id=household_id))
    return form_page("residents/edit_contact.html", form, household=found, contact=None)


@bp.route("/residents/contacts/<int:contact_id>/edit", methods=["GET", "POST"])
@requires(Permission.FIX_PHONES)
def edit_contact(contact_id: int) -> Page:
    """Change a phone, or whose it is."""
    fixable = scope(Permission.FIX_PHONES)
    contact = queries.get_contact_in(fixable, contact_id)
    found = contact.household
    form = ContactForm().offer(_members(found))
    if request.method == "GET":
        form.show(contact.details)
    if form.validate_on_submit():
        try:
            with unit_of_work():
                contact = queries.get_contact_in(fixable, contact_id)
                services.edit_contact(contact, form.details(), by=current_user, now=now())
        except EventmgrError as error:
            say_beside(form, error)
        else:
            flash(_("Saved."), "success")
            return redirect(url_for("residents.household", household_id=found.id))
    return form_page("residents/edit_contact.html", form, household=found, contact=contact)


@bp.post("/residents/contacts/<int:contact_id>/remove")
@requires(Permission.FIX_PHONES)
def remove_contact(contact_id: int) -> Response:
    """Take a phone away from a household."""
    with unit_of_work():
        contact = queries.get_contact_in(scope(Permission.FIX_PHONES), contact_id)
        household_id = contact.household_id
        services.remove_contact(contact, by=current_user, now=now())
    flash(_("The phone number has been removed."), "success")
    return redirect(url_for("residents.household", household_id=household_id))


def _members(found: Household) -> list[tuple[int, str]]:
    return [(member.id, display_name(member.full_name)) for member in found.members if member.left_on is None]
