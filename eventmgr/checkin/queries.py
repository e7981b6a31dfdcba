"""Reads of the check-in room."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from eventmgr.areas.models import Area
from eventmgr.checkin.models import Attendance, Device, good_until
from eventmgr.checkin.values import Counts, Doorkeeper, HamletCount, MeetingAtDoor, Signed
from eventmgr.core.access import Scope
from eventmgr.core.clock import local_day
from eventmgr.core.codes import normalise_code
from eventmgr.core.db import db, glance, table_of
from eventmgr.core.errors import NotFound
from eventmgr.core.settings import SettingKey, setting
from eventmgr.core.text import search_key
from eventmgr.meetings.models import Invitation, InvitationMember, Meeting, MeetingHamlet
from eventmgr.meetings.queries.meetings import meetings_visible_to
from eventmgr.meetings.values import MeetingStatus
from eventmgr.residents.models import TAIL, Contact, Guest, Household, Resident

OPENS_HOURS_BEFORE = SettingKey("check_in_opens_hours_before", 12)
"""How long before the meeting the door opens."""

FOUND_AT_MOST = 20
"""Names a search shows: more means that more letters are needed."""

PHONE_END = re.compile(r"[+\d][\d .-]*", re.ASCII)
"""How a phone, or its end, is typed."""


# --- Who stands at the door ---------------------------------------------------------------------


def find_device_by_digest(token_digest: str) -> Device | None:
    """The paired phone whose token this is, revoked and expired ones too, or None."""
    return db.session.scalar(
        sa.select(Device)
        .where(Device.token_digest == token_digest)
        .options(joinedload(Device.hamlet), joinedload(Device.meeting).joinedload(Meeting.area))
    )


def whole(meeting: Meeting) -> Scope:
    """The reach of somebody who stands at every door of the meeting."""
    return Scope((meeting.area.path,))


@dataclass(frozen=True, slots=True)
class DeviceAtDoor:
    """A paired phone, and the meeting it asks for if it stands at its door."""

    id: int
    label: str
    only_meeting_id: int | None
    reach: str | None  # the path of its hamlet, or of the commune that holds its meeting
    good_until: datetime
    revoked_at: datetime | None
    last_seen_at: datetime | None
    unsent: int | None
    unsent_at: datetime | None
    meeting: MeetingAtDoor | None


def find_device_at_door(token_digest: str, meeting_id: int) -> DeviceAtDoor | None:
    """As `find_device_by_digest` and `get_meeting_at_door`, in one look: every scan begins with it."""
    with glance() as connection:
        row = connection.execute(_DEVICE_AT_DOOR, {"token": token_digest, "meeting": meeting_id}).first()
    if row is None:
        return None
    reached = row.area_path is not None and row.reach is not None
    reached = reached and (row.area_path.startswith(row.reach) or row.is_served)
    shown = reached and row.meeting_id in (None, meeting_id)
    meeting = MeetingAtDoor(meeting_id, row.area_id, row.area_path, row.status, row.starts_at) if shown else None
    return DeviceAtDoor(
        row.id,
        row.label,
        row.meeting_id,
        row.reach,
        good_until(row.expires_at, row.follows_end, row.ends_at or row.own_starts_at),
        row.revoked_at,
        row.last_seen_at,
        row.unsent,
        row.unsent_at,
        meeting,
    )


def _device_at_door() -> sa.Select[Any]:
    device, asked, own = table_of(Device), table_of(Meeting), table_of(Meeting).alias("own_meeting")
    commune, home, hamlet = (table_of(Area).alias(name) for name in ("commune", "home", "hamlet"))
    reach = sa.func.coalesce(hamlet.c.path, home.c.path)
    served, serving = table_of(Area).alias("served"), table_of(MeetingHamlet)
    is_served = (
        sa.select(1)
        .join_from(serving, served, served.c.id == serving.c.hamlet_id)
        .where(serving.c.meeting_id == asked.c.id, sa.func.substr(served.c.path, 1, sa.func.length(reach)) == reach)
        .exists()
    )
    return (
        sa.select(
            *(device.c[name] for name in ("id", "label", "meeting_id", "expires_at", "follows_end", "revoked_at")),
            *(device.c[name] for name in ("last_seen_at", "unsent", "unsent_at")),
            own.c.ends_at,
            own.c.starts_at.label("own_starts_at"),
            reach.label("reach"),
            asked.c.area_id,
            asked.c.status,
            asked.c.starts_at,
            commune.c.path.label("area_path"),
            is_served.label("is_served"),
        )
        .select_from(
            device.outerjoin(hamlet, hamlet.c.id == device.c.hamlet_id)
            .outerjoin(own, own.c.id == device.c.meeting_id)
            .outerjoin(home, home.c.id == own.c.area_id)
            .outerjoin(asked, asked.c.id == sa.bindparam("meeting", type_=sa.Integer))
            .outerjoin(commune, commune.c.id == asked.c.area_id)
        )
        .where(device.c.token_digest == sa.bindparam("token", type_=sa.String))
    )


_DEVICE_AT_DOOR = _device_at_door()


def get_meeting_at_door(keeper: Doorkeeper, meeting_id: int) -> Meeting:
    """The meeting, if this keeper stands at its door. Raises NotFound."""
    if keeper.only_meeting_id not in (None, meeting_id):
        raise NotFound
    meeting = db.session.scalar(
        meetings_visible_to(keeper.scope).where(Meeting.id == meeting_id).options(joinedload(Meeting.area))
    )
    if meeting is None:
        raise NotFound
    return meeting


def meetings_at_door(keeper: Doorkeeper, now: datetime, *, days: int = 7) -> list[Meeting]:
    """The meetings of today and the next days at whose door this keeper may stand, soonest first."""
    chosen = meetings_visible_to(keeper.scope).where(
        Meeting.starts_at >= now - timedelta(hours=18),
        Meeting.starts_at <= now + timedelta(days=days),
        Meeting.status.in_([MeetingStatus.SCHEDULED, MeetingStatus.HELD]),
    )
    if keeper.only_meeting_id is not None:
        chosen = meetings_visible_to(keeper.scope).where(Meeting.id == keeper.only_meeting_id)
    chosen = chosen.options(selectinload(Meeting.hamlets), joinedload(Meeting.area))
    return list(db.session.scalars(chosen.order_by(Meeting.starts_at, Meeting.id)))


def devices_of(meeting: Meeting) -> list[Device]:
    """The phones paired, or waiting to be, for a meeting or its hamlets; newest first, used-up links left out."""
    hamlets = sa.select(MeetingHamlet.hamlet_id).where(MeetingHamlet.meeting_id == meeting.id)
    return list(
        db.session.scalars(
            sa.select(Device)
            .where(sa.or_(Device.meeting_id == meeting.id, Device.hamlet_id.in_(hamlets)))
            .options(joinedload(Device.meeting), joinedload(Device.hamlet))
            .order_by(Device.id.desc())
        )
    )


# --- The door and the codes ---------------------------------------------------------------------


def opens_at(meeting: Meeting) -> datetime | None:
    """When the door opens; None while the day is not settled."""
    if meeting.starts_at is None:
        return None
    return meeting.starts_at - hours_before(meeting.area.path, meeting.starts_at)


def hours_before(path: str, starts_at: datetime) -> timedelta:
    """How long before a meeting of the area at `path` the door opens."""
    return timedelta(hours=float(setting(path, OPENS_HOURS_BEFORE, local_day(starts_at))))


class _Named(Protocol):
    @property
    def full_name(self) -> str: ...
    @property
    def is_head(self) -> bool: ...


class _OfMembers(Protocol):
    @property
    def code(self) -> str | None: ...
    @property
    def members(self) -> Sequence[_Named]: ...


def name_of(household: _OfMembers) -> str:
    """What a household is called: its head's name, else a member's, else its code."""
    head = next((member for member in household.members if member.is_head), None)
    first = head or next(iter(household.members), None)
    return first.full_name if first else household.code or ""


def find_hamlet_id(meeting: MeetingAtDoor, hamlet_id: int | None) -> int | None:
    """The hamlet a walk-in names, if it is one of the meeting's commune."""
    if hamlet_id is None:
        return None
    return db.session.scalar(sa.select(Area.id).where(Area.id == hamlet_id, Area.parent_id == meeting.area_id))


def find_known_meeting(meeting_id: int, keeper: Doorkeeper) -> Meeting | None:
    """A meeting that a code read at another door is for, if this keeper may know of it."""
    return db.session.scalar(meetings_visible_to(keeper.scope).where(Meeting.id == meeting_id))


# --- Who has come -------------------------------------------------------------------------------


def get_attendance_at(meeting: Meeting | MeetingAtDoor, attendance_id: int, scope: Scope) -> Attendance:
    """An attendance of this very meeting, within the keeper's reach. Raises NotFound."""
    row = db.session.scalar(
        sa.select(Attendance)
        .outerjoin(Area, Area.id == Attendance.hamlet_id)
        .where(
            Attendance.id == attendance_id,
            Attendance.meeting_id == meeting.id,
            sa.or_(Attendance.hamlet_id.is_(None), scope.within(Area.path)),
        )
        .options(joinedload(Attendance.meeting))
    )
    if row is None:
        raise NotFound
    return row


def last_attendances(meeting: Meeting, scope: Scope, *, limit: int = 10) -> list[Attendance]:
    """Who came last, newest first; undone ones too, as they can be taken back."""
    return list(
        db.session.scalars(
            sa.select(Attendance)
            .outerjoin(Area, Area.id == Attendance.hamlet_id)
            .where(
                Attendance.meeting_id == meeting.id,
                sa.or_(Attendance.hamlet_id.is_(None), scope.within(Area.path)),
                Attendance.undo_reason != "named",
            )
            .options(
                joinedload(Attendance.resident),
                joinedload(Attendance.guest),
                joinedload(Attendance.hamlet),
                joinedload(Attendance.device),
                joinedload(Attendance.household).selectinload(Household.members),
            )
            .order_by(Attendance.attended_at.desc(), Attendance.id.desc())
            .limit(limit)
        )
    )


def name_on(attendance: Attendance) -> str:
    """Whom an attendance names: the person, who came instead, or the household."""
    if attendance.resident is not None:
        return attendance.resident.full_name
    if attendance.proxy_name or attendance.walk_in_name:
        return attendance.proxy_name or attendance.walk_in_name
    if attendance.guest is not None:
        return attendance.guest.full_name
    return name_of(attendance.household) if attendance.household else ""


def counts_of(meeting: Meeting, scope: Scope) -> Counts:
    """Attendances, persons and households that came, and how many invited ones of each hamlet."""
    came = sa.select(Attendance).where(Attendance.meeting_id == meeting.id, Attendance.undone_at.is_(None)).subquery()
    attendances, residents, guests, unnamed, households = db.session.execute(
        sa.select(
            sa.func.count(),
            sa.func.count(came.c.resident_id.distinct()),
            sa.func.count(came.c.guest_id.distinct()),
            sa.func.coalesce(
                sa.func.sum(sa.case((sa.and_(came.c.resident_id.is_(None), came.c.guest_id.is_(None)), 1), else_=0)), 0
            ),
            sa.func.count(came.c.household_id.distinct()),
        )
        .select_from(came)
        .outerjoin(Area, Area.id == came.c.hamlet_id)
        .where(sa.or_(came.c.hamlet_id.is_(None), scope.within(Area.path)))
    ).one()
    has_come = (
        sa.exists()
        .where(
            Attendance.meeting_id == meeting.id,
            Attendance.undone_at.is_(None),
            sa.or_(Attendance.household_id == Invitation.household_id, Attendance.guest_id == Invitation.guest_id),
        )
        .correlate(Invitation)
    )
    rows = db.session.execute(
        sa.select(Area.name, sa.func.count(), sa.func.coalesce(sa.func.sum(sa.case((has_come, 1), else_=0)), 0))
        .select_from(Invitation)
        .outerjoin(Household, Household.id == Invitation.household_id)
        .outerjoin(Area, Area.id == Household.hamlet_id)
        .where(
            Invitation.meeting_id == meeting.id,
            Invitation.withdrawn_at.is_(None),
            sa.or_(Invitation.guest_id.is_not(None), scope.within(Area.path)),
        )
        .group_by(Area.id, Area.name, Area.name_sort)
        .order_by(Area.name_sort)
    ).all()
    return Counts(
        attendances=attendances,
        persons=residents + guests + unnamed,
        households=households,
        invited=sum(invited for _name, invited, _came in rows),
        came=sum(arrived for _name, _invited, arrived in rows),
        hamlets=tuple(HamletCount(name, invited, arrived) for name, invited, arrived in rows if name is not None),
    )


# --- What a phone takes along -------------------------------------------------------------------


def invitations_at_door(meeting: Meeting, scope: Scope) -> list[Invitation]:
    """The standing invitations this keeper sees: households by hamlet and name, then guests."""
    rows = db.session.scalars(
        sa.select(Invitation)
        .outerjoin(Household, Household.id == Invitation.household_id)
        .outerjoin(Area, Area.id == Household.hamlet_id)
        .where(
            Invitation.meeting_id == meeting.id,
            Invitation.withdrawn_at.is_(None),
            sa.or_(Invitation.guest_id.is_not(None), scope.within(Area.path)),
        )
        .options(
            joinedload(Invitation.guest),
            selectinload(Invitation.members),
            selectinload(Invitation.household).options(selectinload(Household.members), joinedload(Household.hamlet)),
        )
    )
    return sorted(rows, key=_door_order)


def _door_order(invitation: Invitation) -> tuple[bool, str, str, int]:
    household = invitation.household
    if household is None:
        return (True, "", invitation.guest.name_sort if invitation.guest else "", invitation.id)
    head = next(iter(household.members), None)
    return (False, household.hamlet.name_sort, head.name_sort if head else "", invitation.id)


def who_came(meeting: Meeting, scope: Scope) -> list[tuple[int | None, int | None, int | None, int, datetime, Signed]]:
    """Of every standing attendance within the scope: household, resident, guest, its id, when, and how it is signed;
    first comers first."""
    return list(
        db.session.execute(
            sa.select(
                Attendance.household_id,
                Attendance.resident_id,
                Attendance.guest_id,
                Attendance.id,
                Attendance.attended_at,
                Attendance.signed,
            )
            .outerjoin(Area, Area.id == Attendance.hamlet_id)
            .where(
                Attendance.meeting_id == meeting.id,
                Attendance.undone_at.is_(None),
                sa.or_(Attendance.hamlet_id.is_(None), scope.within(Area.path)),
            )
            .order_by(Attendance.attended_at, Attendance.id)
        )
    )


def list_version(meeting: Meeting, scope: Scope) -> str:
    """A word that changes whenever what a phone carries of this meeting does: an invitation is added, withdrawn,
    replaced or another's, or a name or a member of an invited household changes."""
    invitations = (
        sa.select(
            Invitation.id,
            Invitation.code,
            Invitation.household_id,
            Invitation.withdrawn_at.is_(None),
            Invitation.merged_into_id,
            Guest.full_name,
            Guest.title,
            Guest.organisation,
        )
        .outerjoin(Guest, Guest.id == Invitation.guest_id)
        .where(Invitation.meeting_id == meeting.id)
        .order_by(Invitation.id)
    )
    invited = sa.select(Invitation.household_id).where(Invitation.meeting_id == meeting.id)
    # Every change of a person raises the row's version; who came to a household or left it changes the sums.
    members = sa.select(
        sa.func.count(),
        sa.func.sum(Resident.id),
        sa.func.sum(Resident.row_version),
        sa.func.sum(Resident.id * Resident.household_id),
    ).where(Resident.household_id.in_(invited))
    named = (
        sa.select(sa.func.count(), sa.func.sum(InvitationMember.resident_id * InvitationMember.invitation_id))
        .join(Invitation, Invitation.id == InvitationMember.invitation_id)
        .where(Invitation.meeting_id == meeting.id)
    )
    summary = hashlib.sha256(repr((meeting.row_version, scope.paths)).encode())
    for statement in (invitations, members, named):
        for row in db.session.execute(statement):
            summary.update(repr([*map(str, row)]).encode("utf-8", "backslashreplace"))
    return summary.hexdigest()[:16]


def withdrawn_codes(meeting: Meeting, scope: Scope) -> list[tuple[str, datetime]]:
    """The codes of invitations that were withdrawn, so that a phone can say "an old code"; merged ones still open."""
    rows = db.session.execute(
        sa.select(Invitation.code, Invitation.withdrawn_at)
        .outerjoin(Household, Household.id == Invitation.household_id)
        .outerjoin(Area, Area.id == Household.hamlet_id)
        .where(
            Invitation.meeting_id == meeting.id,
            Invitation.withdrawn_at.is_not(None),
            Invitation.merged_into_id.is_(None),
            sa.or_(Invitation.guest_id.is_not(None), scope.within(Area.path)),
        )
        .order_by(Invitation.id)
    )
    return [(code, withdrawn_at) for code, withdrawn_at in rows if withdrawn_at is not None]


def search_people(meeting: Meeting, scope: Scope, typed: str) -> list[Resident]:
    """Residents of the meeting's commune whose names hold the typed words, with or without marks, or whom a phone that
    ends with the typed digits serves; those of the meeting's hamlets first. Under two letters, or four digits, nobody
    is found."""
    words = search_key(typed).split()
    if sum(map(len, words)) < 2:
        return []
    asked = _is_served_by(typed) if is_end_of_phone(typed) else _is_called(words)
    ours = sa.select(MeetingHamlet.hamlet_id).where(MeetingHamlet.meeting_id == meeting.id)
    return list(
        db.session.scalars(
            sa.select(Resident)
            .join(Resident.household)
            .join(Area, Area.id == Household.hamlet_id)
            .where(
                Household.commune_id == meeting.area_id,
                Household.left_on.is_(None),
                Resident.left_on.is_(None),
                scope.within(Area.path),
                asked,
            )
            .options(
                joinedload(Resident.household).options(joinedload(Household.hamlet), selectinload(Household.members))
            )
            .order_by(sa.case((Household.hamlet_id.in_(ours), 0), else_=1), Resident.name_sort, Resident.id)
            .limit(FOUND_AT_MOST)
        )
    )


def is_meant_as_code(typed: str) -> bool:
    """Whether what somebody typed, or a USB scanner, is the code of an invitation and not a name or a phone.

    Ten letters without marks may be a name, ten digits a phone: there only a code that was given out counts.
    """
    code = normalise_code(typed)
    if code is None:
        return False
    plain = "".join(typed.split())
    if "/" in typed or (any(sign.isdigit() for sign in plain) and any(sign.isalpha() for sign in plain)):
        return True
    return db.session.scalar(sa.select(Invitation.id).where(Invitation.code == code)) is not None


def is_end_of_phone(typed: str) -> bool:
    """Whether somebody typed a phone, or its last digits: at least as many as its tail has."""
    return bool(PHONE_END.fullmatch(typed)) and len(_digits(typed)) >= TAIL


def _digits(typed: str) -> str:
    return "".join(sign for sign in typed if sign.isdigit() and sign.isascii())


def _is_called(words: list[str]) -> sa.ColumnElement[bool]:
    return sa.and_(*(Resident.name_search.contains(word, autoescape=True) for word in words))


def _is_served_by(typed: str) -> sa.ColumnElement[bool]:
    """The condition that a phone with this end is the person's, or the household's as such."""
    digits = _digits(typed)
    end = digits[1:] if len(digits) > 8 and digits.startswith("0") else digits  # kept as +84…, typed as 0…
    return sa.exists().where(
        Contact.tail == end[-TAIL:],
        Contact.phone.endswith(end, autoescape=True),
        Contact.household_id == Resident.household_id,
        sa.or_(Contact.resident_id == Resident.id, Contact.resident_id.is_(None)),
    )


# --- What a household or a person has attended --------------------------------------------------


def is_of_household(household_id: int) -> sa.ColumnElement[bool]:
    """The condition that an attendance is a household's, or that of an entry merged into it."""
    merged = sa.select(Household.id).where(Household.merged_into_id == household_id)
    return sa.or_(Attendance.household_id == household_id, Attendance.household_id.in_(merged))


def is_of_resident(resident_id: int) -> sa.ColumnElement[bool]:
    """The condition that an attendance is a person's, or that of an entry merged into it."""
    merged = sa.select(Resident.id).where(Resident.merged_into_id == resident_id)
    return sa.or_(Attendance.resident_id == resident_id, Attendance.resident_id.in_(merged))


def attendances_of(scope: Scope, whose: sa.ColumnElement[bool], limit: int = 20) -> list[Attendance]:
    """Attendances at meetings that the scope reaches, the latest first, those taken back too."""
    seen = meetings_visible_to(scope).with_only_columns(Meeting.id)
    return list(
        db.session.scalars(
            sa.select(Attendance)
            .where(whose, Attendance.meeting_id.in_(seen), Attendance.undo_reason != "named")
            .options(
                joinedload(Attendance.meeting),
                joinedload(Attendance.resident),
                joinedload(Attendance.household).selectinload(Household.members),
            )
            .order_by(Attendance.attended_at.desc(), Attendance.id.desc())
            .limit(limit)
        )
    )


def invitations_present(meeting_id: int) -> set[int]:
    """The invitations whose household or guest is at the meeting."""
    came = sa.exists().where(
        Attendance.meeting_id == meeting_id,
        Attendance.undone_at.is_(None),
        sa.or_(
            Attendance.invitation_id == Invitation.id,
            Attendance.household_id == Invitation.household_id,
            Attendance.guest_id == Invitation.guest_id,
        ),
    )
    return set(db.session.scalars(sa.select(Invitation.id).where(Invitation.meeting_id == meeting_id, came)))
