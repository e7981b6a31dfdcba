"""Households, their people and phones, and guests: added and changed by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.areas.models import Area
from eventmgr.areas.queries import commune_of
from eventmgr.core.audit import record_audit
from eventmgr.core.db import db
from eventmgr.core.errors import Conflict, RuleBroken
from eventmgr.core.phone import parse_phone
from eventmgr.core.secrets import keyed_digest, seal
from eventmgr.core.text import clean_text, person_sort_key, search_key
from eventmgr.residents.models import SEARCH, Contact, Guest, Household, PovertyStatus, Resident
from eventmgr.residents.values import (
    ContactDetails,
    GuestDetails,
    HouseholdDetails,
    PhoneOwner,
    PovertyClass,
    ResidentDetails,
)

CITIZEN_NUMBER = "citizen_number"
"""What digests of citizen numbers are made for."""


class CodeTaken(Conflict):
    """A household code names one household of the commune."""

    code = "household_code_taken"
    sentence = _("Another household of the commune already has the code %(household_code)s.")


class ContactTwice(Conflict):
    """The household has this phone already."""

    code = "contact_twice"
    sentence = _("This household already has the phone number %(phone)s.")


class NameMissing(RuleBroken):
    """A person without a name."""

    code = "name_missing"
    sentence = _("Enter the full name.")


def name_columns(full_name: str) -> dict[str, str]:
    """The columns that go with a name: folded for search, and in Vietnamese order."""
    return {"name_search": search_key(full_name)[:SEARCH], "name_sort": person_sort_key(full_name)[:SEARCH]}


def default_decision(year: int) -> str:
    """How classes are filed when nobody names the decision that gives them."""
    return f"Danh sách năm {year}"


# --- households -----------------------------------------------------------------------------------


def add_household(
    details: HouseholdDetails, head: ResidentDetails, hamlet: Area, *, by: Any, now: datetime
) -> Household:
    """Add a household with its head to a hamlet. Raises CodeTaken, NameMissing."""
    commune = commune_of(hamlet)
    household = Household(commune=commune, hamlet=hamlet, created_at=now)
    _describe(household, details)
    _refuse_taken_code(household, commune.id)
    db.session.add(household)
    db.session.flush()
    add_resident(household, head, by=by, now=now)
    record_audit("add_household", f"household:{household.id}", by=by, now=now, area_id=hamlet.id)
    return household


def edit_household(household: Household, details: HouseholdDetails, hamlet: Area, *, by: Any, now: datetime) -> None:
    """Change a household; another hamlet means that it has moved there. Raises CodeTaken."""
    before = _household_facts(household)
    household.hamlet = hamlet
    household.commune = commune_of(hamlet)
    _describe(household, details)
    with db.session.no_autoflush:
        _refuse_taken_code(household, household.commune.id)
    db.session.flush()
    _audit_change(
        "edit_household", f"household:{household.id}", before, _household_facts(household), by, now, hamlet.id
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
    household.poverty_class = max(household.statuses, key=lambda known: known.year).poverty_class
    return status


def file_poverty_status(
    household: Household, decision: str, year: int, poverty_class: PovertyClass, *, by: Any, now: datetime
) -> None:
    """As `record_poverty_status`, by an officer's hand."""
    before = {"poverty_class": household.poverty_class}
    record_poverty_status(household, decision, year, poverty_class)
    db.session.flush()
    after = {"poverty_class": household.poverty_class}
    _audit_change("file_poverty_status", f"household:{household.id}", before, after, by, now, household.hamlet_id)


def _describe(household: Household, details: HouseholdDetails) -> None:
    household.code = clean_text(details.code or "") or None
    household.ethnic_group = clean_text(details.ethnic_group)
    household.address_note = clean_text(details.address_note)
    household.left_on = details.left_on


def _refuse_taken_code(household: Household, commune_id: int) -> None:
    if household.code is None:
        return
    twin = db.session.scalar(
        sa.select(Household.id).where(Household.commune_id == commune_id, Household.code == household.code)
    )
    if twin not in (None, household.id):
        raise CodeTaken(household_code=household.code)


def _household_facts(household: Household) -> dict[str, Any]:
    return {
        "hamlet_id": household.hamlet.id,
        "code": household.code,
        "ethnic_group": household.ethnic_group,
        "address_note": household.address_note,
        "left_on": household.left_on.isoformat() if household.left_on else None,
    }


# --- people ---------------------------------------------------------------------------------------


def add_resident(household: Household, details: ResidentDetails, *, by: Any, now: datetime) -> Resident:
    """Add a person to a household. Raises NameMissing."""
    resident = Resident(created_at=now, is_head=False)
    _describe_resident(resident, details)
    resident.household = household
    db.session.add(resident)
    _set_head(resident, details)
    db.session.flush()
    record_audit("add_resident", f"resident:{resident.id}", by=by, now=now, area_id=household.hamlet.id)
    return resident


def edit_resident(resident: Resident, details: ResidentDetails, *, by: Any, now: datetime) -> None:
    """Change a person. Raises NameMissing."""
    before = _resident_facts(resident)
    _describe_resident(resident, details)
    _set_head(resident, details)
    db.session.flush()
    household = resident.household
    _audit_change(
        "edit_resident", f"resident:{resident.id}", before, _resident_facts(resident), by, now, household.hamlet_id
    )


def _describe_resident(resident: Resident, details: ResidentDetails) -> None:
    full_name = clean_text(details.full_name)
    if not full_name:
        raise NameMissing
    resident.full_name = full_name
    for column, value in name_columns(full_name).items():
        setattr(resident, column, value)
    resident.relation = clean_text(details.relation)
    resident.birth_date = details.birth_date
    resident.birth_year = details.birth_date.year if details.birth_date else details.birth_year
    resident.gender = details.gender
    resident.ethnic_group = clean_text(details.ethnic_group)
    resident.on_state_payroll = details.on_state_payroll
    resident.left_on = details.left_on
    if details.citizen_number:
        resident.citizen_number_sealed = seal(details.citizen_number)
        resident.citizen_number_digest = keyed_digest(details.citizen_number, CITIZEN_NUMBER)
    elif details.citizen_number == "":
        resident.citizen_number_sealed = resident.citizen_number_digest = None


def _set_head(resident: Resident, details: ResidentDetails) -> None:
    """A household has one head: a new one takes the place of the old."""
    becomes_head = details.is_head and details.left_on is None
    if becomes_head and not resident.is_head:
        for other in resident.household.members:
            if other is not resident and other.is_head:
                other.is_head = False
        db.session.flush()  # the old head steps down first: the key allows one at a time
    resident.is_head = becomes_head


def _resident_facts(resident: Resident) -> dict[str, Any]:
    """What an audit entry says of a person: never the citizen number."""
    return {
        "full_name": resident.full_name,
        "is_head": resident.is_head,
        "relation": resident.relation,
        "birth_year": resident.birth_year,
        "gender": resident.gender,
        "ethnic_group": resident.ethnic_group,
        "on_state_payroll": resident.on_state_payroll,
        "left_on": resident.left_on.isoformat() if resident.left_on else None,
    }


# --- phones ---------------------------------------------------------------------------------------


def add_contact(household: Household, details: ContactDetails, *, by: Any, now: datetime) -> Contact:
    """Add a phone by which a household is reached. Raises InvalidPhone, ContactTwice."""
    contact = Contact(position=max((known.position for known in household.contacts), default=-1) + 1)
    _describe_contact(contact, household, details)
    household.contacts.append(contact)
    _put_first(contact, household, details)
    db.session.flush()
    record_audit("add_contact", f"household:{household.id}", by=by, now=now, area_id=household.hamlet_id)
    return contact


def edit_contact(contact: Contact, details: ContactDetails, *, by: Any, now: datetime) -> None:
    """Change a phone or whose it is. Raises InvalidPhone, ContactTwice."""
    before = {"phone": contact.phone, "owner": contact.owner}
    household = contact.household
    _describe_contact(contact, household, details)
    _put_first(contact, household, details)
    db.session.flush()
    after = {"phone": contact.phone, "owner": contact.owner}
    _audit_change("edit_contact", f"household:{household.id}", before, after, by, now, household.hamlet_id)


def remove_contact(contact: Contact, *, by: Any, now: datetime) -> None:
    """Take a phone away from a household; what is known of the phone itself stays."""
    household = contact.household
    household.contacts.remove(contact)
    db.session.delete(contact)
    db.session.flush()
    record_audit(
        "remove_contact",
        f"household:{household.id}",
        by=by,
        now=now,
        area_id=household.hamlet_id,
        before={"phone": contact.phone},
    )


def _describe_contact(contact: Contact, household: Household, details: ContactDetails) -> None:
    phone = parse_phone(details.phone)
    if any(known is not contact and known.phone == phone.e164 for known in household.contacts):
        raise ContactTwice(phone=phone.national)
    contact.phone = phone.e164
    contact.takes_sms = phone.takes_sms
    contact.owner = details.owner
    contact.owner_note = clean_text(details.owner_note)
    contact.resident = next((member for member in household.members if member.id == details.resident_id), None)
    if details.owner is not PhoneOwner.MEMBER:
        contact.resident = None


def _put_first(contact: Contact, household: Household, details: ContactDetails) -> None:
    if details.first:
        others = sorted((known for known in household.contacts if known is not contact), key=lambda c: c.position)
        for position, known in enumerate([contact, *others]):
            known.position = position


# --- guests ---------------------------------------------------------------------------------------


def add_guest(area: Area, details: GuestDetails, *, by: Any, now: datetime) -> Guest:
    """Add a guest to an area. Raises NameMissing, InvalidPhone."""
    guest = Guest(area=area)
    _describe_guest(guest, details)
    db.session.add(guest)
    db.session.flush()
    record_audit("add_guest", f"guest:{guest.id}", by=by, now=now, area_id=area.id)
    return guest


def edit_guest(guest: Guest, details: GuestDetails, *, by: Any, now: datetime) -> None:
    """Change a guest. Raises NameMissing, InvalidPhone."""
    _describe_guest(guest, details)
    db.session.flush()
    record_audit("edit_guest", f"guest:{guest.id}", by=by, now=now, area_id=guest.area_id)


def _describe_guest(guest: Guest, details: GuestDetails) -> None:
    full_name = clean_text(details.full_name)
    if not full_name:
        raise NameMissing
    phone = parse_phone(details.phone).e164 if clean_text(details.phone) else None
    guest.full_name = full_name
    for column, value in name_columns(full_name).items():
        setattr(guest, column, value)
    guest.title = clean_text(details.title)
    guest.organisation = clean_text(details.organisation)
    guest.phone = phone
    guest.gender = details.gender
    guest.ethnic_group = clean_text(details.ethnic_group)
    guest.on_state_payroll = details.on_state_payroll


def _audit_change(
    action: str, record: str, before: dict[str, Any], after: dict[str, Any], by: Any, now: datetime, area_id: int
) -> None:
    changed = [name for name in after if before[name] != after[name]]
    if changed:
        record_audit(
            action,
            record,
            by=by,
            now=now,
            area_id=area_id,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
