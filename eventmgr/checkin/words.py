"""What the door says, in a sentence for officers' pages."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from eventmgr.checkin.models import Device
from eventmgr.checkin.values import Answer, Method, ScanResult, Signed
from eventmgr.core.language import say_clock_time

REFUSALS: dict[str, Any] = {
    Answer.UNKNOWN: _l("Nobody was found by this code. Let the person in by name."),
    Answer.OTHER_MEETING: _l("This invitation is to another meeting. Let the person in by name."),
    Answer.CANCELLED_MEETING: _l("This meeting is not held."),
    Answer.REVOKED: _l("This is an old code, a new one was given. Let the person in by name."),
    Answer.NOT_OPEN: _l("Check-in is not open yet."),
    Answer.CLOSED: _l("Check-in has ended: the figures are closed."),
    "held": _l("The figures are closed: this waits for an officer."),
}

FLAGS: dict[str, Any] = {
    "revoked": _l("with an old code, read before the phone could know"),
    "cancelled_meeting": _l("though the meeting was called off"),
    "not_open": _l("before check-in was open"),
    "two_phones": _l("let in at two doors, counted once"),
    "taken_back": _l("taken back at another door, but seen here, too: check in again?"),
}
"""Why an event that was taken is worth a look."""

WAITS_BECAUSE: dict[str, Any] = {
    "revoked_phone": _l("The phone was no longer paired"),
    "expired_phone": _l("The phone's time was over"),
    Answer.CLOSED.value: _l("The figures were closed"),
    Answer.UNKNOWN.value: _l("The code is not on file"),
    Answer.OTHER_MEETING.value: _l("The invitation is to another meeting"),
    Answer.REVOKED.value: _l("The code is an old one"),
    Answer.NOT_OPEN.value: _l("Check-in was not open yet"),
}
"""Why an event waits for an officer."""

METHODS: dict[Method, Any] = {
    Method.CAMERA: _l("by camera"),
    Method.TYPED: _l("code typed"),
    Method.LIST: _l("ticked on the list"),
    Method.SEARCH: _l("found by name"),
    Method.WALK_IN: _l("not on the list"),
    Method.PAPER: _l("from the signed paper"),
    Method.SELF: _l("by themselves"),
}


SIGNED: dict[Signed, Any] = {
    Signed.SIGNATURE: _l("Signature"),
    Signed.THUMBPRINT: _l("Thumbprint"),
    Signed.BY_ANOTHER: _l("Signed by another"),
}


def describe_answer(result: ScanResult) -> tuple[str, str]:
    """A sentence and the tone of its notice."""
    names = ", ".join(person.name for person in result.people)
    if result.status == Answer.OK:
        return _("Please come in: %(names)s", names=names), "success"
    if result.status == Answer.ALREADY:
        first = next((person.first_scanned_at for person in result.people if person.first_scanned_at), None)
        if first is None:
            return _("Checked in already: %(names)s", names=names), "warning"
        return _("Checked in already at %(time)s: %(names)s", time=say_clock_time(first), names=names), "warning"
    return " ".join(filter(None, (str(REFUSALS[result.status]), result.hint))), "warning"


def name_of_device(device: Device) -> str:
    """What a phone is called by its officers: whose it is, or its number."""
    return device.label or _("Phone %(number)s", number=device.id)
