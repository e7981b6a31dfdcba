"""What the page of one invitation says: made ready here, so that its template only shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from urllib.parse import urlsplit

from flask_babel import gettext as _

from eventmgr.core.clock import local, local_day
from eventmgr.core.codes import spell_code
from eventmgr.core.language import is_vietnamese, say_day
from eventmgr.core.phone import national_form
from eventmgr.core.settings import CONTACT_NAME, CONTACT_PHONE, setting
from eventmgr.core.text import given_name
from eventmgr.meetings.calendar_file import USUAL_LENGTH, CalendarEntry
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.values import InviteUnit, MeetingStatus, Rsvp
from eventmgr.residents.models import Contact, Guest, Resident
from eventmgr.residents.values import Gender, PhoneOwner

STILL_ON = timedelta(minutes=30)
"""The page keeps its QR on top this long after the hour given as the end: meetings run late."""


class PageState(StrEnum):
    """What the page says first."""

    BEFORE = "before"
    TODAY = "today"
    OVER = "over"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"


@dataclass(frozen=True, slots=True)
class Invitee:
    """One who is asked, as the village calls them; `resident_id` is None where the household answers as one."""

    name: str
    answer: Rsvp
    resident_id: int | None


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """Everything the page shows. No family name, phone of the household, class or address is in it."""

    state: PageState
    code: str
    spelled_code: str
    link: str  # in capitals, for the QR
    office: str
    who: str
    is_guest: bool
    title: str
    day: str  # empty while only a month is known
    hour: str
    was: str  # the day and hour it was invited for before it moved; empty if it never did
    venue: str
    directions: str
    reason: str
    summary: tuple[str, ...]
    invitees: tuple[Invitee, ...]
    answered: bool
    contact_name: str
    contact_phone: str  # as people dial it; empty: the office has not set one
    texts_stopped: bool
    may_stop_texts: bool


def invitation_link(code: str, base_url: str) -> str:
    """The address of an invitation's page, in capitals: a QR of it takes the alphanumeric mode.

    Scheme and host are the same in any case, and both `/i/` and `/I/` are served.
    """
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc}/i/{code}".upper()


def describe_invitation(
    invitation: Invitation, *, base_url: str, silent_phones: frozenset[str], now: datetime
) -> InvitationPage:
    """The page of an invitation as it stands at `now`, in the language of the request.

    `silent_phones` are those that get no texts from us any more.
    """
    meeting = invitation.meeting
    today = local_day(now)
    own_phones = phones_of_household(invitation)
    return InvitationPage(
        state=page_state(meeting, now),
        code=invitation.code,
        spelled_code=spell_code(invitation.code),
        link=invitation_link(invitation.code, base_url),
        office=_("People's Committee of %(commune)s", commune=meeting.area.full_name),
        who=_who(invitation),
        is_guest=invitation.guest is not None,
        title=meeting.title,
        day=say_day(meeting.starts_at) if meeting.starts_at else "",
        hour=say_hour(meeting.starts_at) if meeting.starts_at else "",
        was=_("%(hour)s, %(day)s", hour=say_hour(meeting.moved_from), day=say_day(meeting.moved_from))
        if meeting.moved_from and meeting.moved_from != meeting.starts_at
        else "",
        venue=meeting.venue,
        directions=meeting.directions,
        reason=meeting.cancel_reason,
        summary=tuple(line.strip() for line in meeting.summary.splitlines() if line.strip())[:3],
        invitees=_invitees(invitation),
        answered=invitation.rsvp != Rsvp.NONE,
        contact_name=setting(meeting.area.path, CONTACT_NAME, today),
        contact_phone=contact_phone(meeting.area.path, now),
        texts_stopped=bool(own_phones) and silent_phones.issuperset(own_phones),
        may_stop_texts=bool(own_phones),
    )


def contact_phone(area_path: str, now: datetime) -> str:
    """The number to ask, as people dial it; empty if the office has set none."""
    number: str = setting(area_path, CONTACT_PHONE, local_day(now))
    return national_form(number) if number.startswith("+") else number


def page_state(meeting: Meeting, now: datetime) -> PageState:
    """What the page of an invitation to this meeting says first at `now`."""
    if meeting.status == MeetingStatus.CANCELLED:
        return PageState.CANCELLED
    if meeting.status in (MeetingStatus.HELD, MeetingStatus.CLOSED):
        return PageState.OVER
    if meeting.starts_at is None:
        return PageState.POSTPONED
    if now > (meeting.ends_at or meeting.starts_at + USUAL_LENGTH) + STILL_ON:
        return PageState.OVER
    return PageState.TODAY if local_day(meeting.starts_at) == local_day(now) else PageState.BEFORE


def phones_of_household(invitation: Invitation) -> tuple[str, ...]:
    """The phones that the holder of this invitation may speak for: the household's own, or the guest's.

    Not a relative's or the hamlet head's, who receive texts for others as well.
    """
    if invitation.guest is not None:
        return (invitation.guest.phone,) if invitation.guest.phone else ()
    contacts: list[Contact] = invitation.household.contacts if invitation.household else []
    return tuple(contact.phone for contact in contacts if contact.takes_sms and contact.owner == PhoneOwner.MEMBER)


def say_hour(instant: datetime) -> str:
    """The hour as people say it, by twelve with the part of the day: "7 giờ 30 sáng", "2 giờ chiều"."""
    moment = local(instant)
    twelve = moment.hour % 12 or 12
    if is_vietnamese():
        hour = f"{twelve} giờ {moment.minute:02}" if moment.minute else f"{twelve} giờ"
    else:
        hour = f"{twelve}:{moment.minute:02}"
    if moment.hour < 11:
        return _("%(hour)s in the morning", hour=hour)
    if moment.hour < 13:
        return _("%(hour)s at noon", hour=hour)
    if moment.hour < 18:
        return _("%(hour)s in the afternoon", hour=hour)
    return _("%(hour)s in the evening", hour=hour)


def call_by_name(person: Resident | Guest) -> str:
    """A person as the village calls them: honorific and given name, "bà Nguyệt"."""
    name = given_name(person.full_name)
    if person.gender == Gender.MALE:
        return _("Mr %(name)s", name=name)
    if person.gender == Gender.FEMALE:
        return _("Ms %(name)s", name=name)
    return _("Mr or Ms %(name)s", name=name)


def calendar_entry(invitation: Invitation, page: InvitationPage, *, now: datetime) -> CalendarEntry | None:
    """The invitation for the phone's calendar; None while no day is known."""
    meeting = invitation.meeting
    if meeting.starts_at is None:
        return None
    note = [
        _("Your code: %(code)s. Without the code you are welcome too.", code=page.spelled_code),
        _("To ask: %(phone)s", phone=page.contact_phone) if page.contact_phone else "",
        page.directions,
    ]
    return CalendarEntry(
        # Calendars are shared and synchronised: the code itself stays out of what identifies the entry.
        uid=f"{sha256(invitation.code.encode()).hexdigest()[:20]}@eventmgr",
        revision=meeting.row_version,
        title=_("Hamlet meeting: %(title)s", title=meeting.title),
        place=meeting.venue,
        note="\n".join(line for line in note if line),
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        cancelled=page.state == PageState.CANCELLED,
        made_at=now,
    )


def _who(invitation: Invitation) -> str:
    if invitation.guest is not None:
        return call_by_name(invitation.guest)
    if invitation.meeting.invite_unit == InviteUnit.PERSONS and invitation.named:
        return ", ".join(call_by_name(member.resident) for member in invitation.named)
    head = invitation.household.head if invitation.household else None
    return call_by_name(head) if head else _("the household")


def _invitees(invitation: Invitation) -> tuple[Invitee, ...]:
    if invitation.meeting.invite_unit == InviteUnit.PERSONS and len(invitation.named) > 1:
        return tuple(Invitee(call_by_name(m.resident), m.rsvp, m.resident_id) for m in invitation.named)
    return (Invitee(_who(invitation), invitation.rsvp, None),)
