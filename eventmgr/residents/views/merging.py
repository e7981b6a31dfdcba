"""Who is written down twice: likely pairs, side by side, and the decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from eventmgr.areas.queries import communes_in
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.access_log import note_view
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.phone import masked_form, national_form
from eventmgr.core.text import clean_text, display_name
from eventmgr.residents import queries, services
from eventmgr.residents.models import Contact, Household, Resident
from eventmgr.residents.queries.duplicates import SHOWN, likely_duplicates, people_named
from eventmgr.residents.values import HouseholdFilter
from eventmgr.residents.views.shared import Page, bp, carried_out, form_page, say_done, spoken
from eventmgr.residents.words import ALIKE, GENDERS, POVERTY_CLASSES


@dataclass(frozen=True, slots=True)
class Compared:
    """One fact of two entries, and what the one that goes on will say."""

    label: str
    kept: str
    dropped: str
    result: str

    @property
    def differs(self) -> bool:
        """Whether both say something, and not the same."""
        return bool(self.kept and self.dropped and self.kept != self.dropped)


@bp.get("/residents/duplicates")
@requires(Permission.EDIT_RESIDENTS)
def duplicates() -> str:
    """People who may be written down twice, side by side."""
    editable = scope(Permission.EDIT_RESIDENTS)
    communes = communes_in(editable)
    chosen = request.args.get("commune", type=int)
    commune = next((each for each in communes if each.id == chosen), communes[0] if communes else None)
    pairs = likely_duplicates(editable, commune.id if commune else None, SHOWN + 1)
    note_view("duplicates", area_id=commune.id if commune else None, shown=len(pairs))
    return render_template(
        "residents/duplicates.html",
        pairs=pairs[:SHOWN],
        more=len(pairs) > SHOWN,
        chips=[
            {
                "label": each.name,
                "href": url_for("residents.duplicates", commune=each.id),
                "active": each is commune,
                "count": None,
            }
            for each in communes
        ],
        reasons=ALIKE,
        genders=GENDERS,
        phone_of=_phone_words(),
    )


@bp.post("/residents/people/<int:resident_id>/apart/<int:other_resident_id>")
@requires(Permission.EDIT_RESIDENTS)
def tell_apart(resident_id: int, other_resident_id: int) -> Response:
    """These two look alike and are not the same."""
    editable = scope(Permission.EDIT_RESIDENTS)
    with unit_of_work():
        one = queries.get_resident_in(editable, resident_id)
        other = queries.get_resident_in(editable, other_resident_id)
        services.tell_apart(one, other, by=current_user, now=now())
        commune_id = one.household.commune_id
    say_done(_("Remembered: these are two people."))
    return redirect(url_for("residents.duplicates", commune=commune_id))


# --- People ---------------------------------------------------------------------------------------


@bp.get("/residents/people/<int:resident_id>/merge")
@requires(Permission.EDIT_RESIDENTS)
def choose_twin(resident_id: int) -> str:
    """Find the other entry of the same person."""
    editable = scope(Permission.EDIT_RESIDENTS)
    resident = queries.get_resident_in(editable, resident_id)
    query = clean_text(request.args.get("q", ""))[:100] or resident.full_name
    found = people_named(editable, resident.household.commune_id, query, but=resident.id)
    note_view("residents", area_id=resident.household.commune_id, shown=len(found), filters={"searched": True})
    return render_template(
        "residents/choose_twin.html", resident=resident, household=resident.household, found=found, query=query
    )


@bp.route("/residents/people/<int:resident_id>/merge/<int:other_resident_id>", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def merge_residents(resident_id: int, other_resident_id: int) -> Page:
    """Two entries of one person side by side, and what will be kept."""
    editable = scope(Permission.EDIT_RESIDENTS)
    kept = queries.get_resident_in(editable, resident_id)
    dropped = queries.get_resident_in(editable, other_resident_id)
    note_view("resident", record=f"resident:{kept.id}", area_id=kept.household.hamlet_id)
    note_view("resident", record=f"resident:{dropped.id}", area_id=dropped.household.hamlet_id)
    form = FlaskForm()
    if form.validate_on_submit():

        def merge() -> None:
            services.merge_residents(
                queries.get_resident_in(editable, resident_id),
                queries.get_resident_in(editable, other_resident_id),
                by=current_user,
                now=now(),
            )

        if carried_out(form, merge):
            say_done(_("The two entries are one now."))
            return redirect(url_for("residents.person", resident_id=resident_id))
        kept = queries.get_resident_in(editable, resident_id)
        dropped = queries.get_resident_in(editable, other_resident_id)
    return form_page(
        "residents/merge_people.html",
        form,
        kept=kept,
        dropped=dropped,
        facts=_compare_people(kept, dropped),
        household=kept.household,
    )


def _compare_people(kept: Resident, dropped: Resident) -> list[Compared]:
    def births(person: Resident) -> str:
        return person.birth_date.strftime("%d/%m/%Y") if person.birth_date else str(person.birth_year or "")

    def filled(label: str, mine: str, theirs: str) -> Compared:
        return Compared(label, mine, theirs, mine or theirs)

    def gender(person: Resident) -> str:
        return str(GENDERS[person.gender]) if person.gender != "unknown" else ""

    def number(person: Resident) -> str:
        return _("on file") if person.citizen_number_digest else ""

    keeps_day = kept.birth_date is None and dropped.birth_date is not None
    same_year = keeps_day and kept.birth_year in (None, dropped.birth_year)
    born = births(dropped) if same_year else births(kept) or births(dropped)
    return [
        Compared(_("Full name"), display_name(kept.full_name), display_name(dropped.full_name), kept.full_name),
        Compared(_("Birth"), births(kept), births(dropped), born),
        filled(_("Gender"), gender(kept), gender(dropped)),
        filled(_("Relation to the head"), kept.relation, dropped.relation),
        filled(_("Ethnic group"), kept.ethnic_group, dropped.ethnic_group),
        filled(_("Citizen number"), number(kept), number(dropped)),
        Compared(
            _("Household"),
            _where(kept.household),
            _where(dropped.household),
            _where(kept.household),
        ),
    ]


# --- Households -----------------------------------------------------------------------------------


@bp.get("/residents/households/<int:household_id>/merge")
@requires(Permission.EDIT_RESIDENTS)
def choose_twin_household(household_id: int) -> str:
    """Find the other entry of the same household."""
    editable = scope(Permission.EDIT_RESIDENTS)
    found = queries.get_household_in(editable, household_id)
    query = clean_text(request.args.get("q", ""))[:100] or (found.head.full_name if found.head else "")
    page = queries.households_page(editable, scope(Permission.VIEW_PHONES), HouseholdFilter(query=query), size=20)
    note_view("households", area_id=found.commune_id, shown=len(page.lines), filters={"searched": True})
    return render_template(
        "residents/choose_twin_household.html",
        household=found,
        lines=[line for line in page.lines if line.id != household_id],
        query=query,
    )


@bp.route("/residents/households/<int:household_id>/merge/<int:other_household_id>", methods=["GET", "POST"])
@requires(Permission.EDIT_RESIDENTS)
def merge_households(household_id: int, other_household_id: int) -> Page:
    """Two entries of one household side by side, and what will be kept."""
    editable = scope(Permission.EDIT_RESIDENTS)
    kept = queries.get_household_in(editable, household_id)
    dropped = queries.get_household_in(editable, other_household_id)
    for household in (kept, dropped):
        note_view("household", record=f"household:{household.id}", area_id=household.hamlet_id)
    form = FlaskForm()
    if form.validate_on_submit():

        def merge() -> None:
            services.merge_households(
                queries.get_household_in(editable, household_id),
                queries.get_household_in(editable, other_household_id),
                by=current_user,
                now=now(),
            )

        if carried_out(form, merge):
            say_done(_("The two entries are one now."))
            return redirect(url_for("residents.household", household_id=household_id))
        kept = queries.get_household_in(editable, household_id)
        dropped = queries.get_household_in(editable, other_household_id)
    return form_page(
        "residents/merge_households.html",
        form,
        kept=kept,
        dropped=dropped,
        kept_name=spoken(kept),
        dropped_name=spoken(dropped),
        facts=_compare_households(kept, dropped),
        plan=services.plan_household_merge(kept, dropped),
        classes=POVERTY_CLASSES,
        phone_of=_phone_words(),
    )


def _compare_households(kept: Household, dropped: Household) -> list[Compared]:
    def filled(label: str, mine: str | None, theirs: str | None) -> Compared:
        return Compared(label, mine or "", theirs or "", mine or theirs or "")

    return [
        filled(_("Head of household"), spoken(kept), spoken(dropped)),
        filled(_("Hamlet"), kept.hamlet.name, dropped.hamlet.name),
        filled(_("Household code"), kept.code, dropped.code),
        filled(_("Ethnic group"), kept.ethnic_group, dropped.ethnic_group),
        filled(_("How to find the house"), kept.address_note, dropped.address_note),
    ]


def _where(household: Household) -> str:
    return ", ".join(part for part in (spoken(household), household.hamlet.name, household.code or "") if part)


def _phone_words() -> Any:
    seen = scope(Permission.VIEW_PHONES)

    def words(contact: Contact, household: Household) -> str:
        return national_form(contact.phone) if seen.covers(household.hamlet.path) else masked_form(contact.phone)

    return words
