"""Lists taken in by the worker: whatever is killed and when, all of a list is in once, or nothing of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from eventmgr.core.clock import SystemClock, now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.files import file_path
from eventmgr.core.jobs import MOST_ATTEMPTS, STALE_AFTER, Job, JobOvertaken, JobRun, JobState, run_job, take_up_jobs
from eventmgr.residents import tasks
from eventmgr.residents.models import Contact, Household, ImportAdded, Resident
from eventmgr.residents.services.importing import begin_import, hand_in_list, writing
from eventmgr.residents.services.importing import handed_in as handed_in_rules
from eventmgr.residents.tasks import take_in_list
from eventmgr.residents.values import ImportState
from tests.factories import make_commune

TOP = Path(__file__).resolve().parents[2]
LIST_B = TOP / "tests" / "data" / "B-danh-sach-nhan-khau-mau.xlsx"

# The worker of a test dies by its own hand at the n-th statement it sends, wherever that is.
WORKER = """
import os, signal
import sqlalchemy as sa
from app import app
from eventmgr.core.files import file_path
from eventmgr.core.jobs import take_up_jobs
from eventmgr.worker import gather_tasks

left = int(os.environ["DIES_AFTER"])

@sa.event.listens_for(sa.engine.Engine, "before_cursor_execute")
def count(*_arguments):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

gather_tasks()
with app.app_context():
    take_up_jobs()
"""


@pytest.fixture
def handed_in(in_app):
    """A list of 90 households that waits for the worker."""
    with unit_of_work():
        row = hand_in_list(LIST_B.read_bytes(), LIST_B.name, make_commune(hamlets=()), by=None, now=now())
        row.options = {"year": 2023}
        begin_import(row.id, 304, by=None, now=now())
    return row


def counts():
    tables = (Household, Resident, Contact)
    return tuple(db.session.scalar(sa.select(sa.func.count()).select_from(table)) for table in tables)


def job_of(row):
    db.session.expire_all()
    return db.session.get_one(Job, row.job_id)


def test_list_goes_in_by_the_worker_and_says_so(handed_in):
    take_up_jobs()

    job = job_of(handed_in)
    assert (job.state, job.done, job.total) == (JobState.DONE, 304, 304)
    assert handed_in.state is ImportState.DONE
    assert counts() == (90, 304, 143)
    assert handed_in.outcome["residents_added"] == 304


def test_a_job_is_done_once_however_often_it_is_taken_up(handed_in):
    take_up_jobs()
    run_job(handed_in.job_id)
    take_up_jobs()

    assert job_of(handed_in).attempt == 1
    assert counts() == (90, 304, 143)


def test_running_job_is_left_alone_until_its_heart_stops(handed_in, clock):
    with unit_of_work():
        job = db.session.get_one(Job, handed_in.job_id)
        job.state, job.attempt, job.heartbeat_at = JobState.RUNNING, 1, now()

    take_up_jobs()
    left_alone = job_of(handed_in).state
    clock.advance(seconds=STALE_AFTER.total_seconds() + 1)
    take_up_jobs()

    assert left_alone is JobState.RUNNING
    assert (job_of(handed_in).state, job_of(handed_in).attempt) == (JobState.DONE, 2)


def test_run_that_was_overtaken_leaves_nothing_behind(handed_in):
    with unit_of_work():
        job = db.session.get_one(Job, handed_in.job_id)
        job.state, job.attempt = JobState.RUNNING, 2

    with pytest.raises(JobOvertaken):
        take_in_list(JobRun(handed_in.job_id, 1, {"list_import_id": handed_in.id}))

    assert counts() == (0, 0, 0)
    assert job_of(handed_in).state is JobState.RUNNING


def test_failure_of_an_overtaken_run_is_not_the_jobs(handed_in, monkeypatch):
    def overtaken_and_broken(_kept, *_arguments):
        with unit_of_work():
            db.session.get_one(Job, handed_in.job_id).attempt += 1
        raise ZeroDivisionError

    monkeypatch.setattr(tasks, "read_list", overtaken_and_broken)
    run_job(handed_in.job_id)

    job = job_of(handed_in)
    assert (job.state, job.attempt) == (JobState.RUNNING, 2)
    assert handed_in.state is ImportState.RUNNING


def test_failure_is_logged_without_the_words_of_the_database(handed_in, monkeypatch, caplog):
    words = Exception("Failing row contains (Vi Lan, +84912345678)")

    def refuse(*_arguments):
        raise sa.exc.IntegrityError("INSERT", {}, words)

    monkeypatch.setattr(tasks, "read_list", refuse)
    take_up_jobs()

    assert "IntegrityError" in caplog.text
    assert "Vi Lan" not in caplog.text


def test_run_says_that_it_lives_while_it_writes(handed_in, monkeypatch):
    phases = []
    plan, write = handed_in_rules.plan_import, handed_in_rules.carry_out
    monkeypatch.setattr(handed_in_rules, "plan_import", lambda *a, **o: (plan(*a, **o), phases.append("write"))[0])
    monkeypatch.setattr(handed_in_rules, "carry_out", lambda *a, **o: (write(*a, **o), phases.append("end"))[0])
    monkeypatch.setattr(JobRun, "report", lambda _run, done, total: phases.append((done, total)))

    take_up_jobs()

    assert (304, 304) in phases[phases.index("write") : phases.index("end")]


def test_work_that_is_never_finished_is_given_up_and_said(handed_in, clock):
    with unit_of_work():
        job = db.session.get_one(Job, handed_in.job_id)
        job.state, job.attempt = JobState.RUNNING, MOST_ATTEMPTS
    clock.advance(seconds=STALE_AFTER.total_seconds() + 1)

    take_up_jobs()

    job = job_of(handed_in)
    assert (job.state, job.error) == (JobState.FAILED, "job_gave_up")
    assert job.sentence
    assert handed_in.state is ImportState.FAILED


def test_list_that_cannot_be_read_any_more_fails_with_its_sentence_and_saves_nothing(handed_in):
    file_path(handed_in.file.hash).write_bytes(b"%PDF-1.4 something else")

    take_up_jobs()

    job = job_of(handed_in)
    assert (job.state, job.error) == (JobState.FAILED, "list_is_pdf")
    assert "PDF" in job.sentence
    assert handed_in.state is ImportState.FAILED
    assert counts() == (0, 0, 0)


def test_failure_in_the_middle_of_writing_saves_nothing(handed_in, monkeypatch):
    def fail(*_arguments):
        raise ZeroDivisionError

    monkeypatch.setattr(writing, "index_commune", fail)

    take_up_jobs()

    assert job_of(handed_in).state is JobState.FAILED
    assert counts() == (0, 0, 0)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ImportAdded)) == 0


def test_progress_is_seen_by_others_before_the_work_is_done(handed_in):
    with unit_of_work():
        job = db.session.get_one(Job, handed_in.job_id)
        job.state, job.attempt = JobState.RUNNING, 1

    JobRun(handed_in.job_id, 1, {}).report(100, 304)

    assert (job_of(handed_in).done, job_of(handed_in).total) == (100, 304)


@pytest.mark.parametrize("statements", [2, 5, 9, 14, 20, 30])
def test_worker_killed_at_any_statement_neither_loses_nor_doubles(app, handed_in, clock, statements):
    environment = {
        "DATABASE_URL": app.config["DATABASE_URL"],
        "INSTANCE_PATH": app.instance_path,
        "SECRET_KEY": app.config["SECRET_KEY"],
        "DIES_AFTER": str(statements),
    }
    with unit_of_work():  # the worker lives by the machine's clock
        db.session.get_one(Job, handed_in.job_id).heartbeat_at = SystemClock().now()

    worker = subprocess.Popen([sys.executable, "-c", WORKER], cwd=TOP, env={**os.environ, **environment})
    ended = worker.wait(timeout=180)
    halfway = counts()
    clock.instant = SystemClock().now() + STALE_AFTER + timedelta(seconds=1)
    take_up_jobs()

    assert ended in (-signal.SIGKILL, 0)
    assert halfway in ((0, 0, 0), (90, 304, 143))
    assert counts() == (90, 304, 143)
    assert job_of(handed_in).state is JobState.DONE
