"""What an officer writes into a doubtful cell of a list: it counts as if the file had said so."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date

from eventmgr.core.phone import PhoneReason, parse_phone_cell
from eventmgr.residents.importing.cells import (
    CellReason,
    UnclearCell,
    read_birth,
    read_citizen_number,
    read_gender,
    read_poverty_class,
)
from eventmgr.residents.importing.columns import Field
from eventmgr.residents.importing.values import (
    DoubtfulCell,
    ParsedHousehold,
    ParsedList,
    ParsedPerson,
    ParsedSheet,
    Place,
)

_READERS: dict[Field, Callable[[str, date], object]] = {
    Field.BIRTH: lambda text, today: read_birth(text, today=today),
    Field.BIRTH_MALE: lambda text, today: read_birth(text, today=today),
    Field.BIRTH_FEMALE: lambda text, today: read_birth(text, today=today),
    Field.GENDER: lambda text, _: read_gender(text),
    Field.CITIZEN_NUMBER: lambda text, _: read_citizen_number(text),
    Field.POVERTY_CLASS: lambda text, _: read_poverty_class(text),
    Field.POOR_TICK: lambda text, _: read_poverty_class(text),
}
FIXABLE = frozenset([Field.PHONE, *_READERS])
"""Columns whose cells can be put right on the page."""
_CLASSES = frozenset([Field.POVERTY_CLASS, Field.POOR_TICK])


def keyed_cells(cells: Iterable[DoubtfulCell]) -> Iterator[tuple[str, DoubtfulCell]]:
    """Every doubtful cell with what names it in an officer's answers: its row, its column, and which of these."""
    seen: Counter[tuple[Place, Field]] = Counter()
    for cell in cells:
        seen[cell.place, cell.field] += 1
        yield f"{cell.place.key}!{cell.field}!{seen[cell.place, cell.field]}", cell


def corrected(parsed: ParsedList, corrections: Mapping[str, str], today: date) -> ParsedList:
    """The list with these cells put right. Empty text means: leave the cell out, and ask no more."""
    if not corrections:
        return parsed
    answered: defaultdict[Place, list[tuple[DoubtfulCell, str]]] = defaultdict(list)
    open_cells: set[int] = set()
    for key, cell in keyed_cells(parsed.doubtful):
        if key in corrections:
            answered[cell.place].append((cell, corrections[key]))
        else:
            open_cells.add(id(cell))
    return replace(
        parsed, sheets=tuple(_corrected_sheet(sheet, answered, open_cells, today) for sheet in parsed.sheets)
    )


def wrong_in(cell: DoubtfulCell, text: str, today: date) -> CellReason | PhoneReason | None:
    """Why a text cannot stand in the cell, None if it can."""
    if not text:
        return None
    if cell.field is Field.PHONE:
        parsed = parse_phone_cell(text)
        if parsed.problems or not parsed.phones:
            return parsed.problems[0].reason if parsed.problems else PhoneReason.NOT_A_NUMBER
        return None
    try:
        _READERS[cell.field](text, today)
    except UnclearCell as unclear:
        return unclear.reason
    return None


def _corrected_sheet(
    sheet: ParsedSheet,
    answered: Mapping[Place, list[tuple[DoubtfulCell, str]]],
    open_cells: set[int],
    today: date,
) -> ParsedSheet:
    return replace(
        sheet,
        households=tuple(_corrected_household(household, answered, today) for household in sheet.households),
        doubtful=tuple(cell for cell in sheet.doubtful if id(cell) in open_cells),
    )


def _corrected_household(
    household: ParsedHousehold, answered: Mapping[Place, list[tuple[DoubtfulCell, str]]], today: date
) -> ParsedHousehold:
    if not any(person.place in answered for person in household.people):
        return household
    people = []
    for person in household.people:
        for cell, text in answered.get(person.place, ()):
            if cell.field in _CLASSES:
                household = replace(household, poverty_class=read_poverty_class(text) or household.poverty_class)
            elif text:
                person = _corrected_person(person, cell.field, text, today)
        people.append(person)
    return replace(household, people=tuple(people))


def _corrected_person(person: ParsedPerson, column: Field, text: str, today: date) -> ParsedPerson:
    if column is Field.PHONE:
        return replace(person, phones=person.phones + parse_phone_cell(text).phones)
    if column is Field.GENDER:
        return replace(person, gender=read_gender(text))
    if column is Field.CITIZEN_NUMBER:
        return replace(person, citizen_number=read_citizen_number(text))
    return replace(person, birth=read_birth(text, today=today, of_head=person.is_head))
