"""Reads of the plans room."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.db import db, locked
from eventmgr.core.errors import NotFound
from eventmgr.plans.models import Indicator, Output, Plan, PlanSection, PlanTarget, PlanTask, Topic
from eventmgr.plans.values import MEETINGS, PARTICIPANTS, SectionKind, TopicGroup


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """What a list shows of a plan. Targets are None where none were set."""

    meetings: int | None = None
    participants: int | None = None
    tasks: int = 0
    tasks_done: int = 0
    outputs: int = 0
    sections: int = 0  # how many of the paper's parts hold text


@dataclass(frozen=True, slots=True)
class HamletTargets:
    """A row of the grid. A target is None where none was set."""

    hamlet: Area
    meetings: int | None
    participants: int | None


def _visible(scope: Scope) -> sa.Select[Any]:
    # The area by a subquery and not a join, so that a lock takes the plan alone.
    return sa.select(Plan).where(Plan.area_id.in_(sa.select(Area.id).where(scope.within(Area.path))))


def plans_visible_to(scope: Scope) -> list[Plan]:
    """The plans of the scope, latest first."""
    chosen = _visible(scope).options(joinedload(Plan.area)).order_by(Plan.starts_on.desc(), Plan.id.desc())
    return list(db.session.scalars(chosen))


def get_plan_in(scope: Scope, plan_id: int) -> Plan:
    """A plan of the scope. Raises NotFound."""
    plan: Plan | None = db.session.scalar(_visible(scope).where(Plan.id == plan_id).options(joinedload(Plan.area)))
    if plan is None:
        raise NotFound
    return plan


def get_whole_plan_in(scope: Scope, plan_id: int) -> Plan:
    """A plan of the scope with all its parts loaded. Raises NotFound."""
    plan: Plan | None = db.session.scalar(
        _visible(scope)
        .where(Plan.id == plan_id)
        .options(
            joinedload(Plan.area),
            selectinload(Plan.sections),
            selectinload(Plan.tasks),
            selectinload(Plan.topics).selectinload(Topic.children),
            selectinload(Plan.targets).joinedload(PlanTarget.indicator),
            selectinload(Plan.outputs).joinedload(Output.hamlet),
        )
    )
    if plan is None:
        raise NotFound
    return plan


def get_plan_to_change(scope: Scope, plan_id: int) -> Plan:
    """A plan of the scope, read anew and locked until the unit of work ends. Raises NotFound."""
    plan: Plan | None = db.session.scalar(locked(_visible(scope).where(Plan.id == plan_id)))
    if plan is None:
        raise NotFound
    return plan


def row_version_of(plan_id: int) -> int:
    """The version of the plan as it stands in the database now."""
    return db.session.scalar(sa.select(Plan.row_version).where(Plan.id == plan_id)) or 0


def get_task_of(plan: Plan, task_id: int) -> PlanTask:
    """A task of the plan. Raises NotFound."""
    task = db.session.scalar(sa.select(PlanTask).where(PlanTask.id == task_id, PlanTask.plan_id == plan.id))
    if task is None:
        raise NotFound
    return task


def get_output_of(plan: Plan, output_id: int) -> Output:
    """An output of the plan. Raises NotFound."""
    output = db.session.scalar(sa.select(Output).where(Output.id == output_id, Output.plan_id == plan.id))
    if output is None:
        raise NotFound
    return output


def figures_of(plan_ids: Iterable[int]) -> dict[int, PlanFigures]:
    """The figures of each of these plans."""
    ids = list(plan_ids)
    # What is said for the commune as a whole goes before the sum of its hamlets.
    own = sa.func.sum(sa.case((PlanTarget.hamlet_id.is_(None), PlanTarget.quantity)))
    summed = sa.func.sum(sa.case((PlanTarget.hamlet_id.is_not(None), PlanTarget.quantity)))
    targets = {
        (plan_id, code): int(total)
        for plan_id, code, total in db.session.execute(
            sa.select(PlanTarget.plan_id, Indicator.code, sa.func.coalesce(own, summed))
            .join(Indicator)
            .where(PlanTarget.plan_id.in_(ids))
            .group_by(PlanTarget.plan_id, Indicator.code)
        )
    }
    tasks = {
        plan_id: (total, done)
        for plan_id, total, done in db.session.execute(
            sa.select(PlanTask.plan_id, sa.func.count(), sa.func.count(PlanTask.done_on))
            .where(PlanTask.plan_id.in_(ids))
            .group_by(PlanTask.plan_id)
        )
    }
    outputs = _counts(Output.plan_id, sa.func.count(), ids)
    sections = _counts(PlanSection.plan_id, sa.func.count(PlanSection.kind.distinct()), ids)
    return {
        plan_id: PlanFigures(
            meetings=targets.get((plan_id, MEETINGS)),
            participants=targets.get((plan_id, PARTICIPANTS)),
            tasks=tasks.get(plan_id, (0, 0))[0],
            tasks_done=tasks.get(plan_id, (0, 0))[1],
            outputs=outputs.get(plan_id, 0),
            sections=sections.get(plan_id, 0),
        )
        for plan_id in ids
    }


def _counts(owner: sa.SQLColumnExpression[int], figure: sa.SQLColumnExpression[int], ids: list[int]) -> dict[int, int]:
    rows = db.session.execute(sa.select(owner, figure).where(owner.in_(ids)).group_by(owner))
    return {row[0]: row[1] for row in rows}


def target_of(plan: Plan, indicator: str, hamlet_id: int | None) -> int | None:
    """The target of a hamlet (None: the commune as a whole), or None where none was set."""
    return next(
        (
            target.quantity
            for target in plan.targets
            if target.indicator.code == indicator and target.hamlet_id == hamlet_id
        ),
        None,
    )


def hamlet_targets(plan: Plan, hamlets: list[Area]) -> list[HamletTargets]:
    """A row for each hamlet, in the order given."""
    return [
        HamletTargets(hamlet, target_of(plan, MEETINGS, hamlet.id), target_of(plan, PARTICIPANTS, hamlet.id))
        for hamlet in hamlets
    ]


def paragraphs_of(plan: Plan, kind: SectionKind) -> list[str]:
    """The paragraphs of one part, in order."""
    return [section.text for section in plan.sections if section.kind is kind]


def topic_groups(plan: Plan) -> list[TopicGroup]:
    """The contents, group by group."""
    return [
        TopicGroup(topic.name, tuple(child.name for child in topic.children))
        for topic in plan.topics
        if topic.parent_id is None
    ]
