"""Phones whose owners want no texts of ours, told to an officer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from eventmgr.core.audit import record_audit
from eventmgr.core.db import db
from eventmgr.core.text import clean_text
from eventmgr.residents import phones
from eventmgr.residents.models import Contact, Guest, PhoneWish
from eventmgr.residents.rights import Evidence, Statement
from eventmgr.residents.services.consents import NotProvable, refuse_future


def refuse_texts(line: Contact | Guest, said: Statement, *, by: Any, now: datetime) -> None:
    """The owner of a household's or a guest's phone wants no texts: none goes out to it from now on, whoever it serves.

    A word is enough. Raises NotYet.
    """
    refuse_future(said.said_on, now)
    phones.opt_out(_phone(line), "officer", now)
    _file(line, said, takes_texts=False, by=by, now=now)


def welcome_texts(line: Contact | Guest, said: Statement, *, by: Any, now: datetime) -> None:
    """The owner wants texts again, and that can be shown. Raises NotProvable, NotYet."""
    refuse_future(said.said_on, now)
    if said.evidence is Evidence.IN_PERSON or not clean_text(said.note):
        raise NotProvable
    phones.opt_in(_phone(line))
    _file(line, said, takes_texts=True, by=by, now=now)


def _phone(line: Contact | Guest) -> str:
    assert line.phone is not None
    return line.phone


def _file(line: Contact | Guest, said: Statement, *, takes_texts: bool, by: Any, now: datetime) -> None:
    wish = PhoneWish(
        phone=_phone(line),
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
        line.subject.record if isinstance(line, Guest) else f"household:{line.household_id}",
        by=by,
        now=now,
        area_id=line.area_id if isinstance(line, Guest) else line.household.hamlet_id,
        after={"phone_wish_id": wish.id},
    )
