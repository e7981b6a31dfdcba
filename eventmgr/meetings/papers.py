"""What a printed giấy mời says (Nghị định 30/2020/NĐ-CP, Phụ lục III, Mẫu 1.7). Papers speak Vietnamese."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from eventmgr.areas.models import Area
from eventmgr.core.clock import local
from eventmgr.core.codes import spell_code
from eventmgr.core.language import WEEKDAYS_VI
from eventmgr.core.qr import qr_svg
from eventmgr.core.text import display_name, short_honorific
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.resident_page import invitation_link
from eventmgr.meetings.values import InviteUnit
from eventmgr.residents.models import Guest, Resident


@dataclass(frozen=True, slots=True)
class PaperHead:
    """What stands on all copies alike. Number and day of issue stay blank for the clerk."""

    office: tuple[str, ...]
    office_in_text: str
    place: str
    year: int
    subject: str
    when: str  # empty while only a month is known
    venue: str
    signer: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InvitationPaper:
    """One copy. A household's class is not in it and must never be."""

    names: str
    address: str
    note: str
    spelled_code: str
    qr: Markup


def paper_head(meeting: Meeting, signer: list[str], *, now: datetime) -> PaperHead:
    """The part of the paper that is the same for everyone."""
    commune = meeting.area
    day = local(meeting.starts_at or now)
    return PaperHead(
        office=("Ủy ban nhân dân", commune.full_name),
        office_in_text=f"Ủy ban nhân dân {commune.full_name}",
        place=commune.name,
        year=local(now).year,
        subject=_inside_a_sentence(meeting.title),
        when=f"{day.hour:02} giờ {day.minute:02} phút, ngày {_day_of_paper(day)} ({WEEKDAYS_VI[day.weekday()]})"
        if meeting.starts_at
        else "",
        venue=meeting.venue,
        signer=tuple(signer),
    )


def invitation_paper(invitation: Invitation, *, base_url: str) -> InvitationPaper:
    """The copy of one household or guest. Its QR holds the page's address, the printed code is read out or typed."""
    return InvitationPaper(
        names=_names(invitation),
        address=_address(invitation),
        note=_note(invitation),
        spelled_code=spell_code(invitation.code),
        qr=qr_svg(invitation_link(invitation.code, base_url), spell_code(invitation.code)),
    )


def _day_of_paper(day: datetime) -> str:
    """Days under 10, and months 1 and 2, take a leading zero, others do not. Source: Phụ lục I, II.4."""
    month = f"{day.month:02}" if day.month < 3 else str(day.month)
    return f"{day.day:02} tháng {month} năm {day.year}"


def _inside_a_sentence(title: str) -> str:
    """A title after "Dự": its first word loses the capital where it is the plain word for a meeting."""
    return title[:1].lower() + title[1:] if title.startswith(("Hội nghị", "Họp", "Cuộc họp", "Buổi")) else title


def _names(invitation: Invitation) -> str:
    if invitation.guest is not None:
        return _named(invitation.guest)
    if invitation.meeting.invite_unit == InviteUnit.PERSONS and invitation.named:
        return ", ".join(_named(member.resident) for member in invitation.named)
    head = invitation.household.head if invitation.household else None
    return _named(head) if head else f"{short_honorific(None, on_paper=True)} chủ hộ"


def _named(person: Resident | Guest) -> str:
    return f"{short_honorific(person.gender, on_paper=True)} {display_name(person.full_name)}"


def _address(invitation: Invitation) -> str:
    if invitation.guest is not None:
        return ", ".join(part for part in (invitation.guest.title, invitation.guest.organisation) if part)
    hamlet: Area | None = invitation.household.hamlet if invitation.household else None
    return _capital(hamlet.full_name) if hamlet else ""


def _note(invitation: Invitation) -> str:
    by_household = invitation.household is not None and invitation.meeting.invite_unit == InviteUnit.HOUSEHOLD
    return "(đại diện hộ gia đình)" if by_household else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
