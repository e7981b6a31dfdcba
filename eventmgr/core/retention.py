"""How long things are kept: each room says what it can take away, each commune after how many days.

A rule that nobody has decided on follows its default; None leaves things where they are. What a rule takes away is
gone: figures, dates and outcomes stay, names, numbers and words do not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy.orm import Mapped, mapped_column

from eventmgr.core.audit import record_audit
from eventmgr.core.clock import local_day
from eventmgr.core.db import Base, db, short_text
from eventmgr.core.settings import SettingKey, decide, setting

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class RetentionRule:
    """One kind of thing that is not kept for ever. `remove(path, before, now)` takes away what lies in the area and is
    older than `before`, and says how many rows that was. Texts are lazily translated."""

    key: str
    title: Any
    basis: Any
    default_days: int | None
    remove: Callable[[str, datetime, datetime], int]

    @property
    def setting(self) -> SettingKey:
        """Where a commune's decision stands: a number of days, or None for never."""
        return SettingKey(f"retention_{self.key}", self.default_days)


class RetentionRun(Base):
    """When a rule last went through a commune, and what it took away then and in all."""

    __tablename__ = "retention_run"

    # No relationship to areas: core knows no feature. The row is made for areas that are there.
    area_id: Mapped[int] = mapped_column(sa.ForeignKey("area.id"), primary_key=True)
    rule: Mapped[str] = short_text(primary_key=True)
    ran_at: Mapped[datetime]
    removed: Mapped[int]
    removed_in_all: Mapped[int] = mapped_column(default=0)


_NAME = "retention"


def init_retention(app: Flask, rules: Iterable[RetentionRule]) -> None:
    """Remember the rules of all rooms, in the order of the page."""
    app.extensions[_NAME] = tuple(rules)


def retention_rules() -> tuple[RetentionRule, ...]:
    """The rules of all rooms."""
    rules: tuple[RetentionRule, ...] = current_app.extensions[_NAME]
    return rules


def days_kept(rule: RetentionRule, path: str, now: datetime) -> int | None:
    """After how many days the rule takes things away in the area, or None for never."""
    days: int | None = setting(path, rule.setting, local_day(now))
    return days


def decide_days(area_id: int, path: str, decisions: Mapping[str, int | None], *, by: Any, now: datetime) -> None:
    """From today on the commune keeps things so many days, by the keys of the rules; what changes is written down."""
    before: dict[str, int | None] = {}
    for rule in retention_rules():
        held = days_kept(rule, path, now)
        if rule.key in decisions and decisions[rule.key] != held:
            decide(area_id, rule.setting, decisions[rule.key], local_day(now))
            before[rule.key] = held
    if before:
        after = {key: decisions[key] for key in before}
        record_audit("decide_retention", f"area:{area_id}", by=by, now=now, area_id=area_id, before=before, after=after)


def apply_rule(rule: RetentionRule, area_id: int, path: str, now: datetime) -> int:
    """Take away what is older than the commune keeps it, and say how many rows that was."""
    days = days_kept(rule, path, now)
    if days is None:
        return 0
    removed = rule.remove(path, now - timedelta(days=days), now)
    run = db.session.get(RetentionRun, (area_id, rule.key))
    if run is None:
        run = RetentionRun(area_id=area_id, rule=rule.key, removed_in_all=0)
        db.session.add(run)
    run.ran_at, run.removed = now, removed
    run.removed_in_all += removed
    db.session.flush()
    if removed:
        logger.info("old data were taken away", extra={"rule": rule.key, "area_id": area_id, "rows": removed})
    return removed


def last_runs(area_id: int) -> dict[str, RetentionRun]:
    """The last run of each rule in a commune."""
    return {run.rule: run for run in db.session.scalars(sa.select(RetentionRun).where(RetentionRun.area_id == area_id))}
