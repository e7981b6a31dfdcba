"""Guests: cadres, speakers, people of related organisations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from eventmgr.areas.models import Area
from eventmgr.core.audit import record_audit
from eventmgr.core.db import db
from eventmgr.core.phone import parse_phone
from eventmgr.core.text import clean_text
from eventmgr.residents.models import Guest
from eventmgr.residents.phones import recall_refusals
from eventmgr.residents.services.residents import NameMissing, name_columns
from eventmgr.residents.values import GuestDetails


def add_guest(area: Area, details: GuestDetails, *, by: Any, now: datetime) -> Guest:
    """Add a guest to an area. Raises NameMissing, InvalidPhone."""
    guest = Guest(area=area, created_at=now)
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
    if phone:
        recall_refusals([phone])
    guest.gender = details.gender
    guest.ethnic_group = clean_text(details.ethnic_group)
    guest.on_state_payroll = details.on_state_payroll
