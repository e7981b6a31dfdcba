"""What an officer can do with households, their people, phones and guests; lists stand in `importing`."""

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
    "CodeTaken",
    "ContactTwice",
    "add_contact",
    "add_guest",
    "add_household",
    "add_resident",
    "edit_contact",
    "edit_guest",
    "edit_household",
    "edit_resident",
    "file_poverty_status",
    "record_poverty_status",
    "remove_contact",
]
