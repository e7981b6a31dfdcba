"""Telling those who were texted that their meeting moved, waits or is not held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from eventmgr.core.clock import local_day
from eventmgr.core.text import to_gsm
from eventmgr.meetings.invite_texts import meeting_words, notice_values, short_day, short_hour
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.queries.audience import invitations_known, key_of, languages_of, subject_of
from eventmgr.meetings.resident_page import contact_phone
from eventmgr.meetings.services.inviting import NoContactPhone, batch_title
from eventmgr.meetings.values import MeetingDetails, MeetingStatus
from eventmgr.messaging import services as messaging
from eventmgr.messaging.budgets import BudgetUse, budgets_before
from eventmgr.messaging.library import check_registered, kept_versions, wordings_of
from eventmgr.messaging.queries import (
    Leaving,
    Prices,
    foresee_leaving,
    is_approval_needed,
    next_revision,
    texted_about,
)
from eventmgr.messaging.segments import count_segments, dear_characters
from eventmgr.messaging.texts import TextPurpose, language_key, render_text
from eventmgr.messaging.values import BatchDetails, BatchKind, Queued, Recipient

PURPOSES: Mapping[BatchKind, TextPurpose] = {
    BatchKind.RESCHEDULE: TextPurpose.RESCHEDULE,
    BatchKind.POSTPONE: TextPurpose.POSTPONE,
    BatchKind.CANCEL: TextPurpose.CANCEL,
}


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice before it goes: what it says, to how many phones, at what price."""

    kind: BatchKind
    text: str
    versions: tuple[tuple[str, str, int], ...]  # language, what it says there, to how many phones
    phones: int
    segments: int  # of all its texts
    price: int  # đồng
    dear: tuple[tuple[str, str], ...]  # as segments.dear_characters gives them
    budgets: tuple[BudgetUse, ...]
    leaving: Leaving
    is_too_late: bool  # it could leave only when it is of no use any more
    needs_approval: bool


@dataclass(frozen=True, slots=True)
class Timing:
    """What a notice says of when and where, and until when it is of use."""

    starts_at: datetime | None  # the new time, or the old one where there is no new one
    venue: str
    useful_until: datetime | None


def notice_kind(meeting: Meeting, details: MeetingDetails) -> BatchKind | None:
    """Which notice a change calls for: none where time and place stay, or where no time had been told.

    A meeting that was postponed and gets a day again is told of as one that moved: its invitations stand.
    """
    if meeting.status not in (MeetingStatus.TENTATIVE, MeetingStatus.SCHEDULED):
        return None
    if details.starts_at is None:
        return BatchKind.POSTPONE if meeting.starts_at is not None else None
    if details.starts_at != meeting.starts_at or meeting.is_elsewhere(details.venue, details.venue_short):
        return BatchKind.RESCHEDULE
    return None


def timing_after(meeting: Meeting, details: MeetingDetails | None = None) -> Timing:
    """What is to be told of a change to `details`; without them, of the meeting as it stands."""
    venue = meeting.venue_short or meeting.venue
    if details is not None and details.starts_at is not None:
        return Timing(details.starts_at, details.venue_short or details.venue, details.starts_at)
    return Timing(meeting.starts_at, venue, meeting.starts_at)


def phones_told(meeting: Meeting) -> dict[str, str]:
    """The phones of those whose invitation was texted, by recipient key; each phone once, as all get the same words."""
    standing = {key_of(one.id) for one in invitations_known([meeting.id]) if not one.withdrawn}
    by_phone = {
        text.phone: key
        for key, text in texted_about(subject_of(meeting.id), BatchKind.INVITE).items()
        if key in standing
    }
    return {key: phone for phone, key in by_phone.items()}


def usual_notice(meeting: Meeting, kind: BatchKind) -> str:
    """The wording an officer starts from: the office's own, or the usual one, without diacritics."""
    return wordings_of(meeting.area.path)[PURPOSES[kind]].plain


def foresee_notice(meeting: Meeting, kind: BatchKind, wording: str, timing: Timing, *, now: datetime) -> Notice | None:
    """The notice as it would go; None where nobody was texted. Raises UnknownPlaceholder, EmptyValue, NoContactPhone."""
    told = phones_told(meeting)
    if not told:
        return None
    text = write_notice(meeting, wording, timing, now=now)
    versions = _versions(meeting, kind, wording, timing, now=now)
    languages = languages_of(meeting.id)
    texts = {key: versions.get(language_key(languages.get(key, "")), text) for key in told}
    leaving = foresee_leaving(meeting.area.path, None, now)
    prices = Prices(local_day(leaving.at))
    parts = {words: count_segments(words).segments for words in set(texts.values())}
    price = sum(parts[texts[key]] * prices.of_segment(phone) for key, phone in told.items())
    return Notice(
        kind=kind,
        text=text,
        versions=tuple(
            (language, words, sum(1 for sent in texts.values() if sent == words))
            for language, words in _named(languages.values(), versions)
        ),
        phones=len(told),
        segments=sum(parts[words] for words in texts.values()),
        price=price,
        dear=dear_characters(text),
        budgets=tuple(budgets_before({subject_of(meeting.id): price})),
        leaving=leaving,
        is_too_late=leaves_too_late(meeting, timing, now=now),
        needs_approval=is_approval_needed(meeting.area.path, local_day(now)),
    )


def leaves_too_late(meeting: Meeting, timing: Timing, *, now: datetime) -> bool:
    """Whether a notice could leave only after it is of use: at night, say, of a meeting early in the morning."""
    leaving = foresee_leaving(meeting.area.path, None, now)
    return timing.useful_until is not None and leaving.at >= timing.useful_until


def write_notice(meeting: Meeting, wording: str, timing: Timing, *, now: datetime) -> str:
    """The words all of them get. Raises UnknownPlaceholder, EmptyValue, NoContactPhone, TextNotRegistered."""
    check_registered(meeting.area.path, {"notice": wording}, local_day(now))
    phone = contact_phone(meeting.area.path, now)
    if "{dien_thoai}" in wording and not phone:
        raise NoContactPhone
    values = notice_values(
        meeting_words(meeting, contact_phone=phone, base_url=""),
        hour=short_hour(timing.starts_at) if timing.starts_at else "",
        day=short_day(timing.starts_at) if timing.starts_at else "",
        venue=timing.venue,
    )
    wording = " ".join(wording.split())
    text = render_text(wording, values)
    return to_gsm(text) if to_gsm(wording) == wording else text


def _versions(meeting: Meeting, kind: BatchKind, wording: str, timing: Timing, *, now: datetime) -> dict[str, str]:
    """The notice in the further languages the office has a version in, by language key; with marks or without them as
    the Vietnamese wording."""
    plain = to_gsm(wording) == wording
    kept = {key: texts.get(PURPOSES[kind]) for key, texts in kept_versions(meeting.area.path).items()}
    return {
        key: write_notice(meeting, text.wording.plain if plain else text.wording.marked, timing, now=now)
        for key, text in kept.items()
        if text is not None
    }


def _named(languages: Iterable[str], versions: Mapping[str, str]) -> list[tuple[str, str]]:
    """The versions that somebody gets, by the language's name."""
    names = {language_key(language): language for language in languages}
    return [(names[key], words) for key, words in versions.items() if key in names]


def queue_notice(
    meeting: Meeting,
    kind: BatchKind,
    wording: str,
    timing: Timing,
    *,
    by: Any,
    now: datetime,
    over_budget: bool = False,
) -> Queued | None:
    """Tell everyone whose invitation was texted, once for each phone; None where there is nobody.

    Belongs in the unit of work that changes the meeting. Where the commune wants a leader's yes, it waits for one; else
    `over_budget` says that it goes though it costs more than is left. Raises UnknownPlaceholder, EmptyValue,
    NoContactPhone, TextTooLong, TooLateToSend, OverBudget.
    """
    told = phones_told(meeting)
    if not told:
        return None
    text = write_notice(meeting, wording, timing, now=now)
    versions = _versions(meeting, kind, wording, timing, now=now)
    languages = languages_of(meeting.id)
    needed = is_approval_needed(meeting.area.path, local_day(now))
    approval = messaging.ask_for_approval(meeting.area, by=by, now=now) if needed else None
    return messaging.queue_batch(
        BatchDetails(
            area_id=meeting.area_id,
            subject=subject_of(meeting.id),
            title=batch_title(meeting),
            kind=kind,
            texts={"notice": text} | {f"notice:{key}": words for key, words in versions.items()},
            revision=next_revision(subject_of(meeting.id), kind),
            expires_at=timing.useful_until,
        ),
        [
            Recipient(phone, key, versions.get(language_key(languages.get(key, "")), text))
            for key, phone in told.items()
        ],
        by=by,
        now=now,
        approval=approval,
        over_budget=over_budget,
    )
