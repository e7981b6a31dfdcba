"""What becomes known of a phone by itself, whoever it serves: refusals, dead numbers, last outcomes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from eventmgr.core.db import db, insert_ignoring
from eventmgr.residents.finding import index_phone
from eventmgr.residents.models import PhoneState


def opt_out(phone: str, how: str, now: datetime) -> None:
    """The phone takes no more texts of ours. `how` is "page", "officer", "sms" or "network"; the
    first refusal stands, a repeated one changes nothing."""
    if _change(phone, PhoneState.opted_out_at.is_(None), opted_out_at=now, opted_out_how=how):
        index_phone(phone)


def opt_in(phone: str) -> None:
    """The phone's owner asks for texts again."""
    if _change(phone, PhoneState.opted_out_at.is_not(None), opted_out_at=None, opted_out_how=""):
        index_phone(phone)


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
