"""Pages of guests: cadres, unions, speakers."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from eventmgr.areas.queries import communes_in, get_area_in
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.access_log import common_area, note_view
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.text import clean_text
from eventmgr.residents import queries, services
from eventmgr.residents.forms.guests import GuestForm
from eventmgr.residents.values import COUNT_STOPS_AT
from eventmgr.residents.views.shared import Page, bp, form_page, names_of


@bp.get("/guests")
@requires(Permission.EDIT_RESIDENTS)
def guests() -> str:
    """Cadres, unions, speakers: whom to invite beside the residents."""
    query = clean_text(request.args.get("q", ""))[:100]
    editable = scope(Permission.EDIT_RESIDENTS)
    page = queries.guests_page(
        editable, query, after=request.args.get("after", type=int), before=request.args.get("before", type=int)
    )
    note_view("guests", area_id=common_area(editable), shown=len(page.guests))
    return render_template("residents/guests.html", page=page, query=query, count_stops_at=COUNT_STOPS_AT)


@bp.route("/guests/new", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def new_guest() -> Page:
    """Add a guest."""
    editable = scope(Permission.EDIT_RESIDENTS)
    form = GuestForm().offer(names_of(communes_in(editable)))
    if form.validate_on_submit():
        with unit_of_work():
            area = get_area_in(editable, form.area.data)
            services.add_guest(area, form.details(), by=current_user, now=now())
        flash(_("The guest has been added."), "success")
        return redirect(url_for("residents.guests"))
    return form_page("residents/edit_guest.html", form, guest=None)


@bp.route("/guests/<int:guest_id>/edit", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def edit_guest(guest_id: int) -> Page:
    """Change a guest."""
    editable = scope(Permission.EDIT_RESIDENTS)
    guest = queries.get_guest_in(editable, guest_id)
    form = GuestForm().offer([(guest.area_id, guest.area.name)])
    if request.method == "GET":
        form.area.data = guest.area_id
        form.show(guest.details)
    if form.validate_on_submit():
        with unit_of_work():
            guest = queries.get_guest_in(editable, guest_id)
            services.edit_guest(guest, form.details(), by=current_user, now=now())
        flash(_("Saved."), "success")
        return redirect(url_for("residents.guests"))
    return form_page("residents/edit_guest.html", form, guest=guest)
