"""What a list would change. Reads and says; writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from eventmgr.areas.models import Area
from eventmgr.areas.queries import hamlets_of
from eventmgr.areas.values import hamlet_key, hamlet_name
from eventmgr.core.secrets import keyed_digest
from eventmgr.residents.importing.values import (
    DoubtfulCell,
    ParsedHousehold,
    ParsedList,
    RejectedRow,
    RowReason,
)
from eventmgr.residents.services.households import default_decision
from eventmgr.residents.services.importing.drafts import (
    Difference,
    HouseholdDraft,
    ResidentDraft,
    Teller,
    known_households,
)
from eventmgr.residents.services.importing.matching import (
    SKIP,
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
from eventmgr.residents.services.residents import CITIZEN_NUMBER

Report = Callable[[int, int], None]
"""Told how many rows are dealt with, of how many."""


def silent(_done: int, _total: int) -> None:
    """For work nobody watches."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the officer says of a list. `hamlet` holds for rows that name none.

    `decisions` answers who is meant, by the key of the row (`Undecided.key`); `changes` whether the list's word
    replaces ours, by `Difference.key`.
    """

    year: int
    decision: str = ""
    hamlet: Area | None = None
    add_hamlets: bool = True
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    changes: Mapping[str, bool] = field(default_factory=dict)

    @property
    def decision_name(self) -> str:
        """The decision that gives the classes; lists without one are known by their year."""
        return self.decision or default_decision(self.year)


@dataclass(slots=True)
class ImportPlan:
    """What a list would change, ready to be carried out while nothing else writes."""

    commune: Area
    options: ImportOptions
    hamlets: dict[int, str]  # names of the known ones, by id
    known: dict[int, HouseholdDraft]
    new_hamlets: dict[str, str] = field(default_factory=dict)  # key and name, in the order of the file
    matches: list[HouseholdMatch] = field(default_factory=list)
    matched: list[HouseholdDraft] = field(default_factory=list)  # one for each of the matches
    rejected: list[RejectedRow] = field(default_factory=list)
    doubtful: list[DoubtfulCell] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    households: list[HouseholdDraft] = field(default_factory=list)  # those the list names, once each
    residents: list[ResidentDraft] = field(default_factory=list)

    def hamlet_name(self, hamlet: Hamlet) -> str:
        """A known or new hamlet's name."""
        return self.hamlets.get(hamlet, "") if isinstance(hamlet, int) else self.new_hamlets[hamlet]

    @property
    def new_households(self) -> int:
        """How many households the list adds."""
        return sum(draft.id is None for draft in self.households)

    @property
    def known_households(self) -> int:
        """How many households of the list were known before."""
        return len(self.households) - self.new_households

    @property
    def new_residents(self) -> int:
        """How many people the list adds."""
        return sum(draft.id is None for draft in self.residents)

    @property
    def known_residents(self) -> int:
        """How many people of the list were known before."""
        return len(self.residents) - self.new_residents

    @property
    def completed_residents(self) -> int:
        """How many known people the list tells something new of."""
        return sum(bool(draft.was) for draft in self.residents)

    @property
    def new_contacts(self) -> int:
        """How many phones the list adds."""
        return sum(contact.id is None for draft in self.households for contact in draft.contacts.values())

    @property
    def new_statuses(self) -> int:
        """How many classes the list adds."""
        return sum(status.id is None for draft in self.households for status in draft.statuses.values())

    @property
    def hamlets_to_add(self) -> dict[str, str]:
        """The hamlets that are needed and not known, key and name."""
        needed = {draft.hamlet for draft in self.households}
        return {key: name for key, name in self.new_hamlets.items() if key in needed}

    @property
    def good_rows(self) -> int:
        """How many rows go in."""
        return sum(len(match.people) for match in self.matches)


def plan_import(parsed: ParsedList, commune: Area, options: ImportOptions, *, report: Report = silent) -> ImportPlan:
    """What the list would change in the commune; changes nothing."""
    plan = ImportPlan(
        commune=commune,
        options=options,
        hamlets={hamlet.id: hamlet.name for hamlet in hamlets_of(commune)},
        known=known_households(commune),
        rejected=list(parsed.rejected),
        doubtful=list(parsed.doubtful),
    )
    _Planner(plan, parsed, report).settle()
    return plan


class _Planner:
    """Settles who is meant, then tells the drafts what the list says of them."""

    def __init__(self, plan: ImportPlan, parsed: ParsedList, report: Report) -> None:
        self._plan = plan
        self._parsed = parsed
        self._report = report
        self._household_drafts: dict[int, HouseholdDraft] = {}  # by id() of the entry
        self._resident_drafts: dict[int, ResidentDraft] = {}
        self._total = len(parsed.people)
        self._hamlet_ids = {hamlet_key(name): hamlet_id for hamlet_id, name in plan.hamlets.items()}

    def settle(self) -> None:
        """Sheet by sheet, so that a second sheet of the same file meets what the first one brought."""
        matcher = Matcher(
            [self._entry(draft) for draft in self._plan.known.values()],
            without_marks=is_without_marks(self._parsed.people),
            decisions=self._plan.options.decisions,
        )
        for sheet in self._parsed.sheets:
            matches, undecided = matcher.settle_sheet(self._newcomers(sheet.households))
            self._plan.matches.extend(matches)
            self._plan.undecided.extend(undecided)
        self._plan.rejected.extend(
            RejectedRow(person.place, person.full_name, RowReason.LEFT_OUT) for person in matcher.left_out
        )
        self._tell()

    def _entry(self, draft: HouseholdDraft) -> HouseholdEntry:
        entry = HouseholdEntry(draft.id, draft.code, draft.hamlet, set(draft.contacts))
        self._household_drafts[id(entry)] = draft
        for member in draft.members:
            person = PersonEntry(
                id=member.id,
                full_name=member.full_name,
                birth_year=member.birth_year,
                ethnic_group=member.ethnic_group,
                number_digest=member.citizen_number_digest,
                is_head=member.is_head,
                household=entry,
            )
            self._resident_drafts[id(person)] = member
            entry.people.append(person)
        return entry

    def _newcomers(self, said: Iterable[ParsedHousehold]) -> list[Newcomer]:
        newcomers: list[Newcomer] = []
        for household in said:
            if self._plan.options.decisions.get(household.place.key) == SKIP:
                self._reject(household, RowReason.LEFT_OUT)
                continue
            hamlet = self._hamlet_meant(household)
            if isinstance(hamlet, RowReason):
                self._reject(household, hamlet)
                continue
            digests = tuple(
                keyed_digest(person.citizen_number, CITIZEN_NUMBER) if person.citizen_number else None
                for person in household.people
            )
            newcomers.append(Newcomer(household, hamlet, digests))
        return newcomers

    def _reject(self, household: ParsedHousehold, reason: RowReason) -> None:
        self._plan.rejected.extend(RejectedRow(p.place, p.full_name, reason) for p in household.people)

    def _hamlet_meant(self, household: ParsedHousehold) -> Hamlet | RowReason:
        options = self._plan.options
        if not household.hamlet:
            return options.hamlet.id if options.hamlet else RowReason.HAMLET_MISSING
        key = hamlet_key(household.hamlet)
        if key in self._hamlet_ids:
            return self._hamlet_ids[key]
        if not options.add_hamlets:
            return RowReason.HAMLET_UNKNOWN
        self._plan.new_hamlets.setdefault(key, hamlet_name(household.hamlet))
        return key

    def _tell(self) -> None:
        options = self._plan.options
        codes = {draft.code for draft in self._plan.known.values() if draft.code}
        teller = Teller(options.year, options.decision_name, options.changes, self._plan.hamlet_name, codes)
        households: dict[int, HouseholdDraft] = {}
        residents: dict[int, ResidentDraft] = {}
        done = 0
        for order, match in enumerate(self._plan.matches, start=1):
            household = self._household_drafts.get(id(match.entry))
            if household is None:
                household = HouseholdDraft(None, match.entry.hamlet, list_order=order)
                self._household_drafts[id(match.entry)] = household
            households[id(household)] = household
            self._plan.matched.append(household)
            teller.household(household, match.newcomer.said, match.newcomer.hamlet, certain=match.certain)
            for person in match.people:
                resident = self._resident_drafts.get(id(person.entry))
                if resident is None:
                    resident = ResidentDraft(None, person.said.full_name, is_head=person.entry.is_head)
                    self._resident_drafts[id(person.entry)] = resident
                    household.members.append(resident)
                residents[id(resident)] = resident
                digest = match.newcomer.digest_of(person.said)
                teller.person(resident, person.said, digest, household, certain=match.certain)
            done += len(match.people)
            self._report(done, self._total)
        self._plan.differences = teller.differences
        self._plan.households = list(households.values())
        self._plan.residents = list(residents.values())
