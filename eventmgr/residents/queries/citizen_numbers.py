"""Citizen numbers: one at a time, for those who may and whose look is written down."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from flask_babel import lazy_gettext as _

from eventmgr.core.errors import NotFound, RuleBroken
from eventmgr.core.secrets import unseal
from eventmgr.residents.models import Resident


class NumberUnreadable(RuleBroken):
    """It was encrypted with another SECRET_KEY."""

    code = "number_unreadable"
    sentence = _("The citizen number cannot be read with the present key. Tell whoever looks after the installation.")


def read_citizen_number(resident: Resident) -> str:
    """The person's citizen number. Raises NotFound if none is kept, NumberUnreadable after a change of the key."""
    if resident.citizen_number_sealed is None:
        raise NotFound
    try:
        return unseal(resident.citizen_number_sealed)
    except InvalidTag as error:
        raise NumberUnreadable from error
