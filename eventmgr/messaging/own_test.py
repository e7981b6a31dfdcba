"""A text to oneself, to see how it arrives. It counts in the day's limits and in no figure of who was reached."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.accounts.models import User
from eventmgr.areas.models import Area
from eventmgr.core.db import db, locked
from eventmgr.core.errors import RuleBroken
from eventmgr.core.language import say_clock_time
from eventmgr.messaging.models import Batch
from eventmgr.messaging.queries import day_of, foresee_leaving
from eventmgr.messaging.services import queue_batch
from eventmgr.messaging.values import TEST_SUBJECT, BatchDetails, BatchKind, Queued, Recipient

MOST_TESTS = 5
"""So many tests a person may send within WINDOW: enough to try a wording, too few to write to people by."""
WINDOW = timedelta(hours=1)


class TooManyTests(RuleBroken):
    """This person has just sent MOST_TESTS tests."""

    code = "too_many_tests"
    sentence = _("You have sent %(most)s tests within an hour. Wait a while before the next.")


class NoTestAtNight(RuleBroken):
    """No text leaves at this hour. Fact: `hour`, from when on."""

    code = "test_at_night"
    sentence = _("No text leaves at this hour, a test neither. Try again from %(hour)s on.")


class NoTestOverLimit(RuleBroken):
    """The day's limit is used up."""

    code = "test_over_limit"
    sentence = _("The day's limit is reached, and a test counts as well. Try again tomorrow.")


def queue_test(area: Area, phone: str, text: str, *, title: str, by: Any, now: datetime) -> Queued:
    """Send one text to oneself. Needs no approval. Raises TooManyTests, NoTestAtNight, NoTestOverLimit, TextTooLong."""
    _check_pace(by, now)
    leaving = foresee_leaving(area.path, None, now)
    if leaving.is_moved:
        raise NoTestAtNight(hour=say_clock_time(leaving.at))
    if day_of(area.id, area.path, now).is_used_up:
        raise NoTestOverLimit
    details = BatchDetails(
        area_id=area.id,
        subject=f"{TEST_SUBJECT}{secrets.token_hex(4)}",
        title=title,
        kind=BatchKind.CUSTOM,
        texts={"custom": text},
        expires_at=now + WINDOW,
    )
    return queue_batch(details, [Recipient(phone, "self", text)], by=by, now=now)


def _check_pace(by: Any, now: datetime) -> None:
    if by is None:
        return
    # Two clicks at the same moment wait for each other: each counts the other's test.
    db.session.scalars(locked(sa.select(User).where(User.id == by.id), may_be_named=True)).one()
    recent = db.session.scalar(
        sa.select(sa.func.count())
        .select_from(Batch)
        .where(Batch.created_by_id == by.id, Batch.subject.startswith(TEST_SUBJECT), Batch.created_at > now - WINDOW)
    )
    if (recent or 0) >= MOST_TESTS:
        raise TooManyTests(most=MOST_TESTS)
