"""The bell between what is committed and the worker that does it."""

import sqlite3
import threading
import time
from datetime import UTC, datetime

import pytest
from flask import Flask, current_app
from huey.consumer import Consumer

from eventmgr.core import tasks
from eventmgr.core.tasks import TaskQueue
from eventmgr.worker import _EmbeddedConsumer

PATIENCE_SECONDS = 60


def make_app(folder, name="office"):
    app = Flask(name)
    app.config.update(SECRET_KEY="a key of tests", SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / name}.db")
    return app


@pytest.fixture
def queue(tmp_path):
    """A queue with one task that notes what it did, bound to one app."""
    queue = TaskQueue()
    queue.done = []
    queue.heard = threading.Event()

    @queue.task
    def note(word: str) -> str:
        queue.done.append((current_app.name, word))
        queue.heard.set()
        return word

    queue.note = note
    queue.app = make_app(tmp_path)
    queue.init_app(queue.app)
    yield queue
    queue.close(queue.app)


@pytest.fixture
def start_consumer():
    """Start a consumer on a queue; all are stopped at the end."""
    running: list[Consumer] = []

    def start(queue: TaskQueue, app: Flask) -> None:
        consumer = _EmbeddedConsumer(queue.huey_of(app), workers=2, max_delay=0.1, shutdown_timeout=5)
        consumer.start()
        running.append(consumer)

    yield start
    for consumer in running:
        consumer.stop(graceful=True)


def test_a_task_called_as_a_function_runs_here(queue):
    with queue.app.app_context():
        answer = queue.note("now")

    assert answer == "now"
    assert queue.done == [("office", "now")]


def test_binding_an_app_opens_no_file(queue, tmp_path):
    assert list(tmp_path.iterdir()) == []


def test_a_woken_task_runs_in_the_consumer_within_its_app(queue, start_consumer):
    start_consumer(queue, queue.app)

    with queue.app.app_context():
        queue.note.wake("later")

    assert queue.heard.wait(PATIENCE_SECONDS)
    assert queue.done == [("office", "later")]


def test_a_ring_waits_until_there_is_a_consumer(queue, start_consumer):
    with queue.app.app_context():
        queue.note.wake("early")
    assert queue.done == []

    start_consumer(queue, queue.app)

    assert queue.heard.wait(PATIENCE_SECONDS)


def test_two_apps_of_one_process_have_two_queues(queue, tmp_path, start_consumer):
    other = make_app(tmp_path, "neighbour")
    queue.init_app(other)
    start_consumer(queue, queue.app)

    with other.app_context():
        queue.note.wake("for the neighbour")
    with queue.app.app_context():
        queue.note.wake("for the office")

    assert queue.heard.wait(PATIENCE_SECONDS)
    time.sleep(0.3)
    assert queue.done == [("office", "for the office")]
    queue.close(other)


def test_a_task_declared_after_the_queue_was_opened_is_known_too(queue, start_consumer):
    queue.huey_of(queue.app)
    heard = threading.Event()

    @queue.task
    def late() -> None:
        heard.set()

    start_consumer(queue, queue.app)
    with queue.app.app_context():
        late.wake()

    assert heard.wait(PATIENCE_SECONDS)


def test_a_task_that_fails_is_logged_without_the_words_of_its_error(queue, start_consumer, caplog):
    words = RuntimeError("Failing row contains (Vi Lan, +84912345678)")

    @queue.task
    def fail() -> None:
        queue.heard.set()
        raise words

    start_consumer(queue, queue.app)
    with queue.app.app_context():
        fail.wake()
    assert queue.heard.wait(PATIENCE_SECONDS)
    until = time.monotonic() + PATIENCE_SECONDS
    while "RuntimeError" not in caplog.text and time.monotonic() < until:
        time.sleep(0.02)

    assert "RuntimeError" in caplog.text
    assert "Vi Lan" not in caplog.text


def test_a_queue_out_of_reach_does_not_undo_what_was_committed(queue, tmp_path, caplog):
    (tmp_path / "huey.db").mkdir()

    with queue.app.app_context():
        queue.note.wake("nobody hears this")

    assert [record.message for record in caplog.records] == ["The task queue could not be reached."]


def test_a_ring_that_is_not_signed_by_this_office_is_never_opened(queue, tmp_path, start_consumer):
    with queue.app.app_context():
        queue.note.wake("honest")
    with sqlite3.connect(tmp_path / "huey.db") as database:
        database.execute("update task set data = replace(data, cast('honest' as blob), cast('forged' as blob))")
    database.close()
    start_consumer(queue, queue.app)

    assert not queue.heard.wait(1)
    assert queue.done == []


def test_a_sweep_runs_when_the_consumer_starts(queue, start_consumer):
    swept = threading.Event()
    queue.every(seconds=60)(swept.set)

    start_consumer(queue, queue.app)

    assert swept.wait(PATIENCE_SECONDS)


def test_a_sweep_is_due_once_in_its_interval(monkeypatch):
    moment = 1000.0
    monkeypatch.setattr(tasks.time, "monotonic", lambda: moment)
    due = tasks._Due(every_seconds=20)
    answers = []

    for _ in range(10):
        answers.append(due(datetime(2026, 1, 5, tzinfo=UTC)))
        moment += tasks.TICK_SECONDS

    assert answers == [True, False, False, False, True, False, False, False, True, False]
