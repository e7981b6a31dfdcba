"""Consents, refusals of texts, requests about one's data, holidays, retention."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Optional

from eventmgr.core.forms import Choices, DayField, WholeNumberField, at_most, row_choices, word_choices
from eventmgr.core.registry import Subject
from eventmgr.residents.forms.limits import LONG, SHORT
from eventmgr.residents.rights import (
    CONSENT_EVIDENCE,
    Evidence,
    Purpose,
    Refusal,
    RequestDetails,
    RequestKind,
    Statement,
)
from eventmgr.residents.rights_words import EVIDENCE, PURPOSES, REFUSALS, REQUEST_KINDS

WORDING = at_most(2000)
MOST_EVIDENCE_BYTES = 10 * 1024 * 1024


class _StatementForm(FlaskForm):
    """What somebody said, when, and what shows it."""

    said_on = DayField(_("On which day?"), validators=[InputRequired(_("Enter a day such as 23/5/2023."))])

    def statement(self, file_id: int | None = None) -> Statement:
        """What was said, as entered."""
        assert self.said_on.data is not None
        return Statement(self["evidence"].data, self.said_on.data, self["note"].data or "", file_id)


class ConsentForm(_StatementForm):
    """A yes to one purpose. Nothing is chosen beforehand: whoever enters it has seen the evidence."""

    purpose = RadioField(
        _("What does the person agree to?"),
        choices=lambda: word_choices(PURPOSES),
        coerce=Purpose,
        validators=[InputRequired(_("Choose what was agreed to."))],
    )
    evidence = RadioField(
        _("What proves it?"),
        choices=lambda: word_choices({kind: EVIDENCE[kind] for kind in CONSENT_EVIDENCE}),
        coerce=Evidence,
        validators=[InputRequired(_("Choose what proves it. Silence is no consent."))],
    )
    note = StringField(
        _("Where is the evidence?"), description=_("As in: folder 12, page 3; call of 9:15"), validators=[LONG]
    )
    file = FileField(
        _("File (may stay empty)"),
        description=_("A photo or scan of the paper, or the recording: at most 10 MB. No picture of an identity card."),
        render_kw={"accept": ".pdf,.jpg,.jpeg,.png,.mp3,.m4a,.ogg,.wav"},
    )

    def validate_file(self, field: Any) -> None:
        """Only what a browser shows as a document, a picture or sound, and not too large."""
        if not field.data:
            return
        if kind_of(field.data.filename or "") is None:
            field.errors = [*field.errors, str(_("Choose a PDF, a picture (JPG, PNG) or a recording."))]
        field.data.seek(0, 2)
        if field.data.tell() > MOST_EVIDENCE_BYTES:
            field.errors = [*field.errors, str(_("The file is too large: at most %(size)s MB.") % {"size": 10})]
        field.data.seek(0)


FILE_KINDS = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "wav": "audio/wav",
}


def kind_of(file_name: str) -> str | None:
    """The media type of an evidence file by its name, or None for what is not taken."""
    return FILE_KINDS.get(file_name.rpartition(".")[2].lower())


class WishForm(_StatementForm):
    """A no, or a renewed yes: how it was said. A word is enough for a no."""

    evidence = RadioField(
        _("How was it said?"),
        choices=lambda: word_choices(EVIDENCE),
        coerce=Evidence,
        validators=[InputRequired(_("Choose how it was said."))],
    )
    note = StringField(_("Note"), description=_("As in: called at 9:15; paper in folder 12"), validators=[LONG])


class RequestForm(FlaskForm):
    """What somebody asks about the data kept of them."""

    commune = SelectField(_("Commune"), coerce=int)
    requester = StringField(_("Who asks?"), validators=[DataRequired(_("Enter the full name.")), LONG])
    relation = StringField(
        _("For whom, if not for themselves?"),
        description=_("As in: mother of the child; with a letter of authority"),
        validators=[SHORT],
    )
    kind = RadioField(
        _("What do they ask for?"),
        choices=lambda: word_choices(REQUEST_KINDS),
        coerce=RequestKind,
        validators=[InputRequired(_("Choose what is asked for."))],
    )
    wording = TextAreaField(
        _("In their own words"), description=_("As in: the phone is not mine any more"), validators=[WORDING]
    )
    received_on = DayField(_("Received on"), validators=[InputRequired(_("Enter a day such as 23/5/2023."))])
    received_by = SelectField(_("How did it come?"), choices=lambda: word_choices(EVIDENCE), coerce=Evidence)
    with_processor = BooleanField(
        _("An SMS company or another processor has to act as well"),
        description=_("The law then gives more days"),
    )

    def offer(self, communes: Choices) -> Any:
        """Give the form its choices."""
        self.commune.choices = row_choices(communes)
        return self

    def details(self, about: Subject | None) -> RequestDetails:
        """The request as entered."""
        assert self.received_on.data is not None
        return RequestDetails(
            kind=self.kind.data,
            requester=self.requester.data or "",
            received_on=self.received_on.data,
            received_by=self.received_by.data,
            about=about,
            relation=self.relation.data or "",
            wording=self.wording.data or "",
            with_processor=self.with_processor.data,
        )


class ReasonForm(FlaskForm):
    """Why more time is needed."""

    reason = StringField(_("Reason"), validators=[DataRequired(_("Write the reason, as the person is told it.")), LONG])


class FinishForm(FlaskForm):
    """What was done, as the person was told."""

    outcome = TextAreaField(
        _("What was done, as the person was told"),
        validators=[DataRequired(_("Write what was done, as the person is told it.")), WORDING],
    )


class RefuseForm(FlaskForm):
    """Why the office says no, as the person was told."""

    ground = SelectField(_("Ground in law"), choices=lambda: word_choices(REFUSALS), coerce=Refusal)
    why = TextAreaField(
        _("Reason, as the person was told"),
        validators=[DataRequired(_("Write the reason, as the person is told it.")), WORDING],
    )


class EraseForm(FlaskForm):
    """Nobody erases a person by a slip of the hand: the name is typed."""

    name = StringField(
        _("Type the person's full name"),
        validators=[DataRequired(_("Type the person's full name.")), LONG],
        render_kw={"autocomplete": "off"},
    )
    ground = StringField(
        _("Why is the person erased?"),
        description=_("As in: request of 5/6/2023; never mention the name"),
        validators=[DataRequired(_("Write why.")), SHORT],
    )


class HolidayForm(FlaskForm):
    """A day on which offices are shut."""

    day = DayField(_("Day"), validators=[InputRequired(_("Enter a day such as 23/5/2023."))])
    name = StringField(_("Name"), validators=[DataRequired(_("Enter a name.")), LONG])
    source = StringField(_("Paper that says so"), description=_("As in: Thông báo 6150/TB-BLĐTBXH"), validators=[LONG])


def retention_form(rules: Iterable[tuple[str, Any]]) -> type[FlaskForm]:
    """A form with a number of days for each rule; empty leaves the rule off."""
    fields = {
        key: WholeNumberField(title, validators=[Optional()], description=_("Days; empty: nothing is removed"))
        for key, title in rules
    }
    return type("RetentionForm", (FlaskForm,), fields)
