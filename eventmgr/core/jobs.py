"""Long work that shows how far it is and survives the worker: a row says what is to be done, the queue only rings.

A job's work is one unit of work that ends with `JobRun.finish`: whatever is killed and when, either all of it and the
word "done" are on file, or nothing is and the next sweep begins it anew. A run that was thought dead and is overtaken
finds at `finish` that the job is no longer its own, and leaves nothing behind.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Mapped, mapped_column

from eventmgr.core import clock
from eventmgr.core.db import (
    Base,
    after_commit,
    aside,
    change_rows,
    db,
    foreign_key,
    in_unit_of_work,
    is_sqlite,
    locked,
    short_text,
    unit_of_work,
)
from eventmgr.core.errors import Conflict, EventmgrError, RuleBroken, error_of, silent_trace
from eventmgr.extensions import huey

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 10
STALE_AFTER = timedelta(seconds=60)
"""A running job whose heartbeat is older was killed. Work reports far more often, or holds the database's one pen."""
MOST_ATTEMPTS = 3
REPORT_EVERY_SECONDS = 0.5


class JobState(StrEnum):
    """How far a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


ENDED = frozenset([JobState.DONE, JobState.FAILED])


class JobGaveUp(RuleBroken):
    """The worker died over this job as often as it is tried."""

    code = "job_gave_up"
    sentence = _("This work was begun several times and never finished. Nothing of it was saved.")


class JobOvertaken(Conflict):
    """Another run has taken the job up meanwhile; this one leaves nothing behind."""

    code = "job_overtaken"
    sentence = _("Another worker has taken up this work.")


class Job(Base):
    """One long work. `attempt` counts its runs and tells a run whether the job is still its own."""

    __tablename__ = "job"
    __table_args__ = (sa.Index("ix_job_state_heartbeat_at", "state", "heartbeat_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = short_text()
    state: Mapped[JobState] = mapped_column(default=JobState.WAITING)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)  # 0: not known yet
    attempt: Mapped[int] = mapped_column(default=0)
    arguments: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str] = short_text(default="")  # code of the EventmgrError it ended with
    error_facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    area_id: Mapped[int] = foreign_key("area.id")
    created_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)  # None: a command
    created_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # None: not ended

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ENDED

    @property
    def sentence(self) -> str:
        """Why it failed, in the language of the page; empty unless it did."""
        return error_of(self.error, self.error_facts).message if self.error else ""


@dataclass(frozen=True, slots=True)
class JobKind:
    """What the worker does for one kind of job; `failed` runs in the unit of work that files its failure."""

    work: Callable[[JobRun], None]
    failed: Callable[[Job], None]


_KINDS: dict[str, JobKind] = {}


def job_kind(
    name: str, failed: Callable[[Job], None]
) -> Callable[[Callable[[JobRun], None]], Callable[[JobRun], None]]:
    """Declare the work of a kind of job."""

    def declare(work: Callable[[JobRun], None]) -> Callable[[JobRun], None]:
        _KINDS[name] = JobKind(work, failed)
        return work

    return declare


class JobRun:
    """One run of a job: what its work is handed."""

    least_seconds: ClassVar[float] = REPORT_EVERY_SECONDS

    def __init__(self, job_id: int, attempt: int, arguments: dict[str, Any]) -> None:
        self.job_id = job_id
        self.attempt = attempt
        self.arguments = arguments
        self._reported = 0.0

    def report(self, done: int, total: int) -> None:
        """Say how far the work is, which also says that the run lives. Cheap: seldom written.

        Written on a connection of its own, as the work's own unit shows nothing before its end. While that unit
        holds SQLite's one pen nothing can be written beside it; neither can a sweep take the job away then.
        """
        moment = time.monotonic()
        if moment - self._reported < self.least_seconds or (is_sqlite() and in_unit_of_work()):
            return
        self._reported = moment
        with aside() as connection:
            connection.execute(
                sa.update(Job).where(self.is_mine).values(done=done, total=total, heartbeat_at=clock.now())
            )

    def finish(self, result: dict[str, Any], *, now: datetime) -> None:
        """File the job as done in the caller's unit of work, as its last step. Raises JobOvertaken."""
        ended = change_rows(
            sa.update(Job)
            .where(self.is_mine)
            .values(state=JobState.DONE, result=result, done=Job.total, heartbeat_at=now, ended_at=now)
        )
        if not ended:
            raise JobOvertaken

    @property
    def is_mine(self) -> sa.ColumnElement[bool]:
        """The condition that the job is still this run's."""
        return sa.and_(Job.id == self.job_id, Job.attempt == self.attempt, Job.state == JobState.RUNNING)


def start_job(kind: str, arguments: dict[str, Any], *, area_id: int, by: Any, now: datetime, total: int = 0) -> Job:
    """File a job in the caller's unit of work; the worker is rung once that has committed."""
    job = Job(
        kind=kind,
        arguments=arguments,
        total=total,
        area_id=area_id,
        created_by_id=getattr(by, "id", None),
        created_at=now,
        heartbeat_at=now,
    )
    db.session.add(job)
    db.session.flush()
    after_commit(take_up_jobs.wake)
    return job


@huey.every(SWEEP_SECONDS)
def take_up_jobs() -> None:
    """Run what waits and what a killed worker left, oldest first. May run anywhere, any number of times."""
    for job_id in _due():
        run_job(job_id)
    db.session.remove()


def run_job(job_id: int) -> None:
    """Claim one job and run it to its end; does nothing if another worker has it."""
    with unit_of_work():
        run = _claim(job_id, clock.now())
    if run is None:
        return
    kind = _KINDS[_kind_of(job_id)]
    try:
        kind.work(run)
    except JobOvertaken:
        logger.warning("A job was overtaken.", extra={"job_id": job_id, "attempt": run.attempt})
    except EventmgrError as error:
        _file_failure(run, kind, error)
    except Exception as error:  # noqa: BLE001 - logged without its words
        logger.error("A job failed: %s", silent_trace(error), extra={"job_id": job_id})
        _file_failure(run, kind, EventmgrError())


def _due() -> list[int]:
    stale = clock.now() - STALE_AFTER
    waiting = sa.or_(Job.state == JobState.WAITING, sa.and_(Job.state == JobState.RUNNING, Job.heartbeat_at < stale))
    return list(db.session.scalars(sa.select(Job.id).where(waiting, Job.kind.in_(_KINDS)).order_by(Job.id)))


def _claim(job_id: int, now: datetime) -> JobRun | None:
    """Make the job this run's own. A job that was begun too often is filed as failed instead."""
    job = db.session.scalar(locked(sa.select(Job).where(Job.id == job_id)))
    if job is None or job.ended or (job.state is JobState.RUNNING and job.heartbeat_at >= now - STALE_AFTER):
        return None
    if job.attempt >= MOST_ATTEMPTS:
        _fail(job, _KINDS[job.kind], JobGaveUp(), now)
        return None
    job.state = JobState.RUNNING
    job.attempt += 1
    job.heartbeat_at = now
    db.session.flush()
    return JobRun(job.id, job.attempt, job.arguments)


def _kind_of(job_id: int) -> str:
    return str(db.session.scalar(sa.select(Job.kind).where(Job.id == job_id)))


def _file_failure(run: JobRun, kind: JobKind, error: EventmgrError) -> None:
    """File why a run ended, unless another has taken the job up: that one says how it ends."""
    with unit_of_work():
        job = db.session.scalar(locked(sa.select(Job).where(run.is_mine)))
        if job is not None:
            _fail(job, kind, error, clock.now())


def _fail(job: Job, kind: JobKind, error: EventmgrError, now: datetime) -> None:
    job.state, job.ended_at, job.heartbeat_at = JobState.FAILED, now, now
    job.error, job.error_facts = error.code, error.facts
    kind.failed(job)
