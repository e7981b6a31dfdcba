"""What failed for a reason that passes is sent again, late and a few times; nothing else is, and nobody gets it twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.messaging import outbox
from eventmgr.messaging.models import EarlierAttempt
from eventmgr.messaging.sender import sender_of
from eventmgr.messaging.services import stop_batch
from eventmgr.messaging.values import BatchState
from eventmgr.messaging.values import MessageState as S
from eventmgr.messaging.words import describe_remark
from eventmgr.residents.models import PhoneState
from tests.messaging.conftest import Office, twilio_settings
from tests.messaging.test_webhooks import PUBLIC, call_back
from tests.support.twilio_server import DROPPED_AFTER_STORING, refused


@pytest.fixture
def called_back(open_office, twilio) -> Office:
    """An office whose public address Twilio knows."""
    return open_office(**twilio_settings(twilio, PUBLIC_URL=PUBLIC))


def fail(office: Office, twilio, code: int = 30003, attempt: int = -1) -> None:
    """The network reports the last attempt (or another) as failed."""
    assert call_back(office, twilio, twilio.stored[attempt], "undelivered", code).status_code == 204


@pytest.mark.parametrize(("code", "waits"), [(30001, [10, 30, 60]), (30003, [30, 120, 360]), (30008, [30, 120, 360])])
def test_what_may_pass_is_sent_again_after_ever_longer_waits_and_then_given_up(called_back, twilio, clock, code, waits):
    called_back.queue_many(1)
    called_back.work()

    for number, minutes in enumerate(waits, start=1):
        fail(called_back, twilio, code)
        assert called_back.states() == {S.QUEUED: 1}
        clock.advance(minutes=minutes, seconds=-1)
        called_back.work()
        assert len(twilio.stored) == number, "not before its time"
        clock.advance(seconds=1)
        called_back.work()
        assert len(twilio.stored) == number + 1
    fail(called_back, twilio, code)
    clock.advance(days=1)
    called_back.work()

    message = called_back.message()
    assert (message.state, message.error) == (S.FAILED, str(code))
    assert message.settled_at is not None
    assert len(twilio.stored) == 1 + len(waits)


@pytest.mark.parametrize("code", [30002, 30004, 30005, 30006, 30007, 30034, 63038])
def test_any_other_failure_is_final(called_back, twilio, clock, code):
    called_back.queue_many(1)
    called_back.work()

    fail(called_back, twilio, code)
    clock.advance(days=2)
    called_back.work()

    assert called_back.states() == {S.FAILED: 1}
    assert len(twilio.stored) == 1


def test_without_callbacks_it_is_learnt_by_asking(open_office, twilio, clock):
    office = open_office(**twilio_settings(twilio))
    office.queue_many(1)
    office.work()
    twilio.stored[0].status, twilio.stored[0].error_code = "undelivered", 30003
    clock.advance(minutes=1)

    office.work()
    assert office.states() == {S.QUEUED: 1}
    clock.advance(minutes=30)
    office.work()

    assert len(twilio.stored) == 2
    assert office.message().gateway_id == twilio.stored[1].sid


def test_a_failure_told_twice_is_one_failure(called_back, twilio, clock):
    called_back.queue_many(1)
    called_back.work()

    fail(called_back, twilio)
    fail(called_back, twilio)
    clock.advance(minutes=30)
    called_back.work()
    fail(called_back, twilio, attempt=0)

    message = called_back.message()
    assert (message.state, message.retries, message.gateway_id) == (S.ACCEPTED, 1, twilio.stored[1].sid)
    assert len(twilio.stored) == 2


def test_a_late_word_that_the_first_attempt_arrived_spares_the_second(called_back, twilio, clock):
    called_back.queue_many(1)
    called_back.work()
    fail(called_back, twilio)

    call_back(called_back, twilio, twilio.stored[0], "delivered")
    clock.advance(hours=12)
    called_back.work()

    assert called_back.states() == {S.DELIVERED: 1}
    assert len(twilio.stored) == 1


def test_a_late_word_that_the_first_attempt_was_sent_does_not_touch_the_second(called_back, twilio, clock):
    called_back.queue_many(1)
    called_back.work()
    fail(called_back, twilio)

    call_back(called_back, twilio, twilio.stored[0], "sent")
    assert called_back.states() == {S.QUEUED: 1}
    clock.advance(minutes=30)
    called_back.work()
    call_back(called_back, twilio, twilio.stored[1], "delivered")

    assert called_back.states() == {S.DELIVERED: 1}


def test_a_failure_that_overtakes_the_answer_is_not_undone_by_it(called_back, twilio, clock):
    called_back.queue_many(1)
    sender = sender_of(called_back.app)
    with unit_of_work():
        (errand,) = outbox.claim_to_send(sender.gateway, sender.pace.lease, 1, now())
    receipt = sender.gateway.send(outbox_sms(errand))
    fail(called_back, twilio)

    with unit_of_work():
        outbox.record([outbox.Result(errand, receipt)], sender.gateway, sender.pace.lease, now())
    assert called_back.states() == {S.QUEUED: 1}
    clock.advance(minutes=30)
    called_back.work()

    assert len(twilio.stored) == 2
    assert called_back.message().gateway_id == twilio.stored[1].sid


def test_an_earlier_attempt_is_not_taken_for_a_later_one_of_unknown_outcome(called_back, twilio, clock):
    called_back.queue_many(1)
    called_back.work()
    fail(called_back, twilio)
    clock.advance(minutes=30)
    twilio.answer_next(DROPPED_AFTER_STORING)
    called_back.work()
    assert called_back.states() == {S.UNKNOWN: 1}
    clock.advance(seconds=61)

    called_back.work()

    assert called_back.states() == {S.ACCEPTED: 1}
    assert called_back.message().gateway_id == twilio.stored[1].sid
    assert len(twilio.stored) == 2


def test_it_is_not_sent_again_when_the_meeting_begins_first(called_back, twilio, clock):
    called_back.queue_many(1, expires_at=now() + timedelta(minutes=20))
    called_back.work()

    fail(called_back, twilio)

    assert called_back.states() == {S.FAILED: 1}


def test_it_is_not_sent_again_for_a_batch_that_was_stopped(called_back, twilio, clock):
    queued = called_back.queue_many(1)
    called_back.work()
    called_back.queue_many(1)
    with unit_of_work():
        batch = called_back.batch(queued.batch_id)
        batch.state = BatchState.SENDING
        db.session.flush()
        stop_batch(batch, by=None, now=now())

    fail(called_back, twilio)

    assert called_back.message(batch_id=queued.batch_id).state is S.FAILED


def test_a_batch_that_was_done_goes_on_until_the_text_has_arrived(called_back, twilio, clock):
    queued = called_back.queue_many(1)
    called_back.work()
    assert called_back.batch(queued.batch_id).state is BatchState.DONE

    fail(called_back, twilio)
    assert called_back.batch(queued.batch_id).state is BatchState.SENDING
    clock.advance(minutes=30)
    called_back.work()

    assert called_back.batch(queued.batch_id).state is BatchState.DONE


def test_it_waits_for_the_morning(open_office, twilio, clock):
    office = open_office(**twilio_settings(twilio, PUBLIC_URL=PUBLIC, SMS_NO_SEND_HOURS="21:00-07:00"))
    clock.advance(hours=12, minutes=45)  # 20:45
    office.queue_many(1)
    office.work()

    fail(office, twilio)
    clock.advance(minutes=30)
    office.work()
    assert len(twilio.stored) == 1
    clock.advance(hours=10)
    office.work()

    assert len(twilio.stored) == 2


def test_every_attempt_is_counted_in_the_cost(called_back, twilio, clock):
    called_back.queue_many(1)
    called_back.work()
    with unit_of_work():
        called_back.message().price = once = 250

    for _again in range(2):
        fail(called_back, twilio)
        clock.advance(hours=2)
        called_back.work()

    assert called_back.message().price == 3 * once


def test_the_phone_is_not_blamed_before_the_last_attempt(called_back, twilio, clock):
    called_back.queue_many(1)
    called_back.work()

    fail(called_back, twilio)

    state = db.session.get(PhoneState, called_back.message().phone)
    assert state is None or state.last_outcome != S.FAILED.value


def test_the_officer_reads_when_it_is_sent_again(called_back, twilio, clock):
    called_back.queue_many(1)
    called_back.work()

    fail(called_back, twilio)

    with called_back.app.test_request_context():
        remark = str(describe_remark(called_back.message()))
    assert remark == "Máy tắt hoặc mất sóng. Sẽ gửi lại lúc 08:30 thứ Năm, 1/6/2023."


@pytest.mark.parametrize("code", [21611, 30001])
def test_a_full_queue_at_the_gateways_door_is_tried_again_after_a_while(called_back, twilio, clock, code):
    called_back.queue_many(1)
    twilio.answer_next(refused(400, code))

    called_back.work()
    assert called_back.states() == {S.QUEUED: 1}
    clock.advance(minutes=5)
    sender_of(called_back.app)._hold_until = 0.0
    called_back.work()

    assert called_back.states() == {S.ACCEPTED: 1}
    assert len(twilio.stored) == 1


def test_names_of_earlier_attempts_go_with_the_phone(called_back, twilio, clock):
    from eventmgr.messaging.erasing import erase_messages

    called_back.queue_many(1)
    called_back.work()
    fail(called_back, twilio)
    assert db.session.scalars(sa.select(EarlierAttempt.gateway_id)).all() == [twilio.stored[0].sid]

    with unit_of_work():
        erase_messages([], [called_back.message().phone], now=now())

    assert db.session.scalars(sa.select(EarlierAttempt.gateway_id)).all() == []


def outbox_sms(errand: outbox.Errand):
    from eventmgr.messaging.gateways.base import OutgoingSms

    return OutgoingSms(errand.public_id, errand.phone, errand.text)
