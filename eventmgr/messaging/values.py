"""Words of the messaging room, and which state may follow which."""

from __future__ import annotations

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
NEXT_STATES: dict[MessageState, frozenset[MessageState]] = {
    S.QUEUED: frozenset({S.SENDING, S.EXPIRED, S.WITHDRAWN}),
    S.SENDING: frozenset({S.QUEUED, S.ACCEPTED, S.SENT, S.DELIVERED, S.FAILED, S.REFUSED, S.UNKNOWN}),
    S.UNKNOWN: frozenset({S.QUEUED, S.ACCEPTED, S.SENT, S.DELIVERED, S.FAILED, S.REFUSED}),
    S.ACCEPTED: frozenset({S.SENT, S.DELIVERED, S.FAILED, S.REFUSED}),
    S.SENT: frozenset({S.DELIVERED, S.FAILED, S.REFUSED}),
    S.DELIVERED: frozenset(),
    S.FAILED: frozenset(),
    S.REFUSED: frozenset(),
    S.EXPIRED: frozenset(),
    S.WITHDRAWN: frozenset(),
}
"""States only move forward; back to queued only where nothing can have been sent."""

UNDER_WAY = frozenset({S.QUEUED, S.SENDING})
"""States that a worker still has to do something about."""
TAKEN = frozenset({S.ACCEPTED, S.SENT, S.DELIVERED})
"""States in which the gateway has had the message."""
