"""What the office says of how a file is to be read: its sheets, their letters, what their columns mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from eventmgr.residents.importing.columns import Field
from eventmgr.residents.importing.encodings import Encoding

Columns = Mapping[int, Field | None]
"""What the columns of a sheet mean, by their place counted from 0; None: the column is left out."""


@dataclass(frozen=True, slots=True)
class SheetReading:
    """How one sheet is read. `columns` overrides what its titles say; None: as they say."""

    name: str
    encoding: Encoding = Encoding.UNICODE
    columns: Columns | None = None


@dataclass(frozen=True, slots=True)
class ListReading:
    """How a file is read: the sheets to take, each in its way. Sheets that are not named are left out."""

    sheets: tuple[SheetReading, ...]

    def of(self, name: str) -> SheetReading | None:
        """How the sheet is read, None when it is left out."""
        return next((sheet for sheet in self.sheets if sheet.name == name), None)

    def with_columns(self, columns_of: Mapping[str, Columns]) -> ListReading:
        """The same with columns said for some sheets, by name."""
        return ListReading(
            tuple(replace(sheet, columns=columns_of.get(sheet.name, sheet.columns)) for sheet in self.sheets)
        )

    def with_encoding(self, encoding: Encoding) -> ListReading:
        """The same with the letters of all sheets understood as of this encoding."""
        return ListReading(tuple(replace(sheet, encoding=encoding) for sheet in self.sheets))

    def to_json(self) -> dict[str, Any]:
        """The reading as plain values, to be kept."""
        return {
            "sheets": [
                {"name": sheet.name, "encoding": sheet.encoding.value, "columns": columns_to_json(sheet.columns)}
                for sheet in self.sheets
            ]
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> ListReading:
        """The reading that was kept with `to_json`."""
        return cls(
            tuple(
                SheetReading(
                    sheet["name"],
                    Encoding(sheet["encoding"]),
                    None if sheet["columns"] is None else columns_from_json(sheet["columns"]),
                )
                for sheet in kept["sheets"]
            )
        )


def columns_to_json(columns: Columns | None) -> dict[str, str] | None:
    """Columns as plain values: the field's word, empty for a column that is left out."""
    return None if columns is None else {str(index): field or "" for index, field in columns.items()}


def columns_from_json(kept: Mapping[str, str]) -> dict[int, Field | None]:
    """Columns as they were kept. Words that are no field any more leave their column out."""
    known = {field.value for field in Field}
    return {int(index): Field(word) if word in known else None for index, word in kept.items()}
