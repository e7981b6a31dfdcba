"""The copy a person gets of what is kept of them: this room's part."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from eventmgr.core.audit import AuditEntry
from eventmgr.core.clock import local
from eventmgr.core.db import db
from eventmgr.core.phone import national_form
from eventmgr.core.registry import Section
from eventmgr.residents.history import ACTIONS
from eventmgr.residents.models import Household, PhoneState, Resident
from eventmgr.residents.queries.citizen_numbers import read_citizen_number
from eventmgr.residents.queries.rights import consents_of, requests_of, who_looked
from eventmgr.residents.rights_words import ACCESS_WORDS, EVIDENCE, PURPOSES, REQUEST_KINDS, REQUEST_STATES
from eventmgr.residents.words import GENDERS, PHONE_OWNERS, POVERTY_CLASSES

MOST_LOOKS = 200


def export_resident(resident_id: int) -> list[Section]:
    """Who the person is to us, the household, phones and classes, what they agreed to and asked, who looked, and which
    changes were made."""
    resident = db.session.scalars(
        sa.select(Resident)
        .where(Resident.id == resident_id)
        .options(
            joinedload(Resident.household).joinedload(Household.hamlet),
            joinedload(Resident.household).selectinload(Household.contacts),
            joinedload(Resident.household).selectinload(Household.statuses),
            joinedload(Resident.household).selectinload(Household.members),
        )
    ).one()
    household = resident.household
    return [
        Section(_("The person"), _person(resident)),
        Section(_("The household"), _household(household)),
        Section(
            _("Phones of the household"),
            tuple(
                (national_form(contact.phone), _about_phone(contact.phone, str(PHONE_OWNERS[contact.owner])))
                for contact in household.contacts
            ),
        ),
        Section(
            _("Poverty class over the years"),
            tuple(
                (f"{row.year}, {row.decision}", str(POVERTY_CLASSES[row.poverty_class])) for row in household.statuses
            ),
        ),
        Section(_("Consents"), _consents(resident_id)),
        Section(
            _("Requests"),
            tuple(
                (
                    f"{_day(row.received_on)}, {REQUEST_KINDS[row.kind]}",
                    f"{REQUEST_STATES[row.state]} {row.outcome}".strip(),
                )
                for row in requests_of(resident_id)
            ),
        ),
        Section(_("Changes on record"), _changes(resident)),
        Section(_("Who looked"), _looks(resident)),
    ]


def _person(resident: Resident) -> tuple[tuple[str, str], ...]:
    number = read_citizen_number(resident) if resident.citizen_number_sealed else ""
    birth = _day(resident.birth_date) if resident.birth_date else str(resident.birth_year or "")
    return (
        (_("Full name"), resident.full_name),
        (_("Birth"), birth),
        (_("Gender"), str(GENDERS[resident.gender])),
        (_("Relation to the head"), resident.relation),
        (_("Ethnic group"), resident.ethnic_group),
        (_("Citizen number"), number),
        (_("Draws a state salary"), _("yes") if resident.on_state_payroll else _("no")),
        (_("On the lists since"), _moment(resident.created_at)),
        (_("Moved away on"), _day(resident.left_on) if resident.left_on else ""),
    )


def _household(household: Household) -> tuple[tuple[str, str], ...]:
    return (
        (_("Hamlet"), household.hamlet.full_name),
        (_("Household code"), household.code or ""),
        (_("Ethnic group"), household.ethnic_group),
        (_("How to find the house"), household.address_note),
        (_("Members"), str(sum(member.left_on is None for member in household.members))),
    )


def _about_phone(phone: str, owner: str) -> str:
    state = db.session.get(PhoneState, phone)
    if state is not None and state.opted_out_at is not None:
        refused = _("takes no texts since %(day)s", day=_moment(state.opted_out_at))
        return f"{owner}; {refused}"
    return owner


def _consents(resident_id: int) -> tuple[tuple[str, str], ...]:
    rows = []
    for consent in consents_of(resident_id):
        told = f"{_day(consent.given_on)}, {EVIDENCE[consent.evidence]} {consent.note}".strip()
        if consent.withdrawn_on:
            told += "; " + _("withdrawn on %(day)s", day=_day(consent.withdrawn_on))
        rows.append((str(PURPOSES[consent.purpose]), told))
    return tuple(rows)


def _changes(resident: Resident) -> tuple[tuple[str, str], ...]:
    """What was done with the person's record, and when."""
    entries = db.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.record == f"resident:{resident.id}").order_by(AuditEntry.id)
    )
    return tuple((_moment(entry.at), str(ACTIONS.get(entry.action, entry.action))) for entry in entries)


def _looks(resident: Resident) -> tuple[tuple[str, str], ...]:
    looks, _more = who_looked(resident, limit=MOST_LOOKS)
    device = _("a paired phone")
    return tuple(
        (_moment(look.entry.at), f"{look.user or device}: {ACCESS_WORDS.get(look.entry.what, look.entry.what)}")
        for look in looks
    )


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _moment(instant: datetime) -> str:
    return f"{local(instant):%d/%m/%Y %H:%M}"
