"""How numbers, days and document numbers are written on a Vietnamese administrative paper."""

from datetime import date, datetime
from decimal import Decimal

from eventmgr.reports.values import Progress

WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")


def thousands(number: int | Decimal) -> str:
    """1234567 -> `1.234.567`."""
    return f"{number:,.0f}".replace(",", ".")


def decimal_comma(number: Decimal) -> str:
    """Decimal("95.50") -> `95,5`; a whole number has no decimals."""
    text = format(number.normalize(), "f")
    return text.replace(".", ",")


def percent(number: Decimal | None) -> str:
    """Decimal("95.5") -> `95,5%`; nothing when there is no percentage."""
    return "" if number is None else f"{decimal_comma(number)}%"


def short_day(day: date) -> str:
    """`05/06/2023`, as tables have it."""
    return f"{day:%d/%m/%Y}"


def long_day(day: date | None) -> str:
    """`ngày 05 tháng 6 năm 2023`; days under 10 and months 1 and 2 alone are padded.

    Without a day, blanks are left to be filled in by hand. Source: Nghị định 30/2020/NĐ-CP, Phụ lục I, mục II.4.
    """
    if day is None:
        return "ngày      tháng      năm         "
    month = f"{day.month:02}" if day.month < 3 else str(day.month)
    return f"ngày {day.day:02} tháng {month} năm {day.year}"


def hour_and_day(moment: datetime) -> str:
    """`07 giờ 30 phút, ngày 15 tháng 6 năm 2023 (thứ Năm)`."""
    return f"{moment:%H} giờ {moment:%M} phút, {long_day(moment.date())} ({WEEKDAYS[moment.weekday()]})"


def document_number(number: str, code: str, abbreviation: str = "UBND") -> str:
    """`7` -> `07/KH-UBND`; no number -> room for it; a number already written out stays as it is."""
    typed = number.strip()
    if "/" in typed:
        return typed
    if typed.isdigit():
        typed = f"{int(typed):02}"
    return f"{typed or '      '}/{code}-{abbreviation}"


def compared(progress: Progress, unit: str) -> str:
    """`8/10 hội nghị, đạt 80%`; without a target only the count."""
    if not progress.target:
        return f"{thousands(progress.done)} {unit}"
    return f"{thousands(progress.done)}/{thousands(progress.target)} {unit}, đạt {percent(progress.percent)}"
