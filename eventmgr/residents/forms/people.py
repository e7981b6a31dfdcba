"""Households, their people, phones and classes."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, SelectField, StringField, TelField
from wtforms.validators import DataRequired, InputRequired, ValidationError

from eventmgr.core.forms import (
    A_YEAR,
    Choices,
    VersionedForm,
    at_most,
    is_phone,
    optional_id,
    row_choices,
    word_choices,
)
from eventmgr.core.phone import national_form
from eventmgr.residents.forms.limits import LONG, SHORT
from eventmgr.residents.importing.cells import Birth, UnclearCell, read_birth, read_citizen_number
from eventmgr.residents.values import (
    ContactDetails,
    Gender,
    HouseholdDetails,
    PhoneOwner,
    PovertyClass,
    ResidentDetails,
)
from eventmgr.residents.words import CELL_REASONS, GENDERS, PHONE_OWNERS, POVERTY_CLASSES


class _BirthField(StringField):
    """A day d/m/y or only a year, as people know it."""

    def __init__(self, label: Any = None, **options: Any) -> None:
        super().__init__(label, **options)
        self.birth = Birth()

    def show(self, birth_year: int | None, birth_date: date | None) -> None:
        """Fill in what is known."""
        self.data = f"{birth_date.day}/{birth_date.month}/{birth_date.year}" if birth_date else str(birth_year or "")

    def read(self, today: date) -> None:
        """Understand what was typed. Raises ValidationError."""
        try:
            self.birth = read_birth(self.data, today=today)
        except UnclearCell as unclear:
            raise ValidationError(str(CELL_REASONS[unclear.reason])) from unclear


def _is_birth(form: Any, field: _BirthField) -> None:
    field.read(form.today)


class _PersonFields(VersionedForm):
    """What is asked of any person."""

    today: date

    full_name = StringField(_("Full name"), validators=[DataRequired(_("Enter the full name.")), LONG])
    birth = _BirthField(
        _("Birth"),
        description=_("Day, month and year, as in 4/12/1965, or only the year"),
        validators=[_is_birth],
    )
    gender = SelectField(_("Gender"), choices=lambda: word_choices(GENDERS), coerce=Gender, default=Gender.UNKNOWN)
    ethnic_group = StringField(_("Ethnic group"), validators=[SHORT])
    on_state_payroll = BooleanField(
        _("Draws a state salary"), description=_("Such people get no meal support at meetings")
    )

    def knowing(self, today: date) -> Any:
        """Tell the form which day it is."""
        self.today = today
        return self


class ResidentForm(_PersonFields):
    """A member of a household."""

    is_head = BooleanField(_("Head of the household"))
    relation = StringField(_("Relation to the head"), description=_("As in: vợ, chồng, con, mẹ"), validators=[SHORT])
    citizen_number = StringField(
        _("Citizen number"),
        description=_("12 digits. Kept encrypted; leave it empty to keep the one on file"),
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )

    def validate_citizen_number(self, field: Any) -> None:
        """12 or 9 digits."""
        try:
            field.number = read_citizen_number(field.data)
        except UnclearCell as unclear:
            raise ValidationError(str(CELL_REASONS[unclear.reason])) from unclear

    def show(self, known: ResidentDetails, row_version: int) -> None:
        """Fill in what is known."""
        self.made_from(row_version)
        for name in ("full_name", "gender", "ethnic_group", "on_state_payroll", "is_head", "relation"):
            self[name].data = getattr(known, name)
        self.birth.show(known.birth_year, known.birth_date)

    def details(self) -> ResidentDetails:
        """The person as entered."""
        return ResidentDetails(
            full_name=self.full_name.data or "",
            is_head=self.is_head.data,
            relation=self.relation.data or "",
            birth_year=self.birth.birth.year,
            birth_date=self.birth.birth.on,
            gender=self.gender.data,
            ethnic_group=self.ethnic_group.data or "",
            on_state_payroll=self.on_state_payroll.data,
            citizen_number=getattr(self.citizen_number, "number", None),
        )


class HouseholdForm(VersionedForm):
    """What is said of a household."""

    code = StringField(
        _("Household code"), description=_("Mã hộ in the commune's lists, if there is one"), validators=[SHORT]
    )
    ethnic_group = StringField(_("Ethnic group"), validators=[SHORT])
    address_note = StringField(_("How to find the house"), validators=[LONG])
    text_language = StringField(
        _("Language of texts"),
        description=_("As the wordings' versions are called, Tày for instance. Blank: as its hamlet."),
        validators=[at_most(40)],
    )

    def show(self, known: HouseholdDetails, text_language: str, row_version: int) -> None:
        """Fill in what is known."""
        for name in ("code", "ethnic_group", "address_note"):
            self[name].data = getattr(known, name)
        self.text_language.data = text_language
        self.made_from(row_version)

    def details(self) -> HouseholdDetails:
        """The household as entered."""
        return HouseholdDetails(
            code=self.code.data or None,
            ethnic_group=self.ethnic_group.data or "",
            address_note=self.address_note.data or "",
        )


class NewHouseholdForm(_PersonFields):
    """A new household with its head and perhaps a phone, in one go."""

    hamlet = SelectField(_("Hamlet"), coerce=int)
    code = StringField(
        _("Household code"), description=_("Mã hộ in the commune's lists, if there is one"), validators=[SHORT]
    )
    poverty_class = SelectField(
        _("Poverty class"),
        choices=lambda: word_choices(POVERTY_CLASSES),
        coerce=PovertyClass,
        default=PovertyClass.OTHER,
    )
    year = IntegerField(_("Year of the class"), validators=[InputRequired(_("Enter a year such as 2023.")), A_YEAR])
    phone = TelField(_("Phone"), validators=[is_phone])

    def offer(self, hamlets: Choices) -> Any:
        """Give the form its choices."""
        self.hamlet.choices = row_choices(hamlets)
        return self

    def household(self) -> HouseholdDetails:
        """The household as entered."""
        return HouseholdDetails(self.code.data or None, self.ethnic_group.data or "")

    def head(self) -> ResidentDetails:
        """Its head as entered."""
        return ResidentDetails(
            full_name=self.full_name.data or "",
            is_head=True,
            relation="Chủ hộ",
            birth_year=self.birth.birth.year,
            birth_date=self.birth.birth.on,
            gender=self.gender.data,
            ethnic_group=self.ethnic_group.data or "",
            on_state_payroll=self.on_state_payroll.data,
        )


class ContactForm(VersionedForm):
    """A phone of a household."""

    phone = TelField(_("Phone"), validators=[DataRequired(_("Enter the phone number.")), is_phone])
    owner = SelectField(_("Whose phone is it?"), choices=lambda: word_choices(PHONE_OWNERS), coerce=PhoneOwner)
    resident = SelectField(_("Which member?"), coerce=optional_id)
    owner_note = StringField(_("Who exactly?"), description=_("As in: con trai, chị Hoa nhà bên"), validators=[SHORT])
    first = BooleanField(_("Try this phone first"))

    def offer(self, members: Choices) -> Any:
        """Give the form its choices."""
        self.resident.choices = row_choices(members, _("Not known"))
        return self

    def show(self, known: ContactDetails, row_version: int) -> None:
        """Fill in what is known."""
        self.made_from(row_version)
        self.phone.data = national_form(known.phone)
        self.owner.data = known.owner
        self.resident.data = known.resident_id
        self.owner_note.data = known.owner_note
        self.first.data = known.first

    def details(self) -> ContactDetails:
        """The phone as entered."""
        return ContactDetails(
            phone=self.phone.data or "",
            owner=self.owner.data,
            owner_note=self.owner_note.data or "",
            resident_id=self.resident.data,
            first=self.first.data,
        )


class StatusForm(FlaskForm):
    """A household's class by one decision."""

    poverty_class = SelectField(_("Poverty class"), choices=lambda: word_choices(POVERTY_CLASSES), coerce=PovertyClass)
    year = IntegerField(_("Year"), validators=[InputRequired(_("Enter a year such as 2023.")), A_YEAR])
    decision = StringField(
        _("Decision"), description=_("As on paper, for example 12/QĐ-UBND; may stay empty"), validators=[LONG]
    )
