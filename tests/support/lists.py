"""Taking in a parsed list as the command does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventmgr.areas.models import Area
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.residents.importing.values import ParsedList
from eventmgr.residents.models import ListImport
from eventmgr.residents.services.importing import ImportResult, hand_in_list, import_list


def take_in(
    commune: Area,
    parsed: ParsedList,
    *,
    decisions: Mapping[str, Any] | None = None,
    changes: Mapping[str, bool] | None = None,
    hamlet: Area | None = None,
    **options: Any,
) -> ImportResult:
    """Hand a list in and take it in, in one unit of work; of 2023 unless said otherwise."""
    return take_in_row(commune, parsed, decisions=decisions, changes=changes, hamlet=hamlet, **options)[1]


def take_in_row(
    commune: Area,
    parsed: ParsedList,
    *,
    decisions: Mapping[str, Any] | None = None,
    changes: Mapping[str, bool] | None = None,
    hamlet: Area | None = None,
    **options: Any,
) -> tuple[ListImport, ImportResult]:
    """As `take_in`, with the row that stands for the list."""
    with unit_of_work():
        row = hand_in_list(b"a list", parsed.file_name, commune, by=None, now=now())
        row.options = {"year": 2023, "hamlet_id": hamlet.id if hamlet else None} | options
        row.decisions, row.changes = dict(decisions or {}), dict(changes or {})
        return row, import_list(row, parsed, by=None, now=now())
