"""What was done with a household or a person, and which of it can be taken back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from eventmgr.accounts.models import User
from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.acts import Act
from eventmgr.core.audit import AuditEntry
from eventmgr.core.db import db
from eventmgr.core.errors import NotFound
from eventmgr.residents.models import Household, Resident

SHOWN = 30
"""How many entries a page lists."""

PHONE_ACTS = frozenset({"add_contact", "edit_contact", "remove_contact", "mark_phone_dead", "mark_phone_alive"})
"""Acts of those who may fix phones; all others are of those who keep the lists."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One entry of the audit about a record, and the act it belongs to."""

    at: datetime
    by: str  # empty: a command
    action: str
    record: str  # "resident:7"
    before: dict[str, Any]
    after: dict[str, Any]
    act: Act | None
    area_path: str  # where the act was done; empty without an act


def history_of(records: Collection[str], limit: int = SHOWN) -> list[HistoryEntry]:
    """What was done with these records, the latest first."""
    where = aliased(Area)
    rows = db.session.execute(
        sa.select(AuditEntry, User.full_name, Act, where.path)
        .outerjoin(User, User.id == AuditEntry.user_id)
        .outerjoin(Act, Act.id == AuditEntry.act_id)
        .outerjoin(where, where.id == Act.area_id)
        .where(AuditEntry.record.in_(records))
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    )
    return [
        HistoryEntry(
            entry.at, by or "", entry.action, entry.record, entry.before or {}, entry.after or {}, act, path or ""
        )
        for entry, by, act, path in rows
    ]


def records_of_household(household: Household) -> list[str]:
    """The names in the audit of a household and all who are, or were, its members."""
    return [f"household:{household.id}", *(f"resident:{member.id}" for member in household.members)]


def get_act_in(phones: Scope, lists: Scope, act_id: int) -> Act:
    """An act that this person could have done: where they may fix phones, or keep the lists. Raises NotFound."""
    about_phones = Act.action.in_(PHONE_ACTS)
    act = db.session.scalar(
        sa.select(Act)
        .join(Area, Area.id == Act.area_id)
        .where(
            Act.id == act_id,
            sa.or_(sa.and_(about_phones, phones.within(Area.path)), sa.and_(~about_phones, lists.within(Area.path))),
        )
    )
    if act is None:
        raise NotFound
    return act


def household_of_act(act_id: int) -> int | None:
    """A household whose page shows what an act was about; None if none of them is there any more."""
    records = db.session.scalars(
        sa.select(AuditEntry.record).where(AuditEntry.act_id == act_id).order_by(AuditEntry.id)
    ).all()
    for record in records:
        kind, _colon, row_id = record.partition(":")
        wanted = (
            sa.select(Household.id).where(Household.id == int(row_id))
            if kind == "household"
            else sa.select(Resident.household_id).where(Resident.id == int(row_id))
        )
        found = db.session.scalar(wanted)
        if found is not None:
            return found
    return None
