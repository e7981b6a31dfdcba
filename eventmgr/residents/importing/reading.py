"""From a file's bytes to its sheets of cells, or one clear sentence why not."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import PurePath
from typing import Any

from flask_babel import lazy_gettext as _
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from eventmgr.core.errors import RuleBroken
from eventmgr.core.text import clean_text

Cell = str | float | int | bool | date | datetime | time | timedelta | None

MEGABYTE = 1024 * 1024
MOST_BYTES = 20 * MEGABYTE
MOST_UNPACKED_BYTES = 300 * MEGABYTE
MOST_ROWS = 60_000
MOST_CELLS = 3_000_000

_ZIP, _OLE, _PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF"
# Office keeps a workbook with a password in a container with a stream of this name.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# The address of a cell that holds something; a cell with only a style closes at once.
_FILLED_CELL = re.compile(rb'\sr="([A-Z]{1,3})([0-9]{1,7})"[^>]*(?<!/)>')
_DELIMITERS = ";,\t|"
_CHUNK_BYTES = MEGABYTE
_OVERLAP_BYTES = 400


class UnreadableList(RuleBroken):
    """A file that is no list we can read; nothing of it was saved. The narrow classes say why."""

    code = "unreadable_list"
    sentence = _("This file cannot be read as a list.")


class EmptyList(UnreadableList):
    """No bytes, or not one filled cell."""

    code = "empty_list"
    sentence = _("The file is empty. Nothing was saved.")


class ListTooLarge(UnreadableList):
    """More than a list of people of a commune can be."""

    code = "list_too_large"
    sentence = _(
        "The file is too large for a list of people: at most %(megabytes)s MB and %(rows)s rows. Nothing was saved."
    )

    def __init__(self) -> None:
        super().__init__(megabytes=MOST_BYTES // MEGABYTE, rows=MOST_ROWS)


class ListIsPdf(UnreadableList):
    """A PDF, whatever its name says."""

    code = "list_is_pdf"
    sentence = _("This is a PDF file. Please choose the Excel (.xlsx) or CSV file it was made from.")


class ListHasPassword(UnreadableList):
    """A workbook that opens only with a password."""

    code = "list_has_password"
    sentence = _("The file is protected by a password. Please take the password off in Excel and choose it again.")


class ListDamaged(UnreadableList):
    """It begins like a workbook and does not go on like one."""

    code = "list_damaged"
    sentence = _("The file is damaged or was copied only in part. Please copy it again. Nothing was saved.")


class NotAList(UnreadableList):
    """A picture, a letter, a programme."""

    code = "not_a_list"
    sentence = _("This is neither an Excel (.xlsx, .xls) nor a CSV file. Nothing was saved.")


@dataclass(frozen=True, slots=True)
class RawSheet:
    """One sheet as it stands: `rows[0]` is the sheet's first row, whatever is in it."""

    name: str
    rows: tuple[tuple[Cell, ...], ...]


def read_sheets(content: bytes, file_name: str) -> tuple[RawSheet, ...]:
    """All visible sheets with something in them. Raises UnreadableList.

    What the file is is told from its bytes; its name only names the sheet of a CSV file.
    """
    if not content.strip():
        raise EmptyList
    if len(content) > MOST_BYTES:
        raise ListTooLarge
    if content.lstrip()[:4] == _PDF:
        raise ListIsPdf
    if content.startswith(_OLE):
        sheets = _read_old_workbook(content)
    elif content.startswith(_ZIP):
        sheets = _read_workbook(content)
    else:
        sheets = (_read_csv(content, PurePath(file_name).stem),)
    sheets = tuple(sheet for sheet in sheets if any(not _is_blank(cell) for row in sheet.rows for cell in row))
    if not sheets:
        raise EmptyList
    return sheets


def _is_blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not clean_text(cell))


def _read_old_workbook(content: bytes) -> tuple[RawSheet, ...]:
    if _ENCRYPTED in content:
        raise ListHasPassword
    return _read_with_calamine(content)


def _read_workbook(content: bytes) -> tuple[RawSheet, ...]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.namelist()
            if "xl/workbook.xml" not in parts:
                raise NotAList
            if sum(part.file_size for part in package.infolist()) > MOST_UNPACKED_BYTES:
                raise ListTooLarge
            for part in parts:
                if part.startswith("xl/worksheets/"):
                    _refuse_far_cells(package, part)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, ValueError, zlib.error) as broken:
        raise ListDamaged from broken
    except RuntimeError as locked:  # the zip itself is encrypted
        raise ListHasPassword from locked
    return _read_with_calamine(content)


def _refuse_far_cells(package: zipfile.ZipFile, part: str) -> None:
    """Refuse a sheet whose filled cells span too large a table.

    calamine makes room for the whole rectangle at once: one blank typed into the last cell of a sheet
    would end the process.
    """
    last_row = last_column = 0
    for chunk in _chunks(package, part):
        for found in _FILLED_CELL.finditer(chunk):
            last_row = max(last_row, int(found[2]))
            last_column = max(last_column, _column_number(found[1]))
    if last_row > MOST_ROWS or last_row * last_column > MOST_CELLS:
        raise ListTooLarge


def _chunks(package: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    with package.open(part) as stream:
        tail = b""
        while chunk := stream.read(_CHUNK_BYTES):
            yield tail + chunk
            tail = chunk[-_OVERLAP_BYTES:]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _read_with_calamine(content: bytes) -> tuple[RawSheet, ...]:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        return tuple(
            _raw_sheet(sheet.name, workbook.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False))
            for sheet in workbook.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        )
    except PasswordError as locked:
        raise ListHasPassword from locked
    except CalamineError as broken:
        raise ListDamaged from broken


def _raw_sheet(name: str, rows: list[list[Any]]) -> RawSheet:
    if len(rows) > MOST_ROWS:
        raise ListTooLarge
    return RawSheet(name, tuple(tuple(row) for row in rows))


def _read_csv(content: bytes, name: str) -> RawSheet:
    text = _decoded(content)
    lines = text.splitlines(keepends=True)
    if len(lines) > 2 * MOST_ROWS:
        raise ListTooLarge
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(lines[:30])))
    except csv.Error as broken:
        raise ListDamaged from broken
    return _raw_sheet(name, [list(row) for row in rows])


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\0" in content:
        raise NotAList
    else:
        encodings = ["utf-8-sig", "cp1258"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not re.search(r"[\x00-\x08\x0e-\x1f]", text):
            return text
    raise NotAList


def _delimiter(lines: list[str]) -> str:
    """The sign that parts the first lines into the most cells, in most lines the same number."""

    def agreement(delimiter: str) -> int:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        return max((widths.count(width) * width for width in set(widths) if width > 1), default=0)

    return max(_DELIMITERS, key=agreement)
