"""Inviting: who is asked gets an invitation with a code; whom a text can reach gets one text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.core.audit import record_audit
from eventmgr.core.clock import local_day
from eventmgr.core.codes import new_code
from eventmgr.core.db import db, locked
from eventmgr.core.errors import RuleBroken
from eventmgr.meetings.invite_texts import approved_texts, meeting_words, placeholder_values, wordings_used, write_text
from eventmgr.meetings.models import ContactOutcome, Invitation, InvitationMember, Meeting
from eventmgr.meetings.queries.audience import (
    Audience,
    Invitee,
    KnownInvitation,
    Who,
    audience_of,
    invitations_by_invitee,
    key_of,
    subject_of,
    who,
)
from eventmgr.meetings.resident_page import contact_phone
from eventmgr.meetings.values import Channel, ContactResult, InviteTexts, LeaderWord, MeetingStatus, NoText, Rsvp
from eventmgr.messaging import queries as message_queries
from eventmgr.messaging import services as messaging
from eventmgr.messaging.library import check_registered
from eventmgr.messaging.texts import placeholders_in
from eventmgr.messaging.values import BatchDetails, BatchKind, LeftOutReason, Queued, Recipient

CHUNK = 1000


class NotYetFixed(RuleBroken):
    """Only a month is known: nobody can be asked to come."""

    code = "not_yet_fixed"
    sentence = _("The day and hour of this meeting are not fixed yet. Fix them first, then invite.")


class NotHeld(RuleBroken):
    """The meeting was cancelled."""

    code = "meeting_not_held"
    sentence = _("This meeting is not held, so nobody can be invited to it.")


class AlreadyBegun(RuleBroken):
    """The meeting has begun, or is over."""

    code = "meeting_begun"
    sentence = _("This meeting has begun or is over, so nobody can be invited to it any more.")


class NobodyToInvite(RuleBroken):
    """No household of the hamlets and classes is known."""

    code = "nobody_to_invite"
    sentence = _("No household of this meeting's hamlets and classes is known yet. Add the households first.")


class NoContactPhone(RuleBroken):
    """The text names a phone to ask, and the office has set none."""

    code = "no_contact_phone"
    sentence = _("The text names the phone to ask, but the commune has set none. Enter it in the settings.")


class NoTrustedLink(RuleBroken):
    """The text has a link, and this installation has no public https address."""

    code = "no_trusted_link"
    sentence = _("A link can be sent only once this programme has a public https address (PUBLIC_URL).")


@dataclass(frozen=True, slots=True)
class NotTexted:
    """Somebody who is asked without a text, and why."""

    invitee: Invitee
    reason: NoText


@dataclass(frozen=True, slots=True)
class Invited:
    """What came of inviting."""

    batch_ids: tuple[int, ...]
    queued: int
    segments: int
    price: int  # đồng
    new_invitations: int
    not_texted: tuple[NotTexted, ...]
    approval_id: int | None  # None: none was needed, or there is nothing to agree to
    waits: bool  # whether a leader has still to agree


def why_closed(meeting: Meeting, now: datetime) -> RuleBroken | None:
    """Why nobody can be invited to the meeting at `now`; None where one can."""
    if meeting.status is MeetingStatus.CANCELLED:
        return NotHeld()
    if meeting.status in (MeetingStatus.HELD, MeetingStatus.CLOSED):
        return AlreadyBegun()
    if meeting.status is MeetingStatus.TENTATIVE or meeting.starts_at is None:
        return NotYetFixed()
    return AlreadyBegun() if meeting.starts_at <= now else None


def check_texts(
    meetings: Sequence[Meeting], texts: InviteTexts, invitees: Iterable[Invitee], *, now: datetime, base_url: str
) -> None:
    """Refuse texts that could not be written for these meetings, or not be sent to these invitees.

    Raises UnknownPlaceholder, NoContactPhone, NoTrustedLink, TextNotRegistered.
    """
    wordings = (texts.invite, texts.relay, texts.remind, texts.remind_relay, *approved_texts(texts).values())
    used = {name for wording in wordings for name in placeholders_in(wording)}
    for meeting in meetings:
        if "dien_thoai" in used and not contact_phone(meeting.area.path, now):
            raise NoContactPhone
    if "link" in used and not base_url.startswith("https://"):
        raise NoTrustedLink
    reminding = any(meeting.reminder_rules for meeting in meetings)
    check_registered(meetings[0].area.path, wordings_used(texts, invitees, reminding=reminding), local_day(now))


def invite_meetings(
    meetings: Sequence[Meeting],
    texts: InviteTexts,
    *,
    by: Any,
    now: datetime,
    base_url: str,
    guest_ids: Collection[int] = (),
    send_at: datetime | None = None,
    leader_word: LeaderWord | None = None,
    without_approval: bool = False,
    over_budget: bool = False,
) -> Invited:
    """Invite everyone of one meeting, or of a whole series in one go, and queue their texts: all or nothing.

    A second run invites only those who are new and texts only those who have not been. One approval covers all
    meetings; `leader_word` gives it at once, `without_approval` is for the command line. Where nobody is still to
    agree, `over_budget` says that the texts go though they cost more than is left. Raises NotYetFixed, NotHeld,
    AlreadyBegun, NobodyToInvite, UnknownPlaceholder, EmptyValue, TextNotRegistered, TooLateToSend, OverBudget …
    """
    _lock(meetings)
    for meeting in meetings:
        if (closed := why_closed(meeting, now)) is not None:
            raise closed
    audience = audience_of(meetings, guest_ids=guest_ids, on=local_day(now))
    check_texts(meetings, texts, chain(*audience.values()), now=now, base_url=base_url)
    if not any(audience.values()):
        raise NobodyToInvite
    made = _make_invitations(audience, by=by, now=now)
    standing = invitations_by_invitee(audience)
    area = meetings[0].area
    needed = message_queries.is_approval_needed(area.path, local_day(now)) and not without_approval
    approval = messaging.ask_for_approval(area, by=by, now=now) if needed else None
    sends: list[Queued] = []
    not_texted: list[NotTexted] = []
    for meeting in meetings:
        told = message_queries.standing_messages(subject_of(meeting.id), BatchKind.INVITE)
        words = meeting_words(meeting, contact_phone=contact_phone(meeting.area.path, now), base_url=base_url)
        asked = [(invitee, standing[who(invitee)]) for invitee in audience[meeting.id]]
        invitees, silent = _to_text([pair for pair in asked if not pair[1].withdrawn], told.keys)
        not_texted += silent
        recipients = [
            Recipient(
                str(invitee.phone),
                key,
                write_text(texts, invitee, placeholder_values(words, invitee, code), with_marks=texts.with_marks),
            )
            for key, (invitee, code) in invitees.items()
        ]
        queued = messaging.queue_batch(
            BatchDetails(
                area_id=meeting.area_id,
                subject=subject_of(meeting.id),
                title=batch_title(meeting),
                kind=BatchKind.INVITE,
                texts=approved_texts(texts),
                revision=told.revision,
                send_at=send_at,
                expires_at=meeting.starts_at,
            ),
            recipients,
            by=by,
            now=now,
            approval=approval,
            over_budget=over_budget,
        )
        sends.append(queued)
        not_texted += [NotTexted(invitees[left.recipient.key][0], _REASONS[left.reason]) for left in queued.left_out]
    batch_ids = tuple(send.batch_id for send in sends if send.batch_id is not None)
    if approval is not None and not batch_ids:
        db.session.delete(approval)
        approval = None
    if approval is not None and leader_word is not None:
        # The batches were added by their own side: the approval reads them anew.
        db.session.refresh(approval, ["batches"])
        messaging.record_approval(
            approval, leader_name=leader_word.name, on=leader_word.on, by=by, now=now, over_budget=over_budget
        )
    db.session.flush()
    return Invited(
        batch_ids=batch_ids,
        queued=sum(send.queued for send in sends),
        segments=sum(send.segments for send in sends),
        price=sum(send.price for send in sends),
        new_invitations=made,
        not_texted=tuple(not_texted),
        approval_id=approval.id if approval else None,
        waits=approval is not None and approval.approved_at is None,
    )


def _to_text(
    asked: Iterable[tuple[Invitee, KnownInvitation]], told: Collection[str]
) -> tuple[dict[str, tuple[Invitee, str]], list[NotTexted]]:
    """Who of those asked gets a text, with the code, by recipient key; and who gets none, with the reason."""
    texted: dict[str, tuple[Invitee, str]] = {}
    silent: list[NotTexted] = []
    for invitee, invitation in asked:
        key = key_of(invitation.id)
        if key in told:
            silent.append(NotTexted(invitee, NoText.ALREADY))
        elif invitee.phone is None:
            silent.append(NotTexted(invitee, invitee.no_text or NoText.NO_PHONE))
        else:
            texted[key] = (invitee, invitation.code)
    return texted, silent


_REASONS = {
    LeftOutReason.ALREADY: NoText.ALREADY,
    LeftOutReason.OPTED_OUT: NoText.OPTED_OUT,
    LeftOutReason.DEAD: NoText.DEAD,
}


def batch_title(meeting: Meeting) -> str:
    """What officers call the send in lists."""
    return ", ".join(hamlet.name for hamlet in meeting.hamlets)[:80] + f": {meeting.title}"[:110]


def record_outcome(invitation: Invitation, result: ContactResult, *, by: Any, now: datetime) -> ContactOutcome:
    """Note what came of telling a household or guest; every attempt is kept."""
    outcome = ContactOutcome(
        invitation_id=invitation.id,
        channel=_CHANNELS.get(result, invitation.channel),
        result=result,
        by_id=getattr(by, "id", None),
        at=now,
    )
    db.session.add(outcome)
    db.session.flush()
    return outcome


_CHANNELS = {ContactResult.CALLED: Channel.CALL, ContactResult.PAPER_HANDED: Channel.PAPER}


# --- Invitations --------------------------------------------------------------------------------


def _lock(meetings: Sequence[Meeting]) -> None:
    """Two officers who invite to the same meeting wait for each other: the second finds all done."""
    db.session.scalars(
        locked(sa.select(Meeting).where(Meeting.id.in_([meeting.id for meeting in meetings])).order_by(Meeting.id))
    ).all()


def _make_invitations(audience: Audience, *, by: Any, now: datetime) -> int:
    """Invitations for those who have none; returns how many were made.

    Those that exist stay, with their code. Only the channel of one that nothing was sent for follows the phones as
    they are today.
    """
    known = invitations_by_invitee(audience)
    new = {
        meeting_id: [invitee for invitee in invitees if who(invitee) not in known]
        for meeting_id, invitees in audience.items()
    }
    codes = _unused_codes(sum(map(len, new.values())))
    rows = (
        {
            "meeting_id": meeting_id,
            "household_id": invitee.household_id,
            "guest_id": invitee.guest_id,
            "code": next(codes),
            "channel": invitee.channel,
            "rsvp": Rsvp.NONE,
            "invited_at": now,
        }
        for meeting_id, invitees in new.items()
        for invitee in invitees
    )
    for chunk in _chunks(rows):
        db.session.execute(sa.insert(Invitation), chunk)
    _name_members(new)
    _follow_phones(audience, known)
    for meeting_id, invitees in new.items():
        if invitees:
            record_audit("invite", f"meeting:{meeting_id}", by=by, now=now, after={"invitations": len(invitees)})
    return sum(map(len, new.values()))


def _name_members(new: Audience) -> None:
    """The persons of invitations that name persons."""
    if not any(invitee.by_persons for invitees in new.values() for invitee in invitees):
        return
    standing = invitations_by_invitee(new)
    rows = (
        {"invitation_id": standing[who(invitee)].id, "resident_id": resident_id, "rsvp": Rsvp.NONE}
        for invitees in new.values()
        for invitee in invitees
        for resident_id in invitee.person_ids
    )
    for chunk in _chunks(rows):
        db.session.execute(sa.insert(InvitationMember), chunk)


def _follow_phones(audience: Audience, known: dict[Who, KnownInvitation]) -> None:
    changed = []
    for meeting_id, invitees in audience.items():
        told = message_queries.standing_messages(subject_of(meeting_id), BatchKind.INVITE).keys
        for invitee in invitees:
            one = known.get(who(invitee))
            if one is not None and one.channel is not invitee.channel and key_of(one.id) not in told:
                changed.append({"id": one.id, "channel": invitee.channel})
    if changed:
        db.session.execute(sa.update(Invitation), changed)


def _unused_codes(number: int) -> Iterator[str]:
    """So many new codes that no invitation has. The unique key is the truth; a clash is one in many millions."""
    codes: dict[str, None] = {}
    while len(codes) < number:
        fresh = {new_code() for _each in range(min(CHUNK, number - len(codes)))}
        taken = set(db.session.scalars(sa.select(Invitation.code).where(Invitation.code.in_(fresh))))
        codes.update(dict.fromkeys(fresh - taken))
    return iter(codes)


def _chunks(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk
