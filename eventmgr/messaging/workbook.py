"""What came of a batch, as a workbook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import IO

import xlsxwriter
from flask_babel import gettext as _


@dataclass(frozen=True, slots=True)
class ResultLine:
    """A message as its row says it, in the language of the person who downloads, in the order of the columns."""

    name: str  # whom it was for; empty: not known
    household_code: str
    hamlet: str
    phone: str
    text: str
    state: str
    segments: int
    price: int  # đồng
    attempts: int
    settled: str
    remark: str


def write_results(lines: Iterable[ResultLine], content: IO[bytes]) -> int:
    """Write an .xlsx of the lines and tell how many those were. What people typed never becomes a formula or a link."""
    book = xlsxwriter.Workbook(
        content, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet(_("Messages"))
    bold = book.add_format({"bold": True, "bottom": 1})
    titles = [
        _("No."),
        _("Full name"),
        _("Household code"),
        _("Hamlet"),
        _("Phone"),
        _("Text"),
        _("State"),
        _("Billed parts"),
        _("Price (đ)"),
        _("Attempts"),
        _("Settled at"),
        _("Remark"),
    ]
    for columns, width in {"B:B": 28, "C:C": 16, "D:D": 20, "E:E": 16, "F:F": 60, "G:G": 24, "K:L": 28}.items():
        sheet.set_column(columns, width)
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(titles):
        sheet.write_string(0, column, title, bold)
    row = 0
    for row, line in enumerate(lines, start=1):
        sheet.write_number(row, 0, row)
        for column, value in enumerate(astuple(line), start=1):
            (sheet.write_number if isinstance(value, int) else sheet.write_string)(row, column, value)
    book.close()
    return row
