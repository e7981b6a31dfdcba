"""What the page of one meeting says: how ready it is and what comes next, made ready for its template."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from eventmgr.core.clock import local_day
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.queries.listing import Invited
from eventmgr.meetings.values import MeetingStatus


class NextStep(StrEnum):
    """The one thing to do now; "none" where nothing is left."""

    FIX_THE_DAY = "fix_the_day"
    INVITE = "invite"
    FOLLOW_UP = "follow_up"  # invited: see who answers, remind
    CHECK_IN = "check_in"
    MARK_HELD = "mark_held"
    WRITE_MINUTES = "write_minutes"
    REPORT = "report"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MeetingPage:
    """How far a meeting is."""

    next_step: NextStep
    steps: dict[str, str]  # by the names ui.meeting_steps knows
    is_today: bool
    is_past: bool  # its day is over
    has_begun: bool


def describe_meeting(meeting: Meeting, invited: Invited, *, reminded: bool, now: datetime) -> MeetingPage:
    """How far the meeting is at `now`. `reminded`: whether reminders were queued."""
    day = local_day(meeting.starts_at) if meeting.starts_at else None
    today = local_day(now)
    held = meeting.status in (MeetingStatus.HELD, MeetingStatus.CLOSED)
    done = {
        "invite": invited.invited > 0,
        "remind": reminded,
        "checkin": held,
        "minutes": bool(meeting.summary),
        "report": meeting.status == MeetingStatus.CLOSED,
    }
    is_today, is_past = day == today, day is not None and day < today
    return MeetingPage(
        next_step=_next_step(meeting, done, is_today=is_today, is_past=is_past),
        steps=_steps(done, held=held, over=is_past or held, off=meeting.status == MeetingStatus.CANCELLED),
        is_today=is_today,
        is_past=is_past,
        has_begun=meeting.starts_at is not None and meeting.starts_at <= now,
    )


def _next_step(meeting: Meeting, done: dict[str, bool], *, is_today: bool, is_past: bool) -> NextStep:
    if meeting.status == MeetingStatus.CANCELLED:
        return NextStep.NONE
    if meeting.status == MeetingStatus.TENTATIVE:
        return NextStep.FIX_THE_DAY
    if meeting.status == MeetingStatus.SCHEDULED:
        if is_past:
            return NextStep.MARK_HELD
        if is_today:
            return NextStep.CHECK_IN
        return NextStep.FOLLOW_UP if done["invite"] else NextStep.INVITE
    return NextStep.REPORT if done["minutes"] else NextStep.WRITE_MINUTES


def _steps(done: dict[str, bool], *, held: bool, over: bool, off: bool) -> dict[str, str]:
    """Done, current or to do. What can no longer be made up for is not called current."""
    states: dict[str, str] = {}
    current_given = off
    for name, is_done in done.items():
        if is_done:
            states[name] = "done"
        elif current_given or (over and name in ("invite", "remind")):
            states[name] = "todo"
        else:
            states[name] = "current"
            current_given = True
    return states
