"""Which row of a sheet names its columns, and what each column means."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from eventmgr.core.phone import parse_phone_cell
from eventmgr.core.text import clean_text, search_key
from eventmgr.residents.importing.cells import as_text, is_blank, is_ethnic_group
from eventmgr.residents.importing.reading import Cell, RawSheet

HEADER_SEARCHED_ROWS = 15
SAMPLED_ROWS = 60
SHOWN_SAMPLES = 3


class Field(StrEnum):
    """What a column of a list can say."""

    ORDINAL = "ordinal"
    HOUSEHOLD_NUMBER = "household_number"
    FULL_NAME = "full_name"
    HEAD_NAME = "head_name"
    RELATION = "relation"
    BIRTH = "birth"
    BIRTH_MALE = "birth_male"
    BIRTH_FEMALE = "birth_female"
    GENDER = "gender"
    ETHNIC_GROUP = "ethnic_group"
    CITIZEN_NUMBER = "citizen_number"
    HOUSEHOLD_CODE = "household_code"
    HAMLET = "hamlet"
    POVERTY_CLASS = "poverty_class"
    POOR_TICK = "poor_tick"
    NEAR_POOR_TICK = "near_poor_tick"
    NEWLY_ESCAPED_TICK = "newly_escaped_tick"
    PHONE = "phone"
    MEMBER_COUNT = "member_count"
    NOTE = "note"


# Fields that may stand in several columns; of the others the first column counts.
REPEATABLE = {Field.PHONE, Field.BIRTH, Field.NOTE}
NAMES = {Field.FULL_NAME, Field.HEAD_NAME}
_OF_HOUSEHOLDS = (Field.RELATION, Field.HOUSEHOLD_NUMBER, Field.HOUSEHOLD_CODE, Field.HEAD_NAME)

# Folded titles, a title of two rows joined by "/". The longest one a title equals or begins with wins, else
# the longest of several words it contains.
_TITLES: dict[Field, str] = {
    Field.ORDINAL: "stt, tt, so tt, so thu tu, tt khau, stt khau, tt nhan khau, tt thanh vien, no",
    Field.HOUSEHOLD_NUMBER: "tt ho, stt ho, so tt ho, so thu tu ho, ho so, so ho",
    Field.FULL_NAME: "ho ten, ho va ten, ho va ten thanh vien, ho ten thanh vien, ho va ten nhan khau, ho chu dem va ten,"
    " ho va ten khai sinh, thanh vien, thanh vien ho, ten, ten nguoi dan, full name, name",
    Field.HEAD_NAME: "chu ho, ten chu ho, ho ten chu ho, ho va ten chu ho, ho ten cua chu ho, dai dien ho, dai dien ho gia dinh,"
    " nguoi dai dien, ho ten nguoi dai dien, ho va ten nguoi dai dien, ho va ten dai dien ho, ho gia dinh, ten ho, head of household",
    Field.RELATION: "quan he, quan he voi chu ho, moi quan he, moi quan he voi chu ho, qh voi chu ho, qh chu ho, qh, qhe,"
    " quan he chu ho, relation",
    Field.BIRTH: "ngay sinh, nam sinh, ngay thang nam sinh, ngay/thang/nam sinh, sinh ngay, sinh nam, ns, nsinh, date of birth,"
    " birth year",
    Field.BIRTH_MALE: "nam sinh/nam, ngay sinh/nam, ngay thang nam sinh/nam",
    Field.BIRTH_FEMALE: "nam sinh/nu, ngay sinh/nu, ngay thang nam sinh/nu",
    Field.GENDER: "gioi tinh, gt, gioi, nam/nu, nam nu, gioi tinh/nam nu, phai, gender, sex",
    Field.ETHNIC_GROUP: "dan toc, thanh phan dan toc, d toc, dtoc, ethnic group",
    Field.CITIZEN_NUMBER: "cccd, so cccd, cccd/ddcn, so cccd/ddcn, can cuoc, so can cuoc, can cuoc cong dan, so can cuoc cong dan,"
    " ddcn, so ddcn, so dinh danh, ma dinh danh, so dinh danh ca nhan, ma dinh danh ca nhan, cmnd, so cmnd, cmnd/cccd,"
    " so cmnd/cccd, cmt, so cmt, giay to tuy than, citizen number",
    Field.HOUSEHOLD_CODE: "ma ho, ma so ho, ma ho gia dinh, ma so ho gia dinh, household code",
    Field.HAMLET: "thon, xom, ban, khu, to, ap, lang, buon, to dan pho, khu pho, khu dan cu, thon ban, thon/ban, ban/thon,"
    " thon/xom, thon/to, thon xom, ten thon, dia chi, noi o, cho o, cho o hien nay, noi cu tru, noi thuong tru, hamlet",
    Field.POVERTY_CLASS: "loai ho, dien ho, dien, doi tuong, phan loai, phan loai ho, thuoc dien, loai doi tuong,"
    " dien doi tuong, ho ngheo/can ngheo, ho ngheo ho can ngheo, ngheo/can ngheo, loai, class",
    Field.POOR_TICK: "ho ngheo, phan loai ho/ho ngheo, phan loai/ho ngheo, phan loai ho/ngheo, dien/ho ngheo, loai ho/ho ngheo",
    Field.NEAR_POOR_TICK: "can ngheo, ho can ngheo, phan loai ho/can ngheo, phan loai ho/ho can ngheo, phan loai/can ngheo,"
    " phan loai/ho can ngheo, loai ho/can ngheo, loai ho/ho can ngheo, dien/can ngheo",
    Field.NEWLY_ESCAPED_TICK: "moi thoat ngheo, ho moi thoat ngheo, phan loai ho/moi thoat ngheo, phan loai/moi thoat ngheo,"
    " phan loai ho/ho moi thoat ngheo",
    Field.PHONE: "sdt, so dt, so dien thoai, dien thoai, di dong, dtdd, so di dong, dien thoai di dong, sdt lien he, lien he, lien lac, so lien lac,"
    " so dien thoai lien he, dien thoai lien he, so may, so zalo, zalo, phone, phone number, tel",
    Field.MEMBER_COUNT: "so nhan khau, so khau, nhan khau, tong so khau, tong so nhan khau, so nguoi, so thanh vien",
    Field.NOTE: "ghi chu, chu thich, ghi chu khac, note",
}
_FIELD_BY_TITLE = {
    title.strip(): field for field, titles in _TITLES.items() for title in titles.split(",") if title.strip()
}
_LONGEST_FIRST = sorted(_FIELD_BY_TITLE, key=len, reverse=True)

# DT is the ethnic group (dân tộc), the phone (điện thoại) or the field area (diện tích): its values tell.
_TOLD_BY_VALUES = {"dt"}


@dataclass(frozen=True, slots=True)
class FoundColumn:
    """A column as the file calls it, and what we take it for: None when it is left out."""

    index: int
    title: str
    field: Field | None
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """The row or two rows that name the columns; rows count from 1 as the spreadsheet shows them."""

    first_row: int
    last_row: int
    columns: tuple[FoundColumn, ...]

    def indexes(self, field: Field) -> tuple[int, ...]:
        """Where the field stands, from the left."""
        return tuple(column.index for column in self.columns if column.field is field)

    def has(self, field: Field) -> bool:
        """Whether the list says anything of the field."""
        return bool(self.indexes(field))

    @property
    def shape_key(self) -> str:
        """What files of one shape share: their titles, in their order, whatever their case and marks."""
        titles = "\n".join(f"{column.index} {title_key(column.title)}" for column in self.columns if column.title)
        return hashlib.sha256(titles.encode()).hexdigest()[:32]

    def with_fields(self, fields: Mapping[int, Field | None]) -> Header:
        """The same columns, some of them said to mean something else."""
        return replace(
            self,
            columns=tuple(replace(column, field=fields.get(column.index, column.field)) for column in self.columns),
        )


def find_header(sheet: RawSheet) -> Header | None:
    """The header with the most columns we know, or None: a sheet without a column of names and one more is no list."""
    best: Header | None = None
    for first in range(min(HEADER_SEARCHED_ROWS, len(sheet.rows))):
        for last in (first, first + 1):
            header = _header_at(sheet, first, last)
            if header and (best is None or _known(header) > _known(best)):
                best = header
    return _with_household_numbers(best, sheet) if best else None


def _with_household_numbers(header: Header, sheet: RawSheet) -> Header:
    """Take a running number that stands only at some of the people for the household's: its members follow below."""
    if not header.has(Field.ORDINAL) or any(header.has(field) for field in _OF_HOUSEHOLDS):
        return header
    (ordinal,) = header.indexes(Field.ORDINAL)
    name = next(index for index in map(header.indexes, (Field.FULL_NAME, Field.HEAD_NAME)) if index)[0]
    rows = [row for row in sheet.rows[header.last_row :] if max(ordinal, name) < len(row) and not is_blank(row[name])]
    numbers = [as_text(row[ordinal]).rstrip(".") for row in rows if not is_blank(row[ordinal])]
    if 1 < len(numbers) < 0.9 * len(rows) and numbers == [str(number) for number in range(1, len(numbers) + 1)]:
        return header.with_fields({ordinal: Field.HOUSEHOLD_NUMBER})
    return header


def _known(header: Header) -> int:
    return sum(column.field is not None for column in header.columns)


def _header_at(sheet: RawSheet, first: int, last: int) -> Header | None:
    if last >= len(sheet.rows) or (last > first and not _is_lower_header(sheet.rows[last])):
        return None
    titles = _titles(sheet.rows[first], sheet.rows[last] if last > first else None)
    values = sheet.rows[last + 1 : last + 1 + SAMPLED_ROWS]
    columns = _columns(titles, values)
    fields = {column.field for column in columns if column.field}
    if not fields & NAMES or len(fields) < 2:
        return None
    return Header(first + 1, last + 1, columns)


def _is_lower_header(row: Sequence[Cell]) -> bool:
    """Whether a row can be the second row of titles: words only, and nothing below the ordinal and the name."""
    filled = [cell for cell in row if not is_blank(cell)]
    return bool(filled) and is_blank(row[0]) and all(isinstance(cell, str) and title_key(cell) for cell in filled)


def _titles(upper: Sequence[Cell], lower: Sequence[Cell] | None) -> list[str]:
    """The words of every column: a merged upper title holds for the columns to its right that have a lower one."""
    if lower is None:
        return [as_text(cell) for cell in upper]
    titles: list[str] = []
    above = ""
    for position, cell in enumerate(upper):
        below = as_text(lower[position]) if position < len(lower) else ""
        if not is_blank(cell):
            above = as_text(cell)
        elif not below:
            above = ""
        titles.append(" / ".join(filter(None, (above, below))))
    return titles


def _columns(titles: list[str], values: Sequence[Sequence[Cell]]) -> tuple[FoundColumn, ...]:
    columns: list[FoundColumn] = []
    taken: set[Field] = set()
    for index, title in enumerate(titles):
        below = [row[index] for row in values if index < len(row) and not is_blank(row[index])]
        if not title and not below:
            continue
        field = field_of(title, below)
        if field in taken and field not in REPEATABLE:
            field = None
        if field:
            taken.add(field)
        samples = tuple(dict.fromkeys(map(as_text, below)))[:SHOWN_SAMPLES]
        columns.append(FoundColumn(index, title, field, samples))
    return tuple(columns)


def title_key(title: str) -> str:
    """A title with nothing left but its folded words and the stroke between two rows."""
    words = re.sub(r"[^\w/]+", " ", search_key(re.sub(r"\([^)]*\)", " ", title)))
    return clean_text(re.sub(r"\s*/\s*", "/", words.replace("_", " "))).strip("/ ")


def field_of(title: str, values: Sequence[Cell]) -> Field | None:
    """What a column with this title and these values is about, or None."""
    key = title_key(title)
    if key in _TOLD_BY_VALUES and "đ" not in title.lower():
        return _told_by(values)
    if key in _TOLD_BY_VALUES:
        return Field.PHONE
    exact = _FIELD_BY_TITLE.get(key)
    if exact:
        return exact
    for known in _LONGEST_FIRST:
        if key.startswith(known + " ") and len(known) > 2:
            return _FIELD_BY_TITLE[known]
    for known in _LONGEST_FIRST:
        if " " in known and f" {known} " in f" {key} ":
            return _FIELD_BY_TITLE[known]
    return None


def _told_by(values: Sequence[Cell]) -> Field | None:
    """What DT means here, by what most of its cells hold."""
    phones = sum(bool(parse_phone_cell(_plain(cell)).phones) for cell in values)
    ethnic_groups = sum(is_ethnic_group(as_text(cell)) for cell in values)
    if not values or max(phones, ethnic_groups) * 2 < len(values):
        return None
    return Field.PHONE if phones > ethnic_groups else Field.ETHNIC_GROUP


def _plain(cell: Cell) -> str | int | float | None:
    return cell if isinstance(cell, str | int | float) else None
