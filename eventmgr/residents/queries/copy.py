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
from eventmgr.core.registry import Section, Subject, SubjectKind
from eventmgr.residents.history import ACTIONS
from eventmgr.residents.models import Guest, Household, PhoneState, Resident
from eventmgr.residents.queries.citizen_numbers import read_citizen_number
from eventmgr.residents.queries.erasing import get_person
from eventmgr.residents.queries.rights import consents_of, requests_of, who_looked
from eventmgr.residents.rights_words import ACCESS_WORDS, EVIDENCE, PURPOSES, REQUEST_KINDS, REQUEST_STATES
from eventmgr.residents.words import GENDERS, PHONE_OWNERS, POVERTY_CLASSES

MOST_LOOKS = 200


def export(subject: Subject) -> list[Section]:
    """Who the person is to us, with household, phones and classes, what they agreed to and asked, who looked, and which
    changes were made."""
    return [
        *(_about_guest(subject) if subject.kind is SubjectKind.GUEST else _about_resident(subject)),
        *_dealings(subject),
    ]


def _about_guest(subject: Subject) -> list[Section]:
    guest = db.session.get_one(Guest, subject.id, options=[joinedload(Guest.area)])
    rows = (
        (_("Full name"), guest.full_name),
        (_("Title"), guest.title),
        (_("Organisation"), guest.organisation),
        (_("Phone"), _about_phone(guest.phone, national_form(guest.phone)) if guest.phone else ""),
        (_("Gender"), str(GENDERS[guest.gender])),
        (_("Ethnic group"), guest.ethnic_group),
        (_("Draws a state salary"), _("yes") if guest.on_state_payroll else _("no")),
        (_("Guest of"), guest.area.full_name),
        (_("On the lists since"), _moment(guest.created_at)),
    )
    return [Section(_("The guest"), rows)]


def _about_resident(subject: Subject) -> list[Section]:
    resident = db.session.scalars(
        sa.select(Resident)
        .where(Resident.id == subject.id)
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
    ]


def _dealings(subject: Subject) -> list[Section]:
    """What was agreed, asked, changed and looked at."""
    return [
        Section(_("Consents"), _consents(subject)),
        Section(
            _("Requests"),
            tuple(
                (
                    f"{_day(row.received_on)}, {REQUEST_KINDS[row.kind]}",
                    f"{REQUEST_STATES[row.state]} {row.outcome}".strip(),
                )
                for row in requests_of(subject)
            ),
        ),
        Section(_("Changes on record"), _changes(subject)),
        Section(_("Who looked"), _looks(subject)),
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
        (_("Language of texts"), household.text_language),
        (_("Members"), str(sum(member.left_on is None for member in household.members))),
    )


def _about_phone(phone: str, told: str) -> str:
    """Said of a phone by one word or number, and that it refused."""
    return "; ".join(filter(None, (told, _refusal_of(phone))))


def _refusal_of(phone: str) -> str:
    state = db.session.get(PhoneState, phone)
    if state is None or state.opted_out_at is None:
        return ""
    return _("takes no texts since %(day)s", day=_moment(state.opted_out_at))


def _consents(subject: Subject) -> tuple[tuple[str, str], ...]:
    rows = []
    for consent in consents_of(subject):
        told = f"{_day(consent.given_on)}, {EVIDENCE[consent.evidence]} {consent.note}".strip()
        if consent.withdrawn_on:
            told += "; " + _("withdrawn on %(day)s", day=_day(consent.withdrawn_on))
        rows.append((str(PURPOSES[consent.purpose]), told))
    return tuple(rows)


def _changes(subject: Subject) -> tuple[tuple[str, str], ...]:
    """What was done with the person's record, and when."""
    entries = db.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.record == subject.record).order_by(AuditEntry.id)
    )
    return tuple((_moment(entry.at), str(ACTIONS.get(entry.action, entry.action))) for entry in entries)


def _looks(subject: Subject) -> tuple[tuple[str, str], ...]:
    looks, _more = who_looked(get_person(subject), limit=MOST_LOOKS)
    device = _("a paired phone")
    return tuple(
        (_moment(look.entry.at), f"{look.user or device}: {ACCESS_WORDS.get(look.entry.what, look.entry.what)}")
        for look in looks
    )


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _moment(instant: datetime) -> str:
    return f"{local(instant):%d/%m/%Y %H:%M}"
