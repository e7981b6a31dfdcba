"""Whom no text reaches: the list to call from, in walking order."""

from __future__ import annotations

from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.db import db
from eventmgr.core.phone import masked_form
from eventmgr.core.text import display_name
from eventmgr.residents.models import Contact, Household, PhoneState
from eventmgr.residents.queries.territory import territory_of
from eventmgr.residents.values import CallLine, CallPhone, CallSheet, HouseholdFilter, Reach


def call_list(scope: Scope, phones: Scope, wanted: HouseholdFilter) -> list[CallSheet]:
    """Whom no text reaches in the place that is wanted: by hamlet, then as the office's list has them.

    Empty above communes: nobody walks through a province. `phones` is where the reader may see numbers.
    """
    territory = territory_of(scope, wanted)
    if not territory.is_local:
        return []
    households = db.session.scalars(
        sa.select(Household)
        .join(Household.hamlet)
        .where(territory.holds(), Household.left_on.is_(None), Household.reach != Reach.SMS)
        .options(joinedload(Household.hamlet), joinedload(Household.head), selectinload(Household.contacts))
        .order_by(Area.name_sort, Area.id, Household.list_order.is_(None), Household.list_order, Household.id)
    ).unique()
    found = list(households)
    dead = _dead_phones(found)
    return [
        CallSheet(hamlet.name, tuple(_line(household, phones, dead) for household in of_hamlet))
        for hamlet, of_hamlet in groupby(found, key=lambda household: household.hamlet)
    ]


def _dead_phones(households: list[Household]) -> set[str]:
    ids = [household.id for household in households]
    dead = (
        sa.select(Contact.phone)
        .join(PhoneState, PhoneState.phone == Contact.phone)
        .where(Contact.household_id.in_(ids), PhoneState.dead_at.is_not(None))
    )
    return set(db.session.scalars(dead))


def _line(household: Household, phones: Scope, dead: set[str]) -> CallLine:
    seen = phones.covers(household.hamlet.path)
    return CallLine(
        household_id=household.id,
        head=display_name(household.head.full_name) if household.head else "",
        address_note=household.address_note,
        phones=tuple(
            CallPhone(
                contact.phone if seen else masked_form(contact.phone), contact.owner_note, dead=contact.phone in dead
            )
            for contact in household.contacts
        ),
    )
