"""What is kept of a person about invitations: shown to the person, and taken away."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import joinedload, selectinload

from eventmgr.areas.models import Area
from eventmgr.core.access import below
from eventmgr.core.clock import local
from eventmgr.core.codes import new_code
from eventmgr.core.db import db
from eventmgr.core.phone import national_form
from eventmgr.core.registry import Section
from eventmgr.core.retention import RetentionRule
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.queries.audience import key_of
from eventmgr.meetings.values import MeetingStatus
from eventmgr.messaging.erasing import erase_messages
from eventmgr.messaging.models import Message
from eventmgr.residents.queries.erasing import get_resident, is_last_of_household, phones_to_erase

TO_COME = (MeetingStatus.TENTATIVE, MeetingStatus.SCHEDULED)
A_RUN = 2000
"""Codes changed in one run of the rule; the next run takes the rest."""


def erase_resident(resident_id: int, now: datetime) -> None:
    """The words of what the household was sent go, and the person's phones with them; past invitations stay as counts.

    With the last of a household its codes go, and it is no longer invited. Raises BeingSent.
    """
    resident = get_resident(resident_id)
    invitations = _invitations_of(resident.household_id)
    erase_messages([key_of(invitation.id) for invitation in invitations], phones_to_erase(resident), now=now)
    alone = is_last_of_household(resident)
    for invitation in invitations:
        if alone:
            invitation.code = new_code()
        if _is_to_come(invitation.meeting, now):
            _uninvite(invitation, resident_id, alone=alone, now=now)
    db.session.flush()


def _is_to_come(meeting: Meeting, now: datetime) -> bool:
    return meeting.status in TO_COME and (meeting.starts_at is None or meeting.starts_at > now)


def _uninvite(invitation: Invitation, resident_id: int, *, alone: bool, now: datetime) -> None:
    named = [member for member in invitation.members if member.resident_id == resident_id]
    for member in named:
        invitation.members.remove(member)
    if alone or (named and not invitation.members):
        invitation.withdrawn_at = invitation.withdrawn_at or now


def export_resident(resident_id: int) -> list[Section]:
    """To which meetings the household was invited, what it answered, and what it was sent."""
    invitations = _invitations_of(get_resident(resident_id).household_id)
    about = {key_of(invitation.id): invitation for invitation in invitations}
    messages = db.session.scalars(
        sa.select(Message).where(Message.recipient_key.in_(about), Message.text != "").order_by(Message.id)
    )
    return [
        Section(
            _("Invitations of the household"),
            tuple((_title(invitation), _told(invitation)) for invitation in invitations),
        ),
        Section(
            _("Messages sent to the household"),
            tuple((f"{_moment(m.queued_at)}, {national_form(m.phone)}", m.text) for m in messages),
        ),
    ]


def _title(invitation: Invitation) -> str:
    meeting = invitation.meeting
    return f"{meeting.title}, {_moment(meeting.starts_at)}" if meeting.starts_at else meeting.title


def _told(invitation: Invitation) -> str:
    answers = {
        "coming": _("Will come"),
        "proxy": _("A relative will come instead"),
        "absent": _("Cannot come"),
        "none": _("Has not answered"),
    }
    return f"{invitation.code}; {answers[invitation.rsvp.value]}"


def _moment(instant: datetime) -> str:
    return f"{local(instant):%d/%m/%Y %H:%M}"


def _invitations_of(household_id: int) -> list[Invitation]:
    return list(
        db.session.scalars(
            sa.select(Invitation)
            .where(Invitation.household_id == household_id)
            .options(joinedload(Invitation.meeting), selectinload(Invitation.members))
            .order_by(Invitation.id)
        )
    )


def _renew_codes(path: str, before: datetime, _now: datetime) -> int:
    """Codes of meetings long past are replaced: printed and sent ones open nothing any more."""
    old = db.session.scalars(
        sa.select(Invitation)
        .join(Invitation.meeting)
        .join(Meeting.area)
        .where(below(Area.path, path), Meeting.starts_at < before, Invitation.code_renewed_at.is_(None))
        .order_by(Invitation.id)
        .limit(A_RUN)
    ).all()
    for invitation in old:
        invitation.code, invitation.code_renewed_at = new_code(), _now
    db.session.flush()
    return len(old)


RETENTION = (
    RetentionRule(
        "invitation_codes",
        lazy_gettext("Codes and links of invitations, after their meeting"),
        lazy_gettext("A lost paper or an old message should open nothing; who was invited stays"),
        180,
        _renew_codes,
    ),
)
