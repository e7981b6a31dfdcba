"""What holds for every Vietnamese text: folding, matching, order."""

import unicodedata
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from eventmgr.core.text import (
    clean_text,
    loose_match_key,
    match_key,
    person_sort_key,
    place_sort_key,
    search_key,
    to_gsm,
    tone_spellings,
    without_marks,
)

# Source: the order of ICU's collation for vi (letters, then tones).
LETTERS = "aăâbcdđeêghiklmnoôơpqrstuưvxy"
TONES = ["", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323"]
VOWELS = "aăâeêioôơuưy"

syllables = st.builds(
    lambda onset, vowel, tone, coda: unicodedata.normalize("NFC", onset + vowel + tone + coda),
    st.sampled_from(["", "b", "đ", "h", "l", "ng", "nh", "th", "tr", "v", "qu"]),
    st.sampled_from(VOWELS),
    st.sampled_from(TONES),
    st.sampled_from(["", "n", "ng", "c", "t", "i"]),
)
# No name is a single letter: that one tells apart two of the same name.
given_names = syllables.filter(lambda word: len(word) > 1).map(str.capitalize)
names = st.lists(given_names, min_size=1, max_size=4).map(" ".join)
modestly = settings(max_examples=150)


@modestly
@given(st.text(max_size=40))
def test_cleaning_twice_is_cleaning_once(text):
    cleaned = clean_text(text)

    assert clean_text(cleaned) == cleaned
    assert cleaned == unicodedata.normalize("NFC", cleaned)
    assert "  " not in cleaned


@modestly
@given(names, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]), st.sampled_from([str.lower, str.upper, str.title]))
def test_form_and_case_do_not_change_what_a_name_matches(name, form, case):
    written = unicodedata.normalize(form, case(name))

    assert search_key(written) == search_key(name)
    assert match_key(written) == match_key(name)
    assert person_sort_key(written) == person_sort_key(name)


@modestly
@given(names)
def test_search_key_is_plain_and_found_again(name):
    key = search_key(name)

    assert key.isascii()
    assert search_key(key) == key
    assert without_marks(key) == key


@modestly
@given(names)
def test_both_places_of_a_tone_mark_match(name):
    assert len({match_key(spelling) for spelling in tone_spellings(name)}) == 1
    assert len({loose_match_key(spelling) for spelling in tone_spellings(name)}) == 1


@modestly
@given(names, names)
def test_names_that_match_sort_alike_and_fold_alike(one, other):
    if match_key(one) == match_key(other):
        assert loose_match_key(one) == loose_match_key(other)
    if person_sort_key(one) == person_sort_key(other):
        assert search_key(one) == search_key(other)


def test_letters_stand_in_the_order_of_the_alphabet():
    keys = [person_sort_key(letter) for letter in LETTERS]

    assert all(one < other for one, other in pairwise(keys))


@modestly
@given(st.sampled_from(VOWELS), st.sampled_from(["", "n", "ng"]))
def test_tones_stand_in_their_order(vowel, coda):
    keys = [person_sort_key(unicodedata.normalize("NFC", vowel + tone + coda)) for tone in TONES]

    assert all(one < other for one, other in pairwise(keys))


@modestly
@given(syllables, st.sampled_from(LETTERS), st.sampled_from(LETTERS), st.sampled_from(TONES), st.sampled_from(TONES))
def test_letters_count_before_tones(beginning, one, other, tone, another):
    if LETTERS.index(one) < LETTERS.index(other) and one in VOWELS and other in VOWELS:
        first = unicodedata.normalize("NFC", beginning + "x" + one + tone)
        second = unicodedata.normalize("NFC", beginning + "x" + other + another)

        assert person_sort_key(first) < person_sort_key(second)


@modestly
@given(names, given_names, given_names)
def test_given_name_counts_first(family, one, other):
    if person_sort_key(one) < person_sort_key(other) and match_key(one)[:-1] != match_key(other)[:-1]:
        assert person_sort_key(f"{family} {one}") < person_sort_key(f"An {other}")


@modestly
@given(st.integers(0, 500), st.integers(0, 500))
def test_numbers_of_hamlets_count_as_numbers(one, other):
    assert (place_sort_key(f"Thôn {one}") < place_sort_key(f"Thôn {other}")) is (one < other)


@modestly
@given(st.text(max_size=60))
def test_text_for_a_message_is_one_every_phone_shows(text):
    sent = to_gsm(text)

    assert to_gsm(sent) == sent


def test_letter_that_tells_two_apart_stays_with_the_given_name_in_any_case():
    assert person_sort_key("hoàng văn hùng b") == person_sort_key("HOÀNG VĂN HÙNG B")
    assert person_sort_key("Hoàng Văn Hùng B") < person_sort_key("Lý Văn Khánh")
