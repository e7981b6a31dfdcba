"""Twilio's Programmable Messaging, by the twilio package.

What is odd about it: creating a message has no idempotency key, so a request whose answer was
lost is looked for in the account's list before anything is sent again; the package has no
time-out of its own and logs numbers and texts unless told not to; and a JSON error without a
"message" makes it raise TypeError.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.request_validator import (
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)
from twilio.rest import Client
from werkzeug.datastructures import Headers

from eventmgr.messaging.gateways.base import (
    AccountProblem,
    DeliveryReceipt,
    GatewayFailure,
    InboundSms,
    OutcomeUnknown,
    OutgoingSms,
    Refused,
    Rejected,
    SendReceipt,
    Trouble,
    Unavailable,
)
from eventmgr.messaging.gateways.http import both_timeouts, never_left, read_environment_once, retry_after
from eventmgr.messaging.values import MessageState

# Source for all codes: Twilio error and warning dictionary, https://www.twilio.com/docs/api/errors
NUMBER_DEAD = frozenset({"21211", "21614", "21635", "30005", "30006"})
OPTED_OUT = frozenset({"21610"})
TROUBLES: dict[str, Trouble] = {
    "20003": Trouble.CREDENTIALS,
    "20404": Trouble.CREDENTIALS,  # no such account
    "21408": Trouble.COUNTRY,
    "21608": Trouble.TRIAL,
    "21606": Trouble.SENDER,
    "21612": Trouble.SENDER,
    "21212": Trouble.SENDER,
    "21267": Trouble.SENDER,
    "21603": Trouble.SENDER,
    "21659": Trouble.SENDER,
    "21660": Trouble.SENDER,
    "21703": Trouble.SENDER,
    "21705": Trouble.SENDER,
    "30002": Trouble.SUSPENDED,
    "21609": Trouble.CALLBACK,
}
STATUS_TROUBLES: dict[int, Trouble] = {
    401: Trouble.CREDENTIALS,
    402: Trouble.BALANCE,
    403: Trouble.SUSPENDED,
}
LATER: dict[str, float | None] = {
    # Seconds to wait before the same request may do better; None: as usual.
    "20429": None,
    "21611": 300,
    "30001": 300,
}

# Taken, and then not delivered for a reason that passes: the queue was full, the phone was off, nobody knows. What the
# network filtered (30007) would only be filtered again.
SEND_AGAIN_AFTER: dict[str, tuple[timedelta, ...]] = {
    "30001": tuple(timedelta(minutes=m) for m in (10, 30, 60)),
    "30003": tuple(timedelta(minutes=m) for m in (30, 120, 360)),
    "30008": tuple(timedelta(minutes=m) for m in (30, 120, 360)),
}

STATES: dict[str, MessageState] = {
    # Source: Message resource, "status" property, https://www.twilio.com/docs/messaging/api/message-resource
    "accepted": MessageState.ACCEPTED,
    "scheduled": MessageState.ACCEPTED,
    "queued": MessageState.ACCEPTED,
    "sending": MessageState.ACCEPTED,
    "sent": MessageState.SENT,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.DELIVERED,
    "undelivered": MessageState.FAILED,
    "failed": MessageState.FAILED,
    "canceled": MessageState.FAILED,
}

STATUS_PATH = "/webhooks/twilio/status/"
TRIAL_PREFIX = "Sent from your Twilio trial account - "
LIST_PAGE = 1000  # the largest page the list gives; one number never has more
IDLE_SECONDS = 25.0  # a kept connection older than this may be closed at the other end
CLOCKS_APART = timedelta(minutes=5)
"""How far the clocks of two machines of ours may be apart: one claims, the other asks. Looking back too far finds
nothing wrong, as texts we know by their id are passed over; looking back too little would send a text twice."""
VALID_SECONDS = (10, 36000)  # what validity_period may be; its documentation warns of under 5
PERSONAL_FIELDS = frozenset({"To", "From", "Body", "WaId", "ProfileName"})

# Without a public address nobody calls back: ask, ever more seldom, for two days.
CHECKS_ALONE = tuple(timedelta(minutes=m) for m in (0.5, 1, 3, 10, 30, 60, 120, 240, 480, 960, 960))
# With one, look a few times for what a lost callback would have said.
CHECKS_BESIDE_CALLBACKS = tuple(timedelta(minutes=m) for m in (60, 480, 1440))

# The package tells its logger every request with number and text.
_silent = logging.getLogger("eventmgr.twilio.silent")
_silent.disabled = True


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """How to reach one account and what it sends as."""

    account_sid: str
    auth_token: str
    sender: str = ""  # a number or a registered name; empty where the service chooses
    messaging_service_sid: str = ""
    api_base: str = "https://api.twilio.com"
    timeout_seconds: float = 20.0


class _Http(TwilioHttpClient):
    """The package's own client, without transport retries, that keeps the last answer."""

    def __init__(self, timeout: float, api_base: str) -> None:
        super().__init__(max_retries=0, logger=_silent)
        read_environment_once(self.session, api_base)
        self.timeout = both_timeouts(timeout)
        self.answer: Response | None = None  # None: none has come to the last request

    def request(self, *args: Any, **options: Any) -> Response:
        self.answer = None
        self.answer = super().request(*args, **options)
        return self.answer


class TwilioGateway:
    """Sends by one Twilio account. Safe to use from many threads: each has its own client."""

    name = "twilio"
    repeat_is_safe = False

    def __init__(
        self,
        account: TwilioAccount,
        *,
        public_url: str,
        now: Callable[[], datetime],
    ) -> None:
        """`public_url` is where Twilio can call us back, or empty.
        `now` is the clock by which `find` is told since when to look."""
        self.account = account
        self.public_url = public_url
        self.check_after: Sequence[timedelta] = CHECKS_BESIDE_CALLBACKS if public_url else CHECKS_ALONE
        self._now = now
        self._mine = threading.local()

    def send(self, sms: OutgoingSms) -> SendReceipt:
        account = self.account
        fields: dict[str, Any] = {"to": sms.to, "body": sms.text}
        if account.messaging_service_sid:
            fields["messaging_service_sid"] = account.messaging_service_sid
        if account.sender:
            fields["from_"] = account.sender
        if self.public_url:
            fields["status_callback"] = self.public_url + STATUS_PATH + sms.public_id
        if sms.valid_seconds is not None:
            low, high = VALID_SECONDS
            fields["validity_period"] = min(max(sms.valid_seconds, low), high)
        with self._asking() as client:
            message = client.messages.create(**fields)
        if not message.sid:
            raise OutcomeUnknown("no_sid")
        state = STATES.get(message.status or "", MessageState.ACCEPTED)
        if state is MessageState.FAILED:
            raise _refusal(str(message.error_code or message.status))
        return SendReceipt(message.sid, outcome=message.status or "", state=state)

    def find(self, sms: OutgoingSms, since: datetime) -> list[DeliveryReceipt]:
        with self._asking() as client:
            messages = client.messages.list(to=sms.to, page_size=LIST_PAGE, limit=LIST_PAGE)
            earliest = since + self._clock_offset(client) - CLOCKS_APART
        recent = [m for m in messages if m.date_created is None or m.date_created >= earliest]
        if len(messages) == LIST_PAGE and len(recent) == LIST_PAGE:
            raise OutcomeUnknown("list_too_long")
        if any(not m.body for m in recent):
            # Accounts that erase bodies leave nothing to compare: neither found nor absent.
            raise OutcomeUnknown("body_erased")
        found = [m for m in recent if _same_words(m.body, sms.text) and m.direction != "inbound"]
        found.sort(key=lambda m: (m.date_created is None, m.date_created))
        return [_receipt(m.sid, m.status or "", str(m.error_code or "")) for m in found]

    def check(self, gateway_id: str, to: str) -> DeliveryReceipt:
        with self._asking() as client:
            message = client.messages(gateway_id).fetch()
        return _receipt(gateway_id, message.status or "", str(message.error_code or ""))

    def _clock_offset(self, client: Client) -> timedelta:
        """How far Twilio's clock is ahead of ours, so that a wrong clock here hides no message."""
        told = client.http_client.answer.headers.get("Date")
        if not told:
            return timedelta(0)
        return parsedate_to_datetime(told) - self._now()

    def _client(self) -> Client:
        mine = self._mine
        fresh = time.monotonic() - getattr(mine, "used", 0.0) < IDLE_SECONDS
        if not (fresh and hasattr(mine, "client")):
            if hasattr(mine, "client"):
                mine.client.http_client.session.close()
            mine.client = Client(
                self.account.account_sid,
                self.account.auth_token,
                http_client=_Http(self.account.timeout_seconds, self.account.api_base),
            )
            mine.client.api.base_url = self.account.api_base
        mine.used = time.monotonic()
        return mine.client

    @contextmanager
    def _asking(self) -> Iterator[Client]:
        """A client of this thread's own, whose failures leave as ours."""
        client = self._client()
        try:
            yield client
        except TwilioException as error:
            raise _failure(client.http_client.answer) from error
        except RequestException as error:
            if never_left(error):
                raise Unavailable("no_connection") from error
            raise OutcomeUnknown("no_answer") from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # An answer the package could not read: whatever it was, the request had arrived.
            raise OutcomeUnknown("unreadable_answer") from error


def _failure(answer: Response | None) -> GatewayFailure:
    """What an error answer means: the code decides first, then the HTTP status."""
    if answer is None:
        return OutcomeUnknown("no_answer")
    status, code = answer.status_code, _code(answer)
    if code in LATER or status == 429:
        return Unavailable(code, retry_after(answer.headers or {}) or LATER.get(code), busy=status == 429)
    if status >= 500 or status < 400 or status == 408:
        return OutcomeUnknown(code)
    if code in TROUBLES:
        return AccountProblem(TROUBLES[code], code)
    if code not in NUMBER_DEAD | OPTED_OUT and status in STATUS_TROUBLES:
        return AccountProblem(STATUS_TROUBLES[status], code)
    return _refusal(code)


def _code(answer: Response) -> str:
    """Twilio's code in an error answer, else the HTTP status."""
    try:
        return str(json.loads(answer.text)["code"])
    except (KeyError, TypeError, ValueError):
        return str(answer.status_code)


def _refusal(code: str) -> Refused | Rejected:
    if code in NUMBER_DEAD | OPTED_OUT:
        return Refused(code, number_dead=code in NUMBER_DEAD, opted_out=code in OPTED_OUT)
    return Rejected(code)


def _receipt(gateway_id: str, status: str, code: str, raw: Mapping[str, str] | None = None) -> DeliveryReceipt:
    return DeliveryReceipt(
        gateway_id,
        outcome=status,
        state=STATES.get(status),
        code=code,
        number_dead=code in NUMBER_DEAD,
        opted_out=code in OPTED_OUT,
        trouble=TROUBLES.get(code),
        send_again_after=SEND_AGAIN_AFTER.get(code, ()),
        raw=raw or {},
    )


def _same_words(theirs: str, ours: str) -> bool:
    """Whether a listed body is our text, as a trial account or trimming may have changed it."""
    theirs, ours = (unicodedata.normalize("NFC", t).strip() for t in (theirs, ours))
    return theirs == ours or theirs.removeprefix(TRIAL_PREFIX) == ours


# --- What Twilio sends to us --------------------------------------------------------------------


def is_signed(auth_token: str, url: str, fields: Mapping[str, str], headers: Headers) -> bool:
    """Whether a request to us was signed with our token, for exactly this address and these fields."""
    signature = headers.get("X-Twilio-Signature", "")
    algorithm = get_signature_algorithm(headers.get(SIGNATURE_SETTINGS_HEADER))
    return bool(auth_token and signature) and bool(
        RequestValidator(auth_token).validate(url, fields, signature, algorithm)
    )


def read_status(fields: Mapping[str, str]) -> DeliveryReceipt:
    """A status callback's meaning. Its raw fields are kept less phones and text."""
    return _receipt(
        fields.get("MessageSid") or fields.get("SmsSid", ""),
        fields.get("MessageStatus") or fields.get("SmsStatus", ""),
        fields.get("ErrorCode", ""),
        {name: value for name, value in fields.items() if name not in PERSONAL_FIELDS},
    )


def read_inbound(fields: Mapping[str, str]) -> InboundSms:
    """A text somebody sent to our number."""
    return InboundSms(
        fields.get("MessageSid") or fields.get("SmsSid", ""),
        fields.get("From", ""),
        fields.get("Body", ""),
    )
