"""Forms of the messaging room."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField, StringField, TelField, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError

from eventmgr.core.phone import InvalidPhone, parse_phone


class RecordApprovalForm(FlaskForm):
    """An officer writes down that a leader has agreed."""

    leader_name = StringField(
        _("Leader who agreed"),
        validators=[InputRequired(_("Write the name of the leader who agreed.")), Length(max=200)],
    )
    approved_on = DateField(_("On the day"), validators=[InputRequired(_("Choose a day."))])


class TestSendForm(FlaskForm):
    """One text to oneself."""

    phone = TelField(_("Your phone"), validators=[InputRequired(_("Write a phone number."))])
    text = TextAreaField(_("Text"), validators=[InputRequired(_("Write a text.")), Length(max=600)])

    def validate_phone(self, field: TelField) -> None:
        """A mobile number in any usual way of writing."""
        try:
            number = parse_phone(field.data or "")
        except InvalidPhone as error:
            raise ValidationError(error.message) from error
        if not number.takes_sms:
            raise ValidationError(_("This number takes no text messages."))
