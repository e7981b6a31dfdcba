"""How large a table a workbook's filled cells span, found before a reader makes room for it.

The reader we use makes room for the whole rectangle at once: one blank typed into the last cell of a sheet would end
the process. What is looked at here is unpacked a piece at a time.
"""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

CHUNK_BYTES = 1024 * 1024
_OVERLAP_BYTES = 400

# The address of a filled cell; a cell with only a style closes at once.
_FILLED_CELL = re.compile(rb'c r="([A-Z]{1,3})([0-9]{1,7})"[^>]*+(?<!/)>')
# An address beyond column AZ or row 59999: without one, no sheet is too large.
_FAR_CELL = re.compile(rb'c r="(?:[A-Z]{3}|[B-Z][A-Z]|[A-Z]{1,2}(?:[6-9][0-9]{4}"|[0-9]{6}))')
# A cell that does not begin with its address, or whose name has a prefix: few programmes write them so.
_OTHER_CELL = re.compile(rb'<c(?:[>\t\r\n]| (?:[^r]|r[^=]|r=[^"]))')
_PREFIXED_CELL = re.compile(rb":c[\s>]")

_ODS_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_ODS_CELLS = (_ODS_TABLE + "table-cell", _ODS_TABLE + "covered-table-cell")


@dataclass(frozen=True, slots=True)
class Span:
    """The last row and column that hold something, counted from 1."""

    rows: int = 0
    columns: int = 0

    @property
    def cells(self) -> int:
        """How many cells lie within."""
        return self.rows * self.columns

    def with_cell(self, row: int, column: int) -> Span:
        """The span once it holds this cell too."""
        return Span(max(self.rows, row), max(self.columns, column))


NEAR = Span(59_999, 52)
"""What the quick look tells apart: no list of people is larger in both directions."""


class DamagedWorkbook(ValueError):
    """The bytes do not hold together."""


class LockedWorkbook(ValueError):
    """The workbook opens only with a password."""


def chunks(package: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """A part unpacked piece by piece; pieces overlap, so that nothing short is cut in two."""
    with package.open(part) as stream:
        tail = b""
        while chunk := stream.read(CHUNK_BYTES):
            yield tail + chunk
            tail = chunk[-_OVERLAP_BYTES:]


def sheet_span(package: zipfile.ZipFile, part: str) -> Span:
    """What a sheet of an .xlsx spans, at least NEAR where a quick look shows that it is no more."""
    is_far = False
    for chunk in chunks(package, part):
        if _OTHER_CELL.search(chunk) or _PREFIXED_CELL.search(chunk):
            return _counted_span(package, part)
        is_far = is_far or bool(_FAR_CELL.search(chunk))
    return _addressed_span(package, part) if is_far else NEAR


def _addressed_span(package: zipfile.ZipFile, part: str) -> Span:
    rows, letters = 0, set()
    for chunk in chunks(package, part):
        for found in _FILLED_CELL.finditer(chunk):
            rows = max(rows, int(found[2]))
            letters.add(found[1])
    return Span(rows, max(map(_column_number, letters), default=0))


def _counted_span(package: zipfile.ZipFile, part: str) -> Span:
    """What a sheet spans whose cells may be told only by their order."""
    span, row = Span(), 0
    for element in _elements(package, part, "{*}row"):
        row = int(element.get("r", row + 1))
        column = 0
        for cell in element.iterchildren("{*}c"):
            letters = re.match(r"[A-Z]{1,3}", cell.get("r", ""))
            column = _column_number(letters[0].encode()) if letters else column + 1
            if len(cell):
                span = span.with_cell(row, column)
    return span


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _elements(package: zipfile.ZipFile, part: str, *tags: str) -> Iterator[etree._Element]:
    """The elements of these names in their order; what has been seen is forgotten."""
    with package.open(part) as stream:
        for _event, element in etree.iterparse(stream, tag=tags, resolve_entities=False, no_network=True):
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


def document_span(package: zipfile.ZipFile) -> Span:
    """What the sheets of an .ods span together, repeated cells and rows counted as often as they are repeated."""
    span, row = Span(), 0
    for element in _elements(package, "content.xml", _ODS_TABLE + "table", _ODS_TABLE + "table-row"):
        if element.tag == _ODS_TABLE + "table":
            row = 0
            continue
        row += int(element.get(_ODS_TABLE + "number-rows-repeated", "1"))
        columns = filled = 0
        for cell in element.iterchildren(*_ODS_CELLS):
            columns += int(cell.get(_ODS_TABLE + "number-columns-repeated", "1"))
            if len(cell):
                filled = columns
        if filled:
            span = span.with_cell(row, filled)
    return span


# --- .xls: records in a stream, the stream in a container of sectors -----------------------------

# Source: [MS-XLS] 2.3, the records that hold a cell; each begins with its row and column.
_CELL_RECORDS = frozenset(
    [0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x00D6, 0x00FD, 0x0203, 0x0204, 0x0205, 0x0206, 0x027E, 0x0406]
)
_MANY_CELLS, _FILE_PASS = 0x00BD, 0x002F
_END_OF_CHAIN = 0xFFFFFFFE
_ENTRY_BYTES, _MINI_SECTOR_BYTES = 128, 64


def old_workbook_span(content: bytes) -> Span:
    """What the sheets of an .xls span together. Raises DamagedWorkbook, LockedWorkbook."""
    try:
        return _records_span(_Container(content).stream("Workbook", "Book"))
    except (struct.error, IndexError) as broken:
        raise DamagedWorkbook from broken


def _records_span(records: bytes) -> Span:
    span, position = Span(), 0
    while position + 4 <= len(records):
        kind, length = struct.unpack_from("<HH", records, position)
        if kind == _FILE_PASS:
            raise LockedWorkbook
        if kind in _CELL_RECORDS and length >= 4:
            row, column = struct.unpack_from("<HH", records, position + 4)
            span = span.with_cell(row + 1, column + 1)
        elif kind == _MANY_CELLS and length >= 6:
            row, last = (
                *struct.unpack_from("<H", records, position + 4),
                *struct.unpack_from("<H", records, position + 2 + length),
            )
            span = span.with_cell(row + 1, last + 1)
        position += 4 + length
    return span


class _Container:
    """A compound file. Source: [MS-CFB] 2.2 (header), 2.3 (sector chains), 2.6 (directory)."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        (shift,) = struct.unpack_from("<H", content, 30)
        if shift not in (9, 12):
            raise DamagedWorkbook
        self._sector_bytes = 1 << shift
        self._mini_below, first_mini = (
            struct.unpack_from("<I", content, 56)[0],
            struct.unpack_from("<I", content, 60)[0],
        )
        self._next = self._numbers(b"".join(map(self._sector, self._fat_sectors())))
        self._mini_next = self._numbers(self._chain(first_mini))
        directory = self._chain(struct.unpack_from("<I", content, 48)[0])
        self._entries = [directory[start : start + _ENTRY_BYTES] for start in range(0, len(directory), _ENTRY_BYTES)]

    def stream(self, *names: str) -> bytes:
        """The bytes of the first stream with one of these names."""
        for entry in self._entries:
            (name_bytes,) = struct.unpack_from("<H", entry, 64)
            if entry[: max(name_bytes - 2, 0)].decode("utf-16-le", "replace") in names:
                return self._stream(entry)
        raise DamagedWorkbook

    def _stream(self, entry: bytes) -> bytes:
        first, size = struct.unpack_from("<II", entry, 116)
        if size >= self._mini_below:
            return self._chain(first)[:size]
        small = self._chain(struct.unpack_from("<I", self._entries[0], 116)[0])
        starts = (number * _MINI_SECTOR_BYTES for number in self._follow(first, self._mini_next))
        return b"".join(small[start : start + _MINI_SECTOR_BYTES] for start in starts)[:size]

    def _fat_sectors(self) -> list[int]:
        listed = list(struct.unpack_from("<109I", self._content, 76))
        (more,) = struct.unpack_from("<I", self._content, 68)
        for _ in range(len(self._content) // self._sector_bytes):
            if more >= _END_OF_CHAIN:
                break
            numbers = self._numbers(self._sector(more))
            listed.extend(numbers[:-1])
            more = numbers[-1]
        return [number for number in listed if number < _END_OF_CHAIN - 2]

    def _chain(self, first: int) -> bytes:
        return b"".join(map(self._sector, self._follow(first, self._next)))

    @staticmethod
    def _follow(first: int, following: tuple[int, ...]) -> Iterator[int]:
        sector = first
        for _ in range(len(following)):  # no chain is longer than all sectors: one that is turns in a circle
            if sector >= _END_OF_CHAIN:
                return
            yield sector
            sector = following[sector]

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._sector_bytes
        return self._content[start : start + self._sector_bytes]

    @staticmethod
    def _numbers(content: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(content) // 4}I", content[: len(content) // 4 * 4])
