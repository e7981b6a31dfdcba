"""How many billed parts a text makes, exactly as networks and Twilio count them.

Pure functions. Units are septets for GSM-7 and UTF-16 code units for UCS-2.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from eventmgr.core.text import to_gsm

Encoding = Literal["GSM-7", "UCS-2"]

# Source: 3GPP TS 23.038, 6.2.1, GSM 7 bit default alphabet, in the order of its codes; the code
# 0x1B is the escape to the extension table and stands for no character.
GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)

# Source: 3GPP TS 23.038, 6.2.1.1, extension table: each of these is sent as an escape and a code.
GSM_EXTENSION = "\f^{}\\[~]|€"

# Source: 3GPP TS 23.040, 9.2.3.16 and 9.2.3.24.1: 140 octets of user data; a part of a longer
# text loses 6 of them to the concatenation header (8-bit reference), which is 7 septets.
GSM_SINGLE = 160
GSM_PART = 153
UCS2_SINGLE = 70
UCS2_PART = 67

_FORCES_UCS2 = re.compile(f"[^{re.escape(GSM_BASIC + GSM_EXTENSION)}]")
_EXTENSION = re.compile(f"[{re.escape(GSM_EXTENSION)}]")
_SURROGATE_PAIR = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class SegmentCount:
    """What a text costs: its encoding, its length in that encoding's units, its billed parts."""

    encoding: Encoding
    units: int
    segments: int


def count_segments(text: str) -> SegmentCount:
    """Count the billed parts of `text` as it would be sent (composed form, NFC).

    One character outside the GSM alphabet moves the whole text to UCS-2. A part never ends inside
    an escaped character or a surrogate pair, so parts may be filled less than full. An empty text
    makes no part.
    """
    text = unicodedata.normalize("NFC", text)
    if _FORCES_UCS2.search(text) is None:
        units = len(text) + len(_EXTENSION.findall(text))
        wide, single, part = _EXTENSION, GSM_SINGLE, GSM_PART
        encoding: Encoding = "GSM-7"
    else:
        units = len(text) + len(_SURROGATE_PAIR.findall(text))
        wide, single, part = _SURROGATE_PAIR, UCS2_SINGLE, UCS2_PART
        encoding = "UCS-2"
    if units == 0:
        return SegmentCount(encoding, 0, 0)
    if units <= single:
        return SegmentCount(encoding, units, 1)
    return SegmentCount(encoding, units, _parts(text, wide, part))


def _parts(text: str, wide: re.Pattern[str], room: int) -> int:
    """Parts of `room` units that a text too long for one SMS fills, where characters matching
    `wide` take two units and are never split."""
    start = parts = 0
    while start < len(text):
        # No more characters than units fit; each wide one among them takes one more unit.
        end, used = start, 0
        for character in text[start : start + room]:
            used += 2 if wide.match(character) else 1
            if used > room:
                break
            end += 1
        start = end
        parts += 1
    return parts


def characters_forcing_ucs2(text: str) -> tuple[str, ...]:
    """The different characters of `text` that the GSM alphabet lacks, in the order they appear.

    They are why a text costs 70 characters a part instead of 160; empty for a GSM-7 text.
    """
    composed = unicodedata.normalize("NFC", text)
    return tuple(dict.fromkeys(_FORCES_UCS2.findall(composed)))


def dear_characters(text: str) -> tuple[tuple[str, str], ...]:
    """The characters that force UCS-2, each with what says about the same in its place; empty where nothing does."""
    instead = ((character, to_gsm(character)) for character in characters_forcing_ucs2(text))
    return tuple((character, "" if plain == "?" else plain) for character, plain in instead)
