"""Pages of plans: the list, the paper with its parts, and the forms that change it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.areas.queries import areas_in, get_area_in, hamlets_of
from eventmgr.areas.values import Level
from eventmgr.core import registry
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.clock import local_day, now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import EventmgrError, NotFound
from eventmgr.core.forms import VersionedForm
from eventmgr.core.registry import Place
from eventmgr.plans import queries, services
from eventmgr.plans.forms import (
    OutputForm,
    PlanForm,
    SectionForm,
    TaskForm,
    TopicsForm,
    targets_form,
)
from eventmgr.plans.models import Plan, PlanTask
from eventmgr.plans.values import (
    MEETINGS,
    PARTICIPANTS,
    SECTION_ORDER,
    SectionKind,
    TargetLine,
    read_paragraphs,
    read_topics,
    write_topics,
)
from eventmgr.plans.words import DIRECTIONS, OUTPUT_KINDS, SECTION_HINTS, SECTIONS

bp = Blueprint("plans", __name__, url_prefix="/plans")

Page = str | Response | tuple[str, int]

DUE_SOON = timedelta(days=14)
"""A task this close to its day is shown as due."""


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task with the state its page shows: done, overdue, due, or none."""

    task: PlanTask
    state: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the paper as shown: its place on paper, its words, where to change it."""

    kind: SectionKind
    number: str
    title: Any
    paragraphs: list[str]


# --- Reading ------------------------------------------------------------------------------------


@bp.get("")
@requires(Permission.VIEW_PLANS)
def index() -> str:
    """Are we on course? Every plan with how far it is."""
    plans = queries.plans_visible_to(scope(Permission.VIEW_PLANS))
    today = local_day(now())
    return render_template(
        "plans/index.html",
        plans=plans,
        figures=queries.figures_of(plan.id for plan in plans),
        periods={plan.id: _period(plan, today) for plan in plans},
        parts=len(SectionKind),
        report_endpoint=_existing("reports.plan"),
        may_edit=bool(areas_in(scope(Permission.EDIT_PLANS), Level.COMMUNE)),
    )


@bp.get("/<int:plan_id>")
@requires(Permission.VIEW_PLANS)
def show(plan_id: int) -> str:
    """One plan: its paper, its targets, tasks, topics and outputs."""
    plan = queries.get_whole_plan_in(scope(Permission.VIEW_PLANS), plan_id)
    today = local_day(now())
    may_plan = scope(Permission.EDIT_MEETINGS).covers(plan.area.path)
    return render_template(
        "plans/show.html",
        plan=plan,
        period=_period(plan, today),
        figures=queries.figures_of([plan.id])[plan.id],
        part=_parts(plan),
        tasks=_task_rows(plan, today),
        topics=queries.topic_groups(plan),
        targets=queries.hamlet_targets(plan, hamlets_of(plan.area)),
        outputs=_outputs(plan),
        kinds=OUTPUT_KINDS,
        directions=DIRECTIONS,
        may_edit=scope(Permission.EDIT_PLANS).covers(plan.area.path),
        new_series_url=_link("meetings.new_series", plan=plan.id) if may_plan else None,
        report_url=_link("reports.plan", plan_id=plan.id),
        panels=registry.panels(Place.PLAN, plan.id),
    )


def _existing(endpoint: str) -> str | None:
    return endpoint if endpoint in current_app.view_functions else None


def _link(endpoint: str, **values: Any) -> str | None:
    return url_for(endpoint, **values) if _existing(endpoint) else None


def _period(plan: Plan, today: date) -> str:
    """Where today stands: "not_started", "under_way" or "over"."""
    if today < plan.starts_on:
        return "not_started"
    return "over" if today > plan.ends_on else "under_way"


def _task_rows(plan: Plan, today: date) -> list[TaskRow]:
    return [TaskRow(task, _task_state(task, today)) for task in plan.tasks]


def _task_state(task: PlanTask, today: date) -> str | None:
    if task.done_on is not None:
        return "done"
    if task.due_on is None:
        return None
    if task.due_on < today:
        return "overdue"
    return "due" if task.due_on <= today + DUE_SOON else None


PAPER_NUMBERS = {
    SectionKind.PURPOSES: "1.",
    SectionKind.REQUIREMENTS: "2.",
    SectionKind.AUDIENCE: "1.",
    SectionKind.CONTENTS: "2.",
    SectionKind.FORMS: "3.",
}
"""The numbers of parts below I and II on paper; III and IV are one part each."""


def _parts(plan: Plan) -> dict[str, Part]:
    return {
        kind.value: Part(kind, PAPER_NUMBERS.get(kind, ""), SECTIONS[kind], queries.paragraphs_of(plan, kind))
        for kind in SectionKind
    }


def _outputs(plan: Plan) -> list[Any]:
    return sorted(plan.outputs, key=lambda output: (output.done_on, output.id), reverse=True)


# --- The document -------------------------------------------------------------------------------


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.EDIT_PLANS)
def new() -> Page:
    """Write a new plan: first the document's own fields, then part by part on its page."""
    editable = scope(Permission.EDIT_PLANS)
    communes = areas_in(editable, Level.COMMUNE)
    form = PlanForm(data=None if request.form else _first_values()).offer((area.id, area.name) for area in communes)
    if len(communes) == 1 and request.method == "POST":
        form.area.data = communes[0].id
    if form.validate_on_submit():
        try:
            with unit_of_work():
                area = get_area_in(editable, form.area.data)
                plan = services.create_plan(form.value(), area, by=current_user, now=now())
        except EventmgrError as error:
            form.form_errors.append(error.message)
        else:
            flash(_("The plan is there. Now write its parts, one after the other."), "success")
            return redirect(url_for(".section", plan_id=plan.id, kind=SectionKind.LEGAL_BASES))
    return _answer("plans/edit.html", form, plan=None, one_commune=len(communes) == 1)


def _first_values() -> dict[str, Any]:
    year = local_day(now()).year
    return {"starts_on": date(year, 1, 1), "ends_on": date(year, 12, 31), "signature": "KT. CHỦ TỊCH\nPHÓ CHỦ TỊCH"}


@bp.route("/<int:plan_id>/edit", methods=["GET", "POST"])
@requires(Permission.EDIT_PLANS)
def edit(plan_id: int) -> Page:
    """Change the document's own fields."""
    plan = _editable(plan_id)
    form = PlanForm(data=_values(plan)).offer([(plan.area_id, plan.area.name)])
    if form.validate_on_submit():

        def change(plan: Plan) -> None:
            services.change_plan(plan, form.value(), row_version=_version(form), by=current_user, now=now())

        if _saved(plan_id, form, change):
            flash(_("The plan's details are saved."), "success")
            return redirect(url_for(".show", plan_id=plan_id))
    return _answer("plans/edit.html", form, plan=plan, one_commune=True)


@bp.post("/<int:plan_id>/copy")
@requires(Permission.EDIT_PLANS)
def copy(plan_id: int) -> Response:
    """Begin the next year's plan with this one's words and targets."""
    editable = scope(Permission.EDIT_PLANS)
    with unit_of_work():
        plan = queries.get_whole_plan_in(editable, plan_id)
        following = services.copy_plan_to_next_year(plan, by=current_user, now=now())
    flash(_("The plan is copied to %(year)s. Look through its details first.", year=following.year), "success")
    return redirect(url_for(".edit", plan_id=following.id))


def _values(plan: Plan) -> dict[str, Any]:
    values = {field: getattr(plan, field) for field in (*services.AUDITED, "row_version")}
    return values | {"area": plan.area_id, "signature": "\n".join(plan.signature)}


def _editable(plan_id: int) -> Plan:
    return queries.get_plan_in(scope(Permission.EDIT_PLANS), plan_id)


def _version(form: VersionedForm) -> int:
    return form.row_version.data or 0


def _saved(plan_id: int, form: VersionedForm, change: Any) -> bool:
    """Make the change in one unit of work; a refusal is told on the form and nothing typed is lost."""
    try:
        with unit_of_work():
            change(queries.get_plan_to_change(scope(Permission.EDIT_PLANS), plan_id))
    except services.PlanChanged as error:
        form.refuse(error.message, queries.row_version_of(plan_id))
    except NotFound:
        raise
    except EventmgrError as error:
        form.form_errors.append(error.message)
    else:
        return True
    return False


def _answer(template: str, form: Any, **values: Any) -> Page:
    page = render_template(template, form=form, **values)
    return (page, 422) if form.errors else page


# --- Part by part -------------------------------------------------------------------------------


@bp.route("/<int:plan_id>/sections/<kind>", methods=["GET", "POST"])
@requires(Permission.EDIT_PLANS)
def section(plan_id: int, kind: str) -> Page:
    """Write one part of the paper; "save and go on" leads to the next."""
    if kind not in set(SectionKind):
        raise NotFound
    part = SectionKind(kind)
    plan = _editable(plan_id)
    form = SectionForm(text="\n\n".join(queries.paragraphs_of(plan, part)), row_version=plan.row_version)
    following = _following(part)
    if form.validate_on_submit():
        paragraphs = read_paragraphs(form.text.data or "")

        def replace(plan: Plan) -> None:
            services.replace_section(plan, part, paragraphs, row_version=_version(form), by=current_user, now=now())

        if _saved(plan_id, form, replace):
            if following is not None and "go_on" in request.form:
                return redirect(url_for(".section", plan_id=plan_id, kind=following))
            flash(_("Saved: %(part)s.", part=SECTIONS[part]), "success")
            return redirect(url_for(".show", plan_id=plan_id, _anchor=part.value))
    return _answer(
        "plans/section.html",
        form,
        plan=plan,
        kind=part,
        title=SECTIONS[part],
        hint=SECTION_HINTS[part],
        place=SECTION_ORDER[part] + 1,
        places=len(SectionKind),
        following=SECTIONS[following] if following is not None else None,
    )


def _following(kind: SectionKind) -> SectionKind | None:
    return next((other for other, place in SECTION_ORDER.items() if place == SECTION_ORDER[kind] + 1), None)


@bp.route("/<int:plan_id>/topics", methods=["GET", "POST"])
@requires(Permission.EDIT_PLANS)
def topics(plan_id: int) -> Page:
    """Write the contents that meetings choose from."""
    plan = _editable(plan_id)
    form = TopicsForm(topics=write_topics(queries.topic_groups(plan)), row_version=plan.row_version)
    if form.validate_on_submit():
        groups = read_topics(form.topics.data or "")

        def replace(plan: Plan) -> None:
            services.replace_topics(plan, groups, row_version=_version(form), by=current_user, now=now())

        if _saved(plan_id, form, replace):
            flash(_("The topics are saved."), "success")
            return redirect(url_for(".show", plan_id=plan_id, _anchor="topics"))
    return _answer("plans/topics.html", form, plan=plan)


@bp.route("/<int:plan_id>/targets", methods=["GET", "POST"])
@requires(Permission.EDIT_PLANS)
def targets(plan_id: int) -> Page:
    """Set meetings and participants for every hamlet in one grid."""
    plan = _editable(plan_id)
    rows = queries.hamlet_targets(plan, hamlets_of(plan.area))
    values: dict[str, Any] = {
        "row_version": plan.row_version,
        "meetings_all": queries.target_of(plan, MEETINGS, None),
        "participants_all": queries.target_of(plan, PARTICIPANTS, None),
    }
    for row in rows:
        values |= {f"{MEETINGS}_{row.hamlet.id}": row.meetings, f"{PARTICIPANTS}_{row.hamlet.id}": row.participants}
    form = targets_form([(row.hamlet.id, row.hamlet.name) for row in rows], **values)
    if form.validate_on_submit():

        def change(plan: Plan) -> None:
            shown = {None, *(row.hamlet.id for row in rows)}
            services.set_targets(
                plan,
                [*form.value(), *_targets_beside(plan, shown)],
                row_version=_version(form),
                by=current_user,
                now=now(),
            )

        if _saved(plan_id, form, change):
            flash(_("The targets are saved."), "success")
            return redirect(url_for(".show", plan_id=plan_id, _anchor="targets"))
    return _answer("plans/targets.html", form, plan=plan, rows=rows)


def _targets_beside(plan: Plan, shown: set[int | None]) -> list[TargetLine]:
    """Targets the grid does not show (of former hamlets, of other indicators): they stand."""
    return [
        TargetLine(row.indicator.code, row.quantity, row.hamlet_id)
        for row in plan.targets
        if row.hamlet_id not in shown or row.indicator.code not in (MEETINGS, PARTICIPANTS)
    ]


# --- Tasks --------------------------------------------------------------------------------------


@bp.route("/<int:plan_id>/tasks", methods=["GET", "POST"])
@requires(Permission.EDIT_PLANS)
def tasks(plan_id: int) -> Page:
    """The tasks, and a form to add one."""
    plan = queries.get_whole_plan_in(scope(Permission.EDIT_PLANS), plan_id)
    form = TaskForm()
    if form.validate_on_submit():
        with unit_of_work():
            found = queries.get_plan_to_change(scope(Permission.EDIT_PLANS), plan_id)
            services.add_task(found, form.value(), by=current_user, now=now())
        flash(_("The task is added."), "success")
        return redirect(url_for(".tasks", plan_id=plan_id))
    return _answer("plans/tasks.html", form, plan=plan, tasks=_task_rows(plan, local_day(now())))


@bp.route("/<int:plan_id>/tasks/<int:task_id>", methods=["GET", "POST"])
@requires(Permission.EDIT_PLANS)
def task(plan_id: int, task_id: int) -> Page:
    """Change a task."""
    found = queries.get_task_of(_editable(plan_id), task_id)
    form = TaskForm(obj=found)
    if form.validate_on_submit():
        with unit_of_work():
            plan = queries.get_plan_to_change(scope(Permission.EDIT_PLANS), plan_id)
            services.change_task(queries.get_task_of(plan, task_id), form.value(), by=current_user, now=now())
        flash(_("The task is saved."), "success")
        return redirect(url_for(".tasks", plan_id=plan_id))
    return _answer("plans/task.html", form, plan=found.plan, task=found)


@bp.post("/<int:plan_id>/tasks/<int:task_id>/<any(done, open):state>")
@requires(Permission.EDIT_PLANS)
def tick_task(plan_id: int, task_id: int, state: str) -> Response:
    """Mark a task as done today, or as open again."""
    with unit_of_work():
        plan = queries.get_plan_to_change(scope(Permission.EDIT_PLANS), plan_id)
        done_on = local_day(now()) if state == "done" else None
        services.tick_task(queries.get_task_of(plan, task_id), done_on, by=current_user, now=now())
    return redirect(url_for(".show", plan_id=plan_id, _anchor="tasks"))


@bp.post("/<int:plan_id>/tasks/<int:task_id>/remove")
@requires(Permission.EDIT_PLANS)
def remove_task(plan_id: int, task_id: int) -> Response:
    """Take a task out."""
    with unit_of_work():
        plan = queries.get_plan_to_change(scope(Permission.EDIT_PLANS), plan_id)
        services.remove_task(queries.get_task_of(plan, task_id), by=current_user, now=now())
    flash(_("The task is taken out."), "success")
    return redirect(url_for(".tasks", plan_id=plan_id))


# --- Outputs ------------------------------------------------------------------------------------


@bp.route("/<int:plan_id>/outputs", methods=["GET", "POST"])
@requires(Permission.EDIT_PLANS)
def outputs(plan_id: int) -> Page:
    """What the plan yielded besides meetings, and a form to note more."""
    plan = queries.get_whole_plan_in(scope(Permission.EDIT_PLANS), plan_id)
    form = OutputForm(done_on=local_day(now())).offer((area.id, area.name) for area in hamlets_of(plan.area))
    if form.validate_on_submit():
        with unit_of_work():
            found = queries.get_plan_to_change(scope(Permission.EDIT_PLANS), plan_id)
            services.record_output(found, form.value(), by=current_user, now=now())
        flash(_("Noted."), "success")
        return redirect(url_for(".outputs", plan_id=plan_id))
    return _answer(
        "plans/outputs.html", form, plan=plan, outputs=_outputs(plan), kinds=OUTPUT_KINDS, directions=DIRECTIONS
    )


@bp.post("/<int:plan_id>/outputs/<int:output_id>/remove")
@requires(Permission.EDIT_PLANS)
def remove_output(plan_id: int, output_id: int) -> Response:
    """Take out an output noted by mistake."""
    with unit_of_work():
        plan = queries.get_plan_to_change(scope(Permission.EDIT_PLANS), plan_id)
        services.remove_output(queries.get_output_of(plan, output_id), by=current_user, now=now())
    flash(_("Taken out."), "success")
    return redirect(url_for(".outputs", plan_id=plan_id))
