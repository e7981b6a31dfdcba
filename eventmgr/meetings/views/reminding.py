"""When those who were texted are reminded: looked at and changed for one meeting."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import NotAllowed
from eventmgr.meetings.forms.telling import RemindersForm
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.queries.meetings import get_meeting_visible_to
from eventmgr.meetings.queries.reminders import planned_reminders
from eventmgr.meetings.services.reminding import change_reminders
from eventmgr.meetings.views import bp


@bp.route("/meetings/<int:meeting_id>/reminders", methods=["GET", "POST"])
@requires(Permission.INVITE)
def reminders(meeting_id: int) -> str | Response | tuple[str, int]:
    """Up to two hours at which the texted are reminded, and when that really is."""
    meeting = _meeting(meeting_id)
    form = RemindersForm(rules=meeting.reminder_rules)
    if form.validate_on_submit():
        with unit_of_work():
            change_reminders(_meeting(meeting_id), form.rules, by=current_user, now=now())
        flash(_("The reminders are saved."), "success")
        return redirect(url_for("meetings.reminders", meeting_id=meeting_id))
    page = render_template(
        "meetings/reminders.html", meeting=meeting, form=form, planned=planned_reminders(meeting, now())
    )
    return page, 422 if form.errors else 200


def _meeting(meeting_id: int) -> Meeting:
    mine = scope(Permission.INVITE)
    meeting = get_meeting_visible_to(mine, meeting_id, anew=True)
    if not mine.covers(meeting.area.path):
        raise NotAllowed
    return meeting
