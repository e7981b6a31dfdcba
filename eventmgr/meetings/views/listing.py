"""Pages that show meetings: the list, the calendar, a series, one meeting."""

from __future__ import annotations

from calendar import Calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import current_app, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from eventmgr.areas.models import Area
from eventmgr.areas.queries import areas_in
from eventmgr.areas.values import Level
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.clock import local_day, now
from eventmgr.core.language import say_month
from eventmgr.meetings.forms.scheduling import ALL_AUDIENCE, UNITS, month_from
from eventmgr.meetings.meeting_page import describe_meeting
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.queries import listing
from eventmgr.meetings.queries.audience import subject_of
from eventmgr.meetings.queries.meetings import (
    get_meeting_visible_to,
    get_series_visible_to,
    meetings_of_series_visible_to,
)
from eventmgr.meetings.queries.reminders import planned_reminders
from eventmgr.meetings.queries.scheduling import plans_visible_to
from eventmgr.meetings.services.scheduling import CHANGEABLE, WITH_MINUTES
from eventmgr.meetings.values import NEXT_STATUSES, MeetingStatus
from eventmgr.meetings.views import bp
from eventmgr.messaging.queries import kinds_sent
from eventmgr.messaging.values import BatchKind

CHOICE_LENGTH = 36
"""Characters of a plan's title in a list to choose from."""

FILTERS = ("hamlet", "status", "plan", "month")
STATUS_WORDS = {
    MeetingStatus.TENTATIVE: lazy_gettext("Tentative"),
    MeetingStatus.SCHEDULED: lazy_gettext("Scheduled"),
    MeetingStatus.HELD: lazy_gettext("Held"),
    MeetingStatus.CLOSED: lazy_gettext("Closed with figures"),
    MeetingStatus.CANCELLED: lazy_gettext("Not held"),
}


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day of the calendar with its meetings."""

    day: date
    in_month: bool
    is_today: bool
    meetings: list[Meeting]


@bp.get("/meetings")
@requires(Permission.VIEW_MEETINGS)
def index() -> str:
    """The list: what comes next first."""
    seen = scope(Permission.VIEW_MEETINGS)
    chosen, when = _filter()
    page = max(request.args.get("page", 1, type=int), 1)
    count = listing.count_meetings(seen, chosen, now=now())
    meetings = listing.list_meetings(seen, chosen, now=now(), page=page)
    args = {name: request.args[name] for name in (*FILTERS, "when") if request.args.get(name)}
    return render_template(
        "meetings/index.html",
        meetings=meetings,
        count=count,
        any_at_all=count or listing.count_meetings(seen, listing.MeetingFilter(), now=now()),
        invited=listing.invited_to([meeting.id for meeting in meetings]),
        hamlets=[(hamlet.id, hamlet.name) for hamlet in areas_in(seen, Level.HAMLET)],
        statuses=[(status.value, words) for status, words in STATUS_WORDS.items()],
        plans=[
            (plan.id, plan.number or _shortened(plan.title)) for plan in plans_visible_to(scope(Permission.VIEW_PLANS))
        ],
        chips=_chips(args, when),
        filtered=any(name in args for name in FILTERS),
        when=when,
        may_plan=_may_plan(),
        previous_url=_list_url(args, page=page - 1) if page > 1 else None,
        next_url=_list_url(args, page=page + 1) if page * listing.MEETINGS_A_PAGE < count else None,
    )


def _list_url(args: dict[str, Any], **more: Any) -> str:
    return url_for(".index", **(args | more))


def _filter() -> tuple[listing.MeetingFilter, str]:
    status = request.args.get("status", "")
    narrowed = any(request.args.get(name) for name in FILTERS)
    when = request.args.get("when", "all" if narrowed else "coming")
    return (
        listing.MeetingFilter(
            hamlet_id=request.args.get("hamlet", type=int),
            status=MeetingStatus(status) if status in set(MeetingStatus) else None,
            plan_id=request.args.get("plan", type=int),
            month=month_from(request.args.get("month", "")),
            coming_only=when == "coming",
            past_only=when == "past",
        ),
        when,
    )


def _chips(args: dict[str, str], when: str) -> list[dict[str, object]]:
    labels = {"coming": _("To come"), "past": _("Past and called off"), "all": _("All")}
    return [
        {"label": label, "href": _list_url(args | {"when": name}), "active": name == when}
        for name, label in labels.items()
    ]


@bp.get("/meetings/calendar")
@requires(Permission.VIEW_MEETINGS)
def calendar() -> str:
    """A month, week by week; on a phone the days with meetings only."""
    seen = scope(Permission.VIEW_MEETINGS)
    today = local_day(now())
    month = month_from(request.args.get("month", "")) or today.replace(day=1)
    weeks = Calendar().monthdatescalendar(month.year, month.month)
    meetings = listing.meetings_between(seen, weeks[0][0], weeks[-1][-1])
    by_day: dict[date, list[Meeting]] = {}
    for meeting in meetings:
        if meeting.starts_at:
            by_day.setdefault(local_day(meeting.starts_at), []).append(meeting)
    earlier, later = listing.month_before(month), listing.next_month(month)
    return render_template(
        "meetings/calendar.html",
        month=month,
        weeks=[
            [CalendarDay(day, day.month == month.month, day == today, by_day.get(day, [])) for day in week]
            for week in weeks
        ],
        weekdays=[weeks[0][0] + timedelta(days=place) for place in range(7)],
        without_day=listing.meetings_without_day(seen, month),
        count=sum(len(found) for day, found in by_day.items() if day.month == month.month),
        may_plan=_may_plan(),
        earlier=(url_for(".calendar", month=f"{earlier:%Y-%m}"), say_month(earlier)),
        later=(url_for(".calendar", month=f"{later:%Y-%m}"), say_month(later)),
        this_month=None if month == today.replace(day=1) else url_for(".calendar"),
    )


@bp.get("/series/<int:series_id>")
@requires(Permission.VIEW_MEETINGS)
def series(series_id: int) -> str:
    """Meetings made in one go: how far each is, and inviting to all of them."""
    seen = scope(Permission.VIEW_MEETINGS)
    found = get_series_visible_to(seen, series_id)
    meetings = meetings_of_series_visible_to(seen, series_id)
    invited = listing.invited_to([meeting.id for meeting in meetings])
    return render_template(
        "meetings/series.html",
        series=found,
        meetings=meetings,
        invited=invited,
        total_invited=sum(figures.invited for figures in invited.values()),
        total_coming=sum(figures.coming for figures in invited.values()),
        to_invite=sum(
            1 for meeting in meetings if meeting.status == MeetingStatus.SCHEDULED and not invited[meeting.id].invited
        ),
        may_edit=scope(Permission.EDIT_MEETINGS).covers(found.area.path),
        invite_url=_url("meetings.invite_series", Permission.INVITE, found.area, series_id=series_id),
    )


@bp.get("/meetings/<int:meeting_id>")
@requires(Permission.VIEW_MEETINGS)
def show(meeting_id: int) -> str:
    """Is it ready?"""
    meeting = get_meeting_visible_to(scope(Permission.VIEW_MEETINGS), meeting_id)
    invited = listing.invited_to([meeting.id])[meeting.id]
    told = kinds_sent(subject_of(meeting.id))
    may_edit = scope(Permission.EDIT_MEETINGS).covers(meeting.area.path)
    return render_template(
        "meetings/show.html",
        meeting=meeting,
        invited=invited,
        page=describe_meeting(meeting, invited, reminded=BatchKind.REMIND in told, now=now()),
        audience=[words for value, words in ALL_AUDIENCE if value in meeting.audience_classes],
        planned=planned_reminders(meeting, now()) if meeting.status == MeetingStatus.SCHEDULED else None,
        unit=dict(UNITS)[meeting.invite_unit.value],
        may_edit=may_edit,
        may_change=may_edit and meeting.status in CHANGEABLE,
        may_cancel=may_edit and MeetingStatus.CANCELLED in NEXT_STATUSES[meeting.status],
        may_close=may_edit and MeetingStatus.CLOSED in NEXT_STATUSES[meeting.status],
        may_reopen=may_edit and meeting.status == MeetingStatus.CLOSED,
        may_write=may_edit and meeting.status in WITH_MINUTES,
        urls={
            "invite": _url("meetings.invite", Permission.INVITE, meeting.area, meeting_id=meeting_id),
            "invitations": _url("meetings.invitations", Permission.VIEW_RESIDENTS, None, meeting_id=meeting_id),
            "not_reached": _url(
                "meetings.invitations", Permission.VIEW_RESIDENTS, None, meeting_id=meeting_id, show="not_reached"
            ),
            "reminders": _url("meetings.reminders", Permission.INVITE, meeting.area, meeting_id=meeting_id),
            "papers": _url("meetings.papers", Permission.INVITE, meeting.area, meeting_id=meeting_id),
            "check_in": _url("checkin.meeting_board", Permission.CHECK_IN, None, meeting_id=meeting_id),
            "scanner": _url("checkin.scanner", Permission.CHECK_IN, None, meeting=meeting_id),
            "report": _url("reports.meeting", Permission.VIEW_REPORTS, meeting.area, meeting_id=meeting_id),
            "plan": _url("plans.show", Permission.VIEW_PLANS, meeting.area, plan_id=meeting.plan_id),
        },
    )


def _url(endpoint: str, permission: Permission, area: Area | None, **values: Any) -> str | None:
    """The address of another room's page, if that room is there and this person may open it."""
    if endpoint not in current_app.view_functions or None in values.values():
        return None
    reach = scope(permission)
    if not reach or (area is not None and not reach.covers(area.path)):
        return None
    return url_for(endpoint, **values)


def _shortened(title: str) -> str:
    return title if len(title) <= CHOICE_LENGTH else title[:CHOICE_LENGTH].rsplit(" ", 1)[0] + "…"


def _may_plan() -> bool:
    return bool(areas_in(scope(Permission.EDIT_MEETINGS), Level.COMMUNE))
