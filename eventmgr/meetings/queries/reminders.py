"""Which reminders are due, and which were dealt with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.core.clock import instant_of, local_day, zone
from eventmgr.core.db import db
from eventmgr.meetings.models import Invitation, Meeting, Reminder
from eventmgr.meetings.queries.audience import key_of, subject_of
from eventmgr.meetings.values import REMIND_AT_LEAST, MeetingStatus, ReminderRule, Rsvp
from eventmgr.messaging.models import Message
from eventmgr.messaging.no_send import NoSendHours, latest_sending_time, may_send
from eventmgr.messaging.queries import no_send_hours, revisions_waiting, time_to_send
from eventmgr.messaging.values import BatchKind

MOST_DAYS_BEFORE = 14
ONE_DAY = timedelta(days=1)


def reminder_time(
    starts_at: datetime, rule: ReminderRule, hours: NoSendHours | None, lasting: timedelta = timedelta(0)
) -> datetime:
    """When a reminder leaves, in UTC: at the hour of its rule, or earlier where the last of its texts, `lasting` later,
    would leave less than an hour before the meeting, or in the no-send hours. Never later."""
    wanted = min(reminder_wish(starts_at, rule), starts_at - REMIND_AT_LEAST - lasting)
    return latest_sending_time(wanted, hours, zone(), lasting=lasting)


def reminding_takes(starts_at: datetime) -> timedelta:
    """How long the gateway is busy with the reminders of all meetings of a day: they share it, and leave together."""
    day = local_day(starts_at)
    that_day = (
        sa.select(sa.literal(subject_of(0).removesuffix("0")).concat(sa.cast(Meeting.id, sa.String)))
        .where(Meeting.status == MeetingStatus.SCHEDULED)
        .where(Meeting.starts_at >= instant_of(day, time()), Meeting.starts_at < instant_of(day + ONE_DAY, time()))
    )
    return time_to_send(that_day, BatchKind.INVITE)


def reminder_wish(starts_at: datetime, rule: ReminderRule) -> datetime:
    """The hour that the rule names, in UTC."""
    return instant_of(local_day(starts_at) - timedelta(days=rule.days_before), rule.at)


def invitation_of_message() -> sa.ColumnElement[int]:
    """The invitation that a message of the outbox is about; null where it is about something else."""
    # By a case and not by a further condition: PostgreSQL is free to cast before it looks at another one.
    about, _, _ = key_of(0).rpartition("0")
    number = sa.cast(sa.func.substr(Message.recipient_key, len(about) + 1), sa.Integer)
    return sa.case((Message.recipient_key.startswith(about), number))


def has_refused() -> sa.ColumnElement[bool]:
    """That the people a queued message is about have said they cannot come, or are not invited any more."""
    return sa.exists().where(
        Invitation.id == invitation_of_message(),
        sa.or_(Invitation.rsvp == Rsvp.ABSENT, Invitation.withdrawn_at.is_not(None)),
    )


def meetings_coming(now: datetime) -> list[tuple[int, str]]:
    """The meetings that a reminder may be due for, each with the path of its commune."""
    coming = db.session.execute(
        sa.select(Meeting, Area.path)
        .join(Meeting.area)
        .where(
            Meeting.status == MeetingStatus.SCHEDULED,
            Meeting.starts_at >= now + REMIND_AT_LEAST,
            Meeting.starts_at <= now + timedelta(days=MOST_DAYS_BEFORE + 2),
        )
        .order_by(Meeting.starts_at, Meeting.id)
    )
    return [(meeting.id, path) for meeting, path in coming]


def due_rules(meeting: Meeting, path: str, now: datetime) -> list[ReminderRule]:
    """The rules whose hour has come and that nobody has dealt with; none while no text may leave."""
    hours = no_send_hours(path, local_day(now))
    if meeting.starts_at is None or not meeting.reminder_rules or not may_send(now, hours, zone()):
        return []
    lasting = reminding_takes(meeting.starts_at)
    passed = [rule for rule in meeting.reminder_rules if reminder_time(meeting.starts_at, rule, hours, lasting) <= now]
    if not passed:
        return []
    done = {reminder.rule for reminder in reminders_of(meeting)}
    return [rule for rule in passed if str(rule) not in done]


def reminders_of(meeting: Meeting) -> Sequence[Reminder]:
    """The reminders of a meeting that were dealt with, for the time and place it has now."""
    made = db.session.scalars(
        sa.select(Reminder)
        .where(Reminder.meeting_id == meeting.id, Reminder.starts_at == meeting.starts_at)
        .order_by(Reminder.id)
    )
    return [reminder for reminder in made if meeting.changed_at is None or reminder.made_at >= meeting.changed_at]


@dataclass(frozen=True, slots=True)
class PlannedReminder:
    """A reminder of a meeting as its page shows it."""

    at: datetime
    moved: bool  # earlier than its rule says
    passed: bool  # its hour was over before anybody was texted, or it was dealt with
    queued: int
    waits: bool  # for a leader's yes
    problem: str  # a code; empty: none


def planned_reminders(meeting: Meeting, now: datetime) -> list[PlannedReminder]:
    """When the reminders of a meeting leave, and what came of those whose hour is over."""
    if meeting.starts_at is None or meeting.status != MeetingStatus.SCHEDULED:
        return []
    hours = no_send_hours(meeting.area.path, local_day(now))
    done = {reminder.rule: reminder for reminder in reminders_of(meeting)}
    waiting = revisions_waiting(subject_of(meeting.id), BatchKind.REMIND) if done else frozenset()
    planned, lasting = [], reminding_takes(meeting.starts_at)
    for rule in meeting.reminder_rules:
        at, wish = reminder_time(meeting.starts_at, rule, hours, lasting), reminder_wish(meeting.starts_at, rule)
        made = done.get(str(rule))
        planned.append(
            PlannedReminder(
                at,
                moved=at != wish,
                passed=at <= now,
                queued=made.queued if made else 0,
                waits=made is not None and made.revision in waiting,
                problem=made.problem if made else "",
            )
        )
    return planned
