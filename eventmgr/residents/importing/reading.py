"""From a file's bytes to its sheets of cells, or one clear sentence why not."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import PurePath
from typing import Any

from flask_babel import lazy_gettext as _
from lxml import etree
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
# Any document type: no office writes one, and entities that unfold themselves need one.
_DOCUMENT_TYPE = b"<!DOCTYPE"
# The fonts whose letters are not Unicode, as style sheets of workbooks name them.
_OLD_FONT = re.compile(rb"\.Vn[A-Z][A-Za-z ]*|VNI-[A-Z][A-Za-z]*")
_STYLE_PARTS = ("xl/styles.xml", "content.xml", "styles.xml")
_DELIMITERS = ";,\t|"
_CHUNK_BYTES = MEGABYTE
_OVERLAP_BYTES = 400

# What Windows 1252 shows for each byte; the five bytes it leaves open are shown as the control characters they are.
SHOWN_BYTES = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))


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
    sentence = _("This is neither a spreadsheet (.xlsx, .xls, .ods) nor a CSV file. Nothing was saved.")


@dataclass(frozen=True, slots=True)
class Merged:
    """Cells that show as one; its value stands in the first of them."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class RawSheet:
    """One sheet as it stands: `rows[0]` is the sheet's first row, whatever is in it.

    `fonts` are the fonts of before Unicode that its file uses; `merged` the merged cells, counted from 0.
    """

    name: str
    rows: tuple[tuple[Cell, ...], ...]
    fonts: tuple[str, ...] = ()
    merged: tuple[Merged, ...] = ()


def rows_below(sheet: RawSheet, first: int) -> list[Sequence[Cell]]:
    """The rows from `first` on, counted from 0, what stands in cells merged over several of them in each."""
    rows: list[Sequence[Cell]] = list(sheet.rows[first:])
    for merged in sheet.merged:
        if merged.top < first or merged.bottom == merged.top or merged.bottom >= len(sheet.rows):
            continue
        value = sheet.rows[merged.top][merged.left]
        for number in range(merged.top + 1 - first, merged.bottom + 1 - first):
            row = rows[number]
            rows[number] = (*row[: merged.left], value, *row[merged.left + 1 :])
    return rows


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
    return _read_with_calamine(content, _old_fonts(content))


def _read_workbook(content: bytes) -> tuple[RawSheet, ...]:
    fonts: tuple[str, ...] = ()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.namelist()
            is_open_document = "content.xml" in parts and package.read("mimetype").endswith(b".spreadsheet")
            if "xl/workbook.xml" not in parts and not is_open_document:
                raise NotAList
            if sum(part.file_size for part in package.infolist()) > MOST_UNPACKED_BYTES:
                raise ListTooLarge
            for part in parts:
                fonts += _look_through(package, part)
            if is_open_document:
                _refuse_far_repetitions(package)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, KeyError, ValueError, zlib.error) as broken:
        raise ListDamaged from broken
    except etree.XMLSyntaxError as broken:
        raise ListDamaged from broken
    except RuntimeError as locked:  # the zip itself is encrypted
        raise ListHasPassword from locked
    return _read_with_calamine(content, tuple(dict.fromkeys(fonts)))


def _look_through(package: zipfile.ZipFile, part: str) -> tuple[str, ...]:
    """The old fonts a part names. Refuses a part that is not what its package says, or spans too large a table.

    Every part a reader opens is unpacked here once, a piece at a time: a package may promise few bytes and hold many.
    """
    if part.startswith("xl/worksheets/"):
        _refuse_far_cells(package, part)
    elif part.endswith((".xml", ".rels")):
        fonts = _OLD_FONT if part in _STYLE_PARTS else None
        found: set[bytes] = set()
        for chunk in _chunks(package, part):
            found.update(fonts.findall(chunk) if fonts else ())
        return tuple(sorted(font.decode() for font in found))
    return ()


def _old_fonts(content: bytes) -> tuple[str, ...]:
    return tuple(sorted({font.decode() for font in _OLD_FONT.findall(content)}))


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
            if _DOCUMENT_TYPE in tail + chunk:
                raise ListDamaged
            yield tail + chunk
            tail = chunk[-_OVERLAP_BYTES:]


_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_ROW, _CELLS = _TABLE + "table-row", (_TABLE + "table-cell", _TABLE + "covered-table-cell")


def _refuse_far_repetitions(package: zipfile.ZipFile) -> None:
    """Refuse an OpenDocument sheet that repeats filled cells or rows beyond what a list can be."""
    rows = last_row = last_column = 0
    with package.open("content.xml") as stream:
        for _event, element in etree.iterparse(
            stream, tag=(_TABLE + "table", _ROW), resolve_entities=False, no_network=True
        ):
            if element.tag == _ROW:
                rows += int(element.get(_TABLE + "number-rows-repeated", "1"))
                width = _filled_width(element)
                if width:
                    last_row, last_column = rows, max(last_column, width)
                if last_row > MOST_ROWS or last_row * last_column > MOST_CELLS:
                    raise ListTooLarge
            else:
                rows = last_row = last_column = 0
            element.clear()


def _filled_width(row: etree._Element) -> int:
    columns = filled = 0
    for cell in row.iterchildren(*_CELLS):
        columns += int(cell.get(_TABLE + "number-columns-repeated", "1"))
        if len(cell):
            filled = columns
    return filled


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _read_with_calamine(content: bytes, fonts: tuple[str, ...]) -> tuple[RawSheet, ...]:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = [
            workbook.get_sheet_by_name(sheet.name)
            for sheet in workbook.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        return tuple(
            _raw_sheet(
                sheet.name,
                sheet.to_python(skip_empty_area=False),
                fonts,
                tuple(Merged(*first, *last) for first, last in sorted(sheet.merged_cell_ranges or ())),
            )
            for sheet in sheets
        )
    except PasswordError as locked:
        raise ListHasPassword from locked
    except CalamineError as broken:
        raise ListDamaged from broken


def _raw_sheet(
    name: str, rows: list[list[Any]], fonts: tuple[str, ...] = (), merged: tuple[Merged, ...] = ()
) -> RawSheet:
    if len(rows) > MOST_ROWS:
        raise ListTooLarge
    return RawSheet(name, tuple(tuple(row) for row in rows), fonts, merged)


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
    """The text of a CSV file; of bytes of an unknown table what Windows 1252 shows for them."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif b"\0" in content:
        raise NotAList
    else:
        encodings = ["utf-8-sig", "shown"]
    for encoding in encodings:
        try:
            text = shown_bytes(content) if encoding == "shown" else content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not re.search(r"[\x00-\x08\x0e-\x1f\x81\x8d\x8f\x90\x9d]", text):
            return text
    raise NotAList


def shown_bytes(content: bytes) -> str:
    """Bytes of an unknown table as Windows 1252 shows them, which loses nothing."""
    return codecs.charmap_decode(content, "strict", SHOWN_BYTES)[0]


def _delimiter(lines: list[str]) -> str:
    """The sign that parts the first lines into the most cells, in most lines the same number."""

    def agreement(delimiter: str) -> int:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        return max((widths.count(width) * width for width in set(widths) if width > 1), default=0)

    return max(_DELIMITERS, key=agreement)
