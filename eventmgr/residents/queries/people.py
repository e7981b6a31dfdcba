"""Reads of one household, person or phone, and of all that a commune has."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.db import db
from eventmgr.core.errors import NotFound
from eventmgr.residents.models import Contact, Household, PhoneState, Resident


def get_household_in(scope: Scope, household_id: int) -> Household:
    """The household with all that its page shows. Raises NotFound outside the scope."""
    household = db.session.scalar(
        sa.select(Household)
        .join(Household.hamlet)
        .where(Household.id == household_id, scope.within(Area.path))
        .options(
            contains_eager(Household.hamlet),
            joinedload(Household.commune),
            selectinload(Household.members),
            selectinload(Household.contacts).joinedload(Contact.resident),
            selectinload(Household.statuses),
        )
    )
    if household is None:
        raise NotFound
    return household


def get_resident_in(scope: Scope, resident_id: int) -> Resident:
    """The person, with the household. Raises NotFound outside the scope."""
    household_id = db.session.scalar(sa.select(Resident.household_id).where(Resident.id == resident_id))
    if household_id is None:
        raise NotFound
    household = get_household_in(scope, household_id)
    return next(member for member in household.members if member.id == resident_id)


def get_contact_in(scope: Scope, contact_id: int) -> Contact:
    """The contact, with its household. Raises NotFound outside the scope."""
    household_id = db.session.scalar(sa.select(Contact.household_id).where(Contact.id == contact_id))
    if household_id is None:
        raise NotFound
    household = get_household_in(scope, household_id)
    return next(contact for contact in household.contacts if contact.id == contact_id)


def phone_states(contacts: Iterable[Contact]) -> dict[str, PhoneState]:
    """What is known of these phones by themselves: who refused, which are dead."""
    rows = db.session.scalars(sa.select(PhoneState).where(PhoneState.phone.in_({c.phone for c in contacts})))
    return {state.phone: state for state in rows}


def find_merged_into(scope: Scope, row: Household | Resident) -> Household | Resident | None:
    """Where an entry that was written twice goes on; None if it was not, or outside the scope."""
    if row.merged_into_id is None:
        return None
    try:
        if isinstance(row, Household):
            return get_household_in(scope, row.merged_into_id)
        return get_resident_in(scope, row.merged_into_id)
    except NotFound:
        return None
