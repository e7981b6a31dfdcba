"""Two officers at the same record: the second is told, and decides."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from eventmgr.core.db import db
from eventmgr.core.errors import Conflict
from eventmgr.residents.models import Contact, Household, Resident


class Overtaken(Conflict):
    """The record is not as it was when the form was opened."""

    code = "overtaken"
    sentence = _(
        "Somebody else changed this record while you were writing. What you typed is still here: look at the record, "
        "then save again if yours is right."
    )


def refuse_overtaken(record: Household | Resident | Contact, row_version: int | None) -> None:
    """Raises Overtaken unless the record is still the one the form was made from. None: nobody looked before.

    The row stays locked until the unit of work ends, so that of two officers at the same instant one comes second.
    """
    if row_version is None:
        return
    db.session.refresh(record, ["row_version"], with_for_update=True)
    if record.row_version != row_version:
        raise Overtaken
