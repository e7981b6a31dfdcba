"""Codes of invitations: said, typed, scanned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventmgr.core.codes import ALPHABET, new_code, normalise_code, spell_code

codes = st.text(alphabet=ALPHABET, min_size=10, max_size=10)


def test_new_codes_are_ten_characters_and_differ():
    made = {new_code() for _ in range(200)}

    assert len(made) == 200
    assert all(normalise_code(code) == code for code in made)


@given(codes)
def test_spelled_code_is_read_back(code):
    assert normalise_code(spell_code(code)) == code
    assert normalise_code(spell_code(code).lower().replace("0", "o").replace("1", "l")) == code


@pytest.mark.parametrize(
    "typed",
    [
        "ABCDE0FGH1",
        "abcde-ofghi",
        " ABCDE 0FGHL ",
        "ABCDE–OFGH1",
        "https://xa.example.vn/i/ABCDE0FGH1",
        "HTTPS://XA.EXAMPLE.VN/I/ABCDE0FGH1",
        "https://xa.example.vn/i/abcde0fgh1/?s=qr#top",
    ],
)
def test_common_slips_are_forgiven(typed):
    assert normalise_code(typed) == "ABCDE0FGH1"


@pytest.mark.parametrize(
    "typed",
    ["", "ABCDE", "ABCDE0FGH12", "ABCDE0FGHU", "https://xa.example.vn/x/ABCDE0FGH1", "ABCDE0FGHÁ", "٠١٢٣٤٥٦٧٨٩"],
)
def test_what_is_no_code_is_not_guessed(typed):
    assert normalise_code(typed) is None


@given(st.text())
def test_any_text_gives_a_code_or_nothing(text):
    code = normalise_code(text)

    assert code is None or normalise_code(code) == code
