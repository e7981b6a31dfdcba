"""When and where meetings take place: made one by one or in series, changed, called off, held, closed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.areas.models import Area
from eventmgr.core.audit import record_audit
from eventmgr.core.clock import local_day
from eventmgr.core.db import db, locked
from eventmgr.core.errors import Conflict, NotFound, RuleBroken
from eventmgr.core.language import say_moment
from eventmgr.core.text import clean_paragraphs, clean_text
from eventmgr.meetings.models import Meeting, MeetingHamlet, MeetingTopic, Series
from eventmgr.meetings.queries.audience import subject_of
from eventmgr.meetings.queries.scheduling import (
    find_meeting_at_the_same_time,
    find_series_by_request_key,
    hamlets_with_invitations,
    has_invitations,
    plan_in,
    topics_of_plan,
)
from eventmgr.meetings.values import NEXT_STATUSES, MeetingDetails, MeetingStatus, SeriesDetails
from eventmgr.messaging.services import withdraw_messages
from eventmgr.messaging.values import BatchKind

TELLS_THE_TIME = (BatchKind.INVITE, BatchKind.REMIND, BatchKind.RESCHEDULE, BatchKind.POSTPONE)
"""Messages that say when and where: wrong once the meeting has moved."""

CHANGEABLE = frozenset({MeetingStatus.TENTATIVE, MeetingStatus.SCHEDULED, MeetingStatus.HELD})
WITH_MINUTES = frozenset({MeetingStatus.SCHEDULED, MeetingStatus.HELD})


class NoHamlets(RuleBroken):
    """A meeting serves at least one hamlet."""

    code = "no_hamlets"
    sentence = _("Choose at least one hamlet.")


class NoTime(RuleBroken):
    """Neither a day nor a month."""

    code = "no_time"
    sentence = _("Give a day and an hour, or at least a month.")


class EndsBeforeStart(RuleBroken):
    """The end is not after the start."""

    code = "ends_before_start"
    sentence = _("The meeting must end after it begins.")


class MeetingInPast(RuleBroken):
    """A meeting can only be scheduled for a time to come."""

    code = "meeting_in_past"
    sentence = _("This time is already past. Choose a time to come.")


class MonthInPast(RuleBroken):
    """A tentative meeting lies in this month or a later one."""

    code = "month_in_past"
    sentence = _("This month is already past. Choose this month or a later one.")


class HamletBusy(Conflict):
    """Two meetings of one hamlet would overlap."""

    code = "hamlet_busy"
    sentence = _("%(hamlet)s already has a meeting then: %(title)s, %(moment)s.")


class HamletInvited(RuleBroken):
    """A hamlet whose households are invited stays on the meeting."""

    code = "hamlet_invited"
    sentence = _("Households of %(hamlet)s are invited already. Withdraw their invitations first.")


class UnitInvited(RuleBroken):
    """Whom invitations name is settled with the first invitation."""

    code = "unit_invited"
    sentence = _("People are invited already, so whom the invitations name can no longer change.")


class ForeignTopic(RuleBroken):
    """A topic of a plan that is not the meeting's."""

    code = "foreign_topic"
    sentence = _("Choose topics of the chosen plan only.")


class MeetingChanged(Conflict):
    """Somebody saved the meeting after this form was opened."""

    code = "meeting_changed"
    sentence = _("Somebody changed this meeting while you were writing. Look at what it says now, then save again.")


class MeetingReadOnly(RuleBroken):
    """A closed or cancelled meeting keeps what it says."""

    code = "meeting_read_only"
    sentence = _("This meeting is closed or was called off: it can no longer be changed.")


class StatusNotAllowed(RuleBroken):
    """That status does not follow the present one."""

    code = "status_not_allowed"
    sentence = _("The meeting is not at this step. Please look at the page again.")


class NotYetBegun(RuleBroken):
    """A meeting cannot have been held before its hour."""

    code = "not_yet_begun"
    sentence = _("This meeting has not begun yet.")


class NoReason(RuleBroken):
    """People who were asked to come are told why they need not."""

    code = "no_reason"
    sentence = _("Say why the meeting is not held: residents read it on their page.")


# --- Making meetings ----------------------------------------------------------------------------


def schedule_meeting(
    commune: Area, details: MeetingDetails, *, by: Any, now: datetime, series: Series | None = None
) -> Meeting:
    """Put a meeting of one or several hamlets of the commune on the calendar; with a month only, it is tentative.

    Raises NoHamlets, NoTime, EndsBeforeStart, MeetingInPast, MonthInPast, HamletBusy, ForeignTopic.
    """
    check_time(details, now=now)
    hamlets = _hamlets(commune, details.hamlet_ids)
    _check_hamlets_free(hamlets, details)
    meeting = Meeting(
        area=commune, series_id=series.id if series else None, created_at=now, status=_status_for(details)
    )
    _write(meeting, details, hamlets)
    db.session.add(meeting)
    db.session.flush()
    _note("schedule_meeting", meeting, by=by, now=now, after=_told(meeting))
    return meeting


def schedule_series(commune: Area, details: SeriesDetails, *, by: Any, now: datetime) -> Series:
    """Make meetings in one go, "one meeting in every hamlet"; all or none.

    The same form sent twice makes one series: the one that exists is returned. Raises what `schedule_meeting` does.
    """
    if not details.meetings:
        raise NoHamlets
    # Two clicks queue up here, so that the second finds what the first has made.
    db.session.scalars(locked(sa.select(Area).where(Area.id == commune.id))).one()
    made = find_series_by_request_key(details.request_key)
    if made is not None:
        return made
    series = Series(
        area=commune,
        plan_id=_plan_id(commune, details.plan_id),
        title=clean_text(details.title),
        request_key=details.request_key,
        created_at=now,
    )
    db.session.add(series)
    db.session.flush()
    for meeting in details.meetings:
        schedule_meeting(commune, meeting, by=by, now=now, series=series)
    record_audit(
        "schedule_series",
        f"series:{series.id}",
        by=by,
        now=now,
        area_id=commune.id,
        after={"title": series.title, "meetings": len(details.meetings)},
    )
    return series


def check_time(details: MeetingDetails, *, now: datetime, before: Meeting | None = None) -> None:
    """Whether a meeting can take place then. A time that stays as it was (`before`) may be past.

    Raises NoTime, EndsBeforeStart, MeetingInPast, MonthInPast.
    """
    if details.starts_at is None:
        if details.month is None:
            raise NoTime
        if details.month < local_day(now).replace(day=1) and (before is None or details.month != before.month):
            raise MonthInPast
        return
    if details.ends_at is not None and details.ends_at <= details.starts_at:
        raise EndsBeforeStart
    if before is not None and before.status == MeetingStatus.HELD:
        if details.starts_at > now:
            raise NotYetBegun
    elif details.starts_at <= now and (before is None or details.starts_at != before.starts_at):
        raise MeetingInPast


# --- Changing one -------------------------------------------------------------------------------


def change_meeting(meeting: Meeting, details: MeetingDetails, *, row_version: int, by: Any, now: datetime) -> int:
    """Save what an officer changed; returns how many queued messages that told the old time or place were withdrawn.

    Whoever invites or reminds at this moment is waited for, so that no text with the old time is queued behind it.
    `row_version` is that of the meeting when the form was opened. Where people are invited already, the old time is
    kept as `moved_from` and their page says so; who was told before no longer counts as told (`changed_at`). Raises
    MeetingChanged, MeetingReadOnly and what `schedule_meeting` does.
    """
    _hold(meeting)
    hamlets = check_change(meeting, details, row_version=row_version, now=now)
    before = _told(meeting)
    moved = details.starts_at != meeting.starts_at
    elsewhere = meeting.is_elsewhere(details.venue, details.venue_short)
    withdrawn = 0
    if (moved or elsewhere) and meeting.status != MeetingStatus.HELD:
        withdrawn = withdraw_messages(subject_of(meeting.id), TELLS_THE_TIME, now=now)
        if has_invitations(meeting.id):
            meeting.changed_at = now
            if moved and meeting.starts_at is not None:
                meeting.moved_from = meeting.starts_at
    if meeting.status != MeetingStatus.HELD:
        _go_to(meeting, _status_for(details))
    _write(meeting, details, hamlets)
    db.session.flush()
    _note("change_meeting", meeting, by=by, now=now, before=before, after=_told(meeting))
    return withdrawn


def check_change(meeting: Meeting, details: MeetingDetails, *, row_version: int, now: datetime) -> list[Area]:
    """Refuse a change that could not be saved; returns the hamlets it names. Raises what `change_meeting` does."""
    if meeting.row_version != row_version:
        raise MeetingChanged
    if meeting.status not in CHANGEABLE:
        raise MeetingReadOnly
    if meeting.status == MeetingStatus.HELD and details.starts_at is None:
        raise NoTime
    check_time(details, now=now, before=meeting)
    hamlets = _hamlets(meeting.area, details.hamlet_ids)
    _check_hamlets_free(hamlets, details, but=meeting)
    _check_invited_stay(meeting, details)
    return hamlets


def cancel_meeting(meeting: Meeting, reason: str, *, by: Any, now: datetime) -> int:
    """Call a meeting off; returns how many queued messages were withdrawn. Those invited read the reason.

    Raises NoReason, StatusNotAllowed.
    """
    reason = clean_text(reason)
    if not reason:
        raise NoReason
    _hold(meeting)
    before = meeting.status
    _go_to(meeting, MeetingStatus.CANCELLED)
    meeting.cancel_reason = reason
    if has_invitations(meeting.id):
        meeting.changed_at = now
    withdrawn = withdraw_messages(subject_of(meeting.id), TELLS_THE_TIME, now=now)
    db.session.flush()
    _note("cancel_meeting", meeting, by=by, now=now, before={"status": before}, after={"reason": reason})
    return withdrawn


def mark_held(meeting: Meeting, *, by: Any, now: datetime) -> None:
    """The meeting took place. Marking it twice changes nothing. Raises NotYetBegun, StatusNotAllowed."""
    if meeting.status == MeetingStatus.HELD:
        return
    if meeting.starts_at is None or local_day(meeting.starts_at) > local_day(now):
        raise NotYetBegun
    _go_to(meeting, MeetingStatus.HELD)
    db.session.flush()
    _note("mark_held", meeting, by=by, now=now)


def close_meeting(meeting: Meeting, *, by: Any, now: datetime) -> None:
    """Freeze the figures: from here on the meeting is read-only. Raises StatusNotAllowed."""
    _go_to(meeting, MeetingStatus.CLOSED)
    db.session.flush()
    _note("close_meeting", meeting, by=by, now=now)


def reopen_meeting(meeting: Meeting, *, by: Any, now: datetime) -> None:
    """Open a closed meeting again; who did it is kept. Raises StatusNotAllowed."""
    if meeting.status != MeetingStatus.CLOSED:
        raise StatusNotAllowed
    _go_to(meeting, MeetingStatus.HELD)
    db.session.flush()
    _note("reopen_meeting", meeting, by=by, now=now)


def write_summary(meeting: Meeting, summary: str, *, row_version: int, by: Any, now: datetime) -> None:
    """Keep what was said at the meeting, a few lines; residents read the first three on their page afterwards.

    Raises MeetingChanged, MeetingReadOnly.
    """
    if meeting.row_version != row_version:
        raise MeetingChanged
    if meeting.status not in WITH_MINUTES:
        raise MeetingReadOnly
    meeting.summary = clean_paragraphs(summary)
    db.session.flush()
    _note("write_summary", meeting, by=by, now=now)


# --- The parts ----------------------------------------------------------------------------------


def _hold(meeting: Meeting) -> None:
    """Let nobody invite to it or remind of it until this unit of work ends, and see what they have queued before."""
    db.session.scalars(locked(sa.select(Meeting).where(Meeting.id == meeting.id))).one()


def _status_for(details: MeetingDetails) -> MeetingStatus:
    return MeetingStatus.TENTATIVE if details.starts_at is None else MeetingStatus.SCHEDULED


def _go_to(meeting: Meeting, status: MeetingStatus) -> None:
    if status == meeting.status:
        if status in (MeetingStatus.CANCELLED, MeetingStatus.CLOSED):
            raise StatusNotAllowed
        return
    if status not in NEXT_STATUSES[meeting.status]:
        raise StatusNotAllowed
    meeting.status = status


def _hamlets(commune: Area, hamlet_ids: Iterable[int]) -> list[Area]:
    wanted = set(hamlet_ids)
    if not wanted:
        raise NoHamlets
    hamlets = list(
        db.session.scalars(sa.select(Area).where(Area.id.in_(wanted), Area.parent_id == commune.id).order_by(Area.id))
    )
    if len(hamlets) != len(wanted):
        raise NotFound
    return hamlets


def _check_hamlets_free(hamlets: list[Area], details: MeetingDetails, but: Meeting | None = None) -> None:
    if details.starts_at is None:
        return
    for hamlet in hamlets:
        other = find_meeting_at_the_same_time(hamlet.id, details.starts_at, details.ends_at, but.id if but else None)
        if other is not None and other.starts_at is not None:
            raise HamletBusy(
                hamlet=hamlet.name, hamlet_id=hamlet.id, title=other.title, moment=say_moment(other.starts_at)
            )


def _check_invited_stay(meeting: Meeting, details: MeetingDetails) -> None:
    for hamlet in hamlets_with_invitations(meeting.id):
        if hamlet.id not in details.hamlet_ids:
            raise HamletInvited(hamlet=hamlet.name)
    if details.invite_unit != meeting.invite_unit and has_invitations(meeting.id):
        raise UnitInvited


def _plan_id(commune: Area, plan_id: int | None) -> int | None:
    return plan_in(commune, plan_id).id if plan_id is not None else None


def _write(meeting: Meeting, details: MeetingDetails, hamlets: list[Area]) -> None:
    meeting.plan_id = _plan_id(meeting.area, details.plan_id)
    meeting.title = clean_text(details.title)
    meeting.venue = clean_text(details.venue)
    meeting.venue_short = clean_text(details.venue_short)
    meeting.directions = clean_text(details.directions)
    meeting.starts_at = details.starts_at
    meeting.ends_at = details.ends_at if details.starts_at is not None else None
    meeting.month = details.month if details.starts_at is None else None
    meeting.audience_classes = list(details.audience_classes)
    meeting.invite_unit = details.invite_unit
    _set_hamlets(meeting, hamlets)
    _set_topics(meeting, details)


def _set_hamlets(meeting: Meeting, hamlets: list[Area]) -> None:
    wanted = {hamlet.id for hamlet in hamlets}
    kept = [row for row in meeting.hamlet_rows if row.hamlet_id in wanted]
    known = {row.hamlet_id for row in kept}
    meeting.hamlet_rows = kept + [MeetingHamlet(hamlet=hamlet) for hamlet in hamlets if hamlet.id not in known]


def _set_topics(meeting: Meeting, details: MeetingDetails) -> None:
    wanted = set(details.topic_ids)
    if wanted:
        known_to_plan = {topic.id for topic in topics_of_plan(details.plan_id)} if details.plan_id else set()
        if not wanted <= known_to_plan:
            raise ForeignTopic
    kept = [row for row in meeting.topic_rows if row.topic_id in wanted]
    known = {row.topic_id for row in kept}
    meeting.topic_rows = kept + [MeetingTopic(topic_id=topic) for topic in sorted(wanted - known)]


def _told(meeting: Meeting) -> dict[str, Any]:
    return {
        "title": meeting.title,
        "starts_at": meeting.starts_at.isoformat() if meeting.starts_at else None,
        "ends_at": meeting.ends_at.isoformat() if meeting.ends_at else None,
        "month": meeting.month.isoformat() if meeting.month else None,
        "venue": meeting.venue,
        "hamlets": sorted(row.hamlet_id or row.hamlet.id for row in meeting.hamlet_rows),
        "audience": list(meeting.audience_classes),
        "unit": meeting.invite_unit.value,
        "status": meeting.status.value,
    }


def _note(
    action: str,
    meeting: Meeting,
    *,
    by: Any,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    if before is not None and after is not None:
        changed = {key for key in after if before.get(key) != after[key]} | (before.keys() - after.keys())
        before = {key: value for key, value in before.items() if key in changed}
        after = {key: value for key, value in after.items() if key in changed}
    record_audit(action, f"meeting:{meeting.id}", by=by, now=now, area_id=meeting.area_id, before=before, after=after)
