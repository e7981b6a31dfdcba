"""What has been said of the columns of lists."""

from __future__ import annotations

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.core.db import db
from eventmgr.residents.importing.choices import Columns, ListReading, columns_from_json
from eventmgr.residents.importing.values import ParsedList
from eventmgr.residents.models import ColumnMapping


def proposed_reading(parsed: ParsedList, commune: Area) -> ListReading:
    """How we would read the list, with what the commune has said of earlier lists with the same column titles."""
    said = columns_said(commune, {sheet.shape_key for sheet in parsed.sheets})
    return parsed.proposed.with_columns(
        {sheet.name: said[sheet.shape_key] for sheet in parsed.sheets if sheet.shape_key in said}
    )


def columns_said(commune: Area, shape_keys: set[str]) -> dict[str, Columns]:
    """What the commune has said of columns, by the shape of their sheet."""
    rows = db.session.scalars(
        sa.select(ColumnMapping).where(
            ColumnMapping.area_id == commune.id, ColumnMapping.shape_key.in_(shape_keys - {""})
        )
    )
    return {row.shape_key: columns_from_json(row.columns) for row in rows}
