"""How long the lists, the log books and people who are gone are kept."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.areas.models import Area
from eventmgr.core.access import below
from eventmgr.core.access_log import AccessEntry
from eventmgr.core.audit import AuditEntry
from eventmgr.core.clock import local_day
from eventmgr.core.db import after_commit, change_rows, db
from eventmgr.core.files import StoredFile, remove_bytes
from eventmgr.core.retention import RetentionRule
from eventmgr.residents.models import DataRequest, Household, Resident
from eventmgr.residents.queries.imports import LISTS_RULE
from eventmgr.residents.rights import ERASED, RequestState
from eventmgr.residents.services.erasure import erase_resident

A_RUN = 200
"""People erased in one run of the rule; the next run takes the rest."""
LIST = "list"
"""The type under which handed-in lists are kept."""


def _inside(
    column: sa.ColumnElement[int | None] | sa.orm.InstrumentedAttribute[int | None], path: str
) -> sa.ColumnElement[bool]:
    """The area itself and all below it; what belongs to no area goes by the strictest commune's rule."""
    return sa.or_(column.is_(None), column.in_(sa.select(Area.id).where(below(Area.path, path))))


def _remove_lists(path: str, before: datetime, now: datetime) -> int:
    lists = db.session.scalars(
        sa.select(StoredFile)
        .where(
            StoredFile.type == LIST,
            StoredFile.stored_at < before,
            StoredFile.removed_at.is_(None),
            StoredFile.area_id.in_(sa.select(Area.id).where(below(Area.path, path))),
        )
        .limit(A_RUN)
    ).all()
    for row in lists:
        row.removed_at = now
        after_commit(lambda digest=row.hash: remove_bytes(digest))  # type: ignore[misc]
    db.session.flush()
    return len(lists)


def _forget_addresses(path: str, before: datetime, _now: datetime) -> int:
    changed = 0
    for model in (AuditEntry, AccessEntry):
        chosen = sa.and_(model.at < before, model.address.is_not(None), _inside(model.area_id, path))
        changed += change_rows(sa.update(model).where(chosen).values(address=None))
    return changed


def _remove_looks(path: str, before: datetime, _now: datetime) -> int:
    return change_rows(sa.delete(AccessEntry).where(AccessEntry.at < before, _inside(AccessEntry.area_id, path)))


def _erase_the_gone(path: str, before: datetime, now: datetime) -> int:
    gone = db.session.scalars(
        sa.select(Resident)
        .join(Resident.household)
        .join(Household.hamlet)
        .where(below(Area.path, path), Resident.left_on < local_day(before), Resident.erased_at.is_(None))
        .order_by(Resident.id)
        .limit(A_RUN)
    ).all()
    for resident in gone:
        erase_resident(resident, "retention", by=None, now=now)
    return len(gone)


def _redact_requests(path: str, before: datetime, _now: datetime) -> int:
    chosen = sa.and_(
        DataRequest.state != RequestState.OPEN,
        DataRequest.closed_on < local_day(before),
        DataRequest.requester != ERASED,
        DataRequest.area_id.in_(sa.select(Area.id).where(below(Area.path, path))),
    )
    return change_rows(
        sa.update(DataRequest)
        .where(chosen)
        .values(requester=ERASED, relation="", wording="", outcome="", extension_reason="")
    )


RETENTION = (
    RetentionRule(
        LISTS_RULE,
        _("Lists as they were handed in"),
        _("To look up where an entry came from; the decision itself is kept on paper by the records office"),
        730,
        _remove_lists,
    ),
    RetentionRule(
        "people_gone",
        _("People who moved away or died"),
        _("Programme papers may have to be kept for years (Article 19): off until the office decides"),
        None,
        _erase_the_gone,
    ),
    RetentionRule(
        "requests",
        _("Who asked about their data, after the request was closed"),
        _("That it was answered in time stays provable; kind, dates and outcome stay"),
        1825,
        _redact_requests,
    ),
    RetentionRule(
        "addresses",
        _("Network addresses in the log books"),
        _("To look into misuse; who did what and when stays"),
        365,
        _forget_addresses,
    ),
    RetentionRule(
        "looks",
        _("Who looked at whom"),
        _("A person may ask who saw the data; accounts of five years are usual"),
        1825,
        _remove_looks,
    ),
)
