"""What an officer can do with households, their people, phones and guests; lists stand in `importing`."""

from eventmgr.residents.services.contacts import (
    ContactTwice,
    add_contact,
    edit_contact,
    mark_phone_alive,
    mark_phone_dead,
    remove_contact,
)
from eventmgr.residents.services.guests import add_guest, edit_guest
from eventmgr.residents.services.households import (
    CodeTaken,
    add_household,
    edit_household,
    file_poverty_status,
    record_poverty_status,
)
from eventmgr.residents.services.merging import (
    HouseholdMerge,
    merge_households,
    merge_residents,
    plan_household_merge,
    tell_apart,
)
from eventmgr.residents.services.moving import (
    move_household,
    move_resident,
    record_household_leaving,
    record_household_return,
    record_leaving,
    record_return,
    split_household,
)
from eventmgr.residents.services.residents import add_resident, edit_resident
from eventmgr.residents.services.undoing import undo_act
from eventmgr.residents.services.versions import Overtaken

__all__ = [
    "CodeTaken",
    "ContactTwice",
    "HouseholdMerge",
    "Overtaken",
    "add_contact",
    "add_guest",
    "add_household",
    "add_resident",
    "edit_contact",
    "edit_guest",
    "edit_household",
    "edit_resident",
    "file_poverty_status",
    "mark_phone_alive",
    "mark_phone_dead",
    "merge_households",
    "merge_residents",
    "move_household",
    "move_resident",
    "plan_household_merge",
    "record_household_leaving",
    "record_household_return",
    "record_leaving",
    "record_poverty_status",
    "record_return",
    "remove_contact",
    "split_household",
    "tell_apart",
    "undo_act",
]
