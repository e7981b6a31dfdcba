"""What a list says, row by row, before anyone asks who is already known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from flask_babel import lazy_gettext as _

from eventmgr.core.phone import PhoneReason, WrittenPhone
from eventmgr.residents.importing.cells import NO_BIRTH, Birth, CellReason
from eventmgr.residents.importing.choices import ListReading, SheetReading
from eventmgr.residents.importing.columns import Field, FoundColumn
from eventmgr.residents.importing.encodings import Conversion, Encoding
from eventmgr.residents.importing.reading import UnreadableList
from eventmgr.residents.values import Gender, PovertyClass


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the file, as the spreadsheet counts."""

    sheet: str
    row: int

    @property
    def key(self) -> str:
        """Names the row in an officer's answers."""
        return f"{self.sheet}!{self.row}"


class RowReason(StrEnum):
    """Why a whole row cannot be taken in."""

    NAME_MISSING = "name_missing"
    NAME_UNCLEAR = "name_unclear"
    HAMLET_MISSING = "hamlet_missing"
    HAMLET_UNKNOWN = "hamlet_unknown"
    ROW_TWICE = "row_twice"
    LEFT_OUT = "left_out"


class LeftOut(StrEnum):
    """Why a sheet is not read."""

    NO_TABLE = "no_table"
    OLDER = "older"  # last year's, an old copy
    NOT_CHOSEN = "not_chosen"
    NOT_ASKED = "not_asked"  # its letters need a conversion nobody has agreed to yet


class NoSuchSheet(UnreadableList):
    """A sheet was asked for that the file does not have."""

    code = "no_such_sheet"
    sentence = _("The file has no sheet “%(name)s”. It has: %(names)s.")

    def __init__(self, name: str, names: tuple[str, ...]) -> None:
        super().__init__(name=name, names=", ".join(names))


class Question(StrEnum):
    """Why an officer has to say who is meant."""

    SEVERAL_ALIKE = "several_alike"
    ROWS_ALIKE = "rows_alike"
    MARKS_DIFFER = "marks_differ"
    ETHNIC_GROUP_DIFFERS = "ethnic_group_differs"
    MEMBER_ELSEWHERE = "member_elsewhere"
    NUMBER_OF_ANOTHER = "number_of_another"
    CODE_OF_ANOTHER = "code_of_another"
    CODE_AND_NUMBER_DIFFER = "code_and_number_differ"
    LIVES_ELSEWHERE = "lives_elsewhere"


class Differs(StrEnum):
    """What a list says otherwise than we do."""

    NAME = "name"
    BIRTH_YEAR = "birth_year"
    BIRTH_DATE = "birth_date"
    GENDER = "gender"
    ETHNIC_GROUP = "ethnic_group"
    POVERTY_CLASS = "poverty_class"
    HEAD = "head"
    HAMLET = "hamlet"
    CODE = "code"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that is not taken in. `raw` is what it says, for the eye."""

    place: Place
    raw: str
    reason: RowReason


@dataclass(frozen=True, slots=True)
class DoubtfulCell:
    """A cell that is left out, or looks wrong, while its person is taken in."""

    place: Place
    name: str  # of the person the row is about
    field: Field
    raw: str
    reason: CellReason | PhoneReason


@dataclass(frozen=True, slots=True)
class ParsedPerson:
    """One person of a list."""

    place: Place
    full_name: str
    is_head: bool
    relation: str = ""
    birth: Birth = NO_BIRTH
    gender: Gender = Gender.UNKNOWN
    ethnic_group: str = ""
    citizen_number: str | None = None
    phones: tuple[WrittenPhone, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedHousehold:
    """The people a list shows as one household; the first is the head where the list says so.

    `hamlet` is as the list writes it, empty where it says nothing; `order` is the household's place in the file.
    """

    order: int
    code: str | None
    hamlet: str
    poverty_class: PovertyClass | None
    people: tuple[ParsedPerson, ...]

    @property
    def head(self) -> ParsedPerson | None:
        """The head, None where the list names none."""
        return next((person for person in self.people if person.is_head), None)

    @property
    def place(self) -> Place:
        """Where the household begins."""
        return self.people[0].place


@dataclass(frozen=True, slots=True)
class ParsedSheet:
    """One sheet. `left_out` says why nothing of it is read; `header_row` is None where no table of people was found.

    `conversion` is what we propose for its letters, whether or not it was agreed to; `samples` are cells before and
    after the conversion it was read with. `shape_key` is the same for sheets with the same column titles.
    """

    name: str
    header_row: int | None
    row_count: int = 0
    left_out: LeftOut | None = None
    conversion: Conversion | None = None
    samples: tuple[tuple[str, str], ...] = ()
    shape_key: str = ""
    columns: tuple[FoundColumn, ...] = ()
    households: tuple[ParsedHousehold, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()
    doubtful: tuple[DoubtfulCell, ...] = ()

    @property
    def proposed(self) -> SheetReading:
        """How we would read it."""
        return SheetReading(self.name, self.conversion.encoding if self.conversion else Encoding.UNICODE)


@dataclass(frozen=True, slots=True)
class ParsedList:
    """A whole file, read as `reading` says. `year` is the year its title names, None where it names none.

    `proposed` is how we would read it: with the conversions its letters seem to need, without last year's sheets.
    """

    file_name: str
    year: int | None
    sheets: tuple[ParsedSheet, ...]
    reading: ListReading
    proposed: ListReading

    @property
    def needs_answer(self) -> bool:
        """Whether somebody should say how the file is read: other letters, or several sheets with people."""
        tables = [sheet for sheet in self.sheets if sheet.header_row or sheet.conversion]
        return len(tables) > 1 or any(sheet.left_out is LeftOut.NOT_ASKED for sheet in self.sheets)

    def proposed_for(self, names: Iterable[str]) -> ListReading:
        """The reading we would propose for these sheets. Raises NoSuchSheet."""
        sheets = {sheet.name: sheet for sheet in self.sheets}
        missing = next((name for name in names if name not in sheets), None)
        if missing is not None:
            raise NoSuchSheet(missing, tuple(sheets))
        return ListReading(tuple(sheets[name].proposed for name in names))

    @property
    def households(self) -> tuple[ParsedHousehold, ...]:
        """All households, in the order of the file."""
        return tuple(household for sheet in self.sheets for household in sheet.households)

    @property
    def people(self) -> tuple[ParsedPerson, ...]:
        """All people, in the order of the file."""
        return tuple(person for household in self.households for person in household.people)

    @property
    def rejected(self) -> tuple[RejectedRow, ...]:
        """All rows that cannot be taken in."""
        return tuple(row for sheet in self.sheets for row in sheet.rejected)

    @property
    def doubtful(self) -> tuple[DoubtfulCell, ...]:
        """All cells that were left out."""
        return tuple(cell for sheet in self.sheets for cell in sheet.doubtful)
