"""A small real HTTP server that answers as Twilio's Messages API does.

It can be told to be slow, to refuse, to drop the connection before or after it has stored the
message, and it counts what it stored. Also a program, for work in another process:
`python -m tests.support.twilio_server --latency 0.1` prints its address and serves.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from twilio.request_validator import RequestValidator

ACCOUNT_SID = "AC" + "0" * 31 + "1"
AUTH_TOKEN = "token-of-the-test-server"
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages"


@dataclass
class Stored:
    """A message the server has taken."""

    sid: str
    to: str
    sender: str
    body: str
    callback: str
    fields: dict[str, str]
    created_at: datetime
    visible_at: float  # on the monotonic clock, when the list begins to show it
    status: str = "queued"
    error_code: int | None = None


@dataclass(frozen=True)
class Answer:
    """What to do with one request to send."""

    status: int = 201
    code: int = 0
    retry_after: int | None = None
    wait_before: float = 0.0  # seconds before storing
    wait_after: float = 0.0  # seconds between storing and answering
    store: bool = True
    drop: bool = False  # close the connection instead of answering
    body: str | None = None  # sent in place of the JSON


TAKEN = Answer()
DROPPED_AFTER_STORING = Answer(drop=True)
DROPPED_BEFORE_STORING = Answer(drop=True, store=False)


def refused(status: int, code: int, retry_after: int | None = None) -> Answer:
    """An error answer that stores nothing."""
    return Answer(status=status, code=code, retry_after=retry_after, store=False)


@dataclass
class TwilioServer:
    """Used as `with TwilioServer() as server:`; `server.url` is what TWILIO_API_BASE is set to."""

    latency: float = 0.0
    list_lag: float = 0.0
    delivers: bool = False  # whoever asks what became of a text is told that it was delivered
    always: Answer = TAKEN
    stored: list[Stored] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    answers: deque[Answer] = field(default_factory=deque)
    list_answer: Answer | None = None
    mood: Callable[[], Answer] | None = None  # asked for each request where no answer was ordered

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self.arrived = threading.Condition(self.lock)

    def __enter__(self) -> TwilioServer:
        self.httpd = _Server(("127.0.0.1", 0), _Handler)
        self.httpd.twilio = self
        threading.Thread(target=self.httpd.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.httpd.shutdown()
        self.httpd.server_close()

    @property
    def url(self) -> str:
        """The address to use as TWILIO_API_BASE."""
        return f"http://127.0.0.1:{self.httpd.server_address[1]}"

    def answer_next(self, *answers: Answer) -> None:
        """The next requests to send are answered so, in this order; later ones by `always`."""
        self.answers.extend(answers)

    def sent_to(self, phone: str) -> list[Stored]:
        """What the server has taken for one number."""
        return [message for message in self.stored if message.to == phone]

    def times_stored(self) -> Counter[tuple[str, str]]:
        """How often each (number, text) was taken."""
        with self.lock:
            return Counter((message.to, message.body) for message in self.stored)

    def wait_until_stored(self, count: int, timeout: float = 60.0) -> None:
        """Return once so many messages have been taken; fails after `timeout` seconds."""
        with self.arrived:
            if not self.arrived.wait_for(lambda: len(self.stored) >= count, timeout):
                raise AssertionError(f"{len(self.stored)} of {count} messages arrived in {timeout} s")

    def store(self, fields: dict[str, str]) -> Stored:
        """Take a message as if a request had brought it."""
        message = Stored(
            sid="SM" + uuid.uuid4().hex,
            to=fields["To"],
            sender=fields.get("From", ""),
            body=fields["Body"],
            callback=fields.get("StatusCallback", ""),
            fields=fields,
            created_at=datetime.now(UTC).replace(microsecond=0),
            visible_at=time.monotonic() + self.list_lag,
        )
        with self.arrived:
            self.stored.append(message)
            self.arrived.notify_all()
        return message

    def callback_fields(self, message: Stored, status: str, error_code: int | None = None) -> dict[str, str]:
        """The form fields of one status callback."""
        fields = {
            "AccountSid": ACCOUNT_SID,
            "ApiVersion": "2010-04-01",
            "From": message.sender or "UBND",
            "To": message.to,
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "MessageStatus": status,
            "SmsStatus": status,
        }
        if error_code is not None:
            fields["ErrorCode"] = str(error_code)
        return fields

    def call_back(self, message: Stored, status: str, error_code: int | None = None) -> int:
        """Call the message's status callback over HTTP, signed; returns the HTTP status."""
        message.status, message.error_code = status, error_code
        fields = self.callback_fields(message, status, error_code)
        request = urllib.request.Request(
            message.callback,
            data=urllib.parse.urlencode(fields).encode(),
            headers={"X-Twilio-Signature": sign(message.callback, fields)},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code


def sign(url: str, fields: dict[str, str], token: str = AUTH_TOKEN) -> str:
    """The X-Twilio-Signature of a request to `url` with these form fields."""
    return str(RequestValidator(token).compute_signature(url, fields))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    twilio: TwilioServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up waiting is part of the game."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        twilio = self.server.twilio
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:
            return  # whoever was writing it was killed: half a request is none
        fields = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        if not self._may_enter(f"{MESSAGES}.json"):
            return
        with twilio.lock:
            ordered = twilio.answers.popleft() if twilio.answers else None
            answer = ordered or (twilio.mood() if twilio.mood else twilio.always)
        time.sleep(twilio.latency + answer.wait_before)
        message = twilio.store(fields) if answer.store else None
        time.sleep(answer.wait_after)
        if answer.drop:
            self.close_connection = True
        elif answer.body is not None:
            self._say(answer.status, answer.body)
        elif answer.status >= 300:
            self._refuse(answer.status, answer.code, answer.retry_after)
        else:
            assert message is not None
            self._say(answer.status, json.dumps(as_json(message)))

    def do_GET(self) -> None:
        twilio = self.server.twilio
        path, _, query = self.path.partition("?")
        asked = dict(urllib.parse.parse_qsl(query))
        if not self._may_enter(f"{MESSAGES}"):
            return
        answer = twilio.list_answer
        if answer is not None:
            time.sleep(answer.wait_before)
            if answer.drop:
                self.close_connection = True
            else:
                self._refuse(answer.status, answer.code, answer.retry_after)
            return
        with twilio.lock:
            known = [m for m in twilio.stored if m.visible_at <= time.monotonic()]
        if path == f"{MESSAGES}.json":
            self._list([m for m in reversed(known) if asked.get("To") in (None, m.to)], asked)
            return
        sid = path.rsplit("/", 1)[1].removesuffix(".json")
        one = next((m for m in known if m.sid == sid), None)
        if one is not None and twilio.delivers:
            one.status = "delivered"
        if one is None:
            self._refuse(404, 20404)
        else:
            self._say(200, json.dumps(as_json(one)))

    def _list(self, messages: list[Stored], asked: dict[str, str]) -> None:
        size, page = int(asked.get("PageSize", 50)), int(asked.get("Page", 0))
        shown = messages[page * size : (page + 1) * size]
        further = len(messages) > (page + 1) * size
        after = urllib.parse.urlencode({**asked, "Page": page + 1, "PageSize": size})
        self._say(
            200,
            json.dumps(
                {
                    "messages": [as_json(m) for m in shown],
                    "page": page,
                    "page_size": size,
                    "next_page_uri": f"{MESSAGES}.json?{after}" if further else None,
                }
            ),
        )

    def _may_enter(self, path: str) -> bool:
        self.server.twilio.requests.append((self.command, self.path))
        expected = base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {expected}":
            self._refuse(401, 20003)
            return False
        if not self.path.startswith(path):
            self._refuse(404, 20404)
            return False
        return True

    def _refuse(self, status: int, code: int, retry_after: int | None = None) -> None:
        words = {
            "code": code,
            "message": f"Refused with {code}",
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }
        self._say(status, json.dumps(words), {"Retry-After": str(retry_after)} if retry_after else {})

    def _say(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def as_json(message: Stored) -> dict[str, Any]:
    """A message as the API writes it."""
    return {
        "account_sid": ACCOUNT_SID,
        "api_version": "2010-04-01",
        "body": message.body,
        "date_created": format_datetime(message.created_at),
        "date_sent": None,
        "date_updated": format_datetime(message.created_at),
        "direction": "outbound-api",
        "error_code": message.error_code,
        "error_message": None,
        "from": message.sender or None,
        "messaging_service_sid": message.fields.get("MessagingServiceSid"),
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {},
        "to": message.to,
        "uri": f"{MESSAGES}/{message.sid}.json",
    }


def main() -> None:
    """Serve until ended from outside."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0)
    options = parser.parse_args()
    with TwilioServer(latency=options.latency) as server:
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
