"""What every SMS gateway is to the rest of the code: one protocol and five ways to fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from eventmgr.messaging.values import MessageState


class Trouble(StrEnum):
    """Why nothing at all can be sent until a person has seen to it."""

    CREDENTIALS = "credentials"
    COUNTRY = "country"
    TRIAL = "trial"
    SENDER = "sender"
    SUSPENDED = "suspended"
    BALANCE = "balance"
    CALLBACK = "callback"  # the gateway will not call us back at the address we gave


@dataclass(frozen=True, slots=True)
class OutgoingSms:
    """One text to hand over. `public_id` is ours, random, and the same in every attempt."""

    public_id: str
    to: str  # E.164
    text: str
    valid_seconds: int | None = None  # how long it is worth delivering; None: any time


@dataclass(frozen=True, slots=True)
class SendReceipt:
    """The gateway took the text: its id for it, and how far it has come already."""

    gateway_id: str
    outcome: str  # the gateway's own word
    state: MessageState = MessageState.ACCEPTED


@dataclass(frozen=True, slots=True)
class DeliveryReceipt:
    """What a gateway says has become of a text it took.

    `state` is None for a word we do not know: kept, logged and never guessed at.
    """

    gateway_id: str
    outcome: str
    state: MessageState | None
    code: str = ""
    number_dead: bool = False
    opted_out: bool = False
    trouble: Trouble | None = None  # None: no fault of our account
    send_again_after: Sequence[timedelta] = ()  # failed for a passing reason: the waits before each further try
    raw: Mapping[str, str] = field(default_factory=dict)  # less phones and text


@dataclass(frozen=True, slots=True)
class InboundSms:
    """A text somebody sent to us."""

    gateway_id: str
    sender: str  # as the gateway writes it
    text: str


class SmsGateway(Protocol):
    """One way out. Called from several threads at once, never inside a transaction."""

    name: str

    repeat_is_safe: bool
    """Whether the gateway itself drops a second request with the same public id. Where it does,
    an unknown outcome is simply asked again; where not, `find` is asked first."""

    check_after: Sequence[timedelta]
    """After how long, counted from the hand-over and then from each look, to ask by `check` what
    has become of a text, in case no callback comes. Empty: never."""

    def send(self, sms: OutgoingSms) -> SendReceipt:
        """Hand one text over. Raises Refused, Rejected, Unavailable, AccountProblem or OutcomeUnknown."""
        ...

    def find(self, sms: OutgoingSms, since: datetime) -> list[DeliveryReceipt]:
        """Every text the gateway took at or after `since` with this number and these words,
        oldest first. An empty list proves that it took none.

        Raises Unavailable, AccountProblem or OutcomeUnknown where that cannot be said.
        """
        ...

    def check(self, gateway_id: str, to: str) -> DeliveryReceipt:
        """What has become of a text taken earlier. Raises as `find` does."""
        ...


class GatewayFailure(Exception):
    """A hand-over that did not end with the gateway having the text. `code` is the gateway's."""

    def __init__(self, code: str = "") -> None:
        super().__init__(code)
        self.code = code


class Refused(GatewayFailure):
    """This number takes no texts of ours, now or later: never retried."""

    def __init__(self, code: str, *, number_dead: bool = False, opted_out: bool = False) -> None:
        super().__init__(code)
        self.number_dead = number_dead
        self.opted_out = opted_out


class Rejected(GatewayFailure):
    """The gateway did not take this text, for a reason that lies not in the number, or that we do not know: not tried
    again by itself, but shown to a person, who may send it again."""


class Unavailable(GatewayFailure):
    """The gateway certainly did not take it, and may later. `retry_after` in seconds, if it said;
    `busy` where it is up and only asks for fewer texts at once."""

    def __init__(self, code: str = "", retry_after: float | None = None, *, busy: bool = False) -> None:
        super().__init__(code)
        self.retry_after = retry_after
        self.busy = busy


class AccountProblem(GatewayFailure):
    """Not this text but our account is refused: the batch pauses until a person acts."""

    def __init__(self, trouble: Trouble, code: str = "") -> None:
        super().__init__(code)
        self.trouble = trouble


class OutcomeUnknown(GatewayFailure):
    """The request may or may not have arrived. Never sent again before that is settled."""
