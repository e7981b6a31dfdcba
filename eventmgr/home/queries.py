"""What needs a person now: a few reads across the rooms, each inside what the person may see."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from eventmgr.areas.models import Area
from eventmgr.checkin.waiting import meetings_with_waiting
from eventmgr.core.access import Permission, Scope, scope_of
from eventmgr.core.clock import local_day
from eventmgr.core.db import db
from eventmgr.home.values import (
    FirstSteps,
    LostTexts,
    MeetingLine,
    PlanLine,
    RequestLine,
    Today,
    WaitingApproval,
    WaitingAtDoor,
)
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.queries.meetings import meetings_visible_to
from eventmgr.meetings.values import MeetingStatus
from eventmgr.messaging.models import Batch, Message
from eventmgr.messaging.queries import approvals_waiting
from eventmgr.messaging.values import NOT_REACHED, MessageState
from eventmgr.reports.queries.invitations import invitations_by_meeting
from eventmgr.reports.queries.papers import plan_summaries
from eventmgr.reports.values import InvitationFigures
from eventmgr.residents.queries import count_without_sms, has_households, territory_of
from eventmgr.residents.queries.rights import requests_due

MOST_LINES = 4
STILL_ON = timedelta(hours=3)
"""How long after its beginning a meeting still counts as the present one."""


def today_for(user: object, now: datetime) -> Today:
    """What the page Today tells `user`."""

    def where(permission: Permission) -> Scope:
        return scope_of(user, permission)  # type: ignore[arg-type]

    residents, messages = where(Permission.VIEW_RESIDENTS), where(Permission.VIEW_MESSAGES)
    meetings = where(Permission.VIEW_MEETINGS)
    coming = _meeting_lines(_coming(meetings, now))
    plans = _plans(where(Permission.VIEW_PLANS))
    lived_in = territory_of(residents)
    households = has_households(lived_in)
    to_finish = _meeting_lines(_to_finish(where(Permission.EDIT_MEETINGS), now))
    steps = None
    if where(Permission.EDIT_PLANS):
        has_meetings = bool(coming) or db.session.scalar(meetings_visible_to(meetings).limit(1)) is not None
        steps = FirstSteps(households, bool(plans), has_meetings)
    return Today(
        steps=steps,
        coming=coming,
        approvals=_approvals(messages),
        lost=_lost_texts(where(Permission.SEND_MESSAGES), now),
        to_finish=to_finish,
        without_sms=count_without_sms(lived_in),
        requests=_requests(where(Permission.HANDLE_PERSONAL_DATA), local_day(now)),
        at_door=_at_door(where(Permission.EDIT_MEETINGS)),
        plans=plans,
    )


def _at_door(scope: Scope) -> tuple[WaitingAtDoor, ...]:
    waiting = meetings_with_waiting(scope, limit=MOST_LINES) if scope else []
    return tuple(WaitingAtDoor(meeting_id, title, count) for meeting_id, title, count in waiting)


def _requests(scope: Scope, today: date) -> tuple[RequestLine, ...]:
    if not scope:
        return ()
    lines = []
    for request in requests_due(scope, today, MOST_LINES):
        by = request.due_on if request.answered_on else request.answer_due_on
        lines.append(RequestLine(request.id, request.answered_on is None, by, overdue=by < today))
    return tuple(lines)


def _coming(scope: Scope, now: datetime) -> list[Meeting]:
    return list(
        db.session.scalars(
            meetings_visible_to(scope)
            .where(Meeting.status == MeetingStatus.SCHEDULED, Meeting.starts_at > now - STILL_ON)
            .options(selectinload(Meeting.hamlets))
            .order_by(Meeting.starts_at, Meeting.id)
            .limit(MOST_LINES)
        )
    )


def _to_finish(scope: Scope, now: datetime) -> list[Meeting]:
    """Meetings that are over: nobody has said so yet, or nobody has written down what was said."""
    over = sa.and_(Meeting.status == MeetingStatus.SCHEDULED, Meeting.starts_at <= now - STILL_ON)
    unwritten = sa.and_(Meeting.status == MeetingStatus.HELD, Meeting.summary == "")
    return list(
        db.session.scalars(
            meetings_visible_to(scope)
            .where(sa.or_(over, unwritten))
            .options(selectinload(Meeting.hamlets))
            .order_by(Meeting.starts_at, Meeting.id)
            .limit(MOST_LINES)
        )
    )


def _meeting_lines(meetings: list[Meeting]) -> tuple[MeetingLine, ...]:
    figures = invitations_by_meeting(Meeting.id.in_([meeting.id for meeting in meetings])) if meetings else {}
    lines = []
    for meeting in meetings:
        asked = figures.get(meeting.id, InvitationFigures())
        lines.append(
            MeetingLine(
                meeting.id,
                meeting.title,
                tuple(hamlet.name for hamlet in meeting.hamlets),
                meeting.venue,
                meeting.starts_at,
                meeting.month,
                invited=asked.invited,
                reached=asked.reached,
                coming=asked.coming + asked.sending_proxy,
            )
        )
    return tuple(lines)


def _approvals(scope: Scope) -> tuple[WaitingApproval, ...]:
    waiting = approvals_waiting(scope) if scope else []
    return tuple(
        WaitingApproval(approval.id, tuple(batch.title for batch in approval.batches), approval.requested_at)
        for approval in waiting[:MOST_LINES]
    )


def _lost_texts(scope: Scope, now: datetime) -> tuple[LostTexts, ...]:
    if not scope:
        return ()
    unknown = sa.func.count().filter(Message.state == MessageState.UNKNOWN)
    rows = db.session.execute(
        sa.select(Batch.id, Batch.title, unknown, sa.func.count())
        .join(Message.batch)
        .join(Batch.area)
        .where(Message.state.in_(NOT_REACHED), Message.expires_at > now, scope.within(Area.path))
        .group_by(Batch.id, Batch.title)
        .order_by(Batch.id)
        .limit(MOST_LINES)
    )
    return tuple(LostTexts(batch_id, title, lost, total - lost) for batch_id, title, lost, total in rows)


def _plans(scope: Scope) -> tuple[PlanLine, ...]:
    if not scope:
        return ()
    return tuple(
        PlanLine(plan.plan_id, plan.title, plan.meetings.done, plan.meetings.target, plan.planned, plan.attendances)
        for plan in plan_summaries(scope)[:MOST_LINES]
    )
