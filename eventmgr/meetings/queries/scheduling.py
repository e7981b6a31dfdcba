"""Reads for making and changing meetings: what stands in the way, and what may be chosen."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.db import db
from eventmgr.core.errors import NotFound
from eventmgr.meetings.models import Invitation, Meeting, MeetingHamlet, Series
from eventmgr.meetings.values import MeetingStatus
from eventmgr.plans.models import Plan, Topic
from eventmgr.residents.models import Household

OPEN_END = timedelta(hours=2)
"""How long a meeting without an end is taken to last when two are compared."""

LONGEST = timedelta(days=1)


def find_series_by_request_key(request_key: str | None) -> Series | None:
    """The series that a form with this key has made, or None."""
    if not request_key:
        return None
    return db.session.scalar(sa.select(Series).where(Series.request_key == request_key))


def find_meeting_at_the_same_time(
    hamlet_id: int, starts_at: datetime, ends_at: datetime | None, but_id: int | None = None
) -> Meeting | None:
    """A meeting of the hamlet, other than `but_id`, that would overlap with this time; or None."""
    ends_at = ends_at or starts_at + OPEN_END
    near = sa.select(Meeting).where(
        Meeting.id.in_(sa.select(MeetingHamlet.meeting_id).where(MeetingHamlet.hamlet_id == hamlet_id)),
        Meeting.status != MeetingStatus.CANCELLED,
        Meeting.starts_at < ends_at,
        Meeting.starts_at > starts_at - LONGEST,
    )
    if but_id is not None:
        near = near.where(Meeting.id != but_id)
    for meeting in db.session.scalars(near.order_by(Meeting.starts_at)):
        if meeting.starts_at and (meeting.ends_at or meeting.starts_at + OPEN_END) > starts_at:
            return meeting
    return None


def has_invitations(meeting_id: int) -> bool:
    """Whether anybody's invitation to the meeting stands."""
    standing = sa.select(Invitation.id).where(Invitation.meeting_id == meeting_id, Invitation.withdrawn_at.is_(None))
    return db.session.scalar(standing.limit(1)) is not None


def hamlets_with_invitations(meeting_id: int) -> list[Area]:
    """The hamlets from which households are invited to the meeting."""
    invited = (
        sa.select(Household.hamlet_id)
        .join(Invitation, Invitation.household_id == Household.id)
        .where(Invitation.meeting_id == meeting_id, Invitation.withdrawn_at.is_(None))
    )
    return list(db.session.scalars(sa.select(Area).where(Area.id.in_(invited)).order_by(Area.name_sort)))


def plan_in(commune: Area, plan_id: int) -> Plan:
    """The commune's plan with this id. Raises NotFound."""
    plan = db.session.scalar(sa.select(Plan).where(Plan.id == plan_id, Plan.area_id == commune.id))
    if plan is None:
        raise NotFound
    return plan


def plans_of(commune: Area) -> list[Plan]:
    """The commune's plans, the latest year first."""
    return list(
        db.session.scalars(sa.select(Plan).where(Plan.area_id == commune.id).order_by(Plan.year.desc(), Plan.id.desc()))
    )


def topics_of_plan(plan_id: int) -> list[Topic]:
    """The topics of a plan, in its order, those below others after them."""
    topics = list(
        db.session.scalars(sa.select(Topic).where(Topic.plan_id == plan_id).order_by(Topic.position, Topic.id))
    )
    tops = [topic for topic in topics if topic.parent_id is None]
    return [topic for top in tops for topic in (top, *(inner for inner in topics if inner.parent_id == top.id))]


def plans_visible_to(scope: Scope) -> list[Plan]:
    """The plans of the scope, the latest year first, to filter by."""
    return list(
        db.session.scalars(
            sa.select(Plan).join(Plan.area).where(scope.within(Area.path)).order_by(Plan.year.desc(), Plan.id.desc())
        )
    )
