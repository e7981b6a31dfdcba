"""Files of before Unicode: known by their fonts and words, shown before and after, converted only when told."""

import io
import unicodedata
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from eventmgr.core.text import clean_text
from eventmgr.residents.importing import encodings
from eventmgr.residents.importing.choices import ListReading, SheetReading
from eventmgr.residents.importing.encodings import Encoding, converted_text, find_conversion, is_syllable
from eventmgr.residents.importing.parsing import NoTableFound, look_at_list, parse_list
from eventmgr.residents.importing.reading import RawSheet, shown_bytes
from eventmgr.residents.importing.values import LeftOut

DATA = Path(__file__).parents[2] / "data"
LIST_C = (DATA / "C-truong-thon-tcvn3-mau.xlsx").read_bytes()
TODAY = date(2026, 11, 24)

TITLES = ("Số TT", "Họ và tên chủ hộ", "Năm sinh", "Dân tộc", "Số điện thoại", "Thôn", "Loại hộ")
PEOPLE = (
    (1, "Nguyễn Thị Hòa", 1960, "Nùng", "0912345678", "Khuổi Mẫu", "Hộ nghèo"),
    (2, "Lương Văn Được", 1971, "Tày", "0987654321", "Khuổi Mẫu", "Hộ cận nghèo"),
    (3, "Đặng Quỳnh Ước", 1982, "Dao", "", "Khuổi Mẫu", "Mới thoát nghèo"),
)
VIETNAMESE = "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ"


def as_cp1258_read_wrongly(text):
    # Windows 1258 writes the tone after its letter.
    marks = {"\u0300": "\xcc", "\u0301": "\xec", "\u0303": "\xde", "\u0309": "\xd2", "\u0323": "\xf2"}
    letters = {"ă": "ã", "đ": "ð", "ơ": "õ", "ư": "ý", "Đ": "Ð", "Ư": "Ý"}
    written = ""
    for letter in text:
        base, *tones = unicodedata.normalize("NFD", letter)
        kept = [mark for mark in tones if mark not in marks]
        whole = unicodedata.normalize("NFC", base + "".join(kept))
        written += letters.get(whole, whole) + "".join(marks[mark] for mark in tones if mark in marks)
    return written


def inverse(encoding):
    """What a text of ours looked like in that encoding, letter by letter."""
    if encoding is Encoding.LATIN1:
        return lambda text: shown_bytes(text.encode())
    if encoding is Encoding.CP1258:
        return as_cp1258_read_wrongly
    if encoding is Encoding.VNI:
        table = {letter: written for written, letter in encodings._VNI.items()}
    else:
        table = {chr(letter): chr(written) for written, letter in encodings._TCVN3.items()}
    return lambda text: "".join(table.get(letter, letter) for letter in text)


def workbook(rows, font="Calibri"):
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content)
    style = book.add_format({"font_name": font})
    sheet = book.add_worksheet("Sheet1")
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row, style)
    book.close()
    return content.getvalue()


@pytest.mark.parametrize(
    ("written", "encoding", "meant"),
    [
        ("Hä vµ tªn chñ hé", Encoding.TCVN3, "Họ và tên chủ hộ"),
        ("Hé nghÌo", Encoding.TCVN3, "Hộ nghèo"),
        ("D©n téc", Encoding.TCVN3, "Dân tộc"),
        ("Sè ®iÖn tho¹i", Encoding.TCVN3, "Số điện thoại"),
        ("L\u00ad¬ng V¨n §øc", Encoding.TCVN3, "Lương Văn Đức"),
        ("N«ng V¨n ¸nh", Encoding.TCVN3, "Nông Văn Ánh"),
        ("BÕ V¡N NGHÜA", Encoding.TCVN3, "BẾ VĂN NGHĨA"),
        ("b¶n mÉu ®¸", Encoding.TCVN3, "bản mẫu đá"),
        ("Hoä ngheøo", Encoding.VNI, "Hộ nghèo"),
        ("Nguyeãn Thò Hoøa", Encoding.VNI, "Nguyễn Thị Hòa"),
        ("Soá ñieän thoaïi", Encoding.VNI, "Số điện thoại"),
        ("Nuøng", Encoding.VNI, "Nùng"),
        ("HOÄ ÑÖÔÏC NGHÆ", Encoding.VNI, "HỘ ĐƯỢC NGHỈ"),
        ("NguyêÞn ThiÌ", Encoding.CP1258, "Nguyễn Thì"),
        ("Nguyá»…n Thá»‹ HÃ\xa0", Encoding.LATIN1, "Nguyễn Thị Hà"),
        ("Nguyá»…n Thá»‹ HÃ", Encoding.LATIN1, "Nguyễn Thị Hà"),
        ("HÃ Thu", Encoding.LATIN1, "Hà Thu"),
        ("Nguyễn Thị Hà", Encoding.TCVN3, "Nguyễn Thị Hà"),
        ("Vi Lan 1960", Encoding.TCVN3, "Vi Lan 1960"),
    ],
)
def test_old_letters_become_the_vietnamese_they_drew(written, encoding, meant):
    assert converted_text(written, encoding) == meant


@pytest.mark.parametrize("encoding", [Encoding.TCVN3, Encoding.VNI, Encoding.CP1258, Encoding.LATIN1])
def test_each_table_holds_every_letter(encoding):
    write = inverse(encoding)

    assert [converted_text(write(letter), encoding) for letter in VIETNAMESE] == list(VIETNAMESE)


@pytest.mark.parametrize("encoding", [Encoding.TCVN3, Encoding.VNI, Encoding.CP1258, Encoding.LATIN1])
def test_conversion_is_proposed_with_samples_and_made_only_when_told(encoding):
    write = inverse(encoding)
    content = workbook([[write(cell) if isinstance(cell, str) else cell for cell in row] for row in (TITLES, *PEOPLE)])

    unasked = parse_list(content, "a.xlsx", TODAY)
    agreed = parse_list(content, "a.xlsx", TODAY, unasked.proposed)

    (sheet,) = unasked.sheets
    assert unasked.people == ()
    assert unasked.needs_answer
    assert sheet.left_out is LeftOut.NOT_ASKED
    assert sheet.conversion.encoding is encoding
    for meant in ("Họ và tên chủ hộ", "Đặng Quỳnh Ước"):
        assert (clean_text(write(meant)), meant) in sheet.conversion.samples
    assert [(person.full_name, person.ethnic_group) for person in agreed.people] == [
        ("Nguyễn Thị Hòa", "Nùng"),
        ("Lương Văn Được", "Tày"),
        ("Đặng Quỳnh Ước", "Dao"),
    ]
    assert [household.poverty_class for household in agreed.households] == ["poor", "near_poor", "newly_escaped"]


def test_font_settles_what_few_words_leave_open():
    rows = [["STT", "Hä tªn", "Thon"], [1, "Vi Lan", "Po Mau"], [2, "Ha Thu", "Po Mau"]]

    with_font = parse_list(workbook(rows, ".VnTime"), "a.xlsx", TODAY)

    assert with_font.sheets[0].conversion.encoding is Encoding.TCVN3


def test_old_font_alone_converts_nothing():
    parsed = parse_list(workbook([TITLES, *PEOPLE], ".VnTime"), "a.xlsx", TODAY)

    assert parsed.sheets[0].conversion is None
    assert [person.full_name for person in parsed.people] == [row[1] for row in PEOPLE]


def test_unicode_title_above_an_old_table_stays():
    old = inverse(Encoding.TCVN3)
    rows = [["DANH SÁCH HỘ NGHÈO NĂM 2023"], [old(title) for title in TITLES]]
    rows += [[old(cell) if isinstance(cell, str) else cell for cell in person] for person in PEOPLE]
    content = workbook(rows)

    parsed = parse_list(content, "a.xlsx", TODAY, parse_list(content, "a.xlsx", TODAY).proposed)

    assert parsed.year == 2023
    assert len(parsed.people) == 3


def test_bytes_of_an_old_csv_are_proposed_too():
    lines = "\r\n".join(";".join(map(str, row)) for row in (TITLES, *PEOPLE))
    for encoding in (Encoding.TCVN3, Encoding.VNI, Encoding.CP1258):
        content = inverse(encoding)(lines).encode("cp1252")

        parsed = parse_list(content, "a.csv", TODAY)

        assert parsed.proposed.sheets == (SheetReading("a", encoding),)
        assert len(parse_list(content, "a.csv", TODAY, parsed.proposed).people) == 3


def test_list_of_a_hamlet_head_is_read_once_the_letters_are_agreed_to():
    unasked = parse_list(LIST_C, "C.xlsx", TODAY)
    agreed = parse_list(LIST_C, "C.xlsx", TODAY, unasked.proposed)

    assert unasked.people == ()
    assert unasked.proposed == ListReading((SheetReading("Sheet1", Encoding.TCVN3),))
    assert [sheet.left_out for sheet in agreed.sheets] == [None, LeftOut.NO_TABLE]
    assert len(agreed.households) == 20
    assert agreed.people[1].full_name == "Nông Văn Ánh"
    assert {household.hamlet for household in agreed.households} == {"bản mẫu một"}


def test_letters_taken_as_they_stand_make_no_list():
    as_it_stands = ListReading((SheetReading("Sheet1", Encoding.UNICODE),))

    seen = look_at_list(LIST_C, "C.xlsx", TODAY, as_it_stands)
    with pytest.raises(NoTableFound):
        parse_list(LIST_C, "C.xlsx", TODAY, as_it_stands)

    assert seen.sheets[0].left_out is LeftOut.NO_TABLE


@pytest.mark.parametrize(
    "name", ["A-danh-sach-ho-ngheo-mau.xlsx", "B-danh-sach-nhan-khau-mau.xlsx", "D-danh-ba-mau.csv"]
)
def test_unicode_lists_are_left_alone(name):
    parsed = parse_list((DATA / name).read_bytes(), name, TODAY)

    assert [sheet.conversion for sheet in parsed.sheets] == [None]
    assert not parsed.needs_answer


def test_vietnamese_words_are_spelt_like_ones_and_others_are_not():
    assert all(map(is_syllable, ["Nguyễn", "Hường", "khuya", "Quỳnh", "ngoằn", "giếng", "Ỷ", "được"]))
    assert not any(map(is_syllable, ["đ", "tªn", "ngheøo", "Straße", "àá", "Nguyá»…n"]))


@given(st.text(max_size=40), st.sampled_from(Encoding))
def test_no_text_is_too_odd_to_convert(text, encoding):
    converted_text(text, encoding)
    find_conversion(RawSheet("a", ((text, text),), (".VnTime",)))
