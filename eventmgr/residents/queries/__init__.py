"""Reads of the residents room."""

from eventmgr.residents.queries.figures import count_households, count_households_without_phone, households_by_class
from eventmgr.residents.queries.guests import get_guest_in, guests_visible_to
from eventmgr.residents.queries.households import all_households, households_page
from eventmgr.residents.queries.people import (
    get_contact_in,
    get_household_in,
    get_resident_in,
    households_of_commune,
)

__all__ = [
    "all_households",
    "count_households",
    "count_households_without_phone",
    "get_contact_in",
    "get_guest_in",
    "get_household_in",
    "get_resident_in",
    "guests_visible_to",
    "households_by_class",
    "households_of_commune",
    "households_page",
]
