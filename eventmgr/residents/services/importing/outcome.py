"""What an import came to, under the names that pages and scripts read."""

from __future__ import annotations

from typing import Any

from eventmgr.residents.importing.values import Place
from eventmgr.residents.services.importing.drafts import Difference
from eventmgr.residents.services.importing.writing import ImportResult

MOST_KEPT = 1000
"""Rows of each kind kept with a list; how many there were in all is kept too."""


def outcome_of(result: ImportResult) -> dict[str, Any]:
    """The figures, and every row that is not in as the list has it. Reasons are codes."""

    def where(place: Place) -> dict[str, Any]:
        return {"sheet": place.sheet, "row": place.row}

    return {
        "households_added": result.households_added,
        "households_known": result.households_known,
        "residents_added": result.residents_added,
        "residents_known": result.residents_known,
        "residents_completed": result.residents_completed,
        "contacts_added": result.contacts_added,
        "statuses_added": result.statuses_added,
        "hamlets_added": result.hamlets_added,
        "rejected": [where(row.place) | {"raw": row.raw, "reason": row.reason} for row in result.rejected],
        "problems": [
            where(cell.place)
            | {
                "name": cell.name,
                "column": cell.field,
                "raw": cell.raw,
                "reason": cell.reason,
                "household_id": result.household_ids.get(cell.place),
            }
            for cell in result.doubtful
        ],
        "undecided": [
            where(row.place) | {"name": row.name, "reason": row.question, "household_ids": row.household_ids}
            for row in result.undecided
        ],
        "differences": [_difference(difference) for difference in result.differences if not difference.taken],
        "changes": [_difference(difference) for difference in result.differences if difference.taken],
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "sheet": difference.place.sheet,
        "row": difference.place.row,
        "name": difference.name,
        "what": difference.what,
        "kept": difference.kept,
        "said": difference.said,
        "household_id": difference.household_id,
    }


def kept_outcome(outcome: dict[str, Any]) -> dict[str, Any]:
    """The outcome as it is kept with the list: bounded, with the full counts."""
    rows = {name: value for name, value in outcome.items() if isinstance(value, list)}
    return (
        outcome
        | {name: value[:MOST_KEPT] for name, value in rows.items()}
        | {"counts": {name: len(value) for name, value in rows.items()}}
    )
