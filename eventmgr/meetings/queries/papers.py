"""Reads for printed invitations."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.db import db
from eventmgr.core.errors import NotFound
from eventmgr.meetings.models import Invitation, InvitationMember, Meeting
from eventmgr.meetings.values import Channel
from eventmgr.residents.models import Household


class PaperChoice(StrEnum):
    """Whose invitations are printed."""

    WITHOUT_SMS = "without_sms"  # those no text reaches
    ALL = "all"
    CHOSEN = "chosen"  # by the ids of their invitations


WITHOUT_SMS = (Channel.PAPER, Channel.CALL)
"""Channels of those whom no text tells."""


def get_meeting_for_papers(scope: Scope, meeting_id: int) -> Meeting:
    """The meeting, with its commune and hamlets, if its commune lies in the scope. Raises NotFound."""
    meeting = db.session.scalar(
        sa.select(Meeting)
        .join(Meeting.area)
        .where(Meeting.id == meeting_id, scope.within(Area.path))
        .options(joinedload(Meeting.area).joinedload(Area.parent), selectinload(Meeting.hamlets))
    )
    if meeting is None:
        raise NotFound
    return meeting


def invitations_to_print(meeting: Meeting, choice: PaperChoice, chosen: Collection[int] = ()) -> list[Invitation]:
    """The invitations in the order in which they are carried round: by hamlet, then as the office's list runs,
    then by the head's name; guests last. Withdrawn ones are left out."""
    wanted = sa.select(Invitation).where(Invitation.meeting_id == meeting.id, Invitation.withdrawn_at.is_(None))
    if choice == PaperChoice.WITHOUT_SMS:
        wanted = wanted.where(Invitation.channel.in_(WITHOUT_SMS))
    elif choice == PaperChoice.CHOSEN:
        wanted = wanted.where(Invitation.id.in_(chosen))
    rows = db.session.scalars(
        wanted.options(
            joinedload(Invitation.guest),
            joinedload(Invitation.household).options(joinedload(Household.hamlet), joinedload(Household.head)),
            selectinload(Invitation.members).joinedload(InvitationMember.resident),
        )
    )
    return sorted(rows, key=_walking_order)


def _walking_order(invitation: Invitation) -> tuple[bool, str, bool, int, str, int]:
    household = invitation.household
    if household is None:
        return (True, "", False, 0, invitation.guest.name_sort if invitation.guest else "", invitation.id)
    head = household.head
    return (
        False,
        household.hamlet.name_sort,
        household.list_order is None,
        household.list_order or 0,
        head.name_sort if head else "",
        invitation.id,
    )
