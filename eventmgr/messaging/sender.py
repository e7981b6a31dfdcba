"""The sender: strings the outbox's steps together with threads that call the gateway.

One thread, the caller's, works on the database; up to SMS_CONCURRENCY others only call out. What
is recorded and what is claimed next share one commit a turn, so that a slow disk does not slow
the calls.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from queue import Empty, SimpleQueue
from types import TracebackType

from flask import Flask
from sqlalchemy.exc import IntegrityError

from eventmgr.core.clock import Clock
from eventmgr.core.clock import now as clock_now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import silent_trace
from eventmgr.messaging import outbox
from eventmgr.messaging.gateways import make_gateway
from eventmgr.messaging.gateways.base import (
    GatewayFailure,
    OutcomeUnknown,
    OutgoingSms,
    SendReceipt,
    SmsGateway,
    Unavailable,
)
from eventmgr.messaging.outbox import NOT_TRIED, Errand, ErrandKind, Lease, Outcome, Result

logger = logging.getLogger(__name__)

TURN_SECONDS = 0.04  # how long results are gathered for one commit
LOOK_SECONDS = 0.5  # how long to wait for the first of them before looking for new work
MOST_HOLD_SECONDS = 60.0  # the longest that "too much at once" stops all sending


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast and how patiently to send."""

    concurrency: int
    rate_per_second: float  # 0: no limit
    lease: Lease


class Sender:
    """The sending side of one process. Made once per app; `run` may be called from any thread."""

    def __init__(self, gateway: SmsGateway, pace: Pace, clock: Clock) -> None:
        self.gateway = gateway
        self.pace = pace
        self._clock = clock
        self._busy = threading.Lock()
        self._rung = threading.Event()
        self._hold_until = 0.0  # on the monotonic clock
        self._ask_at = 0.0
        self._holds = 0

    def run(self, seconds: float = 20.0) -> bool:
        """Do what is due, for about `seconds` at most; returns whether more is left to do at once.

        Needs an app context, and no open unit of work. A second caller in the same process only
        rings: the first looks once more before it ends.
        """
        until = time.monotonic() + seconds
        self._rung.set()
        while self._rung.is_set() and self._busy.acquire(blocking=False):
            try:
                self._rung.clear()
                if outbox.is_work_due(clock_now()):
                    self._work(until)
            finally:
                self._busy.release()
            if time.monotonic() >= until:
                return True
        return False

    def _work(self, until: float) -> None:
        with unit_of_work():
            outbox.tidy(self.gateway, clock_now())
        with _Crew(self._call, self.pace.concurrency) as crew:
            while True:
                results = crew.gather()
                self._mind(results)
                room = 2 * self.pace.concurrency - crew.outstanding if time.monotonic() < until else 0
                errands = self._turn(results, room, idle=not crew.outstanding)
                crew.add(errands, time.monotonic() + self.pace.lease.start_within.total_seconds())
                if not crew.outstanding and not (room and self._wait_for_rate()):
                    break
        with unit_of_work():
            outbox.finish_batches(clock_now())

    def _turn(self, results: list[Result], room: int, idle: bool) -> list[Errand]:
        """Record and claim in one commit."""
        try:
            with unit_of_work():
                outbox.record(results, self.gateway, self.pace.lease, clock_now())
                return self._claim(room, idle)
        except IntegrityError:
            # One gateway id for two of our messages: what can be recorded is; the rest runs out of
            # its lease and is looked for.
            for result in results:
                self._record_alone(result)
            return []

    def _record_alone(self, result: Result) -> None:
        try:
            with unit_of_work():
                outbox.record([result], self.gateway, self.pace.lease, clock_now())
        except IntegrityError as error:
            logger.error(
                "A result could not be recorded: %s",
                silent_trace(error),
                extra={"message_id": result.errand.message_id},
            )

    def _claim(self, room: int, idle: bool) -> list[Errand]:
        now, errands = clock_now(), []
        if time.monotonic() >= self._hold_until:
            limit = room
            if room > 0 and self.pace.rate_per_second:
                limit = min(room, outbox.rate_allows(self.pace.rate_per_second, now))
            errands = outbox.claim_to_send(self.gateway, self.pace.lease, limit, now)
        # What is to be asked has waited for seconds at least: while there is something to send, not to be looked for in
        # every turn.
        if idle or time.monotonic() >= self._ask_at:
            self._ask_at = time.monotonic() + LOOK_SECONDS
            for kind in (ErrandKind.FIND, ErrandKind.CHECK):
                errands += outbox.claim_to_ask(self.gateway, kind, self.pace.lease, room - len(errands), now)
        return errands

    def _wait_for_rate(self) -> bool:
        """Whether only the rate keeps messages waiting; if so, let a moment pass."""
        rate = self.pace.rate_per_second
        if not rate or time.monotonic() < self._hold_until or not outbox.is_anything_to_send(clock_now()):
            return False
        time.sleep(min(1.0, 1.0 / rate))
        return True

    def _mind(self, results: list[Result]) -> None:
        """Hold back all sending for a while where the gateway says that it cannot take more."""
        refusals = [r.outcome for r in results if isinstance(r.outcome, Unavailable)]
        if any(isinstance(r.outcome, SendReceipt) for r in results):
            self._holds = 0
        if refusals:
            told = max(refusal.retry_after or 0.0 for refusal in refusals)
            wait = min(told or 2.0**self._holds, MOST_HOLD_SECONDS)
            self._hold_until = time.monotonic() + wait
            self._holds = min(self._holds + 1, 5)

    def _call(self, errand: Errand) -> Outcome:
        """One call to the gateway; runs in a thread that never touches the database."""
        if errand.kind is ErrandKind.SEND and self._clock.now() > errand.claimed_at + self.pace.lease.start_within:
            # The machine slept meanwhile, and the monotonic clock with it: another worker may hold the message.
            return NOT_TRIED
        sms = OutgoingSms(errand.public_id, errand.phone, errand.text, _valid_seconds(errand))
        try:
            if errand.kind is ErrandKind.SEND:
                return self.gateway.send(sms)
            if errand.kind is ErrandKind.FIND:
                return [] if self.gateway.repeat_is_safe else self.gateway.find(sms, errand.claimed_at)
            return self.gateway.check(errand.gateway_id or "", errand.phone)
        except GatewayFailure as failure:
            return failure
        except Exception as error:  # noqa: BLE001 - logged without its words
            # Nobody knows what happened, so nobody may send it again blindly.
            logger.error(
                "A gateway failed in an unforeseen way: %s",
                silent_trace(error),
                extra={"message_id": errand.message_id},
            )
            return OutcomeUnknown("unforeseen")


def _valid_seconds(errand: Errand) -> int | None:
    return None if errand.expires_at is None else int((errand.expires_at - errand.claimed_at).total_seconds())


class _Crew:
    """Threads that run errands, started as needed and gone at the end."""

    def __init__(self, call: Callable[[Errand], Outcome], most: int) -> None:
        self.outstanding = 0
        self._call = call
        self._most = most
        self._threads: list[threading.Thread] = []
        self._todo: SimpleQueue[tuple[Errand, float] | None] = SimpleQueue()
        self._done: SimpleQueue[Result] = SimpleQueue()

    def __enter__(self) -> _Crew:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is not None:
            # What has not begun is left to its lease.
            while not self._todo.empty():
                self._todo.get()
        for _thread in self._threads:
            self._todo.put(None)
        for thread in self._threads:
            thread.join()

    def add(self, errands: list[Errand], begin_by: float) -> None:
        """Have these done; a call that has not begun by then (monotonic) is not begun at all."""
        for errand in errands:
            self._todo.put((errand, begin_by))
        self.outstanding += len(errands)
        while len(self._threads) < min(self._most, self.outstanding):
            thread = threading.Thread(target=self._run, name=f"sms-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def gather(self) -> list[Result]:
        """What has been done: waits a while for the first, then a moment for more."""
        results: list[Result] = []
        until = time.monotonic() + LOOK_SECONDS
        while len(results) < self.outstanding:
            try:
                results.append(self._done.get(timeout=max(0.0, until - time.monotonic())))
            except Empty:
                break
            if len(results) == 1:
                until = time.monotonic() + TURN_SECONDS
        self.outstanding -= len(results)
        return results

    def _run(self) -> None:
        while (ticket := self._todo.get()) is not None:
            errand, begin_by = ticket
            on_time = time.monotonic() <= begin_by
            self._done.put(Result(errand, self._call(errand) if on_time else NOT_TRIED))


def init_sender(app: Flask) -> None:
    """Give the app its sender. Starts nothing and reaches nobody."""
    config = app.config
    lease = Lease(
        timeout=timedelta(seconds=config["SMS_TIMEOUT_SECONDS"]),
        reconcile_after=timedelta(seconds=config["SMS_RECONCILE_AFTER_SECONDS"]),
    )
    pace = Pace(config["SMS_CONCURRENCY"], config["SMS_RATE_PER_SECOND"], lease)
    clock = app.extensions["clock"]
    app.extensions["sms_sender"] = Sender(make_gateway(config, clock), pace, clock)


def sender_of(app: Flask) -> Sender:
    """The app's sender."""
    sender: Sender = app.extensions["sms_sender"]
    return sender
