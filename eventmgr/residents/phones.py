"""What becomes known of a phone by itself, whoever it serves: refusals, dead numbers, last outcomes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, time
from itertools import islice

import sqlalchemy as sa

from eventmgr.core.clock import instant_of, local_day
from eventmgr.core.db import change_rows, db, insert_ignoring
from eventmgr.core.secrets import keyed_digest
from eventmgr.residents.finding import index_phone
from eventmgr.residents.models import PhoneState, RefusedPhone

AT_ONCE = 500
"""Phones asked for in one query."""


def opt_out(phone: str, how: str, now: datetime) -> None:
    """The phone takes no more texts of ours. `how` is "page", "officer", "sms", "network" or "erased" (said before its
    owner was erased); the first refusal stands, a repeated one changes nothing."""
    if _change(phone, PhoneState.opted_out_at.is_(None), opted_out_at=now, opted_out_how=how):
        index_phone(phone)


def opt_in(phone: str) -> None:
    """The phone's owner asks for texts again."""
    change_rows(sa.delete(RefusedPhone).where(RefusedPhone.digest == _digest(phone)))
    if _change(phone, PhoneState.opted_out_at.is_not(None), opted_out_at=None, opted_out_how=""):
        index_phone(phone)


def forget_phones(phones: Collection[str]) -> None:
    """Nothing is known of these phones any more, but that some of them refused: that outlives the number, as a digest
    which only we can make."""
    known = sa.select(PhoneState).where(PhoneState.phone.in_(phones))
    for state in db.session.scalars(known).all():
        if state.opted_out_at is not None:
            told = {"digest": _digest(state.phone), "refused_on": local_day(state.opted_out_at)}
            db.session.execute(insert_ignoring(RefusedPhone), told)
    change_rows(sa.delete(PhoneState).where(PhoneState.phone.in_(phones)))


def recall_refusals(phones: Iterable[str]) -> None:
    """Phones that come to us, by hand or by a list: those whose owners refused before they were erased refuse still."""
    if db.session.scalar(sa.select(RefusedPhone.digest).limit(1)) is None:
        return
    left = iter(phones)
    while some := list(islice(left, AT_ONCE)):
        numbers = {_digest(phone): phone for phone in some}
        for row in db.session.scalars(sa.select(RefusedPhone).where(RefusedPhone.digest.in_(numbers))).all():
            opt_out(numbers[row.digest], "erased", instant_of(row.refused_on, time.min))


def mark_dead(phone: str, now: datetime) -> None:
    """A network says that the number does not exist or takes no texts."""
    if _change(phone, PhoneState.dead_at.is_(None), dead_at=now):
        index_phone(phone)


def mark_alive(phone: str) -> None:
    """The number was put right, or something reached it after all."""
    if _change(phone, PhoneState.dead_at.is_not(None), dead_at=None):
        index_phone(phone)


def note_outcome(phone: str, outcome: str, now: datetime) -> None:
    """Remember how the last text to the phone ended. An older outcome never replaces a newer one."""
    newer = sa.or_(PhoneState.last_outcome_at.is_(None), PhoneState.last_outcome_at <= now)
    _change(phone, newer, last_outcome=outcome, last_outcome_at=now)


def phones_not_to_text(phones: Collection[str]) -> dict[str, str]:
    """Which of these take no texts, and why: "opted_out" or "dead"."""
    rows = db.session.execute(
        sa.select(PhoneState.phone, PhoneState.opted_out_at).where(
            PhoneState.phone.in_(phones),
            sa.or_(PhoneState.opted_out_at.is_not(None), PhoneState.dead_at.is_not(None)),
        )
    )
    return {phone: "opted_out" if opted_out_at else "dead" for phone, opted_out_at in rows}


def _digest(phone: str) -> str:
    return keyed_digest(phone, "refused_phone")


def _change(phone: str, only_if: sa.ColumnElement[bool], **values: object) -> bool:
    """Write down what became known; tells whether that is new."""
    # Two callbacks may meet a phone for the first time at the same instant.
    db.session.execute(insert_ignoring(PhoneState), {"phone": phone, "opted_out_how": "", "last_outcome": ""})
    changed = db.session.scalar(
        sa.update(PhoneState)
        .where(PhoneState.phone == phone, only_if)
        .values(values)
        .returning(PhoneState.phone)
        .execution_options(synchronize_session="fetch")
    )
    return changed is not None
