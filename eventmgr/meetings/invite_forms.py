"""Web input of inviting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined]
    BooleanField,
    DateField,
    DateTimeLocalField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Optional, ValidationError

from eventmgr.core.forms import at_most, row_choices
from eventmgr.core.phone import parse_phone
from eventmgr.meetings.values import InviteTexts, LeaderWord
from eventmgr.messaging.forms import OVER_BUDGET, OVER_BUDGET_HINT, known_placeholders, takes_texts
from eventmgr.messaging.texts import Wording

PLAIN, MARKED = "plain", "marked"
AS_THEY_GET_IT = "own"
ASK, RECORDED = "ask", "recorded"


class InviteForm(FlaskForm):
    """The texts of an invitation, in what form and when they go, and whether a leader has agreed."""

    invite = TextAreaField(
        _("Text of the invitation"),
        validators=[InputRequired(_("Write a text.")), at_most(600), known_placeholders],
    )
    relay = TextAreaField(
        _("Text to a phone that is not the household's own"),
        description=_("A relative, a neighbour or the hamlet head is asked to pass it on."),
        validators=[InputRequired(_("Write a text.")), at_most(600), known_placeholders],
    )
    remind = TextAreaField(
        _("Text of the reminder"),
        validators=[DataRequired(_("Write a text.")), at_most(600), known_placeholders],
    )
    remind_relay = TextAreaField(
        _("Reminder to a phone that is not the household's own"),
        validators=[DataRequired(_("Write a text.")), at_most(600), known_placeholders],
    )
    marks = RadioField(
        _("Way of writing"),
        choices=[
            SelectChoice(PLAIN, _("Without diacritics")),
            SelectChoice(MARKED, _("With diacritics")),
        ],
        default=PLAIN,
    )
    recipient = SelectField(_("Show the text for"), coerce=int, default=0, validate_choice=False)
    language = SelectField(_("In the language"), default=AS_THEY_GET_IT, validate_choice=False)
    guests = SelectMultipleField(_("Guests invited as well"), coerce=int, validators=[Optional()])
    send_at = DateTimeLocalField(
        _("Send not before"),
        description=_("Empty: at once. Nothing is sent during the no-send hours."),
        validators=[Optional()],
    )
    my_phone = TelField(
        _("Your own phone"),
        description=_("One text with what stands above. It costs as any other and tells nobody else."),
        validators=[Optional()],  # looked at by `own_phone`: what stands here is no matter of the invitation
    )
    over_budget = BooleanField(OVER_BUDGET, description=OVER_BUDGET_HINT)
    approval = RadioField(
        _("Approval by a leader"),
        choices=[
            SelectChoice(ASK, _("Ask a leader, who approves here")),
            SelectChoice(RECORDED, _("A leader has agreed already, on paper or by word")),
        ],
        default=ASK,
        validators=[Optional()],
    )
    leader_name = StringField(_("Leader who agreed"), validators=[at_most(200)])
    approved_on = DateField(_("On the day"), validators=[Optional()])

    plains: Mapping[str, str] = {}
    """The office's own plain forms of its wordings."""
    versions: Mapping[str, Mapping[str, Wording]] = {}
    """Its versions in further languages, as InviteTexts has them."""

    def offer(
        self, recipients: Sequence[str], guests: Iterable[tuple[int, str]], languages: Iterable[str]
    ) -> InviteForm:
        """Give the form its choices."""
        named = [SelectChoice(name, name) for name in languages]
        if named:
            usual = [SelectChoice(AS_THEY_GET_IT, _("As they get it")), SelectChoice("", _("Vietnamese"))]
            self.language.choices = [*usual, *named]
        self.recipient.choices = row_choices(enumerate(recipients))
        self.guests.choices = row_choices(guests)
        return self

    @property
    def wordings(self) -> tuple[TextAreaField, ...]:
        """The fields in which texts are written."""
        return self.invite, self.relay, self.remind, self.remind_relay

    @property
    def texts(self) -> InviteTexts:
        """The wordings as written."""
        return InviteTexts(
            invite=self.invite.data or "",
            relay=self.relay.data or "",
            with_marks=self.marks.data == MARKED,
            remind=self.remind.data or "",
            remind_relay=self.remind_relay.data or "",
            plains=self.plains,
            versions=self.versions,
        )

    @property
    def shown_language(self) -> str | None:
        """The language the shown text is to be in; None: as the recipient gets it."""
        return None if self.language.data in (None, AS_THEY_GET_IT) else self.language.data

    @property
    def is_recorded(self) -> bool:
        """Whether the officer says that a leader has agreed already."""
        return bool(self.approval.data == RECORDED)

    def own_phone(self) -> str | None:
        """The officer's own phone, E.164; None where the field then says what is wrong with it."""
        try:
            takes_texts(self, self.my_phone)
        except ValidationError as wrong:
            self.my_phone.errors = [str(wrong)]
            return None
        return parse_phone(self.my_phone.data or "").e164

    def leader_word(self) -> LeaderWord | None:
        """The leader's yes, where the officer records one and has said who and when."""
        if not self.is_recorded or self.approved_on.data is None:
            return None
        return LeaderWord(name=self.leader_name.data or "", on=self.approved_on.data)

    def validate(self, extra_validators: Any = None) -> bool:
        """Who agreed and when is needed only where the officer records it."""
        valid = bool(super().validate(extra_validators))
        if self.is_recorded:
            if not (self.leader_name.data or "").strip():
                self.leader_name.errors = [_("Write the name of the leader who agreed.")]
                valid = False
            if self.approved_on.data is None and not self.approved_on.errors:
                self.approved_on.errors = [_("Choose a day.")]
                valid = False
        return valid
