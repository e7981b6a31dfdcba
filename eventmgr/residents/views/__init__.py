"""Pages of the residents room; importing the modules hangs their routes on the blueprint."""

from eventmgr.residents.views import (
    columns,
    contacts,
    finding,
    guests,
    households,
    lists,
    merging,
    moving,
    person_data,
    personal_data,
    review,
)
from eventmgr.residents.views.shared import bp

__all__ = [
    "bp",
    "columns",
    "contacts",
    "finding",
    "guests",
    "households",
    "lists",
    "merging",
    "moving",
    "person_data",
    "personal_data",
    "review",
]
