"""What is kept of one person: consents, requests, a copy, who looked, erasing."""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.core import registry
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.access_log import AccessKind, note_view, record_access
from eventmgr.core.clock import local_day, now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import EventmgrError, NotFound
from eventmgr.core.files import file_path, keep_file
from eventmgr.core.text import display_name
from eventmgr.residents import queries
from eventmgr.residents.forms.rights import ConsentForm, EraseForm, WishForm, kind_of
from eventmgr.residents.models import Resident
from eventmgr.residents.phones import phones_not_to_text
from eventmgr.residents.queries import erasing, rights
from eventmgr.residents.queries.citizen_numbers import read_citizen_number
from eventmgr.residents.rights_words import ACCESS_WORDS, EVIDENCE, PURPOSES, REQUEST_KINDS, REQUEST_STATES
from eventmgr.residents.services import consents, erasure, refusals
from eventmgr.residents.views.shared import Page, bp, form_page, say_beside


def _person(permission: Permission, resident_id: int) -> Resident:
    """The person, if something is still kept of them. Raises NotFound outside the scope, and once erased."""
    resident = rights.get_person_in(scope(permission), resident_id)
    if resident.erased_at is not None:
        raise NotFound
    return resident


@bp.get("/residents/people/<int:resident_id>/data")
@requires(Permission.EDIT_RESIDENTS)
def person_data(resident_id: int) -> str:
    """A person's consents and requests, and what can be done with what is kept of them."""
    resident = _person(Permission.EDIT_RESIDENTS, resident_id)
    path = resident.household.hamlet.path
    note_view("consents", record=f"resident:{resident.id}", area_id=resident.household.hamlet_id)
    return render_template(
        "personal_data/person.html",
        resident=resident,
        name=display_name(resident.full_name),
        consents=rights.consents_of(resident_id),
        requests=rights.requests_of(resident_id),
        has_citizen_number=resident.citizen_number_sealed is not None,
        sees_numbers=scope(Permission.VIEW_CITIZEN_NUMBERS).covers(path),
        handles=scope(Permission.HANDLE_PERSONAL_DATA).covers(path),
        sees_looks=scope(Permission.VIEW_ACCESS_LOG).covers(path),
        purposes=PURPOSES,
        evidence=EVIDENCE,
        kinds=REQUEST_KINDS,
        states=REQUEST_STATES,
    )


@bp.post("/residents/people/<int:resident_id>/citizen-number")
@requires(Permission.VIEW_CITIZEN_NUMBERS)
def show_citizen_number(resident_id: int) -> str:
    """One person's citizen number, shown once; that it was looked at is written down first."""
    with unit_of_work():
        resident = _person(Permission.VIEW_CITIZEN_NUMBERS, resident_id)
        number = read_citizen_number(resident)
        record_access(
            AccessKind.VIEW,
            "citizen_number",
            by=current_user,
            now=now(),
            record=f"resident:{resident.id}",
            area_id=resident.household.hamlet_id,
        )
    return render_template(
        "personal_data/citizen_number.html",
        resident=resident,
        name=display_name(resident.full_name),
        number=number,
    )


# --- consents -------------------------------------------------------------------------------------


@bp.route("/residents/people/<int:resident_id>/consents/new", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def new_consent(resident_id: int) -> Page:
    """Enter a person's yes to one purpose, with what proves it."""
    resident = _person(Permission.EDIT_RESIDENTS, resident_id)
    form = ConsentForm()
    if form.validate_on_submit():
        upload = form.file.data
        content = upload.read() if upload else b""
        try:
            with unit_of_work():
                resident = _person(Permission.EDIT_RESIDENTS, resident_id)
                file_id = None
                if content:
                    # Not the name it came with: that often names the person.
                    kind = kind_of(upload.filename) or ""
                    file_id = keep_file(
                        content,
                        name="bang-chung." + upload.filename.rpartition(".")[2].lower(),
                        type=kind,
                        area_id=resident.household.commune_id,
                        by_id=current_user.id,
                        now=now(),
                    ).id
                consents.give_consent(resident, form.purpose.data, form.statement(file_id), by=current_user, now=now())
        except EventmgrError as error:
            say_beside(form, error)
        else:
            flash(_("The consent is on file."), "success")
            return redirect(url_for("residents.person_data", resident_id=resident_id))
    return form_page("personal_data/new_consent.html", form, resident=resident, name=display_name(resident.full_name))


@bp.route("/residents/consents/<int:consent_id>/withdraw", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def withdraw_consent(consent_id: int) -> Page:
    """A person takes a yes back."""
    editable = scope(Permission.EDIT_RESIDENTS)
    consent = rights.get_consent_in(editable, consent_id)
    form = WishForm()
    _propose_today(form)
    if form.validate_on_submit():
        try:
            with unit_of_work():
                consent = rights.get_consent_in(editable, consent_id)
                consents.withdraw_consent(consent, form.statement(), by=current_user, now=now())
        except EventmgrError as error:
            say_beside(form, error)
        else:
            flash(_("The consent is withdrawn."), "success")
            return redirect(url_for("residents.person_data", resident_id=consent.resident_id))
    return form_page(
        "personal_data/withdraw_consent.html",
        form,
        consent=consent,
        resident=consent.resident,
        name=display_name(consent.resident.full_name),
        purposes=PURPOSES,
    )


@bp.get("/residents/consents/<int:consent_id>/file")
@requires(Permission.EDIT_RESIDENTS)
def consent_file(consent_id: int) -> Response:
    """What proves a consent."""
    consent = rights.get_consent_in(scope(Permission.EDIT_RESIDENTS), consent_id)
    kept = consent.file
    if kept is None or not file_path(kept.hash).exists():
        raise NotFound
    note_view("consents", record=f"resident:{consent.resident_id}", area_id=consent.resident.household.hamlet_id)
    return send_file(file_path(kept.hash), mimetype=kept.type, as_attachment=True, download_name=kept.name)


# --- phones that take no texts --------------------------------------------------------------------


@bp.route("/residents/contacts/<int:contact_id>/texts", methods=["GET", "POST"])
@requires(Permission.FIX_PHONES)
def contact_texts(contact_id: int) -> Page:
    """Whether texts may go to a household's phone: what was said about it, and what its owner says now."""
    fixable = scope(Permission.FIX_PHONES)
    contact = queries.get_contact_in(fixable, contact_id)
    state = rights.phone_state(contact.phone)
    refused = state is not None and state.opted_out_at is not None
    form = WishForm()
    _propose_today(form)
    if form.validate_on_submit():
        try:
            with unit_of_work():
                contact = queries.get_contact_in(fixable, contact_id)
                change = refusals.welcome_texts if refused else refusals.refuse_texts
                change(contact, form.statement(), by=current_user, now=now())
        except EventmgrError as error:
            say_beside(form, error)
        else:
            flash(
                _("Texts may go to this phone again.") if refused else _("No text goes to this phone any more."),
                "success",
            )
            return redirect(url_for("residents.household", household_id=contact.household_id))
    return form_page(
        "personal_data/contact_texts.html",
        form,
        contact=contact,
        household=contact.household,
        state=state,
        refused=refused,
        wishes=rights.wishes_of(contact.phone),
        evidence=EVIDENCE,
        sees_phones=scope(Permission.VIEW_PHONES).covers(contact.household.hamlet.path),
    )


def _propose_today(form: Any) -> None:
    if not form.is_submitted():
        form.said_on.data = local_day(now())


# --- a copy ---------------------------------------------------------------------------------------


@bp.get("/residents/people/<int:resident_id>/copy")
@requires(Permission.HANDLE_PERSONAL_DATA)
def person_copy(resident_id: int) -> str:
    """All that any room keeps of a person, to print and hand over."""
    resident = _person(Permission.HANDLE_PERSONAL_DATA, resident_id)
    sections = registry.export_resident(resident_id)
    _remember_copy(resident, "paper")
    return render_template(
        "personal_data/copy.html",
        resident=resident,
        name=display_name(resident.full_name),
        sections=sections,
        made_at=now(),
    )


@bp.get("/residents/people/<int:resident_id>/copy.json")
@requires(Permission.HANDLE_PERSONAL_DATA)
def person_copy_file(resident_id: int) -> Response:
    """The same, for machines."""
    resident = _person(Permission.HANDLE_PERSONAL_DATA, resident_id)
    sections = registry.export_resident(resident_id)
    _remember_copy(resident, "json")
    told = {
        "made_at": now().isoformat(),
        "sections": [
            {"title": section.title, "rows": [{"label": label, "value": value} for label, value in section.rows]}
            for section in sections
        ],
    }
    answer = jsonify(told)
    answer.headers.set("Content-Disposition", "attachment", filename=f"du-lieu-ca-nhan-{resident_id}.json")
    return answer


def _remember_copy(resident: Resident, form: str) -> None:
    with unit_of_work():
        record_access(
            AccessKind.EXPORT,
            "copy",
            by=current_user,
            now=now(),
            record=f"resident:{resident.id}",
            area_id=resident.household.hamlet_id,
            filters={"as": form},
        )


# --- who looked -----------------------------------------------------------------------------------


@bp.get("/residents/people/<int:resident_id>/looks")
@requires(Permission.VIEW_ACCESS_LOG)
def person_looks(resident_id: int) -> str:
    """Who had this person before their eyes."""
    resident = _person(Permission.VIEW_ACCESS_LOG, resident_id)
    note_view("looks", record=f"resident:{resident.id}", area_id=resident.household.hamlet_id)
    after = _cursor()
    looks, more_after = rights.who_looked(resident, after)
    return render_template(
        "personal_data/looks.html",
        resident=resident,
        name=display_name(resident.full_name),
        looks=looks,
        words=ACCESS_WORDS,
        first_url=url_for("residents.person_looks", resident_id=resident_id) if after else None,
        next_url=url_for("residents.person_looks", resident_id=resident_id, after=more_after) if more_after else None,
    )


def _cursor() -> int | None:
    return request.args.get("after", type=int)


# --- erasing --------------------------------------------------------------------------------------


@bp.route("/residents/people/<int:resident_id>/erase", methods=["GET", "POST"])
@requires(Permission.HANDLE_PERSONAL_DATA)
def erase_person(resident_id: int) -> Page:
    """What would go and what stays; then, with the name typed, it goes for good."""
    resident = _person(Permission.HANDLE_PERSONAL_DATA, resident_id)
    form = EraseForm()
    if form.validate_on_submit():
        try:
            with unit_of_work():
                resident = _person(Permission.HANDLE_PERSONAL_DATA, resident_id)
                erasure.erase_person(resident, form.name.data or "", form.ground.data or "", by=current_user, now=now())
        except EventmgrError as error:
            say_beside(form, error)
        else:
            flash(_("The person has been erased. What stays are counts without a name."), "success")
            return redirect(url_for("residents.household", household_id=resident.household_id))
    phones = erasing.phones_to_erase(resident)
    return form_page(
        "personal_data/erase.html",
        form,
        resident=resident,
        name=display_name(resident.full_name),
        going=[(section.title, len(section.rows)) for section in registry.export_resident(resident_id) if section.rows],
        phones_going=sorted(phones),
        refusing="opted_out" in phones_not_to_text(phones).values(),
        phones_staying=len(erasing.contacts_to_erase(resident)) - len(phones),
        is_last=erasing.is_last_of_household(resident),
    )
