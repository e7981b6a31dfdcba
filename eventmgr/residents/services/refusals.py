"""Phones whose owners want no texts of ours, told to an officer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from eventmgr.core.audit import record_audit
from eventmgr.core.db import db
from eventmgr.core.text import clean_text
from eventmgr.residents import phones
from eventmgr.residents.models import Contact, PhoneWish
from eventmgr.residents.rights import Evidence, Statement
from eventmgr.residents.services.consents import NotProvable, refuse_future


def refuse_texts(contact: Contact, said: Statement, *, by: Any, now: datetime) -> None:
    """The owner of a household's phone wants no texts: none goes out to it from now on, whoever it serves.

    A word is enough. Raises NotYet.
    """
    refuse_future(said.said_on, now)
    phones.opt_out(contact.phone, "officer", now)
    _file(contact, said, takes_texts=False, by=by, now=now)


def welcome_texts(contact: Contact, said: Statement, *, by: Any, now: datetime) -> None:
    """The owner wants texts again, and that can be shown. Raises NotProvable, NotYet."""
    refuse_future(said.said_on, now)
    if said.evidence is Evidence.IN_PERSON or not clean_text(said.note):
        raise NotProvable
    phones.opt_in(contact.phone)
    _file(contact, said, takes_texts=True, by=by, now=now)


def _file(contact: Contact, said: Statement, *, takes_texts: bool, by: Any, now: datetime) -> None:
    wish = PhoneWish(
        phone=contact.phone,
        takes_texts=takes_texts,
        evidence=said.evidence,
        said_on=said.said_on,
        note=clean_text(said.note),
        recorded_by_id=getattr(by, "id", None),
        recorded_at=now,
    )
    db.session.add(wish)
    db.session.flush()
    record_audit(
        "welcome_texts" if takes_texts else "refuse_texts",
        f"household:{contact.household_id}",
        by=by,
        now=now,
        area_id=contact.household.hamlet_id,
        after={"phone_wish_id": wish.id},
    )
