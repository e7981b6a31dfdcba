"""Which plans and meetings a report is about, and who may see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from eventmgr.areas.models import Area
from eventmgr.core.access import Scope, below
from eventmgr.core.db import db
from eventmgr.core.errors import NotFound
from eventmgr.meetings.models import Meeting, MeetingHamlet
from eventmgr.meetings.values import MeetingStatus
from eventmgr.plans.models import Plan

Condition = sa.ColumnElement[bool]

HELD: Condition = Meeting.status.in_([MeetingStatus.HELD, MeetingStatus.CLOSED])
AHEAD: Condition = Meeting.status.in_([MeetingStatus.TENTATIVE, MeetingStatus.SCHEDULED])
NOT_CANCELLED: Condition = Meeting.status != MeetingStatus.CANCELLED


def of_plan(plan_id: int) -> Condition:
    """The meetings of one plan."""
    return Meeting.plan_id == plan_id


def of_period(scope: Scope, first: datetime, end: datetime) -> Condition:
    """The meetings of the scope that begin from `first` on and before `end`."""
    return sa.and_(_seen_by(scope), Meeting.starts_at >= first, Meeting.starts_at < end)


def plans_visible_to(scope: Scope) -> list[Plan]:
    """The plans of the scope, the latest year first."""
    return list(
        db.session.scalars(
            sa.select(Plan)
            .join(Area, Plan.area_id == Area.id)
            .where(scope.within(Area.path))
            .options(joinedload(Plan.area))
            .order_by(Plan.year.desc(), Plan.id.desc())
        )
    )


def get_plan(plan_id: int, *scopes: Scope) -> Plan:
    """The plan, if it lies in all of the scopes. Raises NotFound."""
    plan = db.session.scalar(sa.select(Plan).where(Plan.id == plan_id).options(joinedload(Plan.area)))
    if plan is None or not all(scope.covers(plan.area.path) for scope in scopes):
        raise NotFound
    return plan


def get_meeting(meeting_id: int, *scopes: Scope) -> Meeting:
    """The meeting with its hamlets, if it or one of its hamlets lies in each of the scopes. Raises NotFound."""
    meeting = db.session.scalar(
        sa.select(Meeting)
        .where(Meeting.id == meeting_id, *(_seen_by(scope) for scope in scopes))
        .options(joinedload(Meeting.area), joinedload(Meeting.plan))
    )
    if meeting is None:
        raise NotFound
    return meeting


def may_see_names_of(paths: Sequence[str], scope: Scope) -> bool:
    """Whether all of these areas lie in the scope in which names may be seen."""
    return all(scope.covers(path) for path in paths)


def meetings_in_order(chosen: Condition) -> list[Meeting]:
    """The chosen meetings with hamlets and topics, by day; those with only a month stand at its end."""
    when = sa.func.coalesce(Meeting.starts_at, Meeting.ends_at)
    return list(
        db.session.scalars(
            sa.select(Meeting)
            .where(chosen)
            .options(selectinload(Meeting.hamlets), selectinload(Meeting.topics))
            .order_by(when.is_(None), when, Meeting.month, Meeting.id)
        )
    )


def _seen_by(scope: Scope) -> Condition:
    own = Meeting.area.has(scope.within(Area.path))
    hamlet = Meeting.hamlet_rows.any(MeetingHamlet.hamlet.has(scope.within(Area.path)))
    return sa.or_(own, hamlet)


def hamlets_below(area: Area) -> Condition:
    """The condition that an Area is this one or lies below it."""
    return below(Area.path, area.path)
