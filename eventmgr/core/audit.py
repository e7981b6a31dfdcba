"""Who did what to which record, when and from where. Rows are only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g, has_request_context
from sqlalchemy.orm import Mapped, mapped_column

from eventmgr.core.acts import open_act_id
from eventmgr.core.db import Base, db, foreign_key, short_text


class AuditEntry(Base):
    """One act worth remembering. `before` and `after` hold the changed fields only."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    user_id: Mapped[int | None] = foreign_key("app_user.id")  # None: the system or a command
    action: Mapped[str] = short_text()
    record: Mapped[str] = short_text(index=True)  # "meeting:12"
    area_id: Mapped[int | None] = foreign_key("area.id", on_delete="SET NULL", index=False)
    address: Mapped[str | None] = short_text()
    act_id: Mapped[int | None] = foreign_key("act.id")  # None: not an act that can be undone
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]


def record_audit(
    action: str,
    record: str,
    *,
    by: Any,
    now: datetime,
    area_id: int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Add an entry in the caller's unit of work.

    `action` is verb and noun ("approve_batch"), `record` is "table:id", `by` the acting user or
    None for the system.
    """
    db.session.add(
        AuditEntry(
            at=now,
            user_id=getattr(by, "id", None),
            action=action,
            record=record,
            area_id=area_id,
            address=g.get("address") if has_request_context() else None,
            act_id=open_act_id(),
            before=before,
            after=after,
        )
    )


def record_change(
    action: str,
    record: str,
    before: dict[str, Any],
    after: dict[str, Any],
    *,
    by: Any,
    now: datetime,
    area_id: int | None = None,
) -> None:
    """As `record_audit`, of what differs between two states of a record; nothing differs, nothing is recorded."""
    changed = [name for name in after if before[name] != after[name]]
    if changed:
        record_audit(
            action,
            record,
            by=by,
            now=now,
            area_id=area_id,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
