"""What the rooms' forms share: choices, and checks with our own words (WTForms ships no Vietnamese)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField, IntegerField, SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length, NumberRange, StopValidation, ValidationError
from wtforms.widgets import HiddenInput, TextInput

from eventmgr.core.phone import InvalidPhone, parse_phone
from eventmgr.core.text import clean_text

Choices = Iterable[tuple[int, str]]
"""Ids and names of rows to choose from."""

A_YEAR = NumberRange(2000, 2100, message=_("Enter a year such as 2023."))


def at_most(characters: int) -> Length:
    """Refuse longer texts."""
    return Length(max=characters, message=_("At most %(max)d characters."))


def word_choices(words: Mapping[Any, Any]) -> list[Any]:
    """Choices of a field from the words of an enum."""
    return [SelectChoice(member.value, label) for member, label in words.items()]


def row_choices(rows: Choices, none: Any = None) -> list[Any]:
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


class DayField(DateField):
    """A day, from the browser's picker or typed as people write it (23/5/2023)."""

    def __init__(self, label: Any = None, validators: Any = None, **options: Any) -> None:
        super().__init__(label, validators, format=["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y"], **options)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the day. An empty field is no day."""
        if not valuelist or not valuelist[0].strip():
            self.data = None
            return
        try:
            super().process_formdata([valuelist[0].strip()])
        except ValueError as error:
            raise ValueError(str(_("Enter a day such as 23/5/2023."))) from error

    def pre_validate(self, form: Any) -> None:
        """What cannot be read is told once; other checks have nothing to look at."""
        if self.process_errors:
            raise StopValidation


class WholeNumberField(IntegerField):
    """A number without decimals, typed with or without dots between the thousands (12.000.000)."""

    widget = TextInput()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(
            *args, render_kw={"inputmode": "numeric", "autocomplete": "off"} | options.pop("render_kw", {}), **options
        )

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{self.data:,}".replace(",", ".")

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the number. An empty field is no number."""
        typed = clean_text(valuelist[0] if valuelist else "").removesuffix("đ").strip()
        if not typed:
            self.data = None
            return
        digits = typed.replace(".", "").replace(",", "").replace(" ", "")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 15):
            self.data = None
            raise ValueError(str(_("Enter a whole number, such as 12 or 1.200.")))
        self.data = int(digits)

    def pre_validate(self, form: Any) -> None:
        """What cannot be read is told once; other checks have nothing to look at."""
        if self.process_errors:
            raise StopValidation


class VersionedForm(FlaskForm):
    """A form that knows from which state of its record it was made."""

    row_version = IntegerField(widget=HiddenInput(), default=0)

    def made_from(self, row_version: int) -> None:
        """Say from which state of the record the fields now stand."""
        self.row_version.data, self.row_version.raw_data = row_version, None

    def refuse(self, message: str, row_version: int) -> None:
        """Tell that the record has changed; what was typed stays, and saving again is a choice."""
        self.form_errors.append(message)
        self.made_from(row_version)
