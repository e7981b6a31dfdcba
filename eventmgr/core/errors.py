"""What can go wrong, in the user's words. One handler (`core.web`) maps families to answers."""

from __future__ import annotations

import traceback
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _


class EventmgrError(Exception):
    """Base of all errors people are told about.

    `code` is stable English for scripts; `message` is a whole sentence in the user's language,
    with places filled from the facts given as keywords.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    sentence: ClassVar[Any] = _("Something went wrong.")

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.code)
        self.facts = facts
        for name, value in facts.items():
            setattr(self, name, value)

    @property
    def message(self) -> str:
        """The sentence for people, in the language of the request."""
        text = str(self.sentence)
        return text % self.facts if self.facts else text

    def __str__(self) -> str:
        return self.message


class NotFound(EventmgrError):
    """No such row, or none this user may know of: the two are told apart to nobody."""

    code = "not_found"
    status = 404
    sentence = _("This page does not exist, or it belongs to another area.")


class NotAllowed(EventmgrError):
    """Signed in, but the role does not reach this."""

    code = "not_allowed"
    status = 403
    sentence = _("Your role does not allow this.")


class RuleBroken(EventmgrError):
    """A rule of the office says no to what was asked."""

    code = "rule_broken"
    status = 422
    sentence = _("This cannot be done as entered.")


class Conflict(EventmgrError):
    """Somebody else was faster, or the row has changed since it was read."""

    code = "conflict"
    status = 409
    sentence = _("Somebody changed this in the meantime. Please look at it again.")


class Upstream(EventmgrError):
    """A service outside the office did not do its part."""

    code = "upstream"
    status = 502
    sentence = _("The other service did not answer as it should. Please try again later.")


def silent_trace(error: BaseException) -> str:
    """Kind and place of an error without its own words: a database quotes the row it refused, with names and phones."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"


def error_of(code: str, facts: dict[str, Any]) -> EventmgrError:
    """The error a worker has kept by its code, to be said in the language of whoever reads it."""
    known: list[type[EventmgrError]] = [EventmgrError]
    for error in known:
        if error.code == code and "code" in vars(error):
            return _with_facts(error, facts)
        known.extend(error.__subclasses__())
    return EventmgrError()


def _with_facts(error: type[EventmgrError], facts: dict[str, Any]) -> EventmgrError:
    """The error with its facts, however its own way of being made asks for them."""
    made = error.__new__(error)
    EventmgrError.__init__(made, **facts)
    return made
