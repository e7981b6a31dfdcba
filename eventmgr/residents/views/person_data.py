"""What is kept of one person: consents, requests, a copy, who looked, erasing."""

from __future__ import annotations

from collections.abc import Mapping
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
from eventmgr.core.registry import Subject
from eventmgr.core.text import display_name
from eventmgr.residents import queries
from eventmgr.residents.forms.rights import ConsentForm, EraseForm, WishForm, kind_of
from eventmgr.residents.models import Contact, Guest, Person, Resident
from eventmgr.residents.phones import phones_not_to_text
from eventmgr.residents.queries import erasing, rights
from eventmgr.residents.queries.citizen_numbers import read_citizen_number
from eventmgr.residents.rights_words import ACCESS_WORDS, EVIDENCE, PURPOSES, REQUEST_KINDS, REQUEST_STATES
from eventmgr.residents.services import consents, erasure, refusals
from eventmgr.residents.views.shared import Page, bp, form_page, say_beside, spoken

MOST_ORIGINALS = 12
"""Files of lists that the page about erasing names."""


def _person(permission: Permission, key: Mapping[str, int]) -> Person:
    """The resident or guest that an address points at, if something is still kept of them. Raises NotFound outside the
    scope, and once erased."""
    person = rights.get_person_in(scope(permission), Subject.of(key))
    if person.erased_at is not None:
        raise NotFound
    return person


def _shown(person: Person) -> dict[str, Any]:
    """What the pages say of whom they are about: the name, the way here, and what leads on."""
    name, key = display_name(person.full_name), person.subject.key
    trail = [(_("Residents"), url_for("residents.index"))]
    if isinstance(person, Guest):
        trail.append((_("Guests"), url_for("residents.guests")))
        trail.append((name, url_for("residents.edit_guest", **key)))
    else:
        home = url_for("residents.household", household_id=person.household_id)
        trail.append((spoken(person.household) or _("Household"), home))
    return {
        "person": person,
        "is_guest": isinstance(person, Guest),
        "name": name,
        "key": key,
        "here": url_for("residents.person_data", **key),
        "trail": trail,
    }


@bp.get("/residents/people/<int:resident_id>/data")
@bp.get("/guests/<int:guest_id>/data")
@requires(Permission.EDIT_RESIDENTS)
def person_data(**key: int) -> str:
    """A person's consents and requests, and what can be done with what is kept of them."""
    person = _person(Permission.EDIT_RESIDENTS, key)
    path = person.home.path
    note_view("consents", record=person.subject.record, area_id=person.home.id)
    return render_template(
        "personal_data/person.html",
        **_shown(person),
        consents=rights.consents_of(person.subject),
        requests=rights.requests_of(person.subject),
        has_citizen_number=isinstance(person, Resident) and person.citizen_number_sealed is not None,
        refused=isinstance(person, Guest) and _takes_no_texts(person.phone),
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
        resident = _person(Permission.VIEW_CITIZEN_NUMBERS, {"resident_id": resident_id})
        assert isinstance(resident, Resident)
        number = read_citizen_number(resident)
        record_access(
            AccessKind.VIEW,
            "citizen_number",
            by=current_user,
            now=now(),
            record=resident.subject.record,
            area_id=resident.home.id,
        )
    return render_template("personal_data/citizen_number.html", **_shown(resident), number=number)


# --- consents -------------------------------------------------------------------------------------


@bp.route("/residents/people/<int:resident_id>/consents/new", methods=["GET", "POST"])
@bp.route("/guests/<int:guest_id>/consents/new", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def new_consent(**key: int) -> Page:
    """Enter a person's yes to one purpose, with what proves it."""
    person = _person(Permission.EDIT_RESIDENTS, key)
    form = ConsentForm()
    if form.validate_on_submit():
        upload = form.file.data
        content = upload.read() if upload else b""
        try:
            with unit_of_work():
                person = _person(Permission.EDIT_RESIDENTS, key)
                file_id = None
                if content:
                    # Not the name it came with: that often names the person.
                    kind = kind_of(upload.filename) or ""
                    file_id = keep_file(
                        content,
                        name="bang-chung." + upload.filename.rpartition(".")[2].lower(),
                        type=kind,
                        area_id=person.commune.id,
                        by_id=current_user.id,
                        now=now(),
                    ).id
                consents.give_consent(person, form.purpose.data, form.statement(file_id), by=current_user, now=now())
        except EventmgrError as error:
            say_beside(form, error)
        else:
            flash(_("The consent is on file."), "success")
            return redirect(url_for("residents.person_data", **person.subject.key))
    return form_page("personal_data/new_consent.html", form, **_shown(person))


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
            return redirect(url_for("residents.person_data", **consent.person.subject.key))
    return form_page(
        "personal_data/withdraw_consent.html",
        form,
        **_shown(consent.person),
        consent=consent,
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
    note_view("consents", record=consent.person.subject.record, area_id=consent.person.home.id)
    return send_file(file_path(kept.hash), mimetype=kept.type, as_attachment=True, download_name=kept.name)


# --- phones that take no texts --------------------------------------------------------------------


@bp.route("/residents/contacts/<int:contact_id>/texts", methods=["GET", "POST"])
@bp.route("/guests/<int:guest_id>/texts", methods=["GET", "POST"])
@requires(Permission.FIX_PHONES)
def contact_texts(**key: int) -> Page:
    """Whether texts may go to a household's or a guest's phone: what was said about it, and what its owner says now."""
    line = _line(key)
    phone, home = line.phone or "", line.area if isinstance(line, Guest) else line.household.hamlet
    state = rights.phone_state(phone)
    refused = _takes_no_texts(phone)
    form = WishForm()
    _propose_today(form)
    if form.validate_on_submit():
        try:
            with unit_of_work():
                line = _line(key)
                change = refusals.welcome_texts if refused else refusals.refuse_texts
                change(line, form.statement(), by=current_user, now=now())
        except EventmgrError as error:
            say_beside(form, error)
        else:
            flash(
                _("Texts may go to this phone again.") if refused else _("No text goes to this phone any more."),
                "success",
            )
            return redirect(_page_of(line))
    return form_page(
        "personal_data/contact_texts.html",
        form,
        **({"guest": line} if isinstance(line, Guest) else {"household": line.household}),
        name=display_name(line.full_name) if isinstance(line, Guest) else spoken(line.household),
        here=_page_of(line),
        phone=phone,
        state=state,
        refused=refused,
        wishes=rights.wishes_of(phone),
        evidence=EVIDENCE,
        sees_phones=scope(Permission.VIEW_PHONES).covers(home.path),
    )


def _line(key: Mapping[str, int]) -> Contact | Guest:
    """A phone that belongs to a household or a guest. Raises NotFound outside the scope, and for a guest without one."""
    fixable = scope(Permission.FIX_PHONES)
    if "contact_id" in key:
        return queries.get_contact_in(fixable, key["contact_id"])
    guest = queries.get_guest_in(fixable, key["guest_id"])
    if not guest.phone:
        raise NotFound
    return guest


def _page_of(line: Contact | Guest) -> str:
    if isinstance(line, Guest):
        return url_for("residents.person_data", **line.subject.key)
    return url_for("residents.household", household_id=line.household_id)


def _takes_no_texts(phone: str | None) -> bool:
    return bool(phone) and "opted_out" in phones_not_to_text([phone or ""]).values()


def _propose_today(form: Any) -> None:
    if not form.is_submitted():
        form.said_on.data = local_day(now())


# --- a copy ---------------------------------------------------------------------------------------


@bp.get("/residents/people/<int:resident_id>/copy")
@bp.get("/guests/<int:guest_id>/copy")
@requires(Permission.HANDLE_PERSONAL_DATA)
def person_copy(**key: int) -> str:
    """All that any room keeps of a person, to print and hand over."""
    person = _person(Permission.HANDLE_PERSONAL_DATA, key)
    sections = registry.export(person.subject)
    _remember_copy(person, "paper")
    return render_template(
        "personal_data/copy.html",
        **_shown(person),
        sections=sections,
        made_at=now(),
    )


@bp.get("/residents/people/<int:resident_id>/copy.json")
@bp.get("/guests/<int:guest_id>/copy.json")
@requires(Permission.HANDLE_PERSONAL_DATA)
def person_copy_file(**key: int) -> Response:
    """The same, for machines."""
    person = _person(Permission.HANDLE_PERSONAL_DATA, key)
    sections = registry.export(person.subject)
    _remember_copy(person, "json")
    told = {
        "made_at": now().isoformat(),
        "sections": [
            {"title": section.title, "rows": [{"label": label, "value": value} for label, value in section.rows]}
            for section in sections
        ],
    }
    answer = jsonify(told)
    answer.headers.set("Content-Disposition", "attachment", filename=f"du-lieu-ca-nhan-{person.id}.json")
    return answer


def _remember_copy(person: Person, form: str) -> None:
    with unit_of_work():
        record_access(
            AccessKind.EXPORT,
            "copy",
            by=current_user,
            now=now(),
            record=person.subject.record,
            area_id=person.home.id,
            filters={"as": form},
        )


# --- who looked -----------------------------------------------------------------------------------


@bp.get("/residents/people/<int:resident_id>/looks")
@bp.get("/guests/<int:guest_id>/looks")
@requires(Permission.VIEW_ACCESS_LOG)
def person_looks(**key: int) -> str:
    """Who had this person before their eyes."""
    person = _person(Permission.VIEW_ACCESS_LOG, key)
    note_view("looks", record=person.subject.record, area_id=person.home.id)
    after = _cursor()
    looks, more_after = rights.who_looked(person, after)
    return render_template(
        "personal_data/looks.html",
        **_shown(person),
        looks=looks,
        words=ACCESS_WORDS,
        first_url=url_for("residents.person_looks", **person.subject.key) if after else None,
        next_url=url_for("residents.person_looks", **person.subject.key, after=more_after) if more_after else None,
    )


def _cursor() -> int | None:
    return request.args.get("after", type=int)


# --- erasing --------------------------------------------------------------------------------------


@bp.route("/residents/people/<int:resident_id>/erase", methods=["GET", "POST"])
@bp.route("/guests/<int:guest_id>/erase", methods=["GET", "POST"])
@requires(Permission.HANDLE_PERSONAL_DATA)
def erase_person(**key: int) -> Page:
    """What would go and what stays; then, with the name typed, it goes for good."""
    person = _person(Permission.HANDLE_PERSONAL_DATA, key)
    form = EraseForm()
    if form.validate_on_submit():
        try:
            with unit_of_work():
                person = _person(Permission.HANDLE_PERSONAL_DATA, key)
                erasure.erase_person(person, form.name.data or "", form.ground.data or "", by=current_user, now=now())
        except EventmgrError as error:
            say_beside(form, error)
        else:
            flash(_("The person has been erased. What stays are counts without a name."), "success")
            if isinstance(person, Guest):
                return redirect(url_for("residents.guests"))
            return redirect(url_for("residents.household", household_id=person.household_id))
    phones = erasing.phones_to_erase(person)
    return form_page(
        "personal_data/erase.html",
        form,
        **_shown(person),
        originals=(queries.originals_kept(person.commune, person.id, now()) if isinstance(person, Resident) else []),
        removes_files=scope(Permission.HANDLE_PERSONAL_DATA).covers(person.commune.path),
        most_originals=MOST_ORIGINALS,
        today=local_day(now()),
        going=[(section.title, len(section.rows)) for section in registry.export(person.subject) if section.rows],
        phones_going=sorted(phones),
        refusing="opted_out" in phones_not_to_text(phones).values(),
        phones_staying=len(erasing.phones_of(person)) - len(phones),
        is_last=isinstance(person, Resident) and erasing.is_last_of_household(person),
    )
