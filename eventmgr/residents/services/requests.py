"""The register of what people ask about the data kept of them, with the days the law gives."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _

from eventmgr.areas.models import Area
from eventmgr.core.audit import record_audit
from eventmgr.core.clock import local_day
from eventmgr.core.db import db
from eventmgr.core.errors import Conflict, RuleBroken
from eventmgr.core.holidays import add_days, add_working_days, holidays_between
from eventmgr.core.text import clean_text
from eventmgr.residents.models import DataRequest
from eventmgr.residents.rights import (
    ANSWER_WORKING_DAYS,
    DEADLINES,
    Refusal,
    RequestDetails,
    RequestKind,
    RequestState,
)
from eventmgr.residents.services.consents import refuse_future

LONGEST_BREAK = timedelta(days=30)
"""More days than any row of free days has: how far to look for holidays beyond a period's end."""


class RequestClosed(Conflict):
    """Done or refused already."""

    code = "request_closed"
    sentence = _("This request is closed already.")


class ExtendedAlready(RuleBroken):
    """The law allows one extension."""

    code = "extended_already"
    sentence = _("The time was extended once; the law allows no second time.")


class ReasonMissing(RuleBroken):
    """An extension or a refusal without its reason."""

    code = "reason_missing"
    sentence = _("Write the reason, as the person is told it.")


def days_of(kind: RequestKind, *, with_processor: bool) -> int:
    """How many days a request of this kind may take."""
    deadline = DEADLINES[kind]
    return deadline.with_processor if with_processor else deadline.days


def due_days(kind: RequestKind, received_on: date, *, with_processor: bool) -> tuple[date, date]:
    """Until when a request is to be answered, and until when it is to be done."""
    days = days_of(kind, with_processor=with_processor)
    holidays = {row.day for row in holidays_between(received_on, received_on + timedelta(days=days) + LONGEST_BREAK)}
    return (
        add_working_days(received_on, ANSWER_WORKING_DAYS, holidays),
        add_days(received_on, days, holidays),
    )


def register_request(commune: Area, details: RequestDetails, *, by: Any, now: datetime) -> DataRequest:
    """Enter a request in the commune's register. Raises NotYet."""
    refuse_future(details.received_on, now)
    answer_due_on, due_on = due_days(details.kind, details.received_on, with_processor=details.with_processor)
    request = DataRequest(
        area_id=commune.id,
        **(details.about.key if details.about else {}),
        kind=details.kind,
        requester=clean_text(details.requester),
        relation=clean_text(details.relation),
        wording=details.wording.strip(),
        received_on=details.received_on,
        received_by=details.received_by,
        with_processor=details.with_processor,
        answer_due_on=answer_due_on,
        due_on=due_on,
        recorded_by_id=getattr(by, "id", None),
        recorded_at=now,
    )
    db.session.add(request)
    db.session.flush()
    _audit("register_request", request, by, now, kind=request.kind.value, due_on=due_on.isoformat())
    return request


def answer_request(request: DataRequest, *, by: Any, now: datetime) -> None:
    """The person was told that the request is taken up; a second time changes nothing. Raises RequestClosed."""
    _refuse_closed(request)
    if request.answered_on is None:
        request.answered_on = local_day(now)
        _audit("answer_request", request, by, now)


def extend_request(request: DataRequest, reason: str, *, by: Any, now: datetime) -> None:
    """Take as many days once more. Raises RequestClosed, ExtendedAlready, ReasonMissing."""
    _refuse_closed(request)
    if request.extended_on is not None:
        raise ExtendedAlready
    request.extension_reason = _reason(reason)
    request.extended_on = local_day(now)
    days = days_of(request.kind, with_processor=request.with_processor)
    first = request.due_on
    holidays = {row.day for row in holidays_between(first, first + timedelta(days=days) + LONGEST_BREAK)}
    request.due_on = add_days(first, days, holidays)
    _audit("extend_request", request, by, now, due_on=request.due_on.isoformat())


def finish_request(request: DataRequest, outcome: str, *, by: Any, now: datetime) -> None:
    """What was asked is done. Raises RequestClosed, ReasonMissing."""
    _close(request, RequestState.DONE, outcome, now)
    _audit("finish_request", request, by, now)


def refuse_request(request: DataRequest, ground: Refusal, outcome: str, *, by: Any, now: datetime) -> None:
    """Say no, on one of the law's grounds and with the reason told to the person. Raises RequestClosed, ReasonMissing."""
    _close(request, RequestState.REFUSED, outcome, now)
    request.refusal = ground
    _audit("refuse_request", request, by, now, ground=ground.value)


def _close(request: DataRequest, state: RequestState, outcome: str, now: datetime) -> None:
    _refuse_closed(request)
    request.outcome = _reason(outcome)
    request.state = state
    request.closed_on = local_day(now)
    request.answered_on = request.answered_on or request.closed_on


def _reason(text: str) -> str:
    if not clean_text(text):
        raise ReasonMissing
    return text.strip()


def _refuse_closed(request: DataRequest) -> None:
    if request.state is not RequestState.OPEN:
        raise RequestClosed


def _audit(action: str, request: DataRequest, by: Any, now: datetime, **after: Any) -> None:
    record_audit(action, f"data_request:{request.id}", by=by, now=now, area_id=request.area_id, after=after or None)
