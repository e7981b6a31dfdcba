"""The words of inviting for officers, in the language of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _

from eventmgr.meetings.values import ContactResult, NoText

NO_TEXT: Mapping[NoText, Any] = {
    NoText.NO_PHONE: _("no phone is known"),
    NoText.LANDLINE: _("only a phone for calls"),
    NoText.OPTED_OUT: _("does not want text messages"),
    NoText.DEAD: _("the number takes no text messages"),
    NoText.SHARED: _("the phone serves more than two invited households"),
    NoText.ALREADY: _("has been texted already"),
}

OUTCOMES: Mapping[ContactResult, Any] = {
    ContactResult.TOLD_IN_PERSON: _("Told in person"),
    ContactResult.TOLD_FAMILY: _("Told through the family"),
    ContactResult.CALLED: _("Called"),
    ContactResult.PAPER_HANDED: _("Invitation handed over"),
    ContactResult.NOT_REACHED: _("Not reached yet"),
}
"""What somebody who goes round can note."""
