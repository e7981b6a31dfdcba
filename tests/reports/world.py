"""A small commune counted by hand. The figures the tests expect are in the comments beside the rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from eventmgr.checkin.models import Attendance
from eventmgr.checkin.values import Method
from eventmgr.core.clock import now
from eventmgr.core.db import db
from eventmgr.meetings.models import ContactOutcome, Invitation, Meeting
from eventmgr.meetings.values import Channel, ContactResult, MeetingStatus, Rsvp
from eventmgr.messaging.models import Batch, Message
from eventmgr.messaging.values import BatchKind, BatchState, MessageState
from eventmgr.plans.models import Indicator, Output, Plan, PlanSection, PlanTarget, PlanTask
from eventmgr.plans.values import Direction, OutputKind, SectionKind
from eventmgr.residents.models import Guest, Household, Resident
from eventmgr.residents.values import Gender, PovertyClass
from tests.factories import (
    hamlet_of,
    make_commune,
    make_guest,
    make_household,
    make_invitation,
    make_meeting,
    make_plan,
)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(frozen=True, slots=True)
class World:
    """Ids to ask for."""

    commune: int
    plan: int
    empty_plan: int
    first: int
    joint: int
    ahead: int
    cancelled: int
    hamlets: tuple[int, int, int]


def at(month: int, day: int, hour: int = 8, minute: int = 0) -> datetime:
    return datetime(2023, month, day, hour, minute, tzinfo=ZONE)


def attend(meeting: Meeting, moment: datetime, household: Household | None = None, **details: Any) -> Attendance:
    """Somebody came; hamlet, class and minority are taken from the household unless said otherwise."""
    snapshot: dict[str, Any] = {"poverty_class": PovertyClass.OTHER, "gender": Gender.UNKNOWN, "is_minority": None}
    if household is not None:
        snapshot |= {
            "household": household,
            "hamlet_id": household.hamlet_id,
            "poverty_class": household.poverty_class,
            "is_minority": household.ethnic_group != "Kinh",
        }
    row = Attendance(**{"meeting": meeting, "attended_at": moment, "method": Method.LIST} | snapshot | details)
    db.session.add(row)
    db.session.flush()
    return row


def build_world() -> World:
    """Call inside a unit of work."""
    commune = make_commune()
    one, two, three = (hamlet_of(commune, place) for place in range(3))
    poor = make_household(one, "Nông Thị Ánh", gender=Gender.FEMALE, members=("Nông Văn Bé",))
    near = make_household(one, "Hoàng Văn Cả", poverty_class=PovertyClass.NEAR_POOR, ethnic_group="Kinh")
    away = make_household(one, "Vi Thị Dần", poverty_class=PovertyClass.OTHER)
    make_household(one, "Lý Văn Đã Chuyển", left_on=date(2023, 4, 1))  # left before the plan began: counts nowhere
    escaped = make_household(two, "Bế Thị Én", poverty_class=PovertyClass.NEWLY_ESCAPED, ethnic_group="Tày")
    other = make_household(two, "Chu Văn Giang", poverty_class=PovertyClass.OTHER, ethnic_group="Kinh")
    make_household(three, "Lành Thị Hoa")
    guest = make_guest(commune)

    plan = make_plan(commune, number="7", dated_on=date(2023, 5, 23), report_to="Phòng chuyên môn huyện")
    _fill_plan(plan, {one.id: 2, two.id: 1, three.id: 1})
    empty_plan = make_plan(commune, year=2024, starts_on=date(2024, 1, 1), ends_on=date(2024, 12, 31))

    first = make_meeting(one, plan=plan, starts_at=at(6, 15), status=MeetingStatus.HELD)
    joint = make_meeting(one, two, plan=plan, starts_at=at(7, 20), status=MeetingStatus.CLOSED)
    ahead = make_meeting(three, plan=plan, starts_at=at(9, 1))
    cancelled = make_meeting(two, plan=plan, starts_at=at(8, 1), status=MeetingStatus.CANCELLED)
    elsewhere = make_meeting(one, starts_at=at(6, 20), status=MeetingStatus.HELD)

    _come_first(first, poor, near, other, guest)
    _come_jointly(joint, poor, near, escaped, other, guest)
    attend(cancelled, at(8, 1), other)  # cancelled, so nobody counts
    attend(elsewhere, at(6, 20), other)  # another plan's meeting
    _invite(first, poor, near, away, other, guest)
    return World(
        commune.id,
        plan.id,
        empty_plan.id,
        first.id,
        joint.id,
        ahead.id,
        cancelled.id,
        (one.id, two.id, three.id),
    )


def _fill_plan(plan: Plan, meetings: dict[int, int]) -> None:
    held = Indicator(code="meetings", name="Hội nghị")
    came = Indicator(code="participants", name="Người dự")
    plan.targets = [PlanTarget(hamlet_id=hamlet, indicator=held, quantity=count) for hamlet, count in meetings.items()]
    plan.targets.append(PlanTarget(hamlet_id=None, indicator=came, quantity=22))
    plan.sections = [
        PlanSection(kind=SectionKind.LEGAL_BASES, position=1, text="Kế hoạch số 196 của cấp trên;"),
        PlanSection(
            kind=SectionKind.RECIPIENTS, position=2, text="- Phòng chuyên môn huyện (B/c);\n- CT, PCT UBND xã;"
        ),
    ]
    plan.tasks = [PlanTask(responsible="Công chức giảm nghèo", task="Tham mưu tổ chức hội nghị")]
    plan.outputs = [
        Output(kind=OutputKind.LEAFLET, direction=Direction.HANDED_OUT, quantity=200, done_on=date(2023, 6, 1)),
        Output(kind=OutputKind.LEAFLET, direction=Direction.HANDED_OUT, quantity=50, done_on=date(2023, 7, 1)),
    ]


def _come_first(meeting: Meeting, poor: Household, near: Household, other: Household, guest: Guest) -> None:
    """5 attendances: poor 2, near-poor 1, other 2; women 1, minority 2, guests 1; households 2."""
    head, member = _members(poor)
    attend(meeting, at(6, 15, 7, 40), poor, resident=head, gender=Gender.FEMALE)
    attend(meeting, at(6, 15, 7, 40), poor, resident=member, gender=Gender.MALE)
    attend(meeting, at(6, 15, 7, 45), near)  # a representative without a name
    attend(meeting, at(6, 15, 7, 50), guest=guest)
    attend(meeting, at(6, 15, 7, 55), walk_in_name="Khách vãng lai")
    attend(meeting, at(6, 15, 7, 56), other, resident=_members(other)[0], undone_at=at(6, 15, 7, 58))


def _come_jointly(
    meeting: Meeting, poor: Household, near: Household, escaped: Household, other: Household, guest: Guest
) -> None:
    """6 attendances: near-poor 2, newly escaped 1, other 3; women 1, minority 2, guests 1, stand-ins 1; households 4."""
    head, _ = _members(poor)
    # Poor in June, near-poor by July's decision: the snapshots differ.
    attend(meeting, at(7, 20), poor, resident=head, gender=Gender.FEMALE, poverty_class=PovertyClass.NEAR_POOR)
    attend(meeting, at(7, 20), near)
    attend(meeting, at(7, 20), escaped, resident=_members(escaped)[0], proxy_name="Bế Văn Con", relation="con trai")
    attend(meeting, at(7, 20), other, resident=_members(other)[0], gender=Gender.MALE)
    attend(meeting, at(7, 20), guest=guest)
    attend(meeting, at(7, 20), walk_in_name="Khách vãng lai")


def _invite(
    meeting: Meeting, poor: Household, near: Household, away: Household, other: Household, guest: Guest
) -> None:
    """3 households and 1 guest stand; reached 2, coming 1, sending someone 1, absent 1; 3 texts."""
    told = make_invitation(meeting, poor, rsvp=Rsvp.COMING, rsvp_at=now())
    missed = make_invitation(meeting, near, rsvp=Rsvp.PROXY, rsvp_at=now())
    texted = make_invitation(meeting, away)
    make_invitation(meeting, guest=guest)
    make_invitation(meeting, other, withdrawn_at=now())
    _contact(told, ContactResult.TOLD_IN_PERSON)
    _contact(told, ContactResult.CALLED)  # told twice, reached once
    _contact(missed, ContactResult.NOT_REACHED)
    batch = Batch(
        area_id=meeting.area_id,
        subject=f"meeting:{meeting.id}",
        title="Mời",
        kind=BatchKind.INVITE,
        texts={},
        send_at=now(),
        state=BatchState.DONE,
        created_at=now(),
    )
    db.session.add(batch)
    _text(batch, told, MessageState.ACCEPTED, segments=2, price=700)
    _text(batch, missed, MessageState.FAILED, segments=1, price=350)
    _text(batch, texted, MessageState.DELIVERED, segments=1, price=350)
    db.session.flush()


def _contact(invitation: Invitation, result: ContactResult) -> None:
    invitation.outcomes.append(ContactOutcome(channel=Channel.CALL, result=result, at=now()))


def _text(batch: Batch, invitation: Invitation, state: MessageState, *, segments: int, price: int) -> None:
    batch.messages.append(
        Message(
            public_id=uuid4().hex,
            subject=batch.subject,
            kind=batch.kind,
            revision=1,
            phone=f"+8491{invitation.id:07}",
            recipient_key=f"invitation:{invitation.id}",
            text="Kinh moi",
            encoding="GSM-7",
            segments=segments,
            price=price,
            state=state,
            next_attempt_at=now(),
            queued_at=now(),
        )
    )


def _members(household: Household) -> list[Resident]:
    return list(household.members)
