"""What holds for every phone number, however it is written."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from eventmgr.core.phone import (
    PREFIXES_OF_2018,
    PhoneReason,
    find_phone,
    parse_phone,
    parse_phone_cell,
)

PREFIXES = "32 33 34 35 36 37 38 39 52 56 58 59 70 76 77 78 79 81 82 83 84 85 86 88 89 90 91 93 94 96 97 98".split()
national_digits = st.builds("{}{:07d}".format, st.sampled_from(PREFIXES), st.integers(0, 9_999_999))
gaps = st.sampled_from(["", " ", ".", "-", "\u00a0", " - "])


@st.composite
def written_numbers(draw):
    """A number's nine digits, and one of the ways people and spreadsheets write them."""
    digits = draw(national_digits)
    first, second = draw(gaps), draw(gaps)
    shown = f"{digits[:3]}{first}{digits[3:6]}{second}{digits[6:]}"
    before = draw(st.sampled_from(["0", "+84", "+84 ", "(+84)", "0084", "+84 (0)", "84"]))
    if before == "0" and draw(st.booleans()):
        before = "O"
    spaces = draw(st.sampled_from(["", " ", "\t", "\u200b"]))
    return digits, draw(
        st.sampled_from([f"{spaces}{before}{shown}{spaces}", float(digits), int(digits), f"{digits}.0"])
    )


@settings(max_examples=200)
@given(written_numbers())
def test_every_way_of_writing_is_the_same_number(written):
    digits, cell = written

    assert parse_phone(cell).e164 == f"+84{digits}"
    assert [found.phone.e164 for found in parse_phone_cell(cell).phones] == [f"+84{digits}"]


@settings(max_examples=150)
@given(
    st.lists(national_digits, min_size=1, max_size=4, unique=True),
    st.sampled_from([" / ", "/", "; ", ", ", ",", " hoặc ", "\n", " và ", " - "]),
    st.sampled_from(["", " (con trai)", " (trưởng thôn)", " con gái"]),
)
def test_all_numbers_of_a_cell_are_found_with_the_last_ones_remark(numbers, separator, remark):
    parsed = parse_phone_cell(separator.join(f"0{digits}" for digits in numbers) + remark)

    assert [found.phone.e164 for found in parsed.phones] == [f"+84{digits}" for digits in numbers]
    assert parsed.phones[-1].remark == remark.strip(" ()")
    assert parsed.problems == ()


@settings(max_examples=100)
@given(st.sampled_from(sorted(PREFIXES_OF_2018)), st.integers(0, 9_999_999), st.booleans())
def test_renewed_number_keeps_its_last_seven_digits(prefix, rest, as_number):
    old = f"{prefix}{rest:07d}"

    found = parse_phone(float(old) if as_number else old)

    assert found.e164 == f"+84{PREFIXES_OF_2018[prefix][1:]}{rest:07d}"


@settings(max_examples=100)
@given(st.integers(100, 199), st.integers(0, 9_999_999))
def test_no_other_eleven_digits_are_guessed(prefix, rest):
    number = find_phone(f"0{prefix}{rest:07d}")

    assert (number is not None) is (f"0{prefix}" in PREFIXES_OF_2018)


@settings(max_examples=100)
@given(national_digits, st.integers(1, 4))
def test_lost_digits_are_told_and_never_filled_in(digits, lost):
    parsed = parse_phone_cell("0" + digits[:-lost])

    assert parsed.phones == ()
    assert [problem.reason for problem in parsed.problems] == [PhoneReason.TOO_SHORT]


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=60), st.text(alphabet="0123456789+()/ -.,;xoOeE'\n", max_size=60)))
def test_whatever_a_cell_says_comes_out_as_good_numbers_or_as_problems(cell):
    parsed = parse_phone_cell(cell)

    assert all(re.fullmatch(r"\+84(2\d{9}|[35789]\d{8})", found.phone.e164) for found in parsed.phones)
    assert len({found.phone.e164 for found in parsed.phones}) == len(parsed.phones)
    assert all(problem.raw for problem in parsed.problems)
    if sum(letter in "0123456789" for letter in cell) >= 8:
        assert parsed.phones or parsed.problems or set("01 .-/;,\n'x") >= set(cell)
