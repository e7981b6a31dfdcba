"""Web input of the areas room."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired

from eventmgr.core.forms import at_most, row_choices

NAME, CODE = at_most(100), at_most(20)


class HamletsForm(FlaskForm):
    """Hamlets to add to a commune, one on each line."""

    commune = SelectField(_("Commune"), coerce=int)
    names = TextAreaField(
        _("Hamlets, one on each line"),
        description=_("Without the word “thôn”, as in: Bản Mẫu Một"),
        validators=[DataRequired(_("Enter at least one hamlet."))],
        render_kw={"rows": 6},
    )

    def offer(self, communes: Iterable[tuple[int, str]]) -> HamletsForm:
        """Give the form its choices."""
        self.commune.choices = row_choices(communes)
        return self


class AreaForm(FlaskForm):
    """An area's name and code."""

    name = StringField(_("Name"), validators=[DataRequired(_("Enter the area's name.")), NAME])
    code = StringField(_("Code"), description=_("As in official lists; may stay empty"), validators=[CODE])
    report_to = StringField(_("Office that reports go to"), validators=[NAME])
    text_language = StringField(
        _("Language of texts"),
        description=_("As the wordings' versions are called, Tày for instance. Blank: Vietnamese."),
        validators=[at_most(40)],
    )


class AreaListForm(FlaskForm):
    """A list of areas to take in."""

    list = FileField(
        _("CSV file"),
        description=_("Columns: level (province, commune, hamlet), code, name, parent_code"),
        validators=[FileRequired(_("Choose a file first."))],
        render_kw={"accept": ".csv,.txt"},
    )
