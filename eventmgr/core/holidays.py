"""Working days of the office: which days are free is a table, as the Government decides it anew each year."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from eventmgr.core.audit import record_audit
from eventmgr.core.db import NAME, Base, db, short_text
from eventmgr.core.errors import NotFound
from eventmgr.core.text import clean_text

SATURDAY = 5

FIXED_HOLIDAYS: dict[tuple[int, int], str] = {
    (1, 1): "Tết Dương lịch",
    (4, 30): "Ngày Chiến thắng",
    (5, 1): "Ngày Quốc tế lao động",
    (9, 2): "Quốc khánh",
}
"""The free days that fall on the same date each year, by month and day.
Source: Bộ luật Lao động 45/2019/QH14, Điều 112(1). Tết, Giỗ Tổ and the second day of Quốc khánh follow the moon or a
yearly notice and are entered by hand."""

SOURCE_OF_FIXED = "Bộ luật Lao động 45/2019/QH14, Điều 112"


class PublicHoliday(Base):
    """A day on which offices are shut, a weekend's day in its place too, with the paper that says so."""

    __tablename__ = "public_holiday"

    day: Mapped[date] = mapped_column(primary_key=True)
    name: Mapped[str] = short_text(NAME)
    source: Mapped[str] = short_text(NAME, default="")


def holidays_between(first: date, last: date) -> list[PublicHoliday]:
    """The public holidays from `first` to `last`, both included, in order."""
    return list(
        db.session.scalars(
            sa.select(PublicHoliday).where(PublicHoliday.day.between(first, last)).order_by(PublicHoliday.day)
        )
    )


def fixed_holidays_missing(year: int) -> list[tuple[date, str]]:
    """The holidays of a fixed date that are not in the table yet."""
    known = {row.day for row in holidays_between(date(year, 1, 1), date(year, 12, 31))}
    days = [(date(year, month, day), name) for (month, day), name in FIXED_HOLIDAYS.items()]
    return [(day, name) for day, name in days if day not in known]


def keep_holiday(day: date, name: str, source: str, *, by: Any, now: datetime) -> None:
    """Enter a free day, or say it anew. Due days that were counted before stay as they are."""
    db.session.merge(PublicHoliday(day=day, name=clean_text(name), source=clean_text(source)))
    db.session.flush()
    record_audit("keep_holiday", "public_holiday", by=by, now=now, after={"day": day.isoformat()})


def keep_fixed_holidays(year: int, *, by: Any, now: datetime) -> None:
    """Enter the holidays of a fixed date that are missing in a year."""
    for day, name in fixed_holidays_missing(year):
        keep_holiday(day, name, SOURCE_OF_FIXED, by=by, now=now)


def remove_holiday(day: date, *, by: Any, now: datetime) -> None:
    """A day is not free after all. Raises NotFound."""
    row = db.session.get(PublicHoliday, day)
    if row is None:
        raise NotFound
    db.session.delete(row)
    db.session.flush()
    record_audit("remove_holiday", "public_holiday", by=by, now=now, before={"day": day.isoformat()})


def is_working_day(day: date, holidays: Collection[date]) -> bool:
    """Whether the office works on `day`."""
    return day.weekday() < SATURDAY and day not in holidays


def add_working_days(day: date, count: int, holidays: Collection[date]) -> date:
    """The last of `count` working days after `day`, which is not counted itself.

    Source: Bộ luật Dân sự 91/2015/QH13, Điều 147(2): a period begins on the day after.
    """
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day, holidays)
    return day


def add_days(day: date, count: int, holidays: Collection[date]) -> date:
    """The end of a period of `count` days after `day`: on a free day it goes on to the next working day.

    Source: Bộ luật Dân sự 91/2015/QH13, Điều 148(5).
    """
    day += timedelta(days=count)
    while not is_working_day(day, holidays):
        day += timedelta(days=1)
    return day
