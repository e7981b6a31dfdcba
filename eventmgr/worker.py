"""The consumer: runs the tasks of all features, inside the web process or alone."""

from __future__ import annotations

import logging
import pkgutil
import signal
import threading
from importlib import import_module
from importlib.util import find_spec

from flask import Flask
from huey.consumer import Consumer, Scheduler

import eventmgr
from eventmgr.core.tasks import TICK_SECONDS
from eventmgr.extensions import huey

logger = logging.getLogger(__name__)

# One long job (an import, a report) must not keep the outbox waiting.
WORKER_THREADS = 4
# An idle SQLite queue is asked this often; with Huey's own 10 s an approved invitation would seem stuck.
LONGEST_PAUSE_SECONDS = 0.5
# On stopping, a task may finish its step; what it leaves is taken up by the sweep of the next consumer.
LONGEST_GOODBYE_SECONDS = 8


class _Scheduler(Scheduler):
    periodic_task_seconds = TICK_SECONDS


class _Consumer(Consumer):
    """Huey's consumer with our tick. Run alone it stops calmly on Ctrl-C and on SIGTERM."""

    scheduler_class = _Scheduler

    def _set_signal_handlers(self) -> None:
        # (restart, graceful); Huey would cut tasks off at SIGTERM and start itself anew at SIGHUP.
        self._signal_actions = {signal.SIGINT: (False, True), signal.SIGTERM: (False, True)}
        super()._set_signal_handlers()


class _EmbeddedConsumer(_Consumer):
    """For a thread of the web process: signals are the web server's."""

    def _set_signal_handlers(self) -> None:
        pass


def run_consumer(app: Flask) -> None:
    """Run tasks until told to stop: the command `worker`. As many of these as wanted may run side by side."""
    _create(_Consumer, app).run()


def start_embedded_consumer(app: Flask) -> Consumer:
    """Start the consumer in threads of this process and return at once; end it with `stop(graceful=True)`."""
    consumer = _create(_EmbeddedConsumer, app)
    threading.Thread(target=consumer.run, name="consumer", daemon=True).start()
    return consumer


def gather_tasks() -> None:
    """Import every feature's tasks, so that the queue knows them all."""
    for package in pkgutil.iter_modules(eventmgr.__path__):
        name = f"{eventmgr.__name__}.{package.name}.tasks"
        if package.ispkg and find_spec(name) is not None:
            import_module(name)


def _create(consumer_class: type[_Consumer], app: Flask) -> _Consumer:
    gather_tasks()
    return consumer_class(
        huey.huey_of(app),
        workers=WORKER_THREADS,
        max_delay=LONGEST_PAUSE_SECONDS,
        shutdown_timeout=LONGEST_GOODBYE_SECONDS,
    )
