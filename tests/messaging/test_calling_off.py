"""A text about a meeting that has moved, or is not held, does not leave any more, by whatever way it comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.messaging import outbox
from eventmgr.messaging.erasing import erase_messages
from eventmgr.messaging.gateways.base import SendReceipt, Unavailable
from eventmgr.messaging.queries import standing_messages, texted_about
from eventmgr.messaging.sender import sender_of
from eventmgr.messaging.services import NothingToResend, resend_failed, withdraw_messages, withdraw_messages_to
from eventmgr.messaging.values import BatchKind, BatchState
from eventmgr.messaging.values import MessageState as S
from tests.messaging.conftest import Office, phone, twilio_settings
from tests.messaging.test_webhooks import PUBLIC, call_back
from tests.support.twilio_server import DROPPED_AFTER_STORING, DROPPED_BEFORE_STORING, refused

MEETING = "meeting:77"


@pytest.fixture
def called_back(open_office, twilio) -> Office:
    """An office whose public address Twilio knows."""
    return open_office(**twilio_settings(twilio, PUBLIC_URL=PUBLIC))


def claim_one(office: Office) -> outbox.Errand:
    """A worker takes the one message and is about to call."""
    sender = sender_of(office.app)
    with unit_of_work():
        (errand,) = outbox.claim_to_send(sender.gateway, sender.pace.lease, 1, now())
    return errand


def say(office: Office, errand: outbox.Errand, outcome: outbox.Outcome) -> None:
    """The worker writes down what came of it."""
    sender = sender_of(office.app)
    with unit_of_work():
        outbox.record([outbox.Result(errand, outcome)], sender.gateway, sender.pace.lease, now())


def move_the_meeting() -> int:
    """Its invitations are not true any more; how many were still waiting."""
    with unit_of_work():
        return withdraw_messages(MEETING, [BatchKind.INVITE], now=now())


def go_on(office: Office, clock, hours: int = 8) -> None:
    """Time passes, and workers work."""
    for _ in range(hours):
        sender_of(office.app)._hold_until = 0.0
        office.work()
        clock.advance(hours=1)


def test_what_the_gateway_would_not_take_just_then_is_not_tried_again(twilio_office, twilio, clock):
    twilio_office.queue_many(1, subject=MEETING)
    errand = claim_one(twilio_office)
    assert move_the_meeting() == 0

    say(twilio_office, errand, Unavailable("20429", busy=True))
    assert twilio_office.states() == {S.WITHDRAWN: 1}
    go_on(twilio_office, clock)

    assert twilio.requests == []


def test_what_was_under_way_and_arrived_is_known_as_such(twilio_office, clock):
    twilio_office.queue_many(1, subject=MEETING)
    errand = claim_one(twilio_office)
    move_the_meeting()

    say(twilio_office, errand, SendReceipt("SM1", "queued"))

    assert twilio_office.states() == {S.ACCEPTED: 1}
    assert "invitation:0" in texted_about(MEETING, BatchKind.INVITE), "they are told of the change"


@pytest.mark.parametrize(
    ("answer", "state", "taken"),
    [
        pytest.param(DROPPED_BEFORE_STORING, S.WITHDRAWN, 0, id="had not arrived"),
        pytest.param(DROPPED_AFTER_STORING, S.ACCEPTED, 1, id="had arrived"),
    ],
)
def test_an_unknown_outcome_is_still_settled_but_nothing_is_sent_anew(
    twilio_office, twilio, clock, answer, state, taken
):
    twilio.answer_next(answer)
    twilio_office.queue_many(1, subject=MEETING)
    twilio_office.work()
    move_the_meeting()

    go_on(twilio_office, clock)

    assert twilio_office.states() == {state: 1}
    assert len(twilio.stored) == taken


def test_what_the_network_could_not_deliver_is_not_sent_again(called_back, twilio, clock):
    called_back.queue_many(1, subject=MEETING)
    called_back.work()
    move_the_meeting()

    call_back(called_back, twilio, twilio.stored[0], "undelivered", 30003)
    go_on(called_back, clock)

    assert len(twilio.stored) == 1
    assert called_back.states() == {S.FAILED: 1}


def test_a_text_that_waits_to_be_sent_again_is_withdrawn(called_back, twilio, clock):
    called_back.queue_many(1, subject=MEETING)
    called_back.work()
    call_back(called_back, twilio, twilio.stored[0], "undelivered", 30003)

    assert move_the_meeting() == 1
    go_on(called_back, clock)

    assert len(twilio.stored) == 1
    assert called_back.states() == {S.WITHDRAWN: 1}


def test_what_failed_before_is_not_offered_to_be_sent_again_but_its_people_can_be_asked_anew(twilio_office, twilio):
    queued = twilio_office.queue_many(2, subject=MEETING)
    twilio.answer_next(refused(400, 30007))
    twilio_office.work()
    move_the_meeting()

    with pytest.raises(NothingToResend), unit_of_work():
        resend_failed(twilio_office.batch(queued.batch_id), by=None, now=now())
    standing = standing_messages(MEETING, BatchKind.INVITE)

    assert len(standing.keys) == 1, "who has it is told of the change; who has not can be invited to the new time"
    assert standing.revision == 2


def test_one_household_called_off_while_its_text_is_under_way_gets_no_second_try(twilio_office, twilio, clock):
    twilio_office.queue_many(1, subject=MEETING)
    errand = claim_one(twilio_office)
    with unit_of_work():
        assert withdraw_messages_to(MEETING, "invitation:0", now=now()) == 0

    say(twilio_office, errand, Unavailable("20429", busy=True))
    go_on(twilio_office, clock)

    assert twilio.requests == []


# --- Erased people ------------------------------------------------------------------------------


def test_erased_people_are_neither_reminded_nor_told_of_a_change(twilio_office):
    twilio_office.queue_many(1, subject=MEETING)
    twilio_office.work()

    with unit_of_work():
        erase_messages(["invitation:0"], [phone(0)], now=now())

    assert texted_about(MEETING, BatchKind.INVITE) == {}


def test_a_late_word_on_the_text_of_an_erased_person_sends_nothing(called_back, twilio, clock):
    called_back.queue_many(1, subject=MEETING)
    called_back.work()
    with unit_of_work():
        erase_messages(["invitation:0"], [phone(0)], now=now())

    call_back(called_back, twilio, twilio.stored[0], "undelivered", 30003)
    go_on(called_back, clock)

    assert len(twilio.stored) == 1


@pytest.mark.parametrize(
    "phones", [pytest.param([phone(0)], id="and the phone"), pytest.param([], id="of a shared phone")]
)
def test_an_unknown_outcome_of_erased_people_is_left_and_the_batch_ends(twilio_office, twilio, clock, phones):
    queued = twilio_office.queue_many(1, subject=MEETING)
    twilio.answer_next(DROPPED_BEFORE_STORING)
    twilio_office.work()
    with unit_of_work():
        erase_messages(["invitation:0"], phones, now=now())

    go_on(twilio_office, clock)

    assert twilio.stored == [], "an empty text must never leave"
    assert twilio_office.message().settled_at < now() - timedelta(hours=1)
    assert twilio_office.batch(queued.batch_id).state is BatchState.DONE
