"""What a household does with its invitation: opens it, answers it."""

from __future__ import annotations

from datetime import datetime

from flask_babel import lazy_gettext as _

from eventmgr.core.db import db
from eventmgr.core.errors import NotFound, RuleBroken
from eventmgr.meetings.models import Invitation
from eventmgr.meetings.queries.audience import key_of, subject_of
from eventmgr.meetings.queries.by_phone import open_invitations_of_phone
from eventmgr.meetings.values import MeetingStatus, Rsvp
from eventmgr.messaging.services import withdraw_messages_to
from eventmgr.messaging.values import BatchKind

OPEN_STATUSES = frozenset({MeetingStatus.TENTATIVE, MeetingStatus.SCHEDULED})


class AnswerTooLate(RuleBroken):
    """The meeting is over or will not take place."""

    code = "answer_too_late"
    sentence = _("This meeting no longer takes answers.")


def note_opened(invitation: Invitation, *, now: datetime) -> None:
    """The page of an invitation was opened; the first time counts. It is a hint for the office, not a contact:
    programs that preview links open it too."""
    if invitation.opened_at is None:
        invitation.opened_at = now
        db.session.flush()


def answer_invitation(invitation: Invitation, answer: Rsvp, *, resident_id: int | None = None, now: datetime) -> None:
    """Keep a household's answer, or that of one person named on it; a later answer replaces the earlier.

    Raises AnswerTooLate once the meeting is held or cancelled, NotFound for a person the invitation does not name.
    """
    if invitation.meeting.status not in OPEN_STATUSES:
        raise AnswerTooLate
    if resident_id is None:
        for member in invitation.members:
            member.rsvp = answer
        invitation.rsvp = answer
    else:
        named = [member for member in invitation.members if member.resident_id == resident_id]
        if not named:
            raise NotFound
        named[0].rsvp = answer
        invitation.rsvp = household_answer([member.rsvp for member in invitation.members])
    invitation.rsvp_at = now
    if invitation.rsvp is Rsvp.ABSENT:
        withdraw_messages_to(
            subject_of(invitation.meeting_id), key_of(invitation.id), kinds=(BatchKind.REMIND,), now=now
        )
    db.session.flush()


def answer_by_text(phone: str, coming: bool, now: datetime) -> bool:
    """Take "coming" or "not coming" from a phone as the answer to the one open invitation that was texted to it.

    False, and nothing changed, where there is none or more than one: a shared phone, or two meetings to come.
    """
    invitations = open_invitations_of_phone(phone, now)
    if len(invitations) != 1:
        return False
    answer_invitation(invitations[0], Rsvp.COMING if coming else Rsvp.ABSENT, now=now)
    return True


def household_answer(answers: list[Rsvp]) -> Rsvp:
    """What the answers of named persons mean for the household: anyone coming is coming; absent only if all are."""
    for answer in (Rsvp.COMING, Rsvp.PROXY):
        if answer in answers:
            return answer
    return Rsvp.NONE if Rsvp.NONE in answers or not answers else Rsvp.ABSENT
