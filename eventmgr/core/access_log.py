"""Who looked at personal data, and who took them out of the programme. Rows are only ever added.

Source: Luật 91/2025/QH15, Điều 19(2): data kept for the work of a state agency need a procedure and safeguards; a
person may ask who has seen what is kept of them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from itertools import takewhile
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, g, has_request_context
from flask_login import current_user
from sqlalchemy.orm import Mapped, mapped_column

from eventmgr.core.access import Scope
from eventmgr.core.clock import now
from eventmgr.core.db import Base, db, foreign_key, short_text, unit_of_work

logger = logging.getLogger(__name__)


class AccessKind(StrEnum):
    """Seen on a page, or handed out as a file or on paper."""

    VIEW = "view"
    EXPORT = "export"


class AccessEntry(Base):
    """One look at personal data. It names the record or the list, never what was read or typed.

    A list holds the people of its area, as far as its filters let them through; `shown` is how many it had.
    """

    __tablename__ = "access_entry"
    __table_args__ = (sa.Index("ix_access_entry_area_id", "area_id", "record"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    user_id: Mapped[int | None] = foreign_key("app_user.id")  # None: a paired phone
    kind: Mapped[AccessKind]
    what: Mapped[str] = short_text()  # "household", "citizen_number", "households", "attendances" …
    record: Mapped[str] = short_text(index=True, default="")  # "household:12"; empty: a list
    area_id: Mapped[int | None] = foreign_key(
        "area.id", index=False
    )  # of a list; None: of areas that have nothing in common
    shown: Mapped[int] = mapped_column(default=1)
    filters: Mapped[dict[str, Any] | None]  # codes and ids, never words that somebody typed
    address: Mapped[str | None] = short_text()


def note_view(
    what: str,
    *,
    record: str = "",
    area_id: int | None = None,
    shown: int = 1,
    filters: Mapping[str, Any] | None = None,
) -> None:
    """Remember that the page of this request shows personal data; it is written once the page is made.

    A page that shows nobody (`shown` 0) is not remembered.
    """
    if shown:
        g.setdefault("views_of_people", []).append(
            {"what": what, "record": record, "area_id": area_id, "shown": shown, "filters": _said(filters)}
        )


def record_access(
    kind: AccessKind,
    what: str,
    *,
    by: Any,
    now: datetime,
    record: str = "",
    area_id: int | None = None,
    shown: int = 1,
    filters: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry in the caller's unit of work: for what must not happen unless it is written down (files, papers,
    a citizen number)."""
    db.session.add(
        AccessEntry(
            at=now,
            user_id=getattr(by, "id", None),
            kind=kind,
            what=what,
            record=record,
            area_id=area_id,
            shown=shown,
            filters=_said(filters),
            address=g.get("address") if has_request_context() else None,
        )
    )


def common_area(scope: Scope) -> int | None:
    """The smallest area that holds all areas of a scope, or None if there is none."""
    steps = zip(*(path.strip("/").split("/") for path in scope.paths), strict=False)
    shared = [step[0] for step in takewhile(lambda step: len(set(step)) == 1, steps)]
    return int(shared[-1]) if shared else None


def init_access_log(app: Flask) -> None:
    """Write down what a page has shown, after it was made."""

    @app.after_request
    def write(response: Response) -> Response:
        seen = g.pop("views_of_people", [])
        if seen and response.status_code < 400:
            _write(seen)
        return response


def _write(seen: list[dict[str, Any]]) -> None:
    by, moment = current_user, now()
    try:
        with unit_of_work():
            for view in seen:
                record_access(AccessKind.VIEW, by=by if by.is_authenticated else None, now=moment, **view)
    except sa.exc.DBAPIError as error:
        # A database that only reads (a copy looked at, a full disk) still shows its pages.
        logger.error("a view of personal data could not be written down: %s", type(error).__name__)


def _said(filters: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {name: value for name, value in (filters or {}).items() if value not in (None, "", False)} or None
