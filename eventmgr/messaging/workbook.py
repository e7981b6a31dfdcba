"""What came of a batch, as a workbook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

import xlsxwriter
from flask_babel import gettext as _


@dataclass(frozen=True, slots=True)
class ResultLine:
    """A message as its row says it, in the language of the person who downloads."""

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
        _("Phone"),
        _("Text"),
        _("State"),
        _("Billed parts"),
        _("Price (đ)"),
        _("Attempts"),
        _("Settled at"),
        _("Remark"),
    ]
    sheet.set_column(1, 1, 16)
    sheet.set_column(2, 2, 60)
    sheet.set_column(3, 3, 24)
    sheet.set_column(7, 8, 28)
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(titles):
        sheet.write_string(0, column, title, bold)
    row = 0
    for row, line in enumerate(lines, start=1):
        sheet.write_number(row, 0, row)
        sheet.write_string(row, 1, line.phone)
        sheet.write_string(row, 2, line.text)
        sheet.write_string(row, 3, line.state)
        sheet.write_number(row, 4, line.segments)
        sheet.write_number(row, 5, line.price)
        sheet.write_number(row, 6, line.attempts)
        sheet.write_string(row, 7, line.settled)
        sheet.write_string(row, 8, line.remark)
    book.close()
    return row
