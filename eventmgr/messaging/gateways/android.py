"""A phone with a local SIM that runs the open app SMS Gateway for Android: for communes without a sender name.

The app takes a text under an id of ours and answers 409 to a second one with the same id, so an unknown outcome is
simply asked again. What becomes of a text it tells by signed webhooks, for a long text once for each part.
Source: the app's own API, https://docs.sms-gate.app/
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import requests
from requests.exceptions import RequestException
from werkzeug.datastructures import Headers

from eventmgr.messaging.gateways.base import (
    AccountProblem,
    DeliveryReceipt,
    GatewayFailure,
    InboundSms,
    OutcomeUnknown,
    OutgoingSms,
    Rejected,
    SendReceipt,
    Trouble,
    Unavailable,
)
from eventmgr.messaging.gateways.http import both_timeouts, never_left, retry_after
from eventmgr.messaging.values import MessageState

STATES: dict[str, MessageState] = {
    "Pending": MessageState.ACCEPTED,
    "Processed": MessageState.ACCEPTED,
    "Sent": MessageState.SENT,
    "Delivered": MessageState.DELIVERED,
    "Failed": MessageState.FAILED,
}

EVENTS: dict[str, MessageState] = {
    "sms:sent": MessageState.SENT,
    "sms:delivered": MessageState.DELIVERED,
    "sms:failed": MessageState.FAILED,
}
RECEIVED = "sms:received"

# Without a public address nobody calls back: ask, ever more seldom, for a day.
CHECKS_ALONE = tuple(timedelta(minutes=m) for m in (0.5, 2, 10, 30, 60, 240, 480, 960))
CHECKS_BESIDE_WEBHOOKS = tuple(timedelta(minutes=m) for m in (15, 60, 480))

STALE_AFTER = timedelta(minutes=15)
"""A signed request older than this (or as far ahead) is a copy, or comes from a phone whose clock is far off."""


@dataclass(frozen=True, slots=True)
class AndroidPhone:
    """How to reach the app: its address and the user and password its screen shows."""

    url: str
    user: str
    password: str
    timeout_seconds: float = 20.0


class AndroidGateway:
    """Sends by one phone. Safe to use from many threads: each has its own connection."""

    name = "android"
    repeat_is_safe = True

    def __init__(self, phone: AndroidPhone, *, has_webhooks: bool) -> None:
        """`has_webhooks`: the app can call us back, so that we need not ask so often."""
        self.phone = phone
        self.check_after: Sequence[timedelta] = CHECKS_BESIDE_WEBHOOKS if has_webhooks else CHECKS_ALONE
        self._mine = threading.local()

    def send(self, sms: OutgoingSms) -> SendReceipt:
        asked: dict[str, Any] = {
            "id": sms.public_id,
            "textMessage": {"text": sms.text},
            "phoneNumbers": [sms.to],
            "withDeliveryReport": True,
        }
        if sms.valid_seconds is not None:
            asked["ttl"] = max(1, sms.valid_seconds)
        with self._asking() as session:
            answer = session.post(f"{self._base}/messages", json=asked, timeout=self._timeouts, allow_redirects=False)
        if answer.status_code == 409:
            return SendReceipt(sms.public_id, outcome="taken before")
        if answer.status_code not in (200, 201, 202):
            raise _failure(answer)
        state = STATES.get(str(_read(answer).get("state", "")), MessageState.ACCEPTED)
        return SendReceipt(
            sms.public_id, outcome="taken", state=MessageState.ACCEPTED if state is MessageState.FAILED else state
        )

    def find(self, sms: OutgoingSms, since: datetime) -> list[DeliveryReceipt]:
        return []  # never asked: a repeat is safe

    def check(self, gateway_id: str, to: str) -> DeliveryReceipt:
        with self._asking() as session:
            answer = session.get(f"{self._base}/messages/{gateway_id}", timeout=self._timeouts, allow_redirects=False)
        if answer.status_code != 200:
            raise _failure(answer) if answer.status_code != 404 else OutcomeUnknown("forgotten")
        told = _read(answer)
        word = str(told.get("state", ""))
        recipients = told.get("recipients")
        first = recipients[0] if isinstance(recipients, list) and recipients else {}
        why = str(first.get("error") or "") if isinstance(first, dict) else ""
        return DeliveryReceipt(gateway_id, word, STATES.get(word), code=_code(why) if word == "Failed" else "")

    @property
    def _base(self) -> str:
        return self.phone.url.rstrip("/")

    @property
    def _timeouts(self) -> tuple[float, float]:
        return both_timeouts(self.phone.timeout_seconds)

    @contextmanager
    def _asking(self) -> Iterator[requests.Session]:
        """A connection of this thread's own, whose failures leave as ours."""
        if not hasattr(self._mine, "session"):
            self._mine.session = requests.Session()  # without transport retries
            self._mine.session.auth = (self.phone.user, self.phone.password)
            self._mine.session.trust_env = False  # a proxy or a netrc of the machine is none of its business
        try:
            yield self._mine.session
        except RequestException as error:
            if never_left(error):
                raise Unavailable("no_connection") from error
            raise OutcomeUnknown("no_answer") from error


def _failure(answer: requests.Response) -> GatewayFailure:
    status = answer.status_code
    if status in (429, 503):
        # 503: the phone's own queue is full. It has not taken the text.
        return Unavailable("queue_full", retry_after(answer.headers), busy=True)
    if status in (401, 403):
        return AccountProblem(Trouble.CREDENTIALS, str(status))
    if status in (400, 422):
        return Rejected(f"android_{status}")
    return OutcomeUnknown(str(status))


def _read(answer: requests.Response) -> Mapping[str, Any]:
    """The JSON object of an answer; empty where it is none: the status has said what matters."""
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _code(why: str) -> str:
    """A failure in the app's words as a short code of ours."""
    return "android_failed" if not why else f"android: {why}"[:60]


# --- What the phone sends to us -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PhoneEvent:
    """One webhook: a report on a text of ours, or a text somebody sent to the phone; neither for other events.

    `part`: the report is on one part of perhaps several; `parts` is how many there are, where the app says so.
    """

    event_id: str
    public_id: str = ""
    receipt: DeliveryReceipt | None = None
    inbound: InboundSms | None = None
    parts: int | None = None


class NotUnderstood(ValueError):
    """A signed request that is no webhook of the app."""


def is_signed(key: str, body: bytes, headers: Headers, now: Callable[[], datetime]) -> bool:
    """Whether the app signed this body with our key, lately: HMAC-SHA256 over body and X-Timestamp, in hex."""
    told, stamp = headers.get("X-Signature", ""), headers.get("X-Timestamp", "")
    if not (key and told and stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        return False
    expected = hmac.new(key.encode(), body + stamp.encode(), hashlib.sha256).hexdigest()
    fresh = abs(now().timestamp() - int(stamp)) <= STALE_AFTER.total_seconds()
    return hmac.compare_digest(told.lower().encode(), expected.encode()) and fresh


def read_event(body: bytes) -> PhoneEvent:
    """What a webhook says. Raises NotUnderstood."""
    try:
        told = json.loads(body)
        name, event_id, payload = str(told["event"]), str(told["id"]), told["payload"]
        if name == RECEIVED:
            sender = str(payload.get("phoneNumber") or payload.get("sender") or "")
            return PhoneEvent(event_id, inbound=InboundSms(f"android:{event_id}", sender, str(payload["message"])))
        if name not in EVENTS:
            return PhoneEvent(event_id)
        public_id = str(payload["messageId"])
        parts = payload.get("partsCount")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NotUnderstood from error
    receipt = DeliveryReceipt(
        public_id,
        outcome=name,
        state=EVENTS[name],
        code=_code(str(payload.get("reason") or "")) if name == "sms:failed" else "",
        raw={"id": event_id, "event": name, "partsCount": str(parts or "")},
    )
    return PhoneEvent(event_id, public_id, receipt, parts=parts if isinstance(parts, int) and parts > 0 else None)
