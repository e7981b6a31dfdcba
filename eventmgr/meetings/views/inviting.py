"""Inviting: the texts before they go, the send itself, and the list of who is invited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.accounts.services import remember_test_phone
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.clock import local_day, now, zone
from eventmgr.core.db import after_commit, unit_of_work
from eventmgr.core.errors import RuleBroken
from eventmgr.core.phone import national_form
from eventmgr.meetings.invite_forms import InviteForm
from eventmgr.meetings.invite_preview import Preview, Reach, foresee_reach, preview_texts
from eventmgr.meetings.invite_texts import call_invitee, default_texts, meeting_words
from eventmgr.meetings.invite_words import NO_TEXT
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.queries.audience import audience_of, guests_to_choose, subject_of, texted_before, who
from eventmgr.meetings.queries.meetings import get_meeting_visible_to, meetings_of_series_visible_to
from eventmgr.meetings.resident_page import contact_phone
from eventmgr.meetings.services import inviting
from eventmgr.meetings.views import bp
from eventmgr.messaging.budgets import OverBudget, budgets_before
from eventmgr.messaging.library import TextNotRegistered, kept_versions, wordings_of
from eventmgr.messaging.own_test import queue_test
from eventmgr.messaging.queries import (
    Leaving,
    Prices,
    day_ahead,
    foresee_leaving,
    is_approval_needed,
    phones_texted_on,
)
from eventmgr.messaging.services import ApprovedInFuture, NoLeaderName, TooLateToSend
from eventmgr.messaging.tasks import send_due
from eventmgr.messaging.texts import EmptyValue
from eventmgr.messaging.words import LEFT_OUT, describe_leaving

CHOICES = 100
"""Recipients to choose from in the preview: more would only make the page heavy."""
LEFT_OUT_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Send:
    """What one invite page is about: a meeting, or those of a series that can still be invited to."""

    meetings: tuple[Meeting, ...]
    closed: tuple[tuple[Meeting, RuleBroken], ...]
    series_id: int | None

    @property
    def url(self) -> str:
        """Its page."""
        return self._url("meetings.invite_series", "meetings.invite")

    @property
    def preview_url(self) -> str:
        """The piece of page that shows the texts."""
        return self._url("meetings.invite_series_preview", "meetings.invite_preview")

    @property
    def back_url(self) -> str:
        """Where one came from."""
        wanted = "meetings.show" if self.series_id is None else "meetings.series"
        return self._url("meetings.series", "meetings.show") if wanted in current_app.view_functions else "/"

    def _url(self, of_series: str, of_meeting: str) -> str:
        if self.series_id is not None:
            return url_for(of_series, series_id=self.series_id)
        return url_for(of_meeting, meeting_id=(self.meetings or [self.closed[0][0]])[0].id)

    @property
    def first(self) -> Meeting:
        """A meeting to speak of: commune and title are alike."""
        return self.meetings[0] if self.meetings else self.closed[0][0]


def _send_of(meetings: Sequence[Meeting], moment: datetime, series_id: int | None = None) -> Send:
    closed = [(meeting, why) for meeting in meetings if (why := inviting.why_closed(meeting, moment)) is not None]
    shut = {meeting.id for meeting, _why in closed}
    return Send(tuple(meeting for meeting in meetings if meeting.id not in shut), tuple(closed), series_id)


def _one(meeting_id: int) -> Send:
    return _send_of([get_meeting_visible_to(scope(Permission.INVITE), meeting_id)], now())


def _series(series_id: int) -> Send:
    return _send_of(meetings_of_series_visible_to(scope(Permission.INVITE), series_id), now(), series_id)


@bp.route("/meetings/<int:meeting_id>/invite", methods=["GET", "POST"])
@requires(Permission.INVITE)
def invite(meeting_id: int) -> Any:
    """Invite to one meeting: texts, preview, cost, who is left out, then send or ask for approval."""
    return _invite_page(_one(meeting_id))


@bp.post("/meetings/<int:meeting_id>/invite/preview")
@requires(Permission.INVITE)
def invite_preview(meeting_id: int) -> Any:
    """The texts of one meeting as they would be sent, while they are being written."""
    return _fragment(_one(meeting_id))


@bp.route("/series/<int:series_id>/invite", methods=["GET", "POST"])
@requires(Permission.INVITE)
def invite_series(series_id: int) -> Any:
    """Invite to all meetings of a series in one go, under one approval."""
    return _invite_page(_series(series_id))


@bp.post("/series/<int:series_id>/invite/preview")
@requires(Permission.INVITE)
def invite_series_preview(series_id: int) -> Any:
    """The texts of a series as they would be sent, while they are being written."""
    return _fragment(_series(series_id))


def _invite_page(send: Send) -> Any:
    moment = now()
    if not send.meetings:
        return _render(send, None, moment, None, None), 422 if request.method == "POST" else 200
    form, reach = _form_and_reach(send, moment)
    sending = request.method == "POST" and not {"preview", "test"} & set(request.form)
    if request.method == "POST" and form.validate() and sending:
        answer = _carry_out(send, form, moment)
        if answer is not None:
            return answer
    preview = _preview(send, form, reach, moment)
    refused = sending
    if "test" in request.form and preview is not None:
        refused = not _send_test(send, form, preview, moment)
    return _render(send, form, moment, reach, preview), 422 if refused else 200


def _send_test(send: Send, form: InviteForm, preview: Preview, moment: datetime) -> bool:
    """Send the text that is shown to the officer's own phone; what was typed stays. Whether it went."""
    phone = form.own_phone()
    if phone is None:
        return False
    try:
        with unit_of_work():
            remember_test_phone(current_user, phone)
            queued = queue_test(
                _send_again(send, moment).first.area,
                phone,
                preview.sent.text,
                title=_("Test to oneself"),
                by=current_user,
                now=moment,
            )
            after_commit(send_due.wake)
    except RuleBroken as problem:
        form.my_phone.errors = [problem.message]
        return False
    if queued.left_out:
        form.my_phone.errors = [_("This phone gets no message: %(why)s.", why=LEFT_OUT[queued.left_out[0].reason])]
        return False
    flash(_("The test is on its way to %(phone)s. Nobody is invited yet.", phone=national_form(phone)), "success")
    return True


def _fragment(send: Send) -> Any:
    moment = now()
    if not send.meetings:
        return "", 422
    form, reach = _form_and_reach(send, moment)
    form.validate()
    preview = _preview(send, form, reach, moment)
    page = render_template("meetings/invite_preview.html", form=form, **_foreseen(send, form, reach, preview, moment))
    return page, 422 if form.errors else 200


def _form_and_reach(send: Send, moment: datetime) -> tuple[InviteForm, Reach]:
    versions = kept_versions(send.first.area.path)
    texts = default_texts(wordings_of(send.first.area.path), versions)
    form = InviteForm(
        invite=texts.invite,
        relay=texts.relay,
        remind=texts.remind,
        remind_relay=texts.remind_relay,
        approved_on=local_day(moment),
        my_phone=national_form(current_user.test_phone) if current_user.test_phone else "",
    )
    form.plains, form.versions = texts.plains, texts.versions
    guests = guests_to_choose(send.first) if send.series_id is None else []
    audience = audience_of(send.meetings, guest_ids=form.guests.data or (), on=local_day(moment))
    everyone = [invitee for invitees in audience.values() for invitee in invitees]
    before = texted_before(audience)
    reach = foresee_reach(everyone, [who(invitee) in before for invitee in everyone])
    form.offer(
        [" – ".join(filter(None, [call_invitee(invitee), invitee.hamlet])) for invitee in reach.texted[:CHOICES]],
        [(guest.id, " – ".join(filter(None, [guest.full_name, guest.title]))) for guest in guests],
        [next(iter(kept.values())).language for kept in versions.values()],
    )
    return form, reach


def _preview(send: Send, form: InviteForm, reach: Reach, moment: datetime) -> Preview | None:
    """The texts as they would be sent; None while they cannot be written, which the form then says."""
    base_url = current_app.config["PUBLIC_URL"]
    words = {
        meeting.id: meeting_words(meeting, contact_phone=contact_phone(meeting.area.path, moment), base_url=base_url)
        for meeting in send.meetings
    }
    try:
        inviting.check_texts(send.meetings, form.texts, reach.texted, now=moment, base_url=base_url)
        return preview_texts(
            reach.texted,
            words,
            form.texts,
            Prices(local_day(_leaving(send, form, moment).at)),
            chosen=form.recipient.data or 0,
            language=form.shown_language,
        )
    except RuleBroken as problem:
        _put_beside(form, problem)
        return None


def _put_beside(form: InviteForm, problem: RuleBroken) -> None:
    """A refusal of the office stands beside the field it is about."""
    if isinstance(problem, TooLateToSend):
        field: Any = form.send_at
    elif isinstance(problem, OverBudget):
        field = form.over_budget
    elif isinstance(problem, NoLeaderName):
        field = form.leader_name
    elif isinstance(problem, ApprovedInFuture):
        field = form.approved_on
    elif isinstance(problem, TextNotRegistered):
        field = form[problem.facts["field"].partition(":")[0]]
    elif isinstance(problem, EmptyValue) and problem.facts["placeholder"] not in (form.invite.data or ""):
        field = form.relay
    else:
        field = form.invite
    if not any(wording.errors for wording in (field, *form.wordings)):
        field.errors = [problem.message]


def _carry_out(send: Send, form: InviteForm, moment: datetime) -> Response | None:
    """Invite and go on to the page that shows how far the send is; None where the form tells what is wrong."""
    try:
        with unit_of_work():
            again = _send_again(send, moment)
            invited = inviting.invite_meetings(
                again.meetings,
                form.texts,
                by=current_user,
                now=moment,
                base_url=current_app.config["PUBLIC_URL"],
                guest_ids=form.guests.data or (),
                send_at=_instant(form.send_at.data),
                leader_word=form.leader_word(),
                over_budget=bool(form.over_budget.data),
            )
            after_commit(send_due.wake)
    except RuleBroken as problem:
        _put_beside(form, problem)
        return None
    flash(_told(invited), "success")
    if invited.queued and (later := str(describe_leaving(_leaving(send, form, moment), moment))):
        flash(later, "info")
    return redirect(_next_url(send, invited))


def _foreseen(send: Send, form: InviteForm, reach: Reach, preview: Preview | None, moment: datetime) -> dict[str, Any]:
    """What the texts cost, from which money, when they leave, and what that day holds already."""
    area, leaving = send.first.area, _leaving(send, form, moment)
    day = day_ahead(area.id, area.path, leaving.at, moment)
    texted = phones_texted_on(area.id, local_day(leaving.at), moment) if reach.texted else set()
    prices = {subject_of(meeting_id): price for meeting_id, price in preview.sent.prices.items()} if preview else {}
    return {
        "preview": preview,
        "budgets": budgets_before(prices),
        "leaving": str(describe_leaving(leaving, moment)),
        "day": day,
        "leaves_on": leaving.at,
        "leaves_today": local_day(leaving.at) == local_day(moment),
        "over_the_day": preview is not None and day.would_exceed(preview.recipients, preview.sent.price),
        "texted_that_day": [invitee for invitee in reach.texted if invitee.phone in texted],
        "most_shown": LEFT_OUT_SHOWN,
        "needs_approval": is_approval_needed(send.first.area.path, local_day(moment)),
    }


def _leaving(send: Send, form: InviteForm, moment: datetime) -> Leaving:
    return foresee_leaving(send.first.area.path, _instant(form.send_at.data), moment)


def _send_again(send: Send, moment: datetime) -> Send:
    """The meetings as this unit of work reads them."""
    permitted = scope(Permission.INVITE)
    if send.series_id is None:
        return _send_of([get_meeting_visible_to(permitted, send.first.id)], moment)
    return _send_of(meetings_of_series_visible_to(permitted, send.series_id), moment, send.series_id)


def _instant(written: datetime | None) -> datetime | None:
    return written.replace(tzinfo=zone()).astimezone(UTC) if written else None


def _told(invited: inviting.Invited) -> str:
    made = ngettext("%(num)d invitation was made.", "%(num)d invitations were made.", invited.new_invitations)
    if not invited.queued:
        return " ".join([made, _("Nobody new is left to text.")])
    if invited.waits:
        waiting = ngettext(
            "%(num)d text waits for a leader's approval.", "%(num)d texts wait for a leader's approval.", invited.queued
        )
        return " ".join([made, waiting])
    going = ngettext("%(num)d text is on its way.", "%(num)d texts are on their way.", invited.queued)
    return " ".join([made, going])


def _next_url(send: Send, invited: inviting.Invited) -> str:
    if invited.approval_id is not None:
        return url_for("messaging.approval", approval_id=invited.approval_id)
    if len(invited.batch_ids) == 1:
        return url_for("messaging.batch", batch_id=invited.batch_ids[0])
    if invited.batch_ids:
        return url_for("messaging.index")
    return url_for("meetings.invitations", meeting_id=send.first.id)


def _render(send: Send, form: InviteForm | None, moment: datetime, reach: Reach | None, preview: Preview | None) -> str:
    area = send.first.area
    return render_template(
        "meetings/invite.html",
        send=send,
        form=form,
        reach=reach,
        left_out=reach.left_out[:LEFT_OUT_SHOWN] if reach else (),
        words=NO_TEXT,
        contact_missing=not contact_phone(area.path, moment),
        settings_url=url_for("home.settings") if "home.settings" in current_app.view_functions else None,
        meetings_url=url_for("meetings.index") if "meetings.index" in current_app.view_functions else None,
        **(_foreseen(send, form, reach, preview, moment) if form and reach else {}),
    )
