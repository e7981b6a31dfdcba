"""A plan's targets against what was done, hamlet by hamlet."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.areas.values import Level
from eventmgr.core.db import db
from eventmgr.meetings.models import Meeting, MeetingHamlet
from eventmgr.plans.models import Indicator, Plan, PlanTarget
from eventmgr.plans.values import MEETINGS, PARTICIPANTS
from eventmgr.reports.queries.attendance import turnout_by_hamlet
from eventmgr.reports.queries.selection import AHEAD, HELD, Condition, hamlets_below, of_plan
from eventmgr.reports.values import HamletFigures, Progress
from eventmgr.residents.models import Household

Targets = dict[tuple[str, int | None], int]


def hamlet_figures(plan: Plan) -> tuple[HamletFigures, ...]:
    """Every hamlet of the plan's area that exists, has a target or had a meeting, in Vietnamese order."""
    chosen = of_plan(plan.id)
    targets = plan_targets(plan.id)
    done, ahead = _meetings_by_hamlet(sa.and_(chosen, HELD)), _meetings_by_hamlet(sa.and_(chosen, AHEAD))
    came = turnout_by_hamlet(sa.and_(chosen, HELD))
    totals = households_by_hamlet(plan.area, plan.starts_on)
    named = {hamlet_id for _, hamlet_id in targets if hamlet_id is not None} | set(done) | set(ahead)
    return tuple(
        HamletFigures(
            hamlet_id=hamlet.id,
            name=hamlet.name,
            meetings=Progress(done.get(hamlet.id, 0), targets.get((MEETINGS, hamlet.id))),
            meetings_ahead=ahead.get(hamlet.id, 0),
            participants=Progress(came.get(hamlet.id, (0, 0))[0], targets.get((PARTICIPANTS, hamlet.id))),
            households_present=came.get(hamlet.id, (0, 0))[1],
            households_total=totals.get(hamlet.id, 0),
        )
        for hamlet in _hamlets(plan.area, named)
    )


def plan_targets(plan_id: int) -> Targets:
    """Quantities by indicator's code and hamlet; hamlet None is the commune as a whole."""
    rows = db.session.execute(
        sa.select(Indicator.code, PlanTarget.hamlet_id, PlanTarget.quantity)
        .join(PlanTarget.indicator)
        .where(PlanTarget.plan_id == plan_id)
    )
    return {(code, hamlet_id): quantity for code, hamlet_id, quantity in rows}


def total_target(targets: Targets, indicator: str) -> int | None:
    """What the commune as a whole is to reach: its own target, else the sum of its hamlets', else none."""
    if (indicator, None) in targets:
        return targets[indicator, None]
    parts = [quantity for (code, _), quantity in targets.items() if code == indicator]
    return sum(parts) if parts else None


def households_by_hamlet(area: Area, since: date) -> dict[int, int]:
    """How many households each hamlet of the area has, with those that left only after `since`; one that was written
    down twice is one."""
    statement = (
        sa.select(Household.hamlet_id, sa.func.count())
        .join(Area, Household.hamlet_id == Area.id)
        .where(
            hamlets_below(area),
            sa.or_(Household.left_on.is_(None), Household.left_on >= since),
            Household.merged_into_id.is_(None),
        )
        .group_by(Household.hamlet_id)
    )
    return dict(db.session.execute(statement).all())


def _meetings_by_hamlet(chosen: Condition) -> dict[int, int]:
    """A joint meeting counts once for each of its hamlets."""
    statement = (
        sa.select(MeetingHamlet.hamlet_id, sa.func.count())
        .join(Meeting, MeetingHamlet.meeting_id == Meeting.id)
        .where(chosen)
        .group_by(MeetingHamlet.hamlet_id)
    )
    return dict(db.session.execute(statement).all())


def _hamlets(area: Area, named: set[int]) -> list[Area]:
    present = sa.and_(hamlets_below(area), Area.level == Level.HAMLET, Area.valid_to.is_(None))
    return list(db.session.scalars(sa.select(Area).where(sa.or_(present, Area.id.in_(named))).order_by(Area.name_sort)))
