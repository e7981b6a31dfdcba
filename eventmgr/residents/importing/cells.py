"""What one cell of a list says: a birth, a gender, a class, a number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from eventmgr.core.text import clean_text, search_key
from eventmgr.residents.importing.reading import Cell
from eventmgr.residents.values import Gender, PovertyClass

OLDEST_YEAR = 1900
YOUNGEST_HEAD_YEARS = 14


class CellReason(StrEnum):
    """Why a cell was left out while its person was kept."""

    BIRTH_UNCLEAR = "birth_unclear"
    GENDER_UNCLEAR = "gender_unclear"
    CLASS_UNCLEAR = "class_unclear"
    CLASS_TWICE = "class_twice"
    CITIZEN_NUMBER_UNCLEAR = "citizen_number_unclear"
    CITIZEN_NUMBER_ROUNDED = "citizen_number_rounded"
    CITIZEN_NUMBER_DIFFERS = "citizen_number_differs"


class UnclearCell(ValueError):
    """The cell says something that cannot be read."""

    def __init__(self, reason: CellReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Birth:
    """A birth as lists know it: the year, now and then the day."""

    year: int | None = None
    on: date | None = None


NO_BIRTH = Birth()


# Source: the 54 groups of QĐ 421-TCTK/PPCĐ of 2/3/1979 as their usual names, folded; and names used beside them.
_ETHNIC_GROUPS = frozenset(
    search_key(name)
    for name in (
        "Kinh, Tày, Thái, Hoa, Khơ me, Khmer, Mường, Nùng, Hmông, H'Mông, Mông, Dao, Gia rai, Ngái, Ê đê, Ba na, Xơ Đăng,"
        " Xơ Teng, Sán Chay, Sán Chỉ, Sán Chí, Cao Lan, Cơ ho, Chăm, Sán Dìu, Hrê, Mnông, Ra glai, Xtiêng, Bru Vân Kiều,"
        " Vân Kiều, Thổ, Giáy, Cơ tu, Gié Triêng, Mạ, Khơ mú, Co, Tà ôi, Chơ ro, Kháng, Xinh mun, Hà Nhì, Chu ru, Lào,"
        " La Chí, La Ha, Phù Lá, La Hủ, Lự, Lô Lô, Chứt, Mảng, Pà Thẻn, Cơ Lao, Cống, Bố Y, Si La, Pu Péo, Brâu, Ơ Đu, Rơ măm"
    ).split(",")
)

_CLASSES = {
    PovertyClass.POOR: "hn, ngheo, ho ngheo, n, tai ngheo, ho tai ngheo, ngheo phat sinh, phat sinh moi, poor",
    PovertyClass.NEAR_POOR: "hcn, can ngheo, ho can ngheo, cn, near poor",
    PovertyClass.NEWLY_ESCAPED: "hmtn, moi thoat ngheo, ho moi thoat ngheo, thoat ngheo, ho thoat ngheo, mtn",
    PovertyClass.NEWLY_ESCAPED_NEAR_POOR: "hmtcn, moi thoat can ngheo, ho moi thoat can ngheo, thoat can ngheo,"
    " ho thoat can ngheo, mtcn",
    PovertyClass.OTHER: "khac, ho khac, khong, ko, khong ngheo, trung binh, ho trung binh, muc song trung binh,"
    " ho co muc song trung binh, kha, giau, kha giau, binh thuong, other",
}
_CLASS_BY_WORDS = {words.strip(): kind for kind, listed in _CLASSES.items() for words in listed.split(",")}

_MALE = frozenset(["nam", "m", "male", "trai", "ong"])
_FEMALE = frozenset(["nu", "f", "female", "gai", "ba"])
_TICKS = frozenset(["x", "1", "co", "v", "✓", "✔", "√", "+", "*"])
AS_ABOVE = frozenset(['"', "''", "”", "“", "〃", "nt", "-nt-", "như trên"])
_NOTHING = frozenset(["", "-", "--", "0", "khong", "ko", "k", "chua ro", "khong ro", "khong nho", "?"])


def as_text(cell: Cell) -> str:
    """A cell as the text it shows, in one line."""
    if isinstance(cell, str):
        return _clean_once(cell)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "x" if cell else ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return f"{cell:%d/%m/%Y}"
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    return clean_text(str(cell))


# Lists say the same things over and over.
_clean_once = lru_cache(maxsize=65_536)(clean_text)


def is_blank(cell: Cell) -> bool:
    """Whether nothing is to be seen in the cell."""
    return as_text(cell) == ""


def is_ditto(cell: Cell) -> bool:
    """Whether the cell says "as above"."""
    return as_text(cell) in AS_ABOVE


def is_tick(cell: Cell) -> bool:
    """Whether a box is ticked: x, 1, có."""
    text = as_text(cell)
    return bool(text) and search_key(text) in _TICKS


def is_ethnic_group(text: str) -> bool:
    """Whether the text is the name of an ethnic group."""
    return search_key(text) in _ETHNIC_GROUPS


def read_birth(cell: Cell, *, today: date, of_head: bool = False) -> Birth:
    """A year, a day d/m/y, 00/00/1970, a spreadsheet's day number. Raises UnclearCell.

    The first of January is what registers write for "only the year is known". Day and month are never exchanged.
    """
    if isinstance(cell, datetime):
        return _birth_on(cell.date(), today)
    if isinstance(cell, date):
        return _birth_on(cell, today)
    return _read_birth(as_text(cell), today, of_head)


@lru_cache(maxsize=16_384)
def _read_birth(text: str, today: date, of_head: bool) -> Birth:
    written = _BESIDE_BIRTH.sub("", text.strip("'’` ")).strip()
    if search_key(written) in _NOTHING:
        return Birth()
    if re.fullmatch(r"\d{1,2}", written) and int(written) > 0:
        return Birth(_century(int(written), today, of_head))
    if re.fullmatch(r"\d{4}", written):
        return Birth(_checked_year(int(written), today))
    if re.fullmatch(r"\d{5}", written):
        # Spreadsheets count days from 30/12/1899 (their 1900 has a 29 February).
        return _birth_on(date(1899, 12, 30) + timedelta(days=int(written)), today)
    return _written_birth(written, today)


# What stands beside a birth without changing it: a remark, the time of a day, the ".0" of a number kept as text.
_BESIDE_BIRTH = re.compile(r"\([^)]*\)|\s\d{1,2}:\d{2}(:\d{2})?$|(?<=^\d{4})\.0+$|(?<=^\d{5})\.\d+$")
_BIRTH_IN_WORDS = re.compile(r"(?:ngay (\d{1,2})[ ,/]*)?thang (\d{1,2})[ ,/]*(?:nam )?(\d{4})")
# `khoảng 1950`, `~1950`, `1950?`; `--/--/1950`, `/ /1950`: the year is known, no more.
_ONLY_A_YEAR = re.compile(r"(?:khoang|nam|sn|sinh nam|k|~)?[ .]*(\d{4}) ?\??|[^\d/]*/[^\d/]*/ *(\d{4})|(\d{4})-0?0-0?0")


def _written_birth(written: str, today: date) -> Birth:
    folded = search_key(written)
    only_year = _ONLY_A_YEAR.fullmatch(folded)
    if only_year:
        return Birth(_checked_year(int(next(filter(None, only_year.groups()))), today))
    if re.fullmatch(r"00?/00?/0000", written):
        return Birth()
    in_words = _BIRTH_IN_WORDS.fullmatch(folded)
    if in_words:
        return _birth_of_parts(int(in_words[1] or 0), int(in_words[2]), int(in_words[3]), today)
    iso = re.fullmatch(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?(?:[ T].*)?", written)
    if iso:
        return _birth_of_parts(int(iso[3] or 0), int(iso[2]), int(iso[1]), today)
    parts = re.fullmatch(r"(?:(\d{1,2})\s*[/.\- ]\s*)?(\d{1,2})\s*[/.\- ]\s*(\d{4})", written)
    if parts:
        return _birth_of_parts(int(parts[1] or 0), int(parts[2]), int(parts[3]), today)
    short = re.fullmatch(r"(\d{1,2})\s*[/.\-]\s*(\d{1,2})\s*[/.\-]\s*(\d{2})", written)
    if short:
        return _birth_of_parts(int(short[1]), int(short[2]), _century(int(short[3]), today, of_head=False), today)
    raise UnclearCell(CellReason.BIRTH_UNCLEAR)


def _birth_of_parts(day: int, month: int, year: int, today: date) -> Birth:
    year = _checked_year(year, today)
    if day == 0 or month == 0:
        return Birth(year)
    try:
        return _birth_on(date(year, month, day), today)
    except ValueError as impossible:
        raise UnclearCell(CellReason.BIRTH_UNCLEAR) from impossible


def _birth_on(day: date, today: date) -> Birth:
    year = _checked_year(day.year, today)
    if day > today:
        raise UnclearCell(CellReason.BIRTH_UNCLEAR)
    return Birth(year, None if (day.day, day.month) == (1, 1) else day)


def _checked_year(year: int, today: date) -> int:
    if not OLDEST_YEAR <= year <= today.year:
        raise UnclearCell(CellReason.BIRTH_UNCLEAR)
    return year


def _century(year: int, today: date, of_head: bool) -> int:
    """A year of two digits: the latest that is possible, for the head of a household the latest for a grown person."""
    latest = today.year - (YOUNGEST_HEAD_YEARS if of_head else 0)
    return 2000 + year if 2000 + year <= latest else 1900 + year


def read_gender(cell: Cell) -> Gender:
    """Nam or nữ. Raises UnclearCell."""
    words = search_key(as_text(cell))
    if words in _MALE:
        return Gender.MALE
    if words in _FEMALE:
        return Gender.FEMALE
    if words in _NOTHING:
        return Gender.UNKNOWN
    raise UnclearCell(CellReason.GENDER_UNCLEAR)


def read_poverty_class(cell: Cell) -> PovertyClass | None:
    """The class a list gives a household, None where it says nothing. Raises UnclearCell."""
    return _read_poverty_class(as_text(cell))


@lru_cache(maxsize=1024)
def _read_poverty_class(text: str) -> PovertyClass | None:
    words = re.sub(r"[^\w]+", " ", search_key(text)).strip()
    if not words:
        return None
    found = _CLASS_BY_WORDS.get(words)
    if found:
        return found
    for known in sorted(_CLASS_BY_WORDS, key=len, reverse=True):
        if len(known) > 4 and words.startswith(known + " "):
            return _CLASS_BY_WORDS[known]
    raise UnclearCell(CellReason.CLASS_UNCLEAR)


def read_citizen_number(cell: Cell) -> str | None:
    """A citizen number of 12 digits or an old one of 9, with the zero a spreadsheet ate given back. Raises UnclearCell."""
    written = as_text(cell).strip("'’` ")
    if len(written) == 12 and written.isascii() and written.isdigit():
        return written
    if re.fullmatch(r"\d([.,]\d+)?[eE]\+?\d+", written):
        raise UnclearCell(CellReason.CITIZEN_NUMBER_ROUNDED)
    digits = re.sub(r"[\s.\-]+", "", written)
    if search_key(digits) in _NOTHING or search_key(written) in {"chua co", "khong co"}:
        return None
    if re.fullmatch(r"[0-9]{11}", digits):
        digits = "0" + digits
    if not re.fullmatch(r"[0-9]{12}|[0-9]{9}", digits):
        raise UnclearCell(CellReason.CITIZEN_NUMBER_UNCLEAR)
    return digits


def citizen_number_fits(number: str, birth: Birth, gender: Gender) -> bool:
    """Whether a number of 12 digits agrees with the birth year and gender beside it.

    Common knowledge, not checked against a primary text: the fourth digit is century and gender (0 male, 1 female
    of the 1900s, 2 and 3 of the 2000s), the two after it the year.
    """
    if len(number) != 12 or number[3] not in "0123":
        return True
    century, told_female = divmod(int(number[3]), 2)
    told_year = 1900 + 100 * century + int(number[4:6])
    fits_year = birth.year is None or birth.year == told_year
    fits_gender = gender is Gender.UNKNOWN or (gender is Gender.FEMALE) == bool(told_female)
    return fits_year and fits_gender
