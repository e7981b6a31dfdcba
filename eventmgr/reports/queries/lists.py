"""The rows behind each figure, for those who may see names. A list has as many rows as its figure says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from eventmgr.areas.models import Area
from eventmgr.core.clock import local
from eventmgr.core.db import db
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.queries.reached import was_reached
from eventmgr.meetings.values import Rsvp
from eventmgr.messaging.models import Message
from eventmgr.reports.queries.attendance import once_each, standing
from eventmgr.reports.queries.invitations import was_absent
from eventmgr.reports.queries.messages import STATES_OF, about_meeting
from eventmgr.reports.queries.selection import HELD, NOT_CANCELLED, Condition
from eventmgr.reports.values import AttendanceLine, CrowdGroup, InvitationGroup, ListedRow, ListOf, MessageGroup
from eventmgr.residents.models import Guest, Household, Resident

PAGE = 100
Statement = sa.Select[Any]

_INVITED: dict[InvitationGroup, Condition] = {
    InvitationGroup.ALL: sa.true(),
    InvitationGroup.HOUSEHOLDS: Invitation.household_id.is_not(None),
    InvitationGroup.GUESTS: Invitation.guest_id.is_not(None),
    InvitationGroup.REACHED: was_reached(),
    InvitationGroup.NOT_REACHED: ~was_reached(),
    InvitationGroup.COMING: Invitation.rsvp == Rsvp.COMING,
    InvitationGroup.PROXY: Invitation.rsvp == Rsvp.PROXY,
    InvitationGroup.NOT_COMING: Invitation.rsvp == Rsvp.ABSENT,
    InvitationGroup.UNANSWERED: Invitation.rsvp == Rsvp.NONE,
    InvitationGroup.ABSENT: was_absent(),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """Which list of the chosen meetings is wanted. A hamlet narrows attendances to those who lived there."""

    of: ListOf
    group: CrowdGroup | InvitationGroup | MessageGroup
    hamlet_id: int | None = None


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list: how many rows there are in all, and where the next page begins."""

    rows: tuple[ListedRow, ...]
    count: int
    next_after: int | None


def listed(chosen: Condition, listing: Listing, after: int | None = None, limit: int = PAGE) -> ListPage:
    """A page of the list, by name in Vietnamese order; `after` is the last row's id of the page before."""
    statement = _statement(chosen, listing)
    count = db.session.scalar(sa.select(sa.func.count()).select_from(statement.subquery())) or 0
    whole = statement.subquery("listed")
    page = sa.select(whole).order_by(whole.c.sort, whole.c.row_id).limit(limit + 1)
    if after is not None:
        last = sa.select(whole.c.sort, whole.c.row_id).where(whole.c.row_id == after)
        place = db.session.execute(last).first()
        if place is not None:
            page = page.where(sa.tuple_(whole.c.sort, whole.c.row_id) > sa.tuple_(*place))
    rows = db.session.execute(page).mappings().all()
    shown = tuple(_row(row) for row in rows[:limit])
    return ListPage(shown, count, shown[-1].row_id if len(rows) > limit else None)


def attendance_lines(chosen: Condition) -> Iterator[AttendanceLine]:
    """Everybody who came to the chosen meetings that were held, for handing on: meeting by meeting, by name."""
    statement = _attendances(sa.and_(chosen, HELD), Listing(ListOf.ATTENDANCES, CrowdGroup.ALL)).subquery("listed")
    ordered = sa.select(statement).order_by(statement.c.meeting_id, statement.c.sort, statement.c.row_id)
    for row in db.session.execute(ordered, execution_options={"yield_per": 1000}).mappings():
        yield AttendanceLine(
            meeting=row["meeting"],
            name=row["name"],
            hamlet=row["hamlet"],
            household_head=row["head"],
            stood_in_by=row["stood_in_by"],
            is_guest=bool(row["is_guest"]),
            at=local(row["at"]),
        )


def _statement(chosen: Condition, listing: Listing) -> Statement:
    match listing.of:
        case ListOf.INVITATIONS:
            return _invitations(chosen, listing)
        case ListOf.MESSAGES:
            return _messages(chosen, listing)
        case _:
            return _attendances(sa.and_(chosen, NOT_CANCELLED), listing)


def _attendances(chosen: Condition, listing: Listing) -> Statement:
    """Attendances, or each person or household once as its latest attendance has it."""
    rows = standing(chosen)
    if listing.of is ListOf.PEOPLE:
        rows = once_each(rows, rows.c.person)
    elif listing.of is ListOf.HOUSEHOLDS:
        rows = once_each(rows, rows.c.household_id)
    head, hamlet = aliased(Resident), aliased(Area)
    name = sa.func.coalesce(
        Resident.full_name, Guest.full_name, sa.func.nullif(rows.c.walk_in_name, ""), head.full_name, ""
    )
    if listing.of is ListOf.HOUSEHOLDS:
        name = sa.func.coalesce(head.full_name, "")
    sort = sa.func.coalesce(Resident.name_sort, Guest.name_sort, head.name_sort, "")
    statement = (
        sa.select(
            rows.c.id.label("row_id"),
            name.label("name"),
            sort.label("sort"),
            sa.func.coalesce(hamlet.name, "").label("hamlet"),
            sa.func.coalesce(head.full_name, "").label("head"),
            rows.c.proxy_name.label("stood_in_by"),
            sa.func.coalesce(Guest.organisation, "").label("title"),
            rows.c.is_guest.label("is_guest"),
            sa.literal("").label("state"),
            Meeting.title.label("meeting"),
            Meeting.id.label("meeting_id"),
            rows.c.attended_at.label("at"),
        )
        .select_from(rows)
        .join(Meeting, rows.c.meeting_id == Meeting.id)
        .outerjoin(Resident, rows.c.resident_id == Resident.id)
        .outerjoin(Guest, rows.c.guest_id == Guest.id)
        .outerjoin(head, sa.and_(head.household_id == rows.c.household_id, head.is_head))
        .outerjoin(hamlet, rows.c.hamlet_id == hamlet.id)
        .where(_in_crowd(rows, CrowdGroup(listing.group)))
    )
    if listing.hamlet_id is not None:
        statement = statement.where(rows.c.hamlet_id == listing.hamlet_id)
    return statement


def _in_crowd(rows: sa.Subquery, group: CrowdGroup) -> Condition:
    match group:
        case CrowdGroup.ALL:
            return sa.true()
        case CrowdGroup.WOMEN:
            return rows.c.is_woman == 1
        case CrowdGroup.MINORITY:
            return rows.c.is_minority == 1
        case CrowdGroup.GUESTS:
            return rows.c.is_guest == 1
        case CrowdGroup.PROXIES:
            return rows.c.is_proxy == 1
        case _:
            return rows.c.poverty_class == group.value


def _invitations(chosen: Condition, listing: Listing) -> Statement:
    return _invitees(
        sa.select(
            Invitation.id.label("row_id"),
            *_invitee_columns(),
            sa.cast(Invitation.rsvp, sa.String).label("state"),
            Meeting.title.label("meeting"),
            Meeting.id.label("meeting_id"),
            Invitation.rsvp_at.label("at"),
        ).join(Meeting, Invitation.meeting_id == Meeting.id)
    ).where(chosen, Invitation.withdrawn_at.is_(None), _INVITED[InvitationGroup(listing.group)])


def _messages(chosen: Condition, listing: Listing) -> Statement:
    recipient = Message.recipient_key == sa.literal("invitation:") + sa.cast(Invitation.id, sa.String)
    return _invitees(
        sa.select(
            Message.id.label("row_id"),
            *_invitee_columns(),
            sa.cast(Message.state, sa.String).label("state"),
            Meeting.title.label("meeting"),
            Meeting.id.label("meeting_id"),
            sa.func.coalesce(Message.settled_at, Message.queued_at).label("at"),
        )
        .select_from(Meeting)
        .join(Message, about_meeting())
        .outerjoin(Invitation, sa.and_(Invitation.meeting_id == Meeting.id, recipient))
    ).where(chosen, Message.state.in_(STATES_OF[MessageGroup(listing.group)]))


_INVITED_HEAD = aliased(Resident, name="invited_head")
_INVITED_HAMLET = aliased(Area, name="invited_hamlet")


def _invitee_columns() -> list[Any]:
    name = sa.func.coalesce(_INVITED_HEAD.full_name, Guest.full_name, "")
    return [
        name.label("name"),
        sa.func.coalesce(_INVITED_HEAD.name_sort, Guest.name_sort, "").label("sort"),
        sa.func.coalesce(_INVITED_HAMLET.name, "").label("hamlet"),
        sa.func.coalesce(_INVITED_HEAD.full_name, "").label("head"),
        sa.literal("").label("stood_in_by"),
        sa.func.coalesce(Guest.organisation, "").label("title"),
        sa.case((Invitation.guest_id.is_not(None), 1), else_=0).label("is_guest"),
    ]


def _invitees(statement: Statement) -> Statement:
    """Joins what names the invited household or guest."""
    return (
        statement.outerjoin(Household, Invitation.household_id == Household.id)
        .outerjoin(_INVITED_HEAD, sa.and_(_INVITED_HEAD.household_id == Household.id, _INVITED_HEAD.is_head))
        .outerjoin(_INVITED_HAMLET, Household.hamlet_id == _INVITED_HAMLET.id)
        .outerjoin(Guest, Invitation.guest_id == Guest.id)
    )


def _row(row: Any) -> ListedRow:
    at = row["at"]
    return ListedRow(
        row_id=row["row_id"],
        name=row["name"],
        hamlet=row["hamlet"],
        household_head=row["head"],
        stood_in_by=row["stood_in_by"],
        title=row["title"],
        is_guest=bool(row["is_guest"]),
        state=row["state"],
        meeting=row["meeting"],
        meeting_id=row["meeting_id"],
        at=local(at) if at else None,
    )
