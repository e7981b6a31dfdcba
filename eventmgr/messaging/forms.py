"""Forms of the messaging room."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, StringField, TelField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from eventmgr.core.forms import at_most
from eventmgr.core.phone import InvalidPhone, parse_phone
from eventmgr.messaging.texts import UnknownPlaceholder, language_key, placeholders_in


def known_placeholders(_form: Any, field: Any) -> None:
    """Refuse a placeholder that stands for nothing, with its own sentence."""
    try:
        placeholders_in(field.data or "")
    except UnknownPlaceholder as unknown:
        raise ValidationError(unknown.message) from unknown


def takes_texts(_form: Any, field: Any) -> None:
    """A mobile number in any usual way of writing."""
    try:
        number = parse_phone(field.data or "")
    except InvalidPhone as error:
        raise ValidationError(error.message) from error
    if not number.takes_sms:
        raise ValidationError(_("This number takes no text messages."))


OVER_BUDGET = _("Send it all the same")
OVER_BUDGET_HINT = _("This is written down with the name of whoever agrees.")


class ApproveForm(FlaskForm):
    """A leader agrees."""

    over_budget = BooleanField(OVER_BUDGET, description=OVER_BUDGET_HINT)


class RecordApprovalForm(FlaskForm):
    """An officer writes down that a leader has agreed."""

    over_budget = BooleanField(OVER_BUDGET, description=OVER_BUDGET_HINT, id="record_over_budget")
    leader_name = StringField(
        _("Leader who agreed"),
        validators=[InputRequired(_("Write the name of the leader who agreed.")), Length(max=200)],
    )
    approved_on = DateField(_("On the day"), validators=[InputRequired(_("Choose a day."))])


class TestSendForm(FlaskForm):
    """One text to oneself."""

    phone = TelField(_("Your phone"), validators=[InputRequired(_("Write a phone number.")), takes_texts])
    text = TextAreaField(_("Text"), validators=[InputRequired(_("Write a text.")), Length(max=600)])


class LibraryTextForm(FlaskForm):
    """A text in its two forms, and whether the networks have it."""

    marked = TextAreaField(
        _("With diacritics"), validators=[InputRequired(_("Write a text.")), at_most(600), known_placeholders]
    )
    plain = TextAreaField(
        _("Without diacritics"),
        description=_("Read it aloud before you save: some words mean something else without their marks."),
        validators=[InputRequired(_("Write a text.")), at_most(600), known_placeholders],
    )
    registered_on = DateField(
        _("Registered at the networks on"),
        description=_("Only for a registered sender name. Any change of the text takes this mark away."),
        validators=[Optional()],
    )


class VersionForm(LibraryTextForm):
    """The same text in a further language."""

    language = StringField(
        _("Language"),
        description=_("As people call it: Tày, Nùng, Dao … Households and hamlets choose it by this name."),
        validators=[InputRequired(_("Write the language.")), at_most(40)],
    )

    taken: frozenset[str] = frozenset()
    """The languages, by key, that there is a version in already."""

    def validate_language(self, field: Any) -> None:
        """Vietnamese is no version, and no language has two."""
        key = language_key(field.data or "")
        if not key:
            raise ValidationError(_("The Vietnamese text has its own page."))
        if key in self.taken:
            raise ValidationError(_("There is a version in this language already. Change that one."))
