"""Sending failed texts again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.messaging import services
from eventmgr.messaging.models import Batch, Message
from eventmgr.messaging.queries import pace_of
from eventmgr.messaging.values import MessageState, Queued, Recipient
from eventmgr.residents import phones

STATES = list(MessageState)


@pytest.fixture
def batch(office) -> int:
    """A batch with one message in each state; those in a later state than queued were claimed now."""
    queued = office.queue(*(Recipient(f"+8491200{n:04d}", f"invitation:{n}", "Moi hop") for n in range(len(STATES))))
    with unit_of_work():
        for message, state in zip(office.messages(), STATES, strict=True):
            message.state = state
            message.claimed_at = None if state is MessageState.QUEUED else now()
    assert queued.batch_id is not None
    return queued.batch_id


def resend(batch_id: int) -> Queued:
    with unit_of_work():
        return services.resend_failed(db.session.get_one(Batch, batch_id), by=None, now=now())


def test_only_the_failed_are_sent_again_as_a_new_revision(office, batch):
    queued = resend(batch)

    again = office.messages()[len(STATES) :]
    assert queued.queued == 1
    assert [(m.recipient_key, m.revision, m.text) for m in again] == [
        (f"invitation:{STATES.index(MessageState.FAILED)}", 2, "Moi hop")
    ]


@pytest.mark.parametrize("state", [state for state in STATES if state is not MessageState.WITHDRAWN])
def test_nobody_is_sent_the_failed_text_twice_unless_it_failed_again(office, batch, state):
    resend(batch)
    with unit_of_work():
        newest = db.session.get_one(Message, office.messages()[-1].id)
        newest.state = state

    with pytest.raises(services.NothingToResend):
        resend(batch)


def test_a_resent_text_that_failed_is_sent_again_from_its_own_batch(office, batch):
    second = resend(batch).batch_id
    with unit_of_work():
        db.session.get_one(Message, office.messages()[-1].id).state = MessageState.FAILED

    assert second is not None
    assert resend(second).queued == 1
    assert office.messages()[-1].revision == 3


def test_a_phone_that_refused_meanwhile_is_not_written_to(office, batch):
    failed = office.messages()[STATES.index(MessageState.FAILED)]
    with unit_of_work():
        phones.opt_out(failed.phone, "page", now())

    assert resend(batch).batch_id is None
    assert len(office.messages()) == len(STATES)


def test_what_would_come_too_late_is_not_sent_again(office, clock):
    queued = office.queue(
        Recipient("+84912000001", "invitation:1", "Moi hop"), expires_at=clock.now() + timedelta(hours=1)
    )
    with unit_of_work():
        office.message().state = MessageState.FAILED
    clock.advance(hours=1)

    assert queued.batch_id is not None
    with pytest.raises(services.NothingToResend):
        resend(queued.batch_id)


def test_the_pace_is_that_of_the_last_minute(office, batch, clock):
    found = office.batch(batch)

    pace = pace_of(found, 40, now())
    clock.advance(seconds=61)

    assert (pace.per_minute, pace.minutes_left) == (9, 5)
    assert pace_of(found, 40, now()) is None
