"""Pages of messages: batches and their progress, approval, the simulated phones, a test of the gateway."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from flask import current_app, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.accounts.services import remember_test_phone
from eventmgr.areas.queries import communes_in
from eventmgr.core import registry
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.access_log import AccessKind, note_view, record_access
from eventmgr.core.clock import local_day, now
from eventmgr.core.db import after_commit, unit_of_work
from eventmgr.core.errors import NotFound, RuleBroken
from eventmgr.core.language import say_moment
from eventmgr.core.phone import InvalidPhone, masked_form, national_form, parse_phone
from eventmgr.core.registry import Addressee, Place
from eventmgr.messaging import own_test, queries, services
from eventmgr.messaging.budgets import OverBudget, budgets_of_queued
from eventmgr.messaging.forms import ApproveForm, RecordApprovalForm, TestSendForm
from eventmgr.messaging.inbound import count_to_read
from eventmgr.messaging.models import Approval, Batch, Message
from eventmgr.messaging.tasks import send_due
from eventmgr.messaging.values import NOT_REACHED, UNDER_WAY, BatchState, MessageState, Progress
from eventmgr.messaging.views import bp
from eventmgr.messaging.words import (
    KINDS,
    LEFT_OUT,
    STATES,
    describe_event,
    describe_leaving,
    describe_pause,
    describe_remark,
)
from eventmgr.messaging.workbook import ResultLine, write_results

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

GROUPS: dict[str, frozenset[MessageState] | None] = {
    "all": None,
    "waiting": UNDER_WAY,
    "delivered": frozenset({MessageState.DELIVERED}),
    "not_reached": NOT_REACHED,
}
"""The filters of a batch's messages."""
RESULTS_AT_A_TIME = 500
NOBODY_KNOWN = Addressee("")


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message in a table: its phone as this person may see it."""

    to: Addressee | None  # whom it is for; None: nobody knows, or this person may not
    phone: str
    text: str
    state: MessageState
    segments: int
    attempts: int
    remark: Any
    events: list[tuple[datetime, str]]  # what happened to it, in order
    id: int


@bp.get("")
@requires(Permission.VIEW_MESSAGES)
def index() -> str:
    """Batches with their progress, newest first; what waits for approval on top."""
    seen = scope(Permission.VIEW_MESSAGES)
    before = request.args.get("before", type=int)
    rows = queries.batches_visible_to(seen, before_id=before)
    further = len(rows) == queries.BATCHES_A_PAGE
    return render_template(
        "messaging/index.html",
        rows=rows,
        kinds=KINDS,
        waiting=queries.approvals_waiting(seen) if before is None else [],
        month=queries.month_figures(seen, now()),
        gateway=current_app.config["SMS_GATEWAY"],
        to_read=count_to_read(seen),
        next_url=url_for(".index", before=rows[-1].batch.id) if further else None,
        previous_url=url_for(".index") if before is not None else None,
    )


@bp.get("/batches/<int:batch_id>")
@requires(Permission.VIEW_MESSAGES)
def batch(batch_id: int) -> str:
    """One batch: how far it is, what to do about it, and every message."""
    found = queries.get_batch_in(scope(Permission.VIEW_MESSAGES), batch_id)
    group = request.args.get("show", "all")
    if group not in GROUPS:
        raise NotFound
    after = request.args.get("after", 0, type=int)
    messages = queries.messages_of(found, states=GROUPS[group], after_id=after)
    further = len(messages) == queries.MESSAGES_A_PAGE
    progress = queries.progress_of([found.id])[found.id]
    note_view("messages", record=f"batch:{found.id}", area_id=found.area_id, shown=len(messages))
    return render_template(
        "messaging/batch.html",
        batch=found,
        kind=KINDS[found.kind],
        rows=_rows(messages, found),
        group=group,
        chips=_chips(found, progress, group),
        next_url=url_for(".batch", batch_id=found.id, show=group, after=messages[-1].id) if further else None,
        previous_url=url_for(".batch", batch_id=found.id, show=group) if after else None,
        to_resend=queries.count_to_resend(found, now()),
        over_budget="over_budget" in request.args,
        **_progress_values(found, progress),
    )


@bp.get("/batches/<int:batch_id>/progress")
@requires(Permission.VIEW_MESSAGES)
def batch_progress(batch_id: int) -> str:
    """The part of the batch's page that keeps itself fresh."""
    found = queries.get_batch_in(scope(Permission.VIEW_MESSAGES), batch_id)
    progress = queries.progress_of([found.id])[found.id]
    return render_template("messaging/progress.html", batch=found, **_progress_values(found, progress))


def _progress_values(batch: Batch, progress: Progress) -> dict[str, Any]:
    # Reports still come in after the last message was handed over.
    reports_due = any(progress.by_state.get(state) for state in (MessageState.ACCEPTED, MessageState.SENT))
    moving = batch.state is BatchState.SENDING or (batch.state is BatchState.DONE and reports_due)
    return {
        "progress": progress,
        "pace": queries.pace_of(batch, progress.waiting, now()),
        "states": [(state, progress.by_state[state]) for state in MessageState if progress.by_state.get(state)],
        "poll_url": url_for("messaging.batch_progress", batch_id=batch.id) if moving else None,
        "pause_sentence": describe_pause(batch.pause_reason, current_app.config["SMS_GATEWAY"]),
        "may_steer": scope(Permission.SEND_MESSAGES).covers(batch.area.path),
        "may_approve": scope(Permission.APPROVE_MESSAGES).covers(batch.area.path),
        "later": batch.send_at > now(),
        "night_until": _night_until(batch, progress),
        "panels": registry.panels(Place.BATCH, batch.id),
        "day_used_up": batch.state is BatchState.SENDING
        and progress.waiting > 0
        and queries.day_of(batch.area_id, batch.area.path, now()).is_used_up,
    }


def _night_until(batch: Batch, progress: Progress) -> datetime | None:
    """When a batch goes on that the no-send hours hold back in its midst; None where they do not."""
    if batch.state is not BatchState.SENDING or not progress.waiting or batch.send_at > now():
        return None
    leaving = queries.foresee_leaving(batch.area.path, None, now())
    return leaving.at if leaving.is_moved else None


def _rows(messages: Sequence[Message], batch: Batch) -> list[MessageRow]:
    known, events = _addressees(messages, batch), queries.events_of([message.id for message in messages])
    return [
        MessageRow(
            to=known.get(message.recipient_key),
            phone=_shown(message.phone, batch),
            text=message.text,
            state=message.state,
            segments=message.segments,
            attempts=message.attempts,
            remark=describe_remark(message),
            events=[(event.at, describe_event(event)) for event in events[message.id]],
            id=message.id,
        )
        for message in messages
    ]


def _addressees(messages: Iterable[Message], batch: Batch) -> Mapping[str, Addressee]:
    """Whom these messages are for, for those who may see names."""
    if not scope(Permission.VIEW_RESIDENTS).covers(batch.area.path):
        return {}
    return registry.addressees({message.recipient_key for message in messages})


def _shown(phone: str, batch: Batch) -> str:
    sees = scope(Permission.VIEW_PHONES).covers(batch.area.path)
    return national_form(phone) if sees else masked_form(phone)


def _chips(batch: Batch, progress: Progress, group: str) -> list[dict[str, Any]]:
    labels = {
        "all": _("All"),
        "waiting": _("Waiting"),
        "delivered": _("Arrived"),
        "not_reached": _("Did not arrive"),
    }
    counts = {
        "all": progress.total,
        "waiting": progress.waiting,
        "delivered": progress.delivered,
        "not_reached": progress.not_reached,
    }
    return [
        {
            "label": label,
            "href": url_for(".batch", batch_id=batch.id, show=name),
            "active": name == group,
            "count": counts[name],
        }
        for name, label in labels.items()
    ]


# --- Steering -----------------------------------------------------------------------------------

STEPS = {"pause": services.pause_batch, "resume": services.resume_batch, "stop": services.stop_batch}


@bp.post("/batches/<int:batch_id>/<any(pause, resume, stop):step>")
@requires(Permission.SEND_MESSAGES)
def steer(batch_id: int, step: str) -> Response:
    """Pause a batch, go on with it, or end it."""
    with unit_of_work():
        found = queries.get_batch_in(scope(Permission.SEND_MESSAGES), batch_id)
        STEPS[step](found, by=current_user, now=now())
    send_due.wake()
    told = {
        "pause": _("The batch is paused. Messages under way still go out."),
        "resume": _("The batch goes on."),
        "stop": _("The batch has ended. What was still waiting is not sent."),
    }
    flash(told[step], "success")
    return redirect(url_for(".batch", batch_id=batch_id))


@bp.post("/batches/<int:batch_id>/resend")
@requires(Permission.SEND_MESSAGES)
def resend(batch_id: int) -> Response:
    """Send the failed ones once more."""
    try:
        with unit_of_work():
            found = queries.get_batch_in(scope(Permission.SEND_MESSAGES), batch_id)
            queued = services.resend_failed(
                found, by=current_user, now=now(), over_budget="over_budget" in request.form
            )
            after_commit(send_due.wake)
    except OverBudget as problem:
        flash(problem.message, "warning")
        return redirect(url_for(".batch", batch_id=batch_id, over_budget=1))
    except RuleBroken as problem:
        flash(problem.message, "danger")
        return redirect(url_for(".batch", batch_id=batch_id))
    if queued.batch_id is None:
        flash(_("None of these phones takes text messages any more. Call these people."), "info")
        return redirect(url_for(".batch", batch_id=batch_id))
    if queued.waits:
        flash(_("A leader has to agree before it goes."), "info")
    else:
        flash(ngettext("%(num)d text is sent again.", "%(num)d texts are sent again.", queued.queued), "success")
    return redirect(url_for(".batch", batch_id=queued.batch_id))


@bp.get("/batches/<int:batch_id>/results.xlsx")
@requires(Permission.VIEW_MESSAGES)
def results(batch_id: int) -> Response:
    """Every message of a batch with what came of it, as a workbook. Who took it is kept."""
    content = io.BytesIO()
    with unit_of_work():
        found = queries.get_batch_in(scope(Permission.VIEW_MESSAGES), batch_id)
        count = write_results(_results(found), content)
        record_access(
            AccessKind.EXPORT,
            "messages",
            by=current_user,
            now=now(),
            record=f"batch:{found.id}",
            area_id=found.area_id,
            shown=count,
        )
    content.seek(0)
    return send_file(content, mimetype=XLSX, as_attachment=True, download_name=f"tin-nhan-{batch_id}.xlsx")


def _results(batch: Batch) -> Iterator[ResultLine]:
    messages = queries.all_messages_of(batch)
    while page := list(islice(messages, RESULTS_AT_A_TIME)):
        known = _addressees(page, batch)
        for message in page:
            yield _result(message, batch, known.get(message.recipient_key, NOBODY_KNOWN))


def _result(message: Message, batch: Batch, to: Addressee) -> ResultLine:
    return ResultLine(
        name=to.name,
        household_code=to.household_code,
        hamlet=to.hamlet,
        phone=_shown(message.phone, batch),
        text=message.text,
        state=str(STATES[message.state]),
        segments=message.segments,
        price=message.price,
        attempts=message.attempts,
        settled=say_moment(message.settled_at) if message.settled_at else "",
        remark=str(describe_remark(message)),
    )


# --- Approval -----------------------------------------------------------------------------------


@bp.get("/approvals/<int:approval_id>")
@requires(Permission.VIEW_MESSAGES)
def approval(approval_id: int, form: RecordApprovalForm | None = None, approve_form: ApproveForm | None = None) -> str:
    """What a leader is asked to agree to: every batch of a series, its texts and its cost."""
    found = queries.get_approval_in(scope(Permission.VIEW_MESSAGES), approval_id)
    summary = queries.approval_summary(found)
    waits = found.approved_at is None
    return render_template(
        "messaging/approval.html",
        approval=found,
        summary=summary,
        kinds=KINDS,
        form=form or RecordApprovalForm(formdata=None, approved_on=local_day(now())),
        approve_form=approve_form or ApproveForm(formdata=None),
        budgets=budgets_of_queued(summary.prices) if waits else [],
        leaving=_leaving(found) if waits else "",
        may_approve=scope(Permission.APPROVE_MESSAGES).covers(found.area.path),
        may_record=scope(Permission.SEND_MESSAGES).covers(found.area.path),
    )


@bp.post("/approvals/<int:approval_id>/approve")
@requires(Permission.APPROVE_MESSAGES)
def approve(approval_id: int) -> Response | tuple[str, int]:
    """The leader agrees."""
    form = ApproveForm()
    try:
        with unit_of_work():
            found = queries.get_approval_in(scope(Permission.APPROVE_MESSAGES), approval_id)
            services.approve(found, by=current_user, now=now(), over_budget=bool(form.over_budget.data))
    except OverBudget as error:
        form.over_budget.errors = [error.message]
        return approval(approval_id, approve_form=form), 422
    send_due.wake()
    flash(_leaving(found) or _("Approved. The messages are on their way."), "success")
    return redirect(url_for(".approval", approval_id=approval_id))


def _leaving(approval: Approval) -> str:
    """When what was approved leaves, where that is not at once."""
    first = min((batch.send_at for batch in approval.batches), default=None)
    return str(describe_leaving(queries.foresee_leaving(approval.area.path, first, now()), now()))


@bp.post("/approvals/<int:approval_id>/record")
@requires(Permission.SEND_MESSAGES)
def record_approval(approval_id: int) -> str | Response | tuple[str, int]:
    """An officer records the leader's word."""
    form = RecordApprovalForm()
    queries.get_approval_in(scope(Permission.SEND_MESSAGES), approval_id)
    if form.validate_on_submit():
        try:
            with unit_of_work():
                found = queries.get_approval_in(scope(Permission.SEND_MESSAGES), approval_id)
                services.record_approval(
                    found,
                    leader_name=form.leader_name.data or "",
                    on=form.approved_on.data,  # type: ignore[arg-type]
                    by=current_user,
                    now=now(),
                    over_budget=bool(form.over_budget.data),
                )
        except OverBudget as error:
            form.over_budget.errors = [error.message]
        except services.ApprovedInFuture as error:
            form.approved_on.errors = [error.message]
        except services.NoLeaderName as error:
            form.leader_name.errors = [error.message]
        else:
            send_due.wake()
            flash(_leaving(found) or _("The approval is recorded. The messages are on their way."), "success")
            return redirect(url_for(".approval", approval_id=approval_id))
    return approval(approval_id, form), 422


# --- The simulator and the gateway --------------------------------------------------------------


@bp.get("/simulator")
@requires(Permission.VIEW_MESSAGES)
def simulator() -> str:
    """The phones of the simulator, each with its messages."""
    return render_template("messaging/simulator.html", **_simulator_values())


@bp.get("/simulator/phones")
@requires(Permission.VIEW_MESSAGES)
def simulator_phones() -> str:
    """The part of the simulator's page that keeps itself fresh."""
    return render_template("messaging/phones.html", **_simulator_values())


def _simulator_values() -> dict[str, Any]:
    wanted = request.args.get("phone", "").strip()
    number = _e164(wanted)
    return {
        "phones": queries.simulated_phones(scope(Permission.VIEW_PHONES), phone=number) if not wanted or number else [],
        "wanted": wanted,
        "in_use": current_app.config["SMS_GATEWAY"] == "simulator",
        "poll_url": url_for("messaging.simulator_phones", phone=wanted or None),
        "kinds": KINDS,
    }


def _e164(written: str) -> str | None:
    try:
        return parse_phone(written).e164
    except InvalidPhone:
        return None


@bp.route("/gateway", methods=["GET", "POST"])
@requires(Permission.SEND_MESSAGES)
def gateway() -> str | Response | tuple[str, int]:
    """Which gateway is in use, and a test to oneself."""
    form = TestSendForm(
        phone=national_form(current_user.test_phone) if current_user.test_phone else "",
        text=_("Test from the commune's meeting programme. No answer is needed."),
    )
    communes = communes_in(scope(Permission.SEND_MESSAGES))
    if form.validate_on_submit() and communes:
        phone = parse_phone(form.phone.data or "").e164
        try:
            with unit_of_work():
                remember_test_phone(current_user, phone)
                queued = own_test.queue_test(
                    communes[0],
                    phone,
                    form.text.data or "",
                    title=_("Test to oneself"),
                    by=current_user,
                    now=now(),
                )
        except RuleBroken as error:
            form.text.errors = [error.message]
        else:
            send_due.wake()
            if queued.batch_id is None:
                why = LEFT_OUT[queued.left_out[0].reason]
                form.phone.errors = [_("This phone gets no message: %(why)s.", why=why)]
            else:
                return redirect(url_for(".batch", batch_id=queued.batch_id))
    hours = queries.no_send_hours(communes[0].path, local_day(now())) if communes else None
    status = 422 if form.errors else 200
    return render_template("messaging/gateway.html", form=form, hours=hours), status
