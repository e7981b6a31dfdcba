"""Guests: cadres, speakers, people of related organisations."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField, TelField
from wtforms.validators import DataRequired

from eventmgr.core.forms import Choices, is_phone, row_choices, word_choices
from eventmgr.core.phone import national_form
from eventmgr.residents.forms.limits import LONG, SHORT
from eventmgr.residents.values import Gender, GuestDetails
from eventmgr.residents.words import GENDERS


class GuestForm(FlaskForm):
    """A cadre, a speaker, a person of a related organisation."""

    area = SelectField(_("Commune"), coerce=int)
    full_name = StringField(_("Full name"), validators=[DataRequired(_("Enter the full name.")), LONG])
    title = StringField(_("Title"), description=_("As in: Chủ tịch Hội Phụ nữ xã"), validators=[LONG])
    organisation = StringField(_("Organisation"), validators=[LONG])
    phone = TelField(_("Phone"), validators=[is_phone])
    gender = SelectField(_("Gender"), choices=lambda: word_choices(GENDERS), coerce=Gender, default=Gender.UNKNOWN)
    ethnic_group = StringField(_("Ethnic group"), validators=[SHORT])
    on_state_payroll = BooleanField(
        _("Draws a state salary"), description=_("Such people get no meal support at meetings"), default=True
    )

    def offer(self, communes: Choices) -> Any:
        """Give the form its choices."""
        self.area.choices = row_choices(communes)
        return self

    def show(self, known: GuestDetails) -> None:
        """Fill in what is known."""
        for name in ("full_name", "title", "organisation", "gender", "ethnic_group", "on_state_payroll"):
            self[name].data = getattr(known, name)
        self.phone.data = national_form(known.phone) if known.phone else ""

    def details(self) -> GuestDetails:
        """The guest as entered."""
        return GuestDetails(
            full_name=self.full_name.data or "",
            title=self.title.data or "",
            organisation=self.organisation.data or "",
            phone=self.phone.data or "",
            gender=self.gender.data,
            ethnic_group=self.ethnic_group.data or "",
            on_state_payroll=self.on_state_payroll.data,
        )
