"""Taking an act back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.areas.queries import commune_of
from eventmgr.core.acts import Act, forget_changes, undo_changes
from eventmgr.core.audit import AuditEntry, record_audit
from eventmgr.core.db import db, locked
from eventmgr.residents.finding import index_households, index_phone
from eventmgr.residents.models import Contact, Resident
from eventmgr.residents.services.holding import hold_commune


def undo_act(act: Act, *, by: Any, now: datetime) -> None:
    """Bring back exactly what was before an act, and say so in the history of all it was about.

    Raises TooLateToUndo, ChangedSince.
    """
    act_id = act.id
    if act.area_id is not None:
        hold_commune(commune_of(db.session.get_one(Area, act.area_id)).id)
    db.session.execute(locked(sa.select(Act).where(Act.id == act_id)))  # two undo at once: the second comes too late
    changes = list(act.changes)
    undo_changes(act, now)
    _index_anew(changes)
    entries = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.act_id == act_id).order_by(AuditEntry.id))
    told = set()
    for entry in entries.all():
        if entry.record not in told:
            told.add(entry.record)
            record_audit("undo", entry.record, by=by, now=now, area_id=entry.area_id, after={"action": entry.action})
    db.session.flush()


def forget_acts_about(records: Collection[str]) -> None:
    """What acts about these records ("resident:7") changed is forgotten: nothing of an erased person comes back."""
    acts = sa.select(AuditEntry.act_id).where(AuditEntry.record.in_(records), AuditEntry.act_id.is_not(None))
    forget_changes(db.session.scalars(acts.distinct()).all())


def _index_anew(changes: Sequence[Mapping[str, Any]]) -> None:
    """What was brought back past the session is found again as it was."""
    household_ids: set[int | None] = set()
    for change in changes:
        if change["table"] == "household":
            household_ids.add(change["key"]["id"])
        elif change["table"] == "phone_state":
            index_phone(change["key"]["phone"])
        for side in ("before", "after"):
            household_ids.add((change[side] or {}).get("household_id"))
    residents = [change["key"]["id"] for change in changes if change["table"] == "resident"]
    household_ids.update(db.session.scalars(sa.select(Resident.household_id).where(Resident.id.in_(residents))))
    contacts = [change["key"]["id"] for change in changes if change["table"] == "contact"]
    household_ids.update(db.session.scalars(sa.select(Contact.household_id).where(Contact.id.in_(contacts))))
    index_households({household_id for household_id in household_ids if household_id is not None})
