"""Taking in a list."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired

from eventmgr.core.forms import A_YEAR, Choices, optional_id, row_choices
from eventmgr.residents.forms.limits import LONG


class UploadForm(FlaskForm):
    """A list to take in."""

    list = FileField(
        _("Excel, LibreOffice or CSV file"),
        description=_(
            "Files of Excel (.xlsx, .xls), LibreOffice (.ods) and CSV, up to 20 MB. Nothing is saved before you have seen it."
        ),
        validators=[FileRequired(_("Choose a file first."))],
        render_kw={"accept": ".xlsx,.xlsm,.xls,.ods,.csv,.txt"},
    )
    commune = SelectField(_("Commune"), coerce=int)

    def offer(self, communes: Choices) -> UploadForm:
        """Give the form its choices."""
        self.commune.choices = row_choices(communes)
        return self


class ImportForm(FlaskForm):
    """What the officer says of a list before it is taken in."""

    year = IntegerField(
        _("Year of the poverty classes"),
        validators=[InputRequired(_("Enter a year such as 2023.")), A_YEAR],
    )
    decision = StringField(
        _("Decision that gives the classes"),
        description=_("As on paper, for example 12/QĐ-UBND; may stay empty"),
        validators=[LONG],
    )
    hamlet = SelectField(_("Hamlet of rows that name none"), coerce=optional_id)
    add_hamlets = BooleanField(_("Add the hamlets that are not known yet"), default=True)

    def offer(self, hamlets: Choices) -> ImportForm:
        """Give the form its choices."""
        self.hamlet.choices = row_choices(hamlets, _("None: leave such rows out"))
        return self
