"""Gathers every room's tables, for migrations. Nothing imports this but create_app's steps."""

from eventmgr.accounts import models as accounts
from eventmgr.areas import models as areas
from eventmgr.checkin import models as checkin
from eventmgr.core import access_log, audit, files, holidays, jobs, retention, settings
from eventmgr.meetings import models as meetings
from eventmgr.messaging import models as messaging
from eventmgr.plans import models as plans
from eventmgr.residents import models as residents

__all__ = [
    "access_log",
    "accounts",
    "areas",
    "audit",
    "checkin",
    "files",
    "holidays",
    "jobs",
    "meetings",
    "messaging",
    "plans",
    "residents",
    "retention",
    "settings",
]
