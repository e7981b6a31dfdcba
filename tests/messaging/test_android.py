"""A phone with a SIM as the gateway: each text once by its id, its signed reports, and what people write to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from eventmgr import create_app
from eventmgr.config import ConfigError
from eventmgr.core.db import db
from eventmgr.messaging.sender import sender_of
from eventmgr.messaging.values import MessageState as S
from eventmgr.residents.models import PhoneState
from tests.messaging.conftest import PATIENT_SECONDS, Office
from tests.support.android_server import KEY, PASSWORD, USER, AndroidServer, PhoneAnswer, webhook


@pytest.fixture
def phone() -> Iterator[AndroidServer]:
    """A real HTTP server that answers as the phone does."""
    with AndroidServer() as server:
        yield server


def android_settings(phone: AndroidServer, **more: Any) -> dict[str, Any]:
    """Settings that send through the phone."""
    return {
        "SMS_GATEWAY": "android",
        "ANDROID_GATEWAY_URL": phone.url,
        "ANDROID_GATEWAY_USER": USER,
        "ANDROID_GATEWAY_PASSWORD": PASSWORD,
        "ANDROID_GATEWAY_SIGNING_KEY": KEY,
        "SMS_TIMEOUT_SECONDS": PATIENT_SECONDS,
        "SMS_RATE_PER_SECOND": 0.0,
    } | more


@pytest.fixture
def office(open_office, phone) -> Office:
    """An office that sends through the phone."""
    return open_office(**android_settings(phone))


def report(office: Office, event: str, clock: Any, **more: Any) -> int:
    """The phone calls back; returns the HTTP status."""
    request = webhook(event, stamp=int(clock.now().timestamp()), **more)
    return office.app.test_client().post("/webhooks/android", **request).status_code


# --- Sending --------------------------------------------------------------------------------------


def test_a_text_goes_with_our_id_its_number_and_how_long_it_is_worth_sending(office, phone, clock):
    office.queue_many(1, expires_at=clock.now() + timedelta(hours=1))

    office.work()

    message = office.message()
    assert phone.taken[message.public_id] == {
        "id": message.public_id,
        "textMessage": {"text": message.text},
        "phoneNumbers": [message.phone],
        "withDeliveryReport": True,
        "ttl": 3600,
    }
    assert (message.state, message.gateway_id) == (S.ACCEPTED, message.public_id)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(PhoneAnswer(drop=True), id="cut off after taking it"),
        pytest.param(PhoneAnswer(drop=True, take=False), id="cut off before taking it"),
        pytest.param(PhoneAnswer(status=500, take=False), id="broken"),
    ],
)
def test_an_unknown_outcome_is_asked_again_under_the_same_id_and_taken_once(office, phone, clock, answer):
    office.queue_many(1)
    phone.answer_next(answer)
    office.work()
    assert office.states() == {S.UNKNOWN: 1}

    for _wait in range(4):
        clock.advance(seconds=30)
        office.work()

    assert office.states() == {S.ACCEPTED: 1}
    assert list(phone.taken) == [office.message().public_id]


def test_a_full_queue_on_the_phone_waits_and_loses_nothing(office, phone, clock):
    office.queue_many(3)
    phone.always = PhoneAnswer(status=503, take=False, retry_after=30)
    office.work()
    assert office.states() == {S.QUEUED: 3}

    phone.always = PhoneAnswer()
    sender_of(office.app)._hold_until = 0.0
    clock.advance(seconds=30)
    office.work()

    assert office.states() == {S.ACCEPTED: 3}
    assert len(phone.taken) == 3


def test_without_webhooks_the_phone_is_asked(open_office, phone, clock):
    office = open_office(**android_settings(phone, ANDROID_GATEWAY_SIGNING_KEY=""))
    office.queue_many(2)
    office.work()
    first, second = office.messages()
    phone.states[first.public_id] = ("Delivered", "")
    phone.states[second.public_id] = ("Failed", "Generic failure")

    clock.advance(seconds=30)
    office.work()

    assert [(message.state, message.error) for message in office.messages()] == [
        (S.DELIVERED, ""),
        (S.FAILED, "android: Generic failure"),
    ]


def test_a_text_that_the_phone_forgot_is_not_sent_again(open_office, phone, clock):
    office = open_office(**android_settings(phone, ANDROID_GATEWAY_SIGNING_KEY=""))
    office.queue_many(1)
    office.work()
    phone.taken.clear()

    for _look in range(12):
        clock.advance(hours=4)
        office.work()

    assert office.states() == {S.ACCEPTED: 1}
    assert phone.taken == {}


def test_a_sim_is_not_asked_for_more_than_it_stands(make_app, phone):
    app = make_app(**android_settings(phone, SMS_RATE_PER_SECOND=None))

    assert sender_of(app).pace.rate_per_second == 0.2


@pytest.mark.parametrize("missing", ["ANDROID_GATEWAY_URL", "ANDROID_GATEWAY_USER", "ANDROID_GATEWAY_PASSWORD"])
@pytest.mark.one_database
def test_a_missing_setting_is_told_before_anything_starts(phone, missing, tmp_path):
    settings = {"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/x.db", "SECRET_KEY": "k" * 40}
    with pytest.raises(ConfigError, match=missing):
        create_app(settings | android_settings(phone) | {missing: ""})


# --- Reports --------------------------------------------------------------------------------------


def test_a_report_moves_the_message_on(office, phone, clock):
    office.queue_many(1)
    office.work()
    public_id = office.message().public_id

    assert report(office, "sms:sent", clock, messageId=public_id, partsCount=1) == 204
    assert office.states() == {S.SENT: 1}
    assert report(office, "sms:delivered", clock, messageId=public_id) == 204
    assert office.states() == {S.DELIVERED: 1}


def test_a_long_text_is_delivered_when_all_its_parts_are(office, phone, clock):
    office.queue_many(1)
    office.work()
    public_id = office.message().public_id
    report(office, "sms:sent", clock, messageId=public_id, partsCount=3)

    report(office, "sms:delivered", clock, messageId=public_id, event_id="one")
    report(office, "sms:delivered", clock, messageId=public_id, event_id="two")
    report(office, "sms:delivered", clock, messageId=public_id, event_id="two")
    assert office.states() == {S.SENT: 1}
    report(office, "sms:delivered", clock, messageId=public_id, event_id="three")

    assert office.states() == {S.DELIVERED: 1}


def test_reports_out_of_order_never_take_a_message_back(office, phone, clock):
    office.queue_many(1)
    office.work()
    public_id = office.message().public_id

    for event in ("sms:delivered", "sms:sent", "sms:failed", "sms:delivered"):
        assert report(office, event, clock, messageId=public_id, partsCount=1, reason="late") == 204

    assert office.states() == {S.DELIVERED: 1}


def test_a_failure_is_kept_in_the_phones_words_and_is_final(office, phone, clock):
    office.queue_many(1)
    office.work()

    report(office, "sms:failed", clock, messageId=office.message().public_id, reason="No service")
    clock.advance(days=1)
    office.work()

    assert (office.message().state, office.message().error) == (S.FAILED, "android: No service")
    assert len(phone.taken) == 1


def test_a_report_on_a_text_that_is_not_ours_changes_nothing(office, phone, clock):
    office.queue_many(1)
    office.work()

    assert report(office, "sms:delivered", clock, messageId="somebody else's") == 204
    assert report(office, "system:ping", clock) == 204
    assert office.states() == {S.ACCEPTED: 1}


@pytest.mark.parametrize(
    "forged",
    [
        {"key": "another key"},
        {"stamp": -3600},
        {"stamp": 3600},
    ],
)
def test_a_forged_or_stale_report_is_refused(office, phone, clock, forged):
    office.queue_many(1)
    office.work()
    stamp = int(clock.now().timestamp()) + forged.get("stamp", 0)
    request = webhook("sms:delivered", stamp=stamp, key=forged.get("key", KEY), messageId=office.message().public_id)

    assert office.app.test_client().post("/webhooks/android", **request).status_code == 403
    assert office.states() == {S.ACCEPTED: 1}


def test_a_changed_body_or_a_missing_signature_is_refused(office, phone, clock):
    request = webhook("sms:delivered", stamp=int(clock.now().timestamp()), messageId="1")
    client = office.app.test_client()

    assert client.post("/webhooks/android", **(request | {"data": request["data"] + b" "})).status_code == 403
    assert client.post("/webhooks/android", **(request | {"headers": {}})).status_code == 403
    odd = {"X-Signature": "²", "X-Timestamp": "²"}
    assert client.post("/webhooks/android", **(request | {"headers": odd})).status_code in (400, 403)


def test_without_a_key_nobody_is_believed(open_office, phone, clock):
    office = open_office(**android_settings(phone, ANDROID_GATEWAY_SIGNING_KEY=""))

    assert report(office, "system:ping", clock, key="") == 403


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"event":"sms:sent","id":"1","payload":7}', b"\xff"])
def test_a_signed_request_that_is_no_report_is_told_so(office, clock, body):
    import hashlib
    import hmac

    stamp = str(int(clock.now().timestamp()))
    signature = hmac.new(KEY.encode(), body + stamp.encode(), hashlib.sha256).hexdigest()
    headers = {"X-Signature": signature, "X-Timestamp": stamp}

    assert office.app.test_client().post("/webhooks/android", data=body, headers=headers).status_code == 400


# --- What people write to it ----------------------------------------------------------------------


@pytest.mark.parametrize("words", ["STOP", "từ chối", "Huy."])
def test_a_text_to_the_phone_stops_further_ones(office, clock, words):
    assert report(office, "sms:received", clock, phoneNumber="0912345670", message=words, messageId="x") == 204

    assert db.session.get_one(PhoneState, "+84912345670").opted_out_at is not None
