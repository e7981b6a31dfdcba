"""What the meetings room adds to the pages of households, of plans and of batches."""

from __future__ import annotations

from flask import render_template, url_for

from eventmgr.core.access import Permission, scope
from eventmgr.core.db import db
from eventmgr.core.registry import Panel, Place
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.queries.audience import meeting_ids_in
from eventmgr.meetings.queries.budgets import subjects_of_plans
from eventmgr.meetings.queries.invitations import invitations_of_household
from eventmgr.meetings.queries.reached import standings_of_batch
from eventmgr.messaging.models import Batch
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


def _batch(batch_id: int) -> str | None:
    batch = db.session.get_one(Batch, batch_id)
    meeting_ids = meeting_ids_in([batch.subject])
    if not meeting_ids:
        return None
    by_standing = standings_of_batch(batch_id)
    may_look = bool(scope(Permission.VIEW_RESIDENTS))
    return render_template(
        "meetings/batch_panel.html",
        by_standing=by_standing,
        everyone=sum(by_standing.values()),
        changed=db.session.get(Meeting, meeting_ids[0]),
        not_reached_url=url_for("meetings.invitations", meeting_id=meeting_ids[0], show="call", batch=batch_id)
        if may_look
        else None,
    )


PANELS = [Panel(Place.HOUSEHOLD, _household), Panel(Place.PLAN, _plan), Panel(Place.BATCH, _batch)]
