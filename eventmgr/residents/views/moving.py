"""Pages of moving, leaving, coming back and splitting; and the button that takes an act back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.areas.queries import areas_in, get_area_in
from eventmgr.areas.values import Level
from eventmgr.core.access import Permission, Scope, requires, scope
from eventmgr.core.clock import local_day, now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import EventmgrError, NotFound
from eventmgr.core.text import clean_text, display_name
from eventmgr.residents import queries, services
from eventmgr.residents.forms.moving import (
    HouseholdLeaveForm,
    HouseholdMoveForm,
    LeaveForm,
    MoveForm,
    SplitForm,
)
from eventmgr.residents.models import Household, Resident
from eventmgr.residents.queries.history import get_act_in, household_of_act
from eventmgr.residents.services.moving import present_members
from eventmgr.residents.values import HouseholdFilter, HouseholdPage, LeftWhy
from eventmgr.residents.views.shared import Page, bp, carried_out, form_page, names_of, say_done, spoken

FOUND = 20
"""Households a search for the new home shows."""


@bp.route("/residents/people/<int:resident_id>/leave", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def leave(resident_id: int) -> Page:
    """A person has moved out of the commune, or has died."""
    editable = scope(Permission.EDIT_RESIDENTS)
    resident = queries.get_resident_in(editable, resident_id)
    form = LeaveForm().offer_heads(_heirs(resident))
    if request.method == "GET":
        form.on.data = local_day(now())
    if form.validate_on_submit():

        def record() -> None:
            leaving = queries.get_resident_in(editable, resident_id)
            services.record_leaving(
                leaving,
                form.on.data,
                LeftWhy(form.why.data),
                new_head=_member(leaving.household, form.new_head_id()),
                by=current_user,
                now=now(),
            )

        if carried_out(form, record):
            say_done(_("Saved. Past meetings stay as they are."))
            return redirect(url_for("residents.household", household_id=resident.household_id))
    return form_page("residents/leave.html", form, resident=resident, household=resident.household)


@bp.route("/residents/people/<int:resident_id>/move", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def move_resident(resident_id: int) -> Page:
    """A person goes to live in another household: find it, then say how they belong to it."""
    editable = scope(Permission.EDIT_RESIDENTS)
    resident = queries.get_resident_in(editable, resident_id)
    target_id = request.args.get("to", type=int)
    target = queries.get_household_in(editable, target_id) if target_id is not None else None
    form = MoveForm().offer_heads(_heirs(resident))
    if form.validate_on_submit() and target is not None:

        def move() -> None:
            moving = queries.get_resident_in(editable, resident_id)
            services.move_resident(
                moving,
                queries.get_household_in(editable, target.id),
                relation=clean_text(form.relation.data or ""),
                new_head=_member(moving.household, form.new_head_id()),
                by=current_user,
                now=now(),
            )

        if carried_out(form, move):
            say_done(_("%(name)s lives in the new household now.", name=display_name(resident.full_name)))
            return redirect(url_for("residents.household", household_id=target.id))
    query = clean_text(request.args.get("q", ""))[:100]
    return form_page(
        "residents/move_person.html",
        form,
        resident=resident,
        household=resident.household,
        target=target,
        target_name=spoken(target) if target else "",
        query=query,
        found=_found(editable, query) if query and target is None else None,
    )


@bp.route("/residents/households/<int:household_id>/split", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def split_household(household_id: int) -> Page:
    """Some members found a household of their own."""
    editable = scope(Permission.EDIT_RESIDENTS)
    found = queries.get_household_in(editable, household_id)
    members = [(member.id, display_name(member.full_name)) for member in present_members(found)]
    form = SplitForm().offer(members, names_of(areas_in(editable, Level.HAMLET))).offer_heads(members)
    if request.method == "GET":
        form.hamlet.data = found.hamlet_id
    if form.validate_on_submit():
        founded: list[int] = []

        def split() -> None:
            household = queries.get_household_in(editable, household_id)
            new = services.split_household(
                household,
                [member for member in present_members(household) if member.id in (form.members.data or ())],
                _member(household, form.head.data),
                form.details(household.ethnic_group),
                get_area_in(editable, form.hamlet.data),
                new_head=_member(household, form.new_head_id()),
                keep_class=form.keep_class.data,
                by=current_user,
                now=now(),
            )
            founded.append(new.id)

        if carried_out(form, split):
            say_done(_("The new household has been founded."))
            return redirect(url_for("residents.household", household_id=founded[0]))
    return form_page("residents/split.html", form, household=found)


@bp.route("/residents/households/<int:household_id>/move", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def move_household(household_id: int) -> Page:
    """A household moves to another hamlet."""
    editable = scope(Permission.EDIT_RESIDENTS)
    found = queries.get_household_in(editable, household_id)
    others = [hamlet for hamlet in areas_in(editable, Level.HAMLET) if hamlet.id != found.hamlet_id]
    form = HouseholdMoveForm().offer(names_of(others))
    if form.validate_on_submit():

        def move() -> None:
            household = queries.get_household_in(editable, household_id)
            hamlet = get_area_in(editable, form.hamlet.data)
            services.move_household(household, hamlet, by=current_user, now=now())

        if carried_out(form, move):
            say_done(_("The household has moved."))
            return redirect(url_for("residents.household", household_id=household_id))
    return form_page("residents/move_household.html", form, household=found)


@bp.route("/residents/households/<int:household_id>/leave", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def household_leaves(household_id: int) -> Page:
    """A household has moved out of the commune."""
    editable = scope(Permission.EDIT_RESIDENTS)
    found = queries.get_household_in(editable, household_id)
    form = HouseholdLeaveForm()
    if request.method == "GET":
        form.on.data = local_day(now())
    if form.validate_on_submit():

        def record() -> None:
            household = queries.get_household_in(editable, household_id)
            services.record_household_leaving(household, form.on.data or local_day(now()), by=current_user, now=now())

        if carried_out(form, record):
            say_done(_("Saved. Past meetings stay as they are."))
            return redirect(url_for("residents.household", household_id=household_id))
    return form_page("residents/household_leaves.html", form, household=found)


@bp.post("/residents/households/<int:household_id>/return")
@requires(Permission.EDIT_RESIDENTS)
def household_returns(household_id: int) -> Response:
    """A household has come back."""
    editable = scope(Permission.EDIT_RESIDENTS)

    def come_back() -> None:
        household = queries.get_household_in(editable, household_id)
        services.record_household_return(household, by=current_user, now=now())

    _do(come_back, _("The household lives here again."))
    return redirect(url_for("residents.household", household_id=household_id))


@bp.post("/residents/people/<int:resident_id>/return")
@requires(Permission.EDIT_RESIDENTS)
def resident_returns(resident_id: int) -> Response:
    """A person has come back, or was never gone."""
    editable = scope(Permission.EDIT_RESIDENTS)

    def come_back() -> None:
        services.record_return(queries.get_resident_in(editable, resident_id), by=current_user, now=now())

    _do(come_back, _("This person lives here again."))
    return redirect(url_for("residents.person", resident_id=resident_id))


@bp.post("/residents/acts/<int:act_id>/undo")
@requires(Permission.FIX_PHONES)
def undo_act(act_id: int) -> Response:
    """Take an act back: everything is as it was before."""

    def act_to_undo() -> Any:
        return get_act_in(scope(Permission.FIX_PHONES), scope(Permission.EDIT_RESIDENTS), act_id)

    act_to_undo()
    try:
        with unit_of_work():
            services.undo_act(act_to_undo(), by=current_user, now=now())
    except NotFound:
        raise
    except EventmgrError as error:
        flash(error.message, "warning")
    else:
        flash(_("Undone. Everything is as it was before."), "success")
    household_id = household_of_act(act_id)
    if household_id is None:
        return redirect(url_for("residents.index"))
    return redirect(url_for("residents.household", household_id=household_id))


def _do(act: Callable[[], None], sentence: str) -> None:
    """An act of one button: done, or refused with a sentence on the page it leads back to."""
    try:
        with unit_of_work():
            act()
    except NotFound:
        raise
    except EventmgrError as error:
        flash(error.message, "warning")
    else:
        say_done(sentence)


def _heirs(resident: Resident) -> list[tuple[int, str]]:
    """Who may follow as head, if it is the head who leaves."""
    if not resident.is_head:
        return []
    staying = present_members(resident.household, but=[resident])
    return [(member.id, display_name(member.full_name)) for member in staying]


def _member(household: Household, resident_id: int | None) -> Resident | None:
    return next((member for member in household.members if member.id == resident_id), None)


def _found(editable: Scope, query: str) -> HouseholdPage:
    return queries.households_page(editable, scope(Permission.VIEW_PHONES), HouseholdFilter(query=query), size=FOUND)
