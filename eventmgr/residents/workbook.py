"""The list of households as a workbook."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

import xlsxwriter
from flask_babel import gettext as _

from eventmgr.core.phone import national_form
from eventmgr.residents.values import HouseholdLine
from eventmgr.residents.words import POVERTY_CLASSES


def write_households(lines: Iterable[HouseholdLine], content: IO[bytes]) -> int:
    """Write an .xlsx of the lines, in their order, and tell how many those were.

    What people typed stays text and never becomes a formula.
    """
    # With constant_memory rows go to a file as they come, so a long list needs little memory.
    book = xlsxwriter.Workbook(
        content, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet(_("Households"))
    bold = book.add_format({"bold": True, "bottom": 1})
    titles = [_("No."), _("Head of household"), _("Commune"), _("Hamlet"), _("Poverty class"), _("Members"), _("Phone")]
    sheet.set_column(1, 1, 28)
    sheet.set_column(2, 6, 20)
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(titles):
        sheet.write_string(0, column, title, bold)
    row = 0
    for row, line in enumerate(lines, start=1):
        phones = "; ".join(national_form(phone) for phone in line.phones)
        sheet.write_number(row, 0, row)
        sheet.write_string(row, 1, line.head)
        sheet.write_string(row, 2, line.commune)
        sheet.write_string(row, 3, line.hamlet)
        sheet.write_string(row, 4, str(POVERTY_CLASSES[line.poverty_class]))
        sheet.write_number(row, 5, line.members)
        sheet.write_string(row, 6, phones)
    book.close()
    return row
