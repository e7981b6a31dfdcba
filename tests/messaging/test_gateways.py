"""What every gateway must do, and how Twilio's many answers are understood."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from eventmgr.messaging.gateways.android import AndroidGateway, AndroidPhone
from eventmgr.messaging.gateways.base import (
    AccountProblem,
    OutcomeUnknown,
    OutgoingSms,
    Refused,
    Rejected,
    SmsGateway,
    Trouble,
    Unavailable,
)
from eventmgr.messaging.gateways.http import read_environment_once
from eventmgr.messaging.gateways.simulator import SimulatorGateway
from eventmgr.messaging.gateways.twilio import TRIAL_PREFIX, TwilioAccount, TwilioGateway
from eventmgr.messaging.values import MessageState
from tests.messaging.conftest import NEVER_SECONDS, PATIENT_SECONDS
from tests.support.android_server import PASSWORD, USER, AndroidServer, PhoneAnswer
from tests.support.twilio_server import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    DROPPED_AFTER_STORING,
    DROPPED_BEFORE_STORING,
    Answer,
    TwilioServer,
    refused,
)

PHONE = "+84912345670"
TEXT = "UBND xã Bình Trung kính mời bà Nguyệt."


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def server() -> Iterator[TwilioServer]:
    with TwilioServer() as server:
        yield server


def twilio_to(server: TwilioServer, **changes: object) -> TwilioGateway:
    settings = {
        "account_sid": ACCOUNT_SID,
        "auth_token": AUTH_TOKEN,
        "sender": "+15005550006",
        "api_base": server.url,
        "timeout_seconds": PATIENT_SECONDS,
    }
    public_url = str(changes.pop("public_url", ""))
    return TwilioGateway(TwilioAccount(**(settings | changes)), public_url=public_url, now=now)  # type: ignore[arg-type]


def android_to(phone: AndroidServer, **changes: Any) -> AndroidGateway:
    settings = {"url": phone.url, "user": USER, "password": PASSWORD, "timeout_seconds": PATIENT_SECONDS}
    return AndroidGateway(AndroidPhone(**(settings | changes)), has_webhooks=True)


@pytest.fixture
def android_phone() -> Iterator[AndroidServer]:
    with AndroidServer() as server:
        yield server


@pytest.fixture(params=["simulator", "twilio", "android"])
def gateway(request: pytest.FixtureRequest, server: TwilioServer, android_phone: AndroidServer) -> SmsGateway:
    if request.param == "simulator":
        return SimulatorGateway()
    return twilio_to(server) if request.param == "twilio" else android_to(android_phone)


@dataclass
class Far:
    """A gateway at the other end of a network, and how to make it misbehave."""

    gateway: Callable[..., SmsGateway]
    answer: Callable[[str], None]
    taken: Callable[[], int]


@pytest.fixture(params=["twilio", "android"])
def far(request: pytest.FixtureRequest, server: TwilioServer, android_phone: AndroidServer) -> Far:
    if request.param == "twilio":
        answers = {
            "cut off after taking it": DROPPED_AFTER_STORING,
            "cut off before taking it": DROPPED_BEFORE_STORING,
            "too much at once": refused(429, 20429, retry_after=7),
            "wrong password": refused(401, 20003),
            "bad number": refused(400, 21211),
            "broken": refused(500, 20500),
            "silent": Answer(wait_after=NEVER_SECONDS),
            "sent elsewhere": Answer(status=302, body=""),
        }
        return Far(
            lambda **more: twilio_to(server, **more),
            lambda what: server.answer_next(answers[what]),
            lambda: len(server.stored),
        )
    phones = {
        "cut off after taking it": PhoneAnswer(drop=True),
        "cut off before taking it": PhoneAnswer(drop=True, take=False),
        "too much at once": PhoneAnswer(status=503, take=False, retry_after=7),
        "wrong password": PhoneAnswer(status=401, take=False),
        "bad number": PhoneAnswer(status=400, take=False),
        "broken": PhoneAnswer(status=500, take=False),
        "silent": PhoneAnswer(wait_after=NEVER_SECONDS),
        "sent elsewhere": PhoneAnswer(status=302, take=False),
    }
    return Far(
        lambda **more: android_to(android_phone, **more),
        lambda what: android_phone.answer_next(phones[what]),
        lambda: len(android_phone.taken),
    )


def sms(to: str = PHONE, text: str = TEXT, **more: object) -> OutgoingSms:
    return OutgoingSms("0123456789abcdef", to, text, **more)  # type: ignore[arg-type]


# --- The contract of all gateways ---------------------------------------------------------------


def test_a_gateway_takes_a_text_and_names_it(gateway):
    receipt = gateway.send(sms())

    assert receipt.gateway_id
    assert receipt.state is MessageState.ACCEPTED


def test_a_gateway_names_different_texts_differently(gateway):
    one = gateway.send(OutgoingSms("a" * 16, PHONE, TEXT))
    two = gateway.send(OutgoingSms("b" * 16, PHONE, TEXT))

    assert one.gateway_id != two.gateway_id


def test_a_gateway_either_drops_repeats_or_finds_what_it_took(gateway):
    before = now()
    first = gateway.send(sms())

    if gateway.repeat_is_safe:
        assert gateway.send(sms()).gateway_id == first.gateway_id
    else:
        assert [found.gateway_id for found in gateway.find(sms(), since=before)] == [first.gateway_id]


def test_a_gateway_finds_nothing_where_nothing_was_sent(gateway):
    assert gateway.find(sms(), since=now()) == []


def test_a_gateway_reports_on_a_text_it_took(gateway):
    taken = gateway.send(sms())

    report = gateway.check(taken.gateway_id, PHONE)

    assert report.gateway_id == taken.gateway_id
    assert report.state in {MessageState.ACCEPTED, MessageState.SENT, MessageState.DELIVERED}


def test_a_gateway_serves_many_threads_at_once(gateway):
    ids: list[str] = []

    def send(number: int) -> None:
        ids.append(gateway.send(OutgoingSms(f"{number:016d}", PHONE, TEXT)).gateway_id)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(ids)) == 12


def test_a_gateway_asks_again_after_a_while(gateway):
    assert all(wait > timedelta(0) for wait in gateway.check_after)
    assert gateway.check_after


@pytest.mark.parametrize("what", ["cut off after taking it", "cut off before taking it", "broken", "sent elsewhere"])
def test_a_far_gateway_that_settles_nothing_leaves_the_outcome_unknown(far, what):
    far.answer(what)

    with pytest.raises(OutcomeUnknown):
        far.gateway().send(sms())


def test_a_far_gateway_is_not_waited_for_longer_than_its_time_out(far):
    far.answer("silent")

    with pytest.raises(OutcomeUnknown):
        far.gateway(timeout_seconds=0.3).send(sms())


def test_a_far_gateway_that_has_too_many_is_asked_again_later(far):
    far.answer("too much at once")

    with pytest.raises(Unavailable) as caught:
        far.gateway().send(sms())

    assert (caught.value.retry_after, caught.value.busy) == (7, True)
    assert far.taken() == 0


def test_a_far_gateway_that_does_not_know_us_is_a_problem_of_the_account(far):
    far.answer("wrong password")

    with pytest.raises(AccountProblem) as caught:
        far.gateway().send(sms())

    assert caught.value.trouble is Trouble.CREDENTIALS


def test_a_far_gateway_that_will_not_take_a_text_says_so_for_good(far):
    far.answer("bad number")

    with pytest.raises((Refused, Rejected)):
        far.gateway().send(sms())


def test_a_far_gateway_gets_each_request_once(far):
    far.answer("cut off after taking it")

    with pytest.raises(OutcomeUnknown):
        far.gateway().send(sms())

    assert far.taken() == 1


def test_a_far_gateway_out_of_reach_is_tried_later(server, android_phone):
    gateways = []
    with TwilioServer() as gone, AndroidServer() as off:
        gateways = [twilio_to(gone), android_to(off)]

    for gateway in gateways:
        with pytest.raises(Unavailable):
            gateway.send(sms())


# --- Simulator ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("ending", "dead", "opted_out"), [("96", False, True), ("97", True, False)])
def test_simulator_refuses_numbers_with_certain_endings(ending, dead, opted_out):
    with pytest.raises(Refused) as caught:
        SimulatorGateway().send(sms(to="+849123456" + ending))

    assert (caught.value.number_dead, caught.value.opted_out) == (dead, opted_out)


@pytest.mark.parametrize(
    ("ending", "state", "dead"),
    [
        ("70", MessageState.DELIVERED, False),
        ("98", MessageState.FAILED, True),
        ("99", MessageState.FAILED, False),
    ],
)
def test_simulator_reports_by_the_ending_of_the_number(ending, state, dead):
    report = SimulatorGateway().check("sim-1", "+849123456" + ending)

    assert (report.state, report.number_dead) == (state, dead)


# --- Twilio: what is asked ----------------------------------------------------------------------


def test_twilio_is_told_number_text_sender_callback_and_validity(server):
    twilio_to(server, public_url="https://hop.example.vn").send(sms(valid_seconds=900))

    assert server.stored[0].fields == {
        "To": PHONE,
        "Body": TEXT,
        "From": "+15005550006",
        "StatusCallback": "https://hop.example.vn/webhooks/twilio/status/0123456789abcdef",
        "ValidityPeriod": "900",
    }


def test_twilio_may_choose_the_sender_from_a_messaging_service(server):
    twilio_to(server, sender="", messaging_service_sid="MG" + "1" * 32).send(sms())

    assert server.stored[0].fields["MessagingServiceSid"] == "MG" + "1" * 32
    assert "From" not in server.stored[0].fields


@pytest.mark.parametrize(("seconds", "told"), [(-5, "10"), (3, "10"), (10**6, "36000")])
def test_validity_stays_in_what_twilio_allows(server, seconds, told):
    twilio_to(server).send(sms(valid_seconds=seconds))

    assert server.stored[0].fields["ValidityPeriod"] == told


def test_numbers_and_texts_are_not_logged(server, caplog):
    caplog.set_level(logging.DEBUG)

    twilio_to(server).send(sms())
    server.answer_next(refused(400, 21211))
    with pytest.raises(Refused):
        twilio_to(server).send(sms())

    logged = " ".join(str(record.__dict__) for record in caplog.records)
    assert PHONE not in logged
    assert "Nguy" not in logged


# --- Twilio: what is answered -------------------------------------------------------------------


@pytest.mark.parametrize("code", [21211, 21614, 21635, 30005, 30006])
def test_a_dead_number_is_refused_for_good(server, code):
    server.answer_next(refused(400, code))

    with pytest.raises(Refused) as caught:
        twilio_to(server).send(sms())

    assert (caught.value.code, caught.value.number_dead, caught.value.opted_out) == (str(code), True, False)


def test_a_number_that_opted_out_is_refused_for_good(server):
    server.answer_next(refused(400, 21610))

    with pytest.raises(Refused) as caught:
        twilio_to(server).send(sms())

    assert (caught.value.number_dead, caught.value.opted_out) == (False, True)


@pytest.mark.parametrize("code", [21617, 30007, 60999])
def test_another_refusal_keeps_its_code_and_blames_no_number(server, code):
    server.answer_next(refused(400, code))

    with pytest.raises(Rejected) as caught:
        twilio_to(server).send(sms())

    assert caught.value.code == str(code)


@pytest.mark.parametrize(
    ("status", "code", "trouble"),
    [
        (401, 20003, Trouble.CREDENTIALS),
        (401, 99999, Trouble.CREDENTIALS),
        (404, 20404, Trouble.CREDENTIALS),
        (403, 21408, Trouble.COUNTRY),
        (400, 21408, Trouble.COUNTRY),
        (400, 21608, Trouble.TRIAL),
        (400, 21606, Trouble.SENDER),
        (400, 21612, Trouble.SENDER),
        (400, 30002, Trouble.SUSPENDED),
        (403, 20005, Trouble.SUSPENDED),
        (402, 20001, Trouble.BALANCE),
        (400, 21609, Trouble.CALLBACK),
    ],
)
def test_a_problem_of_the_account_is_told_apart_from_one_of_the_number(server, status, code, trouble):
    server.answer_next(refused(status, code))

    with pytest.raises(AccountProblem) as caught:
        twilio_to(server).send(sms())

    assert (caught.value.trouble, caught.value.code) == (trouble, str(code))


def test_a_wrong_token_is_a_problem_of_the_account(server):
    with pytest.raises(AccountProblem) as caught:
        twilio_to(server, auth_token="wrong").send(sms())

    assert caught.value.trouble is Trouble.CREDENTIALS


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (refused(429, 20429, retry_after=7), 7),
        (refused(429, 20429), None),
        (refused(429, 14107), None),
        (refused(400, 21611), 300),
        (refused(400, 30001), 300),
    ],
)
def test_too_much_at_once_means_later(server, answer, wait):
    server.answer_next(answer)

    with pytest.raises(Unavailable) as caught:
        twilio_to(server).send(sms())

    assert caught.value.retry_after == wait
    assert server.stored == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(DROPPED_AFTER_STORING, id="connection dropped after it was stored"),
        pytest.param(DROPPED_BEFORE_STORING, id="connection dropped before it was stored"),
        pytest.param(refused(500, 20500), id="server error"),
        pytest.param(refused(503, 20503), id="server unavailable"),
        pytest.param(Answer(status=500, body="{}"), id="error without a message"),
        pytest.param(Answer(status=502, body="<html>bad gateway</html>"), id="error in HTML"),
        pytest.param(Answer(body="not JSON"), id="created but unreadable"),
        pytest.param(Answer(body=""), id="created but empty"),
        pytest.param(Answer(body="[]"), id="created but no object"),
        pytest.param(Answer(status=302, body=""), id="sent elsewhere"),
    ],
)
def test_an_answer_that_settles_nothing_is_an_unknown_outcome(server, answer):
    server.answer_next(answer)

    with pytest.raises(OutcomeUnknown):
        twilio_to(server).send(sms())


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(wait_after=NEVER_SECONDS), id="answer comes too late"),
        pytest.param(Answer(wait_before=NEVER_SECONDS), id="stored too late"),
    ],
)
def test_no_answer_in_time_is_an_unknown_outcome(server, answer):
    server.answer_next(answer)

    with pytest.raises(OutcomeUnknown):
        twilio_to(server, timeout_seconds=0.3).send(sms())


def test_a_request_is_never_repeated_by_the_transport(server):
    server.always = DROPPED_AFTER_STORING

    with pytest.raises(OutcomeUnknown):
        twilio_to(server).send(sms())

    assert len(server.stored) == 1
    assert len(server.requests) == 1


def test_no_connection_at_all_means_later():
    with TwilioServer() as gone:
        gateway = twilio_to(gone)

    with pytest.raises(Unavailable):
        gateway.send(sms())


# --- Twilio: looking for what was taken ---------------------------------------------------------


def stored(server: TwilioServer, *, to: str = PHONE, body: str = TEXT, ago: float = 0) -> str:
    message = server.store({"To": to, "Body": body, "From": "+15005550006"})
    message.created_at -= timedelta(seconds=ago)
    return message.sid


def found(server: TwilioServer, since: datetime | None = None) -> list[str]:
    return [r.gateway_id for r in twilio_to(server).find(sms(), since or now() - timedelta(seconds=30))]


def test_a_text_is_found_by_number_words_and_time(server):
    stored(server, to="+84912345671")
    stored(server, body="UBND xã Bình Trung kính mời bà Lan.")
    stored(server, ago=3600)
    ours = stored(server, ago=5)

    assert found(server) == [ours]


def test_equal_texts_are_found_oldest_first(server):
    older, newer = stored(server, ago=20), stored(server, ago=3)

    assert found(server) == [older, newer]


@pytest.mark.parametrize("body", [TRIAL_PREFIX + TEXT, TEXT + " \n"])
def test_a_text_is_found_as_a_trial_account_or_trimming_left_it(server, body):
    assert found(server) == [] or pytest.fail("nothing was stored yet")

    ours = stored(server, body=body)

    assert found(server) == [ours]


def test_a_wrong_clock_here_hides_no_text(server):
    ours = stored(server)
    ahead = timedelta(hours=3)
    gateway = TwilioGateway(
        TwilioAccount(ACCOUNT_SID, AUTH_TOKEN, sender="UBND", api_base=server.url),
        public_url="",
        now=lambda: now() + ahead,
    )

    assert [r.gateway_id for r in gateway.find(sms(), since=now() + ahead - timedelta(seconds=5))] == [ours]


def test_erased_bodies_prove_neither_presence_nor_absence(server):
    stored(server, body="")

    with pytest.raises(OutcomeUnknown):
        found(server)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (refused(500, 20500), OutcomeUnknown),
        (refused(429, 20429), Unavailable),
        (refused(401, 20003), AccountProblem),
        (DROPPED_BEFORE_STORING, OutcomeUnknown),
    ],
)
def test_a_list_that_cannot_be_read_proves_nothing(server, answer, failure):
    stored(server)
    server.list_answer = answer

    with pytest.raises(failure):
        found(server)


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        ("queued", None, MessageState.ACCEPTED),
        ("sending", None, MessageState.ACCEPTED),
        ("sent", None, MessageState.SENT),
        ("delivered", None, MessageState.DELIVERED),
        ("undelivered", 30003, MessageState.FAILED),
        ("failed", 30008, MessageState.FAILED),
        ("partially_delivered", None, None),
    ],
)
def test_twilio_words_become_ours_and_unknown_ones_are_not_guessed(server, status, code, state):
    message = server.store({"To": PHONE, "Body": TEXT})
    message.status, message.error_code = status, code

    report = twilio_to(server).check(message.sid, PHONE)

    assert (report.state, report.outcome, report.code) == (state, status, str(code or ""))


@pytest.mark.parametrize(("besides", "expected"), [({}, "http://127.0.0.1:3128"), ({"NO_PROXY": ".example"}, None)])
def test_twilio_is_reached_by_the_proxy_that_the_environment_names_and_it_is_read_once(
    monkeypatch: pytest.MonkeyPatch, besides: dict[str, str], expected: str | None
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (
        {"HTTPS_PROXY": "http://127.0.0.1:3128", "REQUESTS_CA_BUNDLE": "/etc/xa-mau.pem"} | besides
    ).items():
        monkeypatch.setenv(name, value)
    session = requests.Session()

    read_environment_once(session, "https://twilio.example")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    used = session.merge_environment_settings("https://twilio.example", {}, None, None, None)
    assert used["proxies"].get("https") == expected
    assert used["verify"] == "/etc/xa-mau.pem"
