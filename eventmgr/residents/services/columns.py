"""What an officer says of how a list is to be read, kept for it and for the next list of its shape."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from eventmgr.core.db import change_rows, db, insert_ignoring
from eventmgr.residents.importing.choices import Columns, ListReading, columns_to_json
from eventmgr.residents.importing.values import ParsedList
from eventmgr.residents.models import ColumnMapping, ListImport
from eventmgr.residents.queries.columns import proposed_reading
from eventmgr.residents.services.importing import open_list
from eventmgr.residents.values import ImportState


def begin_reading(row: ListImport, seen: ParsedList) -> None:
    """Settle how a list just handed in is read where nobody needs to be asked; else leave it to be said."""
    if not seen.needs_answer:
        row.reading = proposed_reading(seen, row.area).to_json()
        row.state = ImportState.REVIEW


def say_reading(
    row_id: int, reading: ListReading, parsed: ParsedList, *, settled: bool, by: Any, now: datetime
) -> ListImport:
    """Keep how the list is to be read; `parsed` is the file looked at in that way. Raises ListNotOpen.

    Once it is settled the list may be looked through, and its columns are remembered for the next of its shape.
    """
    row = open_list(row_id)
    row.reading = reading.to_json()
    row.state = ImportState.REVIEW if settled else ImportState.READING
    if settled:
        for sheet in parsed.sheets:
            how = reading.of(sheet.name)
            if how is not None and sheet.shape_key:
                _remember(row.area_id, sheet.shape_key, how.columns or {}, by=by, now=now)
    return row


def _remember(area_id: int, shape_key: str, columns: Columns, *, by: Any, now: datetime) -> None:
    """Keep what differs from what we propose; where nothing does, there is nothing to remember."""
    kept = sa.and_(ColumnMapping.area_id == area_id, ColumnMapping.shape_key == shape_key)
    if not columns:
        change_rows(sa.delete(ColumnMapping).where(kept))
        return
    said = {"columns": columns_to_json(columns), "said_at": now, "said_by_id": getattr(by, "id", None)}
    db.session.execute(insert_ignoring(ColumnMapping).values(area_id=area_id, shape_key=shape_key, **said))
    change_rows(sa.update(ColumnMapping).where(kept).values(**said))
