"""One frozen value for each report, made of the figures and of what plan, area and settings say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.clock import local, local_day
from eventmgr.core.db import db
from eventmgr.core.settings import PAPER_RECIPIENTS, PAPER_SIGNER, setting
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.values import MeetingStatus
from eventmgr.plans.models import Output, Plan, PlanSection, PlanTask
from eventmgr.plans.values import MEETINGS, PARTICIPANTS, OutputKind, SectionKind
from eventmgr.reports.queries.attendance import attendances_by_plan, headcounts, turnout, turnout_by_meeting
from eventmgr.reports.queries.invitations import invitations_by_meeting
from eventmgr.reports.queries.messages import sms_by_meeting
from eventmgr.reports.queries.progress import hamlet_figures, households_by_hamlet, plan_targets, total_target
from eventmgr.reports.queries.selection import (
    HELD,
    NOT_CANCELLED,
    Condition,
    meetings_in_order,
    of_plan,
    plans_visible_to,
)
from eventmgr.reports.values import (
    InvitationFigures,
    Issuer,
    MeetingFigures,
    MeetingReport,
    MeetingStage,
    OutputLine,
    PeriodReport,
    PlanFigures,
    PlanReport,
    PlanSummary,
    Progress,
    SmsFigures,
    TaskLine,
    Turnout,
)

STAGES = {
    MeetingStatus.TENTATIVE: MeetingStage.PLANNED,
    MeetingStatus.SCHEDULED: MeetingStage.PLANNED,
    MeetingStatus.HELD: MeetingStage.HELD,
    MeetingStatus.CLOSED: MeetingStage.HELD,
    MeetingStatus.CANCELLED: MeetingStage.CANCELLED,
}
ARTICLES = (OutputKind.ARTICLE, OutputKind.REPORTAGE, OutputKind.BROADCAST)
PUBLICATIONS = (OutputKind.PANEL, OutputKind.POSTER, OutputKind.LEAFLET, OutputKind.HANDBOOK, OutputKind.BANNER)
EMULATION = (OutputKind.CONTEST, OutputKind.EMULATION)
LISTED_MEETINGS = 200
"""A page shows no more meetings of a period than this."""
FILED = "Lưu: VT"


def plan_report(plan: Plan, now: datetime) -> PlanReport:
    """All that the report on the plan states, as of `now`."""
    meetings = meeting_figures(of_plan(plan.id))
    outputs = _outputs(plan.id)
    addressees = _lines([plan.report_to or plan.area.report_to])
    today = local_day(now)
    return PlanReport(
        plan_id=plan.id,
        title=plan.title,
        year=plan.year,
        issuer=issuer_of(plan.area),
        as_of=today,
        figures=_plan_figures(plan, meetings),
        hamlets=hamlet_figures(plan),
        meetings=meetings,
        number=plan.number,
        dated_on=plan.dated_on,
        period_from=plan.starts_on,
        period_to=plan.ends_on,
        legal_bases=_section(plan.id, SectionKind.LEGAL_BASES),
        addressees=addressees,
        recipients=_recipients(plan.area, today, _section(plan.id, SectionKind.RECIPIENTS)),
        signature_lines=_signature(plan.area, today, plan.signature),
        signer=plan.signer,
        tasks=_tasks(plan.id),
        articles=_of_kinds(outputs, ARTICLES),
        publications=_of_kinds(outputs, PUBLICATIONS),
        emulation=_of_kinds(outputs, EMULATION),
        budget=None if plan.budget is None else Decimal(plan.budget),
        funding=", ".join(part for part in (plan.funder.strip(), plan.funding_decision.strip()) if part),
    )


def meeting_report(meeting: Meeting, now: datetime) -> MeetingReport:
    """All that the report on the meeting states, as of `now`."""
    (figures,) = meeting_figures(Meeting.id == meeting.id)
    plan, area, today = meeting.plan, meeting.area, local_day(now)
    sections = _section(plan.id, SectionKind.RECIPIENTS) if plan else ()
    return MeetingReport(
        issuer=issuer_of(area),
        as_of=today,
        figures=figures,
        plan_title=plan.title if plan else "",
        plan_number=plan.number if plan else "",
        plan_dated_on=plan.dated_on if plan else None,
        recipients=_recipients(area, today, sections),
        signature_lines=_signature(area, today, plan.signature if plan else []),
        signer=plan.signer if plan else "",
    )


def period_report(chosen: Condition) -> PeriodReport:
    """The chosen meetings of a period together, and the first of those held one by one."""
    stages = _count_stages(chosen)
    held = sa.and_(chosen, HELD)
    first = sa.select(Meeting.id).where(held).order_by(Meeting.starts_at, Meeting.id).limit(LISTED_MEETINGS)
    return PeriodReport(
        held=stages[MeetingStage.HELD],
        planned=stages[MeetingStage.PLANNED],
        cancelled=stages[MeetingStage.CANCELLED],
        invitations=_summed(InvitationFigures(), invitations_by_meeting(held).values()),
        turnout=turnout(held),
        sms=_sum_sms(sms_by_meeting(chosen).values()),
        meetings=meeting_figures(Meeting.id.in_(first)),
    )


def plan_summaries(scope: Scope) -> list[PlanSummary]:
    """The plans of the scope with what was done of each, the latest year first."""
    plans = plans_visible_to(scope)
    mine = [plan.id for plan in plans]
    stages = db.session.execute(
        sa.select(Meeting.plan_id, Meeting.status, sa.func.count())
        .where(Meeting.plan_id.in_(mine))
        .group_by(Meeting.plan_id, Meeting.status)
    ).all()
    came = attendances_by_plan(Meeting.plan_id.in_(mine))

    def count(plan: Plan, stage: MeetingStage) -> int:
        return sum(number for plan_id, status, number in stages if plan_id == plan.id and STAGES[status] is stage)

    return [
        PlanSummary(
            plan_id=plan.id,
            title=plan.title,
            number=plan.number,
            year=plan.year,
            area_name=plan.area.full_name,
            meetings=Progress(count(plan, MeetingStage.HELD), total_target(plan_targets(plan.id), MEETINGS)),
            planned=count(plan, MeetingStage.PLANNED),
            attendances=came.get(plan.id, 0),
        )
        for plan in plans
    ]


def meeting_figures(chosen: Condition) -> tuple[MeetingFigures, ...]:
    """The figures of each chosen meeting, in order. Nobody counts as having come to a cancelled meeting."""
    came = turnout_by_meeting(sa.and_(chosen, NOT_CANCELLED))
    invitations = invitations_by_meeting(chosen)
    texts = sms_by_meeting(chosen)
    counted = headcounts(chosen)
    return tuple(
        MeetingFigures(
            meeting_id=meeting.id,
            title=meeting.title,
            hamlets=tuple(hamlet.name for hamlet in meeting.hamlets),
            venue=meeting.venue,
            stage=STAGES[meeting.status],
            starts_at=local(meeting.starts_at) if meeting.starts_at else None,
            ends_at=local(meeting.ends_at) if meeting.ends_at else None,
            month=meeting.month,
            invitations=invitations.get(meeting.id, InvitationFigures()),
            turnout=came.get(meeting.id, Turnout()),
            sms=texts.get(meeting.id, SmsFigures()),
            headcount=counted[meeting.id][0] if meeting.id in counted else None,
            headcount_reason=counted[meeting.id][1] if meeting.id in counted else "",
            topics=tuple(topic.name for topic in meeting.topics),
        )
        for meeting in meetings_in_order(chosen)
    )


def issuer_of(area: Area) -> Issuer:
    """The People's Committee of the area, as its papers name it."""
    return Issuer(
        lines=("Ủy ban nhân dân", area.full_name), place=area.name, full_name=f"Ủy ban nhân dân {area.full_name}"
    )


def _plan_figures(plan: Plan, meetings: Sequence[MeetingFigures]) -> PlanFigures:
    """Attendances and invitations are those of the meetings held, so that the paper's totals agree."""
    held = [meeting for meeting in meetings if meeting.stage is MeetingStage.HELD]
    targets = plan_targets(plan.id)
    came = turnout(sa.and_(of_plan(plan.id), HELD))
    return PlanFigures(
        meetings=Progress(len(held), total_target(targets, MEETINGS)),
        planned=sum(meeting.stage is MeetingStage.PLANNED for meeting in meetings),
        held=len(held),
        cancelled=sum(meeting.stage is MeetingStage.CANCELLED for meeting in meetings),
        joint=sum(meeting.is_joint for meeting in held),
        invitations=_summed(InvitationFigures(), (meeting.invitations for meeting in held)),
        turnout=came,
        participants=Progress(came.attendances.total, total_target(targets, PARTICIPANTS)),
        households_total=sum(households_by_hamlet(plan.area, plan.starts_on).values()),
        sms=_sum_sms(meeting.sms for meeting in meetings),
    )


def _count_stages(chosen: Condition) -> dict[MeetingStage, int]:
    rows = db.session.execute(sa.select(Meeting.status, sa.func.count()).where(chosen).group_by(Meeting.status))
    counted = dict.fromkeys(MeetingStage, 0)
    for status, number in rows:
        counted[STAGES[status]] += number
    return counted


def _summed(start: InvitationFigures, parts: Iterable[InvitationFigures]) -> InvitationFigures:
    for part in parts:
        start = start + part
    return start


def _sum_sms(parts: Iterable[SmsFigures]) -> SmsFigures:
    total = SmsFigures()
    for part in parts:
        total = total + part
    return total


def _section(plan_id: int, kind: SectionKind) -> tuple[str, ...]:
    texts = db.session.scalars(
        sa.select(PlanSection.text)
        .where(PlanSection.plan_id == plan_id, PlanSection.kind == kind)
        .order_by(PlanSection.position)
    )
    return _lines(texts)


def _lines(texts: Iterable[str]) -> tuple[str, ...]:
    """Each line of the texts without its dash and its end mark."""
    lines = (line.strip().lstrip("-– ").rstrip("; .") for text in texts for line in text.splitlines())
    return tuple(line for line in lines if line)


def _recipients(area: Area, today: date, of_plan: Sequence[str]) -> tuple[str, ...]:
    """The office's own list, else the plan's; the office the paper is sent up to (B/c) has its own line on top."""
    chosen = tuple(setting(area.path, PAPER_RECIPIENTS, today)) or tuple(
        line for line in of_plan if "(b/c)" not in line.lower()
    )
    return chosen if any(line.startswith("Lưu") for line in chosen) else (*chosen, FILED)


def _signature(area: Area, today: date, of_plan: Sequence[str]) -> tuple[str, ...]:
    return tuple(of_plan) or tuple(setting(area.path, PAPER_SIGNER, today))


def _tasks(plan_id: int) -> tuple[TaskLine, ...]:
    rows = db.session.execute(
        sa.select(PlanTask.responsible, PlanTask.task, PlanTask.due_on)
        .where(PlanTask.plan_id == plan_id)
        .order_by(PlanTask.position, PlanTask.id)
    )
    return tuple(TaskLine(who, task, due) for who, task, due in rows)


def _outputs(plan_id: int) -> list[OutputLine]:
    rows = db.session.execute(
        sa.select(Output.kind, Output.direction, sa.func.sum(Output.quantity))
        .where(Output.plan_id == plan_id)
        .group_by(Output.kind, Output.direction)
    )
    return [OutputLine(kind, direction, int(quantity)) for kind, direction, quantity in rows]


def _of_kinds(outputs: Iterable[OutputLine], kinds: Sequence[OutputKind]) -> tuple[OutputLine, ...]:
    found = [line for line in outputs if line.kind in kinds]
    return tuple(sorted(found, key=lambda line: (kinds.index(line.kind), line.direction)))
