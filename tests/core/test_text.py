"""Vietnamese text: what is kept, what is found, in which order people stand in a list."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventmgr.core.text import (
    clean_paragraphs,
    clean_text,
    display_name,
    given_name,
    has_marks,
    loose_match_key,
    match_key,
    person_sort_key,
    place_sort_key,
    search_key,
    search_variants,
    short_honorific,
    split_name,
    to_gsm,
    tone_spellings,
)

VIETNAMESE = "aăâbcdđeêghiklmnoôơpqrstuưvxyàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ"
words = st.text(alphabet=VIETNAMESE + VIETNAMESE.upper(), min_size=1, max_size=7)
names = st.lists(words, min_size=1, max_size=5).map(" ".join)


def test_decomposed_names_of_some_phones_become_composed():
    decomposed = unicodedata.normalize("NFD", "Nguyễn Thị Hòa")

    assert len(decomposed) == 18
    assert clean_text(decomposed) == "Nguyễn Thị Hòa"
    assert len(clean_text(decomposed)) == 14


def test_odd_spaces_and_invisible_characters_go():
    assert clean_text("\ufeff Nông\u00a0 Thị\u200b\tLan \n") == "Nông Thị Lan"


@pytest.mark.parametrize("text", ["Vi\x00 Thị\x07 Lan", "\x1bVi Thị Lan\x7f", "Vi\x0bThị\tLan"], ids=ascii)
def test_control_characters_are_dropped(text):
    assert clean_text(text) == "Vi Thị Lan"
    assert clean_text(text.replace("ị", "i")) == "Vi Thi Lan"


def test_soft_hyphen_stays_because_it_is_a_letter_in_old_files():
    assert clean_text("L\u00ad¬ng") == "L\u00ad¬ng"


def test_paragraphs_keep_their_lines():
    assert clean_paragraphs("\n a  b \r\n\n\n\nc\n") == "a b\n\nc"


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Nguyễn Văn Đức", "nguyen van duc"),
        ("ĐẶNG THỊ ƯỚC", "dang thi uoc"),
        ("Hoà", "hoa"),
        ("Hòa", "hoa"),
        ("  Pò   Mẫu ", "po mau"),
    ],
)
def test_search_forgets_marks_and_case(written, key):
    assert search_key(written) == key


@pytest.mark.parametrize(
    ("typed", "variants"),
    [
        ("Lí", {"li", "ly"}),
        ("Quý", {"quy", "qui"}),
        ("Sỹ", {"sy", "si"}),
        ("Vi", {"vi"}),
        ("Thúy", {"thuy"}),
        ("Mai", {"mai"}),
        ("Đức", {"duc"}),
    ],
)
def test_search_finds_i_written_as_y(typed, variants):
    assert set(search_variants(typed)) == variants


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Đặng Đức Hoà", "đặng đức hòa"),
        ("Nguyễn Thị Thuý", "NGUYỄN THỊ THÚY"),
        ("Lý Văn Quý", "Lí Văn Quí"),
        ("Nông Hữu Sỹ", "Nông Hữu Sĩ"),
        ("Phạm Bích Mỵ", "Phạm Bích Mị"),
        (unicodedata.normalize("NFD", "Hứa Thị Ước"), "Hứa  Thị Ước"),
    ],
)
def test_two_spellings_of_one_name_match(one, other):
    assert match_key(one) == match_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lộc Thị Hoa", "Lộc Thị Hoà"),
        ("Vi Lan", "Vy Lan"),
        ("Mai", "May"),
        ("Thi", "Thy"),
        ("Đan", "Dan"),
        ("Thuý", "Thúi"),
    ],
)
def test_two_names_do_not_match(one, other):
    assert match_key(one) != match_key(other)


@pytest.mark.parametrize(
    ("typed", "spellings"),
    [
        ("hòa", {"hòa", "hoà"}),
        ("Đặng Đức Hoà", {"Đặng Đức Hoà", "Đặng Đức Hòa"}),
        ("Thúy", {"Thúy", "Thuý"}),
        ("Hoàng Tuấn", {"Hoàng Tuấn"}),
    ],
)
def test_tone_mark_has_two_places(typed, spellings):
    assert tone_spellings(typed) == spellings


def test_list_without_marks_matches_loosely():
    assert loose_match_key("Đặng Thị Lý") == loose_match_key("dang thi li") == "dang thi li"
    assert loose_match_key("Hoa") == loose_match_key("Hoà")


def test_given_names_stand_in_vietnamese_order():
    in_order = ["An", "Anh", "Ánh", "Ằn", "Ẩm", "Ấm", "Ân", "Dao", "Đào"]

    assert sorted(reversed(in_order), key=person_sort_key) == in_order


def test_people_are_listed_by_given_name_then_family_name():
    in_order = ["Đặng Thị An", "Hoàng Văn An", "Bàn Thị Anh", "Vi Anh", "Bế Thị Ánh", "Đinh Văn Đức", "Nông Văn Đức"]

    assert sorted(reversed(in_order), key=person_sort_key) == in_order


def test_tone_counts_only_after_all_letters():
    in_order = ["Lu Á Sung", "Lù A Sung", "Lu An Sung", "Lù A Sùng"]

    assert sorted(reversed(in_order), key=person_sort_key) == in_order


def test_letters_stand_in_the_order_of_the_alphabet():
    alphabet = "a ă â b c d đ e ê f g h i j k l m n o ô ơ p q r s t u ư v w x y z".split()

    assert sorted(reversed(alphabet), key=person_sort_key) == alphabet


def test_hamlets_are_listed_with_their_numbers_in_order():
    in_order = ["Bản Mẫu", "Nà Ví Dụ", "Thôn 2", "Thôn 10", "Thôn 10A"]

    assert sorted(reversed(in_order), key=place_sort_key) == in_order


@given(names)
def test_sort_key_is_plain_ascii_and_ignores_form_and_case(name):
    key = person_sort_key(name)

    assert key.isascii()
    assert key == person_sort_key(unicodedata.normalize("NFD", name)) == person_sort_key(name.lower())


@given(words, words)
def test_plain_letter_comes_before_any_marked_one_that_follows(word, rest):
    assert person_sort_key("a" + rest) < person_sort_key("ă" + word) < person_sort_key("â" + rest)


@given(st.text())
def test_keys_of_any_text_are_settled(text):
    assert clean_text(clean_text(text)) == clean_text(text)
    assert search_key(search_key(text)) == search_key(text)


@pytest.mark.parametrize(
    ("full_name", "called"),
    [
        ("Nguyễn Thị Minh Nguyệt", "Nguyệt"),
        ("HÀ VĂN ĐỨC", "Đức"),
        ("Vi Sơn", "Sơn"),
        ("Slao", "Slao"),
        ("Nguyễn Văn A", "A"),
        ("Hoàng Văn Hùng B", "Hùng B"),
        ("Nông Thị Lan (vợ ông Tý)", "Lan"),
        ("", ""),
    ],
)
def test_people_are_called_by_their_given_name(full_name, called):
    assert given_name(full_name) == called


def test_family_and_middle_name_are_the_rest():
    assert split_name("Nguyễn Thị Minh Nguyệt") == ("Nguyễn Thị Minh", "Nguyệt")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("LƯƠNG VĂN SƠN", "Lương Văn Sơn"),
        ("Nông Văn ánh", "Nông Văn Ánh"),
        ("H'MAI", "H'Mai"),
        ("Nguyễn McLan", "Nguyễn McLan"),
        ("Y Lan", "Y Lan"),
    ],
)
def test_names_in_capitals_are_shown_with_one(written, shown):
    assert display_name(written) == shown


def test_honorific_is_never_guessed():
    assert [short_honorific(gender) for gender in ("male", "female", None)] == ["ông", "bà", "ông/bà"]
    assert short_honorific("unknown", on_paper=True) == "Ông (Bà)"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Nguyễn Văn Đức – “Nà Ví Dụ”…", 'Nguyen Van Duc - "Na Vi Du"...'),
        ("bà Nguyệt\u00a0ơi", "ba Nguyet oi"),
        ("100.000₫ • ½", "100.000d - 1/2"),
        ("giờ\nngày", "gio\nngay"),
        ("😀", "?"),
    ],
)
def test_texts_for_plain_sms_have_only_gsm_characters(text, plain):
    assert to_gsm(text) == plain


@given(st.text(alphabet=VIETNAMESE + VIETNAMESE.upper() + " .,:/?!()-+'\"0123456789"))
def test_vietnamese_text_loses_nothing_but_marks(text):
    plain = to_gsm(text)

    assert len(plain) == len(text)
    assert "?" not in plain or "?" in text
    assert plain.isascii()


def test_marks_are_noticed():
    assert has_marks("Sơn")
    assert has_marks(unicodedata.normalize("NFD", "Lý"))
    assert not has_marks("Vi Lan")
