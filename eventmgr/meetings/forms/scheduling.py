"""Web input of the meetings room: from what was typed to the values that services take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined]
    DateField,
    Field,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    MonthField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import HiddenInput

from eventmgr.core.clock import instant_of
from eventmgr.meetings.values import InviteUnit, MeetingDetails, Spacing
from eventmgr.residents.values import PovertyClass

USUAL_TITLE = "Hội nghị truyền thông về giảm nghèo"
USUAL_VENUE = "Nhà văn hóa thôn {thon}"
USUAL_SHORT_VENUE = "nhà văn hóa thôn"
HAMLET_PLACE = "{thon}"
LATEST_START = 22
"""Nobody is asked to a meeting that begins later than this hour."""

ALL_AUDIENCE = [
    (PovertyClass.POOR.value, _("Poor households")),
    (PovertyClass.NEAR_POOR.value, _("Near-poor households")),
    (PovertyClass.NEWLY_ESCAPED.value, _("Households newly escaped from poverty")),
    (PovertyClass.NEWLY_ESCAPED_NEAR_POOR.value, _("Households newly escaped from near-poverty")),
    (PovertyClass.OTHER.value, _("Other households")),
]
UNITS = [
    (InviteUnit.HOUSEHOLD.value, _("One representative of each household")),
    (InviteUnit.PERSONS.value, _("Named persons of the household")),
]
LENGTHS = [
    ("60", _("1 hour")),
    ("90", _("1 hour 30 minutes")),
    ("120", _("2 hours")),
    ("150", _("2 hours 30 minutes")),
    ("180", _("3 hours")),
    ("240", _("4 hours")),
]
DAY, MONTH = "day", "month"

_TOO_LONG = _("This is too long: at most %(max)d characters.")
_UNKNOWN_CHOICE = _("Choose one from the list.")


def _choices(pairs: Sequence[tuple[Any, Any]]) -> list[Any]:
    return [SelectChoice(value, words) for value, words in pairs]


class _Day(DateField):
    """A day; what is no day is told in our words."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(_("This is not a day of the calendar. Write it as 15/6/2023.")) from error


class _Hour(TimeField):
    """An hour and minute."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(_("This is not an hour of the day. Write it as 07:30.")) from error


class _Month(MonthField):
    """A month."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(_("This is not a month. Write it as 6/2023.")) from error


class _Number(IntegerField):
    """A whole number."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(_("Write a whole number.")) from error


class _Ticks(SelectMultipleField):
    """Several of a list of rows, by id."""

    def pre_validate(self, form: Any) -> None:
        offered: list[Any] = list(self.choices or ())
        if not set(self.data or ()) <= {choice.value for choice in offered}:
            raise ValidationError(_UNKNOWN_CHOICE)


DAY_FORMATS = ["%Y-%m-%d", "%d/%m/%Y"]
MONTH_FORMATS = ["%Y-%m", "%m/%Y"]
HOUR_FORMATS = ["%H:%M", "%H:%M:%S", "%Hh%M", "%Hh"]


class _About(FlaskForm):
    """What one meeting and a series have in common."""

    title = StringField(
        _("Title of the meeting"),
        validators=[DataRequired(_("Give the meeting a title.")), Length(max=200, message=_TOO_LONG)],
    )
    hamlets = _Ticks(
        _("Hamlets"),
        coerce=int,
        validators=[DataRequired(_("Choose at least one hamlet."))],
    )
    venue_short = StringField(
        _("Venue in text messages"),
        description=_("Short, as it is read on a small phone; empty: the venue as it stands above"),
        validators=[Length(max=60, message=_TOO_LONG)],
    )
    audience = _Ticks(
        _("Which households are asked"),
        description=_("Nothing ticked: every household of the hamlets. Nobody is ever turned away at the door."),
        choices=_choices(ALL_AUDIENCE),
    )
    unit = RadioField(_("Whom an invitation names"), choices=_choices(UNITS), default=InviteUnit.HOUSEHOLD.value)
    plan = SelectField(_("Belongs to the plan"), coerce=int, default=0)
    topics = _Ticks(_("What it is about"), coerce=int)

    def offer(
        self, hamlets: list[tuple[int, str]], plans: list[tuple[int, str]], topics: list[tuple[int, str]]
    ) -> None:
        """Hand over what may be chosen: pairs of id and words."""
        self.hamlets.choices = _choices(hamlets)
        self.plan.choices = _choices([(0, _("No plan")), *plans])
        self.topics.choices = _choices(topics)

    def validate_unit(self, field: Field) -> None:
        """One of the two."""
        if field.data not in set(InviteUnit):
            raise ValidationError(_UNKNOWN_CHOICE)


class SeriesForm(_About):
    """One meeting in every chosen hamlet."""

    request_key = HiddenField()
    timing = RadioField(
        _("What is known of the time"),
        choices=_choices([(DAY, _("The first day and hour")), (MONTH, _("Only the month"))]),
        default=DAY,
    )
    first_day = _Day(_("Day of the first meeting"), format=DAY_FORMATS, validators=[Optional()])
    first_hour = _Hour(_("Hour"), format=HOUR_FORMATS, validators=[Optional()])
    month = _Month(_("Month"), format=MONTH_FORMATS, validators=[Optional()])
    length = SelectField(_("How long it takes"), choices=_choices(LENGTHS), default="120")
    a_day = _Number(
        _("Meetings on one day"),
        default=1,
        validators=[InputRequired(_("Write a whole number.")), NumberRange(1, 6, _("From 1 to 6."))],
    )
    hours_between = _Number(
        _("Hours from one to the next on a day"),
        default=3,
        validators=[InputRequired(_("Write a whole number.")), NumberRange(1, 12, _("From 1 to 12."))],
    )
    days_between = _Number(
        _("Days from one to the next"),
        description=_("1: every day; 7: the same weekday every week"),
        default=1,
        validators=[InputRequired(_("Write a whole number.")), NumberRange(1, 60, _("From 1 to 60."))],
    )
    venue = StringField(
        _("Venue in each hamlet"),
        description=_("{thon} stands for the name of the hamlet. Each may be changed in the next step."),
        default=USUAL_VENUE,
        validators=[Length(max=200, message=_TOO_LONG)],
    )

    def validate(self, extra_validators: Any = None) -> bool:
        """All fields, and what they mean together."""
        good = bool(super().validate(extra_validators))
        return self._times_fit() and good

    def _times_fit(self) -> bool:
        if self.timing.data == MONTH:
            return _needed(self.month, _("Choose a month."))
        # Both are asked, so that both errors are seen at once.
        good = _needed(self.first_day, _("Choose a day."))
        good = _needed(self.first_hour, _("Choose an hour.")) and good
        if not good or self.a_day.errors or self.hours_between.errors or self.days_between.errors:
            return False
        if self.a_day.data == 1:
            return True
        spacing = self.spacing
        if spacing.hours_between * 60 < int(self.length.data):
            _add_error(self.hours_between, _("The next meeting would begin before this one ends."))
            return False
        last = spacing.first_hour.hour + (spacing.a_day - 1) * spacing.hours_between
        if last > LATEST_START:
            _add_error(self.a_day, _("The last meeting of the day would begin too late at night."))
            return False
        return True

    @property
    def is_tentative(self) -> bool:
        """Whether only a month is known."""
        return bool(self.timing.data == MONTH)

    @property
    def spacing(self) -> Spacing:
        """How the meetings follow each other; only of a form found good."""
        assert self.first_day.data is not None
        assert self.first_hour.data is not None
        return Spacing(
            first_day=self.first_day.data,
            first_hour=self.first_hour.data,
            days_between=self.days_between.data or 1,
            a_day=self.a_day.data or 1,
            hours_between=self.hours_between.data or 1,
        )

    def venue_in(self, hamlet: str) -> str:
        """The venue proposed for the hamlet of this name."""
        pattern = self.venue.data or ""
        # "Nhà văn hóa thôn Thôn 2" is said once.
        if hamlet.lower().startswith("thôn ") and "thôn " + HAMLET_PLACE in pattern:
            return pattern.replace("thôn " + HAMLET_PLACE, hamlet[:1].lower() + hamlet[1:])
        return pattern.replace(HAMLET_PLACE, hamlet)


class SlotForm(Form):
    """One row of the preview: the meeting of one hamlet."""

    hamlet_id = IntegerField(widget=HiddenInput(), validators=[InputRequired(_UNKNOWN_CHOICE)])
    day = _Day(_("Day"), format=DAY_FORMATS, validators=[Optional()])
    hour = _Hour(_("Hour"), format=HOUR_FORMATS, validators=[Optional()])
    venue = StringField(_("Venue"), validators=[Length(max=200, message=_TOO_LONG)])


class SlotsForm(Form):
    """All rows of the preview."""

    slots = FieldList(FormField(SlotForm), max_entries=200)

    def validate_with(self, series: SeriesForm) -> bool:
        """All rows, each with a day and an hour unless only the month is known."""
        good = bool(self.validate())
        if not series.is_tentative:
            for row in self.slots:
                good = _needed(row.form.day, _("Choose a day.")) and good
                good = _needed(row.form.hour, _("Choose an hour.")) and good
        return good


class MeetingForm(_About):
    """One meeting: made by itself, or changed."""

    row_version = HiddenField()
    day = _Day(_("Day"), format=DAY_FORMATS, validators=[Optional()])
    starts = _Hour(_("Begins"), format=HOUR_FORMATS, validators=[Optional()])
    ends = _Hour(_("Ends"), format=HOUR_FORMATS, validators=[Optional()])
    month = _Month(
        _("Or only the month"),
        description=_("Where the day is not known yet: leave day and hours empty"),
        format=MONTH_FORMATS,
        validators=[Optional()],
    )
    venue = StringField(_("Venue"), validators=[Length(max=200, message=_TOO_LONG)])
    directions = StringField(
        _("How to get there"),
        description=_("Residents read it on their page"),
        validators=[Length(max=200, message=_TOO_LONG)],
    )

    def validate(self, extra_validators: Any = None) -> bool:
        """All fields, and what they mean together."""
        good = bool(super().validate(extra_validators))
        if any(field.errors for field in (self.day, self.starts, self.ends, self.month)):
            return False
        if self.day.data or self.starts.data or self.ends.data:
            good = _needed(self.day, _("Choose a day.")) and good
            good = _needed(self.starts, _("Choose an hour.")) and good
            if self.starts.data and self.ends.data and self.ends.data <= self.starts.data:
                _add_error(self.ends, _("The meeting must end after it begins."))
                good = False
        elif not self.month.data:
            _add_error(self.day, _("Give a day and an hour, or at least a month."))
            good = False
        return good

    def details(self) -> MeetingDetails:
        """What was entered."""
        starts_at, ends_at = None, None
        if self.day.data:
            assert self.starts.data is not None  # told by validate
            starts_at = instant_of(self.day.data, self.starts.data)
            ends_at = instant_of(self.day.data, self.ends.data) if self.ends.data else None
        return MeetingDetails(
            title=self.title.data or "",
            hamlet_ids=tuple(self.hamlets.data or ()),
            starts_at=starts_at,
            ends_at=ends_at,
            month=None if starts_at else first_of(self.month.data),
            venue=self.venue.data or "",
            venue_short=self.venue_short.data or "",
            directions=self.directions.data or "",
            audience_classes=tuple(self.audience.data or ()),
            invite_unit=InviteUnit(self.unit.data),
            plan_id=self.plan.data or None,
            topic_ids=tuple(self.topics.data or ()),
        )


class SummaryForm(FlaskForm):
    """Simple minutes."""

    row_version = HiddenField()
    summary = TextAreaField(
        _("What was said"),
        description=_("Residents who were invited read the first three lines on their page after the meeting."),
        validators=[Length(max=4000, message=_TOO_LONG)],
    )


class CancelForm(FlaskForm):
    """Calling a meeting off."""

    reason = StringField(
        _("Why is it not held?"),
        description=_("Residents who were invited read this on their page."),
        validators=[
            DataRequired(_("Say why the meeting is not held: residents read it on their page.")),
            Length(max=200, message=_TOO_LONG),
        ],
    )


def slot_details(series: SeriesForm, slot: SlotForm, hamlets: dict[int, str]) -> MeetingDetails:
    """The meeting that one row of the preview stands for; `hamlets` are the names by id."""
    hamlet_id = slot.hamlet_id.data or 0
    starts_at: datetime | None = None
    if not series.is_tentative:
        starts_at = instant_of(slot.day.data, slot.hour.data)  # type: ignore[arg-type]
    venue = slot.venue.data or ""
    return MeetingDetails(
        title=series.title.data or "",
        hamlet_ids=(hamlet_id,),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=int(series.length.data)) if starts_at else None,
        month=first_of(series.month.data) if series.is_tentative else None,
        venue=venue,
        # The short form speaks of the venue proposed to all; another venue is told as it is.
        venue_short=(series.venue_short.data or "") if venue == series.venue_in(hamlets[hamlet_id]) else "",
        audience_classes=tuple(series.audience.data or ()),
        invite_unit=InviteUnit(series.unit.data),
        plan_id=series.plan.data or None,
        topic_ids=tuple(series.topics.data or ()),
    )


def first_of(month: date | None) -> date | None:
    """The first day of a month."""
    return month.replace(day=1) if month else None


def month_from(written: str) -> date | None:
    """The month of a URL, "2023-06", or None where it is none."""
    if not re.fullmatch(r"\d{4}-\d{2}", written):
        return None
    try:
        return date.fromisoformat(written + "-01")
    except ValueError:
        return None


def _needed(field: Field, sentence: Any) -> bool:
    if field.data is None and not field.errors:
        _add_error(field, sentence)
    return not field.errors


def _add_error(field: Field, sentence: Any) -> None:
    field.errors = [*field.errors, sentence]
