"""What the meetings room adds to the pages of households and of plans."""

from __future__ import annotations

from flask import render_template

from eventmgr.core.access import Permission, scope
from eventmgr.core.db import db
from eventmgr.core.registry import Panel, Place
from eventmgr.meetings.queries.budgets import subjects_of_plans
from eventmgr.meetings.queries.invitations import invitations_of_household
from eventmgr.messaging.queries import price_about
from eventmgr.plans.models import Plan


def _household(household_id: int) -> str | None:
    if not scope(Permission.VIEW_MEETINGS):
        return None
    invitations = invitations_of_household(scope(Permission.VIEW_MEETINGS), household_id)
    return render_template("meetings/household_panel.html", invitations=invitations)


def _plan(plan_id: int) -> str | None:
    used = price_about(subjects_of_plans([plan_id])[plan_id])
    most = db.session.get_one(Plan, plan_id).sms_budget
    if not used and most is None:
        return None
    return render_template("meetings/plan_panel.html", used=used, most=most)


PANELS = [Panel(Place.HOUSEHOLD, _household), Panel(Place.PLAN, _plan)]
