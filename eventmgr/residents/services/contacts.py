"""The phones by which households are reached."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _

from eventmgr.core.acts import undoable
from eventmgr.core.audit import record_audit, record_change
from eventmgr.core.db import db
from eventmgr.core.errors import Conflict
from eventmgr.core.phone import parse_phone
from eventmgr.core.text import clean_text
from eventmgr.residents.finding import index_phone
from eventmgr.residents.models import Contact, Household, PhoneState
from eventmgr.residents.phones import recall_refusals
from eventmgr.residents.services.versions import refuse_overtaken
from eventmgr.residents.values import ContactDetails, PhoneOwner


class ContactTwice(Conflict):
    """The household has this phone already."""

    code = "contact_twice"
    sentence = _("This household already has the phone number %(phone)s.")


def add_contact(household: Household, details: ContactDetails, *, by: Any, now: datetime) -> Contact:
    """Add a phone by which a household is reached. Raises InvalidPhone, ContactTwice."""
    with undoable("add_contact", by=by, now=now, area_id=household.hamlet_id):
        contact = Contact(position=next_position(household))
        with db.session.no_autoflush:
            _describe(contact, household, details)
        household.contacts.append(contact)
        _put_first(contact, household, details)
        db.session.flush()
        recall_refusals([contact.phone])
        _record("add_contact", contact, by, now, after={"phone": contact.phone})
    return contact


def edit_contact(
    contact: Contact, details: ContactDetails, *, row_version: int | None = None, by: Any, now: datetime
) -> None:
    """Change a phone or whose it is. `row_version` is what the form was made from.

    Raises InvalidPhone, ContactTwice, Overtaken.
    """
    refuse_overtaken(contact, row_version)
    household = contact.household
    before = _facts(contact)
    with undoable("edit_contact", by=by, now=now, area_id=household.hamlet_id):
        with db.session.no_autoflush:
            _describe(contact, household, details)
        _put_first(contact, household, details)
        db.session.flush()
        recall_refusals([contact.phone])
        record_change(
            "edit_contact",
            f"household:{household.id}",
            before,
            _facts(contact),
            by=by,
            now=now,
            area_id=household.hamlet_id,
        )


def remove_contact(contact: Contact, *, by: Any, now: datetime) -> None:
    """Take a phone away from a household, as it is not theirs; what is known of the phone itself stays."""
    household = contact.household
    with undoable("remove_contact", by=by, now=now, area_id=household.hamlet_id):
        _record("remove_contact", contact, by, now, before={"phone": contact.phone})
        household.contacts.remove(contact)
        db.session.delete(contact)
        db.session.flush()


def mark_phone_dead(contact: Contact, *, by: Any, now: datetime) -> None:
    """The number reaches nobody any more: no texts go to it, whoever it serves."""
    with undoable("mark_phone_dead", by=by, now=now, area_id=contact.household.hamlet_id):
        state = _state_of(contact.phone)
        if state.dead_at is None:
            state.dead_at = now
            db.session.flush()
            index_phone(contact.phone)
            _record("mark_phone_dead", contact, by, now, after={"phone": contact.phone})
        db.session.flush()


def mark_phone_alive(contact: Contact, *, by: Any, now: datetime) -> None:
    """The number was called and answered: texts may go to it again."""
    with undoable("mark_phone_alive", by=by, now=now, area_id=contact.household.hamlet_id):
        state = _state_of(contact.phone)
        if state.dead_at is not None:
            state.dead_at = None
            db.session.flush()
            index_phone(contact.phone)
            _record("mark_phone_alive", contact, by, now, after={"phone": contact.phone})
        db.session.flush()


def next_position(household: Household) -> int:
    """The place behind all phones a household has."""
    return max((known.position for known in household.contacts), default=-1) + 1


def _state_of(phone: str) -> PhoneState:
    state = db.session.get(PhoneState, phone)
    if state is None:
        state = PhoneState(phone=phone, opted_out_how="", last_outcome="")
        db.session.add(state)
    return state


def _describe(contact: Contact, household: Household, details: ContactDetails) -> None:
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


def _facts(contact: Contact) -> dict[str, Any]:
    return {"phone": contact.phone, "owner": contact.owner, "owner_note": contact.owner_note}


def _record(action: str, contact: Contact, by: Any, now: datetime, **facts: Any) -> None:
    household = contact.household
    record_audit(action, f"household:{household.id}", by=by, now=now, area_id=household.hamlet_id, **facts)
