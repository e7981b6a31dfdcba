"""Meetings past and to come, and who is invited."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa

from eventmgr.core.audit import record_audit
from eventmgr.core.clock import instant_of, local, local_day
from eventmgr.core.codes import ALPHABET, LENGTH
from eventmgr.core.db import db
from eventmgr.demo.invented import SUMMARIES
from eventmgr.demo.services.bulk import insert_keyed, insert_rows
from eventmgr.demo.services.office import Office
from eventmgr.demo.services.people import DEAD, ODD_PHONES_LEARNT, REFUSES
from eventmgr.demo.values import Gathering, Home, Invited, Slot, Visitor
from eventmgr.meetings.models import Invitation, InvitationMember, Meeting, MeetingHamlet, MeetingTopic, Series
from eventmgr.meetings.values import Channel, InviteUnit, MeetingStatus, Rsvp
from eventmgr.plans.models import Plan, Topic
from eventmgr.residents.values import PhoneOwner, PovertyClass

POOR_FIRST = (PovertyClass.POOR, PovertyClass.NEAR_POOR, PovertyClass.NEWLY_ESCAPED)
LENGTH_OF_MEETING = timedelta(hours=2)
HOURS = (time(7, 30), time(8, 0), time(14, 0), time(19, 0))
MOST_HOUSES_OF_ONE_PHONE = 2
TITLE = "Hội nghị truyền thông giảm nghèo thôn {hamlet}"


# --- Meetings -----------------------------------------------------------------------------------


def timetable(office: Office, number: int, now: datetime) -> list[Slot]:
    """When and where: half of the meetings are over, one comes next, the rest follow, the last has but a month."""
    past = number // 2
    slots = [_past_slot(office, place, past, now) for place in range(past)]
    slots += [_coming_slot(office, place, number - past, now) for place in range(number - past)]
    return slots


def _past_slot(office: Office, place: int, past: int, now: datetime) -> Slot:
    days = 2 + (past - 1 - place) * max(1, min(8, 60 // past))
    # One of the past was called off; the two latest are held but not closed, the last has no minutes yet.
    status = MeetingStatus.HELD if place >= past - 2 and past > 2 else MeetingStatus.CLOSED
    if past >= 5 and place == past - 3:
        status = MeetingStatus.CANCELLED
    joint = past >= 4 and place == 1
    hamlets = (_hamlet(office, place), _hamlet(office, place + 1)) if joint else (_hamlet(office, place),)
    return Slot(
        hamlets=tuple(dict.fromkeys(hamlets)),
        status=status,
        starts_at=instant_of(local_day(now) - timedelta(days=days), HOURS[place % len(HOURS)]),
        month=None,
        unit=InviteUnit.PERSONS if place == 2 else InviteUnit.HOUSEHOLD,
        classes=POOR_FIRST if place % 3 == 1 else (),
        is_invited=True,
        awaits_approval=False,
        has_summary=status is not MeetingStatus.CANCELLED and place != past - 1,
    )


def _coming_slot(office: Office, place: int, coming: int, now: datetime) -> Slot:
    tentative = coming >= 4 and place == coming - 1
    starts_at = (
        _soon(now) if place == 0 else instant_of(local_day(now) + timedelta(days=place * 3), HOURS[place % len(HOURS)])
    )
    return Slot(
        hamlets=(_hamlet(office, place),),
        status=MeetingStatus.TENTATIVE if tentative else MeetingStatus.SCHEDULED,
        starts_at=None if tentative else starts_at,
        month=_next_month(local_day(now)) if tentative else None,
        unit=InviteUnit.HOUSEHOLD,
        classes=(),
        is_invited=place <= 2 and not tentative,
        awaits_approval=0 < place <= 2 and not tentative,
        has_summary=False,
    )


def _hamlet(office: Office, place: int) -> Any:
    return office.hamlets[place % len(office.hamlets)]


def _soon(now: datetime) -> datetime:
    """The next quarter of an hour that leaves time to prepare; at night, the next morning."""
    start = local(now + timedelta(minutes=59)).replace(second=0, microsecond=0)
    start = start.replace(minute=start.minute // 15 * 15)
    if start.hour >= 21:
        return instant_of(start.date() + timedelta(days=1), HOURS[0])
    if start.hour < 6:
        return instant_of(start.date(), HOURS[0])
    return start


def _next_month(day: date) -> date:
    days_of_month = calendar.monthrange(day.year, day.month)[1]
    return day.replace(day=1) + timedelta(days=days_of_month)


def plan_meetings(plan: Plan, office: Office, slots: list[Slot], now: datetime) -> list[Gathering]:
    """Make the meetings: those over in one series, those to come in another."""
    done, coming = insert_rows(
        Series,
        [
            {
                "area_id": office.commune.id,
                "plan_id": plan.id,
                "title": title,
                "created_at": now - timedelta(days=days),
            }
            for title, days in (("Đợt 1: mỗi thôn một hội nghị", 75), ("Đợt 2: mỗi thôn một hội nghị", 14))
        ],
    )
    rows: list[dict[str, Any]] = []
    for place, slot in enumerate(slots):
        name = " và ".join(hamlet.name for hamlet in slot.hamlets)
        over = slot.status in (MeetingStatus.CLOSED, MeetingStatus.HELD, MeetingStatus.CANCELLED)
        rows.append(
            {
                "area_id": office.commune.id,
                "plan_id": plan.id,
                "series_id": done if over else coming,
                "title": TITLE.format(hamlet=name),
                "venue": f"Nhà văn hóa thôn {slot.hamlets[0].name}",
                "venue_short": "nhà văn hóa thôn",
                "directions": "Cạnh sân bóng của thôn, có chỗ để xe." if place % 2 else "",
                "starts_at": slot.starts_at,
                "ends_at": slot.starts_at + LENGTH_OF_MEETING if slot.starts_at else None,
                "month": slot.month,
                "audience_classes": [poverty_class.value for poverty_class in slot.classes],
                "invite_unit": slot.unit,
                "status": slot.status,
                "cancel_reason": "Mưa lũ, đường vào thôn bị ngập" if slot.status is MeetingStatus.CANCELLED else "",
                "summary": SUMMARIES[place % len(SUMMARIES)] if slot.has_summary else "",
                "created_at": now - timedelta(days=75 if over else 14),
            }
        )
    gatherings = [
        Gathering(meeting_id, row["title"], row["venue_short"], slot)
        for meeting_id, row, slot in zip(insert_rows(Meeting, rows), rows, slots, strict=True)
    ]
    insert_keyed(
        MeetingHamlet,
        [
            {"meeting_id": gathering.id, "hamlet_id": hamlet.id}
            for gathering in gatherings
            for hamlet in gathering.slot.hamlets
        ],
    )
    _choose_topics(plan, gatherings)
    for gathering in gatherings:
        _remember(gathering, office, now)
    return gatherings


def _choose_topics(plan: Plan, gatherings: list[Gathering]) -> None:
    topics = list(db.session.scalars(sa.select(Topic.id).where(Topic.plan_id == plan.id).order_by(Topic.position)))
    if topics:
        insert_keyed(
            MeetingTopic,
            [
                {"meeting_id": gathering.id, "topic_id": topics[(place + step) % len(topics)]}
                for place, gathering in enumerate(gatherings)
                for step in range(min(2, len(topics)))
            ],
        )


def _remember(gathering: Gathering, office: Office, now: datetime) -> None:
    """The meeting's history, as its page tells it."""
    record = f"meeting:{gathering.id}"
    place = office.commune.id
    made_at = now - timedelta(days=75 if gathering.slot.status in (MeetingStatus.CLOSED, MeetingStatus.HELD) else 14)
    record_audit("schedule_meeting", record, by=office.officer, now=made_at, area_id=place)
    if gathering.slot.starts_at is None:
        return
    after = gathering.slot.starts_at + LENGTH_OF_MEETING
    match gathering.slot.status:
        case MeetingStatus.CANCELLED:
            day_before = gathering.slot.starts_at - timedelta(days=1)
            record_audit("cancel_meeting", record, by=office.officer, now=day_before, area_id=place)
        case MeetingStatus.HELD:
            record_audit("hold_meeting", record, by=office.hamlet_head, now=after, area_id=place)
        case MeetingStatus.CLOSED:
            record_audit("hold_meeting", record, by=office.hamlet_head, now=after, area_id=place)
            next_day = after + timedelta(days=1)
            record_audit("close_meeting", record, by=office.officer, now=next_day, area_id=place)


# --- Invitations --------------------------------------------------------------------------------


class Codes:
    """Codes of the demo. They come from the demo's own chance, so that a seed gives the same codes:
    fit for invented people only."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._given: set[str] = set()

    def new(self) -> str:
        """A code not given before."""
        while (code := "".join(self._chance.choices(ALPHABET, k=LENGTH))) in self._given:
            pass
        self._given.add(code)
        return code


def invite(
    gathering: Gathering,
    homes: tuple[Home, ...],
    visitors: tuple[Visitor, ...],
    codes: Codes,
    chance: Random,
    now: datetime,
) -> list[Invited]:
    """Invite the households the meeting is for, and three guests; most have answered where texts have gone."""
    slot = gathering.slot
    assert slot.starts_at is not None
    places = {hamlet.id for hamlet in slot.hamlets}
    asked = [h for h in homes if h.hamlet_id in places and (not slot.classes or h.poverty_class in slot.classes)]
    invited_at = min(now, slot.starts_at) - timedelta(days=4)
    crowd = _crowded_phones(asked)
    channels = [_channel(home, crowd, odd_phones_known=invited_at > now - ODD_PHONES_LEARNT) for home in asked]
    answers = [_answer(slot, channel, chance) for channel in channels] + [
        Rsvp.NONE if slot.awaits_approval else Rsvp.COMING
    ] * 3
    guests = [visitors[(gathering.id + step) % len(visitors)] for step in range(min(3, len(visitors)))]
    parties: list[tuple[Home | None, Visitor | None]] = [(home, None) for home in asked]
    parties += [(None, guest) for guest in guests]
    rows: list[dict[str, Any]] = [
        {
            "meeting_id": gathering.id,
            "household_id": home.id if home else None,
            "guest_id": guest.id if guest else None,
            "code": codes.new(),
            "channel": _channel(home, crowd, odd_phones_known=invited_at > now - ODD_PHONES_LEARNT),
            "rsvp": answer,
            "rsvp_at": None if answer is Rsvp.NONE else invited_at + timedelta(hours=chance.randint(3, 70)),
            "invited_at": invited_at,
            "opened_at": invited_at + timedelta(hours=2) if answer is not Rsvp.NONE and chance.random() < 0.5 else None,
        }
        for (home, guest), answer in zip(parties, answers, strict=False)
    ]
    ids = insert_rows(Invitation, rows)
    if slot.unit is InviteUnit.PERSONS:
        insert_keyed(InvitationMember, list(_members(ids, asked, answers)))
    return [
        Invited(
            invitation_id,
            row["code"],
            row["channel"],
            home,
            guest,
            is_coming=row["rsvp"] is Rsvp.COMING,
            by_proxy=row["rsvp"] is Rsvp.PROXY,
            said_no=row["rsvp"] is Rsvp.ABSENT,
        )
        for invitation_id, row, (home, guest) in zip(ids, rows, parties, strict=True)
    ]


def _crowded_phones(homes: list[Home]) -> set[str]:
    houses = Counter(home.line.phone for home in homes if home.line)
    return {phone for phone, number in houses.items() if number > MOST_HOUSES_OF_ONE_PHONE}


def _channel(home: Home | None, crowd: set[str], *, odd_phones_known: bool) -> Channel:
    if home is None or home.line is None:
        return Channel.PAPER
    silent = odd_phones_known and home.line.phone[-2:] in (*DEAD, REFUSES)
    if not home.line.takes_sms or home.line.phone in crowd or silent:
        return Channel.CALL
    return Channel.SMS if home.line.owner is PhoneOwner.MEMBER else Channel.RELAY


def _answer(slot: Slot, channel: Channel, chance: Random) -> Rsvp:
    """Nobody has answered a text that has not gone; before the meeting, those without a text have hardly answered."""
    to_come = slot.status is MeetingStatus.SCHEDULED
    if slot.awaits_approval or (to_come and channel not in (Channel.SMS, Channel.RELAY)):
        return Rsvp.NONE
    return chance.choices((Rsvp.COMING, Rsvp.PROXY, Rsvp.ABSENT, Rsvp.NONE), weights=(52, 11, 9, 28))[0]


def _members(ids: list[int], homes: list[Home], answers: list[Rsvp]) -> Iterator[dict[str, Any]]:
    """Where persons are named: the head and one more adult."""
    for invitation_id, home, answer in zip(ids, homes, answers, strict=False):
        for person in [home.head, *(person for person in home.people[1:] if person.is_adult)][:2]:
            yield {"invitation_id": invitation_id, "resident_id": person.id, "rsvp": answer}
