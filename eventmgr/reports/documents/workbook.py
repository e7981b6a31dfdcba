"""Figures as XLSX: sheets to print or to work on. In the language of the person who downloads.

What people typed never becomes a formula or a link. No citizen number, ethnic group or phone is ever in these files;
names are, only where the caller hands over attendance lines.
"""

import io
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import xlsxwriter
from flask_babel import gettext as _
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from eventmgr.reports import words
from eventmgr.reports.values import (
    AttendanceLine,
    Crowd,
    InvitationFigures,
    ListOf,
    MeetingFigures,
    MeetingReport,
    PlanReport,
    SmsFigures,
    Turnout,
)

Value = str | int | Decimal | date | datetime | None
Line = tuple[str, Value]

FONT = "Times New Roman"
A4 = 9
LINE_HEIGHT = 15.5
# A word that does not fit goes to the next line, so a line holds less than its width.
CHARACTERS_PER_WIDTH = 0.8
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Head:
    """A column of a sheet: its heading and its width in characters."""

    title: str
    width: float = 10


def write_plan_workbook(report: PlanReport, attendance: Iterable[AttendanceLine] | None = None) -> bytes:
    """Summary, hamlets, meetings and, where names may be seen, the attendance list."""
    with _new_book(report.title) as book:
        _summary(book, report.title, report.as_of, list(_plan_lines(report)))
        _hamlets(book, report)
        _meetings(book, report.meetings)
        if attendance is not None:
            _attendance(book, attendance)
    return book.content


def write_meeting_workbook(report: MeetingReport, attendance: Iterable[AttendanceLine] | None = None) -> bytes:
    """Summary of one meeting and, where names may be seen, the attendance list."""
    figures = report.figures
    with _new_book(figures.title) as book:
        _summary(book, figures.title, report.as_of, list(_meeting_lines(figures)))
        if attendance is not None:
            _attendance(book, attendance)
    return book.content


class _Book:
    """An open workbook with the few formats all sheets share."""

    def __init__(self, title: str) -> None:
        self._stream = io.BytesIO()
        # Rows are written once, top to bottom, so that a list of any length needs little memory.
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_format_properties": {"font_name": FONT, "font_size": 12},
        }
        self.file = xlsxwriter.Workbook(self._stream, options)
        self.file.set_properties({"title": title})
        self.title = self._format(bold=True, font_size=14)
        self.wrapped_title = self._format(bold=True, font_size=14, text_wrap=True, valign="top")
        self.plain = self._format()
        self.bold = self._format(bold=True)
        boxed = {"border": 1, "valign": "vcenter"}
        self.head = self._format(bold=True, text_wrap=True, align="center", bg_color="#EDEFF5", **boxed)
        self._cells = {
            bold: {
                "text": self._format(bold=bold, text_wrap=True, indent=1, **boxed),
                "quoted": self._format(bold=bold, text_wrap=True, quote_prefix=True, indent=1, **boxed),
                "number": self._format(bold=bold, num_format="#,##0", **boxed),
                "share": self._format(bold=bold, num_format='0.0"%"', **boxed),
                "day": self._format(bold=bold, num_format="dd/mm/yyyy", align="center", **boxed),
                "moment": self._format(bold=bold, num_format="hh:mm dd/mm/yyyy", align="center", **boxed),
            }
            for bold in (False, True)
        }

    def _format(self, **properties: object) -> Format:
        return self.file.add_format({"font_name": FONT, "font_size": 12, **properties})

    def sheet(self, name: str, *, landscape: bool = True) -> Worksheet:
        sheet = self.file.add_worksheet(name[:31])
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.8, right=0.6, top=0.8, bottom=0.8)
        sheet.set_footer("&C&P/&N")
        if landscape:
            sheet.set_landscape()
        return sheet

    def write(self, sheet: Worksheet, row: int, column: int, value: Value, *, bold: bool = False) -> None:
        """One bordered cell, by the type of its value; text stays text whatever it begins with."""
        formats = self._cells[bold]
        match value:
            case None:
                sheet.write_blank(row, column, None, formats["text"])
            case datetime():
                sheet.write_datetime(row, column, value.replace(tzinfo=None), formats["moment"])
            case date():
                sheet.write_datetime(row, column, value, formats["day"])
            case Decimal():
                sheet.write_number(row, column, value, formats["share"])
            case int():
                sheet.write_number(row, column, value, formats["number"])
            case _:
                kind = "quoted" if value.startswith(FORMULA_STARTS) else "text"
                sheet.write_string(row, column, value, formats[kind])

    def close(self) -> None:
        self.file.close()

    @property
    def content(self) -> bytes:
        return self._stream.getvalue()


@contextmanager
def _new_book(title: str) -> Iterator[_Book]:
    book = _Book(title)
    yield book
    book.close()


def _table(
    book: _Book, sheet: Worksheet, title: str, heads: Sequence[Head], rows: Iterable[Sequence[Value]], top: int = 0
) -> int:
    """A title, headings that repeat in print and stay on screen, and the rows; the row after the last."""
    sheet.write_string(top, 0, title, book.title)
    head_row = top + 2
    widths = [head.width for head in heads]
    sheet.set_row(head_row, _row_height([head.title for head in heads], widths))
    for column, head in enumerate(heads):
        sheet.set_column(column, column, head.width)
        sheet.write_string(head_row, column, head.title, book.head)
    sheet.repeat_rows(head_row)
    sheet.freeze_panes(head_row + 1, 0)
    row = head_row
    for row, cells in enumerate(rows, start=head_row + 1):
        sheet.set_row(row, _row_height(cells, widths))
        for column, value in enumerate(cells):
            book.write(sheet, row, column, value)
    return row + 1


def _row_height(cells: Sequence[Value], widths: Sequence[float]) -> float:
    """Room for wrapped text, in points: not every program fits the rows of a file it opens."""
    longest = max(
        (
            len(cell) / (width * CHARACTERS_PER_WIDTH)
            for cell, width in zip(cells, widths, strict=True)
            if isinstance(cell, str)
        ),
        default=1.0,
    )
    return LINE_HEIGHT * max(math.ceil(longest), 1) + 2


def _summary(book: _Book, title: str, as_of: date, lines: Sequence[Line]) -> None:
    sheet = book.sheet(_("Summary"), landscape=False)
    sheet.set_column(0, 0, 66)
    sheet.set_column(1, 1, 22)
    sheet.set_row(0, _row_height([title], [54]) * 1.2)
    sheet.write_string(0, 0, title, book.wrapped_title)
    sheet.write_string(1, 0, _("Figures as of %(day)s", day=f"{as_of:%d/%m/%Y}"), book.plain)
    for row, (label, value) in enumerate(lines, start=3):
        is_heading = value is None
        book.write(sheet, row, 0, label, bold=is_heading)
        book.write(sheet, row, 1, value)


def _plan_lines(report: PlanReport) -> Iterator[Line]:
    figures = report.figures
    yield _("Meetings"), None
    yield _("Meetings held"), figures.held
    yield _("Target of meetings"), "" if figures.meetings.target is None else figures.meetings.target
    yield _("Percent of the target"), figures.meetings.percent or ""
    yield _("Meetings planned, not yet held"), figures.planned
    yield _("Meetings cancelled"), figures.cancelled
    yield _("Joint meetings (once in the total, once for each hamlet)"), figures.joint
    yield from _invitation_lines(figures.invitations)
    yield from _turnout_lines(figures.turnout)
    yield _("Coverage"), None
    yield _("Households present at least once"), figures.coverage.done
    yield _("All households"), figures.households_total
    yield _("Percent of households"), figures.coverage.percent or ""
    yield from _sms_lines(figures.sms)


def _meeting_lines(figures: MeetingFigures) -> Iterator[Line]:
    yield _("Meeting"), None
    yield _("Hamlets"), ", ".join(figures.hamlets)
    yield _("Starts at"), figures.starts_at or ""
    yield _("Venue"), figures.venue
    yield _("State"), str(words.STAGES[figures.stage])
    yield from _invitation_lines(figures.invitations)
    yield from _turnout_lines(figures.turnout)
    if figures.headcount is not None:
        yield _("Counted on the spot"), figures.headcount
        yield _("Reason for the difference"), figures.headcount_reason
    yield from _sms_lines(figures.sms)


def _invitation_lines(figures: InvitationFigures) -> Iterator[Line]:
    yield _("Invitations"), None
    for group, label in words.INVITATIONS.items():
        yield str(label), figures.part(group)


def _turnout_lines(turnout: Turnout) -> Iterator[Line]:
    yield _("Attendances (each coming counts)"), None
    yield from _crowd_lines(turnout.attendances)
    yield _("Of whom stand-ins"), turnout.proxies
    yield _("People (each person once)"), None
    yield from _crowd_lines(turnout.people)
    yield _("Households (each household once)"), None
    for group, label in words.GROUPS[ListOf.HOUSEHOLDS].items():
        yield str(label), turnout.households.part(group)


def _crowd_lines(crowd: Crowd) -> Iterator[Line]:
    for group, label in words.GROUPS[ListOf.PEOPLE].items():
        yield str(label), crowd.part(group)


def _sms_lines(sms: SmsFigures) -> Iterator[Line]:
    yield _("Text messages"), None
    yield _("Messages in all"), sms.messages
    for group, label in words.MESSAGES.items():
        yield str(label), sms.part(group)
    yield _("Billed segments"), sms.segments
    yield _("Cost (đồng)"), "" if sms.cost is None else int(sms.cost)


def _hamlets(book: _Book, report: PlanReport) -> None:
    heads = [
        Head(_("No."), 6),
        Head(_("Hamlet"), 28),
        Head(_("Target of meetings")),
        Head(_("Meetings held")),
        Head(_("Meetings missing")),
        Head(_("Percent of the target")),
        Head(_("Meetings ahead")),
        Head(_("Target of participants"), 13),
        Head(_("Attendances")),
        Head(_("Households present at least once"), 16),
        Head(_("All households")),
        Head(_("Percent of households"), 13),
    ]
    rows = [
        [
            place,
            hamlet.name,
            hamlet.meetings.target,
            hamlet.meetings.done,
            hamlet.meetings.gap,
            hamlet.meetings.percent,
            hamlet.meetings_ahead,
            hamlet.participants.target,
            hamlet.participants.done,
            hamlet.households_present,
            hamlet.households_total,
            hamlet.coverage_percent,
        ]
        for place, hamlet in enumerate(report.hamlets, start=1)
    ]
    _table(book, book.sheet(_("By hamlet")), _("Results by hamlet"), heads, rows)


def _meetings(book: _Book, meetings: Sequence[MeetingFigures]) -> None:
    heads = [
        Head(_("No."), 6),
        Head(_("Meeting"), 30),
        Head(_("Hamlets"), 18),
        Head(_("Starts at"), 18),
        Head(_("Venue"), 20),
        Head(_("State"), 11),
        Head(_("Invitations in all")),
        Head(_("Reached (contact confirmed)")),
        Head(_("Attendances")),
        Head(_("Women")),
        Head(_("Ethnic minority")),
        Head(_("Poor households")),
        Head(_("Near-poor households")),
        Head(_("Newly escaped from poverty")),
        Head(_("Newly escaped from near-poverty")),
        Head(_("Other")),
        Head(_("Counted on the spot")),
    ]
    sheet = book.sheet(_("Meetings"))
    rows = (_meeting_row(place, meeting) for place, meeting in enumerate(meetings, start=1))
    end = _table(book, sheet, _("Meetings and attendances"), heads, rows)
    invited = sum(meeting.invitations.invited for meeting in meetings)
    reached = sum(meeting.invitations.reached for meeting in meetings)
    crowd = Crowd()
    for meeting in meetings:
        crowd = crowd + meeting.turnout.attendances
    total = [None, _("Total"), None, None, None, None, invited, reached, *_crowd_cells(crowd), None]
    for column, value in enumerate(total):
        book.write(sheet, end, column, value, bold=True)


def _meeting_row(place: int, meeting: MeetingFigures) -> list[Value]:
    when = meeting.starts_at or (f"{meeting.month:%m/%Y}" if meeting.month else None)
    return [
        place,
        meeting.title,
        ", ".join(meeting.hamlets),
        when,
        meeting.venue,
        str(words.STAGES[meeting.stage]),
        meeting.invitations.invited,
        meeting.invitations.reached,
        *_crowd_cells(meeting.turnout.attendances),
        meeting.headcount,
    ]


def _crowd_cells(crowd: Crowd) -> list[int]:
    classes = crowd.by_class
    return [
        crowd.total,
        crowd.women,
        crowd.ethnic_minority,
        classes.poor,
        classes.near_poor,
        classes.newly_escaped,
        classes.newly_escaped_near_poor,
        classes.other,
    ]


def _attendance(book: _Book, lines: Iterable[AttendanceLine]) -> None:
    heads = [
        Head(_("No."), 6),
        Head(_("Full name"), 28),
        Head(_("Hamlet"), 22),
        Head(_("Household of"), 26),
        Head(_("Stood in by"), 24),
        Head(_("Guest"), 10),
        Head(_("Meeting"), 34),
        Head(_("Checked in at"), 18),
    ]
    rows = (
        [
            place,
            line.name,
            line.hamlet,
            line.household_head,
            line.stood_in_by,
            "x" if line.is_guest else "",
            line.meeting,
            line.at,
        ]
        for place, line in enumerate(lines, start=1)
    )
    _table(book, book.sheet(_("Attendance list")), _("Attendance list"), heads, rows)
