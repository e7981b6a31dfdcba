"""Consent: a yes to one purpose, with what proves it, that can be taken back at any time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.core.audit import record_audit
from eventmgr.core.clock import local_day
from eventmgr.core.db import db
from eventmgr.core.errors import Conflict, RuleBroken
from eventmgr.core.text import clean_text
from eventmgr.residents import phones
from eventmgr.residents.models import Consent, Person
from eventmgr.residents.queries.rights import phones_of_person
from eventmgr.residents.rights import CONSENT_EVIDENCE, Purpose, Statement


class ConsentStands(Conflict):
    """A person consents to a purpose once."""

    code = "consent_stands"
    sentence = _("This consent is on file already. Withdraw it first if it has changed.")


class ConsentWithdrawn(Conflict):
    """It was withdrawn in the meantime."""

    code = "consent_withdrawn"
    sentence = _("This consent was withdrawn already.")


class NotProvable(RuleBroken):
    """A consent must be provable (Luật 91/2025/QH15, Điều 9)."""

    code = "not_provable"
    sentence = _("Say what proves it: where the paper lies, which call or message, or add the file.")


class NotYet(RuleBroken):
    """A day that has not come."""

    code = "not_yet"
    sentence = _("This day has not come yet.")


def give_consent(person: Person, purpose: Purpose, said: Statement, *, by: Any, now: datetime) -> Consent:
    """Keep a person's yes to one purpose. Raises ConsentStands, NotProvable, NotYet."""
    refuse_future(said.said_on, now)
    note = clean_text(said.note)
    if said.evidence not in CONSENT_EVIDENCE or not (note or said.file_id):
        raise NotProvable
    key = person.subject.key
    standing = sa.select(Consent.id).filter_by(**key, purpose=purpose, withdrawn_on=None)
    if db.session.scalar(standing) is not None:
        raise ConsentStands
    consent = Consent(
        **key,
        purpose=purpose,
        evidence=said.evidence,
        given_on=said.said_on,
        note=note,
        file_id=said.file_id,
        recorded_by_id=getattr(by, "id", None),
        recorded_at=now,
    )
    db.session.add(consent)
    db.session.flush()
    _audit("give_consent", consent, person, by, now)
    return consent


def withdraw_consent(consent: Consent, said: Statement, *, by: Any, now: datetime) -> None:
    """A person takes a yes back: as easily as it was given, a word to the officer is enough.

    Taking back the one for texts stops them to the person's own phones. Raises ConsentWithdrawn, NotYet.
    """
    refuse_future(said.said_on, now)
    if consent.withdrawn_on is not None:
        raise ConsentWithdrawn
    consent.withdrawn_on = said.said_on
    consent.withdrawn_evidence = said.evidence
    consent.withdrawn_note = clean_text(said.note)
    consent.withdrawn_by_id = getattr(by, "id", None)
    consent.withdrawn_at = now
    db.session.flush()
    if consent.purpose is Purpose.SMS:
        for phone in phones_of_person(consent.person.subject):
            phones.opt_out(phone, "officer", now)
    _audit("withdraw_consent", consent, consent.person, by, now)


def refuse_future(day: date, now: datetime) -> None:
    """Raises NotYet for a day after today."""
    if day > local_day(now):
        raise NotYet


def _audit(action: str, consent: Consent, person: Person, by: Any, now: datetime) -> None:
    record_audit(
        action,
        person.subject.record,
        by=by,
        now=now,
        area_id=person.home.id,
        after={"consent_id": consent.id, "purpose": consent.purpose.value},
    )
