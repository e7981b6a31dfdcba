"""What merging two people, or two households, means for invitations."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from eventmgr.core.db import db
from eventmgr.meetings.models import ContactOutcome, Invitation, InvitationMember
from eventmgr.meetings.queries.audience import key_of, subject_of
from eventmgr.meetings.values import Channel, ContactResult, MeetingStatus, Rsvp
from eventmgr.messaging.queries import latest_messages
from eventmgr.messaging.services import withdraw_messages_to
from eventmgr.messaging.values import MessageState

_WORTH = {Rsvp.NONE: 0, Rsvp.ABSENT: 1, Rsvp.PROXY: 2, Rsvp.COMING: 3}
"""Of two answers of one household the one that brings somebody is kept: a chair too many hurts nobody."""


def merge_residents(kept_id: int, dropped_id: int, _now: datetime) -> None:
    """Invitations that name the dropped person name the kept one. A closed meeting that names both stays as it is."""
    rows = db.session.scalars(
        sa.select(InvitationMember)
        .join(InvitationMember.invitation)
        .where(InvitationMember.resident_id == dropped_id)
        .options(joinedload(InvitationMember.invitation).joinedload(Invitation.meeting))
    ).all()
    for row in rows:
        meeting = row.invitation.meeting
        twin = _named_at(meeting.id, kept_id)
        if twin is None:
            _name_instead(row, kept_id)
        elif meeting.status is not MeetingStatus.CLOSED:
            twin.rsvp = _better(twin.rsvp, row.rsvp)
            row.invitation.members.remove(row)
    db.session.flush()


def merge_households(kept_id: int, dropped_id: int, now: datetime) -> None:
    """The kept household has the dropped one's invitations. Where a meeting asked both, the kept one's stands with the
    better answer, and the other code opens it, too; a closed meeting stays as it is."""
    invitations = db.session.scalars(
        sa.select(Invitation)
        .where(Invitation.household_id == dropped_id)
        .options(joinedload(Invitation.meeting), selectinload(Invitation.members), selectinload(Invitation.outcomes))
        .order_by(Invitation.id)
    ).all()
    for invitation in invitations:
        twin = db.session.scalar(
            sa.select(Invitation)
            .where(Invitation.meeting_id == invitation.meeting_id, Invitation.household_id == kept_id)
            .options(selectinload(Invitation.members))
        )
        if twin is None:
            invitation.household_id = kept_id
        elif invitation.meeting.status is not MeetingStatus.CLOSED:
            _merge(twin, invitation, now)
    db.session.flush()


def depends_on_household(household_ids: Collection[int]) -> set[int]:
    """Which of these households were invited."""
    return set(
        db.session.scalars(
            sa.select(Invitation.household_id).where(Invitation.household_id.in_(household_ids)).distinct()
        )
    )


def _named_at(meeting_id: int, resident_id: int) -> InvitationMember | None:
    return db.session.scalar(
        sa.select(InvitationMember)
        .join(InvitationMember.invitation)
        .where(Invitation.meeting_id == meeting_id, InvitationMember.resident_id == resident_id)
        .limit(1)
    )


def _name_instead(row: InvitationMember, resident_id: int) -> None:
    invitation, rsvp = row.invitation, row.rsvp
    invitation.members.remove(row)
    db.session.flush()
    invitation.members.append(InvitationMember(resident_id=resident_id, rsvp=rsvp))
    db.session.flush()


def _better(one: Rsvp, other: Rsvp) -> Rsvp:
    return max(one, other, key=_WORTH.__getitem__)


def _merge(kept: Invitation, dropped: Invitation, now: datetime) -> None:
    if dropped.withdrawn_at is None:
        _pass_on_answer(kept, dropped)
        kept.withdrawn_at = None
    kept.opened_at = min(filter(None, (kept.opened_at, dropped.opened_at)), default=None)
    _pass_on_names(kept, dropped)
    _pass_on_telling(kept, dropped, now)
    dropped.withdrawn_at = dropped.withdrawn_at or now
    dropped.merged_into_id = kept.id
    for earlier in db.session.scalars(sa.select(Invitation).where(Invitation.merged_into_id == dropped.id)):
        earlier.merged_into_id = kept.id


def _pass_on_answer(kept: Invitation, dropped: Invitation) -> None:
    better = dropped.rsvp if kept.withdrawn_at is not None else _better(kept.rsvp, dropped.rsvp)
    if better is not kept.rsvp:
        kept.rsvp, kept.rsvp_at = dropped.rsvp, dropped.rsvp_at


def _pass_on_names(kept: Invitation, dropped: Invitation) -> None:
    named = {member.resident_id for member in kept.members}
    for row in dropped.members[:]:
        resident_id, rsvp = row.resident_id, row.rsvp
        dropped.members.remove(row)
        if resident_id not in named:
            kept.members.append(InvitationMember(resident_id=resident_id, rsvp=rsvp))


def _pass_on_telling(kept: Invitation, dropped: Invitation, now: datetime) -> None:
    """Whoever was told by the other invitation was told; a text still waiting would be one too many."""
    for outcome in dropped.outcomes[:]:
        outcome.invitation = kept
    subject, key = subject_of(dropped.meeting_id), key_of(dropped.id)
    withdraw_messages_to(subject, key, now=now)
    message = latest_messages(subject, [key]).get(key)
    if message is not None and message.state is MessageState.DELIVERED:
        db.session.add(
            ContactOutcome(
                invitation=kept,
                channel=Channel.SMS,
                result=ContactResult.SMS_DELIVERED,
                at=message.settled_at or now,
            )
        )
