"""What the check-in room adds to the pages of a household and of a person."""

from __future__ import annotations

import sqlalchemy as sa
from flask import render_template

from eventmgr.checkin import queries
from eventmgr.checkin.words import METHODS
from eventmgr.core.access import Permission, scope
from eventmgr.core.registry import Panel, Place


def _panel(whose: sa.ColumnElement[bool], *, with_names: bool) -> str | None:
    if not scope(Permission.VIEW_MEETINGS):
        return None
    attendances = queries.attendances_of(scope(Permission.VIEW_MEETINGS), whose)
    return render_template(
        "checkin/attendance_panel.html",
        attendances=attendances,
        name_on=queries.name_on,
        methods=METHODS,
        with_names=with_names,
    )


def _household(household_id: int) -> str | None:
    return _panel(queries.is_of_household(household_id), with_names=True)


def _resident(resident_id: int) -> str | None:
    return _panel(queries.is_of_resident(resident_id), with_names=False)


PANELS = [Panel(Place.HOUSEHOLD, _household), Panel(Place.RESIDENT, _resident)]
