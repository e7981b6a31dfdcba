"""Texts to residents: placeholders are filled, and nothing half-filled is ever sent."""

from __future__ import annotations

import unicodedata

import pytest

from eventmgr.messaging.segments import count_segments
from eventmgr.messaging.texts import (
    DEFAULT_WORDINGS,
    PLACEHOLDERS,
    EmptyValue,
    TextPurpose,
    UnknownPlaceholder,
    placeholders_in,
    render_text,
)

LONG_BUT_REAL = {
    "xa": "Binh Trung",
    "ten": "ong Duc va 2 nguoi",
    "thon": "Na Vi Du",
    "gio": "7h30 sang",
    "ngay": "Thu 5 15/6",
    "dia_diem": "Nha van hoa thon",
    "ma": "7K3Q9-XM2RT",
    "link": "https://hop.example.vn/i/7K3Q9XM2RT",
    "dien_thoai": "0912345678",
}


def without_marks(text: str) -> str:
    text = text.replace("đ", "d").replace("Đ", "D")
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


@pytest.mark.parametrize("purpose", TextPurpose)
def test_default_plain_text_fits_one_segment(purpose):
    text = render_text(DEFAULT_WORDINGS[purpose].plain, LONG_BUT_REAL)

    count = count_segments(text)

    assert (count.encoding, count.segments) == ("GSM-7", 1)
    assert "{" not in text


@pytest.mark.parametrize("purpose", TextPurpose)
def test_default_forms_differ_in_their_marks_only(purpose):
    wording = DEFAULT_WORDINGS[purpose]

    assert without_marks(wording.marked) == wording.plain
    assert unicodedata.is_normalized("NFC", wording.marked)


@pytest.mark.parametrize("purpose", TextPurpose)
def test_every_default_text_names_a_phone_to_ask(purpose):
    assert placeholders_in(DEFAULT_WORDINGS[purpose].plain)[-1] == "dien_thoai"


def test_placeholders_are_filled_wherever_they_stand():
    text = render_text("{ten} - {ten}, {gio}", {"ten": "bà Nguyệt", "gio": "7h30 sáng"})

    assert text == "bà Nguyệt - bà Nguyệt, 7h30 sáng"


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_each_known_placeholder_can_be_used_alone(name):
    assert render_text(f"<{{{name}}}>", LONG_BUT_REAL) == f"<{LONG_BUT_REAL[name]}>"


@pytest.mark.parametrize(
    ("template", "culprit"),
    [
        ("Moi {tên} den", "{tên}"),
        ("Moi {ten } den", "{ten }"),
        ("Moi {Ten} den", "{Ten}"),
        ("Moi {} den", "{}"),
        ("Moi {ten den", "{"),
        ("Moi ten} den", "}"),
        ("Moi {{ten}} den", "{"),
        ("Moi {ten.__class__} den", "{ten.__class__}"),
    ],
)
def test_what_cannot_be_filled_is_an_error_and_named(template, culprit):
    with pytest.raises(UnknownPlaceholder) as caught:
        render_text(template, LONG_BUT_REAL)

    assert caught.value.facts["placeholder"] == culprit


@pytest.mark.parametrize("values", [{}, {"ten": ""}, {"ten": " \n"}])
def test_a_missing_or_blank_value_is_an_error(values):
    with pytest.raises(EmptyValue) as caught:
        render_text("Moi {ten}", values)

    assert caught.value.facts["placeholder"] == "{ten}"


def test_braces_inside_a_value_stay_as_they_are():
    assert render_text("Moi {ten}", {"ten": "{gio}"}) == "Moi {gio}"
