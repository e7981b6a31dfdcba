"""Whom a text of the outbox was for."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.core.db import among, db
from eventmgr.core.registry import Addressee
from eventmgr.core.text import display_name
from eventmgr.meetings.models import Invitation
from eventmgr.meetings.queries.audience import invitation_ids_in, key_of
from eventmgr.residents.models import Guest, Household, Resident


def addressees_of(keys: Collection[str]) -> dict[str, Addressee]:
    """The household or the guest behind each of these keys that is an invitation's."""
    rows = db.session.execute(
        sa.select(
            Invitation.id,
            sa.func.coalesce(Resident.full_name, Guest.full_name, ""),
            sa.func.coalesce(Household.code, ""),
            sa.func.coalesce(Area.name, ""),
        )
        .outerjoin(Household, Household.id == Invitation.household_id)
        .outerjoin(Area, Area.id == Household.hamlet_id)
        .outerjoin(Resident, sa.and_(Resident.household_id == Household.id, Resident.is_head))
        .outerjoin(Guest, Guest.id == Invitation.guest_id)
        .where(among(Invitation.id, invitation_ids_in(keys)))
    )
    return {key_of(number): Addressee(display_name(name), code, hamlet) for number, name, code, hamlet in rows}
