"""What the rooms' forms share: choices, and checks with our own words (WTForms ships no Vietnamese)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length, NumberRange, ValidationError

from eventmgr.core.phone import InvalidPhone, parse_phone
from eventmgr.core.text import clean_text

A_YEAR = NumberRange(2000, 2100, message=_("Enter a year such as 2023."))


def at_most(characters: int) -> Length:
    """Refuse longer texts."""
    return Length(max=characters, message=_("At most %(max)d characters."))


def word_choices(words: Mapping[Any, Any]) -> list[Any]:
    """Choices of a field from the words of an enum."""
    return [SelectChoice(member.value, label) for member, label in words.items()]


def row_choices(rows: Iterable[tuple[int, str]], none: Any = None) -> list[Any]:
    """Choices of a field from ids and names; `none` is the label of "no choice", which then comes first."""
    first = [SelectChoice("", none)] if none is not None else []
    return first + [SelectChoice(str(row_id), name) for row_id, name in rows]


def optional_id(value: Any) -> int | None:
    """Coerces a chosen id, or no choice to None."""
    return int(value) if value not in (None, "", "None") else None


def is_phone(_form: Any, field: Any) -> None:
    """Refuse what is no phone number, with its own reason; an empty field is left to others."""
    if not clean_text(field.data or ""):
        return
    try:
        parse_phone(field.data)
    except InvalidPhone as invalid:
        raise ValidationError(invalid.message) from invalid
