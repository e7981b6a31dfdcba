"""Which meetings somebody may see: by the commune that holds them, or by a hamlet they serve."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.db import db
from eventmgr.core.errors import NotFound
from eventmgr.meetings.models import Meeting, MeetingHamlet, Series


def meetings_visible_to(scope: Scope) -> sa.Select[Meeting]:
    """The meetings of the scope, unordered, to be narrowed further.

    An officer's scope covers the commune that holds the meeting. A hamlet head's covers a hamlet only: there the
    meetings that serve that hamlet are seen, joint ones among them, and nothing else.
    """
    held = sa.select(Area.id).where(scope.within(Area.path))
    served = sa.select(MeetingHamlet.meeting_id).where(MeetingHamlet.hamlet_id.in_(held))
    return sa.select(Meeting).where(sa.or_(Meeting.area_id.in_(held), Meeting.id.in_(served)))


def get_meeting_visible_to(scope: Scope, meeting_id: int, *, anew: bool = False) -> Meeting:
    """The meeting with its commune, hamlets, topics and series, if the scope reaches it. Raises NotFound.

    `anew` reads it again even where this session has it: before a change, what others committed meanwhile counts.
    """
    meeting = db.session.scalar(
        meetings_visible_to(scope)
        .where(Meeting.id == meeting_id)
        .options(
            joinedload(Meeting.area),
            joinedload(Meeting.plan),
            joinedload(Meeting.series),
            selectinload(Meeting.hamlets),
            selectinload(Meeting.topics),
        )
        .execution_options(populate_existing=anew)
    )
    if meeting is None:
        raise NotFound
    return meeting


def meetings_of_series_visible_to(scope: Scope, series_id: int) -> list[Meeting]:
    """The meetings of a series that the scope reaches, in the order of time, then of the month. Raises NotFound."""
    chosen = (
        meetings_visible_to(scope)
        .where(Meeting.series_id == series_id)
        .options(joinedload(Meeting.area), selectinload(Meeting.hamlets), selectinload(Meeting.topics))
        .order_by(sa.func.coalesce(Meeting.starts_at, Meeting.month), Meeting.id)
    )
    meetings = list(db.session.scalars(chosen))
    if not meetings:
        raise NotFound
    return meetings


def get_series_visible_to(scope: Scope, series_id: int) -> Series:
    """The series, if the scope reaches one of its meetings or its commune. Raises NotFound."""
    held = sa.select(Area.id).where(scope.within(Area.path))
    reached = meetings_visible_to(scope).with_only_columns(Meeting.series_id)
    series = db.session.scalar(
        sa.select(Series)
        .where(Series.id == series_id, sa.or_(Series.area_id.in_(held), Series.id.in_(reached)))
        .options(joinedload(Series.area), joinedload(Series.plan))
    )
    if series is None:
        raise NotFound
    return series
