"""From a file's bytes to its sheets of cells, or one clear sentence why not."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import PurePath
from typing import Any

from flask_babel import lazy_gettext as _
from lxml import etree
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from eventmgr.core.errors import RuleBroken
from eventmgr.core.text import clean_text
from eventmgr.residents.importing.spans import (
    DamagedWorkbook,
    LockedWorkbook,
    Span,
    chunks,
    document_span,
    old_workbook_span,
    sheet_span,
)

Cell = str | float | int | bool | date | datetime | time | timedelta | None

MEGABYTE = 1024 * 1024
MOST_BYTES = 20 * MEGABYTE
MOST_UNPACKED_BYTES = 150 * MEGABYTE
MOST_ROWS = 60_000
MOST_COLUMNS = 200
MOST_CELLS = 3_200_000

_ZIP, _OLE, _PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF"
# Office keeps a workbook with a password in a container with a stream of this name.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# Any document type: no office writes one, and entities that unfold themselves need one.
_DOCUMENT_TYPE = b"<!DOCTYPE"
# What a sheet of an .xlsx holds, whatever its part is called, and each text of the part they share.
_SHEET, _SHARED_TEXT = b"sheetData", b"<si"
# The fonts whose letters are not Unicode, as style sheets of workbooks name them.
_OLD_FONT = re.compile(rb"\.Vn[A-Z][A-Za-z ]*|VNI-[A-Z][A-Za-z]*")
_STYLE_PARTS = ("xl/styles.xml", "content.xml", "styles.xml")
_DELIMITERS = ";,\t|"

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


class ListTooWide(UnreadableList):
    """More columns than any list of people has."""

    code = "list_too_wide"
    sentence = _(
        "The sheet “%(sheet)s” has %(columns)s columns; a list of people has at most %(most)s. Please choose the list"
        " alone. Nothing was saved."
    )

    def __init__(self, sheet: str, columns: int) -> None:
        super().__init__(sheet=sheet, columns=columns, most=MOST_COLUMNS)


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
    for sheet in sheets:
        width = max(map(_filled_width, sheet.rows))
        if width > MOST_COLUMNS:
            raise ListTooWide(sheet.name, width)
    return sheets


def _filled_width(row: Sequence[Cell]) -> int:
    if len(row) <= MOST_COLUMNS:
        return 0
    return max((number for number, cell in enumerate(row, start=1) if not _is_blank(cell)), default=0)


def _is_blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not clean_text(cell))


def _read_old_workbook(content: bytes) -> tuple[RawSheet, ...]:
    if _ENCRYPTED in content:
        raise ListHasPassword
    try:
        _refuse_far(old_workbook_span(content))
    except DamagedWorkbook as broken:
        raise ListDamaged from broken
    except LockedWorkbook as locked:
        raise ListHasPassword from locked
    return _read_with_calamine(content, _old_fonts(content))


def _read_workbook(content: bytes) -> tuple[RawSheet, ...]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            fonts = _look_through(package)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, KeyError, ValueError, zlib.error) as broken:
        raise ListDamaged from broken
    except etree.XMLSyntaxError as broken:
        raise ListDamaged from broken
    except RuntimeError as locked:  # the zip itself is encrypted
        raise ListHasPassword from locked
    return _read_with_calamine(content, fonts)


def _look_through(package: zipfile.ZipFile) -> tuple[str, ...]:
    """The old fonts a package names. Refuses one that is no workbook, holds other than it says, or spans too much.

    Every part a reader opens is unpacked here once, a piece at a time: a package may promise few bytes and hold many.
    """
    parts = package.namelist()
    is_document = "content.xml" in parts and package.read("mimetype").endswith(b".spreadsheet")
    if "xl/workbook.xml" not in parts and not is_document:
        raise NotAList
    if sum(part.file_size for part in package.infolist()) > MOST_UNPACKED_BYTES:
        raise ListTooLarge
    fonts: set[bytes] = set()
    for part in parts:
        is_sheet, texts = False, 0
        for chunk in chunks(package, part):
            if _DOCUMENT_TYPE in chunk:
                raise ListDamaged
            if part in _STYLE_PARTS:
                fonts.update(_OLD_FONT.findall(chunk))
            is_sheet = is_sheet or _SHEET in chunk
            texts += chunk.count(_SHARED_TEXT)
        if texts > MOST_CELLS:
            raise ListTooLarge
        if is_sheet:
            _refuse_far(sheet_span(package, part))
    if is_document:
        _refuse_far(document_span(package))
    return tuple(sorted(font.decode() for font in fonts))


def _refuse_far(span: Span) -> None:
    if span.rows > MOST_ROWS or span.cells > MOST_CELLS:
        raise ListTooLarge


def _old_fonts(content: bytes) -> tuple[str, ...]:
    return tuple(sorted({font.decode() for font in _OLD_FONT.findall(content)}))


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
    """The sign that parts the most of the first lines into the same number of cells, and into the most of them."""

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        return max(((widths.count(width), width) for width in set(widths) if width > 1), default=(0, 0))

    return max(_DELIMITERS, key=agreement)
