"""Moving, leaving, splitting: who, where to, since when."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from eventmgr.core.forms import Choices, DayField, optional_id, row_choices, word_choices
from eventmgr.residents.forms.limits import LONG, SHORT
from eventmgr.residents.values import HouseholdDetails, LeftWhy

_REASONS = {LeftWhy.MOVED: _("Moved out of the commune"), LeftWhy.DIED: _("Died")}


class _HeadFollows(FlaskForm):
    """Asked where the head is among those who leave."""

    new_head = SelectField(_("Who is the head from now on?"), coerce=optional_id)

    def offer_heads(self, staying: Choices) -> Any:
        """Give the form those who stay; without a head that leaves nothing is asked."""
        self.new_head.choices = row_choices(staying, _("Choose a person"))
        if not list(staying):
            del self.new_head
        return self

    def new_head_id(self) -> int | None:
        """Who follows as head."""
        return self.new_head.data if "new_head" in self._fields else None


class LeaveForm(_HeadFollows):
    """A person has moved away or died."""

    why = RadioField(
        _("What happened?"),
        choices=lambda: word_choices(_REASONS),
        validators=[InputRequired(_("Choose one."))],
    )
    on = DayField(_("On which day?"), validators=[InputRequired(_("Enter a day such as 23/5/2023."))])


class HouseholdLeaveForm(FlaskForm):
    """A household has moved away."""

    on = DayField(_("On which day?"), validators=[InputRequired(_("Enter a day such as 23/5/2023."))])


class HouseholdMoveForm(FlaskForm):
    """A household moves to another hamlet."""

    hamlet = SelectField(_("Hamlet"), coerce=int)

    def offer(self, hamlets: Choices) -> Any:
        """Give the form its choices."""
        self.hamlet.choices = row_choices(hamlets)
        return self


class MoveForm(_HeadFollows):
    """A person goes to live in another household; which one is chosen on the page before."""

    relation = StringField(
        _("Relation to the head there"), description=_("As in: vợ, chồng, con, mẹ"), validators=[SHORT]
    )


class SplitForm(_HeadFollows):
    """Some members found a household of their own."""

    members = SelectMultipleField(
        _("Who founds the new household?"),
        coerce=int,
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        validators=[InputRequired(_("Tick at least one person."))],
    )
    head = SelectField(_("Who is the head of the new household?"), coerce=optional_id)
    hamlet = SelectField(_("Hamlet of the new household"), coerce=int)
    code = StringField(_("Code of the new household"), description=_("May stay empty"), validators=[SHORT])
    address_note = StringField(_("How to find the house"), validators=[LONG])
    keep_class = BooleanField(_("The new household has the same poverty class until the next decision"), default=True)

    def offer(self, members: Choices, hamlets: Choices) -> Any:
        """Give the form its choices."""
        self.members.choices = row_choices(members)
        self.head.choices = row_choices(members, _("Choose a person"))
        self.hamlet.choices = row_choices(hamlets)
        return self

    def details(self, ethnic_group: str) -> HouseholdDetails:
        """The new household as entered."""
        return HouseholdDetails(self.code.data or None, ethnic_group, self.address_note.data or "")
