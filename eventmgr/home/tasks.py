"""What the worker does for the office as a whole."""

from __future__ import annotations

import logging
from datetime import datetime

from flask import current_app

from eventmgr.areas.queries import all_communes
from eventmgr.checkin.queries import invitations_present
from eventmgr.core.acts import forget_old_changes
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.errors import silent_trace
from eventmgr.core.retention import apply_rule, retention_rules
from eventmgr.extensions import huey
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.queries.reminders import due_rules, meetings_coming
from eventmgr.meetings.services.reminding import remind
from eventmgr.messaging.tasks import send_due

logger = logging.getLogger(__name__)

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
    for meeting_id, path in meetings_coming(moment):
        try:
            _remind(meeting_id, path, moment)
        except Exception as error:  # noqa: BLE001 - the others are still to be reminded of
            db.session.remove()
            logger.error(
                "A meeting could not be reminded of: %s", silent_trace(error), extra={"meeting_id": meeting_id}
            )


def _remind(meeting_id: int, path: str, moment: datetime) -> None:
    if not due_rules(db.session.get_one(Meeting, meeting_id), path, moment):
        return
    with unit_of_work():
        queued = remind(
            meeting_id,
            now=moment,
            base_url=current_app.config["PUBLIC_URL"],
            present=invitations_present(meeting_id),
        )
    if queued:
        send_due.wake()
