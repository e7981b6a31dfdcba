"""Things of the office, sensible by default: a test states only what it depends on.

Use inside `with app.app_context(), unit_of_work():`. All names and numbers are invented.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from eventmgr.accounts.models import Grant, User
from eventmgr.areas.models import Area
from eventmgr.areas.services import add_area
from eventmgr.areas.values import AreaDetails, Level
from eventmgr.core.access import Role
from eventmgr.core.clock import now
from eventmgr.core.codes import new_code
from eventmgr.core.db import db
from eventmgr.core.text import person_sort_key, search_key
from eventmgr.meetings.models import Invitation, InvitationMember, Meeting, MeetingHamlet
from eventmgr.meetings.values import Channel, InviteUnit, MeetingStatus
from eventmgr.plans.models import Plan
from eventmgr.residents.models import Contact, Guest, Household, PovertyStatus, Resident
from eventmgr.residents.values import Gender, PhoneOwner, PovertyClass

_number = count(1)
HAMLETS = ("Bản Mẫu Một", "Bản Mẫu Hai", "Nà Ví Dụ")


def make_commune(name: str = "Bình Trung", code: str | None = "06217", hamlets: tuple[str, ...] = HAMLETS) -> Area:
    """A commune with its hamlets."""
    commune = add_area(AreaDetails(Level.COMMUNE, name, code), None, by=None, now=now())
    for hamlet in hamlets:
        add_area(AreaDetails(Level.HAMLET, hamlet), commune, by=None, now=now())
    return commune


def make_hamlet(commune: Area, name: str | None = None) -> Area:
    """One more hamlet of a commune."""
    return add_area(AreaDetails(Level.HAMLET, name or f"Bản Mẫu {next(_number)}"), commune, by=None, now=now())


def hamlet_of(commune: Area, place: int = 0) -> Area:
    """A hamlet of the commune, in Vietnamese order."""
    return sorted(commune.children, key=lambda hamlet: hamlet.name_sort)[place]


def make_user(role: Role = Role.OFFICER, area: Area | None = None, **details: Any) -> User:
    """Somebody who can sign in (with no password: tests sign in by session)."""
    number = next(_number)
    user = User(
        **{
            "email": f"can-bo-{number}@vi-du.example",
            "full_name": f"Hoàng Thị Mẫu {number}",
            "password_hash": "none",
            "created_at": now(),
        }
        | details
    )
    if area is not None:
        user.grants.append(Grant(area=area, role=role))
    db.session.add(user)
    db.session.flush()
    return user


def make_household(
    hamlet: Area,
    head: str | None = "Nông Văn Ánh",
    *,
    phone: str | None = None,
    owner: PhoneOwner = PhoneOwner.MEMBER,
    poverty_class: PovertyClass = PovertyClass.POOR,
    gender: Gender = Gender.UNKNOWN,
    ethnic_group: str = "Nùng",
    members: tuple[str, ...] = (),
    **details: Any,
) -> Household:
    """A household with its head, further members by name, and perhaps a phone (E.164)."""
    assert hamlet.parent is not None
    household = Household(
        **{
            "hamlet": hamlet,
            "commune": hamlet.parent,
            "poverty_class": poverty_class,
            "ethnic_group": ethnic_group,
            "created_at": now(),
        }
        | details
    )
    db.session.add(household)
    household.statuses.append(PovertyStatus(decision="Danh sách mẫu 2023", year=2023, poverty_class=poverty_class))
    if head:
        _resident(household, head, is_head=True, gender=gender, ethnic_group=ethnic_group)
    for name in members:
        _resident(household, name, ethnic_group=ethnic_group)
    if phone:
        household.contacts.append(Contact(phone=phone, owner=owner))
    db.session.flush()
    db.session.expire(household)
    return household


def make_resident(household: Household, full_name: str, **details: Any) -> Resident:
    """A member of the household."""
    resident = _resident(household, full_name, **details)
    db.session.flush()
    return resident


def _resident(household: Household, full_name: str, **details: Any) -> Resident:
    resident = Resident(
        household=household,
        full_name=full_name,
        name_search=search_key(full_name),
        name_sort=person_sort_key(full_name),
        **{"gender": Gender.UNKNOWN, "created_at": now()} | details,
    )
    db.session.add(resident)
    return resident


def make_guest(commune: Area, full_name: str = "Lý Thị Khách", **details: Any) -> Guest:
    """A cadre of the commune."""
    guest = Guest(
        area=commune,
        full_name=full_name,
        name_search=search_key(full_name),
        name_sort=person_sort_key(full_name),
        **{"title": "Chủ tịch", "organisation": "Hội Phụ nữ xã", "created_at": now()} | details,
    )
    db.session.add(guest)
    db.session.flush()
    return guest


def make_plan(commune: Area, **details: Any) -> Plan:
    """The year's plan."""
    plan = Plan(
        area=commune,
        **{
            "title": "Truyền thông về giảm nghèo đa chiều năm 2023",
            "year": 2023,
            "starts_on": date(2023, 5, 1),
            "ends_on": date(2023, 12, 31),
            "created_at": now(),
        }
        | details,
    )
    db.session.add(plan)
    db.session.flush()
    return plan


def make_meeting(
    *hamlets: Area, starts_at: datetime | None = None, plan: Plan | None = None, **details: Any
) -> Meeting:
    """A scheduled meeting of these hamlets, tomorrow at this hour unless said otherwise."""
    commune = hamlets[0].parent
    assert commune is not None
    starts_at = starts_at or now() + timedelta(days=1)
    meeting = Meeting(
        area=commune,
        plan=plan,
        **{
            "title": "Hội nghị truyền thông về giảm nghèo đa chiều",
            "venue": "Nhà văn hóa thôn",
            "venue_short": "nha van hoa thon",
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=2),
            "status": MeetingStatus.SCHEDULED,
            "invite_unit": InviteUnit.HOUSEHOLD,
            "audience_classes": [],
            "created_at": now(),
        }
        | details,
    )
    meeting.hamlet_rows = [MeetingHamlet(hamlet=hamlet) for hamlet in hamlets]
    db.session.add(meeting)
    db.session.flush()
    return meeting


def make_invitation(
    meeting: Meeting,
    household: Household | None = None,
    guest: Guest | None = None,
    *,
    named: tuple[Resident, ...] = (),
    **details: Any,
) -> Invitation:
    """A household (or guest) is asked to the meeting."""
    invitation = Invitation(
        meeting=meeting,
        household=household,
        guest=guest,
        **{"code": new_code(), "channel": Channel.PAPER, "invited_at": now()} | details,
    )
    invitation.members = [InvitationMember(resident=resident) for resident in named]
    db.session.add(invitation)
    db.session.flush()
    return invitation
