"""What stands for each placeholder of an invitation's text. Texts to residents speak Vietnamese, whoever sends them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from eventmgr.core.clock import local
from eventmgr.core.codes import spell_code
from eventmgr.core.text import given_name, to_gsm
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.queries.audience import Invitee
from eventmgr.meetings.values import Channel, InviteTexts
from eventmgr.messaging.library import KeptText
from eventmgr.messaging.texts import DEFAULT_WORDINGS, TextPurpose, Wording, language_key, render_text

SHORT_WEEKDAYS = ("Thứ 2", "Thứ 3", "Thứ 4", "Thứ 5", "Thứ 6", "Thứ 7", "Chủ nhật")
SAMPLE_CODE = "7K3Q9XM2RT"
"""Stands in previews for a code not yet given."""


@dataclass(frozen=True, slots=True)
class MeetingWords:
    """What all texts of one meeting share."""

    commune: str
    hamlets: str
    hour: str
    day: str
    venue: str
    phone: str  # to ask; empty: the office has set none
    link_start: str  # "https://hop.example.vn/i/"; empty where there is no recognisable address


def default_texts(
    wordings: Mapping[TextPurpose, Wording] = DEFAULT_WORDINGS,
    versions: Mapping[str, Mapping[TextPurpose, KeptText]] | None = None,
) -> InviteTexts:
    """The wordings an officer starts from: the office's own, or those every commune starts with. `versions` are those
    in further languages, by language key."""
    return InviteTexts(
        invite=wordings[TextPurpose.INVITE].marked,
        relay=wordings[TextPurpose.RELAY].marked,
        remind=wordings[TextPurpose.REMIND].marked,
        remind_relay=wordings[TextPurpose.REMIND_RELAY].marked,
        plains=plain_forms(wordings),
        versions={key: _by_field(texts) for key, texts in (versions or {}).items()},
    )


_FIELDS = {
    TextPurpose.INVITE: "invite",
    TextPurpose.INVITE_WITH_LINK: "invite_with_link",
    TextPurpose.RELAY: "relay",
    TextPurpose.REMIND: "remind",
    TextPurpose.REMIND_RELAY: "remind_relay",
}


def _by_field(texts: Mapping[TextPurpose, KeptText]) -> dict[str, Wording]:
    return {_FIELDS[purpose]: kept.wording for purpose, kept in texts.items() if purpose in _FIELDS}


def plain_forms(wordings: Mapping[TextPurpose, Wording]) -> dict[str, str]:
    """The plain form of each wording, by its words with marks."""
    return {" ".join(wording.marked.split()): wording.plain for wording in wordings.values()}


def meeting_words(meeting: Meeting, *, contact_phone: str, base_url: str) -> MeetingWords:
    """The words of a meeting whose day and hour are known. Only an https address makes a link people may trust."""
    return MeetingWords(
        commune=meeting.area.name,
        hamlets=", ".join(hamlet.name for hamlet in meeting.hamlets),
        hour=short_hour(meeting.starts_at) if meeting.starts_at else "",
        day=short_day(meeting.starts_at) if meeting.starts_at else "",
        venue=meeting.venue_short or meeting.venue,
        phone=contact_phone,
        link_start=f"{base_url}/i/" if base_url.startswith("https://") else "",
    )


def placeholder_values(words: MeetingWords, invitee: Invitee, code: str) -> dict[str, str]:
    """The values of all placeholders for one recipient, with their marks."""
    return {
        "xa": words.commune,
        "ten": call_invitee(invitee),
        "thon": invitee.hamlet or words.hamlets,
        "gio": words.hour,
        "ngay": words.day,
        "dia_diem": words.venue,
        "ma": spell_code(code),
        "link": f"{words.link_start}{code}" if words.link_start else "",
        "dien_thoai": words.phone,
    }


def write_text(texts: InviteTexts, invitee: Invitee, values: Mapping[str, str], *, with_marks: bool) -> str:
    """The text this recipient gets. Raises UnknownPlaceholder, EmptyValue."""
    name = "relay" if invitee.channel is Channel.RELAY else "invite"
    wording = texts.version(name, invitee.language, with_marks=with_marks)
    if wording is None:
        own = texts.relay if name == "relay" else texts.invite
        wording = " ".join(own.split()) if with_marks else texts.without_marks(own)
    text = render_text(wording, values)
    return text if with_marks else to_gsm(text)


def approved_texts(texts: InviteTexts) -> dict[str, str]:
    """The wordings as they are sent, by field, those in further languages by field and language key: what a leader
    agrees to is what arrives."""
    written = {"invite": texts.invite, "relay": texts.relay}
    written |= {"remind": texts.remind, "remind_relay": texts.remind_relay} if texts.remind else {}
    if not texts.with_marks:
        written = {name: texts.without_marks(text) for name, text in written.items()}
    for key in texts.versions:
        versions = {name: texts.version(name, key, with_marks=texts.with_marks) for name in written if ":" not in name}
        written |= {f"{name}:{key}": wording for name, wording in versions.items() if wording}
    return written


def wordings_used(texts: InviteTexts, invitees: Iterable[Invitee], *, reminding: bool) -> dict[str, str]:
    """Those of the wordings that somebody who is texted will get, as `approved_texts` names them."""
    written, used = approved_texts(texts), {}
    for invitee in invitees:
        if invitee.phone is None:
            continue
        relay = invitee.channel is Channel.RELAY
        for name in (("relay", "remind_relay") if relay else ("invite", "remind"))[: 2 if reminding else 1]:
            version = f"{name}:{language_key(invitee.language)}"
            chosen = version if version in written else name
            if chosen in written:
                used[chosen] = written[chosen]
    return used


def reminder_name(templates: Mapping[str, str], invitee: Invitee, channel: Channel) -> str:
    """Which of the wordings agreed to is this recipient's."""
    name = "remind_relay" if channel is Channel.RELAY else "remind"
    version = f"{name}:{language_key(invitee.language)}"
    return version if version in templates else name


def write_reminder(templates: Mapping[str, str], invitee: Invitee, channel: Channel, values: Mapping[str, str]) -> str:
    """The reminder this recipient gets, by the wordings as they were agreed to: those without marks stay without.

    Raises UnknownPlaceholder, EmptyValue.
    """
    wording = " ".join(templates[reminder_name(templates, invitee, channel)].split())
    text = render_text(wording, values)
    return to_gsm(text) if to_gsm(wording) == wording else text


def notice_values(words: MeetingWords, *, hour: str, day: str, venue: str) -> dict[str, str]:
    """The values of a notice's placeholders: the same for everybody, so it names nobody and no code."""
    return {
        "xa": words.commune,
        "thon": words.hamlets,
        "gio": hour,
        "ngay": day,
        "dia_diem": venue,
        "dien_thoai": words.phone,
    }


def call_invitee(invitee: Invitee) -> str:
    """A recipient as the village calls them: "bà Nguyệt", "ông Đức và 2 người"."""
    if not invitee.people:
        return f"{invitee.honorific} chủ hộ"
    first = f"{invitee.honorific} {given_name(invitee.people[0].full_name)}"
    others = len(invitee.people) - 1
    return f"{first} và {others} người" if others else first


def short_hour(instant: datetime) -> str:
    """The hour by twelve with the part of the day: "7h30 sáng", "2h chiều"."""
    moment = local(instant)
    hour = f"{moment.hour % 12 or 12}h{moment.minute:02}" if moment.minute else f"{moment.hour % 12 or 12}h"
    if moment.hour < 11:
        return f"{hour} sáng"
    if moment.hour < 13:
        return f"{hour} trưa"
    if moment.hour < 18:
        return f"{hour} chiều"
    return f"{hour} tối"


def short_day(instant: datetime) -> str:
    """A day with its weekday, short: "Thứ 5 15/6"."""
    day = local(instant)
    return f"{SHORT_WEEKDAYS[day.weekday()]} {day.day}/{day.month}"
