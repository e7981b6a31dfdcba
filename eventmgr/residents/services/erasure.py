"""Erasing a person: real and for good, not a flag. What stays are counts, decisions and the papers that were signed.

Source: Luật 91/2025/QH15 and Nghị định 356/2025/NĐ-CP: what is erased cannot be brought back. The row of the person
stays as a number without anything said of it, since attendances are counted by it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.core import registry
from eventmgr.core.acts import Act, forget_changes
from eventmgr.core.audit import AuditEntry, record_audit
from eventmgr.core.clock import local_day
from eventmgr.core.db import after_commit, change_rows, db
from eventmgr.core.errors import Conflict, RuleBroken
from eventmgr.core.files import StoredFile, remove_bytes
from eventmgr.core.jobs import Job
from eventmgr.core.text import clean_text, loose_match_key
from eventmgr.residents.models import (
    Consent,
    DataRequest,
    Guest,
    Household,
    ImportChange,
    ListImport,
    Person,
    PhoneWish,
    Resident,
)
from eventmgr.residents.phones import forget_phones
from eventmgr.residents.queries.erasing import (
    contacts_to_erase,
    holds_any,
    is_last_of_household,
    phones_to_erase,
    spellings_of,
    without,
)
from eventmgr.residents.rights import ERASED
from eventmgr.residents.services.holding import hold
from eventmgr.residents.services.undoing import forget_acts_about
from eventmgr.residents.values import Gender


class NameDiffers(RuleBroken):
    """What was typed to confirm is not the name."""

    code = "name_differs"
    sentence = _("This is not the person's name. Type it as it stands above.")


class ErasedAlready(Conflict):
    """Nothing is left to erase."""

    code = "erased_already"
    sentence = _("This person has been erased already.")


def erase_person(person: Person, typed_name: str, ground: str, *, by: Any, now: datetime) -> None:
    """Take a person out of every room, for good.

    `typed_name` confirms; `ground` is kept and must not name anybody. Raises NameDiffers, ErasedAlready, and what the
    rooms raise while a message to the person is on its way.
    """
    hold(person)
    if person.erased_at is not None:
        raise ErasedAlready
    if loose_match_key(typed_name) != loose_match_key(person.full_name):
        raise NameDiffers
    if isinstance(person, Guest):
        erase_guest(person, ground, by=by, now=now)
    else:
        erase_resident(person, ground, by=by, now=now)


def erase_guest(guest: Guest, ground: str, *, by: Any, now: datetime) -> None:
    """As `erase_person`, without asking again."""
    phones = phones_to_erase(guest)
    words = spellings_of(guest, phones)
    registry.erase(guest.subject, now)
    _erase_dealings(guest)
    _redact_audit([guest.subject.record], words)
    _forget_phones(phones)
    _blank_guest(guest, now)
    _remember(guest, ground, by, now)


def erase_resident(resident: Resident, ground: str, *, by: Any, now: datetime) -> None:
    """As `erase_person`, without asking again: for the rule on people who left."""
    hold(resident)
    for twin in db.session.scalars(
        sa.select(Resident).where(Resident.merged_into_id == resident.id, Resident.erased_at.is_(None))
    ).all():
        erase_resident(twin, ground, by=by, now=now)  # the same person, written down twice
    phones = phones_to_erase(resident)
    words = spellings_of(resident, phones)
    household = resident.household
    forget_acts_about([resident.subject.record, f"household:{household.id}"])
    forget_changes(db.session.scalars(sa.select(Act.id).where(holds_any(Act.changes, words))).all())
    # The rooms above first: they ask who the person was.
    registry.erase(resident.subject, now)
    _erase_dealings(resident)
    _redact_audit([resident.subject.record, f"household:{household.id}"], words)
    _redact_imports(resident, words)
    alone = is_last_of_household(resident)
    for contact in contacts_to_erase(resident):
        db.session.delete(contact)
    db.session.flush()
    _forget_phones(phones)
    _blank(resident, now)
    if alone:
        _blank_household(household, now)
    db.session.flush()
    db.session.expire(household)
    _remember(resident, ground, by, now)


def _remember(person: Person, ground: str, by: Any, now: datetime) -> None:
    """That somebody was erased stays provable; whoever restores a back-up goes by it."""
    db.session.flush()
    record_audit(
        f"erase_{person.subject.kind}",
        person.subject.record,
        by=by,
        now=now,
        area_id=person.home.id,
        after={"ground": clean_text(ground)},
    )


def _blank(resident: Resident, now: datetime) -> None:
    resident.full_name = ERASED
    resident.name_search = resident.name_sort = ""
    resident.relation = resident.ethnic_group = resident.preferred_language = ""
    resident.birth_year = resident.birth_date = None
    resident.gender = Gender.UNKNOWN
    resident.on_state_payroll = resident.is_head = False
    resident.citizen_number_sealed = resident.citizen_number_digest = None
    resident.left_on = resident.left_on or local_day(now)
    resident.erased_at = now


def _blank_guest(guest: Guest, now: datetime) -> None:
    guest.full_name = ERASED
    guest.name_search = guest.name_sort = ""
    guest.title = guest.organisation = guest.ethnic_group = ""
    guest.phone = None
    guest.gender = Gender.UNKNOWN
    guest.on_state_payroll = False
    guest.erased_at = now


def _blank_household(household: Household, now: datetime) -> None:
    household.code = None
    household.ethnic_group = household.address_note = household.text_language = ""
    household.list_order = None
    household.left_on = household.left_on or local_day(now)


def _forget_phones(phones: Collection[str]) -> None:
    forget_phones(phones)
    change_rows(sa.delete(PhoneWish).where(PhoneWish.phone.in_(phones)))


def _erase_dealings(person: Person) -> None:
    """Consents go with what proved them. That somebody asked, and until when it was done, must be provable; who it was
    and what they said need not."""
    key = person.subject.key
    _erase_consents(db.session.scalars(sa.select(Consent).filter_by(**key)).all())
    for request in db.session.scalars(sa.select(DataRequest).filter_by(**key)):
        request.requester, request.relation, request.wording, request.outcome = ERASED, "", "", ""
        request.extension_reason = ""


def _erase_consents(consents: Sequence[Consent]) -> None:
    files = [consent.file_id for consent in consents if consent.file_id]
    for consent in consents:
        db.session.delete(consent)
    db.session.flush()
    for row in db.session.scalars(sa.select(StoredFile).where(StoredFile.id.in_(files))).all():
        digest = row.hash
        db.session.delete(row)
        db.session.flush()
        after_commit(lambda digest=digest: remove_bytes(digest))  # type: ignore[misc]


def _redact_audit(records: Sequence[str], words: Collection[str]) -> None:
    """The audit still says who did what and when; before and after no longer say what stood there.

    `records`: the person, then what the person shares with others; entries about other people are left alone.
    """
    own = AuditEntry.record == records[0]
    change_rows(sa.update(AuditEntry).where(own).values(before=sa.null(), after=sa.null()))
    of_others = sa.and_(
        sa.or_(*(AuditEntry.record.startswith(kind) for kind in ("resident:", "household:", "guest:"))),
        AuditEntry.record.not_in(records),
    )
    held = sa.or_(holds_any(AuditEntry.before, words), holds_any(AuditEntry.after, words))
    for entry in db.session.scalars(sa.select(AuditEntry).where(~of_others, held)):
        entry.before, entry.after = without(entry.before, words, ERASED), without(entry.after, words, ERASED)


def _redact_imports(resident: Resident, words: Collection[str]) -> None:
    """What was answered and changed while lists were taken in. The lists themselves have a rule of their own."""
    own = sa.and_(ImportChange.record == "resident", ImportChange.record_id == resident.id)
    named = sa.or_(ImportChange.before.in_(words), ImportChange.after.in_(words))
    change_rows(sa.delete(ImportChange).where(sa.or_(own, named)))
    for model, columns in (
        (ListImport, ("reading", "decisions", "corrections", "changes", "outcome")),
        (Job, ("arguments", "result", "error_facts")),
    ):
        held = sa.or_(*(holds_any(getattr(model, column), words) for column in columns))
        for row in db.session.scalars(sa.select(model).where(held)):
            for column in columns:
                setattr(row, column, without(getattr(row, column), words, ERASED))
