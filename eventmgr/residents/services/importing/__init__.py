"""Taking in a list: what it would change, changing it, and undoing it."""

from eventmgr.residents.services.importing.corrections import FIXABLE, keyed_cells, wrong_in
from eventmgr.residents.services.importing.drafts import Difference, HouseholdDraft
from eventmgr.residents.services.importing.handed_in import (
    IMPORT_JOB,
    OPEN_STATES,
    ListNotOpen,
    answer_question,
    begin_import,
    bytes_of,
    correct_cell,
    file_failure,
    hand_in_list,
    import_list,
    open_list,
    options_of,
    read_list,
    remove_original,
)
from eventmgr.residents.services.importing.matching import NEW, SKIP, Decision, Undecided
from eventmgr.residents.services.importing.outcome import outcome_of
from eventmgr.residents.services.importing.planning import ImportOptions, ImportPlan, plan_import
from eventmgr.residents.services.importing.undoing import ImportInUse, undo_import
from eventmgr.residents.services.importing.writing import ImportResult, foreseen, household_ids

__all__ = [
    "FIXABLE",
    "IMPORT_JOB",
    "NEW",
    "OPEN_STATES",
    "SKIP",
    "Decision",
    "Difference",
    "HouseholdDraft",
    "ImportInUse",
    "ImportOptions",
    "ImportPlan",
    "ImportResult",
    "ListNotOpen",
    "Undecided",
    "answer_question",
    "begin_import",
    "bytes_of",
    "correct_cell",
    "file_failure",
    "foreseen",
    "hand_in_list",
    "household_ids",
    "import_list",
    "keyed_cells",
    "open_list",
    "options_of",
    "outcome_of",
    "plan_import",
    "read_list",
    "remove_original",
    "undo_import",
    "wrong_in",
]
