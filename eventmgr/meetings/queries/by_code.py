"""Reads that begin at an invitation's code."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from eventmgr.core.db import db
from eventmgr.meetings.models import Invitation, InvitationMember, Meeting
from eventmgr.residents.models import Household


def opened_by(code: str | sa.BindParameter[str]) -> sa.ColumnElement[bool]:
    """The condition that an invitation is the one a code opens: its own, or that of one that was merged into it."""
    own = sa.orm.aliased(Invitation)
    return Invitation.id == (
        sa.select(sa.func.coalesce(own.merged_into_id, own.id)).where(own.code == code).scalar_subquery()
    )


def find_invitation_by_code(code: str) -> Invitation | None:
    """The invitation that a code (as `core.codes` writes it) opens, with all its page shows, or None."""
    return db.session.scalar(
        sa.select(Invitation)
        .where(opened_by(code))
        .options(
            joinedload(Invitation.meeting).joinedload(Meeting.area),
            joinedload(Invitation.guest),
            joinedload(Invitation.household).options(joinedload(Household.head), selectinload(Household.contacts)),
            selectinload(Invitation.members).joinedload(InvitationMember.resident),
        )
    )
