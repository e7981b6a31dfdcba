"""What wakes the sender: the sweep every few seconds, and a ring when something was queued."""

from __future__ import annotations

from flask import current_app

from eventmgr.extensions import huey
from eventmgr.messaging.sender import sender_of

RUN_SECONDS = 6.0  # a consumer told to stop waits a little longer than this for its tasks


@huey.every(5)
def send_due() -> None:
    """Hand over what is due, settle what is unknown, ask for outcomes. May run anywhere, any number of times.

    `send_due.wake()` after a commit that queued messages saves them the wait for the next sweep.
    """
    sender = sender_of(current_app._get_current_object())  # type: ignore[attr-defined]
    if sender.run(RUN_SECONDS):
        send_due.wake()
