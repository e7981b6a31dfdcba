"""Writes of the areas room."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.areas.importing import AreaLineWrong, AreaRow
from eventmgr.areas.models import Area
from eventmgr.areas.queries import find_area_by_code
from eventmgr.areas.values import LEVEL_ORDER, AreaDetails, Level, hamlet_name
from eventmgr.core.access import Scope
from eventmgr.core.audit import record_audit
from eventmgr.core.db import db
from eventmgr.core.errors import Conflict, EventmgrError, RuleBroken
from eventmgr.core.text import clean_text, place_sort_key, search_key


class AreaNameTaken(Conflict):
    """Two areas of one parent may not bear one name."""

    code = "area_name_taken"
    sentence = _("There is already an area called %(name)s here.")


class AreaCodeTaken(Conflict):
    """A code names one area only."""

    code = "area_code_taken"
    sentence = _("Another area already has the code %(area_code)s.")


class AreaWrongLevel(RuleBroken):
    """A commune may not stand below a hamlet."""

    code = "area_wrong_level"
    sentence = _("An area of this level cannot stand below %(parent)s.")


class AreaNameMissing(RuleBroken):
    """An area without a name."""

    code = "area_name_missing"
    sentence = _("Enter the area's name.")


def add_area(details: AreaDetails, parent: Area | None, *, by: Any, now: datetime) -> Area:
    """Add an area below `parent` (None: at the top).

    Raises AreaNameMissing, AreaNameTaken, AreaCodeTaken, AreaWrongLevel.
    """
    if parent is not None and LEVEL_ORDER[details.level] <= LEVEL_ORDER[parent.level]:
        raise AreaWrongLevel(parent=parent.name)
    area = Area(level=details.level, parent=parent, report_to=details.report_to, path="")
    _name(area, details.name, parent)
    _encode(area, details.code)
    area.path = f"~{details.level}/{area.name_key}"[:120]  # unique until the id is known, a line below
    db.session.add(area)
    db.session.flush()
    area.path = f"{parent.path if parent else ''}{area.id}/"
    db.session.flush()
    record_audit("add_area", f"area:{area.id}", by=by, now=now, area_id=area.id)
    return area


def add_hamlets(commune: Area, names: Iterable[str], *, by: Any, now: datetime) -> list[Area]:
    """Add hamlets by their names, each without its level word. Raises AreaNameTaken and the like, naming the hamlet."""
    cleaned = [hamlet_name(name) for name in names if clean_text(name)]
    return [add_area(AreaDetails(Level.HAMLET, name), commune, by=by, now=now) for name in cleaned]


def import_areas(rows: Iterable[AreaRow], within: Scope | None, *, by: Any, now: datetime) -> tuple[int, int]:
    """Add the areas of a list, or rename those whose code is known; gives how many were added and how many renamed.

    `within` is where the officer may do so, None for a command. Raises AreaLineWrong: then nothing of the list holds.
    """
    added = renamed = 0
    for row in rows:
        try:
            known = _known_area(row)
            parent = _parent(row, known)
            _refuse_outside(row, known or parent, within)
            if known is None:
                add_area(AreaDetails(row.level, row.name, row.code or None), parent, by=by, now=now)
                added += 1
            elif known.name != row.name or (row.code and known.code != row.code):
                rename_area(known, row.name, row.code or known.code, by=by, now=now)
                renamed += 1
        except AreaLineWrong:
            raise
        except EventmgrError as wrong:
            raise AreaLineWrong(line=row.line, why=wrong.message) from wrong
    return added, renamed


def _known_area(row: AreaRow) -> Area | None:
    """The area a line is about: by its code, else by its name below its parent."""
    if row.code:
        known = find_area_by_code(row.code)
        if known is not None:
            if known.level != row.level:
                raise AreaCodeTaken(area_code=row.code)
            return known
    parent = find_area_by_code(row.parent_code) if row.parent_code else None
    return db.session.scalar(
        sa.select(Area).where(
            Area.level == row.level,
            Area.name_key == search_key(row.name),
            Area.parent_id.is_not_distinct_from(parent.id if parent else None),
        )
    )


def _parent(row: AreaRow, known: Area | None) -> Area | None:
    if not row.parent_code:
        return known.parent if known else None
    parent = find_area_by_code(row.parent_code)
    if parent is None:
        raise AreaLineWrong(line=row.line, why=str(_("no area has the code %(code)s.")) % {"code": row.parent_code})
    return parent


def _refuse_outside(row: AreaRow, area: Area | None, within: Scope | None) -> None:
    if within is not None and (area is None or not within.covers(area.path)):
        raise AreaLineWrong(line=row.line, why=str(_("this lies outside the area you look after.")))


def rename_area(
    area: Area,
    name: str,
    code: str | None,
    *,
    by: Any,
    now: datetime,
    report_to: str | None = None,
    text_language: str | None = None,
) -> None:
    """Give an area another name or code, another office to report to, or another language of its texts (None: as they
    are); papers already frozen keep the old ones.

    Raises AreaNameMissing, AreaNameTaken, AreaCodeTaken.
    """
    before = _facts(area)
    if report_to is not None:
        area.report_to = clean_text(report_to)
    if text_language is not None:
        area.text_language = clean_text(text_language)
    _name(area, name, area.parent)
    _encode(area, code)
    db.session.flush()
    record_audit(
        "rename_area",
        f"area:{area.id}",
        by=by,
        now=now,
        area_id=area.id,
        before=before,
        after=_facts(area),
    )


def _name(area: Area, name: str, parent: Area | None) -> None:
    name = clean_text(name)
    if not name:
        raise AreaNameMissing
    key = search_key(name)
    parent_id = parent.id if parent else None
    with db.session.no_autoflush:
        twin = db.session.scalar(
            sa.select(Area).where(Area.parent_id.is_not_distinct_from(parent_id), Area.name_key == key)
        )
    if twin is not None and twin is not area:
        raise AreaNameTaken(name=name)
    area.name, area.name_key, area.name_sort = name, key, place_sort_key(name)


def _encode(area: Area, code: str | None) -> None:
    code = clean_text(code or "") or None
    if code is not None:
        with db.session.no_autoflush:
            twin = find_area_by_code(code)
        if twin is not None and twin is not area:
            raise AreaCodeTaken(area_code=code)
    area.code = code


def _facts(area: Area) -> dict[str, Any]:
    return {
        "name": area.name,
        "code": area.code,
        "report_to": area.report_to,
        "text_language": area.text_language,
    }
