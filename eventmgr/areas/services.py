"""Writes of the areas room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.areas.models import Area
from eventmgr.areas.queries import find_area_by_code
from eventmgr.areas.values import LEVEL_ORDER, AreaDetails
from eventmgr.core.audit import record_audit
from eventmgr.core.db import db
from eventmgr.core.errors import Conflict, RuleBroken
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


def rename_area(area: Area, name: str, code: str | None, *, by: Any, now: datetime) -> None:
    """Give an area another name or code; papers already frozen keep the old one.

    Raises AreaNameMissing, AreaNameTaken, AreaCodeTaken.
    """
    before = {"name": area.name, "code": area.code}
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
        after={"name": area.name, "code": area.code},
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
