"""Web input of the home room."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, IntegerField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.validators import Email, EqualTo, InputRequired, Length, NumberRange, Optional, ValidationError

from eventmgr.accounts.services import PASSWORD_MIN_LENGTH
from eventmgr.accounts.session import ROLE_LABELS
from eventmgr.core.forms import at_most, is_phone, row_choices, word_choices
from eventmgr.messaging.no_send import read_no_send_hours


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
    contact_phone = StringField(
        _("Phone residents may call to ask"),
        description=_("Named at the end of every invitation text; may stay empty and be given later under Settings"),
        validators=[is_phone],
        render_kw={"inputmode": "tel", "autocomplete": "off"},
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


class ContactForm(FlaskForm):
    """Whom residents ask: named in every text and on their page."""

    contact_name = StringField(
        _("Whom to ask"), description=_("Shown on the residents' page"), validators=[at_most(100)]
    )
    contact_phone = StringField(
        _("Phone to ask"),
        description=_("Named at the end of every text"),
        validators=[is_phone],
        render_kw={"inputmode": "tel"},
    )


class PapersForm(FlaskForm):
    """Who signs the commune's papers, and who receives them."""

    signer = TextAreaField(
        _("Lines over the signature"),
        description=_("One on each line, as in: TM. ỦY BAN NHÂN DÂN, then CHỦ TỊCH"),
        validators=[InputRequired(_("Enter at least one line.")), at_most(400)],
        render_kw={"rows": 3},
    )
    recipients = TextAreaField(
        _("Recipients (Nơi nhận)"),
        description=_("One on each line"),
        validators=[at_most(1000)],
        render_kw={"rows": 4},
    )


class SendingForm(FlaskForm):
    """When texts may leave, and who has to agree."""

    no_send_hours = StringField(
        _("No messages leave"),
        description=_("From and to, as in 21:00-07:00; empty: at no hour"),
        validators=[at_most(20)],
    )
    approval_needed = BooleanField(_("A leader agrees before invitations are sent"))
    registered_only = BooleanField(
        _("Our sender name needs registered texts"),
        description=_("Then nothing is sent whose text is not marked as registered under Messages, Wordings."),
    )
    daily_cap = IntegerField(
        _("Most texts a day"),
        description=_("0: no limit. What is over waits for the next day."),
        validators=[Optional(), NumberRange(0, 1_000_000, _("Enter a whole number, 0 or more."))],
    )
    daily_cost = IntegerField(
        _("Most đồng a day"),
        description=_("0: no limit. Counted by the prices below."),
        validators=[Optional(), NumberRange(0, 1_000_000_000, _("Enter a whole number, 0 or more."))],
    )

    def validate_no_send_hours(self, field: StringField) -> None:
        """Refuse hours that cannot be read."""
        try:
            read_no_send_hours(field.data or "")
        except ValueError as error:
            raise ValidationError(_("Write the hours as in 21:00-07:00.")) from error


class DoorForm(FlaskForm):
    """When people may be checked in."""

    opens_hours_before = IntegerField(
        _("Check-in opens so many hours before"),
        description=_("0: when the meeting begins. Whoever comes earlier can be let in with a reason."),
        validators=[InputRequired(_("Enter the hours.")), NumberRange(0, 168, _("Enter whole hours, 0 to 168."))],
    )


class PricesForm(FlaskForm):
    """What one billed part of a text costs, VAT included."""

    viettel = IntegerField("Viettel", validators=[Optional(), NumberRange(0, 100_000, _("Enter a price in đồng."))])
    vinaphone = IntegerField("VinaPhone", validators=[Optional(), NumberRange(0, 100_000, _("Enter a price in đồng."))])
    mobifone = IntegerField("MobiFone", validators=[Optional(), NumberRange(0, 100_000, _("Enter a price in đồng."))])
    other = IntegerField(
        _("Other networks"), validators=[Optional(), NumberRange(0, 100_000, _("Enter a price in đồng."))]
    )


class PersonForm(FlaskForm):
    """Somebody who is to sign in, and as what."""

    full_name = StringField(_("Full name"), validators=[InputRequired(_("Enter the full name.")), at_most(100)])
    email = EmailField(
        _("E-mail, to sign in with"),
        validators=[
            InputRequired(_("Enter an e-mail address.")),
            Email(_("This does not look like an e-mail address.")),
        ],
    )
    role = SelectField(_("Role"), choices=word_choices(ROLE_LABELS), default="officer")
    area = SelectField(_("Area"), coerce=int)
    password = PasswordField(
        _("First password"),
        description=_("At least ten characters; hand it over by word of mouth"),
        validators=[
            InputRequired(_("Choose a password.")),
            Length(min=PASSWORD_MIN_LENGTH, message=_("A password has at least ten characters.")),
        ],
        render_kw={"autocomplete": "new-password"},
    )

    def offer(self, areas: list[tuple[int, str]]) -> PersonForm:
        """Offer the areas on which a role may be given."""
        self.area.choices = row_choices(areas)
        return self


class RoleForm(FlaskForm):
    """What a person is from now on, and perhaps a new password."""

    role = SelectField(_("Role"), choices=word_choices(ROLE_LABELS))
    area = SelectField(_("Area"), coerce=int)
    password = PasswordField(
        _("New password"),
        description=_("Leave empty to keep the old one"),
        validators=[
            Optional(),
            Length(min=PASSWORD_MIN_LENGTH, message=_("A password has at least ten characters.")),
        ],
        render_kw={"autocomplete": "new-password"},
    )

    def offer(self, areas: list[tuple[int, str]]) -> RoleForm:
        """Offer the areas on which a role may be given."""
        self.area.choices = row_choices(areas)
        return self
