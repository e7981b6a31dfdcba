"""What the worker does for the office as a whole."""

from __future__ import annotations

from flask import current_app

from eventmgr.areas.queries import all_communes
from eventmgr.checkin.queries import invitations_present
from eventmgr.core.acts import forget_old_changes
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.retention import apply_rule, retention_rules
from eventmgr.extensions import huey
from eventmgr.meetings.queries.reminders import meetings_to_remind
from eventmgr.meetings.services.reminding import remind
from eventmgr.messaging.tasks import send_due

EVERY_SIX_HOURS = 6 * 60 * 60


@huey.every(EVERY_SIX_HOURS)
def take_away_old_data() -> None:
    """Apply every commune's retention rules, each in a unit of work of its own, and forget what acts changed
    that can no longer be undone. May run any number of times."""
    moment = now()
    places = [(commune.id, commune.path) for commune in all_communes()]
    for area_id, path in places:
        for rule in retention_rules():
            with unit_of_work():
                apply_rule(rule, area_id, path, moment)
    with unit_of_work():
        forget_old_changes(moment)


@huey.every(60)
def remind_invited() -> None:
    """Queue the reminders that are due, each meeting in a unit of work of its own. May run any number of times."""
    moment = now()
    for meeting_id in meetings_to_remind(moment):
        with unit_of_work():
            queued = remind(
                meeting_id,
                now=moment,
                base_url=current_app.config["PUBLIC_URL"],
                present=invitations_present(meeting_id),
            )
        if queued:
            send_due.wake()
