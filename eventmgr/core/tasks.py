"""Work done outside a request: declared by features at import, bound to an app's own queue on first use.

The queue is only a bell. What is to be done stands in our own tables, so a lost ring loses nothing: the next sweep
(`@huey.every`) finds the work. A task therefore looks for its work itself and may run twice at the same time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from flask import Flask, current_app
from sqlalchemy.engine import make_url

from eventmgr.core.errors import silent_trace

if TYPE_CHECKING:
    from huey.api import Huey, TaskWrapper

logger = logging.getLogger(__name__)

Given = ParamSpec("Given")
Returned = TypeVar("Returned")

# How often the consumer looks which sweeps are due. Huey's own minute would make an officer wait for the outbox.
TICK_SECONDS = 5


class Task(Generic[Given, Returned]):
    """A function that can be called here and now, or woken in the worker of the current app."""

    def __init__(self, queue: TaskQueue, function: Callable[Given, Returned], every_seconds: int | None) -> None:
        self.queue = queue
        self.function = function
        self.every_seconds = every_seconds
        self.name = f"{function.__module__}.{function.__qualname__}"
        self.__doc__ = function.__doc__

    def __call__(self, *args: Given.args, **kwargs: Given.kwargs) -> Returned:
        """Run at once, in this thread: what tests and the command line do."""
        return self.function(*args, **kwargs)

    def wake(self, *args: Given.args, **kwargs: Given.kwargs) -> None:
        """Ask the worker to run this now. Call it after the commit; arguments are ids and other plain values.

        A queue that cannot be reached is logged and nothing more: the commit stands, and the next sweep does the work.
        """
        import sqlite3

        import psycopg

        try:
            self.queue.wrapper_of(self)(*args, **kwargs)
        except (sqlite3.Error, psycopg.Error):
            logger.warning("The task queue could not be reached.", exc_info=True, extra={"task": self.name})


class TaskQueue:
    """The tasks of all features, and for each app the Huey that carries them.

    Huey wants its storage when tasks are declared; ours is known only in `create_app`. So declarations are kept here
    (as a blueprint keeps routes) and registered on the app's Huey when it is first needed: creating an app opens no
    file and no connection, and a forked web process inherits none.
    """

    def __init__(self) -> None:
        self._declared: list[Task[..., Any]] = []
        self._lock = threading.Lock()

    def task(self, function: Callable[Given, Returned]) -> Task[Given, Returned]:
        """Declare a task that runs when woken."""
        return self._declare(Task(self, function, every_seconds=None))

    def every(self, seconds: int) -> Callable[[Callable[[], Returned]], Task[[], Returned]]:
        """Declare a sweep: it runs when woken and every `seconds` (5 at least, met to within 5) in each consumer."""

        def declare(function: Callable[[], Returned]) -> Task[[], Returned]:
            return self._declare(Task(self, function, every_seconds=max(seconds, TICK_SECONDS)))

        return declare

    def init_app(self, app: Flask) -> None:
        """Give the app its own queue, opened on first use."""
        app.extensions["task_queue"] = _AppQueue(app)

    def huey_of(self, app: Flask) -> Huey:
        """The app's Huey with every task declared so far."""
        with self._lock:
            return _queue_of(app).with_tasks(self._declared)

    def wrapper_of(self, task: Task[Given, Returned]) -> TaskWrapper:
        """The Huey task that stands for ours in the current app's queue."""
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        self.huey_of(app)
        return _queue_of(app).wrappers[task.name]

    def close(self, app: Flask) -> None:
        """Close this process's connection to the app's queue; the next use opens another."""
        queue = _queue_of(app)
        if queue.huey is not None:
            queue.huey.storage.close()

    def _declare(self, task: Task[Given, Returned]) -> Task[Given, Returned]:
        self._declared.append(task)
        return task


class _AppQueue:
    """One app's Huey and the tasks registered on it."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.huey: Huey | None = None
        self.wrappers: dict[str, TaskWrapper] = {}

    def with_tasks(self, declared: list[Task[..., Any]]) -> Huey:
        if self.huey is None:
            self.huey = _open_huey(self.app)
        for task in declared:
            if task.name not in self.wrappers:
                self.wrappers[task.name] = self._register(self.huey, task)
        return self.huey

    def _register(self, huey: Huey, task: Task[..., Any]) -> TaskWrapper:
        @wraps(task.function)
        def run_in_app(*args: object, **kwargs: object) -> None:
            try:
                with self.app.app_context():
                    task.function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - logged without its words
                logger.error("A task failed: %s", silent_trace(error), extra={"task": task.name})

        if task.every_seconds is None:
            return huey.task()(run_in_app)
        # A sweep that waited a whole interval in the queue is dropped: the next one is already behind it.
        declare = huey.periodic_task(_Due(task.every_seconds), expires=task.every_seconds)
        return declare(run_in_app)


class _Due:
    """Says yes once in so many seconds, the first time at once: a fresh consumer takes up what a killed one left."""

    def __init__(self, every_seconds: int) -> None:
        self.every_seconds = every_seconds
        self.last: float | None = None

    def __call__(self, _timestamp: datetime) -> bool:
        moment = time.monotonic()
        # Half a tick of slack, so that a tick that comes a moment early is not put off by a whole one.
        due = self.last is None or moment - self.last >= self.every_seconds - TICK_SECONDS / 2
        if due:
            self.last = moment
        return due


def _queue_of(app: Flask) -> _AppQueue:
    queue: _AppQueue = app.extensions["task_queue"]
    return queue


def _open_huey(app: Flask) -> Huey:
    """The queue lives with the data: a table in PostgreSQL, or a file beside the SQLite file."""
    from huey import MemoryHuey, PostgresHuey, SqliteHuey
    from huey.serializer import SignedSerializer

    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    # Huey pickles; the signature keeps someone who can only write to the queue from running code in the worker.
    common = {
        "results": False,
        "serializer": SignedSerializer(secret=app.secret_key, salt="task-queue"),
    }
    if url.get_backend_name() == "postgresql":
        dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        return PostgresHuey("eventmgr", dsn=dsn, **common)
    if url.database in (None, "", ":memory:"):
        return MemoryHuey("eventmgr", **common)
    database = Path(str(url.database))
    if not database.is_absolute():
        database = Path(app.instance_path) / database
    return SqliteHuey(database.stem, filename=str(database.with_name("huey.db")), **common)
