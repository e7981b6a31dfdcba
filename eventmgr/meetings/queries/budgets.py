"""Which plan's money pays for the texts about a meeting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.core.db import db, locked
from eventmgr.core.registry import Budget
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.queries.audience import meeting_ids_in, subject_of
from eventmgr.plans.models import Plan


def budgets_charged(subjects: Collection[str], *, lock: bool = False) -> list[Budget]:
    """The plans that say how much the texts of their meetings may cost, for these subjects.

    With `lock` two sends of one plan wait for each other: each sees what the other costs.
    """
    ids = meeting_ids_in(subjects)
    if not ids:
        return []
    of_meetings = sa.select(Meeting.plan_id).where(Meeting.id.in_(ids))
    chosen = sa.select(Plan).where(Plan.id.in_(of_meetings), Plan.sms_budget.is_not(None)).order_by(Plan.id)
    plans = db.session.scalars(locked(chosen, may_be_named=True) if lock else chosen).all()
    charged = subjects_of_plans([plan.id for plan in plans])
    return [Budget(_("Plan %(year)s", year=plan.year), plan.sms_budget or 0, tuple(charged[plan.id])) for plan in plans]


def subjects_of_plans(plan_ids: Collection[int]) -> defaultdict[int, list[str]]:
    """What the texts of each plan's meetings are about."""
    rows = db.session.execute(sa.select(Meeting.plan_id, Meeting.id).where(Meeting.plan_id.in_(plan_ids)))
    subjects: defaultdict[int, list[str]] = defaultdict(list)
    for plan_id, meeting_id in rows:
        subjects[plan_id or 0].append(subject_of(meeting_id))
    return subjects
