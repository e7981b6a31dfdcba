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
from eventmgr.core.registry import Section, Subject, SubjectKind
from eventmgr.core.retention import RetentionRule
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.queries.audience import key_of
from eventmgr.meetings.values import MeetingStatus
from eventmgr.messaging.erasing import erase_messages, texts_from
from eventmgr.messaging.models import Message
from eventmgr.residents.queries.erasing import Traces, traces_of

TO_COME = (MeetingStatus.TENTATIVE, MeetingStatus.SCHEDULED)
A_RUN = 2000
"""Codes changed in one run of the rule; the next run takes the rest."""


def erase(subject: Subject, now: datetime) -> None:
    """The words of what the household or the guest was sent go, and the person's phones with them; past invitations
    stay as counts.

    With a guest, or the last of a household, the codes go, and nobody is invited any longer. Raises BeingSent.
    """
    traces = traces_of(subject)
    invitations = _invitations_of(traces)
    erase_messages([key_of(invitation.id) for invitation in invitations], traces.phones, now=now)
    for invitation in invitations:
        if traces.alone:
            invitation.code = new_code()
        if _is_to_come(invitation.meeting, now):
            _uninvite(invitation, traces, now)
    db.session.flush()


def _is_to_come(meeting: Meeting, now: datetime) -> bool:
    return meeting.status in TO_COME and (meeting.starts_at is None or meeting.starts_at > now)


def _uninvite(invitation: Invitation, traces: Traces, now: datetime) -> None:
    is_resident = traces.subject.kind is SubjectKind.RESIDENT
    named = [member for member in invitation.members if is_resident and member.resident_id == traces.subject.id]
    for member in named:
        invitation.members.remove(member)
    if traces.alone or (named and not invitation.members):
        invitation.withdrawn_at = invitation.withdrawn_at or now


def export(subject: Subject) -> list[Section]:
    """To which meetings the household or the guest was invited, what the answer was, and what was sent."""
    invitations = _invitations_of(traces_of(subject))
    about = {key_of(invitation.id): invitation for invitation in invitations}
    messages = db.session.scalars(
        sa.select(Message).where(Message.recipient_key.in_(about), Message.text != "").order_by(Message.id)
    )
    invited = tuple((_title(invitation), _told(invitation)) for invitation in invitations)
    sent = tuple((f"{_moment(m.queued_at)}, {national_form(m.phone)}", m.text) for m in messages)
    wrote = tuple(
        (f"{_moment(text.received_at)}, {national_form(text.sender)}", text.text)
        for text in texts_from(traces_of(subject).phones)
    )
    received = [Section(_("Texts received from these phones"), wrote)] if wrote else []
    if subject.kind is SubjectKind.GUEST:
        return [
            Section(_("Invitations of the guest"), invited),
            Section(_("Messages sent to the guest"), sent),
            *received,
        ]
    return [
        Section(_("Invitations of the household"), invited),
        Section(_("Messages sent to the household"), sent),
        *received,
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


def _invitations_of(traces: Traces) -> list[Invitation]:
    return list(
        db.session.scalars(
            sa.select(Invitation)
            .where(traces.owns(Invitation))
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
