"""Web input of the home room."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField, StringField, TextAreaField
from wtforms.validators import Email, EqualTo, InputRequired, Length

from eventmgr.accounts.services import PASSWORD_MIN_LENGTH


class SetUpForm(FlaskForm):
    """The first administrator and the commune."""

    commune = StringField(
        _("Name of the commune"),
        description=_("Without the word “xã”, as in: Bình Trung"),
        validators=[InputRequired(_("Enter the name of the commune.")), Length(max=100)],
    )
    commune_code = StringField(
        _("Code of the commune"),
        description=_("Five digits, as in official lists; may stay empty"),
        validators=[Length(max=20)],
    )
    province = StringField(_("Province"), validators=[Length(max=100)])
    hamlets = TextAreaField(
        _("Hamlets, one on each line"),
        description=_("May be added later, or come with the first household list"),
        render_kw={"rows": 6},
    )
    full_name = StringField(
        _("Your full name"),
        validators=[InputRequired(_("Enter your full name.")), Length(max=100)],
        render_kw={"autocomplete": "name"},
    )
    email = EmailField(
        _("Your e-mail, to sign in with"),
        validators=[
            InputRequired(_("Enter your e-mail address.")),
            Email(_("This does not look like an e-mail address.")),
        ],
        render_kw={"autocomplete": "username"},
    )
    password = PasswordField(
        _("Choose a password"),
        description=_("At least ten characters; a short sentence is best"),
        validators=[
            InputRequired(_("Choose a password.")),
            Length(min=PASSWORD_MIN_LENGTH, message=_("A password has at least ten characters.")),
        ],
        render_kw={"autocomplete": "new-password"},
    )
    password_again = PasswordField(
        _("The password once more"),
        validators=[EqualTo("password", message=_("The two passwords differ."))],
        render_kw={"autocomplete": "new-password"},
    )
