"""From the rows below a header to people and their households."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from eventmgr.core.phone import ParsedPhones, parse_phone_cell
from eventmgr.core.text import match_key, search_key
from eventmgr.residents.importing.cells import (
    AS_ABOVE,
    Birth,
    CellReason,
    UnclearCell,
    as_text,
    citizen_number_fits,
    is_ditto,
    is_tick,
    read_birth,
    read_citizen_number,
    read_gender,
    read_poverty_class,
)
from eventmgr.residents.importing.columns import Field, Header
from eventmgr.residents.importing.reading import Cell, RawSheet, rows_below
from eventmgr.residents.importing.values import (
    DoubtfulCell,
    ParsedHousehold,
    ParsedPerson,
    ParsedSheet,
    Place,
    RejectedRow,
    RowReason,
)
from eventmgr.residents.values import Gender, PovertyClass

Read = TypeVar("Read")

SHORT = 80
"""Characters we keep of a code, a relation, an ethnic group."""
LONGEST_NAME = 120
"""Characters beyond which a text is no name of a person or a place."""

_HEAD = frozenset(["chu ho", "ch", "ban than", "chu ho gia dinh", "head"])
# With their marks, as Tống and Bàn are family names.
_TOTAL = re.compile(r"(tổng|cộng|tong cong|tong so)\b")
_HAMLET_ROW = re.compile(r"(thôn|thon|bản|xóm|xom|khu|tổ|ấp)\b")
# Folded words that stand below a table, where people sign.
_SIGNATURES = re.compile(
    r"(nguoi lap|nguoi ky|tm |t m |kt |tl |uy ban|ubnd|chu tich|pho chu tich|thu truong|ke toan|xac nhan|truong thon$|truong ban$"
    r"|ky ten|ky ghi ro|ghi chu|noi nhan)"
)
_COLUMN_NUMBER = re.compile(r"\d{1,2}|[A-Za-z]")
_WORD = re.compile(r"[^\W\d_]{2}")
_FIGURES = re.compile(r"'?\d[\d/.\-]{1,10}$")
_PLACE_AND_DAY = re.compile(r"(.* )?ngay( \d+)? thang( \d+)? nam\b")
_OF_A_PERSON = (
    Field.RELATION,
    Field.BIRTH,
    Field.BIRTH_MALE,
    Field.BIRTH_FEMALE,
    Field.GENDER,
    Field.CITIZEN_NUMBER,
)
_TICK_CLASSES = (
    (Field.POOR_TICK, PovertyClass.POOR),
    (Field.NEAR_POOR_TICK, PovertyClass.NEAR_POOR),
    (Field.NEWLY_ESCAPED_TICK, PovertyClass.NEWLY_ESCAPED),
)
_BIRTHS_BY_GENDER = ((Field.BIRTH_MALE, Gender.MALE), (Field.BIRTH_FEMALE, Gender.FEMALE))


@dataclass(slots=True)
class _OpenHousehold:
    """The household whose rows are being read."""

    number: str
    code: str | None
    hamlet: str
    poverty_class: PovertyClass | None
    people: list[ParsedPerson] = field(default_factory=list)


class SheetReader:
    """Reads one sheet, top to bottom; lists do not make sense in any other order."""

    def __init__(self, sheet: RawSheet, header: Header, today: date) -> None:
        self._sheet = sheet
        self._header = header
        self._today = today
        places = {wanted: header.indexes(wanted) for wanted in Field}
        self._rows = [
            _Row(Place(sheet.name, number), cells, places)
            for number, cells in enumerate(rows_below(sheet, header.last_row), start=header.last_row + 1)
        ]
        self._one_row_a_household = not (
            header.has(Field.RELATION) or header.has(Field.HOUSEHOLD_NUMBER) or header.has(Field.HOUSEHOLD_CODE)
        )
        self._tick_classes = [(column, kind) for column, kind in _TICK_CLASSES if header.has(column)]
        self._births_by_gender = [(column, told) for column, told in _BIRTHS_BY_GENDER if header.has(column)]
        self._hamlet_once_a_group = self._is_hamlet_sparse()
        self._hamlet_above = ""
        self._open: _OpenHousehold | None = None
        self._households: list[ParsedHousehold] = []
        self._rejected: list[RejectedRow] = []
        self._doubtful: list[DoubtfulCell] = []

    def read(self) -> ParsedSheet:
        """The sheet's households, and what could not be taken in."""
        self._rows.reverse()
        while self._rows:  # each is let go once it is read, as there may be many
            self._read_row(self._rows.pop())
        self._close()
        return ParsedSheet(
            name=self._sheet.name,
            header_row=self._header.first_row,
            shape_key=self._header.shape_key,
            columns=self._header.columns,
            households=tuple(self._households),
            rejected=tuple(self._rejected),
            doubtful=tuple(self._doubtful),
        )

    def _is_hamlet_sparse(self) -> bool:
        """Whether the hamlet stands only where it changes, as in merged cells, and not at every household."""
        heads = [row for row in self._rows if row.name and (self._one_row_a_household or row.begins_group)]
        return sum(row.says(Field.HAMLET) for row in heads) * 2 < len(heads)

    def _read_row(self, row: _Row) -> None:
        if row.is_plainly_a_person:
            self._add_person(row)
            return
        if row.is_empty or row.is_numbering or row.is_total or row.is_signature:
            return
        hamlet = row.hamlet_heading
        if hamlet:
            self._hamlet_above = hamlet
            self._close()
            return
        if not row.name:
            if row.says_something:
                self._reject(row, RowReason.NAME_MISSING)
            return
        if not _is_name(row.name):
            self._reject(row, RowReason.NAME_UNCLEAR)
            return
        self._add_person(row)

    def _reject(self, row: _Row, reason: RowReason) -> None:
        self._rejected.append(RejectedRow(row.place, row.shown, reason))

    def _add_person(self, row: _Row) -> None:
        household = self._household_of(row)
        person = self._person(row, is_head=self._is_head(row, household))
        if any(_is_same(person, other) for other in household.people):
            self._reject(row, RowReason.ROW_TWICE)
            return
        household.people.append(person)
        poverty_class = self._poverty_class(row)
        household.poverty_class = household.poverty_class or poverty_class
        household.code = household.code or row.text(Field.HOUSEHOLD_CODE)[:SHORT] or None

    def _household_of(self, row: _Row) -> _OpenHousehold:
        if self._open is None or self._begins_household(row, self._open):
            self._close()
            self._open = _OpenHousehold(
                number=row.text(Field.HOUSEHOLD_NUMBER),
                code=row.text(Field.HOUSEHOLD_CODE)[:SHORT] or None,
                hamlet=self._hamlet(row),
                poverty_class=None,
            )
        return self._open

    def _begins_household(self, row: _Row, current: _OpenHousehold) -> bool:
        if self._one_row_a_household:
            return True
        number, code = row.text(Field.HOUSEHOLD_NUMBER), row.text(Field.HOUSEHOLD_CODE)
        if code and current.code:
            return code != current.code
        if number and current.number and number != current.number:
            return True
        if row.says_head:
            return not number or number != current.number or any(person.is_head for person in current.people)
        if not self._header.has(Field.RELATION):
            return bool(number or code) and (number != current.number or code != (current.code or ""))
        return False

    def _is_head(self, row: _Row, household: _OpenHousehold) -> bool:
        if any(person.is_head for person in household.people):
            return False
        if self._header.has(Field.RELATION):
            return row.says_head
        return not household.people

    def _hamlet(self, row: _Row) -> str:
        if row.says(Field.HAMLET):
            return row.text(Field.HAMLET)[:LONGEST_NAME]
        as_before = self._hamlet_once_a_group or is_ditto(row.cell(Field.HAMLET))
        if as_before and self._households and not self._hamlet_above:
            return self._households[-1].hamlet
        return self._hamlet_above

    def _close(self) -> None:
        if self._open and self._open.people:
            self._households.append(
                ParsedHousehold(
                    order=self._open.people[0].place.row,
                    code=self._open.code,
                    hamlet=self._open.hamlet,
                    poverty_class=self._open.poverty_class,
                    people=tuple(self._open.people),
                )
            )
        self._open = None

    # --- one person -------------------------------------------------------------------------------

    def _person(self, row: _Row, *, is_head: bool) -> ParsedPerson:
        birth, gender = self._birth_and_gender(row, is_head)
        citizen_number = self._take(row, Field.CITIZEN_NUMBER, read_citizen_number)
        if citizen_number and not citizen_number_fits(citizen_number, birth, gender):
            self._doubt(row, Field.CITIZEN_NUMBER, CellReason.CITIZEN_NUMBER_DIFFERS)
        ethnic_group = row.cell(Field.ETHNIC_GROUP)
        if is_ditto(ethnic_group) and self._open and self._open.people:
            ethnic_group = self._open.people[-1].ethnic_group
        return ParsedPerson(
            place=row.place,
            full_name=row.name,
            is_head=is_head,
            relation=row.text(Field.RELATION)[:SHORT],
            birth=birth,
            gender=gender,
            ethnic_group=as_text(ethnic_group)[:SHORT],
            citizen_number=citizen_number,
            phones=self._phones(row).phones,
        )

    def _birth_and_gender(self, row: _Row, is_head: bool) -> tuple[Birth, Gender]:
        def read(cell: Cell) -> Birth:
            return read_birth(cell, today=self._today, of_head=is_head)

        gender = self._take(row, Field.GENDER, read_gender) or Gender.UNKNOWN
        for column, told in self._births_by_gender:
            if row.says(column):
                birth = Birth() if is_tick(row.cell(column)) else self._take(row, column, read) or Birth()
                return birth, told
        births = [self._read(row, Field.BIRTH, cell, read) for cell in row.cells(Field.BIRTH)]
        known = [birth for birth in births if birth and birth.year]
        with_day = [birth for birth in known if birth.on]
        return next(iter(with_day or known), Birth()), gender

    def _poverty_class(self, row: _Row) -> PovertyClass | None:
        ticked = [kind for column, kind in self._tick_classes if is_tick(row.cell(column))]
        if len(ticked) > 1:
            self._doubt(row, Field.POOR_TICK, CellReason.CLASS_TWICE)
            return None
        if ticked:
            return ticked[0]
        return self._take(row, Field.POVERTY_CLASS, read_poverty_class) if row.says(Field.POVERTY_CLASS) else None

    def _phones(self, row: _Row) -> ParsedPhones:
        found = ParsedPhones((), ())
        for cell in row.said_cells(Field.PHONE):  # as above: the number stands with the household already
            if not isinstance(cell, str | int | float):
                continue
            parsed = parse_phone_cell(cell)
            found = ParsedPhones(found.phones + parsed.phones, found.problems + parsed.problems)
        for problem in found.problems:
            self._doubtful.append(DoubtfulCell(row.place, row.name, Field.PHONE, problem.raw, problem.reason))
        return found

    def _take(self, row: _Row, column: Field, read: Callable[[Cell], Read]) -> Read | None:
        return self._read(row, column, row.cell(column), read) if row.is_filled(column) else None

    def _read(self, row: _Row, column: Field, cell: Cell, read: Callable[[Cell], Read]) -> Read | None:
        try:
            return read(cell)
        except UnclearCell as unclear:
            self._doubtful.append(DoubtfulCell(row.place, row.name, column, as_text(cell), unclear.reason))
            return None

    def _doubt(self, row: _Row, column: Field, reason: CellReason) -> None:
        self._doubtful.append(DoubtfulCell(row.place, row.name, column, as_text(row.cell(column)), reason))


class _Row:
    """One row of a sheet, seen by its fields."""

    __slots__ = ("_cells", "_places", "_said", "_texts", "name", "place")

    def __init__(self, place: Place, cells: Sequence[Cell], places: Mapping[Field, tuple[int, ...]]) -> None:
        self.place = place
        self._cells = cells
        self._places = places
        self._texts = ["" if cell == "" else as_text(cell) for cell in cells]
        self._said = ["" if text in AS_ABOVE else text for text in self._texts]
        # The person's name: the member's column before the head's.
        self.name = self.text(Field.FULL_NAME) or self.text(Field.HEAD_NAME)

    def cells(self, wanted: Field) -> list[Cell]:
        """The field's cells, from the left."""
        return [self._cells[index] for index in self._places[wanted] if index < len(self._cells)]

    def said_cells(self, wanted: Field) -> list[Cell]:
        """The field's cells in which something stands that is no sign for "as above"."""
        return [self._cells[index] for index in self._places[wanted] if index < len(self._said) and self._said[index]]

    def cell(self, wanted: Field) -> Cell:
        """The field's first cell, None where the list has none."""
        places = self._places[wanted]
        return self._cells[places[0]] if places and places[0] < len(self._cells) else None

    def text(self, wanted: Field) -> str:
        """The field's first cell as text; a sign for "as above" is no text."""
        places = self._places[wanted]
        return self._said[places[0]] if places and places[0] < len(self._said) else ""

    def is_filled(self, wanted: Field) -> bool:
        """Whether anything is to be seen in the field's first cell, be it a sign for "as above"."""
        places = self._places[wanted]
        return bool(places and places[0] < len(self._texts) and self._texts[places[0]])

    def says(self, wanted: Field) -> bool:
        """Whether the field is filled."""
        return bool(self.text(wanted))

    @property
    def says_head(self) -> bool:
        """Whether the relation says that this is the head."""
        return search_key(self.text(Field.RELATION)) in _HEAD

    @property
    def is_plainly_a_person(self) -> bool:
        """A name, a relation and a birth in figures: nothing else that stands in a list has all three."""
        return (
            bool(_FIGURES.match(self.text(Field.BIRTH)))
            and self.says(Field.RELATION)
            and _is_name(self.name)
            and not _TOTAL.match(self.name.lower())
        )

    @property
    def begins_group(self) -> bool:
        """Whether a household's own cells are filled here."""
        return self.says_head or self.says(Field.HOUSEHOLD_NUMBER) or self.says(Field.HOUSEHOLD_CODE)

    @property
    def shown(self) -> str:
        """The row for the eye."""
        return " | ".join(filter(None, self._texts))[:200]

    @property
    def is_empty(self) -> bool:
        """Nothing at all."""
        return not any(self._texts)

    @property
    def is_numbering(self) -> bool:
        """The row `(1) (2) (3)` or `A B 1 2` that some lists have below the titles."""
        filled = [text.strip("()") for text in self._texts if text]
        return len(filled) > 2 and all(map(_COLUMN_NUMBER.fullmatch, filled))

    @property
    def _first_words(self) -> str:
        """The row's first words in lower case: a line across the table begins in any of the first columns."""
        return next(filter(_WORD.search, self._texts), "").lower()

    @property
    def is_total(self) -> bool:
        """A line of sums."""
        return bool(_TOTAL.match(self._first_words))

    @property
    def is_signature(self) -> bool:
        """Who drew up the list, who confirms it, where and when."""
        if self._is_numbered:
            return False
        words = re.sub(r"[^\w]+", " ", search_key(self._first_words)).strip()
        if _PLACE_AND_DAY.match(words):
            return True
        return bool(_SIGNATURES.match(words)) and not self._says_any(*_OF_A_PERSON)

    @property
    def hamlet_heading(self) -> str:
        """The hamlet whose households follow, empty for any other row."""
        if self._is_numbered or self._says_any(*_OF_A_PERSON, Field.PHONE, Field.HAMLET, Field.ETHNIC_GROUP):
            return ""
        return next((text for text in self._texts if _HAMLET_ROW.match(text.lower())), "")

    @property
    def says_something(self) -> bool:
        """Whether a row without a name is about a person all the same."""
        return self._says_any(*_OF_A_PERSON, Field.PHONE, Field.ETHNIC_GROUP, Field.POVERTY_CLASS)

    @property
    def _is_numbered(self) -> bool:
        return bool(re.fullmatch(r"\d+\.?", self.text(Field.ORDINAL)))

    def _says_any(self, *wanted: Field) -> bool:
        return any(self.says(column) for column in wanted)


def _is_name(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]", text)) and 2 <= len(text) <= LONGEST_NAME and not re.search(r"\d", text)


def _is_same(one: ParsedPerson, other: ParsedPerson) -> bool:
    """Whether one household names the same person twice."""
    if one.citizen_number and other.citizen_number:
        return one.citizen_number == other.citizen_number
    return one.birth.year == other.birth.year and match_key(one.full_name) == match_key(other.full_name)


def without_repetitions(sheets: Sequence[ParsedSheet]) -> list[ParsedSheet]:
    """The sheets without households that only repeat an earlier one word for word; these are rejected rows."""
    seen: set[object] = set()
    return [_without_seen(sheet, seen) for sheet in sheets]


def _without_seen(sheet: ParsedSheet, seen: set[object]) -> ParsedSheet:
    kept: list[ParsedHousehold] = []
    rejected = list(sheet.rejected)
    for household in sheet.households:
        said = (search_key(household.hamlet), household.code, tuple(map(_said_of, household.people)))
        if said in seen:
            rejected.extend(RejectedRow(p.place, p.full_name, RowReason.ROW_TWICE) for p in household.people)
        else:
            seen.add(said)
            kept.append(household)
    return replace(sheet, households=tuple(kept), rejected=tuple(rejected))


def _said_of(person: ParsedPerson) -> tuple[object, ...]:
    """Everything a list says of a person but where."""
    return (
        person.full_name,
        person.is_head,
        person.relation,
        person.birth,
        person.gender,
        person.ethnic_group,
        person.citizen_number,
        person.phones,
    )
