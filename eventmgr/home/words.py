"""How the home room says things."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from eventmgr.core.clock import local_day


def countdown(starts_at: datetime, now: datetime) -> str:
    """How far away a meeting is, as people say it."""
    days = (local_day(starts_at) - local_day(now)).days
    minutes = int((starts_at - now).total_seconds() // 60)
    if minutes <= 0:
        return _("under way")
    if minutes < 60:
        return ngettext("in %(num)d minute", "in %(num)d minutes", minutes)
    if days == 0:
        return ngettext("today, in %(num)d hour", "today, in %(num)d hours", minutes // 60)
    if days == 1:
        return _("tomorrow")
    return ngettext("in %(num)d day", "in %(num)d days", days)
