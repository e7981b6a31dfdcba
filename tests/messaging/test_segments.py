"""Billed parts of a text, around every border of both encodings."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventmgr.messaging.segments import (
    GSM_BASIC,
    GSM_EXTENSION,
    SegmentCount,
    characters_forcing_ucs2,
    count_segments,
)

GSM, UCS = "GSM-7", "UCS-2"
FACE = "\U0001f600"  # two UTF-16 code units


def test_alphabet_has_all_codes_of_the_default_table_but_the_escape():
    assert len(GSM_BASIC) == 127
    assert len(set(GSM_BASIC)) == 127
    assert len(set(GSM_EXTENSION)) == 10


@pytest.mark.parametrize("character", sorted(GSM_BASIC), ids=lambda c: f"U+{ord(c):04X}")
def test_basic_character_costs_one_septet(character):
    assert count_segments(character) == SegmentCount(GSM, 1, 1)
    assert count_segments(character * 160) == SegmentCount(GSM, 160, 1)
    assert count_segments(character * 161) == SegmentCount(GSM, 161, 2)


@pytest.mark.parametrize("character", sorted(GSM_EXTENSION), ids=lambda c: f"U+{ord(c):04X}")
def test_extension_character_costs_two_septets(character):
    assert count_segments(character) == SegmentCount(GSM, 2, 1)
    assert count_segments(character * 80) == SegmentCount(GSM, 160, 1)
    # 76 fit a part of 153 with one septet left empty.
    assert count_segments(character * 81) == SegmentCount(GSM, 162, 2)
    assert count_segments(character * 152) == SegmentCount(GSM, 304, 2)
    assert count_segments(character * 153) == SegmentCount(GSM, 306, 3)


def gsm_parts(units: int) -> int:
    return 0 if units == 0 else 1 if units <= 160 else -(-units // 153)


def ucs2_parts(units: int) -> int:
    return 0 if units == 0 else 1 if units <= 70 else -(-units // 67)


BORDERS_GSM = sorted({n + d for n in (0, 153, 160, 306, 320, 459, 612, 765, 918) for d in range(-2, 3)})
BORDERS_UCS2 = sorted({n + d for n in (0, 67, 70, 134, 140, 201, 268, 335, 402) for d in range(-2, 3)})


@pytest.mark.parametrize("length", [n for n in BORDERS_GSM if n >= 0])
def test_plain_text_around_the_border(length):
    assert count_segments("a" * length) == SegmentCount(GSM, length, gsm_parts(length))


@pytest.mark.parametrize("length", [n for n in BORDERS_UCS2 if n > 0])
def test_marked_text_around_the_border(length):
    assert count_segments("ư" * length) == SegmentCount(UCS, length, ucs2_parts(length))


@pytest.mark.parametrize("length", [n for n in BORDERS_UCS2 if n > 0])
def test_one_marked_letter_moves_the_whole_text(length):
    text = "a" * (length - 1) + "đ"

    assert count_segments(text) == SegmentCount(UCS, length, ucs2_parts(length))


@pytest.mark.parametrize("before", range(145, 162))
def test_escaped_character_at_the_end_of_a_part(before):
    text = "a" * before + "€" + "b" * 10
    units = before + 12

    # From 149 on the text no longer fits one SMS; with 152 before it the euro moves on.
    expected = 1 if units <= 160 else 2
    assert count_segments(text) == SegmentCount(GSM, units, expected)


@pytest.mark.parametrize(
    ("text", "units", "segments"),
    [
        pytest.param("a" * 158 + "€", 160, 1, id="euro fills the single SMS"),
        pytest.param("a" * 159 + "€", 161, 2, id="euro overflows the single SMS"),
        pytest.param("a" * 151 + "€" + "b" * 153, 306, 2, id="euro ends the first part"),
        pytest.param("a" * 152 + "€" + "b" * 151, 305, 2, id="euro pushed, the rest just fits"),
        pytest.param("a" * 152 + "€" + "b" * 152, 306, 3, id="euro pushed costs a third part"),
        pytest.param("a" * 152 + "€" + "b" * 150 + "€", 306, 3, id="two euros pushed"),
        pytest.param("a" * 153 + "€" + "b" * 151, 306, 2, id="euro opens the second part"),
        pytest.param("[" + "a" * 157 + "]", 161, 2, id="brackets cost two each"),
        pytest.param("\n" * 160, 160, 1, id="line breaks cost one"),
    ],
)
def test_escaped_characters_are_never_split(text, units, segments):
    assert count_segments(text) == SegmentCount(GSM, units, segments)


@pytest.mark.parametrize(
    ("text", "units", "segments"),
    [
        pytest.param(FACE, 2, 1, id="one face"),
        pytest.param(FACE * 35, 70, 1, id="35 faces fill one SMS"),
        pytest.param(FACE * 36, 72, 2, id="36 faces make two parts"),
        pytest.param(FACE * 66, 132, 2, id="33 faces a part, one unit empty"),
        pytest.param(FACE * 67, 134, 3, id="67 faces need a third part"),
        pytest.param("a" * 66 + FACE + "a" * 65, 133, 2, id="pair pushed, the rest just fits"),
        pytest.param("a" * 66 + FACE + "a" * 66, 134, 3, id="pair pushed costs a third part"),
        pytest.param("a" * 65 + FACE + "a" * 67, 134, 2, id="pair ends the first part"),
        pytest.param("ă" * 69 + FACE, 71, 2, id="pair overflows the single SMS"),
        pytest.param("ă" * 68 + FACE, 70, 1, id="pair fills the single SMS"),
        pytest.param("€" * 69 + "đ", 70, 1, id="an escaped character costs one in UCS-2"),
        pytest.param("a" * 80 + "\x1b", 81, 2, id="a bare escape is no GSM character"),
    ],
)
def test_surrogate_pairs_are_never_split(text, units, segments):
    assert count_segments(text) == SegmentCount(UCS, units, segments)


VIETNAMESE = "ăâđêôơư" + "ằẳẵắặầẩẫấậềểễếệồổỗốộờởỡớợừửữứựảãáạẻẽẹỉĩíịỏõóọủũúụỳỷỹýỵ" + "ĂÂĐÊÔƠƯ"


@pytest.mark.parametrize("letter", VIETNAMESE)
def test_vietnamese_letter_forces_ucs2(letter):
    assert count_segments(f"xa {letter}").encoding == UCS
    assert characters_forcing_ucs2(f"xa {letter}{letter}") == (letter,)


@pytest.mark.parametrize("letter", "àèìòùé")
def test_some_marked_vowels_are_in_the_gsm_alphabet(letter):
    assert count_segments(letter).encoding == GSM
    assert characters_forcing_ucs2(letter) == ()


@pytest.mark.parametrize("text", ["Hòa", "Nguyễn Thị Hòa", "Đặng Thị Ước", "é" * 160, "à" * 161])
def test_decomposed_text_counts_as_composed(text):
    assert count_segments(unicodedata.normalize("NFD", text)) == count_segments(text)


@pytest.mark.parametrize(
    ("text", "culprits"),
    [
        ("Kính mời bà", ("í", "ờ")),
        ("“15/6” – 7h30…", ("“", "”", "–", "…")),
        ("UBND xa Binh Trung", ()),
        ("tab\tinside", ("\t",)),
    ],
)
def test_characters_that_force_ucs2_are_pointed_at_in_order(text, culprits):
    assert characters_forcing_ucs2(text) == culprits


PLAIN = (
    "UBND xa Binh Trung kinh moi ba Nguyet du hop thon 7h30 sang Thu 5 15/6 tai Nha van hoa Ban Vi Du. "
    "So giay moi 7K3Q9-XM2RT. Hoi: 0912345678"
)


def test_plain_invitation_fits_one_segment():
    assert count_segments(PLAIN) == SegmentCount(GSM, len(PLAIN), 1)


def reference(text: str) -> int:
    """A slow count by the letter of the rule: fill parts character by character."""
    text = unicodedata.normalize("NFC", text)
    gsm = all(c in GSM_BASIC or c in GSM_EXTENSION for c in text)
    if gsm:
        sizes = [2 if c in GSM_EXTENSION else 1 for c in text]
        single, part = 160, 153
    else:
        sizes = [len(c.encode("utf-16-le")) // 2 for c in text]
        single, part = 70, 67
    if sum(sizes) <= single:
        return 1 if text else 0
    parts, used = 1, 0
    for size in sizes:
        if used + size > part:
            parts, used = parts + 1, 0
        used += size
    return parts


@given(st.text(alphabet="ab€[é\n", min_size=0, max_size=700))
def test_gsm_parts_agree_with_a_slow_count(text):
    assert count_segments(text).segments == reference(text)


@given(st.text(alphabet="aưế€" + FACE, min_size=0, max_size=400))
def test_ucs2_parts_agree_with_a_slow_count(text):
    assert count_segments(text).segments == reference(text)
