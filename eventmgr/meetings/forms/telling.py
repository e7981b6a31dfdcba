"""Web input of what is told about a meeting after the invitation: notices of a change, reminders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined]
    BooleanField,
    Form,
    RadioField,
    SelectChoice,
    SelectField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import InputRequired, Optional

from eventmgr.core.forms import at_most
from eventmgr.meetings.values import ReminderRule
from eventmgr.messaging.forms import OVER_BUDGET, OVER_BUDGET_HINT, known_placeholders

SEND, SILENT = "send", "silent"
NEVER = "none"


class NoticeForm(Form):
    """Whether those who were texted are told of a change, and in which words. Travels inside the form of the change,
    which carries the token."""

    notice = RadioField(
        _("Tell those who were texted"),
        choices=[SelectChoice(SEND, _("Send the notice")), SelectChoice(SILENT, _("Send nothing"))],
        default=SEND,
    )
    notice_text = TextAreaField(
        _("Text of the notice"),
        validators=[InputRequired(_("Write a text.")), at_most(600), known_placeholders],
    )
    over_budget = BooleanField(OVER_BUDGET, description=OVER_BUDGET_HINT)

    @property
    def is_said(self) -> bool:
        """Whether the officer has been asked and has answered."""
        return bool(self.notice.raw_data)

    @property
    def wants_sending(self) -> bool:
        """Whether the officer said that the notice goes."""
        return self.is_said and self.notice.data == SEND


class RemindersForm(FlaskForm):
    """When those who were texted are reminded: up to two hours."""

    first_days = SelectField(_("First reminder"))
    first_at = TimeField(_("At"), validators=[Optional()], default=time(18, 30))
    second_days = SelectField(_("Second reminder"))
    second_at = TimeField(_("At"), validators=[Optional()])

    CHOICES = (
        (NEVER, _("None")),
        ("0", _("On the day itself")),
        ("1", _("The day before")),
        ("2", _("Two days before")),
        ("3", _("Three days before")),
        ("7", _("A week before")),
    )

    def __init__(self, *args: Any, rules: Sequence[ReminderRule] = (), **given: Any) -> None:
        for name, rule in zip(("first", "second"), rules, strict=False):
            given |= {f"{name}_days": str(rule.days_before), f"{name}_at": rule.at}
        super().__init__(*args, **({"first_days": NEVER, "second_days": NEVER} | given))
        for field in (self.first_days, self.second_days):
            field.choices = [SelectChoice(value, words) for value, words in self.CHOICES]

    def validate(self, extra_validators: Any = None) -> bool:
        """An hour is needed where a day is chosen."""
        valid = bool(super().validate(extra_validators))
        for days, at in ((self.first_days, self.first_at), (self.second_days, self.second_at)):
            if days.data != NEVER and at.data is None and not at.errors:
                at.errors = [_("Give an hour.")]
                valid = False
        return valid

    @property
    def rules(self) -> list[ReminderRule]:
        """What was chosen."""
        chosen = ((self.first_days.data, self.first_at.data), (self.second_days.data, self.second_at.data))
        return [ReminderRule(int(days), at) for days, at in chosen if days != NEVER and at is not None]
