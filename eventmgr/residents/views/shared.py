"""The room's blueprint, and what its pages share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from eventmgr.areas.models import Area
from eventmgr.core.errors import EventmgrError
from eventmgr.core.phone import masked_form, national_form
from eventmgr.core.text import display_name

Page = str | Response | tuple[str, int]

bp = Blueprint("residents", __name__)
bp.add_app_template_filter(display_name)
bp.add_app_template_filter(masked_form, "phone_masked")
bp.add_app_template_filter(national_form, "phone_national")

_FIELD_OF_ERROR = {"household_code_taken": "code", "contact_twice": "phone", "invalid_phone": "phone"}


def names_of(areas: Iterable[Area]) -> list[tuple[int, str]]:
    """Areas as choices of a field."""
    return [(area.id, area.name) for area in areas]


def say_beside(form: Any, error: EventmgrError) -> None:
    """Put a service's refusal beside the field it is about."""
    field = getattr(form, _FIELD_OF_ERROR.get(error.code, ""), None)
    if field is None:
        form.form_errors.append(error.message)
    else:
        field.errors = [*field.errors, error.message]


def form_page(template: str, form: Any, **values: Any) -> Page:
    """A page with a form: 422 once something in it is wrong."""
    page = render_template(template, form=form, **values)
    return (page, 422) if form.errors else page
