"""What an officer can do with households, their people, phones, guests and lists."""

from eventmgr.residents.services.importing import (
    Difference,
    ImportOptions,
    ImportPlan,
    ImportResult,
    carry_out,
    import_list,
    plan_import,
)
from eventmgr.residents.services.matching import NEW, Decision, Undecided
from eventmgr.residents.services.people import (
    CodeTaken,
    ContactTwice,
    add_contact,
    add_guest,
    add_household,
    add_resident,
    edit_contact,
    edit_guest,
    edit_household,
    edit_resident,
    file_poverty_status,
    record_poverty_status,
    remove_contact,
)

__all__ = [
    "NEW",
    "CodeTaken",
    "ContactTwice",
    "Decision",
    "Difference",
    "ImportOptions",
    "ImportPlan",
    "ImportResult",
    "Undecided",
    "add_contact",
    "add_guest",
    "add_household",
    "add_resident",
    "carry_out",
    "edit_contact",
    "edit_guest",
    "edit_household",
    "edit_resident",
    "file_poverty_status",
    "import_list",
    "plan_import",
    "record_poverty_status",
    "remove_contact",
]
