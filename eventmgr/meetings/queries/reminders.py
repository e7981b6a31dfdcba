"""Which reminders are due, and which were dealt with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.core.clock import instant_of, local_day, zone
from eventmgr.core.db import db
from eventmgr.meetings.models import Invitation, Meeting, Reminder
from eventmgr.meetings.queries.audience import key_of, subject_of
from eventmgr.meetings.values import REMIND_AT_LEAST, MeetingStatus, ReminderRule, Rsvp
from eventmgr.messaging.models import Message
from eventmgr.messaging.no_send import NoSendHours, latest_sending_time, may_send
from eventmgr.messaging.queries import no_send_hours, revisions_waiting
from eventmgr.messaging.values import BatchKind

MOST_DAYS_BEFORE = 14


def reminder_time(starts_at: datetime, rule: ReminderRule, hours: NoSendHours | None) -> datetime:
    """When a reminder leaves, in UTC: at the hour of its rule, or earlier where that would be less than an hour
    before the meeting, or in the no-send hours. Never later."""
    wanted = min(reminder_wish(starts_at, rule), starts_at - REMIND_AT_LEAST)
    return latest_sending_time(wanted, hours, zone())


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


def meetings_to_remind(now: datetime) -> list[int]:
    """The meetings that have a reminder due which nobody has dealt with."""
    coming = db.session.execute(
        sa.select(Meeting, Area.path)
        .join(Meeting.area)
        .where(
            Meeting.status == MeetingStatus.SCHEDULED,
            Meeting.starts_at >= now + REMIND_AT_LEAST,
            Meeting.starts_at <= now + timedelta(days=MOST_DAYS_BEFORE + 2),
        )
        .order_by(Meeting.starts_at, Meeting.id)
    ).all()
    return [meeting.id for meeting, path in coming if due_rules(meeting, path, now)]


def due_rules(meeting: Meeting, path: str, now: datetime) -> list[ReminderRule]:
    """The rules whose hour has come and that nobody has dealt with; none while no text may leave."""
    hours = no_send_hours(path, local_day(now))
    if meeting.starts_at is None or not may_send(now, hours, zone()):
        return []
    passed = [rule for rule in meeting.reminder_rules if reminder_time(meeting.starts_at, rule, hours) <= now]
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
    planned = []
    for rule in meeting.reminder_rules:
        at, wish = reminder_time(meeting.starts_at, rule, hours), reminder_wish(meeting.starts_at, rule)
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
