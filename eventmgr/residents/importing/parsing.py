"""A file's bytes to everything its people are said to be."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from flask_babel import lazy_gettext as _

from eventmgr.core.memory import without_collecting
from eventmgr.core.text import search_key
from eventmgr.residents.importing.cells import OLDEST_YEAR, as_text
from eventmgr.residents.importing.choices import ListReading, SheetReading
from eventmgr.residents.importing.columns import HEADER_SEARCHED_ROWS, Header, find_header
from eventmgr.residents.importing.encodings import (
    Conversion,
    Encoding,
    converted_sheet,
    converted_text,
    find_conversion,
    samples_of,
)
from eventmgr.residents.importing.reading import RawSheet, UnreadableList, read_sheets
from eventmgr.residents.importing.rows import SheetReader, without_repetitions
from eventmgr.residents.importing.values import LeftOut, ParsedList, ParsedSheet

# How offices call the sheet they have copied this year's from, folded.
_OLDER = re.compile(r"\b(nam ngoai|nam truoc|nam cu|ban cu|cu|old|backup|ban sao|nhap|luu)\b")


class NoTableFound(UnreadableList):
    """A file with cells, but none that name people."""

    code = "no_table_found"
    sentence = _(
        "No list of people was found in the file: it needs a row of column titles, with a column of names and at least"
        " one more, such as hamlet or birth year. Nothing was saved."
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What is seen of a sheet before anybody says how to read it."""

    raw: RawSheet
    conversion: Conversion | None
    header: Header | None
    year: int | None
    is_older: bool

    @property
    def proposed(self) -> SheetReading:
        return SheetReading(self.raw.name, self.conversion.encoding if self.conversion else Encoding.UNICODE)


@without_collecting()
def parse_list(content: bytes, file_name: str, today: date, reading: ListReading | None = None) -> ParsedList:
    """Everything the file says of people, read as `reading` says. Raises UnreadableList with one sentence if nothing.

    Without a reading a sheet is read only where nobody needs to be asked: not where its letters are of before
    Unicode. What to ask is in the answer's `proposed`.
    """

    def read(sheet: RawSheet, header: Header) -> ParsedSheet:
        return SheetReader(sheet, header, today).read()

    parsed = _parse(content, file_name, today, reading, read)
    if reading is not None and all(sheet.left_out for sheet in parsed.sheets):
        raise NoTableFound
    return replace(parsed, sheets=tuple(without_repetitions(parsed.sheets)))


def look_at_list(content: bytes, file_name: str, today: date, reading: ListReading | None = None) -> ParsedList:
    """The file's sheets, letters and columns as `parse_list` would read them, without reading the rows."""

    def look(sheet: RawSheet, header: Header) -> ParsedSheet:
        return ParsedSheet(sheet.name, header.first_row, columns=header.columns, shape_key=header.shape_key)

    return _parse(content, file_name, today, reading, look)


def _parse(
    content: bytes,
    file_name: str,
    today: date,
    reading: ListReading | None,
    read: Callable[[RawSheet, Header], ParsedSheet],
) -> ParsedList:
    found = _with_older_years([_look_at(sheet, today) for sheet in read_sheets(content, file_name)])
    if not any(sheet.header for sheet in found):
        raise NoTableFound
    proposed = ListReading(tuple(sheet.proposed for sheet in found if sheet.header and not sheet.is_older))
    unasked = ListReading(tuple(sheet for sheet in proposed.sheets if sheet.encoding is Encoding.UNICODE))
    chosen = unasked if reading is None else reading
    sheets = tuple(_sheet(sheet, chosen.of(sheet.raw.name), reading is None, read) for sheet in found)
    years = [sheet.year for sheet in found if (chosen if chosen.sheets else proposed).of(sheet.raw.name)]
    return ParsedList(file_name, next(filter(None, years), None), sheets, chosen, proposed)


def _look_at(sheet: RawSheet, today: date) -> _Found:
    conversion = find_conversion(sheet)
    readable = converted_sheet(sheet, conversion.encoding) if conversion else sheet
    name = converted_text(sheet.name, conversion.encoding) if conversion else sheet.name
    return _Found(
        raw=sheet,
        conversion=conversion,
        header=find_header(readable),
        year=_year(readable, name, today),
        is_older=bool(_OLDER.search(search_key(name))),
    )


def _with_older_years(sheets: Sequence[_Found]) -> list[_Found]:
    """The sheets, those of an earlier year than another marked as older. A file never consists of older sheets only."""
    years = [sheet.year for sheet in sheets if sheet.header and sheet.year and not sheet.is_older]
    newest = max(years, default=None)
    marked = [
        replace(sheet, is_older=sheet.is_older or (None not in (sheet.year, newest) and sheet.year != newest))
        for sheet in sheets
    ]
    if all(sheet.is_older for sheet in marked if sheet.header):
        return [replace(sheet, is_older=False) for sheet in marked]
    return marked


def _sheet(
    found: _Found,
    how: SheetReading | None,
    nobody_was_asked: bool,
    read: Callable[[RawSheet, Header], ParsedSheet],
) -> ParsedSheet:
    if how is None:
        return _left_out(found, nobody_was_asked)
    readable = converted_sheet(found.raw, how.encoding)
    header = found.header if how.encoding is found.proposed.encoding else find_header(readable)
    samples = samples_of(found.raw, how.encoding)
    if header is None:
        return replace(_left_out(found, nobody_was_asked), left_out=LeftOut.NO_TABLE, columns=(), samples=samples)
    sheet = read(readable, header.with_fields(how.columns or {}))
    return replace(sheet, row_count=len(found.raw.rows), conversion=found.conversion, samples=samples)


def _left_out(found: _Found, nobody_was_asked: bool) -> ParsedSheet:
    header = found.header
    if header is None:
        reason = LeftOut.NO_TABLE
    elif found.is_older:
        reason = LeftOut.OLDER
    elif nobody_was_asked:
        reason = LeftOut.NOT_ASKED
    else:
        reason = LeftOut.NOT_CHOSEN
    return ParsedSheet(
        name=found.raw.name,
        header_row=header.first_row if header else None,
        row_count=len(found.raw.rows),
        left_out=reason,
        conversion=found.conversion,
        shape_key=header.shape_key if header else "",
        columns=header.columns if header else (),
    )


def _year(sheet: RawSheet, name: str, today: date) -> int | None:
    """The year a list's title or its sheet's name gives: `DANH SÁCH HỘ NGHÈO NĂM 2023`."""
    titles = [as_text(cell) for row in sheet.rows[:HEADER_SEARCHED_ROWS] for cell in row]
    for title in [name, *titles]:
        told = re.search(r"\bnam (20\d\d)\b", search_key(title))
        if told and OLDEST_YEAR <= int(told[1]) <= today.year + 1:
            return int(told[1])
    told = re.fullmatch(r"\D*(20\d\d)\D*", name)
    return int(told[1]) if told and int(told[1]) <= today.year + 1 else None
