"""Reminding: those who were texted are texted once more before their meeting, at the hours its rules name.

Nothing is queued ahead. A sweep looks which reminders are due by the meeting's time as it stands now, so one that
moved, or is not held, needs nothing taken back; who has refused or is there already is simply not asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from eventmgr.core.audit import record_audit
from eventmgr.core.clock import local_day
from eventmgr.core.db import db, locked
from eventmgr.core.errors import RuleBroken
from eventmgr.meetings.invite_texts import (
    default_texts,
    meeting_words,
    placeholder_values,
    reminder_name,
    write_reminder,
)
from eventmgr.meetings.models import Invitation, Meeting, Reminder
from eventmgr.meetings.queries.audience import audience_of, invitations_by_invitee, key_of, subject_of, who
from eventmgr.meetings.queries.reminders import due_rules
from eventmgr.meetings.resident_page import contact_phone
from eventmgr.meetings.services.inviting import batch_title
from eventmgr.meetings.values import REMIND_AT_LEAST, MeetingStatus, ReminderRule, Rsvp
from eventmgr.messaging import services as messaging
from eventmgr.messaging.budgets import OverBudget
from eventmgr.messaging.library import check_registered, wordings_of
from eventmgr.messaging.queries import Texted, next_revision, texted_about, texts_since
from eventmgr.messaging.values import BatchDetails, BatchKind, Recipient

FRESH = timedelta(hours=3)
"""Who got the invitation, or a notice of the new time, so shortly before the reminder's hour needs no reminder."""


def change_reminders(meeting: Meeting, rules: Iterable[ReminderRule], *, by: Any, now: datetime) -> None:
    """From now on the meeting's reminders go by these rules; none at all where there is no rule."""
    before = meeting.reminders
    meeting.reminders = [str(rule) for rule in sorted(set(rules), reverse=True)]
    db.session.flush()
    record_audit(
        "change_reminders",
        f"meeting:{meeting.id}",
        by=by,
        now=now,
        area_id=meeting.area_id,
        before={"reminders": before},
        after={"reminders": meeting.reminders},
    )


def remind(meeting_id: int, *, now: datetime, base_url: str, present: Collection[int] = ()) -> int:
    """Queue the reminders of a meeting that are due; returns how many texts.

    Asked are those whose invitation was texted, at the same phone and in the same way, unless they refused, have been
    checked in (`present`: their invitations), or got the invitation or a notice of the new time a short while ago. A leader's yes to the
    invitations covers their reminder, unless it costs more than is left of the plan's money for texts: then it waits
    for a yes of its own. Where no text can be written, the reason is kept for the officer.
    """
    meeting = db.session.scalars(
        locked(sa.select(Meeting).where(Meeting.id == meeting_id).execution_options(populate_existing=True))
    ).one()
    if meeting.status != MeetingStatus.SCHEDULED or meeting.starts_at is None:
        return 0
    if meeting.starts_at < now + REMIND_AT_LEAST:
        return 0
    done = [_deal_with(meeting, rule, now) for rule in due_rules(meeting, meeting.area.path, now)]
    if not done:
        return 0
    db.session.flush()
    # Rules that come due together make one text.
    last, revision = done[-1], next_revision(subject_of(meeting.id), BatchKind.REMIND)
    try:
        with db.session.begin_nested():
            queued = _queue(meeting, revision, now, base_url, present)
        last.queued, last.revision = queued, revision if queued else 0
    except RuleBroken as problem:
        last.problem = problem.code
    db.session.flush()
    return last.queued


def _deal_with(meeting: Meeting, rule: ReminderRule, now: datetime) -> Reminder:
    """The rule's reminder for the meeting's time, begun anew where the meeting has come back to that time."""
    reminder = db.session.scalar(
        sa.select(Reminder).where(
            Reminder.meeting_id == meeting.id, Reminder.starts_at == meeting.starts_at, Reminder.rule == str(rule)
        )
    )
    if reminder is None:
        reminder = Reminder(meeting_id=meeting.id, starts_at=meeting.starts_at, rule=str(rule))
        db.session.add(reminder)
    reminder.made_at, reminder.queued, reminder.revision, reminder.problem = now, 0, 0, ""
    return reminder


def _queue(meeting: Meeting, revision: int, now: datetime, base_url: str, present: Collection[int]) -> int:
    subject = subject_of(meeting.id)
    invited = {key for key, _phone in texts_since(subject, [BatchKind.INVITE], now - FRESH)}
    told = {phone for _key, phone in texts_since(subject, [BatchKind.RESCHEDULE], now - FRESH)}
    texted = {
        key: text
        for key, text in texted_about(subject, BatchKind.INVITE).items()
        if key not in invited and text.phone not in told
    }
    recipients = _recipients(meeting, texted, now, base_url, present)
    if not recipients or meeting.starts_at is None:
        return 0
    details = BatchDetails(
        area_id=meeting.area_id,
        subject=subject,
        title=batch_title(meeting),
        kind=BatchKind.REMIND,
        texts=_templates(meeting, next(iter(texted.values()))),
        revision=revision,
        expires_at=meeting.starts_at - REMIND_AT_LEAST,
    )
    try:
        with db.session.begin_nested():
            return messaging.queue_batch(details, recipients, by=None, now=now).queued
    except OverBudget:
        approval = messaging.ask_for_approval(meeting.area, by=None, now=now)
        return messaging.queue_batch(details, recipients, by=None, now=now, approval=approval).queued


def _recipients(
    meeting: Meeting, texted: dict[str, Texted], now: datetime, base_url: str, present: Collection[int]
) -> list[Recipient]:
    guest_ids = db.session.scalars(
        sa.select(Invitation.guest_id).where(Invitation.meeting_id == meeting.id, Invitation.guest_id.is_not(None))
    ).all()
    audience = audience_of([meeting], guest_ids=[guest for guest in guest_ids if guest], on=local_day(now))
    standing = invitations_by_invitee(audience)
    refused = set(
        db.session.scalars(
            sa.select(Invitation.id).where(Invitation.meeting_id == meeting.id, Invitation.rsvp == Rsvp.ABSENT)
        )
    )
    spared = refused.union(present)
    words = meeting_words(meeting, contact_phone=contact_phone(meeting.area.path, now), base_url=base_url)
    recipients, used = [], {}
    for invitee in audience[meeting.id]:
        invitation = standing.get(who(invitee))
        if invitation is None or invitation.withdrawn or invitation.id in spared:
            continue
        text = texted.get(key_of(invitation.id))
        if text is None:
            continue
        templates = _templates(meeting, text)
        name = reminder_name(templates, invitee, invitation.channel)
        used[name] = templates[name]
        written = write_reminder(
            templates, invitee, invitation.channel, placeholder_values(words, invitee, invitation.code)
        )
        recipients.append(Recipient(text.phone, key_of(invitation.id), written))
    check_registered(meeting.area.path, used, local_day(now))
    return recipients


def _templates(meeting: Meeting, text: Texted) -> dict[str, str]:
    """The wordings agreed to with the invitation; the usual ones where it named none."""
    if "remind" in text.texts:
        return {name: wording for name, wording in text.texts.items() if name.startswith("remind")}
    usual = default_texts(wordings_of(meeting.area.path))
    return {
        "remind": usual.without_marks(usual.remind),
        "remind_relay": usual.without_marks(usual.remind_relay),
    }
