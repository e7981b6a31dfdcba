"""Web input of the plans room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, NumberRange, Optional, ValidationError

from eventmgr.core.forms import (
    Choices,
    DayField,
    VersionedForm,
    WholeNumberField,
    at_most,
    optional_id,
    row_choices,
    word_choices,
)
from eventmgr.core.text import clean_text
from eventmgr.plans.values import (
    MEETINGS,
    PARTICIPANTS,
    Direction,
    OutputDetails,
    OutputKind,
    PlanDetails,
    TargetLine,
    TaskLine,
)
from eventmgr.plans.words import DIRECTIONS, OUTPUT_KINDS

PARAGRAPHS = at_most(30_000)
IN_RANGE = NumberRange(0, 100_000, message=_("Enter a number from 0 to 100.000."))


class PlanForm(VersionedForm):
    """The plan document without its parts."""

    area = SelectField(_("Commune"), coerce=int)
    title = TextAreaField(
        _("Title of the plan"),
        description=_("As below the words KẾ HOẠCH on paper."),
        validators=[DataRequired(_("Enter the plan's title.")), at_most(500)],
        render_kw={"rows": 3},
    )
    number = StringField(
        _("Number of the paper"),
        description=_("For example 12/KH-UBND; blank until the clerk gives one."),
        validators=[at_most(80)],
    )
    dated_on = DayField(_("Dated"), description=_("May stay blank."), validators=[Optional()])
    starts_on = DayField(_("First day"), validators=[InputRequired(_("Enter the first day of the period."))])
    ends_on = DayField(_("Last day"), validators=[InputRequired(_("Enter the last day of the period."))])
    opening = TextAreaField(
        _("Opening sentence"),
        description=_("It cites the upper plan this one carries out."),
        validators=[at_most(5000)],
        render_kw={"rows": 4},
    )
    programme = TextAreaField(
        _("Programme"),
        description=_("Programme, project and subproject as the papers call them."),
        validators=[at_most(500)],
        render_kw={"rows": 2},
    )
    report_to = StringField(
        _("Its reports go to"), description=_("The line after Kính gửi."), validators=[at_most(200)]
    )
    budget = WholeNumberField(
        _("Budget (đồng)"), description=_("Blank if the paper states no amount."), validators=[Optional()]
    )
    sms_budget = WholeNumberField(
        _("For SMS (đồng)"),
        description=_(
            "What the texts of its meetings may cost. A send that goes beyond it is asked about first. Blank: no limit."
        ),
        validators=[Optional()],
    )
    funder = StringField(_("Who pays"), validators=[at_most(200)])
    funding_decision = TextAreaField(
        _("Decision that gives the money"), validators=[at_most(500)], render_kw={"rows": 3}
    )
    signature = TextAreaField(
        _("Lines over the signature"),
        description=_("A line each, for example KT. CHỦ TỊCH and PHÓ CHỦ TỊCH."),
        validators=[at_most(500)],
        render_kw={"rows": 2},
    )
    signer = StringField(_("Who signs"), description=_("May stay blank."), validators=[at_most(200)])

    def offer(self, communes: Choices) -> PlanForm:
        """Give the form its choices."""
        self.area.choices = row_choices(communes)
        return self

    def validate_ends_on(self, field: Any) -> None:
        """A period runs forward."""
        if field.data and self.starts_on.data and field.data < self.starts_on.data:
            raise ValidationError(_("The plan ends before it starts."))

    def value(self) -> PlanDetails:
        """What was entered."""
        assert self.starts_on.data is not None
        assert self.ends_on.data is not None
        return PlanDetails(
            title=self.title.data or "",
            starts_on=self.starts_on.data,
            ends_on=self.ends_on.data,
            number=self.number.data or "",
            dated_on=self.dated_on.data,
            opening=self.opening.data or "",
            programme=self.programme.data or "",
            report_to=self.report_to.data or "",
            budget=self.budget.data,
            sms_budget=self.sms_budget.data,
            funder=self.funder.data or "",
            funding_decision=self.funding_decision.data or "",
            signature=tuple((self.signature.data or "").splitlines()),
            signer=self.signer.data or "",
        )


class SectionForm(VersionedForm):
    """One part of the paper."""

    text = TextAreaField(
        _("Text"),
        description=_("Every line becomes a paragraph; paste it as it is."),
        validators=[PARAGRAPHS],
        render_kw={"rows": 14},
    )


class TopicsForm(VersionedForm):
    """The contents that meetings choose from."""

    topics = TextAreaField(
        _("Topics"),
        description=_(
            "A line for each group of contents; below it, lines that begin with “- ” for what belongs to it."
        ),
        validators=[PARAGRAPHS],
        render_kw={"rows": 18},
    )

    def validate_topics(self, field: Any) -> None:
        """A topic's name has its limit."""
        for line in (field.data or "").splitlines():
            if len(clean_text(line)) > 500:
                raise ValidationError(
                    _("A line is longer than 500 characters: “%(start)s…”", start=clean_text(line)[:40])
                )


class TaskForm(FlaskForm):
    """Who does what by when."""

    responsible = StringField(
        _("Who"),
        description=_("An office or a person."),
        validators=[DataRequired(_("Say who does it.")), at_most(200)],
    )
    task = TextAreaField(
        _("What is to be done"),
        validators=[DataRequired(_("Say what is to be done.")), at_most(2000)],
        render_kw={"rows": 3},
    )
    due_on = DayField(_("Due"), description=_("Blank: through the whole period."), validators=[Optional()])

    def value(self) -> TaskLine:
        """What was entered."""
        return TaskLine(self.responsible.data or "", self.task.data or "", self.due_on.data)


class OutputForm(FlaskForm):
    """What was made, received or handed out."""

    kind = SelectField(_("Kind"), choices=lambda: word_choices(OUTPUT_KINDS), coerce=OutputKind)
    direction = SelectField(_("What happened"), choices=lambda: word_choices(DIRECTIONS), coerce=Direction)
    quantity = WholeNumberField(
        _("Quantity"),
        validators=[
            InputRequired(_("Enter how many.")),
            NumberRange(1, 1_000_000, message=_("Enter a number from 1 to 1.000.000.")),
        ],
    )
    done_on = DayField(_("Day"), validators=[InputRequired(_("Choose a day."))])
    hamlet = SelectField(_("Hamlet"), coerce=optional_id, validators=[Optional()])
    partner = StringField(
        _("With whom"), description=_("Press, printer, union… may stay blank."), validators=[at_most(200)]
    )
    cost = WholeNumberField(_("Cost (đồng)"), description=_("Blank if not known."), validators=[Optional()])

    def offer(self, hamlets: Choices) -> OutputForm:
        """Give the form its choices."""
        self.hamlet.choices = row_choices(hamlets, none=_("The whole commune"))
        return self

    def value(self) -> OutputDetails:
        """What was entered."""
        assert self.quantity.data is not None
        assert self.done_on.data is not None
        return OutputDetails(
            kind=self.kind.data,
            direction=self.direction.data,
            quantity=self.quantity.data,
            done_on=self.done_on.data,
            hamlet_id=self.hamlet.data,
            partner=self.partner.data or "",
            cost=self.cost.data,
        )


class TargetsForm(VersionedForm):
    """A grid: a row for each hamlet, a field for each indicator. `targets_form` adds the rows."""

    hamlets: Sequence[tuple[int, str]] = ()
    each_meetings = WholeNumberField(_("Meetings in every hamlet left blank"), validators=[Optional(), IN_RANGE])
    each_participants = WholeNumberField(
        _("Participants in every hamlet left blank"), validators=[Optional(), IN_RANGE]
    )
    meetings_all = WholeNumberField(
        _("Meetings, the whole commune"),
        description=_("Blank: the hamlets' targets are added up."),
        validators=[Optional(), IN_RANGE],
    )
    participants_all = WholeNumberField(
        _("Participants, the whole commune"),
        description=_("Blank: the hamlets' targets are added up."),
        validators=[Optional(), IN_RANGE],
    )

    def cells(self, hamlet_id: int) -> tuple[Any, Any]:
        """The two fields of a hamlet."""
        return self[f"{MEETINGS}_{hamlet_id}"], self[f"{PARTICIPANTS}_{hamlet_id}"]

    def value(self) -> list[TargetLine]:
        """What was entered; a blank field takes what is said for every hamlet, or else sets no target."""
        lines = [
            TargetLine(indicator, field.data)
            for indicator, field in ((MEETINGS, self.meetings_all), (PARTICIPANTS, self.participants_all))
            if field.data is not None
        ]
        for hamlet_id, _name in self.hamlets:
            meetings, participants = self.cells(hamlet_id)
            for indicator, field, each in (
                (MEETINGS, meetings, self.each_meetings),
                (PARTICIPANTS, participants, self.each_participants),
            ):
                quantity = each.data if field.data is None else field.data
                if quantity is not None:
                    lines.append(TargetLine(indicator, quantity, hamlet_id))
        return lines


def targets_form(hamlets: Sequence[tuple[int, str]], **values: Any) -> TargetsForm:
    """The grid for these hamlets, filled with `values` by field name until something is posted."""
    fields: dict[str, Any] = {"hamlets": hamlets}
    for hamlet_id, name in hamlets:
        fields[f"{MEETINGS}_{hamlet_id}"] = WholeNumberField(
            _("Meetings, %(hamlet)s", hamlet=name), validators=[Optional(), IN_RANGE]
        )
        fields[f"{PARTICIPANTS}_{hamlet_id}"] = WholeNumberField(
            _("Participants, %(hamlet)s", hamlet=name), validators=[Optional(), IN_RANGE]
        )
    form: TargetsForm = type("HamletTargetsForm", (TargetsForm,), fields)(data=values)
    return form
