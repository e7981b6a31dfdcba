"""Which language a page speaks, and how it says days, hours and amounts.

Vietnamese unless the person chose English. Words for residents' texts are data, not here.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Flask, has_request_context, request, session
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user

from eventmgr.core.clock import local
from eventmgr.extensions import babel

LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}
CHOICE = "language"
"""Where the session keeps the choice of somebody who is not signed in."""

WEEKDAYS_VI = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def choose_language() -> str:
    """This request's language: the person's own, else the session's, else Vietnamese."""
    if not has_request_context():
        return "vi"  # a command or a task speaks as the office does
    if request.args.get("lang") in LANGUAGES:
        return request.args["lang"]
    own = getattr(current_user, "locale", None) if current_user else None
    chosen = own or session.get(CHOICE)
    return chosen if chosen in LANGUAGES else "vi"


def is_vietnamese() -> bool:
    """Whether the current page speaks Vietnamese."""
    locale = get_locale()
    return locale is None or locale.language == "vi"


def say_weekday(day: date) -> str:
    """The weekday as people write it: "thứ Năm"."""
    return (WEEKDAYS_VI if is_vietnamese() else WEEKDAYS_EN)[day.weekday()]


def say_day(day: date | datetime) -> str:
    """A day with its weekday: "thứ Năm, 15/6/2023". An instant is taken in the commune's zone."""
    if isinstance(day, datetime):
        day = local(day).date()
    return f"{say_weekday(day)}, {day.day}/{day.month}/{day.year}"


def say_clock_time(instant: datetime) -> str:
    """The hour and minute by the commune's clocks: "07:30"."""
    return local(instant).strftime("%H:%M")


def say_moment(instant: datetime) -> str:
    """Hour and day: "07:30 thứ Năm, 15/6/2023"."""
    return f"{say_clock_time(instant)} {say_day(instant)}"


def say_month(day: date) -> str:
    """A month: "tháng 6/2023"."""
    return _("month %(month)s/%(year)s", month=day.month, year=day.year)


def say_number(value: float | None) -> str:
    """1.234.567 in Vietnamese, 1,234,567 in English; one decimal where there is a part; – for none."""
    if value is None:
        return "–"
    text = f"{value:,.1f}" if isinstance(value, float) and not value.is_integer() else f"{value:,.0f}"
    return text.translate(str.maketrans(",.", ".,")) if is_vietnamese() else text


def init_language(app: Flask) -> None:
    """Bind Babel and offer the words above to templates as filters."""
    babel.init_app(app, locale_selector=choose_language)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    filters: dict[str, Any] = {
        "weekday": say_weekday,
        "day": say_day,
        "clock_time": say_clock_time,
        "moment": say_moment,
        "month": say_month,
        "thousands": say_number,
    }
    app.jinja_env.filters.update(filters)
    app.context_processor(lambda: {"languages": LANGUAGES, "language": "vi" if is_vietnamese() else "en"})
