"""Reads of the residents room."""

from eventmgr.residents.queries.calling import call_list
from eventmgr.residents.queries.figures import count_without_sms, ethnic_groups, has_households
from eventmgr.residents.queries.guests import get_guest_in, guests_page
from eventmgr.residents.queries.households import all_households, households_page
from eventmgr.residents.queries.imports import changes_of, get_list_in, lists_in, originals_kept, same_lists
from eventmgr.residents.queries.people import (
    get_contact_in,
    get_household_in,
    get_resident_in,
)
from eventmgr.residents.queries.territory import places_in, territory_of

__all__ = [
    "all_households",
    "call_list",
    "changes_of",
    "count_without_sms",
    "ethnic_groups",
    "get_contact_in",
    "get_guest_in",
    "get_household_in",
    "get_list_in",
    "get_resident_in",
    "guests_page",
    "has_households",
    "households_page",
    "lists_in",
    "originals_kept",
    "places_in",
    "same_lists",
    "territory_of",
]
