"""People: added and changed by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _

from eventmgr.core.acts import undoable
from eventmgr.core.audit import record_audit, record_change
from eventmgr.core.db import db
from eventmgr.core.errors import RuleBroken
from eventmgr.core.secrets import keyed_digest, seal
from eventmgr.core.text import clean_text, person_sort_key, search_key
from eventmgr.residents.models import SEARCH, Household, Resident
from eventmgr.residents.services.versions import refuse_overtaken
from eventmgr.residents.values import ResidentDetails

CITIZEN_NUMBER = "citizen_number"
"""What digests of citizen numbers are made for."""


class NameMissing(RuleBroken):
    """A person without a name."""

    code = "name_missing"
    sentence = _("Enter the full name.")


class GoneAlready(RuleBroken):
    """Somebody who does not live here any more."""

    code = "gone_already"
    sentence = _("This person or household no longer lives here.")


def name_columns(full_name: str) -> dict[str, str]:
    """The columns that go with a name: folded for search, and in Vietnamese order."""
    return {"name_search": search_key(full_name)[:SEARCH], "name_sort": person_sort_key(full_name)[:SEARCH]}


def add_resident(household: Household, details: ResidentDetails, *, by: Any, now: datetime) -> Resident:
    """Add a person to a household. Raises NameMissing, GoneAlready."""
    if household.left_on is not None:
        raise GoneAlready
    area_id = household.hamlet.id
    with undoable("add_resident", by=by, now=now, area_id=area_id):
        resident = Resident(created_at=now, is_head=False)
        _describe(resident, details)
        resident.household = household
        db.session.add(resident)
        if details.is_head:
            make_head(resident)
        db.session.flush()
        record_audit(
            "add_resident",
            record_of(resident),
            by=by,
            now=now,
            area_id=area_id,
            after={"full_name": resident.full_name, "household_id": household.id},
        )
    return resident


def edit_resident(
    resident: Resident, details: ResidentDetails, *, row_version: int | None = None, by: Any, now: datetime
) -> None:
    """Change what is said of a person. `row_version` is what the form was made from. Raises NameMissing, Overtaken."""
    refuse_overtaken(resident, row_version)
    area_id = resident.household.hamlet_id
    before = _facts(resident)
    with undoable("edit_resident", by=by, now=now, area_id=area_id):
        number = resident.citizen_number_digest
        _describe(resident, details)
        if details.is_head and resident.left_on is None:
            make_head(resident)
        else:
            resident.is_head = False
        db.session.flush()
        record_change(
            "edit_resident",
            record_of(resident),
            before | {"citizen_number": None},
            _facts(resident) | {"citizen_number": resident.citizen_number_digest != number or None},
            by=by,
            now=now,
            area_id=area_id,
        )


def record_of(resident: Resident) -> str:
    """The person's name in the audit."""
    return f"resident:{resident.id}"


def make_head(resident: Resident) -> None:
    """A household has one head: the new one takes the place of the old."""
    if resident.is_head:
        return
    for other in resident.household.members:
        if other is not resident and other.is_head:
            other.is_head = False
    db.session.flush()  # the old head steps down first: the key allows one at a time
    resident.is_head = True


def _describe(resident: Resident, details: ResidentDetails) -> None:
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
    if details.citizen_number:
        resident.citizen_number_sealed = seal(details.citizen_number)
        resident.citizen_number_digest = keyed_digest(details.citizen_number, CITIZEN_NUMBER)
    elif details.citizen_number == "":
        resident.citizen_number_sealed = resident.citizen_number_digest = None


def _facts(resident: Resident) -> dict[str, Any]:
    """What an audit entry says of a person: of the citizen number never more than that it was changed."""
    return {
        "full_name": resident.full_name,
        "is_head": resident.is_head,
        "relation": resident.relation,
        "birth_year": resident.birth_year,
        "birth_date": resident.birth_date.isoformat() if resident.birth_date else None,
        "gender": resident.gender,
        "ethnic_group": resident.ethnic_group,
        "on_state_payroll": resident.on_state_payroll,
    }
