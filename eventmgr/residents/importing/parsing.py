"""A file's bytes to everything its people are said to be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from flask_babel import lazy_gettext as _

from eventmgr.core.text import search_key
from eventmgr.residents.importing.cells import OLDEST_YEAR, as_text
from eventmgr.residents.importing.columns import HEADER_SEARCHED_ROWS, find_header
from eventmgr.residents.importing.reading import RawSheet, UnreadableList, read_sheets
from eventmgr.residents.importing.rows import SheetReader, without_repetitions
from eventmgr.residents.importing.values import ParsedList, ParsedSheet


class NoTableFound(UnreadableList):
    """A file with cells, but none that name people."""

    code = "no_table_found"
    sentence = _(
        "No list of people was found in the file: it needs a row of column titles, with a column of names and at least"
        " one more, such as hamlet or birth year. Nothing was saved."
    )


def parse_list(content: bytes, file_name: str, today: date) -> ParsedList:
    """Everything the file says of people. Raises UnreadableList with one sentence if it says nothing."""
    raw = read_sheets(content, file_name)
    sheets = without_repetitions([_parse_sheet(sheet, today) for sheet in raw])
    if not any(sheet.header_row for sheet in sheets):
        raise NoTableFound
    return ParsedList(file_name, _year(raw, today), tuple(sheets))


def _parse_sheet(sheet: RawSheet, today: date) -> ParsedSheet:
    header = find_header(sheet)
    return SheetReader(sheet, header, today).read() if header else ParsedSheet(sheet.name, None)


def _year(sheets: Iterable[RawSheet], today: date) -> int | None:
    """The year a list's title or its sheet's name gives: `DANH SÁCH HỘ NGHÈO NĂM 2023`."""
    for sheet in sheets:
        titles = [as_text(cell) for row in sheet.rows[:HEADER_SEARCHED_ROWS] for cell in row]
        for title in [sheet.name, *titles]:
            found = re.search(r"\bnam (20\d\d)\b", search_key(title))
            if found and OLDEST_YEAR <= int(found[1]) <= today.year + 1:
                return int(found[1])
    return None
