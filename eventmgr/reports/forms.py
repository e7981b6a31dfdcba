"""Web input of the reports room."""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField
from wtforms.validators import InputRequired, ValidationError


class PeriodForm(FlaskForm):
    """From the first day to the last, both included. Sent by GET, so that the address can be kept."""

    class Meta:
        csrf = False  # it only asks

    first = DateField(_("From"), validators=[InputRequired(_("Enter the first day."))])
    last = DateField(_("To"), validators=[InputRequired(_("Enter the last day."))])

    def validate_last(self, field: DateField) -> None:
        """The end may not come before the start."""
        if isinstance(self.first.data, date) and isinstance(field.data, date) and field.data < self.first.data:
            raise ValidationError(_("The last day comes before the first day."))
