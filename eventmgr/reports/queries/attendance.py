"""Who came, counted three ways from the snapshots on the attendance rows. Undone rows never count."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from eventmgr.checkin.models import Attendance, Headcount
from eventmgr.core.db import db
from eventmgr.meetings.models import Meeting
from eventmgr.reports.queries.selection import HELD, Condition
from eventmgr.reports.values import ByClass, Crowd, Turnout
from eventmgr.residents.values import Gender, PovertyClass


def turnout(chosen: Condition) -> Turnout:
    """Attendances, distinct people and distinct households of all chosen meetings together."""
    rows = standing(chosen)
    attendances = db.session.execute(sa.select(*_crowd_sums(rows), _total(rows.c.is_proxy))).one()
    people = once_each(rows, rows.c.person)
    households = once_each(rows, rows.c.household_id)
    return Turnout(
        attendances=_crowd(attendances),
        people=_crowd(db.session.execute(sa.select(*_crowd_sums(people))).one()),
        households=_by_class(db.session.execute(sa.select(*_class_sums(households))).one()),
        proxies=attendances[-1],
    )


def turnout_by_meeting(chosen: Condition) -> dict[int, Turnout]:
    """The same for each chosen meeting to which anybody came."""
    rows = standing(chosen)
    attendances = _grouped(rows, *_crowd_sums(rows), _total(rows.c.is_proxy))
    people = once_each(rows, rows.c.meeting_id, rows.c.person)
    households = once_each(rows, rows.c.meeting_id, rows.c.household_id)
    people_rows = _grouped(people, *_crowd_sums(people))
    household_rows = _grouped(households, *_class_sums(households))
    return {
        meeting_id: Turnout(
            attendances=_crowd(row),
            people=_crowd(people_rows[meeting_id]),
            households=_by_class(household_rows[meeting_id]) if meeting_id in household_rows else ByClass(),
            proxies=row[-1],
        )
        for meeting_id, row in attendances.items()
    }


def turnout_by_hamlet(chosen: Condition) -> dict[int, tuple[int, int]]:
    """For each hamlet, as it was on the day: attendances, and households of which somebody came."""
    counted = sa.select(
        Attendance.hamlet_id, sa.func.count(), sa.func.count(sa.distinct(Attendance.household_id))
    ).join(Meeting, Attendance.meeting_id == Meeting.id)
    rows = db.session.execute(
        counted.where(chosen, Attendance.undone_at.is_(None), Attendance.hamlet_id.is_not(None)).group_by(
            Attendance.hamlet_id
        )
    )
    return {hamlet_id: (attendances, households) for hamlet_id, attendances, households in rows if hamlet_id}


def attendances_by_plan(chosen: Condition) -> dict[int, int]:
    """How many attendances the meetings held had, for each plan."""
    statement = (
        sa.select(Meeting.plan_id, sa.func.count())
        .join(Attendance, Attendance.meeting_id == Meeting.id)
        .where(chosen, HELD, Attendance.undone_at.is_(None), Meeting.plan_id.is_not(None))
        .group_by(Meeting.plan_id)
    )
    return {plan_id: count for plan_id, count in db.session.execute(statement) if plan_id is not None}


def headcounts(chosen: Condition) -> dict[int, tuple[int, str]]:
    """What was counted on the spot at the chosen meetings, and why it is not what the list says."""
    rows = db.session.execute(
        sa.select(Headcount.meeting_id, Headcount.number, Headcount.reason)
        .join(Meeting, Meeting.id == Headcount.meeting_id)
        .where(chosen, Headcount.number.is_not(None))
    )
    return {meeting_id: (number, reason) for meeting_id, number, reason in rows if number is not None}


def standing(chosen: Condition) -> sa.Subquery:
    """The attendances of the chosen meetings that were not undone, with a key for each person."""
    return (
        sa.select(
            Attendance.id,
            Attendance.meeting_id,
            Attendance.household_id,
            Attendance.resident_id,
            Attendance.guest_id,
            Attendance.hamlet_id,
            Attendance.attended_at,
            Attendance.walk_in_name,
            Attendance.proxy_name,
            Attendance.poverty_class,
            _flag(Attendance.gender == Gender.FEMALE).label("is_woman"),
            _flag(Attendance.is_minority.is_(True)).label("is_minority"),
            _flag(Attendance.guest_id.is_not(None)).label("is_guest"),
            _flag(Attendance.proxy_name != "").label("is_proxy"),
            _person().label("person"),
        )
        .join(Meeting, Attendance.meeting_id == Meeting.id)
        .where(chosen, Attendance.undone_at.is_(None))
        .subquery("standing")
    )


def once_each(rows: sa.Subquery, *keys: sa.ColumnElement[Any]) -> sa.Subquery:
    """Each key once, as its latest attendance has it, so that classes still add up; rows without a key are left out."""
    place = (
        sa.func.row_number()
        .over(partition_by=keys, order_by=(rows.c.attended_at.desc(), rows.c.id.desc()))
        .label("place")
    )
    ranked = sa.select(rows, place).where(keys[-1].is_not(None)).subquery("ranked")
    return sa.select(ranked).where(ranked.c.place == 1).subquery("once")


def _person() -> sa.ColumnElement[str]:
    """Who came, as far as the row tells.

    A stand-in is known by the household and the name given; an unnamed representative is one person a household;
    a walk-in without a record cannot be recognised again and counts each time.
    """
    household = sa.cast(Attendance.household_id, sa.String)
    return sa.case(
        (
            sa.and_(Attendance.proxy_name != "", Attendance.household_id.is_not(None)),
            sa.literal("p:") + household + sa.literal(":") + Attendance.proxy_name,
        ),
        (Attendance.resident_id.is_not(None), sa.literal("r:") + sa.cast(Attendance.resident_id, sa.String)),
        (Attendance.guest_id.is_not(None), sa.literal("g:") + sa.cast(Attendance.guest_id, sa.String)),
        (
            sa.and_(Attendance.household_id.is_not(None), Attendance.walk_in_name == ""),
            sa.literal("h:") + household,
        ),
        else_=sa.literal("a:") + sa.cast(Attendance.id, sa.String),
    )


def _flag(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.case((condition, 1), else_=0)


def _total(column: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(column), 0)


def _class_sums(rows: sa.Subquery) -> list[sa.ColumnElement[int]]:
    return [_total(_flag(rows.c.poverty_class == poverty_class)) for poverty_class in PovertyClass]


def _crowd_sums(rows: sa.Subquery) -> list[sa.ColumnElement[int]]:
    return [*_class_sums(rows), _total(rows.c.is_woman), _total(rows.c.is_minority), _total(rows.c.is_guest)]


def _grouped(rows: sa.Subquery, *sums: sa.ColumnElement[int]) -> dict[int, list[int]]:
    statement = sa.select(rows.c.meeting_id, *sums).group_by(rows.c.meeting_id)
    return {row[0]: list(row[1:]) for row in db.session.execute(statement)}


def _by_class(sums: Any) -> ByClass:
    return ByClass(*sums[: len(PovertyClass)])


def _crowd(sums: Any) -> Crowd:
    women, minority, guests = sums[len(PovertyClass) : len(PovertyClass) + 3]
    return Crowd(_by_class(sums), women=women, ethnic_minority=minority, guests=guests)
