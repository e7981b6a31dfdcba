"""Households: added and changed by hand, and their poverty classes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.areas.models import Area
from eventmgr.areas.queries import commune_of
from eventmgr.core.acts import undoable
from eventmgr.core.audit import record_audit, record_change
from eventmgr.core.db import db
from eventmgr.core.errors import Conflict
from eventmgr.core.text import clean_text
from eventmgr.residents.models import Household, PovertyStatus
from eventmgr.residents.services.contacts import add_contact
from eventmgr.residents.services.residents import add_resident
from eventmgr.residents.services.versions import refuse_overtaken
from eventmgr.residents.values import ContactDetails, HouseholdDetails, PovertyClass, ResidentDetails


class CodeTaken(Conflict):
    """A household code names one household of the commune."""

    code = "household_code_taken"
    sentence = _("Another household of the commune already has the code %(household_code)s.")


def default_decision(year: int) -> str:
    """How classes are filed when nobody names the decision that gives them."""
    return f"Danh sách năm {year}"


def add_household(
    details: HouseholdDetails,
    head: ResidentDetails,
    hamlet: Area,
    *,
    poverty_class: PovertyClass | None = None,
    year: int = 0,
    phone: str = "",
    by: Any,
    now: datetime,
) -> Household:
    """Add a household with its head to a hamlet, perhaps with the head's phone and its class in a year.

    Raises CodeTaken, NameMissing, InvalidPhone.
    """
    with undoable("add_household", by=by, now=now, area_id=hamlet.id):
        household = found_household(details, hamlet, now)
        record_audit("add_household", record_of(household), by=by, now=now, area_id=hamlet.id)
        resident = add_resident(household, head, by=by, now=now)
        if poverty_class is not None:
            record_poverty_status(household, "", year, poverty_class)
        if phone:
            add_contact(household, ContactDetails(phone, resident_id=resident.id), by=by, now=now)
    return household


def found_household(details: HouseholdDetails, hamlet: Area, now: datetime) -> Household:
    """A household without members as yet. Raises CodeTaken."""
    household = Household(commune=commune_of(hamlet), hamlet=hamlet, created_at=now)
    _describe(household, details)
    with db.session.no_autoflush:
        refuse_taken_code(household)
    db.session.add(household)
    db.session.flush()
    return household


def edit_household(
    household: Household,
    details: HouseholdDetails,
    *,
    text_language: str | None = None,
    row_version: int | None = None,
    by: Any,
    now: datetime,
) -> None:
    """Change what is said of a household. `text_language` None leaves that as it is; `row_version` is what the form was
    made from. Raises CodeTaken, Overtaken."""
    refuse_overtaken(household, row_version)
    before = _facts(household)
    with undoable("edit_household", by=by, now=now, area_id=household.hamlet_id):
        with db.session.no_autoflush:
            _describe(household, details)
            if text_language is not None:
                household.text_language = clean_text(text_language)
            refuse_taken_code(household)
        db.session.flush()
        record_change(
            "edit_household",
            record_of(household),
            before,
            _facts(household),
            by=by,
            now=now,
            area_id=household.hamlet_id,
        )


def record_poverty_status(household: Household, decision: str, year: int, poverty_class: PovertyClass) -> PovertyStatus:
    """File what one decision says of a household; the class of the latest year is the household's class.

    A second word of the same decision corrects the first; other decisions stay as they are.
    """
    decision = clean_text(decision) or default_decision(year)
    status = next((known for known in household.statuses if known.decision == decision), None)
    if status is None:
        status = PovertyStatus(decision=decision, year=year, poverty_class=poverty_class)
        household.statuses.append(status)
    else:
        status.year, status.poverty_class = year, poverty_class
    set_class_of_latest_year(household)
    return status


def set_class_of_latest_year(household: Household) -> None:
    """The class of a household is that of its latest year; without any decision it is an other household."""
    latest = max(household.statuses, key=lambda known: known.year, default=None)
    household.poverty_class = latest.poverty_class if latest else PovertyClass.OTHER


def file_poverty_status(
    household: Household, decision: str, year: int, poverty_class: PovertyClass, *, by: Any, now: datetime
) -> None:
    """As `record_poverty_status`, by an officer's hand."""
    with undoable("file_poverty_status", by=by, now=now, area_id=household.hamlet_id):
        before = household.poverty_class
        status = record_poverty_status(household, decision, year, poverty_class)
        record_audit(
            "file_poverty_status",
            record_of(household),
            by=by,
            now=now,
            area_id=household.hamlet_id,
            before={"poverty_class": before},
            after={"poverty_class": poverty_class, "year": year, "decision": status.decision},
        )
        db.session.flush()


def record_of(household: Household) -> str:
    """The household's name in the audit."""
    return f"household:{household.id}"


def refuse_taken_code(household: Household) -> None:
    """Raises CodeTaken if another household of the commune has the code."""
    if household.code is None:
        return
    commune_id = household.commune.id
    twin = db.session.scalar(
        sa.select(Household.id).where(Household.commune_id == commune_id, Household.code == household.code)
    )
    if twin not in (None, household.id):
        raise CodeTaken(household_code=household.code)


def _describe(household: Household, details: HouseholdDetails) -> None:
    household.code = clean_text(details.code or "") or None
    household.ethnic_group = clean_text(details.ethnic_group)
    household.address_note = clean_text(details.address_note)


def _facts(household: Household) -> dict[str, Any]:
    return {
        "code": household.code,
        "ethnic_group": household.ethnic_group,
        "address_note": household.address_note,
        "text_language": household.text_language,
    }
