"""Reads of the list, the calendar and the page of one meeting."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from eventmgr.core.access import Scope
from eventmgr.core.clock import instant_of, local_day
from eventmgr.core.db import db
from eventmgr.meetings.models import Invitation, Meeting, MeetingHamlet
from eventmgr.meetings.queries.meetings import meetings_visible_to
from eventmgr.meetings.queries.reached import standing
from eventmgr.meetings.values import Channel, MeetingStatus, Rsvp, Standing

MEETINGS_A_PAGE = 50
OPEN = (MeetingStatus.TENTATIVE, MeetingStatus.SCHEDULED)


@dataclass(frozen=True, slots=True)
class MeetingFilter:
    """What of the list is shown; None and False mean everything."""

    hamlet_id: int | None = None
    status: MeetingStatus | None = None
    plan_id: int | None = None
    month: date | None = None  # its first day
    coming_only: bool = False
    past_only: bool = False


@dataclass(frozen=True, slots=True)
class Invited:
    """How far the invitations of a meeting are."""

    invited: int = 0
    answered: int = 0
    coming: int = 0  # those who send a relative included
    absent: int = 0
    by_channel: dict[Channel, int] = field(default_factory=dict)
    by_standing: dict[Standing, int] = field(default_factory=dict)

    @property
    def reached(self) -> int:
        """Those who were told by somebody, or whose text a network reports to have arrived."""
        return self.by_standing.get(Standing.CONFIRMED, 0) + self.by_standing.get(Standing.DELIVERED, 0)


def next_month(month: date) -> date:
    """The first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def month_before(month: date) -> date:
    """The first day of the month before."""
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def count_meetings(scope: Scope, chosen: MeetingFilter, *, now: datetime) -> int:
    """How many meetings of the scope the filter leaves."""
    rows = _narrowed(scope, chosen, now).with_only_columns(Meeting.id).subquery()
    return db.session.scalar(sa.select(sa.func.count()).select_from(rows)) or 0


def list_meetings(scope: Scope, chosen: MeetingFilter, *, now: datetime, page: int = 1) -> list[Meeting]:
    """A page of the meetings of the scope: what comes next first; past ones latest first."""
    when = sa.func.coalesce(Meeting.starts_at, Meeting.month)
    order = when.desc() if chosen.past_only else when
    return list(
        db.session.scalars(
            _narrowed(scope, chosen, now)
            .options(selectinload(Meeting.hamlets))
            .order_by(order, Meeting.id)
            .limit(MEETINGS_A_PAGE)
            .offset((page - 1) * MEETINGS_A_PAGE)
        )
    )


def meetings_between(scope: Scope, first: date, last: date) -> list[Meeting]:
    """The meetings on the days from `first` to `last`, by time; cancelled ones too, as people may still ask."""
    return list(
        db.session.scalars(
            meetings_visible_to(scope)
            .where(Meeting.starts_at >= instant_of(first, time()), Meeting.starts_at <= instant_of(last, time.max))
            .options(selectinload(Meeting.hamlets))
            .order_by(Meeting.starts_at, Meeting.id)
        )
    )


def meetings_without_day(scope: Scope, month: date) -> list[Meeting]:
    """The meetings of which only this month is known."""
    return list(
        db.session.scalars(
            meetings_visible_to(scope)
            .where(Meeting.starts_at.is_(None), Meeting.month == month, Meeting.status != MeetingStatus.CANCELLED)
            .options(selectinload(Meeting.hamlets))
            .order_by(Meeting.id)
        )
    )


def invited_to(meeting_ids: list[int]) -> dict[int, Invited]:
    """How far the invitations of each of these meetings are; withdrawn ones do not count."""
    if not meeting_ids:
        return {}
    invitations = (
        sa.select(Invitation.meeting_id, Invitation.channel, Invitation.rsvp, standing().label("standing"))
        .where(Invitation.meeting_id.in_(meeting_ids), Invitation.withdrawn_at.is_(None))
        .subquery()
    )
    rows = db.session.execute(sa.select(*invitations.c, sa.func.count()).group_by(*invitations.c))
    by_meeting: dict[int, list[Any]] = {meeting_id: [] for meeting_id in meeting_ids}
    for meeting_id, *figures in rows:
        by_meeting[meeting_id].append(figures)
    return {meeting_id: _summed(figures) for meeting_id, figures in by_meeting.items()}


def _summed(rows: list[Any]) -> Invited:
    by_channel: dict[Channel, int] = {}
    by_standing: dict[Standing, int] = {}
    for channel, _rsvp, word, count in rows:
        by_channel[channel] = by_channel.get(channel, 0) + count
        by_standing[Standing(word)] = by_standing.get(Standing(word), 0) + count
    return Invited(
        invited=sum(by_channel.values()),
        answered=sum(count for _, rsvp, _, count in rows if rsvp != Rsvp.NONE),
        coming=sum(count for _, rsvp, _, count in rows if rsvp in (Rsvp.COMING, Rsvp.PROXY)),
        absent=sum(count for _, rsvp, _, count in rows if rsvp == Rsvp.ABSENT),
        by_channel=by_channel,
        by_standing=by_standing,
    )


def _narrowed(scope: Scope, chosen: MeetingFilter, now: datetime) -> sa.Select[Meeting]:
    rows = meetings_visible_to(scope)
    today = local_day(now)
    if chosen.hamlet_id is not None:
        serving = sa.select(MeetingHamlet.meeting_id).where(MeetingHamlet.hamlet_id == chosen.hamlet_id)
        rows = rows.where(Meeting.id.in_(serving))
    if chosen.status is not None:
        rows = rows.where(Meeting.status == chosen.status)
    if chosen.plan_id is not None:
        rows = rows.where(Meeting.plan_id == chosen.plan_id)
    if chosen.month is not None:
        first, after = instant_of(chosen.month, time()), instant_of(next_month(chosen.month), time())
        rows = rows.where(
            sa.or_(sa.and_(Meeting.starts_at >= first, Meeting.starts_at < after), Meeting.month == chosen.month)
        )
    # A meeting of today that is still going on belongs to both sides of the day: it is still to be dealt with.
    coming = sa.and_(
        Meeting.status.in_(OPEN),
        sa.or_(Meeting.starts_at >= instant_of(today, time()), Meeting.month >= today.replace(day=1)),
    )
    if chosen.coming_only:
        rows = rows.where(coming)
    if chosen.past_only:
        rows = rows.where(sa.not_(sa.func.coalesce(coming, sa.false())))
    return rows
