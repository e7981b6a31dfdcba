"""Pages that put meetings on the calendar, change them and call them off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.areas.models import Area
from eventmgr.areas.queries import areas_in, hamlets_of
from eventmgr.areas.values import Level
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.clock import local, now
from eventmgr.core.codes import new_code
from eventmgr.core.db import after_commit, unit_of_work
from eventmgr.core.errors import EventmgrError, NotAllowed, RuleBroken
from eventmgr.core.language import say_moment
from eventmgr.meetings.forms.scheduling import (
    USUAL_SHORT_VENUE,
    USUAL_TITLE,
    CancelForm,
    MeetingForm,
    SeriesForm,
    SlotsForm,
    SummaryForm,
    slot_details,
)
from eventmgr.meetings.forms.telling import NoticeForm
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.queries.meetings import get_meeting_visible_to
from eventmgr.meetings.queries.scheduling import plans_of, topics_of_plan
from eventmgr.meetings.services import noticing, scheduling
from eventmgr.meetings.services.inviting import NoContactPhone
from eventmgr.meetings.values import NEXT_STATUSES, MeetingStatus, SeriesDetails
from eventmgr.meetings.views import bp
from eventmgr.messaging.budgets import OverBudget
from eventmgr.messaging.library import TextNotRegistered
from eventmgr.messaging.services import AlreadyQueued, TextTooLong, TooLateToSend
from eventmgr.messaging.tasks import send_due
from eventmgr.messaging.texts import EmptyValue, UnknownPlaceholder
from eventmgr.messaging.values import BatchKind, Queued
from eventmgr.messaging.words import describe_leaving
from eventmgr.plans.models import Plan

Answer = str | Response | tuple[str, int]
NOTICE_REFUSALS = (
    TooLateToSend,
    TextTooLong,
    AlreadyQueued,
    EmptyValue,
    UnknownPlaceholder,
    NoContactPhone,
    OverBudget,
    TextNotRegistered,
)
"""Why a notice does not go: told beside its words, and the change is not made either."""


# --- A series -----------------------------------------------------------------------------------


@bp.route("/meetings/new", methods=["GET", "POST"])
@requires(Permission.EDIT_MEETINGS)
def new_series() -> Answer:
    """One meeting in every hamlet: the form, a preview of all, then all are made."""
    commune = _commune()
    hamlets = hamlets_of(commune)
    form = SeriesForm(title=USUAL_TITLE, venue_short=USUAL_SHORT_VENUE, request_key=new_code())
    _offer(form, commune, hamlets)
    step = request.form.get("step", "")
    if request.method == "GET":
        form.hamlets.data = [hamlet.id for hamlet in hamlets]
        plans = plans_of(commune)
        form.plan.data = _wanted_plan(plans)
        return _series_form(form, commune, hamlets)
    names = {hamlet.id: hamlet.name for hamlet in hamlets}
    if step == "back" or not form.validate_on_submit():
        return _series_form(form, commune, hamlets, 422 if form.errors and step != "back" else 200)
    if step != "create":
        return _first_preview(form, commune, names)
    slots = SlotsForm(request.form)
    if not _slots_good(slots, form, names):
        return _preview(form, slots, commune, names, wrong=True), 422
    details = SeriesDetails(
        title=form.title.data or "",
        meetings=tuple(slot_details(form, row.form, names) for row in slots.slots),
        plan_id=form.plan.data or None,
        request_key=form.request_key.data or None,
    )
    try:
        with unit_of_work():
            series = scheduling.schedule_series(commune, details, by=current_user, now=now())
    except scheduling.HamletBusy as error:
        _put_on_row(slots, error.facts["hamlet_id"], error)
        return _preview(form, slots, commune, names, wrong=True), 422
    except scheduling.ForeignTopic as error:
        form.topics.errors = [error.message]
        return _series_form(form, commune, hamlets, 422)
    made = len(details.meetings)
    flash(ngettext("%(num)d meeting is made.", "%(num)d meetings are made.", made), "success")
    return redirect(url_for("meetings.series", series_id=series.id))


def _first_preview(form: SeriesForm, commune: Area, names: dict[int, str]) -> Answer:
    # The hamlets stand in Vietnamese order, as the list offers them.
    chosen = [hamlet_id for hamlet_id in names if hamlet_id in (form.hamlets.data or ())]
    times: list[Any] = [(None, None)] * len(chosen) if form.is_tentative else form.spacing.slots(len(chosen))
    slots = SlotsForm(
        data={
            "slots": [
                {"hamlet_id": hamlet_id, "day": day, "hour": hour, "venue": form.venue_in(names[hamlet_id])}
                for hamlet_id, (day, hour) in zip(chosen, times, strict=True)
            ]
        }
    )
    # What is already wrong is told before anything else is asked; a first day that is past belongs on the form.
    try:
        scheduling.check_time(slot_details(form, slots.slots[0].form, names), now=now())
    except EventmgrError as error:
        field = form.month if form.is_tentative else form.first_day
        field.errors = [error.message]
        return _series_form(form, commune, hamlets_of(commune), 422)
    return _preview(form, slots, commune, names)


def _slots_good(slots: SlotsForm, form: SeriesForm, names: dict[int, str]) -> bool:
    if not slots.slots or any(row.form.hamlet_id.data not in names for row in slots.slots):
        raise scheduling.NoHamlets
    good = slots.validate_with(form)
    for row in slots.slots:
        if row.errors:
            continue
        try:
            scheduling.check_time(slot_details(form, row.form, names), now=now())
        except EventmgrError as error:
            row.form.day.errors = [error.message]
            good = False
    return good


def _put_on_row(slots: SlotsForm, hamlet_id: int, error: EventmgrError) -> None:
    for row in slots.slots:
        if row.form.hamlet_id.data == hamlet_id:
            row.form.day.errors = [error.message]


def _series_form(form: SeriesForm, commune: Area, hamlets: list[Area], status: int = 200) -> Answer:
    return render_template("meetings/new_series.html", form=form, commune=commune, hamlets=hamlets), status


def _preview(form: SeriesForm, slots: SlotsForm, commune: Area, names: dict[int, str], *, wrong: bool = False) -> str:
    return render_template(
        "meetings/series_preview.html",
        form=form,
        slots=slots,
        commune=commune,
        names=names,
        kept=_kept(form),
        wrong=wrong,
    )


def _kept(form: SeriesForm | MeetingForm) -> list[tuple[str, str]]:
    """All a form said, to travel with the page after it: names of fields with what was typed."""
    return [
        (field.name, value)
        for field in form
        if field.name != "csrf_token"
        for value in (field.raw_data or [])
        if isinstance(value, str)
    ]


# --- One meeting --------------------------------------------------------------------------------


@bp.route("/meetings/new/one", methods=["GET", "POST"])
@requires(Permission.EDIT_MEETINGS)
def new() -> Answer:
    """A single meeting, of one hamlet or of several together."""
    like = request.args.get("like", type=int)
    model = _editable(like) if like else None
    commune = model.area if model else _commune()
    form = MeetingForm(**_values_like(model) if model else {"title": USUAL_TITLE})
    _offer(form, commune, hamlets_of(commune))
    if request.method == "GET" and model is None:
        form.plan.data = _wanted_plan(plans_of(commune))
    if form.validate_on_submit():
        try:
            with unit_of_work():
                meeting = scheduling.schedule_meeting(commune, form.details(), by=current_user, now=now())
        except EventmgrError as error:
            _put_beside(form, error)
        else:
            flash(_("The meeting is made."), "success")
            return redirect(url_for("meetings.show", meeting_id=meeting.id))
    page = render_template("meetings/new.html", form=form, commune=commune, model=model)
    return page, 422 if form.errors else 200


@bp.route("/meetings/<int:meeting_id>/edit", methods=["GET", "POST"])
@requires(Permission.EDIT_MEETINGS)
def edit(meeting_id: int) -> Answer:
    """Change what a meeting says."""
    meeting = _editable(meeting_id)
    if meeting.status not in scheduling.CHANGEABLE:
        raise scheduling.MeetingReadOnly
    form = MeetingForm(**_values_of(meeting))
    _offer(form, meeting.area, hamlets_of(meeting.area), also=meeting.hamlets)
    overtaken = False
    if form.validate_on_submit():
        try:
            offered = _notice_step(meeting, form)
            if offered is not None:
                return offered
            with unit_of_work():
                changed = _editable(meeting_id)
                send, late = _notice_to_send(changed, form), _is_late(changed, form)
                withdrawn = scheduling.change_meeting(
                    changed, form.details(), row_version=_number(form.row_version.data), by=current_user, now=now()
                )
                queued = send()
                after_commit(send_due.wake)
        except NOTICE_REFUSALS as refused:
            meeting = _editable(meeting_id)
            return _refused_notice_page(meeting, form, refused)
        except scheduling.MeetingChanged:
            # What was typed stays; the next save is made knowing what the other person wrote.
            overtaken = True
            meeting = _editable(meeting_id)
            form.row_version.data = str(meeting.row_version)
        except EventmgrError as error:
            _put_beside(form, error)
        else:
            _tell_withdrawn(_("The meeting is saved."), withdrawn)
            _tell_notice(queued)
            return _call_instead(meeting_id) if late else redirect(url_for("meetings.show", meeting_id=meeting_id))
    status = 409 if overtaken else 422 if form.errors else 200
    return render_template("meetings/edit.html", form=form, meeting=meeting, overtaken=overtaken), status


@bp.route("/meetings/<int:meeting_id>/cancel", methods=["GET", "POST"])
@requires(Permission.EDIT_MEETINGS)
def cancel(meeting_id: int) -> Answer:
    """Call a meeting off: what that does, the reason, then it is done."""
    meeting = _editable(meeting_id)
    if MeetingStatus.CANCELLED not in NEXT_STATUSES[meeting.status]:
        raise scheduling.StatusNotAllowed
    form = CancelForm()
    notice_form = _notice_form(meeting, BatchKind.CANCEL)
    notice = _foresee(meeting, notice_form, BatchKind.CANCEL, noticing.timing_after(meeting))
    blocked = notice_form.wants_sending and bool(notice_form.errors)
    if form.validate_on_submit() and "preview" not in request.form and not blocked:
        try:
            with unit_of_work():
                meeting = _editable(meeting_id)
                withdrawn = scheduling.cancel_meeting(meeting, form.reason.data or "", by=current_user, now=now())
                queued = _queue_notice(meeting, notice_form, BatchKind.CANCEL, noticing.timing_after(meeting))
                after_commit(send_due.wake)
        except NOTICE_REFUSALS as refused:
            _put_beside_notice(notice_form, refused)
        else:
            _tell_withdrawn(_("The meeting is called off."), withdrawn)
            _tell_notice(queued)
            late = notice is not None and notice.is_too_late
            return _call_instead(meeting_id) if late else redirect(url_for("meetings.show", meeting_id=meeting_id))
    wrong = form.errors or notice_form.errors
    return (
        render_template(
            "meetings/cancel.html",
            form=form,
            meeting=meeting,
            notice=notice,
            notice_form=notice_form,
            leaving=_leaving(notice),
        ),
        422 if wrong else 200,
    )


# --- Notices ------------------------------------------------------------------------------------


def _notice_step(meeting: Meeting, form: MeetingForm) -> Answer | None:
    """The page between a change of time or place and its saving, where people were texted already: whether and with
    which words to tell them. None once that is said, or where there is nobody to tell."""
    kind = noticing.notice_kind(meeting, form.details())
    if kind is None or not noticing.phones_told(meeting):
        return None
    scheduling.check_change(meeting, form.details(), row_version=_number(form.row_version.data), now=now())
    asked = _notice_form(meeting, kind)
    notice = _foresee(meeting, asked, kind, noticing.timing_after(meeting, form.details()))
    blocked = asked.wants_sending and bool(asked.errors)
    if asked.is_said and not blocked and "preview" not in request.form:
        return None
    return _notice_page(meeting, form, asked, notice)


def _refused_notice_page(meeting: Meeting, form: MeetingForm, refused: EventmgrError) -> tuple[str, int]:
    kind = noticing.notice_kind(meeting, form.details())
    if kind is None:
        raise refused
    asked = _notice_form(meeting, kind)
    notice = _foresee(meeting, asked, kind, noticing.timing_after(meeting, form.details()))
    _put_beside_notice(asked, refused)
    return _notice_page(meeting, form, asked, notice)


def _put_beside_notice(asked: NoticeForm, refused: EventmgrError) -> None:
    field = asked.over_budget if isinstance(refused, OverBudget) else asked.notice_text
    field.errors = [refused.message]


def _notice_page(
    meeting: Meeting, form: MeetingForm, asked: NoticeForm, notice: noticing.Notice | None
) -> tuple[str, int]:
    page = render_template(
        "meetings/notice.html",
        meeting=meeting,
        kept=_kept(form),
        form=asked,
        notice=notice,
        leaving=_leaving(notice),
    )
    return page, 422 if asked.errors else 200


def _leaving(notice: noticing.Notice | None) -> str:
    return str(describe_leaving(notice.leaving, now())) if notice else ""


def _notice_form(meeting: Meeting, kind: BatchKind) -> NoticeForm:
    return NoticeForm(
        request.form if request.method == "POST" else None, notice_text=noticing.usual_notice(meeting, kind)
    )


def _foresee(meeting: Meeting, asked: NoticeForm, kind: BatchKind, timing: noticing.Timing) -> noticing.Notice | None:
    """The notice as it would go; what is wrong with its words stands beside them."""
    if asked.is_said and not asked.validate():
        return None
    try:
        return noticing.foresee_notice(meeting, kind, asked.notice_text.data or "", timing, now=now())
    except RuleBroken as problem:
        asked.notice_text.errors = [problem.message]
        return None


def _notice_to_send(meeting: Meeting, form: MeetingForm) -> Callable[[], Queued | None]:
    """What queues the notice of this change; asked before the change, as afterwards the old time is gone."""
    kind, timing = noticing.notice_kind(meeting, form.details()), noticing.timing_after(meeting, form.details())
    if kind is None:
        return lambda: None
    asked = _notice_form(meeting, kind)
    return lambda: _queue_notice(meeting, asked, kind, timing)


def _is_late(meeting: Meeting, form: MeetingForm) -> bool:
    """Whether there are people to tell of this change whom no text would reach in time."""
    if noticing.notice_kind(meeting, form.details()) is None or not noticing.phones_told(meeting):
        return False
    return noticing.leaves_too_late(meeting, noticing.timing_after(meeting, form.details()), now=now())


def _call_instead(meeting_id: int) -> Response:
    """On to those who know the old news, as no text can tell them in time."""
    flash(_("No text could leave in time. Call these people or go there, and note what came of it."), "warning")
    return redirect(url_for("meetings.invitations", meeting_id=meeting_id, show="not_reached"))


def _queue_notice(meeting: Meeting, asked: NoticeForm, kind: BatchKind, timing: noticing.Timing) -> Queued | None:
    if not asked.wants_sending or noticing.leaves_too_late(meeting, timing, now=now()):
        return None
    return noticing.queue_notice(
        meeting,
        kind,
        asked.notice_text.data or "",
        timing,
        by=current_user,
        now=now(),
        over_budget=bool(asked.over_budget.data),
    )


def _tell_notice(queued: Queued | None) -> None:
    if queued is None or not queued.queued:
        return
    told = ngettext("%(num)d notice is queued.", "%(num)d notices are queued.", queued.queued)
    if queued.waits:
        then = _("A leader has to agree before it goes: the list of messages shows what waits.")
    else:
        then = _("Not before %(moment)s.", moment=say_moment(queued.sends_at))
    flash(f"{told} {then}", "info")


STEPS = {
    "held": scheduling.mark_held,
    "close": scheduling.close_meeting,
    "reopen": scheduling.reopen_meeting,
}


@bp.post("/meetings/<int:meeting_id>/<any(held, close, reopen):step>")
@requires(Permission.EDIT_MEETINGS)
def go_on(meeting_id: int, step: str) -> Response:
    """The meeting took place; its figures are closed; or it is opened again."""
    with unit_of_work():
        STEPS[step](_editable(meeting_id), by=current_user, now=now())
    told = {
        "held": _("The meeting is marked as held. Write down what was said."),
        "close": _("The meeting is closed. Its figures stay as they are."),
        "reopen": _("The meeting is open again. This is kept in the history."),
    }
    flash(told[step], "success")
    return redirect(url_for("meetings.show", meeting_id=meeting_id))


@bp.route("/meetings/<int:meeting_id>/minutes", methods=["GET", "POST"])
@requires(Permission.EDIT_MEETINGS)
def minutes(meeting_id: int) -> Answer:
    """What was said, in a few lines."""
    meeting = _editable(meeting_id)
    if meeting.status not in scheduling.WITH_MINUTES:
        raise scheduling.MeetingReadOnly
    form = SummaryForm(summary=meeting.summary, row_version=str(meeting.row_version))
    overtaken = False
    if form.validate_on_submit():
        try:
            with unit_of_work():
                scheduling.write_summary(
                    _editable(meeting_id),
                    form.summary.data or "",
                    row_version=_number(form.row_version.data),
                    by=current_user,
                    now=now(),
                )
        except scheduling.MeetingChanged:
            overtaken = True
            meeting = _editable(meeting_id)
            form.row_version.data = str(meeting.row_version)
        else:
            flash(_("The minutes are saved."), "success")
            return redirect(url_for("meetings.show", meeting_id=meeting_id))
    status = 409 if overtaken else 422 if form.errors else 200
    return render_template("meetings/minutes.html", form=form, meeting=meeting, overtaken=overtaken), status


# --- The parts ----------------------------------------------------------------------------------


def _commune() -> Area:
    """The commune that meetings are made for: the one asked for, else the first this person may plan for."""
    communes = areas_in(scope(Permission.EDIT_MEETINGS), Level.COMMUNE)
    wanted = request.values.get("commune", type=int)
    chosen = [commune for commune in communes if commune.id == wanted] or communes
    if not chosen:
        raise NotAllowed
    return chosen[0]


def _editable(meeting_id: int) -> Meeting:
    mine = scope(Permission.EDIT_MEETINGS)
    meeting = get_meeting_visible_to(mine, meeting_id, anew=True)
    if not mine.covers(meeting.area.path):
        raise NotAllowed
    return meeting


def _offer(form: SeriesForm | MeetingForm, commune: Area, hamlets: list[Area], also: list[Area] | None = None) -> None:
    known = {hamlet.id for hamlet in hamlets}
    older = [hamlet for hamlet in also or [] if hamlet.id not in known]
    plans = plans_of(commune)
    several = len(plans) > 1
    form.offer(
        hamlets=[(hamlet.id, hamlet.name) for hamlet in hamlets + older],
        plans=[(plan.id, _plan_label(plan)) for plan in plans],
        topics=[
            (topic.id, f"{topic.name} ({plan.number or plan.year})" if several else topic.name)
            for plan in plans
            for topic in topics_of_plan(plan.id)
        ],
    )


def _plan_label(plan: Plan) -> str:
    return f"{plan.number} – {plan.title}" if plan.number else plan.title


def _wanted_plan(plans: list[Plan]) -> int:
    wanted = request.args.get("plan", type=int)
    this_year = local(now()).year
    chosen = [plan for plan in plans if plan.id == wanted] or [plan for plan in plans if plan.year == this_year]
    return chosen[0].id if chosen else 0


def _values_of(meeting: Meeting) -> dict[str, Any]:
    starts = local(meeting.starts_at) if meeting.starts_at else None
    ends = local(meeting.ends_at) if meeting.ends_at else None
    return {
        "row_version": str(meeting.row_version),
        "title": meeting.title,
        "hamlets": [hamlet.id for hamlet in meeting.hamlets],
        "day": starts.date() if starts else None,
        "starts": starts.time() if starts else None,
        "ends": ends.time() if ends else None,
        "month": meeting.month,
        "venue": meeting.venue,
        "venue_short": meeting.venue_short,
        "directions": meeting.directions,
        "audience": meeting.audience_classes,
        "unit": meeting.invite_unit.value,
        "plan": meeting.plan_id or 0,
        "topics": [topic.id for topic in meeting.topics],
    }


def _values_like(meeting: Meeting) -> dict[str, Any]:
    """What another meeting of the kind would say: all but its day. Whom it asks and who came is not copied."""
    own = ("row_version", "day", "month")
    return {name: value for name, value in _values_of(meeting).items() if name not in own}


_FIELD_OF: dict[type[EventmgrError], str] = {
    scheduling.NoHamlets: "hamlets",
    scheduling.HamletInvited: "hamlets",
    scheduling.HamletBusy: "day",
    scheduling.NoTime: "day",
    scheduling.MeetingInPast: "day",
    scheduling.NotYetBegun: "day",
    scheduling.MonthInPast: "month",
    scheduling.EndsBeforeStart: "ends",
    scheduling.UnitInvited: "unit",
    scheduling.ForeignTopic: "topics",
}


def _put_beside(form: MeetingForm, error: EventmgrError) -> None:
    """Show an error at its field; one that belongs to none goes to the error page."""
    name = _FIELD_OF.get(type(error))
    if name is None:
        raise error
    form[name].errors = [error.message]


def _tell_withdrawn(sentence: str, withdrawn: int) -> None:
    flash(sentence, "success")
    if withdrawn:
        flash(
            ngettext(
                "%(num)d message still waiting told the old time and was withdrawn.",
                "%(num)d messages still waiting told the old time and were withdrawn.",
                withdrawn,
            ),
            "info",
        )


def _number(written: str | None) -> int:
    return int(written) if written and written.isdecimal() else 0
