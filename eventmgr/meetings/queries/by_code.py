"""Reads that begin at an invitation's code."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from eventmgr.core.db import db
from eventmgr.meetings.models import Invitation, InvitationMember, Meeting
from eventmgr.residents.models import Household


def find_invitation_by_code(code: str) -> Invitation | None:
    """The invitation with this code (as `core.codes` writes it), with all its page shows, or None."""
    return db.session.scalar(
        sa.select(Invitation)
        .where(Invitation.code == code)
        .options(
            joinedload(Invitation.meeting).joinedload(Meeting.area),
            joinedload(Invitation.guest),
            joinedload(Invitation.household).options(joinedload(Household.head), selectinload(Household.contacts)),
            selectinload(Invitation.members).joinedload(InvitationMember.resident),
        )
    )
