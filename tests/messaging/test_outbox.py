"""The outbox: each message once, none lost."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from eventmgr.core.clock import SystemClock, now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.settings import NO_SEND_HOURS, decide
from eventmgr.messaging import outbox
from eventmgr.messaging.gateways.simulator import SimulatorGateway
from eventmgr.messaging.models import DeliveryEvent, Message
from eventmgr.messaging.outbox import ErrandKind, Lease
from eventmgr.messaging.sender import sender_of
from eventmgr.messaging.services import resend_failed, stop_batch
from eventmgr.messaging.values import BatchState, MessageState, Recipient
from eventmgr.residents import phones
from eventmgr.residents.models import PhoneState
from tests.messaging.conftest import IMPATIENT_SECONDS, NEVER_SECONDS, Office, phone, twilio_settings
from tests.support.twilio_server import (
    DROPPED_AFTER_STORING,
    DROPPED_BEFORE_STORING,
    Answer,
    TwilioServer,
    refused,
)

S = MessageState
LEASE = Lease(timeout=timedelta(seconds=1), reconcile_after=timedelta(seconds=60))


def claim_and_die(office: Office, limit: int = 10) -> list[int]:
    """A worker takes messages and is killed before it calls anyone."""
    sender = sender_of(office.app)
    with unit_of_work():
        errands = outbox.claim_to_send(sender.gateway, sender.pace.lease, limit, now())
    return [errand.message_id for errand in errands]


# --- Once, and never lost -----------------------------------------------------------------------


def test_each_message_is_handed_over_once(twilio_office, twilio):
    twilio_office.queue_many(30)

    twilio_office.work()
    twilio_office.work()

    assert set(twilio.times_stored().values()) == {1}
    assert len(twilio.stored) == 30
    assert twilio_office.states() == {S.ACCEPTED: 30}
    assert {m.gateway_id for m in twilio_office.messages()} == {m.sid for m in twilio.stored}


def test_a_worker_killed_before_it_called_loses_nothing(twilio_office, twilio, clock):
    twilio_office.queue_many(3)
    claim_and_die(twilio_office)

    for _ in range(8):
        clock.advance(seconds=30)
        twilio_office.work()

    assert set(twilio.times_stored().values()) == {1}
    assert twilio_office.states() == {S.ACCEPTED: 3}


def test_a_worker_killed_after_it_called_doubles_nothing(twilio_office, twilio, clock):
    twilio_office.queue_many(3)
    claim_and_die(twilio_office)
    for message in twilio_office.messages():
        twilio.store({"To": message.phone, "Body": message.text})

    for _ in range(8):
        clock.advance(seconds=30)
        twilio_office.work()

    assert len(twilio.stored) == 3
    assert twilio_office.states() == {S.ACCEPTED: 3}
    assert {m.gateway_id for m in twilio_office.messages()} == {m.sid for m in twilio.stored}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(DROPPED_AFTER_STORING, id="connection dropped after it was stored"),
        pytest.param(DROPPED_BEFORE_STORING, id="connection dropped before it was stored"),
        pytest.param(refused(500, 20500), id="server error, not stored"),
        pytest.param(Answer(status=500, code=20500), id="server error, stored"),
    ],
)
def test_an_unknown_outcome_is_settled_by_asking_and_never_by_sending_again(twilio_office, twilio, clock, answer):
    twilio_office.queue_many(1)
    twilio.answer_next(answer)

    twilio_office.work()
    assert twilio_office.states() == {S.UNKNOWN: 1}
    clock.advance(seconds=59)
    twilio_office.work()
    assert [method for method, _ in twilio.requests] == ["POST"], "nobody asks before the list can be trusted"

    clock.advance(seconds=2)
    twilio_office.work()

    assert len(twilio.stored) == 1
    assert twilio_office.states() == {S.ACCEPTED: 1}
    assert twilio_office.message().gateway_id == twilio.stored[0].sid


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(wait_after=NEVER_SECONDS), id="stored, answered too late"),
        pytest.param(Answer(wait_before=IMPATIENT_SECONDS + 1), id="arrived too late"),
    ],
)
def test_a_request_without_an_answer_in_time_is_found_and_not_repeated(open_office, twilio, clock, answer):
    office = open_office(**twilio_settings(twilio, SMS_TIMEOUT_SECONDS=IMPATIENT_SECONDS))
    office.queue_many(1)
    twilio.answer_next(answer)

    office.work()
    assert office.states() == {S.UNKNOWN: 1}
    twilio.wait_until_stored(1)
    clock.advance(seconds=64)
    office.work()

    assert len(twilio.stored) == 1
    assert office.states() == {S.ACCEPTED: 1}


def test_an_outcome_nobody_can_tell_stays_unknown_for_an_officer(twilio_office, twilio, clock):
    twilio_office.queue_many(1)
    twilio.answer_next(DROPPED_AFTER_STORING)
    twilio.list_answer = refused(500, 20500)

    twilio_office.work()
    for _ in range(60):
        clock.advance(hours=1)
        twilio_office.work()

    message = twilio_office.message()
    assert message.state is S.UNKNOWN
    assert message.settled_at is not None
    assert len(twilio.stored) == 1
    assert twilio_office.batch(message.batch_id).state is BatchState.DONE


def test_a_text_found_is_not_taken_for_two_messages(twilio_office, twilio, clock):
    same = "Moi ba con di hop"
    twilio_office.queue(Recipient(phone(1), "a", same))
    twilio_office.queue(Recipient(phone(1), "b", same))
    twilio.answer_next(DROPPED_AFTER_STORING, DROPPED_BEFORE_STORING)

    twilio_office.work()
    for _ in range(4):
        clock.advance(seconds=61)
        twilio_office.work()

    assert len(twilio.stored) == 2
    assert twilio_office.states() == {S.ACCEPTED: 2}
    assert len({m.gateway_id for m in twilio_office.messages()}) == 2


def test_a_text_is_found_though_the_clock_of_the_one_who_sent_it_was_fast(twilio_office, twilio, clock):
    right = SystemClock().now()
    clock.instant = right + timedelta(seconds=90)
    twilio_office.queue_many(1)
    twilio.answer_next(DROPPED_AFTER_STORING)
    twilio_office.work()

    clock.instant = right + timedelta(seconds=200)  # by now another machine asks; Twilio's Date corrects only its clock
    twilio_office.work()

    assert len(twilio.stored) == 1
    assert twilio_office.states() == {S.ACCEPTED: 1}


def test_a_worker_whose_machine_slept_between_claim_and_call_does_not_call(twilio_office, twilio, clock):
    twilio_office.queue_many(1)
    sender = sender_of(twilio_office.app)
    with unit_of_work():
        (errand,) = outbox.claim_to_send(sender.gateway, sender.pace.lease, 1, now())
    clock.advance(hours=8)

    assert sender._call(errand) == outbox.NOT_TRIED
    assert twilio.requests == []


def test_no_transaction_is_open_while_the_gateway_is_called(open_office, twilio, monkeypatch):
    office = open_office(**twilio_settings(twilio))
    office.queue_many(6)
    pool, sender = db.engine.pool, sender_of(office.app)
    lent = []
    send = sender.gateway.send

    def send_and_look(sms):
        twilio.latency = 0.2  # long enough for the one thread that works on the database to be done
        receipt = send(sms)
        lent.append(pool.checkedout())
        return receipt

    monkeypatch.setattr(sender.gateway, "send", send_and_look)
    office.work()

    assert len(lent) == 6
    assert min(lent) == 0, "connections to the database that are in use"


def test_texts_of_a_gateway_no_longer_used_are_left_to_an_officer(twilio_office, twilio, clock):
    queued = twilio_office.queue_many(2)
    twilio.answer_next(DROPPED_BEFORE_STORING)
    twilio_office.work()
    with unit_of_work():
        db.session.execute(update(Message).values(gateway="another"))

    clock.advance(minutes=10)
    twilio_office.work()

    assert twilio_office.states() == {S.ACCEPTED: 1, S.UNKNOWN: 1}
    assert twilio_office.message(state=S.UNKNOWN).settled_at is not None
    assert twilio_office.batch(queued.batch_id).state is BatchState.DONE
    assert not outbox.is_work_due(now() + timedelta(days=9))


def test_two_workers_never_take_the_same_message(office):
    office.queue_many(10)
    gateway = SimulatorGateway()

    with unit_of_work():
        first = outbox.claim_to_send(gateway, LEASE, 6, now())
    with unit_of_work():
        second = outbox.claim_to_send(gateway, LEASE, 6, now())

    taken = [errand.message_id for errand in first + second]
    assert sorted(taken) == [message.id for message in office.messages()]


def test_two_workers_never_ask_about_the_same_message(office, clock):
    office.queue_many(4)
    office.work()
    clock.advance(seconds=10)
    gateway = SimulatorGateway()

    with unit_of_work():
        first = outbox.claim_to_ask(gateway, ErrandKind.CHECK, LEASE, 3, now())
    with unit_of_work():
        second = outbox.claim_to_ask(gateway, ErrandKind.CHECK, LEASE, 3, now())

    assert len({errand.message_id for errand in first + second}) == len(first + second) == 4


def test_two_workers_with_their_own_apps_share_the_work(make_app, twilio_office, twilio):
    import threading

    twilio.latency = 0.02
    twilio_office.queue_many(60)
    other: Flask = make_app(**twilio_settings(twilio))

    def work_elsewhere() -> None:
        with other.app_context():
            sender_of(other).run()

    thread = threading.Thread(target=work_elsewhere)
    thread.start()
    twilio_office.work()
    thread.join()

    assert set(twilio.times_stored().values()) == {1}
    assert len(twilio.stored) == 60
    assert twilio_office.states() == {S.ACCEPTED: 60}


def test_a_result_that_comes_after_the_lease_is_still_written_down(twilio_office, twilio, clock):
    twilio_office.queue_many(1)
    sender = sender_of(twilio_office.app)
    with unit_of_work():
        (errand,) = outbox.claim_to_send(sender.gateway, sender.pace.lease, 1, now())
    receipt = sender.gateway.send(outbox_sms(errand))
    clock.advance(minutes=5)
    with unit_of_work():
        outbox.tidy(sender.gateway, now())
    assert twilio_office.states() == {S.UNKNOWN: 1}

    with unit_of_work():
        outbox.record([outbox.Result(errand, receipt)], sender.gateway, sender.pace.lease, now())

    assert twilio_office.message().state is S.ACCEPTED
    assert twilio_office.message().gateway_id == twilio.stored[0].sid


def test_a_late_result_stops_a_message_that_was_queued_again(twilio_office, twilio, clock):
    twilio_office.queue_many(1)
    sender = sender_of(twilio_office.app)
    with unit_of_work():
        (errand,) = outbox.claim_to_send(sender.gateway, sender.pace.lease, 1, now())
    receipt = sender.gateway.send(outbox_sms(errand))
    with unit_of_work():
        message = db.session.get_one(Message, errand.message_id)
        message.state = S.QUEUED

    with unit_of_work():
        outbox.record([outbox.Result(errand, receipt)], sender.gateway, sender.pace.lease, now())
    twilio_office.work()

    assert twilio_office.message().state is S.ACCEPTED
    assert len(twilio.stored) == 1


def test_a_call_that_could_not_begin_in_time_is_not_begun(twilio_office, twilio):
    twilio_office.queue_many(1)
    sender = sender_of(twilio_office.app)
    with unit_of_work():
        (errand,) = outbox.claim_to_send(sender.gateway, sender.pace.lease, 1, now())

    with unit_of_work():
        outbox.record([outbox.Result(errand, outbox.NOT_TRIED)], sender.gateway, sender.pace.lease, now())

    assert (twilio_office.message().state, twilio_office.message().attempts) == (S.QUEUED, 0)
    assert twilio.stored == []


def outbox_sms(errand):
    from eventmgr.messaging.gateways.base import OutgoingSms

    return OutgoingSms(errand.public_id, errand.phone, errand.text)


# --- Refusals and waits -------------------------------------------------------------------------


def test_a_refused_number_is_marked_and_not_tried_again(twilio_office, twilio, clock):
    twilio_office.queue_many(1)
    twilio.answer_next(refused(400, 21211))

    twilio_office.work()
    clock.advance(hours=1)
    twilio_office.work()

    message = twilio_office.message()
    assert (message.state, message.error) == (S.REFUSED, "21211")
    assert db.session.get_one(PhoneState, message.phone).dead_at is not None
    assert len(twilio.requests) == 1


def test_a_number_that_refused_at_the_network_is_opted_out(twilio_office, twilio):
    twilio_office.queue_many(1)
    twilio.answer_next(refused(400, 21610))

    twilio_office.work()

    state = db.session.get_one(PhoneState, phone(0))
    assert (state.opted_out_how, state.dead_at) == ("network", None)


def test_too_many_at_once_waits_and_then_goes(twilio_office, twilio, clock):
    twilio_office.queue_many(5)
    twilio.answer_next(*[refused(429, 20429, retry_after=2)] * 3)

    twilio_office.work()
    assert twilio_office.states()[S.QUEUED] >= 3
    sender_of(twilio_office.app)._hold_until = 0.0
    clock.advance(seconds=1)
    twilio_office.work()
    assert len(twilio.stored) == 2, "not before the seconds the gateway asked for"
    clock.advance(seconds=2)
    twilio_office.work()

    assert twilio_office.states() == {S.ACCEPTED: 5}
    assert set(twilio.times_stored().values()) == {1}


def test_no_connection_is_tried_again_with_growing_waits(open_office, clock):
    with TwilioServer() as gone:
        office = open_office(**twilio_settings(gone))
    office.queue_many(1)

    waits = []
    for _ in range(4):
        sender_of(office.app)._hold_until = 0.0
        office.work()
        message = office.message()
        assert message.state is S.QUEUED
        waits.append((message.next_attempt_at - clock.now()).total_seconds())
        clock.advance(seconds=waits[-1])

    assert waits == [5, 15, 60, 180]


def test_a_text_nobody_ever_takes_is_given_up(open_office, clock):
    with TwilioServer() as gone:
        office = open_office(**twilio_settings(gone))
    office.queue_many(1)

    for _ in range(outbox.MOST_ATTEMPTS + 1):
        sender_of(office.app)._hold_until = 0.0
        office.work()
        clock.advance(minutes=16)

    assert office.states() == {S.FAILED: 1}
    assert office.message().attempts == outbox.MOST_ATTEMPTS


def test_a_text_that_must_arrive_by_a_day_is_tried_until_then(open_office, clock):
    with TwilioServer() as gone:
        office = open_office(**twilio_settings(gone))
    begins = now() + timedelta(hours=20)
    office.queue_many(1, expires_at=begins)

    for _ in range(outbox.MOST_ATTEMPTS + 3):
        sender_of(office.app)._hold_until = 0.0
        office.work()
        clock.advance(minutes=16)
    assert office.states() == {S.QUEUED: 1}
    clock.instant = begins
    office.work()

    assert office.message().attempts > outbox.MOST_ATTEMPTS
    assert office.states() == {S.EXPIRED: 1}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (refused(401, 20003), "credentials"),
        (refused(403, 21408), "country"),
        (refused(400, 21608), "trial"),
        (refused(400, 21606), "sender"),
        (refused(402, 20001), "balance"),
        (refused(400, 21705), "sender"),
    ],
)
def test_an_account_problem_pauses_the_batch_and_loses_nothing(twilio_office, twilio, answer, reason):
    queued = twilio_office.queue_many(12)
    twilio.always = answer

    twilio_office.work()

    batch = twilio_office.batch(queued.batch_id)
    assert (batch.state, batch.pause_reason) == (BatchState.PAUSED, reason)
    assert twilio_office.states() == {S.QUEUED: 12}
    assert len(twilio.requests) < 12


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(21999, id="a code nobody knows"),
        pytest.param(21617, id="the text is too long"),
        pytest.param(30007, id="filtered by the network"),
    ],
)
def test_a_text_not_taken_for_another_reason_than_its_number_is_shown_and_can_be_sent_again(
    twilio_office, twilio, clock, code
):
    queued = twilio_office.queue_many(1)
    twilio.answer_next(refused(400, code))

    twilio_office.work()
    clock.advance(hours=1)
    twilio_office.work()

    message = twilio_office.message()
    assert (message.state, message.error) == (S.FAILED, str(code))
    assert db.session.get(PhoneState, message.phone) is None, "nothing is said of the phone"
    assert twilio.stored == [], "never by itself"
    with unit_of_work():
        assert resend_failed(twilio_office.batch(queued.batch_id), by=None, now=now()).queued == 1
    twilio_office.work()
    assert len(twilio.stored) == 1


def test_a_gateway_that_fails_in_an_unforeseen_way_is_an_unknown_outcome(office, monkeypatch):
    office.queue_many(1)
    monkeypatch.setattr(sender_of(office.app).gateway, "send", lambda sms: 1 / 0)

    office.work()

    assert office.states() == {S.UNKNOWN: 1}


# --- Time ---------------------------------------------------------------------------------------


def test_nothing_leaves_before_its_time(office, clock):
    office.queue_many(1, send_at=now() + timedelta(hours=2))

    office.work()
    assert office.states() == {S.QUEUED: 1}
    clock.advance(hours=2)
    office.work()

    assert office.states() == {S.ACCEPTED: 1}


def test_a_text_is_not_sent_once_its_meeting_has_begun(office, clock):
    office.queue_many(1, send_at=now() + timedelta(minutes=50), expires_at=now() + timedelta(hours=1))

    clock.advance(hours=1)
    office.work()

    assert office.states() == {S.EXPIRED: 1}
    assert office.message().attempts == 0


def test_a_gateway_is_told_how_long_a_text_is_worth_delivering(twilio_office, twilio):
    twilio_office.queue_many(1, expires_at=now() + timedelta(minutes=30))

    twilio_office.work()

    assert twilio.stored[0].fields["ValidityPeriod"] == "1800"


def test_nothing_leaves_in_the_no_send_hours_even_if_it_was_due_before(open_office, clock):
    office = open_office(SMS_NO_SEND_HOURS="21:00-07:00")
    office.queue_many(2, send_at=now() + timedelta(hours=12, minutes=59))  # 20:59
    clock.advance(hours=13)

    office.work()
    assert office.states() == {S.QUEUED: 2}
    clock.advance(hours=10)
    office.work()

    assert office.states() == {S.ACCEPTED: 2}


def test_the_communes_own_no_send_hours_hold_where_the_installation_sets_none(open_office, clock):
    office = open_office(SMS_NO_SEND_HOURS=None)
    with unit_of_work():
        decide(office.area_id, NO_SEND_HOURS, "07:00-09:00", on=clock.now().date())
    office.queue_many(1)
    assert office.message().next_attempt_at == clock.now() + timedelta(hours=1)

    office.work()
    assert office.states() == {S.QUEUED: 1}
    clock.advance(hours=1)
    office.work()

    assert office.states() == {S.ACCEPTED: 1}


@pytest.mark.parametrize(
    ("rate", "steps"),
    [
        (2.0, [(0, 2), (0.5, 0), (0.6, 2)]),
        (0.2, [(0, 1), (2, 0), (3.1, 1)]),
        (1.5, [(0, 2), (1.1, 0), (0.3, 2)]),  # 2 in 4/3 of a second: no more than asked for
    ],
)
def test_the_rate_counts_what_all_workers_claimed(office, clock, rate, steps):
    office.queue_many(10)
    gateway = SimulatorGateway()

    for seconds, expected in steps:
        clock.advance(seconds=seconds)
        with unit_of_work():
            allowed = outbox.rate_allows(rate, now())
            claimed = outbox.claim_to_send(gateway, LEASE, min(9, allowed), now())
        assert len(claimed) == expected


# --- Stops --------------------------------------------------------------------------------------


def test_a_phone_that_said_no_after_queueing_gets_nothing(office):
    office.queue_many(2)
    with unit_of_work():
        phones.opt_out(phone(0), "page", now())

    office.work()

    assert office.message(phone=phone(0)).state is S.REFUSED
    assert office.message(phone=phone(0)).error == "opted_out"
    assert office.message(phone=phone(1)).state is S.ACCEPTED


def test_a_stopped_batch_sends_nothing_more(twilio_office, twilio):
    queued = twilio_office.queue_many(5)
    with unit_of_work():
        withdrawn = stop_batch(twilio_office.batch(queued.batch_id), by=None, now=now())

    twilio_office.work()

    assert withdrawn == 5
    assert twilio_office.states() == {S.WITHDRAWN: 5}
    assert twilio.stored == []


def test_a_message_lost_by_a_worker_is_withdrawn_if_its_batch_was_stopped(twilio_office, twilio, clock):
    queued = twilio_office.queue_many(1)
    claim_and_die(twilio_office)
    with unit_of_work():
        stop_batch(twilio_office.batch(queued.batch_id), by=None, now=now())

    for _ in range(4):
        clock.advance(seconds=60)
        twilio_office.work()

    assert twilio_office.states() == {S.WITHDRAWN: 1}
    assert twilio.stored == []


# --- Ends ---------------------------------------------------------------------------------------


def test_the_simulator_reports_after_a_short_while(office, clock):
    queued = office.queue(
        Recipient(phone(1), "a", "Moi"),
        Recipient(phone(2, "96"), "b", "Moi"),
        Recipient(phone(3, "97"), "c", "Moi"),
        Recipient(phone(4, "98"), "d", "Moi"),
        Recipient(phone(5, "99"), "e", "Moi"),
    )

    office.work()
    assert office.states() == {S.ACCEPTED: 3, S.REFUSED: 2}
    clock.advance(seconds=5)
    office.work()

    assert office.states() == {S.DELIVERED: 1, S.REFUSED: 2, S.FAILED: 2}
    assert office.batch(queued.batch_id).state is BatchState.DONE
    assert db.session.get_one(PhoneState, phone(4, "98")).dead_at is not None
    assert db.session.get_one(PhoneState, phone(2, "96")).opted_out_how == "network"


def test_twilio_is_asked_where_it_cannot_call_back(twilio_office, twilio, clock):
    twilio_office.queue_many(2)
    twilio_office.work()
    twilio.stored[0].status = "delivered"
    twilio.stored[1].status, twilio.stored[1].error_code = "undelivered", 30005

    clock.advance(seconds=31)
    twilio_office.work()

    assert twilio_office.states() == {S.DELIVERED: 1, S.FAILED: 1}
    failed = twilio_office.message(state=S.FAILED)
    assert failed.error == "30005"
    assert db.session.get_one(PhoneState, failed.phone).dead_at is not None


def test_asking_about_a_text_ends_after_two_days(twilio_office, twilio, clock):
    twilio_office.queue_many(1)
    twilio_office.work()

    for _ in range(100):
        clock.advance(hours=1)
        twilio_office.work()

    looks = [path for method, path in twilio.requests if method == "GET"]
    assert len(looks) == len(sender_of(twilio_office.app).gateway.check_after)
    assert twilio_office.states() == {S.ACCEPTED: 1}


def test_every_attempt_is_kept(twilio_office, twilio, clock):
    twilio_office.queue_many(1)
    twilio.answer_next(refused(429, 20429, retry_after=1), DROPPED_AFTER_STORING)

    for _ in range(4):
        sender_of(twilio_office.app)._hold_until = 0.0
        twilio_office.work()
        clock.advance(seconds=61)

    kept = db.session.execute(select(DeliveryEvent.source, DeliveryEvent.outcome).order_by(DeliveryEvent.id)).all()
    assert Counter(kept) >= Counter(
        [("attempt", "unavailable"), ("attempt", "outcome_unknown"), ("reconcile", "queued")]
    )


def test_a_batch_is_done_when_nothing_is_left_to_hand_over(twilio_office, twilio):
    queued = twilio_office.queue_many(3)
    twilio.answer_next(DROPPED_AFTER_STORING)

    twilio_office.work()
    assert twilio_office.batch(queued.batch_id).state is BatchState.SENDING
    twilio_office.clock.advance(seconds=61)
    twilio_office.work()

    assert twilio_office.batch(queued.batch_id).state is BatchState.DONE
