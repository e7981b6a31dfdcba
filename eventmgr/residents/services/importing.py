"""Taking in a list: what it would change, and changing it.

`plan_import` reads and says; `carry_out` writes what was planned, in the caller's unit of work. A preview
and a dry run are the plan alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.areas.queries import hamlets_of
from eventmgr.areas.services import add_area
from eventmgr.areas.values import AreaDetails, Level, hamlet_key, hamlet_name
from eventmgr.core.audit import record_audit
from eventmgr.core.db import SHORT, db, locked
from eventmgr.core.phone import WrittenPhone
from eventmgr.core.secrets import keyed_digest, seal
from eventmgr.core.text import search_key
from eventmgr.residents.importing.values import (
    Differs,
    DoubtfulCell,
    ParsedHousehold,
    ParsedList,
    ParsedPerson,
    Place,
    RejectedRow,
    RowReason,
)
from eventmgr.residents.models import Contact, Household, Resident
from eventmgr.residents.queries import households_of_commune
from eventmgr.residents.services.matching import (
    Decision,
    Hamlet,
    HouseholdEntry,
    HouseholdMatch,
    Matcher,
    Newcomer,
    PersonEntry,
    Undecided,
    is_without_marks,
)
from eventmgr.residents.services.people import CITIZEN_NUMBER, default_decision, name_columns, record_poverty_status
from eventmgr.residents.values import Gender, PhoneOwner

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


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the officer says of a list. `hamlet` holds for rows that name none."""

    year: int
    decision: str = ""
    hamlet: Area | None = None
    add_hamlets: bool = True
    decisions: Mapping[Place, Decision] = field(default_factory=dict)

    @property
    def decision_name(self) -> str:
        """The decision that gives the classes; lists without one are known by their year."""
        return self.decision or default_decision(self.year)


@dataclass(frozen=True, slots=True)
class Difference:
    """Something kept as it is, though the list says otherwise."""

    place: Place
    name: str
    what: Differs
    kept: str
    said: str


@dataclass(slots=True)
class ImportPlan:
    """What a list would change, ready to be carried out while nothing else writes."""

    commune: Area
    options: ImportOptions
    matches: list[HouseholdMatch]
    households: dict[int, Household]  # the known ones, by id
    hamlets: dict[Hamlet, Area]
    new_hamlets: dict[Hamlet, str]  # key and name, in the order of the file
    rejected: list[RejectedRow]
    doubtful: list[DoubtfulCell]
    undecided: list[Undecided]
    differences: list[Difference] = field(default_factory=list)

    @property
    def new_households(self) -> int:
        """How many households the list adds."""
        return len({id(match.entry) for match in self.matches if match.entry.id is None})

    @property
    def known_households(self) -> int:
        """How many households of the list were known before."""
        return len({match.entry.id for match in self.matches if match.entry.id is not None})

    @property
    def new_residents(self) -> int:
        """How many people the list adds."""
        return len({id(p.entry) for match in self.matches for p in match.people if p.entry.id is None})

    @property
    def known_residents(self) -> int:
        """How many people of the list were known before."""
        return len({p.entry.id for match in self.matches for p in match.people if p.entry.id is not None})

    @property
    def good_rows(self) -> int:
        """How many rows go in."""
        return sum(len(match.people) for match in self.matches)


@dataclass(slots=True)
class ImportResult:
    """What a list has changed."""

    households_added: int = 0
    households_known: int = 0
    residents_added: int = 0
    residents_known: int = 0
    contacts_added: int = 0
    statuses_added: int = 0
    hamlets_added: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    doubtful: list[DoubtfulCell] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every row went in."""
        return not (self.rejected or self.undecided)


def import_list(
    parsed: ParsedList, commune: Area, options: ImportOptions, *, by: Any, now: datetime, source: str = ""
) -> ImportResult:
    """Take in a list: the sure rows go in, the others are told with their reasons. Matches, never doubles.

    Two imports of one commune wait for each other: the second meets what the first has brought.
    """
    db.session.execute(locked(sa.select(Area.id).where(Area.id == commune.id)))
    return carry_out(plan_import(parsed, commune, options), by=by, now=now, source=source)


def plan_import(parsed: ParsedList, commune: Area, options: ImportOptions) -> ImportPlan:
    """What the list would change in the commune; changes nothing."""
    known = households_of_commune(commune)
    plan = ImportPlan(
        commune=commune,
        options=options,
        matches=[],
        households={household.id: household for household in known},
        hamlets={hamlet.id: hamlet for hamlet in hamlets_of(commune)},
        new_hamlets={},
        rejected=list(parsed.rejected),
        doubtful=list(parsed.doubtful),
        undecided=[],
    )
    matcher = Matcher(
        [_entry(household) for household in known],
        without_marks=is_without_marks(parsed.people),
        decisions=options.decisions,
    )
    for sheet in parsed.sheets:
        matches, undecided = matcher.settle_sheet(_newcomers(sheet.households, plan))
        plan.matches.extend(matches)
        plan.undecided.extend(undecided)
    plan.differences = _differences(plan)
    return plan


def _entry(household: Household) -> HouseholdEntry:
    entry = HouseholdEntry(
        household.id, household.code, household.hamlet_id, {contact.phone for contact in household.contacts}
    )
    entry.people = [
        PersonEntry(
            id=resident.id,
            full_name=resident.full_name,
            birth_year=resident.birth_year,
            ethnic_group=resident.ethnic_group,
            number_digest=resident.citizen_number_digest,
            is_head=resident.is_head,
            household=entry,
        )
        for resident in household.members
    ]
    return entry


def _newcomers(said: Iterable[ParsedHousehold], plan: ImportPlan) -> list[Newcomer]:
    known = {hamlet_key(hamlet.name): hamlet.id for hamlet in plan.hamlets.values()}
    newcomers: list[Newcomer] = []
    for household in said:
        hamlet = _hamlet_meant(household, known, plan)
        if isinstance(hamlet, RowReason):
            plan.rejected.extend(RejectedRow(p.place, p.full_name, hamlet) for p in household.people)
        else:
            digests = tuple(
                keyed_digest(person.citizen_number, CITIZEN_NUMBER) if person.citizen_number else None
                for person in household.people
            )
            newcomers.append(Newcomer(household, hamlet, digests))
    return newcomers


def _hamlet_meant(household: ParsedHousehold, known: Mapping[str, int], plan: ImportPlan) -> Hamlet | RowReason:
    if not household.hamlet:
        return plan.options.hamlet.id if plan.options.hamlet else RowReason.HAMLET_MISSING
    key = hamlet_key(household.hamlet)
    if key in known:
        return known[key]
    if not plan.options.add_hamlets:
        return RowReason.HAMLET_UNKNOWN
    plan.new_hamlets.setdefault(key, hamlet_name(household.hamlet))
    return key


def _differences(plan: ImportPlan) -> list[Difference]:
    """Where the list says otherwise than we do."""
    found: list[Difference] = []
    for match in plan.matches:
        if match.entry.id is None:
            continue
        household = plan.households[match.entry.id]
        found.extend(_household_differences(match, household, plan))
        residents = {resident.id: resident for resident in household.members}
        for person in match.people:
            if person.entry.id is not None:
                found.extend(_resident_differences(person.said, residents[person.entry.id]))
            elif person.said.is_head and not person.entry.is_head:
                found.append(_head_difference(person.said, household.head))
    return found


def _household_differences(match: HouseholdMatch, household: Household, plan: ImportPlan) -> Iterable[Difference]:
    said, spokesman = match.newcomer.said, match.newcomer.spokesman

    def differs(what: Differs, kept: object, told: object) -> Difference:
        return Difference(said.place, spokesman.full_name, what, str(kept), str(told))

    if said.code and household.code and said.code != household.code:
        yield differs(Differs.CODE, household.code, said.code)
    if household.left_on is not None:
        yield differs(Differs.LEFT, household.left_on, said.hamlet)
    if match.newcomer.hamlet != household.hamlet_id:
        yield differs(Differs.HAMLET, household.hamlet.name, said.hamlet)
    for status in household.statuses:
        if status.decision == plan.options.decision_name and said.poverty_class not in (None, status.poverty_class):
            yield differs(Differs.POVERTY_CLASS, status.poverty_class, said.poverty_class)


def _resident_differences(said: ParsedPerson, resident: Resident) -> Iterable[Difference]:
    def differs(what: Differs, kept: object, told: object) -> Difference:
        return Difference(said.place, said.full_name, what, str(kept), str(told))

    if None not in (resident.birth_year, said.birth.year) and said.birth.year != resident.birth_year:
        yield differs(Differs.BIRTH_YEAR, resident.birth_year, said.birth.year)
    if Gender.UNKNOWN not in (resident.gender, said.gender) and said.gender is not resident.gender:
        yield differs(Differs.GENDER, resident.gender, said.gender)
    if (
        resident.ethnic_group
        and said.ethnic_group
        and search_key(said.ethnic_group) != search_key(resident.ethnic_group)
    ):
        yield differs(Differs.ETHNIC_GROUP, resident.ethnic_group, said.ethnic_group)
    if said.is_head and not resident.is_head:
        yield _head_difference(said, resident.household.head)


def _head_difference(said: ParsedPerson, head: Resident | None) -> Difference:
    return Difference(said.place, said.full_name, Differs.HEAD, head.full_name if head else "", said.full_name)


# --- writing --------------------------------------------------------------------------------------


def carry_out(plan: ImportPlan, *, by: Any, now: datetime, source: str = "") -> ImportResult:
    """Write what was planned, in the caller's unit of work; the plan was made in the same one."""
    result = ImportResult(
        households_added=plan.new_households,
        households_known=plan.known_households,
        residents_added=plan.new_residents,
        residents_known=plan.known_residents,
        rejected=plan.rejected,
        doubtful=plan.doubtful,
        undecided=plan.undecided,
        differences=plan.differences,
    )
    _add_hamlets(plan, result, by=by, now=now)
    with db.session.no_autoflush:
        _Writer(plan, result, now).write()
    db.session.flush()
    record_audit(
        "import_list",
        source or f"area:{plan.commune.id}",
        by=by,
        now=now,
        area_id=plan.commune.id,
        after={
            "households_added": result.households_added,
            "residents_added": result.residents_added,
            "contacts_added": result.contacts_added,
            "statuses_added": result.statuses_added,
        },
    )
    return result


def _add_hamlets(plan: ImportPlan, result: ImportResult, *, by: Any, now: datetime) -> None:
    needed = {match.entry.hamlet for match in plan.matches}
    for key, name in plan.new_hamlets.items():
        if key in needed:
            plan.hamlets[key] = add_area(AreaDetails(Level.HAMLET, name), plan.commune, by=by, now=now)
            result.hamlets_added.append(plan.hamlets[key].name)


class _Writer:
    """Turns the matches of a plan into rows."""

    def __init__(self, plan: ImportPlan, result: ImportResult, now: datetime) -> None:
        self._plan = plan
        self._result = result
        self._now = now
        self._decision = plan.options.decision_name
        self._new_households: dict[int, Household] = {}
        self._residents: dict[int, Resident] = {}
        for household in plan.households.values():
            for resident in household.members:
                self._residents[resident.id] = resident
        self._new_residents: dict[int, Resident] = {}

    def write(self) -> None:
        """All matches, in the order of the file."""
        for order, match in enumerate(self._plan.matches, start=1):
            household = self._household(match, order)
            for person in match.people:
                resident = self._resident(person.entry, person.said, household)
                self._add_contacts(person.said, resident, household)
            self._set_poverty_class(match, household)

    def _household(self, match: HouseholdMatch, order: int) -> Household:
        entry, said = match.entry, match.newcomer.said
        if entry.id is not None:
            household = self._plan.households[entry.id]
        elif id(entry) in self._new_households:
            household = self._new_households[id(entry)]
        else:
            household = Household(
                commune=self._plan.commune,
                hamlet=self._plan.hamlets[entry.hamlet],
                list_order=order,
                created_at=self._now,
            )
            self._new_households[id(entry)] = household
            db.session.add(household)
        household.code = household.code or entry.code
        spokesman = match.newcomer.spokesman
        household.ethnic_group = household.ethnic_group or (spokesman.ethnic_group if said.head else "")
        return household

    def _resident(self, entry: PersonEntry, said: ParsedPerson, household: Household) -> Resident:
        if entry.id is not None:
            resident = self._residents[entry.id]
        elif id(entry) in self._new_residents:
            resident = self._new_residents[id(entry)]
        else:
            resident = Resident(
                full_name=said.full_name,
                **name_columns(said.full_name),
                is_head=entry.is_head,
                relation="",
                ethnic_group="",
                gender=Gender.UNKNOWN,
                created_at=self._now,
            )
            household.members.append(resident)
            self._new_residents[id(entry)] = resident
        self._fill(resident, said)
        return resident

    def _fill(self, resident: Resident, said: ParsedPerson) -> None:
        """Fill what was not known; what was known stays (`_differences` tells where the list says otherwise)."""
        resident.birth_year = resident.birth_year or said.birth.year
        if resident.birth_date is None and said.birth.year == resident.birth_year:
            resident.birth_date = said.birth.on
        if resident.gender is Gender.UNKNOWN:
            resident.gender = said.gender
        resident.ethnic_group = resident.ethnic_group or said.ethnic_group
        resident.relation = resident.relation or said.relation
        if said.citizen_number and not resident.citizen_number_digest:
            resident.citizen_number_sealed = seal(said.citizen_number)
            resident.citizen_number_digest = keyed_digest(said.citizen_number, CITIZEN_NUMBER)

    def _add_contacts(self, said: ParsedPerson, resident: Resident, household: Household) -> None:
        for written in said.phones:
            known = next((contact for contact in household.contacts if contact.phone == written.phone.e164), None)
            if known is None:
                household.contacts.append(_contact(written, resident, len(household.contacts)))
                self._result.contacts_added += 1
            elif written.remark and not known.owner_note:
                known.owner, known.owner_note = owner_of(written.remark), written.remark[:SHORT]

    def _set_poverty_class(self, match: HouseholdMatch, household: Household) -> None:
        said = match.newcomer.said.poverty_class
        if said is None:
            return
        if all(status.decision != self._decision for status in household.statuses):
            record_poverty_status(household, self._decision, self._plan.options.year, said)
            self._result.statuses_added += 1


def _contact(written: WrittenPhone, resident: Resident, position: int) -> Contact:
    owner = owner_of(written.remark)
    return Contact(
        resident=resident if owner is PhoneOwner.MEMBER else None,
        phone=written.phone.e164,
        takes_sms=written.phone.takes_sms,
        owner=owner,
        owner_note=written.remark[:SHORT],
        position=position,
    )


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
