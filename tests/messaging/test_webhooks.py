"""Callbacks: only the gateway's own are believed, and states only move forward."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import select

from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.messaging import outbox
from eventmgr.messaging.models import DeliveryEvent
from eventmgr.messaging.sender import sender_of
from eventmgr.messaging.values import BatchState, MessageState
from eventmgr.residents.models import PhoneState
from tests.messaging.conftest import phone, twilio_settings
from tests.support.twilio_server import DROPPED_AFTER_STORING, sign

S = MessageState
PUBLIC = "https://hop.example.vn"


@pytest.fixture
def called_back(open_office, twilio):
    """An office whose public address Twilio knows."""
    return open_office(**twilio_settings(twilio, PUBLIC_URL=PUBLIC))


def call_back(office, twilio, stored, status, error_code=None, **headers):
    fields = twilio.callback_fields(stored, status, error_code)
    path = stored.callback.removeprefix(PUBLIC)
    signed = {"X-Twilio-Signature": sign(stored.callback, fields)}
    return office.app.test_client().post(path, data=fields, headers=signed | headers)


def sent(office, twilio):
    office.queue_many(1)
    office.work()
    return twilio.stored[0]


def test_a_message_carries_an_address_of_its_own(called_back, twilio):
    stored = sent(called_back, twilio)

    assert stored.callback == f"{PUBLIC}/webhooks/twilio/status/{called_back.message().public_id}"


@pytest.mark.parametrize("order", list(itertools.permutations(["queued", "sent", "delivered"])))
def test_reports_in_any_order_and_twice_end_in_the_same_state(called_back, twilio, order):
    stored = sent(called_back, twilio)

    for status in (*order, *order):
        assert call_back(called_back, twilio, stored, status).status_code == 204

    assert called_back.message().state is S.DELIVERED
    called = select(DeliveryEvent.outcome).where(DeliveryEvent.source == "callback").order_by(DeliveryEvent.id)
    assert list(db.session.scalars(called)) == [*order, *order]


def test_a_failure_keeps_its_code_and_marks_the_phone(called_back, twilio):
    stored = sent(called_back, twilio)

    call_back(called_back, twilio, stored, "undelivered", 30005)
    call_back(called_back, twilio, stored, "sent")

    message = called_back.message()
    assert (message.state, message.error) == (S.FAILED, "30005")
    assert db.session.get_one(PhoneState, message.phone).dead_at is not None


def test_an_account_problem_reported_later_pauses_the_batch(called_back, twilio, clock):
    queued = called_back.queue_many(6)
    with unit_of_work():
        sender = sender_of(called_back.app)
        (errand,) = outbox.claim_to_send(sender.gateway, sender.pace.lease, 1, now())
    receipt = sender.gateway.send(outbox_sms(errand))
    with unit_of_work():
        outbox.record([outbox.Result(errand, receipt)], sender.gateway, sender.pace.lease, now())

    call_back(called_back, twilio, twilio.stored[0], "undelivered", 30002)

    assert called_back.batch(queued.batch_id).state is BatchState.PAUSED
    assert called_back.batch(queued.batch_id).pause_reason == "suspended"


def outbox_sms(errand):
    from eventmgr.messaging.gateways.base import OutgoingSms

    return OutgoingSms(errand.public_id, errand.phone, errand.text)


def test_a_report_that_comes_before_our_own_record_is_kept(called_back, twilio):
    called_back.queue_many(1)
    sender = sender_of(called_back.app)
    with unit_of_work():
        (errand,) = outbox.claim_to_send(sender.gateway, sender.pace.lease, 1, now())
    receipt = sender.gateway.send(outbox_sms(errand))

    call_back(called_back, twilio, twilio.stored[0], "delivered")
    with unit_of_work():
        outbox.record([outbox.Result(errand, receipt)], sender.gateway, sender.pace.lease, now())

    message = called_back.message()
    assert (message.state, message.gateway_id) == (S.DELIVERED, twilio.stored[0].sid)


def test_a_report_settles_an_unknown_outcome(called_back, twilio):
    called_back.queue_many(1)
    twilio.answer_next(DROPPED_AFTER_STORING)
    called_back.work()
    assert called_back.message().state is S.UNKNOWN

    call_back(called_back, twilio, twilio.stored[0], "sent")
    called_back.clock.advance(hours=1)
    called_back.work()

    message = called_back.message()
    assert (message.state, message.gateway_id) == (S.SENT, twilio.stored[0].sid)
    assert len(twilio.stored) == 1


def test_a_report_on_an_attempt_thought_absent_stops_the_next_one(called_back, twilio):
    called_back.queue_many(1)
    message = called_back.message()
    stored = twilio.store(
        {
            "To": message.phone,
            "Body": message.text,
            "StatusCallback": f"{PUBLIC}/webhooks/twilio/status/{message.public_id}",
        }
    )

    call_back(called_back, twilio, stored, "queued")
    called_back.work()

    assert called_back.message().state is S.ACCEPTED
    assert len(twilio.stored) == 1


def test_a_word_we_do_not_know_changes_nothing_and_is_kept(called_back, twilio):
    stored = sent(called_back, twilio)

    assert call_back(called_back, twilio, stored, "partially_delivered").status_code == 204

    assert called_back.message().state is S.ACCEPTED
    event = db.session.scalars(select(DeliveryEvent).where(DeliveryEvent.source == "callback")).one()
    assert event.outcome == "partially_delivered"


def test_what_is_kept_of_a_report_holds_no_phone(called_back, twilio):
    stored = sent(called_back, twilio)

    call_back(called_back, twilio, stored, "delivered")

    raw = db.session.scalars(select(DeliveryEvent.raw).where(DeliveryEvent.source == "callback")).one()
    assert raw["MessageSid"] == stored.sid
    assert stored.to not in str(raw)


@pytest.mark.parametrize("forgery", ["none", "wrong", "other_field", "other_address", "other_token"])
def test_a_forged_report_is_refused_and_changes_nothing(called_back, twilio, forgery, caplog):
    stored = sent(called_back, twilio)
    fields = twilio.callback_fields(stored, "delivered")
    signature = {
        "none": "",
        "wrong": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "other_field": sign(stored.callback, fields | {"MessageStatus": "sent"}),
        "other_address": sign(stored.callback + "x", fields),
        "other_token": sign(stored.callback, fields, token="another"),
    }[forgery]

    answer = called_back.app.test_client().post(
        stored.callback.removeprefix(PUBLIC), data=fields, headers={"X-Twilio-Signature": signature}
    )

    assert answer.status_code == 403
    assert called_back.message().state is S.ACCEPTED
    assert db.session.scalars(select(DeliveryEvent).where(DeliveryEvent.source == "callback")).all() == []
    assert stored.to not in caplog.text


def test_a_signed_report_on_no_message_of_ours_is_not_found(called_back, twilio):
    stored = sent(called_back, twilio)
    stored.callback = f"{PUBLIC}/webhooks/twilio/status/{'0' * 32}"

    assert call_back(called_back, twilio, stored, "sent").status_code == 404


def test_without_a_public_address_no_report_is_believed(twilio_office, twilio):
    stored = sent(twilio_office, twilio)
    fields = twilio.callback_fields(stored, "delivered")
    path = f"/webhooks/twilio/status/{twilio_office.message().public_id}"

    answer = twilio_office.app.test_client().post(path, data=fields, headers={"X-Twilio-Signature": sign(path, fields)})

    assert stored.callback == ""
    assert answer.status_code == 403


def test_who_texts_stop_gets_nothing_more(called_back, twilio):
    called_back.queue_many(1)
    url = f"{PUBLIC}/webhooks/twilio/inbound"
    fields = {"MessageSid": "SM1", "From": phone(0), "To": "+15005550006", "Body": "Từ chối"}

    answer = called_back.app.test_client().post(
        "/webhooks/twilio/inbound", data=fields, headers={"X-Twilio-Signature": sign(url, fields)}
    )
    called_back.work()

    assert (answer.status_code, answer.text) == (200, "<Response/>")
    assert called_back.message().state is S.REFUSED
    assert twilio.stored == []


def test_a_forged_stop_is_refused(called_back):
    answer = called_back.app.test_client().post(
        "/webhooks/twilio/inbound", data={"From": phone(0), "Body": "STOP"}, headers={"X-Twilio-Signature": "x"}
    )

    assert answer.status_code == 403
    assert db.session.get(PhoneState, phone(0)) is None
