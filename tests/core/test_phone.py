"""Phone numbers as the lists write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventmgr.core.phone import (
    PREFIXES_OF_2018,
    REASON_TEXTS,
    InvalidPhone,
    Network,
    PhoneKind,
    PhoneReason,
    find_phone,
    masked_form,
    national_form,
    network_of,
    parse_phone,
    parse_phone_cell,
)


@pytest.mark.parametrize(
    "written",
    [
        "0912345678",
        "0912.345.678",
        "0912 345 678",
        "0912-345-678",
        "0912–345–678",
        "0912,345,678",
        "(+84)912345678",
        "+84 912 345 678",
        "+84 (0)912 345 678",
        "0084912345678",
        "84912345678",
        "912345678",
        "912345678.0",
        "O912345678",
        "o912345678",
        "'0912345678",
        "\u202a0912345678\u202c",
        "０９１２３４５６７８",
        "0912\u00a0345\u00a0678",
        912345678,
        912345678.0,
        84912345678.0,
    ],
)
def test_ways_of_writing_one_number(written):
    number = parse_phone(written)

    assert number.e164 == "+84912345678"
    assert number.national == "0912 345 678"
    assert number.kind is PhoneKind.MOBILE
    assert number.network is Network.VINAPHONE


@pytest.mark.parametrize(("old", "new"), PREFIXES_OF_2018.items())
def test_eleven_digit_numbers_are_renewed(old, new):
    assert parse_phone(f"{old}9308621").e164 == f"+84{new[1:]}9308621"
    assert parse_phone(int(f"{old}9308621")).e164 == f"+84{new[1:]}9308621"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("9.12E+08", PhoneReason.LOST_DIGITS),
        ("9,12e8", PhoneReason.LOST_DIGITS),
        ("01301234567", PhoneReason.OLD_PREFIX_UNKNOWN),
        ("01871234567", PhoneReason.OLD_PREFIX_UNKNOWN),
        ("039290559", PhoneReason.TOO_SHORT),
        ("113", PhoneReason.TOO_SHORT),
        ("0", PhoneReason.TOO_SHORT),
        ("02053123", PhoneReason.TOO_SHORT),
        ("091234567890", PhoneReason.TOO_LONG),
        ("0612345678", PhoneReason.UNKNOWN_PREFIX),
        ("0501234567", PhoneReason.UNKNOWN_PREFIX),
        ("không", PhoneReason.NOT_A_NUMBER),
        ("", PhoneReason.NOT_A_NUMBER),
        ("0912 34a 678", PhoneReason.NOT_A_NUMBER),
        ("+8613912345678", PhoneReason.FOREIGN),
        ("0086 139 1234 5678", PhoneReason.FOREIGN),
        (float("nan"), PhoneReason.NOT_A_NUMBER),
        (912345678.5, PhoneReason.TOO_LONG),
    ],
)
def test_what_is_no_number_says_why(written, reason):
    with pytest.raises(InvalidPhone) as raised:
        parse_phone(written)

    assert raised.value.reason is reason


def test_every_reason_has_words():
    assert set(REASON_TEXTS) == set(PhoneReason)


def test_landline_takes_no_text():
    number = parse_phone("0205 3 812 345")

    assert number.e164 == "+842053812345"
    assert number.kind is PhoneKind.LANDLINE
    assert number.network is None
    assert not number.takes_sms


@pytest.mark.parametrize("old", ["0253 812 345", "025 3812345", "(025) 3.812.345", 253812345.0, "+84 25 3812345"])
def test_old_landline_of_lang_son_is_renewed(old):
    number = parse_phone(old)

    assert (number.e164, number.takes_sms) == ("+842053812345", False)


def test_number_without_its_zero_that_begins_with_84_is_not_cut():
    assert parse_phone("842123456").e164 == "+84842123456"
    assert parse_phone("0842123456").e164 == "+84842123456"


@pytest.mark.parametrize(
    ("e164", "network"),
    [
        ("+84323281954", Network.VIETTEL),
        ("+84706550029", Network.MOBIFONE),
        ("+84567505348", Network.VIETNAMOBILE),
        ("+84596092826", Network.GMOBILE),
        ("+84872345678", Network.ITEL),
        ("+84552345678", Network.WINTEL),
        ("+842053812345", None),
        ("+8613912345678", None),
    ],
)
def test_network_is_guessed_from_the_prefix(e164, network):
    assert network_of(e164) is network


def test_forms_for_reading():
    assert national_form("+84912345678") == "0912 345 678"
    assert masked_form("+84912345678") == "0912 ••• 678"


@pytest.mark.parametrize(
    "cell",
    ["", "  ", "không", "KHÔNG", "Không có", "ko", "k", "x", "X", "-", "0", "chưa có", "n/a", "ko.", '"', None],
)
def test_cell_that_says_there_is_no_phone(cell):
    parsed = parse_phone_cell(cell)

    assert parsed.phones == ()
    assert parsed.problems == ()


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("0333168835 (con trai) / 0987721108", [("+84333168835", "con trai"), ("+84987721108", "")]),
        ("01688123456/0912 345 678 (con trai)", [("+84388123456", ""), ("+84912345678", "con trai")]),
        ("0912345678; 0987654321", [("+84912345678", ""), ("+84987654321", "")]),
        ("0912345678, 0987654321", [("+84912345678", ""), ("+84987654321", "")]),
        ("0912345678,0987654321", [("+84912345678", ""), ("+84987654321", "")]),
        ("0912345678 hoặc 0987654321", [("+84912345678", ""), ("+84987654321", "")]),
        ("0912345678 0987654321", [("+84912345678", ""), ("+84987654321", "")]),
        ("0912345678 - 0987654321", [("+84912345678", ""), ("+84987654321", "")]),
        ("0912345678\n0987654321", [("+84912345678", ""), ("+84987654321", "")]),
        ("0912,345,678", [("+84912345678", "")]),
        ("(+84)912345678", [("+84912345678", "")]),
        ("con gái: 0912 345 678", [("+84912345678", "con gái")]),
        ("0912 345 678 trưởng thôn", [("+84912345678", "trưởng thôn")]),
        ("O972923045", [("+84972923045", "")]),
        ("09O2 923 O45", [("+84902923045", "")]),
        ("0912345678 / con trai", [("+84912345678", "con trai")]),
        ("0912345678 / 912345678", [("+84912345678", "")]),
        (919191126.0, [("+84919191126", "")]),
        (919191126, [("+84919191126", "")]),
        ("919191126.0", [("+84919191126", "")]),
        ("không / 0912345678", [("+84912345678", "")]),
        ("0912345678 (Hà), 0987654321 (con)", [("+84912345678", "Hà"), ("+84987654321", "con")]),
        ("Hà 0912345678, con 0987654321", [("+84912345678", "Hà"), ("+84987654321", "con")]),
        ("nhà: 0912345678 (Hà) 0987654321 (con)", [("+84912345678", "nhà, Hà"), ("+84987654321", "con")]),
        ("0912 345 678 0987 654 321", [("+84912345678", ""), ("+84987654321", "")]),
        ("ĐT: 0912345678", [("+84912345678", "")]),
        ("'0912345678", [("+84912345678", "")]),
        ("0912345678 / 0205 3812345 (nhà)", [("+84912345678", ""), ("+842053812345", "nhà")]),
    ],
)
def test_cells_with_numbers_and_remarks(cell, expected):
    parsed = parse_phone_cell(cell)

    assert [(written.phone.e164, written.remark) for written in parsed.phones] == expected
    assert parsed.problems == ()


@pytest.mark.parametrize(
    ("cell", "good", "problems"),
    [
        ("039290559", 0, [("039290559", PhoneReason.TOO_SHORT)]),
        ("0912345678 / 039290559", 1, [("039290559", PhoneReason.TOO_SHORT)]),
        ("9.12E+08", 0, [("9.12E+08", PhoneReason.LOST_DIGITS)]),
        ("hỏi trưởng thôn", 0, [("hỏi trưởng thôn", PhoneReason.NOT_A_NUMBER)]),
        ("01301234567", 0, [("01301234567", PhoneReason.OLD_PREFIX_UNKNOWN)]),
        ("091234567809876543210", 0, [("091234567809876543210", PhoneReason.TOO_LONG)]),
    ],
)
def test_bad_pieces_are_reported_and_the_good_ones_kept(cell, good, problems):
    parsed = parse_phone_cell(cell)

    assert len(parsed.phones) == good
    assert [(problem.raw, problem.reason) for problem in parsed.problems] == problems


@given(st.one_of(st.text(), st.text(alphabet="0123456789+()/ -.,;xoO"), st.floats(), st.integers()))
def test_any_cell_is_read_without_failing(cell):
    for written in parse_phone_cell(cell).phones:
        assert written.phone.e164.startswith("+84")


@given(st.sampled_from(["3", "70", "79", "81", "86", "90", "96", "56"]), st.integers(0, 99_999_999))
def test_stored_form_is_read_back(prefix, rest):
    digits = (prefix + f"{rest:08d}")[:9]
    number = find_phone("0" + digits)

    assert number is not None
    assert parse_phone(number.e164) == parse_phone(number.national) == number
