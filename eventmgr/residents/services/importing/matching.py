"""Which household of a list is which of those already known.

Pure: it is handed what is known as entries, and says for every household of the list whether it is one
of them, a new one, or a question for an officer. Entries learn while it goes on, so that a second sheet
of the same file meets what the first one brought.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from eventmgr.core.text import has_marks, loose_match_key, match_key
from eventmgr.residents.importing.values import ParsedHousehold, ParsedPerson, Place, Question

Hamlet = int | str
"""A known hamlet's id, or the key of one the list brings."""


@dataclass(slots=True, eq=False)
class PersonEntry:
    """A person we know, or have met earlier in the same file (then without an id)."""

    id: int | None
    full_name: str
    birth_year: int | None
    ethnic_group: str
    number_digest: str | None
    is_head: bool
    household: HouseholdEntry
    key: str = field(init=False)
    loose_key: str = field(init=False)

    def __post_init__(self) -> None:
        self.key = match_key(self.full_name)
        self.loose_key = loose_match_key(self.full_name)


@dataclass(slots=True, eq=False)
class HouseholdEntry:
    """A household we know, or have met earlier in the same file (then without an id)."""

    id: int | None
    code: str | None
    hamlet: Hamlet
    phones: set[str] = field(default_factory=set)
    people: list[PersonEntry] = field(default_factory=list)

    @property
    def head(self) -> PersonEntry | None:
        """The head, None if none is known."""
        return next((person for person in self.people if person.is_head), None)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A household of the list with what its words mean here: its hamlet, and the digests of its citizen numbers."""

    said: ParsedHousehold
    hamlet: Hamlet
    digests: tuple[str | None, ...]  # one for each of said.people

    @property
    def spokesman(self) -> ParsedPerson:
        """The head, else the first person."""
        return self.said.head or self.said.people[0]

    @property
    def phones(self) -> set[str]:
        """All its phones."""
        return {written.phone.e164 for person in self.said.people for written in person.phones}

    def digest_of(self, person: ParsedPerson) -> str | None:
        """The digest of the person's citizen number."""
        return self.digests[self.said.people.index(person)]


@dataclass(frozen=True, slots=True)
class Undecided:
    """A row, and its household with it, that was left out until an officer has decided."""

    place: Place
    name: str
    question: Question
    household_ids: tuple[int, ...]  # known households that may be meant; empty: only rows of this file are alike
    newcomer: Newcomer

    @property
    def about_household(self) -> bool:
        """Whether the whole household waits for the answer; else one person of it."""
        return self.question is not Question.LIVES_ELSEWHERE

    @property
    def key(self) -> str:
        """Names the question in an officer's answers."""
        return self.place.key if self.about_household else person_key(self.place)


@dataclass(frozen=True, slots=True)
class PersonMatch:
    """A person of the list and the entry it is; the entry has no id when the person is new."""

    said: ParsedPerson
    entry: PersonEntry


@dataclass(frozen=True, slots=True)
class HouseholdMatch:
    """A household of the list and the entry it is; the entry has no id when the household is new."""

    newcomer: Newcomer
    entry: HouseholdEntry
    people: tuple[PersonMatch, ...]
    certain: bool  # by a number, a code or an officer


def person_key(place: Place) -> str:
    """Names the question about one person of a household in an officer's answers."""
    return f"{place.key}!person"


NEW, SKIP = "new", "skip"
Decision = str | int
"""An officer's answer for one row: `NEW`, `SKIP`, or the id of the household that is meant."""


class Matcher:
    """Settles the households of a list, sheet by sheet, against the entries of one commune."""

    def __init__(
        self, known: Iterable[HouseholdEntry], *, without_marks: bool, decisions: Mapping[str, Decision] | None = None
    ) -> None:
        self._without_marks = without_marks
        self._decisions = decisions or {}
        self.left_out: list[ParsedPerson] = []
        """People an officer has said to leave where they are on file."""
        self._by_id: dict[int, HouseholdEntry] = {}
        self._by_code: dict[str, HouseholdEntry] = {}
        self._by_digest: dict[str, PersonEntry] = {}
        self._by_name: defaultdict[tuple[Hamlet, str], list[PersonEntry]] = defaultdict(list)
        for entry in known:
            self._learn_household(entry)
            for person in entry.people:
                self._learn_person(person)

    def settle_sheet(self, newcomers: Sequence[Newcomer]) -> tuple[list[HouseholdMatch], list[Undecided]]:
        """The matches of one sheet, in its order, and what needs a decision."""
        findings = [self._find(newcomer) for newcomer in newcomers]
        findings = self._without_rivals(newcomers, findings)
        matches: list[HouseholdMatch] = []
        undecided: list[Undecided] = []
        for newcomer, finding in zip(newcomers, findings, strict=True):
            if isinstance(finding, Undecided):
                undecided.append(finding)
            elif finding.entry is None and not finding.certain and newcomer.said.code in self._by_code:
                undecided.append(_ask(newcomer, Question.CODE_OF_ANOTHER, [self._by_code[newcomer.said.code]]))
            else:
                matches.append(self._take_in(newcomer, finding, undecided))
        return matches, undecided

    # --- households -------------------------------------------------------------------------------

    def _find(self, newcomer: Newcomer) -> _Finding | Undecided:
        decision = self._decisions.get(newcomer.said.place.key)
        if decision == NEW:
            return _Finding(None, certain=True, decided=True)
        if isinstance(decision, int) and decision in self._by_id:
            return _Finding(self._by_id[decision], certain=True, decided=True)
        by_number = self._find_by_number(newcomer)
        if isinstance(by_number, Undecided):
            return by_number
        by_code = self._by_code.get(newcomer.said.code or "")
        if by_number and by_code and by_number is not by_code:
            return _ask(newcomer, Question.CODE_AND_NUMBER_DIFFER, [by_number, by_code])
        if by_number:
            return _Finding(by_number, certain=True)
        if by_code:
            if self._shares_a_person(newcomer, by_code):
                return _Finding(by_code, certain=True)
            return _ask(newcomer, Question.CODE_OF_ANOTHER, [by_code])
        return self._find_by_name(newcomer)

    def _find_by_number(self, newcomer: Newcomer) -> HouseholdEntry | Undecided | None:
        person = newcomer.spokesman
        known = self._by_digest.get(newcomer.digest_of(person) or "")
        if known is None:
            return None
        alike = loose_match_key(person.full_name) == known.loose_key
        if not (alike or known.birth_year == person.birth.year is not None):
            return _ask(newcomer, Question.NUMBER_OF_ANOTHER, [known.household])
        if not known.is_head and person.is_head and not self._shares_a_person(newcomer, known.household, but=person):
            # Somebody of a known household now heads one of the list: moved out, or took over?
            known_head = known.household.head
            if known_head is not None:
                return _ask(newcomer, Question.MEMBER_ELSEWHERE, [known.household])
        return known.household

    def _shares_a_person(self, newcomer: Newcomer, entry: HouseholdEntry, but: ParsedPerson | None = None) -> bool:
        if entry.head is None and but is None:
            return True
        return any(
            self._find_in(entry, person, newcomer.digest_of(person)) is not None
            for person in newcomer.said.people
            if person is not but
        )

    def _find_by_name(self, newcomer: Newcomer) -> _Finding | Undecided:
        person = newcomer.spokesman
        digest = newcomer.digest_of(person)
        namesakes = [
            known
            for known in self._by_name[newcomer.hamlet, loose_match_key(person.full_name)]
            if not _contradict(person, digest, known) and not _codes_differ(newcomer, known.household)
        ]
        same = [known for known in namesakes if known.key == match_key(person.full_name)]
        heads = [known for known in same if known.is_head]
        if heads:
            return self._choose(newcomer, heads)
        loose = [known for known in namesakes if known.is_head and known not in same]
        if loose and self._without_marks:
            return self._choose(newcomer, loose)
        if loose and not any(_ethnic_groups_differ(person, known) for known in loose):
            return _ask(newcomer, Question.MARKS_DIFFER, [known.household for known in loose])
        members = [known for known in same if known.birth_year == person.birth.year is not None]
        if members:
            if not newcomer.said.head and len({known.household for known in members}) == 1:
                return _Finding(members[0].household, certain=False)
            return _ask(newcomer, Question.MEMBER_ELSEWHERE, [known.household for known in members])
        return _Finding(None, certain=False)

    def _choose(self, newcomer: Newcomer, candidates: list[PersonEntry]) -> _Finding | Undecided:
        """The one household among heads of the same name, told apart by ethnic group, birth year and phone."""
        person = newcomer.spokesman
        of_group = [known for known in candidates if not _ethnic_groups_differ(person, known)]
        if not of_group:
            sure_of_age = [known for known in candidates if known.birth_year == person.birth.year is not None]
            if sure_of_age:
                return _ask(newcomer, Question.ETHNIC_GROUP_DIFFERS, [known.household for known in sure_of_age])
            return _Finding(None, certain=False)
        for narrower in (
            of_group,
            [known for known in of_group if known.birth_year == person.birth.year is not None],
            [known for known in of_group if known.household.phones & newcomer.phones],
        ):
            if len(narrower) == 1:
                return _Finding(narrower[0].household, certain=False)
        return _ask(newcomer, Question.SEVERAL_ALIKE, [known.household for known in of_group])

    def _without_rivals(
        self, newcomers: Sequence[Newcomer], findings: list[_Finding | Undecided]
    ) -> list[_Finding | Undecided]:
        """Two rows of one sheet are two households: where both seem to be the same known one, find which is."""
        settled = list(findings)
        claims: defaultdict[int, list[int]] = defaultdict(list)
        for position, finding in enumerate(findings):
            if isinstance(finding, _Finding) and finding.entry is not None and not finding.decided:
                claims[id(finding.entry)].append(position)
        for rivals in claims.values():
            if len(rivals) < 2:
                continue
            winner = self._winner([(position, newcomers[position], findings[position]) for position in rivals])
            for position in rivals:
                finding = findings[position]
                if position == winner or not isinstance(finding, _Finding) or finding.entry is None:
                    continue
                settled[position] = (
                    _ask(newcomers[position], Question.ROWS_ALIKE, [finding.entry])
                    if winner is None or finding.certain
                    else _Finding(None, certain=False)
                )
        return settled

    @staticmethod
    def _winner(rivals: list[tuple[int, Newcomer, _Finding | Undecided]]) -> int | None:
        certain = [position for position, _, finding in rivals if isinstance(finding, _Finding) and finding.certain]
        if certain:
            return certain[0] if len(certain) == 1 else None
        by_phone = [
            position
            for position, newcomer, finding in rivals
            if isinstance(finding, _Finding) and finding.entry and finding.entry.phones & newcomer.phones
        ]
        return by_phone[0] if len(by_phone) == 1 else None

    # --- people -----------------------------------------------------------------------------------

    def _take_in(self, newcomer: Newcomer, finding: _Finding, undecided: list[Undecided]) -> HouseholdMatch:
        entry = finding.entry or HouseholdEntry(None, None, newcomer.hamlet)
        if newcomer.said.code not in self._by_code:
            entry.code = entry.code or newcomer.said.code
        entry.phones |= newcomer.phones
        self._learn_household(entry)
        people: list[PersonMatch] = []
        taken: set[int] = set()
        for person, digest in zip(newcomer.said.people, newcomer.digests, strict=True):
            found = self._find_in(entry, person, digest, taken)
            elsewhere = self._by_digest.get(digest or "") if found is None else None
            if elsewhere is not None and elsewhere.household is not entry:
                decision = self._decisions.get(person_key(person.place))
                if decision == SKIP or decision == elsewhere.household.id:
                    self.left_out.append(person)
                else:
                    undecided.append(_ask_about(newcomer, person, Question.LIVES_ELSEWHERE, [elsewhere.household]))
                continue
            if found is None:
                found = PersonEntry(None, person.full_name, None, "", None, False, entry)
                found.is_head = person.is_head and entry.head is None
                entry.people.append(found)
            taken.add(id(found))
            found.birth_year = found.birth_year or person.birth.year
            found.ethnic_group = found.ethnic_group or person.ethnic_group
            found.number_digest = found.number_digest or digest
            self._learn_person(found)
            people.append(PersonMatch(person, found))
        return HouseholdMatch(newcomer, entry, tuple(people), finding.certain)

    def _find_in(
        self, entry: HouseholdEntry, person: ParsedPerson, digest: str | None, taken: Iterable[int] = ()
    ) -> PersonEntry | None:
        """The person of a household that is meant, or None."""
        free = [known for known in entry.people if id(known) not in taken]
        by_number = next((known for known in free if digest and known.number_digest == digest), None)
        if by_number:
            return by_number
        alike = [known for known in free if _same_name(person, known) and not _contradict(person, digest, known)]
        if person.is_head and not alike and entry.head in free:
            alike = [
                known
                for known in free
                if known.is_head
                and known.loose_key == loose_match_key(person.full_name)
                and not _contradict(person, digest, known)
            ]
        of_age = [known for known in alike if known.birth_year == person.birth.year]
        return next(iter(of_age or alike), None)

    # --- what is known ----------------------------------------------------------------------------

    def _learn_household(self, entry: HouseholdEntry) -> None:
        if entry.id is not None:
            self._by_id[entry.id] = entry
        if entry.code:
            self._by_code.setdefault(entry.code, entry)

    def _learn_person(self, person: PersonEntry) -> None:
        if person.number_digest:
            self._by_digest.setdefault(person.number_digest, person)
        namesakes = self._by_name[person.household.hamlet, person.loose_key]
        if person not in namesakes:
            namesakes.append(person)


@dataclass(frozen=True, slots=True)
class _Finding:
    """The household that is meant, None for a new one; certain by a number, a code or an officer (decided)."""

    entry: HouseholdEntry | None
    certain: bool
    decided: bool = False


def is_without_marks(people: Iterable[ParsedPerson]) -> bool:
    """Whether a whole list was written without Vietnamese marks."""
    return not any(has_marks(person.full_name) for person in people)


def _same_name(person: ParsedPerson, known: PersonEntry) -> bool:
    return match_key(person.full_name) == known.key


def _contradict(person: ParsedPerson, digest: str | None, known: PersonEntry) -> bool:
    """Whether number or birth year say that these are two people, whatever their name."""
    if digest and known.number_digest:
        return digest != known.number_digest
    return None not in (person.birth.year, known.birth_year) and person.birth.year != known.birth_year


def _ethnic_groups_differ(person: ParsedPerson, known: PersonEntry) -> bool:
    if not person.ethnic_group or not known.ethnic_group:
        return False
    return loose_match_key(person.ethnic_group) != loose_match_key(known.ethnic_group)


def _codes_differ(newcomer: Newcomer, known: HouseholdEntry) -> bool:
    return None not in (newcomer.said.code, known.code) and newcomer.said.code != known.code


def _ask(newcomer: Newcomer, question: Question, meant: Iterable[HouseholdEntry]) -> Undecided:
    return _ask_about(newcomer, newcomer.spokesman, question, meant, newcomer.said.place)


def _ask_about(
    newcomer: Newcomer,
    person: ParsedPerson,
    question: Question,
    meant: Iterable[HouseholdEntry],
    place: Place | None = None,
) -> Undecided:
    ids = tuple(dict.fromkeys(entry.id for entry in meant if entry.id is not None))
    return Undecided(place or person.place, person.full_name, question, ids, newcomer)
