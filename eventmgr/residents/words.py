"""The words of this room for people, in the language of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _

from eventmgr.core.phone import REASON_TEXTS
from eventmgr.residents.importing.cells import CellReason
from eventmgr.residents.importing.columns import Field
from eventmgr.residents.importing.encodings import Encoding
from eventmgr.residents.importing.values import Differs, LeftOut, Question, RowReason
from eventmgr.residents.values import Alike, Gender, LeftWhy, PhoneOwner, PovertyClass, ReachFilter

Words = Mapping[Any, Any]

POVERTY_CLASSES: Words = {
    PovertyClass.POOR: _("Poor household"),
    PovertyClass.NEAR_POOR: _("Near-poor household"),
    PovertyClass.NEWLY_ESCAPED: _("Newly escaped household"),
    PovertyClass.NEWLY_ESCAPED_NEAR_POOR: _("Household newly escaped from near-poverty"),
    PovertyClass.OTHER: _("Other household"),
}

GENDERS: Words = {
    Gender.FEMALE: _("Female"),
    Gender.MALE: _("Male"),
    Gender.UNKNOWN: _("Not known"),
}

PHONE_OWNERS: Words = {
    PhoneOwner.MEMBER: _("A member of the household"),
    PhoneOwner.RELATIVE: _("A relative outside the household"),
    PhoneOwner.NEIGHBOUR: _("A neighbour"),
    PhoneOwner.HAMLET_HEAD: _("The hamlet head"),
    PhoneOwner.OTHER: _("Somebody else"),
}

REACH_FILTERS: Words = {
    ReachFilter.NO_SMS: _("Not reached by SMS"),
    ReachFilter.SMS: _("Reached by SMS"),
    ReachFilter.CALL: _("By call only"),
    ReachFilter.NONE: _("No phone that works"),
    ReachFilter.NO_PHONE: _("Without a phone"),
    ReachFilter.DEAD_PHONE: _("With a dead number"),
    ReachFilter.REFUSAL: _("Wants no texts"),
}

_CLASS_CHOICES: Words = {
    "HN": POVERTY_CLASSES[PovertyClass.POOR],
    "HCN": POVERTY_CLASSES[PovertyClass.NEAR_POOR],
    "HMTN": POVERTY_CLASSES[PovertyClass.NEWLY_ESCAPED],
}

LEFT_WHY: Words = {
    LeftWhy.MOVED: _("Moved out of the commune"),
    LeftWhy.DIED: _("Died"),
    LeftWhy.JOINED: _("Its last members live in another household"),
    LeftWhy.MERGED: _("Was written down twice"),
}

ALIKE: Words = {
    Alike.NUMBER: _("The same citizen number"),
    Alike.BIRTH: _("The same name, birth year and hamlet"),
    Alike.HOUSEHOLD: _("The same name in one household"),
    Alike.PHONE: _("The same name and phone"),
}

FIELDS: Words = {
    Field.ORDINAL: _("Row number"),
    Field.HOUSEHOLD_NUMBER: _("Household's number in the list"),
    Field.FULL_NAME: _("Full name"),
    Field.HEAD_NAME: _("Head of household"),
    Field.RELATION: _("Relation to the head"),
    Field.BIRTH: _("Birth"),
    Field.BIRTH_MALE: _("Birth year of men"),
    Field.BIRTH_FEMALE: _("Birth year of women"),
    Field.GENDER: _("Gender"),
    Field.ETHNIC_GROUP: _("Ethnic group"),
    Field.CITIZEN_NUMBER: _("Citizen number"),
    Field.HOUSEHOLD_CODE: _("Household code"),
    Field.HAMLET: _("Hamlet"),
    Field.POVERTY_CLASS: _("Poverty class"),
    Field.POOR_TICK: _("Tick: poor"),
    Field.NEAR_POOR_TICK: _("Tick: near-poor"),
    Field.NEWLY_ESCAPED_TICK: _("Tick: newly escaped"),
    Field.PHONE: _("Phone"),
    Field.MEMBER_COUNT: _("Number of members (not taken in)"),
    Field.NOTE: _("Note (not taken in)"),
}

ENCODINGS: Words = {
    Encoding.UNICODE: _("Unicode, as it stands"),
    Encoding.TCVN3: _("TCVN3 (fonts .VnTime)"),
    Encoding.VNI: _("VNI (fonts VNI-Times)"),
    Encoding.CP1258: _("Windows 1258"),
    Encoding.LATIN1: _("Unicode read wrongly (Nguyá»…n)"),
}

LEFT_OUT: Words = {
    LeftOut.NO_TABLE: _("No table of people was found in it."),
    LeftOut.OLDER: _("It looks like an older list than the others."),
    LeftOut.NOT_CHOSEN: _("It was not chosen."),
    LeftOut.NOT_ASKED: _("Its letters are of before Unicode; say first how they are to be read."),
}

ROW_REASONS: Words = {
    RowReason.NAME_MISSING: _("The row has no name."),
    RowReason.NAME_UNCLEAR: _("What stands in the name column is not a name."),
    RowReason.HAMLET_MISSING: _("The row names no hamlet. Choose a hamlet for such rows, or fill it in."),
    RowReason.HAMLET_UNKNOWN: _("This hamlet is not among the commune's hamlets."),
    RowReason.ROW_TWICE: _("The same person stands in an earlier row."),
    RowReason.LEFT_OUT: _("You have chosen to leave this row out."),
}

CELL_REASONS: Words = REASON_TEXTS | {
    CellReason.BIRTH_UNCLEAR: _("This is not a day or year of birth (day, month, year)."),
    CellReason.GENDER_UNCLEAR: _("This is neither male nor female."),
    CellReason.CLASS_UNCLEAR: _("This poverty class is not known."),
    CellReason.CLASS_TWICE: _("More than one poverty class is ticked."),
    CellReason.CITIZEN_NUMBER_UNCLEAR: _("A citizen number has 12 digits (an old one 9)."),
    CellReason.CITIZEN_NUMBER_ROUNDED: _("The spreadsheet has rounded this number and its last digits are lost."),
    CellReason.CITIZEN_NUMBER_DIFFERS: _(
        "The citizen number speaks of another birth year or gender than the row. It was kept; please check it."
    ),
}

CELL_CHOICES: Words = {
    Field.GENDER: {"Nam": _("Male"), "Nữ": _("Female")},
    Field.POVERTY_CLASS: _CLASS_CHOICES,
    Field.POOR_TICK: _CLASS_CHOICES,
}
"""Columns in which little can stand: what a list writes, and what it means."""

QUESTIONS: Words = {
    Question.SEVERAL_ALIKE: _("Several known households have a head of this name in the hamlet."),
    Question.ROWS_ALIKE: _("Two rows of the list could be the same known household."),
    Question.MARKS_DIFFER: _("A known head's name differs only in its diacritics."),
    Question.ETHNIC_GROUP_DIFFERS: _("A known head has the same name and birth year, but another ethnic group."),
    Question.MEMBER_ELSEWHERE: _("This person is known as a member of another household."),
    Question.NUMBER_OF_ANOTHER: _("The citizen number belongs to a known person of another name."),
    Question.CODE_OF_ANOTHER: _("The household code belongs to a household of other people."),
    Question.CODE_AND_NUMBER_DIFFER: _("Household code and citizen number point to two different households."),
    Question.LIVES_ELSEWHERE: _("This person is known in another household; the row was left out."),
}

DIFFERENCES: Words = {
    Differs.NAME: _("Full name"),
    Differs.BIRTH_YEAR: _("Birth year"),
    Differs.BIRTH_DATE: _("Date of birth"),
    Differs.GENDER: _("Gender"),
    Differs.ETHNIC_GROUP: _("Ethnic group"),
    Differs.POVERTY_CLASS: _("Poverty class"),
    Differs.HEAD: _("Head of household"),
    Differs.HAMLET: _("Hamlet"),
    Differs.CODE: _("Household code"),
    Differs.LEFT: _("Moved away on"),
}


_REASONS: Words = {**ROW_REASONS, **CELL_REASONS, **QUESTIONS}


def reason_text(reason: str) -> str:
    """What a reason code says to people."""
    return str(_REASONS[reason])


YES_OR_NO: Words = {"True": _("Yes"), "False": _("No")}

CHANGED_FIELDS: Words = {
    "full_name": FIELDS[Field.FULL_NAME],
    "birth_year": DIFFERENCES[Differs.BIRTH_YEAR],
    "birth_date": DIFFERENCES[Differs.BIRTH_DATE],
    "gender": FIELDS[Field.GENDER],
    "ethnic_group": FIELDS[Field.ETHNIC_GROUP],
    "relation": FIELDS[Field.RELATION],
    "citizen_number_digest": FIELDS[Field.CITIZEN_NUMBER],
    "is_head": FIELDS[Field.HEAD_NAME],
    "code": FIELDS[Field.HOUSEHOLD_CODE],
    "hamlet_id": FIELDS[Field.HAMLET],
    "poverty_class": FIELDS[Field.POVERTY_CLASS],
    "left_on": DIFFERENCES[Differs.LEFT],
    "owner": _("Whose phone it is"),
    "owner_note": _("Remark beside the phone"),
}
"""Columns an import may change, as people call them."""


def value_text(what: str, value: str | None) -> str:
    """A stored value in words."""
    known: Words = {"poverty_class": POVERTY_CLASSES, "gender": GENDERS, "owner": PHONE_OWNERS, "is_head": YES_OR_NO}
    return str(known.get(what, {}).get(value, value) or "–")
