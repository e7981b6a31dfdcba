"""Words of the messaging room, and which state may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class BatchKind(StrEnum):
    """Why a batch is sent. Custom texts alone may go twice to one recipient."""

    INVITE = "invite"
    REMIND = "remind"
    RESCHEDULE = "reschedule"
    POSTPONE = "postpone"
    CANCEL = "cancel"
    THANK = "thank"
    CUSTOM = "custom"


TEST_SUBJECT = "test:"
"""How the subject of every test to oneself begins: no figure of who was reached holds it."""


class BatchState(StrEnum):
    """Where a batch stands. Only the messages of a sending batch are claimed."""

    AWAITING_APPROVAL = "awaiting_approval"
    SENDING = "sending"
    PAUSED = "paused"  # by an officer, or by an account problem that `pause_reason` explains
    STOPPED = "stopped"
    DONE = "done"


class MessageState(StrEnum):
    """Where a message stands. The words people read are in SCREENS' table of words."""

    QUEUED = "queued"
    SENDING = "sending"  # claimed: the call may be under way
    ACCEPTED = "accepted"  # the gateway has it
    SENT = "sent"  # the network has it
    DELIVERED = "delivered"  # the network reports it reached the phone
    FAILED = "failed"
    REFUSED = "refused"  # the number takes no texts
    UNKNOWN = "unknown"  # the request may have arrived: never blindly resent
    EXPIRED = "expired"  # its meeting began first
    WITHDRAWN = "withdrawn"


S = MessageState
_REPORTED = frozenset({S.ACCEPTED, S.SENT, S.DELIVERED, S.FAILED, S.REFUSED})
NEXT_STATES: dict[MessageState, frozenset[MessageState]] = {
    S.QUEUED: _REPORTED | {S.SENDING, S.EXPIRED, S.WITHDRAWN},
    S.SENDING: _REPORTED | {S.QUEUED, S.UNKNOWN, S.WITHDRAWN},
    S.UNKNOWN: _REPORTED | {S.QUEUED, S.EXPIRED, S.WITHDRAWN},
    S.ACCEPTED: frozenset({S.SENT, S.DELIVERED, S.FAILED, S.REFUSED, S.QUEUED}),
    S.SENT: frozenset({S.DELIVERED, S.FAILED, S.REFUSED, S.QUEUED}),
    S.DELIVERED: frozenset(),
    S.FAILED: frozenset(),
    S.REFUSED: frozenset(),
    S.EXPIRED: _REPORTED,
    S.WITHDRAWN: _REPORTED,
}
"""States only move forward; back to queued only where nothing can have been sent, or where the gateway itself said
that what was sent has failed for a reason that passes (`receipts.send_again`).

What a gateway reports stands above what we believed: should an attempt thought absent have
arrived after all, its message is not sent again, whatever we had made of it."""

FINAL = frozenset({S.DELIVERED, S.FAILED, S.REFUSED, S.EXPIRED, S.WITHDRAWN})
"""States in which nothing more is done about a message."""
UNDER_WAY = frozenset({S.QUEUED, S.SENDING})
"""States that a worker still has to do something about."""
TAKEN = frozenset({S.ACCEPTED, S.SENT, S.DELIVERED})
"""States in which the gateway has had the message."""
SPENT = TAKEN | {S.SENDING, S.UNKNOWN, S.FAILED}
"""States in which a message has left, or may have: it counts against the day's limits."""
NOT_REACHED = frozenset({S.FAILED, S.REFUSED, S.UNKNOWN, S.EXPIRED})
"""States in which an officer should find another way to tell the people."""

NEVER_BILLED = frozenset({S.REFUSED, S.EXPIRED, S.WITHDRAWN})
"""States in which a message costs nothing."""


def may_follow(state: MessageState, following: MessageState) -> bool:
    """Whether a message may go from `state` to `following`."""
    return following in NEXT_STATES[state]


B = BatchState
NEXT_BATCH_STATES: dict[BatchState, frozenset[BatchState]] = {
    B.AWAITING_APPROVAL: frozenset({B.SENDING, B.STOPPED}),
    B.SENDING: frozenset({B.PAUSED, B.STOPPED, B.DONE}),
    B.PAUSED: frozenset({B.SENDING, B.STOPPED}),
    B.STOPPED: frozenset(),
    B.DONE: frozenset({B.SENDING}),  # a text is to be sent again
}


@dataclass(frozen=True, slots=True)
class Recipient:
    """One text to one phone. `key` is the caller's own name for whom it is about ("invitation:7")."""

    phone: str  # E.164
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class BatchDetails:
    """What one send to many is about."""

    area_id: int
    subject: str  # the caller's own name for it ("meeting:12")
    title: str  # what officers call it in lists
    kind: BatchKind
    texts: Mapping[str, str]  # the templates as approved
    revision: int = 1
    send_at: datetime | None = None  # None: now
    expires_at: datetime | None = None  # None: never; else no text is sent from then on


class Wish(StrEnum):
    """What somebody asks for by a text to us."""

    STOP = "stop"
    START = "start"
    COMING = "coming"
    NOT_COMING = "not_coming"
    OTHER = "other"


class LeftOutReason(StrEnum):
    """Why a recipient gets no message."""

    OPTED_OUT = "opted_out"
    DEAD = "dead"  # a network said that the number takes no texts
    ALREADY = "already"  # has this very message, from this batch or an earlier one


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A recipient without a message, and why."""

    recipient: Recipient
    reason: LeftOutReason


@dataclass(frozen=True, slots=True)
class Queued:
    """What came of queueing. `batch_id` is None where nobody was left to write to."""

    batch_id: int | None
    queued: int
    segments: int
    price: int  # đồng
    sends_at: datetime  # after the no-send hours, if it fell into them
    left_out: tuple[LeftOut, ...]
    waits: bool = False  # for a leader's yes


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch's messages have come."""

    by_state: Mapping[MessageState, int]
    segments: int
    price: int  # đồng

    @property
    def total(self) -> int:
        """All messages of the batch."""
        return sum(self.by_state.values())

    @property
    def waiting(self) -> int:
        """Those a worker still has to hand over or to settle."""
        return self._count(*UNDER_WAY)

    @property
    def handed_over(self) -> int:
        """Those dealt with: what became of an unknown one, a person or the gateway has still to say."""
        return self.total - self.waiting - self._count(S.UNKNOWN)

    @property
    def delivered(self) -> int:
        """Those a network reports to have reached the phone."""
        return self._count(S.DELIVERED)

    @property
    def not_reached(self) -> int:
        """Those whose people should be told in another way."""
        return self._count(*NOT_REACHED)

    def _count(self, *states: MessageState) -> int:
        return sum(self.by_state.get(state, 0) for state in states)
