"""The law on personal data as pages: what is kept and why, requests, opt-outs, holidays, how long things are kept."""

from __future__ import annotations

from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.areas.models import Area
from eventmgr.areas.queries import communes_in, get_area_in
from eventmgr.core import holidays as free
from eventmgr.core.access import ROLE_PERMISSIONS, Permission, Role, requires, scope
from eventmgr.core.access_log import common_area, note_view
from eventmgr.core.clock import local_day, now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import EventmgrError, NotFound
from eventmgr.core.holidays import fixed_holidays_missing, holidays_between, keep_fixed_holidays, keep_holiday
from eventmgr.core.registry import Subject, SubjectKind
from eventmgr.core.retention import days_kept, decide_days, last_runs, retention_rules
from eventmgr.core.text import display_name
from eventmgr.residents.forms.rights import (
    FinishForm,
    HolidayForm,
    ReasonForm,
    RefuseForm,
    RequestForm,
    retention_form,
)
from eventmgr.residents.models import DataRequest
from eventmgr.residents.queries import rights
from eventmgr.residents.rights import RequestState
from eventmgr.residents.rights_words import (
    BASES,
    EVIDENCE,
    KEPT_FIELDS,
    NEEDS,
    REFUSALS,
    REQUEST_KINDS,
    REQUEST_STATES,
)
from eventmgr.residents.services import requests as register
from eventmgr.residents.views.shared import Page, bp, form_page, names_of, say_beside


@bp.get("/personal-data")
@requires(Permission.VIEW_RESIDENTS)
def personal_data() -> str:
    """What is kept about people, what for, on which basis, how long and who sees it."""
    handled = scope(Permission.HANDLE_PERSONAL_DATA)
    return render_template(
        "personal_data/index.html",
        fields=KEPT_FIELDS,
        bases=BASES,
        needs=[
            (*NEEDS[permission], [role for role in Role if permission in ROLE_PERMISSIONS[role]])
            for permission in NEEDS
        ],
        due=len(rights.requests_due(handled, local_day(now()), most=100)) if handled else 0,
    )


@bp.get("/personal-data/opt-outs")
@requires(Permission.FIX_PHONES)
def opt_outs() -> str:
    """The phones that take no texts, and since when."""
    fixable = scope(Permission.FIX_PHONES)
    after = request.args.get("after", type=int)
    lines, more_after = rights.opted_out_phones(fixable, after)
    guests = [] if after else rights.opted_out_guests(fixable)
    note_view("opt_outs", area_id=common_area(fixable), shown=len(lines) + len(guests))
    return render_template(
        "personal_data/opt_outs.html",
        lines=lines,
        guests=guests,
        sees_phones=bool(scope(Permission.VIEW_PHONES)),
        first_url=url_for("residents.opt_outs") if after else None,
        next_url=url_for("residents.opt_outs", after=more_after) if more_after else None,
    )


# --- requests -------------------------------------------------------------------------------------


@bp.get("/personal-data/requests")
@requires(Permission.HANDLE_PERSONAL_DATA)
def data_requests() -> str:
    """The register of what people ask about their data."""
    handled = scope(Permission.HANDLE_PERSONAL_DATA)
    only_open = request.args.get("show") != "all"
    after = request.args.get("after", type=int)
    rows, more_after = rights.requests_visible_to(handled, only_open=only_open, after=after)
    note_view("requests", area_id=common_area(handled), shown=len(rows))
    return render_template(
        "personal_data/requests.html",
        rows=rows,
        only_open=only_open,
        today=local_day(now()),
        kinds=REQUEST_KINDS,
        states=REQUEST_STATES,
        first_url=url_for("residents.data_requests", show="all") if after else None,
        next_url=url_for("residents.data_requests", show="all", after=more_after) if more_after else None,
    )


@bp.route("/personal-data/requests/new", methods=["GET", "POST"])
@requires(Permission.HANDLE_PERSONAL_DATA)
def new_data_request() -> Page:
    """Enter a request; with a person chosen on the person's page, or without."""
    handled = scope(Permission.HANDLE_PERSONAL_DATA)
    about = _asked_about()
    person = rights.get_person_in(handled, about) if about else None
    communes = [person.commune] if person else communes_in(handled)
    form = RequestForm().offer(names_of(communes))
    if not form.is_submitted():
        form.received_on.data = local_day(now())
        if person:
            form.requester.data = display_name(person.full_name)
    if form.validate_on_submit():
        try:
            with unit_of_work():
                # The commune of a hamlet's officer lies above what they may see: the person's own is known.
                commune = person.commune if person else get_area_in(handled, form.commune.data)
                entered = register.register_request(commune, form.details(about), by=current_user, now=now())
        except EventmgrError as error:
            say_beside(form, error)
        else:
            flash(_("The request is in the register, with its days."), "success")
            return redirect(url_for("residents.data_request", request_id=entered.id))
    return form_page(
        "personal_data/new_request.html",
        form,
        person=person,
        key=about.key if about else {},
        name=display_name(person.full_name) if person else "",
        several_communes=len(communes) > 1,
    )


def _asked_about() -> Subject | None:
    """Whom the address names: a resident or a guest, or nobody."""
    for name, kind in (("person", SubjectKind.RESIDENT), ("guest", SubjectKind.GUEST)):
        number = request.args.get(name, type=int)
        if number:
            return Subject(kind, number)
    return None


@bp.get("/personal-data/requests/<int:request_id>")
@requires(Permission.HANDLE_PERSONAL_DATA)
def data_request(request_id: int) -> str:
    """One request: its days, what was done, and the next step."""
    return _request_page(_request(request_id))


@bp.post("/personal-data/requests/<int:request_id>/answer")
@requires(Permission.HANDLE_PERSONAL_DATA)
def answer_data_request(request_id: int) -> Response:
    """The person was told that the request is taken up."""
    with unit_of_work():
        register.answer_request(_request(request_id), by=current_user, now=now())
    flash(_("Noted: the person was told."), "success")
    return _back_to(request_id)


@bp.post("/personal-data/requests/<int:request_id>/extend")
@requires(Permission.HANDLE_PERSONAL_DATA)
def extend_data_request(request_id: int) -> Page:
    """Take as many days once more, with the reason."""
    form = ReasonForm()
    found = _request(request_id)
    if form.validate_on_submit():
        try:
            with unit_of_work():
                register.extend_request(_request(request_id), form.reason.data or "", by=current_user, now=now())
        except EventmgrError as error:
            say_beside(form, error)
        else:
            flash(_("The time is extended."), "success")
            return _back_to(request_id)
    return _request_page(found, extend=form), 422


@bp.post("/personal-data/requests/<int:request_id>/finish")
@requires(Permission.HANDLE_PERSONAL_DATA)
def finish_data_request(request_id: int) -> Page:
    """What was asked is done."""
    form = FinishForm()
    found = _request(request_id)
    if form.validate_on_submit():
        try:
            with unit_of_work():
                register.finish_request(_request(request_id), form.outcome.data or "", by=current_user, now=now())
        except EventmgrError as error:
            say_beside(form, error)
        else:
            flash(_("The request is done."), "success")
            return _back_to(request_id)
    return _request_page(found, finish=form), 422


@bp.post("/personal-data/requests/<int:request_id>/refuse")
@requires(Permission.HANDLE_PERSONAL_DATA)
def refuse_data_request(request_id: int) -> Page:
    """Say no, on one of the law's grounds."""
    form = RefuseForm()
    found = _request(request_id)
    if form.validate_on_submit():
        try:
            with unit_of_work():
                register.refuse_request(
                    _request(request_id), form.ground.data, form.why.data or "", by=current_user, now=now()
                )
        except EventmgrError as error:
            say_beside(form, error)
        else:
            flash(_("The refusal is on file, with its reason."), "success")
            return _back_to(request_id)
    return _request_page(found, refuse=form), 422


def _request(request_id: int) -> DataRequest:
    return rights.get_request_in(scope(Permission.HANDLE_PERSONAL_DATA), request_id)


def _request_page(
    found: DataRequest,
    *,
    extend: ReasonForm | None = None,
    finish: FinishForm | None = None,
    refuse: RefuseForm | None = None,
) -> str:
    note_view("request", record=f"data_request:{found.id}", area_id=found.area_id)
    last = max(found.due_on, found.answer_due_on)
    return render_template(
        "personal_data/request.html",
        found=found,
        key=found.person.subject.key if found.person else None,
        is_open=found.state is RequestState.OPEN,
        today=local_day(now()),
        kinds=REQUEST_KINDS,
        states=REQUEST_STATES,
        evidence=EVIDENCE,
        refusals=REFUSALS,
        free_days=holidays_between(found.received_on, last),
        extend=extend or ReasonForm(formdata=None),
        finish=finish or FinishForm(formdata=None),
        refuse=refuse or RefuseForm(formdata=None),
    )


def _back_to(request_id: int) -> Response:
    return redirect(url_for("residents.data_request", request_id=request_id))


# --- holidays -------------------------------------------------------------------------------------


@bp.route("/personal-data/holidays", methods=["GET", "POST"])
@requires(Permission.HANDLE_PERSONAL_DATA)
def holidays() -> Page:
    """The days on which the office is shut, by which working days are counted."""
    may_edit = bool(scope(Permission.MANAGE_SETTINGS))
    year = request.args.get("year", local_day(now()).year, type=int)
    if not 2000 <= year <= 2100:
        raise NotFound
    form = HolidayForm()
    if may_edit and form.validate_on_submit():
        assert form.day.data is not None
        with unit_of_work():
            keep_holiday(form.day.data, form.name.data or "", form.source.data or "", by=current_user, now=now())
        flash(_("Saved."), "success")
        return redirect(url_for("residents.holidays", year=form.day.data.year))
    return form_page(
        "personal_data/holidays.html",
        form,
        year=year,
        rows=holidays_between(date(year, 1, 1), date(year, 12, 31)),
        may_edit=may_edit,
        fixed_missing=len(fixed_holidays_missing(year)),
    )


@bp.post("/personal-data/holidays/<int:year>/fixed")
@requires(Permission.MANAGE_SETTINGS)
def add_fixed_holidays(year: int) -> Response:
    """Enter the holidays that fall on the same date each year."""
    if not 2000 <= year <= 2100:
        raise NotFound
    with unit_of_work():
        keep_fixed_holidays(year, by=current_user, now=now())
    flash(_("Saved."), "success")
    return redirect(url_for("residents.holidays", year=year))


@bp.post("/personal-data/holidays/remove")
@requires(Permission.MANAGE_SETTINGS)
def remove_holiday() -> Response:
    """A day is not free after all."""
    try:
        day = date.fromisoformat(request.form.get("day", ""))
    except ValueError:
        raise NotFound from None
    with unit_of_work():
        free.remove_holiday(day, by=current_user, now=now())
    flash(_("The day has been removed."), "success")
    return redirect(url_for("residents.holidays", year=day.year))


# --- how long -------------------------------------------------------------------------------------


@bp.route("/personal-data/retention", methods=["GET", "POST"])
@requires(Permission.HANDLE_PERSONAL_DATA)
def retention() -> Page:
    """How long each kind of thing is kept, on which basis, and what the last run took away."""
    commune = _commune()
    rules = retention_rules()
    moment = now()
    may_decide = scope(Permission.MANAGE_SETTINGS).covers(commune.path)
    held = {rule.key: days_kept(rule, commune.path, moment) for rule in rules}
    form = retention_form([(rule.key, rule.title) for rule in rules])(data=held)
    if may_decide and form.validate_on_submit():
        with unit_of_work():
            said = {rule.key: form[rule.key].data for rule in rules}
            decide_days(commune.id, commune.path, said, by=current_user, now=moment)
        flash(_("Saved. The worker goes by it from its next round on."), "success")
        return redirect(url_for("residents.retention", commune=commune.id))
    return form_page(
        "personal_data/retention.html",
        form,
        commune=commune,
        communes=communes_in(scope(Permission.HANDLE_PERSONAL_DATA)),
        rules=rules,
        held=held,
        runs=last_runs(commune.id),
        may_decide=may_decide,
    )


def _commune() -> Area:
    """The commune asked for, else the only one most people have."""
    wanted = request.args.get("commune", type=int)
    for commune in communes_in(scope(Permission.HANDLE_PERSONAL_DATA)):
        if wanted in (None, commune.id):
            return commune
    raise NotFound
