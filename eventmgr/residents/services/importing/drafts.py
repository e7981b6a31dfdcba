"""What a list makes of the people it names: each known or new one as they would stand afterwards, and what changed.

The rules that decide between our word and the list's stand here. They do not depend on which list came first:
what was not known is filled in, a better spelling of the same name replaces a worse one, phones are joined. Where two
facts truly differ ours stands, unless an officer takes the list's, or the list is newer than anything we know of the
household and points at it by a number or a code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.core.db import db
from eventmgr.core.phone import WrittenPhone
from eventmgr.core.text import has_marks, loose_match_key, search_key
from eventmgr.residents.importing.values import Differs, ParsedHousehold, ParsedPerson, Place
from eventmgr.residents.models import Contact, Household, PovertyStatus, Resident
from eventmgr.residents.services.importing.matching import Hamlet
from eventmgr.residents.values import Gender, PhoneOwner, PovertyClass

SHORT = 80

# Folded words of a remark beside a phone, and whose phone it then is. A wife's or a husband's phone is the
# household's own.
_OWNERS = (
    (PhoneOwner.HAMLET_HEAD, ("truong thon", "truong ban", "truong xom", "tt", "pho thon", "bi thu")),
    (
        PhoneOwner.MEMBER,
        ("chu ho", "vo", "chong", "ban than", "ca nhan", "nha", "zalo", "chinh chu", "2 vo chong", "so moi"),
    ),
    (PhoneOwner.NEIGHBOUR, ("hang xom", "nha ben", "hx")),
    (
        PhoneOwner.RELATIVE,
        (
            "con",
            "chau",
            "bo",
            "me",
            "ong",
            "ba",
            "anh",
            "chi",
            "em",
            "bac",
            "chu",
            "co",
            "di",
            "cau",
            "mo",
            "re",
            "dau",
            "ho hang",
        ),
    ),
)

# Differences in which a newer list that is sure of the household is believed unasked.
_BELIEVED = frozenset(
    [
        Differs.BIRTH_YEAR,
        Differs.BIRTH_DATE,
        Differs.GENDER,
        Differs.ETHNIC_GROUP,
        Differs.POVERTY_CLASS,
        Differs.HAMLET,
        Differs.HEAD,
    ]
)


UNCHANGED: Mapping[str, Any] = MappingProxyType({})


@dataclass(slots=True, eq=False)
class ContactDraft:
    """A phone of a household; without an id it is new."""

    id: int | None
    phone: str
    takes_sms: bool
    owner: PhoneOwner
    owner_note: str
    position: int
    resident: ResidentDraft | None = None
    was: Mapping[str, Any] = field(default_factory=lambda: UNCHANGED)  # changed columns, as they were


@dataclass(slots=True, eq=False)
class ResidentDraft:
    """A person; without an id a new one."""

    id: int | None
    full_name: str
    is_head: bool = False
    relation: str = ""
    birth_year: int | None = None
    birth_date: date | None = None
    gender: Gender = Gender.UNKNOWN
    ethnic_group: str = ""
    citizen_number_digest: str | None = None
    citizen_number: str | None = None  # only where the list brings it
    was: Mapping[str, Any] = field(default_factory=lambda: UNCHANGED)


@dataclass(slots=True, eq=False)
class HouseholdDraft:
    """A household; without an id a new one."""

    id: int | None
    hamlet: Hamlet
    code: str | None = None
    ethnic_group: str = ""
    poverty_class: PovertyClass = PovertyClass.OTHER
    list_order: int | None = None
    left_on: date | None = None
    members: list[ResidentDraft] = field(default_factory=list)
    contacts: dict[str, ContactDraft] = field(default_factory=dict)  # by phone
    statuses: dict[str, StatusDraft] = field(default_factory=dict)  # by decision
    was: Mapping[str, Any] = field(default_factory=lambda: UNCHANGED)

    @property
    def head(self) -> ResidentDraft | None:
        """The head, None if none is known."""
        return next((member for member in self.members if member.is_head), None)

    @property
    def known_until(self) -> int | None:
        """The latest year a decision speaks of it, None if none does."""
        return max((status.year for status in self.statuses.values()), default=None)


@dataclass(slots=True, eq=False)
class StatusDraft:
    """What one decision says of a household; without an id it is new."""

    id: int | None
    decision: str
    year: int
    poverty_class: PovertyClass
    was: Mapping[str, Any] = field(default_factory=lambda: UNCHANGED)


Draft = HouseholdDraft | ResidentDraft | ContactDraft | StatusDraft


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact in which the list and we differ; `taken` says whose word stands afterwards."""

    place: Place
    name: str
    what: Differs
    kept: str  # ours
    said: str  # the list's
    taken: bool
    household_id: int

    @property
    def key(self) -> str:
        """Names the difference in an officer's answers."""
        return f"{self.place.key}!{self.what}"


def known_households(commune: Area) -> dict[int, HouseholdDraft]:
    """All households of a commune, those that have left too, as they stand; read in four plain selects."""
    households: dict[int, HouseholdDraft] = {
        row.id: HouseholdDraft(
            row.id, row.hamlet_id, row.code, row.ethnic_group, row.poverty_class, row.list_order, row.left_on
        )
        for row in _rows_of(
            commune,
            Household.id,
            Household.hamlet_id,
            Household.code,
            Household.ethnic_group,
            Household.poverty_class,
            Household.list_order,
            Household.left_on,
            first=Household.id,
        )
    }
    residents: dict[int, ResidentDraft] = {}
    for row in _rows_of(
        commune,
        Resident.household_id,
        Resident.id,
        Resident.full_name,
        Resident.is_head,
        Resident.relation,
        Resident.birth_year,
        Resident.birth_date,
        Resident.gender,
        Resident.ethnic_group,
        Resident.citizen_number_digest,
        first=Resident.id,
    ):
        residents[row.id] = ResidentDraft(*row[1:])
        households[row.household_id].members.append(residents[row.id])
    for row in _rows_of(
        commune,
        Contact.household_id,
        Contact.resident_id,
        Contact.id,
        Contact.phone,
        Contact.takes_sms,
        Contact.owner,
        Contact.owner_note,
        Contact.position,
        first=Contact.position,
    ):
        contact = ContactDraft(*row[2:])
        contact.resident = residents.get(row.resident_id)
        households[row.household_id].contacts[contact.phone] = contact
    for row in _rows_of(
        commune,
        PovertyStatus.household_id,
        PovertyStatus.id,
        PovertyStatus.decision,
        PovertyStatus.year,
        PovertyStatus.poverty_class,
        first=PovertyStatus.id,
    ):
        households[row.household_id].statuses[row.decision] = StatusDraft(*row[1:])
    return households


def _rows_of(commune: Area, *columns: Any, first: Any) -> Iterable[Any]:
    chosen = sa.select(*columns).where(Household.commune_id == commune.id).order_by(first)
    if first.class_ is not Household:
        chosen = chosen.join(Household, first.class_.household_id == Household.id)
    # Entries that were merged into others are found by those: a list never brings them back.
    chosen = chosen.where(Household.merged_into_id.is_(None))
    if first.class_ is Resident:
        chosen = chosen.where(Resident.merged_into_id.is_(None))
    return db.session.execute(chosen)


class Teller:
    """Tells drafts what a list says of them, and notes where it differs."""

    def __init__(
        self,
        year: int,
        decision: str,
        answers: Mapping[str, bool],
        hamlet_name: Callable[[Hamlet], str],
        codes: set[str],
    ) -> None:
        self._year = year
        self._decision = decision
        self._answers = answers
        self._hamlet_name = hamlet_name
        self._codes = codes  # those in use in the commune
        self.differences: list[Difference] = []

    def household(self, draft: HouseholdDraft, said: ParsedHousehold, hamlet: Hamlet, *, certain: bool) -> None:
        """What the list says of the household as such."""
        case = _Case(draft, (said.head or said.people[0]).full_name, said.place, certain and self._is_newer(draft))
        if said.code and said.code != draft.code and said.code not in self._codes:
            if draft.code is None:
                _set(draft, "code", said.code)
                self._codes.add(said.code)
            elif self._differ(case, draft, Differs.CODE, "code", said.code):
                self._codes.add(said.code)
        if draft.left_on is not None and draft.id is not None:
            self._differ(case, draft, Differs.LEFT, "left_on", None, told=self._hamlet_name(hamlet))
        if hamlet != draft.hamlet:
            self._differ(
                case,
                draft,
                Differs.HAMLET,
                "hamlet",
                hamlet,
                self._hamlet_name(draft.hamlet),
                self._hamlet_name(hamlet),
            )
        if said.head:
            _fill(draft, "ethnic_group", said.head.ethnic_group)
        if said.poverty_class is not None:
            self._class(case, draft, said.poverty_class)

    def _class(self, case: _Case, draft: HouseholdDraft, said: PovertyClass) -> None:
        """The class goes to the list's decision and year; other years stay."""
        status = draft.statuses.get(self._decision)
        if status is None:
            draft.statuses[self._decision] = StatusDraft(None, self._decision, self._year, said)
        elif status.poverty_class is not said:
            self._differ(case, status, Differs.POVERTY_CLASS, "poverty_class", said)
        latest = max(draft.statuses.values(), key=lambda known: known.year)
        _set(draft, "poverty_class", latest.poverty_class)

    def person(
        self, draft: ResidentDraft, said: ParsedPerson, digest: str | None, household: HouseholdDraft, *, certain: bool
    ) -> None:
        """What the list says of one person, phones included."""
        certain = certain or (digest is not None and digest == draft.citizen_number_digest)
        case = _Case(household, said.full_name, said.place, certain and self._is_newer(household))
        if said.full_name != draft.full_name:
            self._name(case, draft, said.full_name)
        self._birth(case, draft, said)
        if draft.gender is Gender.UNKNOWN:
            _set(draft, "gender", said.gender)
        elif said.gender not in (Gender.UNKNOWN, draft.gender):
            self._differ(case, draft, Differs.GENDER, "gender", said.gender)
        self._ethnic_group(case, draft, said.ethnic_group)
        _fill(draft, "relation", said.relation)
        if digest is not None and draft.citizen_number_digest is None:
            _set(draft, "citizen_number_digest", digest)
            draft.citizen_number = said.citizen_number
        if said.is_head and not draft.is_head:
            self._head(case, draft, household)
        for written in said.phones:
            _add_phone(household, draft, written)

    def _name(self, case: _Case, draft: ResidentDraft, said: str) -> None:
        """A better spelling replaces a worse one; another name does only if an officer says so."""
        if loose_match_key(said) != loose_match_key(draft.full_name):
            self._differ(case, draft, Differs.NAME, "full_name", said)
        elif is_better_spelling(said, draft.full_name):
            _set(draft, "full_name", said)

    def _birth(self, case: _Case, draft: ResidentDraft, said: ParsedPerson) -> None:
        year, day = said.birth.year, said.birth.on
        if year is None:
            return
        if draft.birth_year is None:
            _set(draft, "birth_year", year)
        if draft.birth_year != year:
            if self._differ(case, draft, Differs.BIRTH_YEAR, "birth_year", year):
                _set(draft, "birth_date", day)
        elif draft.birth_date is None:
            _set(draft, "birth_date", day)
        elif day is not None and day != draft.birth_date:
            self._differ(case, draft, Differs.BIRTH_DATE, "birth_date", day)

    def _ethnic_group(self, case: _Case, draft: ResidentDraft, said: str) -> None:
        if not said or said == draft.ethnic_group:
            return
        if not draft.ethnic_group:
            _set(draft, "ethnic_group", said)
        elif search_key(said) != search_key(draft.ethnic_group):
            self._differ(case, draft, Differs.ETHNIC_GROUP, "ethnic_group", said)
        elif is_better_spelling(said, draft.ethnic_group):
            _set(draft, "ethnic_group", said)

    def _head(self, case: _Case, draft: ResidentDraft, household: HouseholdDraft) -> None:
        head = household.head
        if head is None:
            _set(draft, "is_head", True)
        elif self._differ(case, draft, Differs.HEAD, "is_head", True, head.full_name, draft.full_name):
            _set(head, "is_head", False)

    def _is_newer(self, household: HouseholdDraft) -> bool:
        """Whether the list is of a later year than all we know of the household."""
        if household.id is None:
            return False
        known_until = max((s.year for s in household.statuses.values() if s.id is not None), default=None)
        return known_until is not None and self._year > known_until

    def _differ(
        self,
        case: _Case,
        draft: Draft,
        what: Differs,
        column: str,
        value: Any,
        kept: str | None = None,
        told: str | None = None,
    ) -> bool:
        """Note a difference and settle it; True if the list's word is taken. Within one list the first row stands."""
        if case.household.id is None:
            return False
        ours = getattr(draft, column)
        difference = Difference(
            case.place,
            case.name,
            what,
            kept=as_text(ours) or "" if kept is None else kept,
            said=as_text(value) or "" if told is None else told,
            taken=False,
            household_id=case.household.id,
        )
        taken = self._answers.get(difference.key, case.believed and what in _BELIEVED)
        self.differences.append(
            Difference(
                difference.place,
                difference.name,
                what,
                difference.kept,
                difference.said,
                taken,
                difference.household_id,
            )
        )
        if taken:
            _set(draft, column, value)
        return taken


@dataclass(frozen=True, slots=True)
class _Case:
    """The row a fact comes from, the household it is about, and whether the list is believed in general."""

    household: HouseholdDraft
    name: str
    place: Place
    believed: bool


def _set(draft: Draft, column: str, value: Any) -> None:
    """Change a draft, remembering what the row said before the list."""
    ours = getattr(draft, column)
    if ours == value:
        return
    if draft.id is not None:
        draft.was = {column: ours, **draft.was}
    setattr(draft, column, value)


def _fill(draft: Draft, column: str, value: Any) -> None:
    if value and not getattr(draft, column):
        _set(draft, column, value)


def _add_phone(household: HouseholdDraft, resident: ResidentDraft, written: WrittenPhone) -> None:
    owner = owner_of(written.remark)
    known = household.contacts.get(written.phone.e164)
    if known is None:
        household.contacts[written.phone.e164] = ContactDraft(
            None,
            written.phone.e164,
            written.phone.takes_sms,
            owner,
            written.remark[:SHORT],
            position=max((contact.position for contact in household.contacts.values()), default=-1) + 1,
            resident=resident if owner is PhoneOwner.MEMBER else None,
        )
    elif written.remark and not known.owner_note:
        _set(known, "owner", owner)
        _set(known, "owner_note", written.remark[:SHORT])
        if owner is not PhoneOwner.MEMBER:
            _set(known, "resident", None)


def is_better_spelling(said: str, ours: str) -> bool:
    """Whether the list writes the same name better than we do: with marks, and not in capitals."""
    return said != ours and _spelling(said) > _spelling(ours)


def _spelling(name: str) -> tuple[bool, bool]:
    return has_marks(name), all(word[:1].isupper() and not word[1:].isupper() for word in name.split())


def as_text(value: Any) -> str | None:
    """A value as pages and the register of changes keep it; None: nothing was known."""
    if value is None or value == "":
        return None
    return value.isoformat() if isinstance(value, date) else str(value)


def owner_of(remark: str) -> PhoneOwner:
    """Whose phone it is, by the words beside it; without words the member's own."""
    words = search_key(remark).split()
    if not words:
        return PhoneOwner.MEMBER
    folded = " ".join(words)
    for owner, listed in _OWNERS:
        if any(folded == known or folded.startswith(known + " ") for known in listed):
            return owner
    return PhoneOwner.OTHER
