"""The phones of a household: officers keep them, and hamlet heads those of their own hamlet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.access_log import note_view
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.text import display_name
from eventmgr.residents import queries, services
from eventmgr.residents.forms.people import ContactForm
from eventmgr.residents.models import Household
from eventmgr.residents.queries.people import phone_states
from eventmgr.residents.views.shared import Page, bp, carried_out, form_page, say_done


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

        def add() -> None:
            household = queries.get_household_in(fixable, household_id)
            services.add_contact(household, form.details(), by=current_user, now=now())

        if carried_out(form, add):
            say_done(_("The phone number has been added."))
            return redirect(url_for("residents.household", household_id=household_id))
    return form_page("residents/edit_contact.html", form, household=found, contact=None)


@bp.route("/residents/contacts/<int:contact_id>/edit", methods=["GET", "POST"])
@requires(Permission.FIX_PHONES)
def edit_contact(contact_id: int) -> Page:
    """Change a phone, or whose it is."""
    fixable = scope(Permission.FIX_PHONES)
    contact = queries.get_contact_in(fixable, contact_id)
    found = contact.household
    note_view("household", record=f"household:{found.id}", area_id=found.hamlet_id)
    form = ContactForm().offer(_members(found))
    if request.method == "GET":
        form.show(contact.details, contact.row_version)
    if form.validate_on_submit():

        def change() -> None:
            services.edit_contact(
                queries.get_contact_in(fixable, contact_id),
                form.details(),
                row_version=form.row_version.data,
                by=current_user,
                now=now(),
            )

        if carried_out(form, change, contact):
            say_done(_("Saved."))
            return redirect(url_for("residents.household", household_id=found.id))
    state = phone_states([contact]).get(contact.phone)
    return form_page("residents/edit_contact.html", form, household=found, contact=contact, state=state)


@bp.post("/residents/contacts/<int:contact_id>/remove")
@requires(Permission.FIX_PHONES)
def remove_contact(contact_id: int) -> Response:
    """The number is not this household's."""
    return _with_contact(contact_id, services.remove_contact, _("The phone number has been removed."))


@bp.post("/residents/contacts/<int:contact_id>/dead")
@requires(Permission.FIX_PHONES)
def mark_phone_dead(contact_id: int) -> Response:
    """The number reaches nobody any more."""
    return _with_contact(contact_id, services.mark_phone_dead, _("No texts go to this number from now on."))


@bp.post("/residents/contacts/<int:contact_id>/alive")
@requires(Permission.FIX_PHONES)
def mark_phone_alive(contact_id: int) -> Response:
    """The number works after all."""
    return _with_contact(contact_id, services.mark_phone_alive, _("Texts may go to this number again."))


def _with_contact(contact_id: int, service: Callable[..., Any], sentence: str) -> Response:
    with unit_of_work():
        contact = queries.get_contact_in(scope(Permission.FIX_PHONES), contact_id)
        household_id = contact.household_id
        service(contact, by=current_user, now=now())
    say_done(sentence)
    return redirect(url_for("residents.household", household_id=household_id))


def _members(found: Household) -> list[tuple[int, str]]:
    return [(member.id, display_name(member.full_name)) for member in found.members if member.left_on is None]
