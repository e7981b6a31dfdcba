"""Writes of the plans room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.attributes import flag_modified

from eventmgr.areas.models import Area
from eventmgr.core.access import below
from eventmgr.core.audit import record_audit
from eventmgr.core.db import db, insert_ignoring
from eventmgr.core.errors import Conflict, RuleBroken
from eventmgr.core.text import clean_text
from eventmgr.plans.models import Indicator, Output, Plan, PlanSection, PlanTarget, PlanTask, Topic
from eventmgr.plans.queries import paragraphs_of, topic_groups
from eventmgr.plans.values import (
    MEETINGS,
    PARTICIPANTS,
    SECTION_ORDER,
    OutputDetails,
    PlanDetails,
    SectionKind,
    TargetLine,
    TaskLine,
    TopicGroup,
)

PARAGRAPHS_A_SECTION = 1000
"""Paragraph places kept for each part, so that the parts follow one another by position."""


class PlanChanged(Conflict):
    """The plan on the form is not the plan in the book any more."""

    code = "plan_changed"
    sentence = _(
        "Somebody changed this plan while you were writing. Your text is still here: "
        "open the plan in another window, compare, and save again."
    )


class PlanWithoutTitle(RuleBroken):
    """A plan needs a title."""

    code = "plan_without_title"
    sentence = _("Enter the plan's title.")


class PlanEndsBeforeStart(RuleBroken):
    """A period runs forward."""

    code = "plan_ends_before_start"
    sentence = _("The plan ends before it starts.")


class TaskIncomplete(RuleBroken):
    """A task says who and what."""

    code = "task_incomplete"
    sentence = _("Say who does it and what is to be done.")


class TargetHamletUnknown(RuleBroken):
    """A target for a hamlet of another commune."""

    code = "target_hamlet_unknown"
    sentence = _("A target names a hamlet that does not belong to this commune.")


class IndicatorUnknown(RuleBroken):
    """A target for something nobody counts."""

    code = "indicator_unknown"
    sentence = _("There is no indicator with the code %(indicator)s.")


class QuantityWrong(RuleBroken):
    """A number below what makes sense."""

    code = "quantity_wrong"
    sentence = _("A quantity cannot be less than zero.")


class TopicInUse(Conflict):
    """A meeting is about a topic that is to go."""

    code = "topic_in_use"
    sentence = _("A topic that meetings already use cannot be taken out. Put it back, or change those meetings first.")


INDICATORS = ((MEETINGS, "Hội nghị truyền thông", "hội nghị"), (PARTICIPANTS, "Lượt người tham dự", "lượt người"))
"""The indicators computed from meetings: code, name and unit as the papers write them."""


def ensure_indicators() -> dict[str, Indicator]:
    """The indicators by code, those computed from meetings among them."""
    for code, name, unit in INDICATORS:
        db.session.execute(insert_ignoring(Indicator).values(code=code, name=name, unit=unit))
    return {indicator.code: indicator for indicator in db.session.scalars(sa.select(Indicator))}


def create_plan(
    details: PlanDetails,
    area: Area,
    *,
    sections: Mapping[SectionKind, Sequence[str]] | None = None,
    tasks: Sequence[TaskLine] = (),
    topics: Sequence[TopicGroup] = (),
    targets: Iterable[TargetLine] = (),
    outputs: Iterable[OutputDetails] = (),
    by: Any,
    now: datetime,
) -> Plan:
    """Write down a commune's plan, bare or with all its parts at once.

    Raises PlanWithoutTitle, PlanEndsBeforeStart, and what the parts raise.
    """
    plan = Plan(area=area, created_at=now)
    _describe(plan, details)
    plan.sections = [row for kind in SectionKind for row in _paragraphs(kind, (sections or {}).get(kind, ()))]
    plan.tasks = [_task(line, place) for place, line in enumerate(tasks)]
    db.session.add(plan)
    db.session.flush()
    _set_topics(plan, topics)
    _set_targets(plan, targets)
    for output in outputs:
        plan.outputs.append(_output(plan, output))
    db.session.flush()
    record_audit("create_plan", f"plan:{plan.id}", by=by, now=now, area_id=plan.area_id)
    return plan


def copy_plan_to_next_year(plan: Plan, *, by: Any, now: datetime) -> Plan:
    """Begin next year's plan with this one's words, tasks, topics and targets.

    Number, date, signer, amount and the decision on the money are left blank: they are that year's own.
    """

    def shift(words: str) -> str:
        return words.replace(f"năm {plan.year}", f"năm {plan.year + 1}")

    details = PlanDetails(
        title=shift(plan.title),
        starts_on=_year_later(plan.starts_on),
        ends_on=_year_later(plan.ends_on),
        opening=plan.opening,
        programme=plan.programme,
        report_to=plan.report_to,
        funder=plan.funder,
        signature=tuple(plan.signature),
    )
    return create_plan(
        details,
        plan.area,
        sections={kind: paragraphs_of(plan, kind) for kind in SectionKind},
        tasks=[
            TaskLine(task.responsible, task.task, _year_later(task.due_on) if task.due_on else None)
            for task in plan.tasks
        ],
        topics=topic_groups(plan),
        targets=[TargetLine(row.indicator.code, row.quantity, row.hamlet_id) for row in plan.targets],
        by=by,
        now=now,
    )


def _year_later(day: date) -> date:
    leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + 1, day=28 if leap_day else day.day)


def change_plan(plan: Plan, details: PlanDetails, *, row_version: int, by: Any, now: datetime) -> None:
    """Change the document's own fields. `row_version` is what the form was made from.

    Raises PlanChanged, PlanWithoutTitle, PlanEndsBeforeStart.
    """
    before = _audited(plan)
    _take(plan, row_version)
    _describe(plan, details)
    db.session.flush()
    after = _audited(plan)
    changed = [field for field in after if before[field] != after[field]]
    record_audit(
        "change_plan",
        f"plan:{plan.id}",
        by=by,
        now=now,
        area_id=plan.area_id,
        before={field: before[field] for field in changed},
        after={field: after[field] for field in changed},
    )


def replace_section(
    plan: Plan, kind: SectionKind, paragraphs: Sequence[str], *, row_version: int, by: Any, now: datetime
) -> None:
    """Write one part of the plan anew, the others standing. Raises PlanChanged."""
    _take(plan, row_version)
    before = [row.text for row in plan.sections if row.kind is kind]
    others = [row for row in plan.sections if row.kind is not kind]
    plan.sections = sorted(others + _paragraphs(kind, paragraphs), key=lambda row: row.position)
    db.session.flush()
    record_audit(
        "replace_section",
        f"plan:{plan.id}",
        by=by,
        now=now,
        area_id=plan.area_id,
        before={kind.value: before},
        after={kind.value: [row.text for row in plan.sections if row.kind is kind]},
    )


def add_task(plan: Plan, line: TaskLine, *, by: Any, now: datetime) -> PlanTask:
    """Add a task at the end. Raises TaskIncomplete."""
    task = _task(line, max((row.position for row in plan.tasks), default=-1) + 1)
    plan.tasks.append(task)
    db.session.flush()
    record_audit("add_task", f"plan_task:{task.id}", by=by, now=now, area_id=plan.area_id)
    return task


def change_task(task: PlanTask, line: TaskLine, *, by: Any, now: datetime) -> None:
    """Say anew who does what by when. Raises TaskIncomplete."""
    _fill_task(task, line)
    db.session.flush()
    record_audit("change_task", f"plan_task:{task.id}", by=by, now=now, area_id=task.plan.area_id)


def tick_task(task: PlanTask, done_on: date | None, *, by: Any, now: datetime) -> None:
    """Mark a task as done on a day, or (None) as open again."""
    task.done_on = done_on
    db.session.flush()
    action = "reopen_task" if done_on is None else "finish_task"
    record_audit(action, f"plan_task:{task.id}", by=by, now=now, area_id=task.plan.area_id)


def remove_task(task: PlanTask, *, by: Any, now: datetime) -> None:
    """Take a task out of the plan."""
    before = {"responsible": task.responsible, "task": task.task}
    record_audit("remove_task", f"plan_task:{task.id}", by=by, now=now, area_id=task.plan.area_id, before=before)
    task.plan.tasks.remove(task)
    db.session.flush()


def replace_topics(plan: Plan, groups: Sequence[TopicGroup], *, row_version: int, by: Any, now: datetime) -> None:
    """Write the contents anew. A topic whose words stay is the same topic: meetings keep it.

    Raises PlanChanged, TopicInUse.
    """
    _take(plan, row_version)
    _set_topics(plan, groups)
    record_audit("replace_topics", f"plan:{plan.id}", by=by, now=now, area_id=plan.area_id)


def set_targets(plan: Plan, targets: Iterable[TargetLine], *, row_version: int, by: Any, now: datetime) -> None:
    """Set the targets to these and no others.

    Raises PlanChanged, IndicatorUnknown, TargetHamletUnknown, QuantityWrong.
    """
    _take(plan, row_version)
    before = _targets_by_word(plan)
    _set_targets(plan, targets)
    record_audit(
        "set_targets",
        f"plan:{plan.id}",
        by=by,
        now=now,
        area_id=plan.area_id,
        before=before,
        after=_targets_by_word(plan),
    )


def record_output(plan: Plan, details: OutputDetails, *, by: Any, now: datetime) -> Output:
    """Note what was made, received or handed out. Raises QuantityWrong, TargetHamletUnknown."""
    output = _output(plan, details)
    plan.outputs.append(output)
    db.session.flush()
    record_audit("record_output", f"output:{output.id}", by=by, now=now, area_id=plan.area_id)
    return output


def remove_output(output: Output, *, by: Any, now: datetime) -> None:
    """Take out an output noted by mistake."""
    before = {"kind": output.kind.value, "quantity": output.quantity, "done_on": output.done_on.isoformat()}
    record_audit("remove_output", f"output:{output.id}", by=by, now=now, area_id=output.plan.area_id, before=before)
    output.plan.outputs.remove(output)
    db.session.flush()


# --- The parts ----------------------------------------------------------------------------------


def _take(plan: Plan, row_version: int) -> None:
    if plan.row_version != row_version:
        raise PlanChanged
    # Parts stand in tables of their own: the plan's version must move with them all the same.
    flag_modified(plan, "title")


def _describe(plan: Plan, details: PlanDetails) -> None:
    title = clean_text(details.title)
    if not title:
        raise PlanWithoutTitle
    if details.ends_on < details.starts_on:
        raise PlanEndsBeforeStart
    if any(amount is not None and amount < 0 for amount in (details.budget, details.sms_budget)):
        raise QuantityWrong
    plan.title = title
    plan.year = details.starts_on.year
    plan.starts_on, plan.ends_on = details.starts_on, details.ends_on
    plan.number, plan.dated_on = clean_text(details.number), details.dated_on
    plan.opening, plan.programme = clean_text(details.opening), clean_text(details.programme)
    plan.report_to, plan.signer = clean_text(details.report_to), clean_text(details.signer)
    plan.budget, plan.sms_budget, plan.funder = details.budget, details.sms_budget, clean_text(details.funder)
    plan.funding_decision = clean_text(details.funding_decision)
    plan.signature = [line for line in map(clean_text, details.signature) if line]


AUDITED = (
    "title",
    "number",
    "dated_on",
    "starts_on",
    "ends_on",
    "opening",
    "programme",
    "report_to",
    "budget",
    "sms_budget",
    "funder",
    "funding_decision",
    "signature",
    "signer",
)


def _audited(plan: Plan) -> dict[str, Any]:
    values = {field: getattr(plan, field) for field in AUDITED}
    return {field: value.isoformat() if isinstance(value, date) else value for field, value in values.items()}


def _paragraphs(kind: SectionKind, paragraphs: Sequence[str]) -> list[PlanSection]:
    texts = [text for text in map(clean_text, paragraphs) if text]
    first = SECTION_ORDER[kind] * PARAGRAPHS_A_SECTION
    return [PlanSection(kind=kind, position=first + place, text=text) for place, text in enumerate(texts)]


def _task(line: TaskLine, position: int) -> PlanTask:
    task = PlanTask(position=position)
    _fill_task(task, line)
    return task


def _fill_task(task: PlanTask, line: TaskLine) -> None:
    responsible, words = clean_text(line.responsible), clean_text(line.task)
    if not responsible or not words:
        raise TaskIncomplete
    task.responsible, task.task, task.due_on = responsible, words, line.due_on


def _set_topics(plan: Plan, groups: Sequence[TopicGroup]) -> None:
    standing = {(topic.parent.name if topic.parent else None, topic.name): topic for topic in plan.topics}
    wanted: list[Topic] = []
    for group in groups:
        parent = _topic(plan, standing, group.name, None, len(wanted))
        wanted.append(parent)
        for child in group.children:
            wanted.append(_topic(plan, standing, child, parent, len(wanted)))
    db.session.flush()
    try:
        with db.session.begin_nested():
            for topic in standing.values():  # those left over
                db.session.delete(topic)
            db.session.flush()
    except IntegrityError as error:
        raise TopicInUse from error
    db.session.expire(plan, ["topics"])
    for topic in wanted:
        db.session.expire(topic, ["children"])


def _topic(
    plan: Plan, standing: dict[tuple[str | None, str], Topic], name: str, parent: Topic | None, position: int
) -> Topic:
    name = clean_text(name)
    topic = standing.pop((parent.name if parent else None, name), None)
    if topic is None:
        topic = Topic(name=name, parent=parent)
        plan.topics.append(topic)
    topic.position = position
    return topic


def _set_targets(plan: Plan, targets: Iterable[TargetLine]) -> None:
    indicators = ensure_indicators()
    hamlets = set(db.session.scalars(sa.select(Area.id).where(below(Area.path, plan.area.path))))
    standing = {(row.indicator_id, row.hamlet_id): row for row in plan.targets}
    for line in targets:
        indicator = indicators.get(line.indicator)
        if indicator is None:
            raise IndicatorUnknown(indicator=line.indicator)
        if line.hamlet_id is not None and line.hamlet_id not in hamlets:
            raise TargetHamletUnknown
        if line.quantity < 0:
            raise QuantityWrong
        row = standing.pop((indicator.id, line.hamlet_id), None)
        if row is None:
            row = PlanTarget(hamlet_id=line.hamlet_id, indicator=indicator)
            plan.targets.append(row)
        row.quantity = line.quantity
    for row in standing.values():  # those no longer wanted
        plan.targets.remove(row)
    db.session.flush()


def _targets_by_word(plan: Plan) -> dict[str, int]:
    return {f"{row.indicator.code}:{row.hamlet_id or 'all'}": row.quantity for row in plan.targets}


def _output(plan: Plan, details: OutputDetails) -> Output:
    if details.quantity < 1 or (details.cost is not None and details.cost < 0):
        raise QuantityWrong
    if details.hamlet_id is not None:
        hamlet = db.session.get(Area, details.hamlet_id)
        if hamlet is None or not hamlet.path.startswith(plan.area.path):
            raise TargetHamletUnknown
    return Output(
        kind=details.kind,
        direction=details.direction,
        quantity=details.quantity,
        done_on=details.done_on,
        hamlet_id=details.hamlet_id,
        partner=clean_text(details.partner),
        cost=details.cost,
        link=clean_text(details.link),
    )
