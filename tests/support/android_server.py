"""A small real HTTP server that answers as the app SMS Gateway for Android does, on the phone or in between.

It takes each id once, can be told to refuse, stall or cut off, and calls webhooks back, signed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USER, PASSWORD, KEY = "phone", "password-of-the-test-phone", "key-of-the-test-phone"


@dataclass(frozen=True)
class PhoneAnswer:
    """What to do with one request to send."""

    status: int = 202
    retry_after: int | None = None
    wait_after: float = 0.0  # seconds between taking and answering
    take: bool = True
    drop: bool = False  # close the connection instead of answering
    body: str | None = None  # sent in place of the JSON


@dataclass
class AndroidServer:
    """Used as `with AndroidServer() as phone:`; `phone.url` is what ANDROID_GATEWAY_URL is set to."""

    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    states: dict[str, tuple[str, str]] = field(default_factory=dict)  # by id: state, and why it failed
    requests: list[tuple[str, str]] = field(default_factory=list)
    answers: deque[PhoneAnswer] = field(default_factory=deque)
    always: PhoneAnswer = PhoneAnswer()

    def __post_init__(self) -> None:
        self.lock = threading.Lock()

    def __enter__(self) -> AndroidServer:
        self.httpd = _Server(("127.0.0.1", 0), _Handler)
        self.httpd.phone = self
        threading.Thread(target=self.httpd.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.httpd.shutdown()
        self.httpd.server_close()

    @property
    def url(self) -> str:
        """The address to use as ANDROID_GATEWAY_URL."""
        return f"http://127.0.0.1:{self.httpd.server_address[1]}"

    def answer_next(self, *answers: PhoneAnswer) -> None:
        """The next requests to send are answered so, in this order; later ones by `always`."""
        self.answers.extend(answers)


def webhook(event: str, *, stamp: int, key: str = KEY, event_id: str = "", **payload: Any) -> dict[str, Any]:
    """A signed request as the app sends it: `client.post("/webhooks/android", **webhook(…))`."""
    body = json.dumps(
        {
            "deviceId": "device",
            "event": event,
            "id": event_id or uuid.uuid4().hex,
            "payload": {"phoneNumber": "+84912345670", "simNumber": 1} | payload,
            "webhookId": "hook",
        }
    ).encode()
    signature = hmac.new(key.encode(), body + str(stamp).encode(), hashlib.sha256).hexdigest()
    return {
        "data": body,
        "content_type": "application/json",
        "headers": {"X-Signature": signature, "X-Timestamp": str(stamp)},
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    phone: AndroidServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up waiting is part of the game."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        phone = self.server.phone
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        if not self._may_enter():
            return
        with phone.lock:
            answer = phone.answers.popleft() if phone.answers else phone.always
            known = asked["id"] in phone.taken
            if answer.take and not known:
                phone.taken[asked["id"]] = asked
                phone.states[asked["id"]] = ("Pending", "")
        time.sleep(answer.wait_after)
        if answer.drop:
            self.close_connection = True
        elif answer.body is not None:
            self._say(answer.status, answer.body)
        elif known and answer.take:
            self._say(409, json.dumps({"message": "message with this id exists"}))
        elif not answer.take:
            self._say(answer.status, json.dumps({"message": "no"}), answer.retry_after)
        else:
            self._say(answer.status, json.dumps(self._told(asked["id"])))

    def do_GET(self) -> None:
        if not self._may_enter():
            return
        message_id = self.path.rsplit("/", 1)[1]
        if message_id in self.server.phone.taken:
            self._say(200, json.dumps(self._told(message_id)))
        else:
            self._say(404, "")

    def _told(self, message_id: str) -> dict[str, Any]:
        state, why = self.server.phone.states[message_id]
        numbers = self.server.phone.taken[message_id]["phoneNumbers"]
        recipients = [{"phoneNumber": number, "state": state, "error": why or None} for number in numbers]
        return {"id": message_id, "state": state, "recipients": recipients, "isEncrypted": False, "states": {}}

    def _may_enter(self) -> bool:
        self.server.phone.requests.append((self.command, self.path))
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") == f"Basic {expected}":
            return True
        self._say(401, "")
        return False

    def _say(self, status: int, text: str, retry_after: int | None = None) -> None:
        body = text.encode()
        self.send_response(status)
        if retry_after is not None:
            self.send_header("Retry-After", str(retry_after))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass
