"""What the meetings room adds to a household's page."""

from __future__ import annotations

from flask import render_template

from eventmgr.core.access import Permission, scope
from eventmgr.core.registry import Panel, Place
from eventmgr.meetings.queries.invitations import invitations_of_household


def _household(household_id: int) -> str | None:
    if not scope(Permission.VIEW_MEETINGS):
        return None
    invitations = invitations_of_household(scope(Permission.VIEW_MEETINGS), household_id)
    return render_template("meetings/household_panel.html", invitations=invitations)


PANELS = [Panel(Place.HOUSEHOLD, _household)]
