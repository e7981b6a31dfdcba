"""The room's blueprint, and what its pages share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint, flash, render_template, url_for
from werkzeug.wrappers import Response

from eventmgr.areas.models import Area
from eventmgr.core.access_log import note_view
from eventmgr.core.acts import last_act_id
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.errors import EventmgrError, NotFound
from eventmgr.core.phone import masked_form, national_form
from eventmgr.core.text import display_name
from eventmgr.residents.models import Contact, Household, Resident
from eventmgr.residents.services import Overtaken

Page = str | Response | tuple[str, int]

bp = Blueprint("residents", __name__)
bp.add_app_template_filter(display_name)
bp.add_app_template_filter(masked_form, "phone_masked")
bp.add_app_template_filter(national_form, "phone_national")

_FIELD_OF_ERROR = {
    "household_code_taken": "code",
    "contact_twice": "phone",
    "invalid_phone": "phone",
    "head_needed": "new_head",
    "not_yet": "on",
}


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
    """A page with a form: 422 once something in it is wrong. Whom it shows is written down."""
    _note_whom(**values)
    page = render_template(template, form=form, **values)
    return (page, 422) if form.errors else page


def _note_whom(**values: Any) -> None:
    """The one person or household that a form is about; pages of several say so themselves."""
    resident, household, guest, person = (values.get(name) for name in ("resident", "household", "guest", "person"))
    if person is not None:
        note_view(person.subject.kind.value, record=person.subject.record, area_id=person.home.id)
    elif resident is not None:
        note_view("resident", record=f"resident:{resident.id}", area_id=resident.household.hamlet_id)
    elif household is not None:
        note_view("household", record=f"household:{household.id}", area_id=household.hamlet_id)
    elif guest is not None:
        note_view("guest", record=f"guest:{guest.id}", area_id=guest.area_id)


def carried_out(form: Any, act: Callable[[], object], of: Household | Resident | Contact | None = None) -> bool:
    """Do an act in one unit of work. A refusal is told on the form, and nothing typed is lost.

    `of` is the record that the form was made from: if somebody else was faster, saving again is a choice.
    """
    record: tuple[type[Any], int] | None = (type(of), of.id) if of is not None else None
    try:
        with unit_of_work():
            act()
    except NotFound:
        raise
    except Overtaken as error:
        now_there = db.session.get(*record) if record else None
        form.refuse(error.message, now_there.row_version if now_there else 0)
    except EventmgrError as error:
        say_beside(form, error)
    else:
        return True
    return False


def say_done(sentence: str) -> None:
    """Say what was done, with the button that takes it back."""
    flash(sentence, "success")
    act_id = last_act_id()
    if act_id is not None:
        flash(url_for("residents.undo_act", act_id=act_id), "undo")


def spoken(household: Household) -> str:
    """What a household is called: by its head."""
    return display_name(household.head.full_name) if household.head else household.code or ""
