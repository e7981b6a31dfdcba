"""Who is asked to a meeting, and by which phone each can be told.

A commune has thousands of households: everything here is a fixed number of queries, whatever their number.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.core.db import db
from eventmgr.core.phone import find_phone
from eventmgr.core.text import display_name, short_honorific
from eventmgr.meetings.models import Invitation, InvitationMember, Meeting
from eventmgr.meetings.values import Channel, InviteUnit, NoText
from eventmgr.messaging.queries import standing_messages
from eventmgr.messaging.values import BatchKind
from eventmgr.residents import phones
from eventmgr.residents.models import Contact, Guest, Household, PhoneState, Resident
from eventmgr.residents.values import PhoneOwner, PovertyClass

MOST_HOUSEHOLDS_A_PHONE = 2
"""A phone that serves more invited households gets no text: its owner would have to run from door to door."""
OF_AGE = 18
"""Named persons are those of at least this age, or of unknown age."""


@dataclass(frozen=True, slots=True)
class Person:
    """One who is named: name and gender as the list has them."""

    id: int
    full_name: str
    gender: str


@dataclass(frozen=True, slots=True)
class Invitee:
    """A household or a guest who is asked to one meeting, and how.

    `phone` is None where no text is sent; `no_text` then says why.
    """

    meeting_id: int
    household_id: int | None
    guest_id: int | None
    hamlet: str  # its name; empty for guests
    people: tuple[Person, ...]  # the head, or the persons named; empty: the head is not known
    channel: Channel
    phone: str | None = None
    no_text: NoText | None = None
    by_persons: bool = False
    language: str = ""  # of the texts they get, as the office writes it; empty: Vietnamese

    @property
    def name(self) -> str:
        """Whom an officer's list names: the head, or the guest."""
        return display_name(self.people[0].full_name) if self.people else ""

    @property
    def person_ids(self) -> tuple[int, ...]:
        """The residents to be named on the invitation; none where the household sends a representative."""
        return tuple(person.id for person in self.people) if self.by_persons else ()

    @property
    def honorific(self) -> str:
        """How the first of them is addressed."""
        return short_honorific(self.people[0].gender if self.people else None)


Audience = Mapping[int, Sequence[Invitee]]
"""Who is asked, by meeting."""
Who = tuple[int, int | None, int | None]
"""Meeting, household, guest: whom an invitation belongs to, whatever else is known of them."""


def who(invitee: Invitee | KnownInvitation) -> Who:
    """The identity of one who is asked to a meeting."""
    return (invitee.meeting_id, invitee.household_id, invitee.guest_id)


def subject_of(meeting_id: int) -> str:
    """The meeting's name in the outbox."""
    return f"meeting:{meeting_id}"


def meeting_ids_in(subjects: Iterable[str]) -> list[int]:
    """The meetings among the outbox's subjects."""
    return [int(number) for kind, _, number in (subject.partition(":") for subject in subjects) if kind == "meeting"]


def key_of(invitation_id: int) -> str:
    """The invitation's name in the outbox."""
    return f"invitation:{invitation_id}"


def invitation_ids_in(keys: Iterable[str]) -> list[int]:
    """The invitations among the outbox's recipient keys."""
    return [int(number) for kind, _, number in (key.partition(":") for key in keys) if kind == "invitation"]


@dataclass(frozen=True, slots=True)
class _Line:
    """A phone of a household."""

    phone: str
    takes_sms: bool
    owner: PhoneOwner
    silent: NoText | None

    @property
    def is_usable(self) -> bool:
        return self.takes_sms and self.silent is None


def audience_of(
    meetings: Sequence[Meeting], *, guest_ids: Collection[int] = (), on: date
) -> dict[int, tuple[Invitee, ...]]:
    """For each meeting the households of its hamlets and classes that live there, then the chosen guests.

    Households come as they are walked: by hamlet, then as the office's list runs, then by the head's name. All
    meetings are one send: a phone that serves more than two of their households is texted for none of them.
    """
    hamlets = {meeting.id: {hamlet.id for hamlet in meeting.hamlets} for meeting in meetings}
    rows = _households(set().union(*hamlets.values()) if hamlets else set())
    invited: dict[int, list[Any]] = {
        meeting.id: [
            row
            for row in rows
            if row.hamlet_id in hamlets[meeting.id]
            and (not meeting.audience_classes or row.poverty_class.value in meeting.audience_classes)
        ]
        for meeting in meetings
    }
    asked = {row.id for chosen in invited.values() for row in chosen}
    hamlet_ids = {row.hamlet_id for row in rows}
    lines = _lines_of(hamlet_ids, asked)
    shared = _shared_phones(lines)
    named = (
        _adults_of(hamlet_ids, asked, on)
        if any(meeting.invite_unit == InviteUnit.PERSONS for meeting in meetings)
        else {}
    )
    guests = _guests(meetings, guest_ids)
    return {
        meeting.id: (
            *(_household(meeting, row, lines.get(row.id, ()), shared, named) for row in invited[meeting.id]),
            *(replace(guest, meeting_id=meeting.id) for guest in guests),
        )
        for meeting in meetings
    }


def choose_line(lines: Sequence[_Line], shared: Collection[str]) -> tuple[Channel, str | None, NoText | None]:
    """By which channel and phone a household is told, or why no text is sent: the first phone that takes one."""
    for line in lines:
        if line.is_usable and line.phone not in shared:
            return (Channel.SMS if line.owner == PhoneOwner.MEMBER else Channel.RELAY), line.phone, None
    if not lines:
        return Channel.PAPER, None, NoText.NO_PHONE
    if any(line.is_usable for line in lines):
        return Channel.CALL, None, NoText.SHARED
    if any(line.silent == NoText.OPTED_OUT for line in lines):
        return Channel.CALL, None, NoText.OPTED_OUT
    if any(not line.takes_sms for line in lines):
        return Channel.CALL, None, NoText.LANDLINE
    return Channel.PAPER, None, NoText.DEAD


def _household(
    meeting: Meeting,
    row: Any,
    lines: Sequence[_Line],
    shared: Collection[str],
    named: dict[int, tuple[Person, ...]],
) -> Invitee:
    channel, phone, no_text = choose_line(lines, shared)
    by_persons = meeting.invite_unit == InviteUnit.PERSONS
    head = (Person(row.head_id, row.full_name, row.gender),) if row.head_id else ()
    return Invitee(
        meeting_id=meeting.id,
        household_id=row.id,
        guest_id=None,
        hamlet=row.hamlet,
        people=(named.get(row.id) or head) if by_persons else head,
        channel=channel,
        phone=phone,
        no_text=no_text,
        by_persons=by_persons,
        language=row.language,
    )


def text_language() -> sa.ColumnElement[str]:
    """The language of a household's texts: its own, else its hamlet's; empty for Vietnamese."""
    return sa.func.coalesce(sa.func.nullif(Household.text_language, ""), Area.text_language)


def languages_of(meeting_id: int) -> dict[str, str]:
    """The language of each invited household's texts, by recipient key; those written to in Vietnamese are left out."""
    rows = db.session.execute(
        sa.select(Invitation.id, text_language())
        .join(Household, Household.id == Invitation.household_id)
        .join(Area, Area.id == Household.hamlet_id)
        .where(Invitation.meeting_id == meeting_id, text_language() != "")
    )
    return {key_of(invitation_id): language for invitation_id, language in rows}


def _households(hamlet_ids: Collection[int]) -> Sequence[Any]:
    return db.session.execute(
        sa.select(
            Household.id,
            Household.hamlet_id,
            Household.poverty_class,
            Area.name.label("hamlet"),
            text_language().label("language"),
            Resident.id.label("head_id"),
            Resident.full_name,
            Resident.gender,
        )
        .join(Area, Area.id == Household.hamlet_id)
        .outerjoin(
            Resident,
            sa.and_(Resident.household_id == Household.id, Resident.is_head, Resident.left_on.is_(None)),
        )
        .where(Household.hamlet_id.in_(hamlet_ids), Household.left_on.is_(None))
        .order_by(
            Area.name_sort,
            Household.list_order.is_(None),
            Household.list_order,
            sa.func.coalesce(Resident.name_sort, ""),
            Household.id,
        )
    ).all()


def _lines_of(hamlet_ids: Collection[int], asked: Collection[int]) -> dict[int, list[_Line]]:
    """The phones of the asked households, in the order in which they are tried."""
    rows = db.session.execute(
        sa.select(
            Contact.household_id,
            Contact.phone,
            Contact.takes_sms,
            Contact.owner,
            PhoneState.opted_out_at,
            PhoneState.dead_at,
        )
        .join(Household, Household.id == Contact.household_id)
        .outerjoin(PhoneState, PhoneState.phone == Contact.phone)
        .where(Household.hamlet_id.in_(hamlet_ids), Household.left_on.is_(None))
        .order_by(Contact.household_id, Contact.position, Contact.id)
    )
    lines: dict[int, list[_Line]] = defaultdict(list)
    for row in rows:
        if row.household_id in asked:
            silent = NoText.OPTED_OUT if row.opted_out_at else NoText.DEAD if row.dead_at else None
            lines[row.household_id].append(_Line(row.phone, row.takes_sms, row.owner, silent))
    return lines


def _shared_phones(lines: dict[int, list[_Line]]) -> set[str]:
    served = Counter(line.phone for own in lines.values() for line in own if line.is_usable)
    return {phone for phone, households in served.items() if households > MOST_HOUSEHOLDS_A_PHONE}


def _adults_of(hamlet_ids: Collection[int], asked: Collection[int], on: date) -> dict[int, tuple[Person, ...]]:
    """The grown members who live in the asked households, the head first."""
    rows = db.session.execute(
        sa.select(Resident.household_id, Resident.id, Resident.full_name, Resident.gender)
        .join(Household, Household.id == Resident.household_id)
        .where(
            Household.hamlet_id.in_(hamlet_ids),
            Resident.left_on.is_(None),
            sa.or_(Resident.birth_year.is_(None), Resident.birth_year <= on.year - OF_AGE),
        )
        .order_by(Resident.household_id, Resident.is_head.desc(), Resident.id)
    )
    adults: dict[int, list[Person]] = defaultdict(list)
    for household_id, resident_id, full_name, gender in rows:
        if household_id in asked:
            adults[household_id].append(Person(resident_id, full_name, gender))
    return {household_id: tuple(people) for household_id, people in adults.items()}


def _guests(meetings: Sequence[Meeting], guest_ids: Collection[int]) -> list[Invitee]:
    """The chosen guests of the communes that hold the meetings."""
    if not guest_ids:
        return []
    rows = db.session.scalars(
        sa.select(Guest)
        .where(Guest.id.in_(guest_ids), Guest.area_id.in_({meeting.area_id for meeting in meetings}))
        .where(Guest.erased_at.is_(None))
        .order_by(Guest.name_sort, Guest.id)
    ).all()
    silent = phones.phones_not_to_text({guest.phone for guest in rows if guest.phone})
    return [_guest(guest, silent) for guest in rows]


def _guest(guest: Guest, silent: dict[str, str]) -> Invitee:
    lines = []
    if guest.phone:
        number = find_phone(guest.phone)
        why = NoText(silent[guest.phone]) if guest.phone in silent else None
        lines.append(_Line(guest.phone, number is None or number.takes_sms, PhoneOwner.MEMBER, why))
    channel, phone, no_text = choose_line(lines, ())
    return Invitee(
        meeting_id=0,
        household_id=None,
        guest_id=guest.id,
        hamlet="",
        people=(Person(0, guest.full_name, guest.gender),),
        channel=channel,
        phone=phone,
        no_text=no_text,
    )


def guests_to_choose(meeting: Meeting) -> list[Guest]:
    """The guests an officer may add to a meeting, in Vietnamese order."""
    chosen = sa.select(Guest).where(Guest.area_id == meeting.area_id, Guest.erased_at.is_(None))
    return list(db.session.scalars(chosen.order_by(Guest.name_sort)))


@dataclass(frozen=True, slots=True)
class KnownInvitation:
    """An invitation that exists already."""

    id: int
    meeting_id: int
    household_id: int | None
    guest_id: int | None
    code: str
    channel: Channel
    withdrawn: bool


def invitations_known(meeting_ids: Iterable[int]) -> list[KnownInvitation]:
    """The invitations of these meetings, as they stand."""
    rows = db.session.execute(
        sa.select(
            Invitation.id,
            Invitation.meeting_id,
            Invitation.household_id,
            Invitation.guest_id,
            Invitation.code,
            Invitation.channel,
            Invitation.withdrawn_at.is_not(None),
        ).where(Invitation.meeting_id.in_(list(meeting_ids)))
    )
    return [KnownInvitation(*row) for row in rows]


def invitations_by_invitee(audience: Audience) -> dict[Who, KnownInvitation]:
    """The invitations that those who are asked have already."""
    return {who(one): one for one in invitations_known(audience)}


def texted_before(audience: Audience) -> set[Who]:
    """Those who have, or will have, the invitation's text from an earlier send."""
    told = {meeting_id: standing_messages(subject_of(meeting_id), BatchKind.INVITE).keys for meeting_id in audience}
    merged = _merged_into(audience)
    return {
        identity
        for identity, one in invitations_by_invitee(audience).items()
        if one.withdrawn or not told[one.meeting_id].isdisjoint(map(key_of, (one.id, *merged[one.id])))
    }


def _merged_into(meeting_ids: Iterable[int]) -> defaultdict[int, list[int]]:
    """The invitations of households that were written down twice, by the one that stands for them."""
    rows = db.session.execute(
        sa.select(Invitation.merged_into_id, Invitation.id).where(
            Invitation.meeting_id.in_(list(meeting_ids)), Invitation.merged_into_id.is_not(None)
        )
    )
    merged: defaultdict[int, list[int]] = defaultdict(list)
    for kept_id, invitation_id in rows:
        merged[kept_id or 0].append(invitation_id)
    return merged


def people_named(meeting_ids: Iterable[int]) -> dict[int, tuple[Person, ...]]:
    """The persons named on each invitation of these meetings who live here, the head first."""
    rows = db.session.execute(
        sa.select(InvitationMember.invitation_id, Resident.id, Resident.full_name, Resident.gender)
        .join(Resident, Resident.id == InvitationMember.resident_id)
        .join(Invitation, Invitation.id == InvitationMember.invitation_id)
        .where(Invitation.meeting_id.in_(list(meeting_ids)), Resident.left_on.is_(None))
        .order_by(InvitationMember.invitation_id, Resident.is_head.desc(), Resident.id)
    )
    named: dict[int, list[Person]] = defaultdict(list)
    for invitation_id, resident_id, full_name, gender in rows:
        named[invitation_id].append(Person(resident_id, full_name, gender))
    return {invitation_id: tuple(people) for invitation_id, people in named.items()}


def audience_classes(meeting: Meeting) -> tuple[PovertyClass, ...]:
    """The classes a meeting is for, in the order of the law; empty: every household."""
    return tuple(poverty_class for poverty_class in PovertyClass if poverty_class.value in meeting.audience_classes)
