"""A list of areas as a CSV file: level, code, name, parent_code."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from flask_babel import lazy_gettext as _

from eventmgr.areas.values import Level
from eventmgr.core.errors import RuleBroken
from eventmgr.core.text import clean_text, search_key

MOST_BYTES = 5 * 1024 * 1024
COLUMNS = ("level", "code", "name", "parent_code")

# Titles and levels as offices may write them, folded.
_TITLES = {
    "level": "level", "cap": "level", "code": "code", "ma": "code", "name": "name", "ten": "name",
    "parent_code": "parent_code", "parent code": "parent_code", "ma cap tren": "parent_code", "ma don vi cap tren": "parent_code",
}  # fmt: skip
_LEVELS = {
    "province": Level.PROVINCE, "tinh": Level.PROVINCE, "thanh pho": Level.PROVINCE,
    "district": Level.DISTRICT, "huyen": Level.DISTRICT,
    "commune": Level.COMMUNE, "xa": Level.COMMUNE, "phuong": Level.COMMUNE, "thi tran": Level.COMMUNE,
    "hamlet": Level.HAMLET, "thon": Level.HAMLET, "ban": Level.HAMLET, "xom": Level.HAMLET, "to": Level.HAMLET,
    "khu": Level.HAMLET, "ap": Level.HAMLET, "to dan pho": Level.HAMLET, "khu pho": Level.HAMLET,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One line of the file; `line` counts from 1, the titles included."""

    line: int
    level: Level
    code: str
    name: str
    parent_code: str


class AreaListUnreadable(RuleBroken):
    """Not a list of areas at all."""

    code = "area_list_unreadable"
    sentence = _(
        "This is not a list of areas: a CSV file with the columns level, code, name and parent_code is needed."
        " Nothing was saved."
    )


class AreaLineWrong(RuleBroken):
    """One line that cannot be taken in; the whole list is left out."""

    code = "area_line_wrong"
    sentence = _("Line %(line)s: %(why)s Nothing was saved.")


def parse_areas(content: bytes) -> list[AreaRow]:
    """The lines of a list of areas. Raises AreaListUnreadable, AreaLineWrong."""
    rows = _cells(content)
    if not rows:
        raise AreaListUnreadable
    titles = [_TITLES.get(search_key(title)) for title in rows[0]]
    if "level" not in titles or "name" not in titles:
        raise AreaListUnreadable
    places = {title: place for place, title in enumerate(titles) if title}
    return [_row(line, cells, places) for line, cells in enumerate(rows[1:], start=2) if any(map(clean_text, cells))]


def _cells(content: bytes) -> list[list[str]]:
    if len(content) > MOST_BYTES or b"\0" in content:
        raise AreaListUnreadable
    try:
        text = content.decode("utf-8-sig")
        first = text.split("\n", 1)[0]
        delimiter = max(",;\t", key=first.count)
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except (UnicodeDecodeError, csv.Error) as unreadable:
        raise AreaListUnreadable from unreadable


def _row(line: int, cells: list[str], places: dict[str, int]) -> AreaRow:
    def cell(title: str) -> str:
        place = places.get(title)
        return clean_text(cells[place]) if place is not None and place < len(cells) else ""

    level = _LEVELS.get(search_key(cell("level")))
    if level is None:
        raise AreaLineWrong(line=line, why=str(_("“%(level)s” is not a level.")) % {"level": cell("level")})
    if not cell("name"):
        raise AreaLineWrong(line=line, why=str(_("the name is missing.")))
    return AreaRow(line, level, cell("code"), cell("name"), cell("parent_code"))
