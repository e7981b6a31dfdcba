"""What the invite page shows before anything is sent: the texts of all recipients counted and priced, both ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from eventmgr.meetings.invite_texts import SAMPLE_CODE, MeetingWords, placeholder_values, write_text
from eventmgr.meetings.queries.audience import Invitee
from eventmgr.meetings.values import Channel, InviteTexts, NoText
from eventmgr.messaging.queries import Prices
from eventmgr.messaging.segments import Encoding, count_segments, dear_characters
from eventmgr.messaging.texts import language_key


@dataclass(frozen=True, slots=True)
class Counted:
    """One way of writing the texts: the chosen recipient's text, and what all of them cost."""

    text: str
    encoding: Encoding
    units: int
    room: int  # units that one part of this text holds
    segments: int  # of the chosen recipient's text
    all_segments: int
    prices: Mapping[int, int]  # đồng for the recipients of each meeting
    dear: tuple[tuple[str, str], ...]  # of the chosen recipient's text, as segments.dear_characters gives them

    @property
    def price(self) -> int:
        """Đồng for all recipients."""
        return sum(self.prices.values())


@dataclass(frozen=True, slots=True)
class Spoken:
    """How many recipients want their texts in a language, and how many of them get it."""

    language: str  # empty: Vietnamese
    wanted: int
    written: int


def spoken_by(recipients: Iterable[Invitee], texts: InviteTexts) -> tuple[Spoken, ...]:
    """The languages of the recipients, Vietnamese first; none where that is the only one."""
    names: dict[str, str] = {}
    wanted, written = Counter[str](), Counter[str]()
    for invitee in recipients:
        key = language_key(invitee.language)
        names.setdefault(key, invitee.language if key else "")
        wanted[key] += 1
        name = "relay" if invitee.channel is Channel.RELAY else "invite"
        written[key] += not key or texts.version(name, invitee.language, with_marks=texts.with_marks) is not None
    return tuple(Spoken(names[key], wanted[key], written[key]) for key in sorted(names)) if any(names) else ()


@dataclass(frozen=True, slots=True)
class Preview:
    """The texts as they would be sent."""

    to: str  # the chosen recipient
    by_relay: bool
    recipients: int
    plain: Counted
    marked: Counted
    with_marks: bool
    saved: int  # đồng that the plain form saves
    languages: tuple[Spoken, ...]  # how many are written to in which; none where all speak Vietnamese

    @property
    def sent(self) -> Counted:
        """The way that is chosen."""
        return self.marked if self.with_marks else self.plain


def preview_texts(
    recipients: Sequence[Invitee],
    words: Mapping[int, MeetingWords],
    texts: InviteTexts,
    prices: Prices,
    *,
    chosen: int = 0,
    language: str | None = None,
) -> Preview | None:
    """The texts for all who would be texted, shown for the one at place `chosen`, in that one's language or the one
    given; None where there is nobody.

    Raises UnknownPlaceholder, EmptyValue.
    """
    if not recipients:
        return None
    shown = recipients[chosen if 0 <= chosen < len(recipients) else 0]
    if language is not None:
        shown = replace(shown, language=language)
    plain = _count(recipients, words, texts, prices, shown, with_marks=False)
    marked = _count(recipients, words, texts, prices, shown, with_marks=True)
    return Preview(
        to=shown.name,
        by_relay=shown.channel is Channel.RELAY,
        recipients=len(recipients),
        plain=plain,
        marked=marked,
        with_marks=texts.with_marks,
        saved=marked.price - plain.price,
        languages=spoken_by(recipients, texts),
    )


def _count(
    recipients: Sequence[Invitee],
    words: Mapping[int, MeetingWords],
    texts: InviteTexts,
    prices: Prices,
    shown: Invitee,
    *,
    with_marks: bool,
) -> Counted:
    segments, costs = 0, Counter[int]()
    for invitee in recipients:
        number = count_segments(_write(words, texts, invitee, with_marks)).segments
        segments += number
        costs[invitee.meeting_id] += number * prices.of_segment(invitee.phone or "")
    text = _write(words, texts, shown, with_marks)
    own = count_segments(text)
    single, part = (160, 153) if own.encoding == "GSM-7" else (70, 67)
    return Counted(
        text=text,
        encoding=own.encoding,
        units=own.units,
        room=single if own.segments <= 1 else part * own.segments,
        segments=own.segments,
        all_segments=segments,
        prices=costs,
        dear=dear_characters(text),
    )


def _write(words: Mapping[int, MeetingWords], texts: InviteTexts, invitee: Invitee, with_marks: bool) -> str:
    values = placeholder_values(words[invitee.meeting_id], invitee, SAMPLE_CODE)
    return write_text(texts, invitee, values, with_marks=with_marks)


@dataclass(frozen=True, slots=True)
class LeftOutLine:
    """Somebody who is asked, but by no text."""

    name: str
    hamlet: str
    channel: Channel
    reason: NoText


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom the texts would reach and whom not, and why not."""

    invited: int
    texted: tuple[Invitee, ...]
    already: int  # have the text from an earlier send
    left_out: tuple[LeftOutLine, ...]
    reasons: tuple[tuple[NoText, int], ...]


def foresee_reach(invitees: Sequence[Invitee], already: Sequence[bool]) -> Reach:
    """Sort everyone who is asked by whether a text would go; `already` says who has one from before."""
    texted: list[Invitee] = []
    left_out: list[LeftOutLine] = []
    for invitee, has_one in zip(invitees, already, strict=True):
        if has_one:
            continue
        if invitee.no_text is None:
            texted.append(invitee)
        else:
            left_out.append(LeftOutLine(invitee.name, invitee.hamlet, invitee.channel, invitee.no_text))
    counted = Counter(line.reason for line in left_out)
    return Reach(
        invited=len(invitees),
        texted=tuple(texted),
        already=sum(already),
        left_out=tuple(left_out),
        reasons=tuple((reason, counted[reason]) for reason in NoText if counted[reason]),
    )
