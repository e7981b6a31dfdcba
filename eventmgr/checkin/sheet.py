"""The attendance sheet (danh sách đại biểu tham dự): its numbered lines, and how row numbers are typed."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload, selectinload

from eventmgr.areas.models import Area
from eventmgr.checkin.models import SheetLine
from eventmgr.checkin.queries import name_of, who_came
from eventmgr.checkin.values import Signed
from eventmgr.core.access import Scope
from eventmgr.core.db import db
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.residents.models import Guest, Household, Resident
from eventmgr.residents.values import Gender, PovertyClass

_RUN = re.compile(r"(\d{1,6})(?:\s*[-\u2013]\s*(\d{1,6}))?")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One line of the sheet, with what stands on file today of the one who signs there.

    `represents`: the line is the household's, whoever comes of it. `has_come`: an attendance of theirs stands, and
    `signed` is how it is signed.
    """

    line_id: int
    number: int
    name: str
    represents: bool
    has_come: bool
    signed: Signed = Signed.NOT
    hamlet: str = ""
    household_id: int | None = None
    resident_id: int | None = None
    guest_id: int | None = None
    birth_year: int | None = None
    gender: Gender = Gender.UNKNOWN
    ethnic_group: str = ""
    poverty_class: PovertyClass | None = None  # None: a guest


class NumbersUnclear(ValueError):
    """What was typed are not numbers of rows; `part` is the first that is none."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self.part = part


def read_numbers(typed: str, known: Collection[int]) -> set[int]:
    """The rows meant by "1-12, 14 17": single numbers and runs, parted by commas, semicolons or spaces.

    Raises NumbersUnclear for a word, a run that goes backwards, or a row the sheet does not have.
    """
    meant: set[int] = set()
    for part in filter(None, re.split(r"[,;\s]+", re.sub(r"\s*[-\u2013]\s*", "-", typed.strip()))):
        run = _RUN.fullmatch(part)
        first, last = (int(run[1]), int(run[2] or run[1])) if run else (1, 0)
        if first > last or first not in known or last not in known:
            raise NumbersUnclear(part)
        meant.update(number for number in known if first <= number <= last)
    return meant


def sheet_rows(meeting: Meeting, scope: Scope) -> list[SheetRow]:
    """The numbered lines that lie in the scope, guests' always, in the order of their numbers."""
    stands = aliased(Invitation)  # a household written down twice: the invitation that stands for both
    rows = db.session.execute(
        sa.select(SheetLine, stands)
        .join(Invitation, Invitation.id == SheetLine.invitation_id)
        .join(stands, stands.id == sa.func.coalesce(Invitation.merged_into_id, Invitation.id))
        .outerjoin(Household, Household.id == stands.household_id)
        .outerjoin(Area, Area.id == Household.hamlet_id)
        .where(SheetLine.meeting_id == meeting.id, sa.or_(stands.guest_id.is_not(None), scope.within(Area.path)))
        .options(
            joinedload(SheetLine.resident),
            joinedload(stands.guest),
            selectinload(stands.household).options(selectinload(Household.members), joinedload(Household.hamlet)),
        )
        .order_by(SheetLine.number)
    ).all()
    households: dict[int | None, Signed] = {}
    residents: dict[int | None, Signed] = {}
    guests: dict[int | None, Signed] = {}
    for household_id, resident_id, guest_id, _id, _at, signed in who_came(meeting, scope):
        for known, key in ((households, household_id), (residents, resident_id), (guests, guest_id)):
            known[key] = known[key] if known.get(key, Signed.NOT) is not Signed.NOT else signed
    told = []
    for line, invitation in rows:
        if invitation.guest is not None:
            told.append(_guest_row(line, invitation.guest, guests))
            continue
        assert invitation.household is not None  # one_invitee
        if line.resident is not None:
            told.append(_person_row(line, line.resident, invitation.household, residents))
        else:
            told.append(_household_row(line, invitation.household, households))
    return told


def _guest_row(line: SheetLine, guest: Guest, came: dict[int | None, Signed]) -> SheetRow:
    return SheetRow(
        line.id,
        line.number,
        guest.full_name,
        represents=False,
        has_come=guest.id in came,
        signed=came.get(guest.id, Signed.NOT),
        hamlet=guest.organisation,
        guest_id=guest.id,
        gender=guest.gender,
        ethnic_group=guest.ethnic_group,
    )


def _person_row(line: SheetLine, person: Resident, household: Household, came: dict[int | None, Signed]) -> SheetRow:
    resident_id = person.merged_into_id or person.id
    return SheetRow(
        line.id,
        line.number,
        person.full_name,
        represents=False,
        has_come=resident_id in came,
        signed=came.get(resident_id, Signed.NOT),
        hamlet=household.hamlet.name,
        household_id=household.id,
        resident_id=resident_id,
        birth_year=person.birth_year,
        gender=person.gender,
        ethnic_group=person.ethnic_group or household.ethnic_group,
        poverty_class=household.poverty_class,
    )


def _household_row(line: SheetLine, household: Household, came: dict[int | None, Signed]) -> SheetRow:
    head = next((member for member in household.members if member.is_head), None)
    return SheetRow(
        line.id,
        line.number,
        name_of(household),
        represents=True,
        has_come=household.id in came,
        signed=came.get(household.id, Signed.NOT),
        hamlet=household.hamlet.name,
        household_id=household.id,
        birth_year=head.birth_year if head else None,
        gender=head.gender if head else Gender.UNKNOWN,
        ethnic_group=household.ethnic_group,
        poverty_class=household.poverty_class,
    )
