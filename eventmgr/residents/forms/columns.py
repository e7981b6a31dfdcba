"""How a list is to be read: which sheets, which letters, what each column means.

Its fields follow the file and so have no class: `take-0`, `encoding-0`, `column-0-3` count sheets and columns from 0.
`shown-0` is the encoding with which the page showed the sheet's columns: said of others, they mean nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from flask_babel import gettext as _

from eventmgr.residents.importing.choices import Columns, ListReading, SheetReading
from eventmgr.residents.importing.columns import NAMES, REPEATABLE, Field
from eventmgr.residents.importing.encodings import Encoding
from eventmgr.residents.importing.values import ParsedList, ParsedSheet
from eventmgr.residents.words import FIELDS


def said_sheets(answers: Mapping[str, str], parsed: ParsedList) -> ListReading:
    """The sheets that are taken and their letters, nothing said of their columns yet."""
    return ListReading(
        tuple(
            SheetReading(sheet.name, _encoding(answers.get(f"encoding-{number}", "")))
            for number, sheet in enumerate(parsed.sheets)
            if f"take-{number}" in answers
        )
    )


def said_columns(answers: Mapping[str, str], reading: ListReading, proposed: ParsedList) -> ListReading:
    """The reading with what was said of the columns, where it differs from what `proposed` takes them for.

    Sheets with the same titles are asked about once: what is said of the first holds for all.
    """
    said: dict[str, Columns] = {}
    for number, sheet in enumerate(proposed.sheets):
        how = reading.of(sheet.name) or sheet.proposed
        asked = {column.index: answers.get(f"column-{number}-{column.index}") for column in sheet.columns}
        if sheet.shape_key in said or answers.get(f"shown-{number}") != how.encoding or None in asked.values():
            continue
        said[sheet.shape_key] = {
            column.index: field
            for column in sheet.columns
            if (field := _field(asked[column.index] or "")) is not column.field
        }
    return reading.with_columns(
        {sheet.name: said[sheet.shape_key] for sheet in proposed.sheets if said.get(sheet.shape_key)}
    )


def wrong_with(parsed: ParsedList, reading: ListReading) -> dict[str, str]:
    """What is wrong with a reading, a sentence for each sheet by its name; the empty name is the whole file."""
    if not reading.sheets:
        return {"": _("Choose at least one sheet.")}
    found = {sheet.name: _wrong_with_sheet(sheet) for sheet in parsed.sheets if reading.of(sheet.name)}
    return {name: sentence for name, sentence in found.items() if sentence}


def _wrong_with_sheet(sheet: ParsedSheet) -> str:
    fields = Counter(column.field for column in sheet.columns if column.field)
    if sheet.header_row is None or not NAMES & set(fields):
        return _("Say which column holds the people's names.")
    twice = next((field for field, times in fields.items() if times > 1 and field not in REPEATABLE), None)
    if twice is not None:
        return _("Two columns are taken as “%(field)s”. Choose one of them.", field=FIELDS[twice])
    return ""


def _encoding(word: str) -> Encoding:
    return Encoding(word) if word in set(Encoding) else Encoding.UNICODE


def _field(word: str) -> Field | None:
    return Field(word) if word in set(Field) else None
