"""Reads of consents, refusals, requests, and of who looked at a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import aliased, contains_eager, joinedload

from eventmgr.accounts.models import User
from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.access_log import AccessEntry
from eventmgr.core.db import db
from eventmgr.core.errors import NotFound
from eventmgr.core.registry import Subject, SubjectKind
from eventmgr.residents.models import (
    Consent,
    Contact,
    DataRequest,
    Guest,
    Household,
    Person,
    PhoneState,
    PhoneWish,
    Resident,
)
from eventmgr.residents.rights import RequestState

PAGE = 50
DUE_WITHIN = timedelta(days=3)
"""From when on a request shows up on Today."""


def consents_of(subject: Subject) -> list[Consent]:
    """A person's consents, those that stand first, then the latest."""
    return list(
        db.session.scalars(
            sa.select(Consent)
            .filter_by(**subject.key)
            .options(joinedload(Consent.recorded_by), joinedload(Consent.withdrawn_by), joinedload(Consent.file))
            .order_by(Consent.withdrawn_on.is_not(None), Consent.id.desc())
        )
    )


def get_consent_in(scope: Scope, consent_id: int) -> Consent:
    """The consent, with its person. Raises NotFound outside the scope."""
    seat = aliased(Area)
    consent = db.session.scalar(
        sa.select(Consent)
        .outerjoin(Consent.resident)
        .outerjoin(Resident.household)
        .outerjoin(Household.hamlet)
        .outerjoin(Consent.guest)
        .outerjoin(seat, seat.id == Guest.area_id)
        .where(Consent.id == consent_id, sa.or_(scope.within(Area.path), scope.within(seat.path)))
        .options(
            contains_eager(Consent.resident).contains_eager(Resident.household),
            contains_eager(Consent.guest),
            joinedload(Consent.file),
        )
    )
    if consent is None:
        raise NotFound
    return consent


@dataclass(frozen=True, slots=True)
class OptOutLine:
    """A household's phone that takes no texts. `how`: "page", "officer", "sms" or "network"."""

    contact_id: int
    household_id: int
    head: str
    hamlet: str
    phone: str
    since: datetime | None
    how: str


def opted_out_phones(scope: Scope, after: int | None = None, limit: int = PAGE) -> tuple[list[OptOutLine], int | None]:
    """The phones of the scope's households that take no texts, latest entered first, and where the next page begins."""
    head = sa.orm.aliased(Resident)
    chosen = (
        sa.select(
            Contact.id,
            Household.id,
            sa.func.coalesce(head.full_name, ""),
            Area.name,
            Contact.phone,
            PhoneState.opted_out_at,
            PhoneState.opted_out_how,
        )
        .join(PhoneState, PhoneState.phone == Contact.phone)
        .join(Contact.household)
        .join(Household.hamlet)
        .outerjoin(head, sa.and_(head.household_id == Household.id, head.is_head))
        .where(PhoneState.opted_out_at.is_not(None), scope.within(Area.path))
    )
    if after is not None:
        chosen = chosen.where(Contact.id < after)
    rows = db.session.execute(chosen.order_by(Contact.id.desc()).limit(limit + 1)).all()
    lines = [OptOutLine(*row) for row in rows[:limit]]
    return lines, lines[-1].contact_id if len(rows) > limit else None


def opted_out_guests(scope: Scope) -> list[Guest]:
    """The guests of the scope whose phone takes no texts, in Vietnamese order. A commune has dozens of guests, not thousands."""
    return list(
        db.session.scalars(
            sa.select(Guest)
            .join(Guest.area)
            .join(PhoneState, PhoneState.phone == Guest.phone)
            .where(PhoneState.opted_out_at.is_not(None), scope.within(Area.path))
            .order_by(Guest.name_sort, Guest.id)
        )
    )


def wishes_of(phone: str) -> list[PhoneWish]:
    """What the phone's owner told officers about our texts, the latest first."""
    return list(
        db.session.scalars(
            sa.select(PhoneWish)
            .where(PhoneWish.phone == phone)
            .options(joinedload(PhoneWish.recorded_by))
            .order_by(PhoneWish.id.desc())
        )
    )


def phone_state(phone: str) -> PhoneState | None:
    """What is known of a phone by itself."""
    return db.session.get(PhoneState, phone)


def requests_visible_to(
    scope: Scope, *, only_open: bool, after: int | None = None
) -> tuple[list[DataRequest], int | None]:
    """The register, open ones by the day they are due, all of them by number; and where the next page begins."""
    chosen = sa.select(DataRequest).join(DataRequest.area).where(scope.within(Area.path))
    if only_open:
        chosen = chosen.where(DataRequest.state == RequestState.OPEN).order_by(DataRequest.due_on, DataRequest.id)
        return list(db.session.scalars(chosen.limit(PAGE))), None
    if after is not None:
        chosen = chosen.where(DataRequest.id < after)
    rows = list(db.session.scalars(chosen.order_by(DataRequest.id.desc()).limit(PAGE + 1)))
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None


def get_request_in(scope: Scope, request_id: int) -> DataRequest:
    """The request. Raises NotFound outside the scope."""
    request = db.session.scalar(
        sa.select(DataRequest)
        .join(DataRequest.area)
        .where(DataRequest.id == request_id, scope.within(Area.path))
        .options(
            contains_eager(DataRequest.area),
            joinedload(DataRequest.recorded_by),
            joinedload(DataRequest.resident).joinedload(Resident.household).joinedload(Household.hamlet),
            joinedload(DataRequest.guest),
        )
    )
    if request is None:
        raise NotFound
    return request


def requests_of(subject: Subject) -> list[DataRequest]:
    """What was asked about a person, the latest first."""
    return list(db.session.scalars(sa.select(DataRequest).filter_by(**subject.key).order_by(DataRequest.id.desc())))


def requests_due(scope: Scope, today: date, most: int) -> list[DataRequest]:
    """Open requests that nobody has answered, or that are due within days, the most pressing first."""
    return list(
        db.session.scalars(
            sa.select(DataRequest)
            .join(DataRequest.area)
            .where(
                scope.within(Area.path),
                DataRequest.state == RequestState.OPEN,
                sa.or_(DataRequest.answered_on.is_(None), DataRequest.due_on <= today + DUE_WITHIN),
            )
            .order_by(DataRequest.due_on, DataRequest.id)
            .limit(most)
        )
    )


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody looked at a person, or had a list on which the person may have stood."""

    entry: AccessEntry
    user: str
    by_name: bool


LISTS_OF_OTHERS = {
    SubjectKind.RESIDENT: ("guests",),
    SubjectKind.GUEST: ("households", "residents", "call_list", "duplicates", "import"),
}
"""Lists and files on which nobody of this kind ever stands."""


def who_looked(person: Person, after: int | None = None, limit: int = PAGE) -> tuple[list[Look], int | None]:
    """Who had the person before their eyes, the latest first: the person's or the household's page, and lists and files
    of an area they belong to."""
    records = [person.subject.record]
    if isinstance(person, Resident):
        records.append(f"household:{person.household_id}")
    direct = AccessEntry.record.in_(records)
    around = [int(step) for step in person.home.path.split("/") if step]
    listed = sa.and_(
        *(~AccessEntry.record.startswith(of) for of in ("resident:", "household:", "guest:")),
        AccessEntry.what.not_in(LISTS_OF_OTHERS[person.subject.kind]),
        sa.or_(AccessEntry.area_id.is_(None), AccessEntry.area_id.in_(around)),
    )
    chosen = (
        sa.select(AccessEntry, sa.func.coalesce(User.full_name, ""), direct)
        .outerjoin(User, User.id == AccessEntry.user_id)
        .where(sa.or_(direct, listed), AccessEntry.at >= person.created_at)
    )
    if after is not None:
        chosen = chosen.where(AccessEntry.id < after)
    rows = db.session.execute(chosen.order_by(AccessEntry.id.desc()).limit(limit + 1)).all()
    looks = [Look(entry, user, bool(by_name)) for entry, user, by_name in rows[:limit]]
    return looks, looks[-1].entry.id if len(rows) > limit else None


def phones_of_person(subject: Subject) -> Sequence[str]:
    """The phones that are the person's own."""
    if subject.kind is SubjectKind.GUEST:
        theirs = sa.select(Guest.phone).where(Guest.id == subject.id, Guest.phone.is_not(None))
    else:
        theirs = sa.select(Contact.phone).where(Contact.resident_id == subject.id)
    return [phone for phone in db.session.scalars(theirs) if phone]


def get_person_in(scope: Scope, subject: Subject) -> Person:
    """The guest, or the resident with household, hamlet and commune; those who were erased too. Raises NotFound outside
    the scope."""
    find = _find_guest if subject.kind is SubjectKind.GUEST else _find_resident
    person = find(scope, subject.id)
    if person is None:
        raise NotFound
    return person


def _find_guest(scope: Scope, guest_id: int) -> Guest | None:
    return db.session.scalar(
        sa.select(Guest)
        .join(Guest.area)
        .where(Guest.id == guest_id, scope.within(Area.path))
        .options(contains_eager(Guest.area))
    )


def _find_resident(scope: Scope, resident_id: int) -> Resident | None:
    return db.session.scalar(
        sa.select(Resident)
        .join(Resident.household)
        .join(Household.hamlet)
        .where(Resident.id == resident_id, scope.within(Area.path))
        .options(
            contains_eager(Resident.household).contains_eager(Household.hamlet),
            contains_eager(Resident.household).joinedload(Household.commune),
            contains_eager(Resident.household).selectinload(Household.members),
            contains_eager(Resident.household).selectinload(Household.contacts),
        )
    )
