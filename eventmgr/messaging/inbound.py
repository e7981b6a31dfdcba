"""Texts that people send to us, where a gateway takes them: done where it is clear what is meant, else for a person."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.core import registry
from eventmgr.core.access import Scope
from eventmgr.core.audit import record_audit
from eventmgr.core.db import db, insert_ignoring
from eventmgr.core.errors import NotFound
from eventmgr.core.phone import find_phone
from eventmgr.core.text import clean_text, search_key
from eventmgr.messaging.gateways.base import InboundSms
from eventmgr.messaging.models import Batch, InboundText, Message
from eventmgr.messaging.values import Wish
from eventmgr.residents import phones
from eventmgr.residents.models import Contact, Household

LONGEST = 2000
"""Characters kept of one text: more than any phone sends."""

# Whole texts, folded: without marks, case and punctuation, as people type them on old phones. What folding makes
# doubtful is left to a person: dừng and đúng are both "dung", bận and bạn both "ban".
_GO = "di|den|du|tham du|tham gia|co mat"
_WHO = "toi|minh|em|con|chau|bac|anh|chi|ong|ba|nha toi|nha em|gia dinh|gia dinh toi|gia dinh em|ca nha|chung toi"
_YES = "(so )?1|co|ok|oke|okay|okie|yes|dong y|nhat tri"
_COMING = f"(({_WHO}) )?(se ({_GO})|co ({_GO})|({_GO}) duoc|tham du|tham gia)|({_WHO}) ({_GO})"
_NO = "(so )?2|khong|ko|kg"
_NOT_COMING = (
    f"(({_WHO}) )?((khong|ko|kg|k)( the)? ({_GO})( duoc)?|chua ({_GO}) duoc)( roi)?"
    f"|(({_WHO}) )?xin vang( mat)?|vang mat"
)
_PLEASE = "( (a|nhe|nha|nghe)( (em|anh|chi|bac|chu|can bo))?){0,2}( cam on( a| em| anh| chi| can bo)?)?"
_SHAPES = {
    Wish.STOP: f"huy|(stop|tu choi|(huy|tu choi|khong|dung) nhan( tin)?( nua)?){_PLEASE}",
    Wish.START: f"(start|nhan lai|nhan tin( lai)?){_PLEASE}",
    Wish.COMING: f"da vang{_PLEASE}|vang a{_PLEASE}|(da )?(({_YES})( ({_YES}|vang|{_COMING}|{_GO}))?|{_COMING}){_PLEASE}",
    Wish.NOT_COMING: f"(da )?(({_NO})( ({_NOT_COMING}))?|{_NOT_COMING}){_PLEASE}",
}
_WISHES = {wish: re.compile(shape) for wish, shape in _SHAPES.items()}
_WITH_MARKS = {"vâng": Wish.COMING, "vắng": Wish.NOT_COMING}
"""Words that say clearly with their marks what they leave open without them."""
_NOT_LETTERS = re.compile(r"[^a-z0-9]+")


def read_wish(text: str) -> Wish:
    """What a text asks for: whole texts only, whatever their marks, case and punctuation; a question never.

    "Huy" is a name as well, so a sentence that begins with it is left to a person.
    """
    if "?" in text:
        return Wish.OTHER
    marked = clean_text(text).lower().strip(" .,!")
    if marked in _WITH_MARKS:
        return _WITH_MARKS[marked]
    folded = _NOT_LETTERS.sub(" ", search_key(text)).strip()
    return next((wish for wish, shape in _WISHES.items() if shape.fullmatch(folded)), Wish.OTHER)


def take_inbound(sms: InboundSms, *, now: datetime) -> Wish:
    """Do what a text from outside asks for, if that is one thing only, and keep it. A repeat changes nothing."""
    phone = find_phone(sms.sender)
    wish = read_wish(sms.text) if phone is not None else Wish.OTHER
    area_id = _whose(phone.e164 if phone else None)
    if area_id is None:
        return wish  # an installation without any commune yet
    new_id = db.session.scalar(
        insert_ignoring(InboundText)
        .values(
            area_id=area_id,
            gateway_id=sms.gateway_id[:80] or uuid4().hex,
            sender=phone.e164 if phone else clean_text(sms.sender)[:32],
            text=clean_text(sms.text)[:LONGEST],
            wish=wish,
            to_read=True,
            received_at=now,
        )
        .returning(InboundText.__table__.c.id)
    )
    if new_id is not None and phone is not None and _is_done(wish, phone.e164, now):
        db.session.execute(sa.update(InboundText).where(InboundText.id == new_id).values(to_read=False))
    return wish


def _is_done(wish: Wish, phone: str, now: datetime) -> bool:
    if wish is Wish.STOP:
        phones.opt_out(phone, "sms", now)
        return True
    if wish is Wish.START:
        phones.opt_in(phone)
        return True
    return wish in (Wish.COMING, Wish.NOT_COMING) and registry.answer_by_text(phone, wish is Wish.COMING, now)


def _whose(phone: str | None) -> int | None:
    """The commune whose officers read it: the one that wrote to this phone last, else one that knows it, else the first
    area there is."""
    if phone is not None:
        wrote = (
            sa.select(Batch.area_id)
            .join(Batch.messages)
            .where(Message.phone == phone)
            .order_by(Message.id.desc())
            .limit(1)
        )
        knows = (
            sa.select(Household.commune_id)
            .join(Contact, Contact.household_id == Household.id)
            .where(Contact.phone == phone)
            .order_by(Household.id)
            .limit(1)
        )
        for asked in (wrote, knows):
            area_id = db.session.scalar(asked)
            if area_id is not None:
                return area_id
    return db.session.scalar(sa.select(Area.id).where(Area.parent_id.is_(None)).order_by(Area.id).limit(1))


# --- Reading them ---------------------------------------------------------------------------------

TEXTS_A_PAGE = 50


def inbound_texts(scope: Scope, *, before_id: int | None = None) -> list[InboundText]:
    """What came in, those to be read first, then the newest first; TEXTS_A_PAGE at most, older than `before_id`."""
    chosen = sa.select(InboundText).join(InboundText.area).where(scope.within(Area.path))
    if before_id is None:
        chosen = chosen.order_by(InboundText.to_read.desc(), InboundText.id.desc())
    else:
        chosen = chosen.where(InboundText.id < before_id, InboundText.to_read.is_(False)).order_by(
            InboundText.id.desc()
        )
    return list(db.session.scalars(chosen.limit(TEXTS_A_PAGE)))


def count_to_read(scope: Scope) -> int:
    """How many texts wait for a person."""
    return (
        db.session.scalar(
            sa.select(sa.func.count())
            .select_from(InboundText)
            .join(InboundText.area)
            .where(scope.within(Area.path), InboundText.to_read)
        )
        or 0
    )


def get_inbound_in(scope: Scope, inbound_id: int) -> InboundText:
    """One text, if it is for somebody of this scope. Raises NotFound."""
    row = db.session.scalar(
        sa.select(InboundText).join(InboundText.area).where(InboundText.id == inbound_id, scope.within(Area.path))
    )
    if row is None:
        raise NotFound
    return row


def mark_handled(row: InboundText, *, by: Any, now: datetime) -> None:
    """A person has seen to it. The first who did stays named."""
    if not row.to_read:
        return
    row.to_read, row.handled_at, row.handled_by_id = False, now, by.id
    record_audit("handle_inbound_text", f"inbound_text:{row.id}", by=by, now=now, area_id=row.area_id)
    db.session.flush()
