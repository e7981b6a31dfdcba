"""Who is invited to a meeting: the list, its figures, and what came of telling each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from eventmgr.accounts.models import User
from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.db import db
from eventmgr.core.errors import NotFound
from eventmgr.core.text import display_name
from eventmgr.meetings.models import ContactOutcome, Invitation, InvitationMember, Meeting
from eventmgr.meetings.queries.audience import key_of, subject_of
from eventmgr.meetings.queries.meetings import meetings_visible_to
from eventmgr.meetings.queries.reached import has_failed, recipients_of, standing, was_reached
from eventmgr.meetings.values import Channel, ContactResult, Rsvp, Standing
from eventmgr.messaging.queries import latest_messages
from eventmgr.messaging.values import MessageState
from eventmgr.residents.models import Contact, Guest, Household, Resident

A_PAGE = 60


class InvitationFilter(StrEnum):
    """Which invitations are listed."""

    ALL = "all"
    SMS = "sms"  # by text, own phone or passed on
    CALL = "call"  # the call list: no text goes there, or the last one did not arrive
    PAPER = "paper"
    NOT_REACHED = "not_reached"
    COMING = "coming"


@dataclass(frozen=True, slots=True)
class Told:
    """One try to tell somebody."""

    result: ContactResult
    at: datetime
    by: str  # empty: the network's report
    outdated: bool  # what was told has changed since


@dataclass(frozen=True, slots=True)
class InvitationLine:
    """One invitation in the list."""

    id: int
    name: str  # the head's, the guest's; empty: not known
    others: tuple[str, ...]  # further persons named
    hamlet: str  # empty for guests
    code: str
    channel: Channel
    rsvp: Rsvp
    phones: tuple[str, ...]
    message: MessageState | None  # None: nothing was sent
    message_outdated: bool  # what the text said has changed since
    told: Told | None  # the last try
    is_reached: bool  # somebody told them how things stand, or a network reports that the text arrived


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """One page of the list, and how many each filter holds."""

    lines: tuple[InvitationLine, ...]
    counts: dict[InvitationFilter, int]
    after: int | None  # the invitation to go on from; None at the end

    @property
    def by_hamlet(self) -> list[tuple[str, list[InvitationLine]]]:
        """The lines under their hamlets."""
        return [(hamlet, list(lines)) for hamlet, lines in groupby(self.lines, key=lambda line: line.hamlet)]

    @property
    def reached(self) -> int:
        """How many are known to have been told."""
        return self.counts[InvitationFilter.ALL] - self.counts[InvitationFilter.NOT_REACHED]


def invitation_page(
    scope: Scope,
    meeting: Meeting,
    chosen: InvitationFilter = InvitationFilter.ALL,
    *,
    batch_id: int | None = None,
    after: int | None = None,
    limit: int = A_PAGE,
) -> InvitationPage:
    """The invitations of a meeting that the scope reaches, in the order in which they are walked; guests last.

    A hamlet head's scope reaches the own hamlet's households only. With a batch of the meeting, instead of the chosen
    ones those are listed that were sent a text by it and have been reached in no way.
    """
    conditions = _conditions()
    figures = db.session.execute(
        _rows_of(
            scope,
            meeting,
            *(sa.func.count(Invitation.id).filter(condition).label(name) for name, condition in conditions.items()),
        )
    ).one()
    guests_last = Invitation.household_id.is_(None)
    hamlet_sort = sa.func.coalesce(Area.name_sort, "")
    listed = (
        _rows_of(
            scope,
            meeting,
            Invitation,
            Area.name.label("hamlet"),
            Resident.full_name.label("head"),
            Guest.full_name.label("guest"),
            Guest.phone.label("guest_phone"),
            was_reached().label("reached"),
        )
        .outerjoin(Resident, sa.and_(Resident.household_id == Invitation.household_id, Resident.is_head))
        .outerjoin(Guest, Guest.id == Invitation.guest_id)
        .where(conditions[chosen] if batch_id is None else _left_by(batch_id))
        .order_by(guests_last, hamlet_sort, Invitation.id)
        .limit(limit + 1)
    )
    if after is not None:
        listed = listed.where(_comes_after(after, guests_last, hamlet_sort))
    rows = db.session.execute(listed).all()
    further = len(rows) > limit
    rows = rows[:limit]
    return InvitationPage(
        lines=tuple(_lines(meeting, rows)),
        counts={name: getattr(figures, name) for name in conditions},
        after=rows[-1].Invitation.id if further else None,
    )


def get_invitation_in(scope: Scope, meeting: Meeting, invitation_id: int) -> Invitation:
    """An invitation of the meeting that the scope reaches. Raises NotFound."""
    found = db.session.scalar(_rows_of(scope, meeting, Invitation).where(Invitation.id == invitation_id))
    if found is None:
        raise NotFound
    return found


def _rows_of(scope: Scope, meeting: Meeting, *columns: Any) -> sa.Select[Any]:
    """The standing invitations of a meeting in the scope: by their hamlet; guests belong to the commune."""
    in_scope: sa.ColumnElement[bool] = scope.within(Area.path)
    if scope.covers(meeting.area.path):
        in_scope = sa.or_(in_scope, Invitation.guest_id.is_not(None))
    return (
        sa.select(*columns)
        .select_from(Invitation)
        .outerjoin(Household, Household.id == Invitation.household_id)
        .outerjoin(Area, Area.id == Household.hamlet_id)
        .where(Invitation.meeting_id == meeting.id, Invitation.withdrawn_at.is_(None), in_scope)
    )


def _left_by(batch_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(Invitation.id.in_(recipients_of(batch_id)), standing() == Standing.NOT_REACHED.value)


def _conditions() -> dict[InvitationFilter, sa.ColumnElement[bool]]:
    return {
        InvitationFilter.ALL: sa.true(),
        InvitationFilter.SMS: Invitation.channel.in_([Channel.SMS, Channel.RELAY]),
        InvitationFilter.CALL: sa.or_(Invitation.channel == Channel.CALL, has_failed()),
        InvitationFilter.PAPER: Invitation.channel == Channel.PAPER,
        InvitationFilter.NOT_REACHED: sa.not_(was_reached()),
        InvitationFilter.COMING: Invitation.rsvp.in_([Rsvp.COMING, Rsvp.PROXY]),
    }


def _comes_after(
    invitation_id: int, guests_last: sa.ColumnElement[bool], hamlet_sort: sa.ColumnElement[str]
) -> sa.ColumnElement[bool]:
    place = db.session.execute(
        sa.select(guests_last, hamlet_sort)
        .select_from(Invitation)
        .outerjoin(Household, Household.id == Invitation.household_id)
        .outerjoin(Area, Area.id == Household.hamlet_id)
        .where(Invitation.id == invitation_id)
    ).one_or_none()
    if place is None:
        raise NotFound
    is_guest, hamlet = bool(place[0]), place[1]
    same_group = Invitation.household_id.is_(None) if is_guest else Invitation.household_id.is_not(None)
    later = sa.and_(
        same_group, sa.or_(hamlet_sort > hamlet, sa.and_(hamlet_sort == hamlet, Invitation.id > invitation_id))
    )
    return later if is_guest else sa.or_(later, Invitation.household_id.is_(None))


def _lines(meeting: Meeting, rows: Sequence[Any]) -> Iterator[InvitationLine]:
    """The rows with what else is known of each: five queries, whatever their number."""
    ids = [row.Invitation.id for row in rows]
    phones = _phones_of([row.Invitation.household_id for row in rows if row.Invitation.household_id])
    named = _named_on(ids)
    told = _last_tries(ids, meeting.changed_at)
    messages = latest_messages(subject_of(meeting.id), map(key_of, ids))
    for row in rows:
        invitation: Invitation = row.Invitation
        people = named.get(invitation.id) or [row.head or row.guest or ""]
        message = messages.get(key_of(invitation.id))
        yield InvitationLine(
            id=invitation.id,
            name=display_name(people[0]) if people[0] else "",
            others=tuple(map(display_name, people[1:])),
            hamlet=row.hamlet or "",
            code=invitation.code,
            channel=invitation.channel,
            rsvp=invitation.rsvp,
            phones=tuple(phones.get(invitation.household_id or 0, ()))
            or ((row.guest_phone,) if row.guest_phone else ()),
            message=message.state if message else None,
            message_outdated=message is not None and _is_before(message.queued_at, meeting.changed_at),
            told=told.get(invitation.id),
            is_reached=row.reached,
        )


def _phones_of(household_ids: Collection[int]) -> dict[int, list[str]]:
    rows = db.session.execute(
        sa.select(Contact.household_id, Contact.phone)
        .where(Contact.household_id.in_(household_ids))
        .order_by(Contact.position, Contact.id)
    )
    phones: dict[int, list[str]] = defaultdict(list)
    for household_id, phone in rows:
        phones[household_id].append(phone)
    return phones


def _named_on(invitation_ids: Collection[int]) -> dict[int, list[str]]:
    rows = db.session.execute(
        sa.select(InvitationMember.invitation_id, Resident.full_name)
        .join(Resident, Resident.id == InvitationMember.resident_id)
        .where(InvitationMember.invitation_id.in_(invitation_ids))
        .order_by(Resident.is_head.desc(), Resident.id)
    )
    named: dict[int, list[str]] = defaultdict(list)
    for invitation_id, full_name in rows:
        named[invitation_id].append(full_name)
    return named


def _is_before(moment: datetime, changed_at: datetime | None) -> bool:
    return changed_at is not None and moment < changed_at


def _last_tries(invitation_ids: Collection[int], changed_at: datetime | None) -> dict[int, Told]:
    rows = db.session.execute(
        sa.select(ContactOutcome.invitation_id, ContactOutcome.result, ContactOutcome.at, User.full_name)
        .outerjoin(User, User.id == ContactOutcome.by_id)
        .where(ContactOutcome.invitation_id.in_(invitation_ids))
        .order_by(ContactOutcome.id)
    )
    return {
        invitation_id: Told(result, at, by or "", _is_before(at, changed_at)) for invitation_id, result, at, by in rows
    }


def invitations_of_household(scope: Scope, household_id: int, limit: int = 20) -> list[Invitation]:
    """A household's invitations to meetings that the scope reaches, the latest first; those given up for another
    entry of the same household are left out."""
    seen = meetings_visible_to(scope).with_only_columns(Meeting.id)
    return list(
        db.session.scalars(
            sa.select(Invitation)
            .where(
                Invitation.household_id == household_id,
                Invitation.merged_into_id.is_(None),
                Invitation.meeting_id.in_(seen),
            )
            .options(joinedload(Invitation.meeting))
            .order_by(Invitation.id.desc())
            .limit(limit)
        )
    )
