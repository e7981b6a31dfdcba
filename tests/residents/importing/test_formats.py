"""The formats lists come in, and files made to harm: read within bounds, or refused with one sentence."""

import resource
import struct
import tracemalloc
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventmgr.residents.importing.encodings import Encoding
from eventmgr.residents.importing.parsing import parse_list
from eventmgr.residents.importing.reading import (
    MOST_COLUMNS,
    EmptyList,
    ListDamaged,
    ListHasPassword,
    ListTooLarge,
    ListTooWide,
    NotAList,
    UnreadableList,
    read_sheets,
)
from eventmgr.residents.importing.spans import DamagedWorkbook, LockedWorkbook, Span, old_workbook_span
from tests.support.workbooks import as_xls, ods, package, repacked, unpacked, xlsx

TODAY = date(2026, 11, 24)
ROWS = [["Họ và tên", "Năm sinh", "Thôn"], ["Vi Lan", 1960, "Pò Mẫu"], ["Lý Sơn", 1971, "Nà Mẫu"]]
AS_TEXT = [[str(cell) for cell in row] for row in ROWS]
LIST_B = (Path(__file__).parents[2] / "data" / "B-danh-sach-nhan-khau-mau.xlsx").read_bytes()


def people(content, name="a.xlsx"):
    return [(person.full_name, person.birth.year) for person in parse_list(content, name, TODAY).people]


EXPECTED = [("Vi Lan", 1960), ("Lý Sơn", 1971)]


@pytest.fixture(scope="module")
def old_workbook(tmp_path_factory):
    """List B as a program of before 2007 would save it."""
    return as_xls(LIST_B, tmp_path_factory.mktemp("xls"))


def test_open_document_sheets_are_read():
    blank_below = (1_048_573, [(16_384, None)])

    assert people(ods([*AS_TEXT, blank_below])) == EXPECTED


def test_old_font_of_an_open_document_is_seen():
    style = '<office:font-face-decls><style:font-face style:name=".VnTime"/></office:font-face-decls>'

    parsed = parse_list(ods([["Hä tªn", "Thon"], ["Vi Lan", "Po Mau"]], styles=style), "a.ods", TODAY)

    assert parsed.sheets[0].conversion.encoding is Encoding.TCVN3


def test_old_workbook_gives_the_same_people(old_workbook):
    old, new = (parse_list(content, "a", TODAY) for content in (old_workbook, LIST_B))

    assert [person.full_name for person in old.people] == [person.full_name for person in new.people]
    assert [household.code for household in old.households] == [household.code for household in new.households]
    assert old_workbook_span(old_workbook) == Span(305, 12)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_of_any_delimiter_and_unicode(delimiter, encoding):
    content = "\r\n".join(delimiter.join(row) for row in AS_TEXT).encode(encoding)

    assert people(content, "a.csv") == EXPECTED


def test_formulas_give_what_they_showed_and_nothing_when_they_showed_nothing():
    content = xlsx({"a": [ROWS[0], ["Vi Lan", "=1900+60", "Pò Mẫu"], ["Lý Sơn", "=1900+71", "Nà Mẫu"]]})

    shown = repacked(content, sheet1=lambda xml: xml.replace(b"1900+60</f><v>0</v>", b"1900+60</f><v>1960</v>"))
    both = repacked(shown, sheet1=lambda xml: xml.replace(b"1900+71</f><v>0</v>", b"1900+71</f>"))

    assert people(both) == [("Vi Lan", 1960), ("Lý Sơn", None)]


def test_macros_are_passed_over():
    parts = unpacked(xlsx({"a": ROWS})) | {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0 Sub Auto_Open()"}

    assert people(package(parts), "a.xlsm") == EXPECTED


def test_cells_without_an_address_are_counted():
    def without_addresses(xml):
        for column in b"ABC":
            for row in b"123":
                xml = xml.replace(b'<c r="%c%c"' % (column, row), b"<c")
        return xml

    assert people(repacked(xlsx({"a": ROWS}), sheet1=without_addresses)) == EXPECTED


def far_without_address(xml):
    return xml.replace(b"</sheetData>", b'<row r="1048576">' + b"<c><v>1</v></c>" * 100 + b"</row></sheetData>")


def promising_less(content):
    """The package with its largest part said to hold only ten bytes."""
    told, true = (struct.pack("<I", size) for size in (10, max(map(len, unpacked(content).values()))))
    return content.replace(true, told)


ENTITIES = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        pytest.param(xlsx({"a": [["x"] * 1000] * 3}), ListTooWide, id="1,000 columns"),
        pytest.param(ods([[(16_384, "x")]]), ListTooWide, id="a cell repeated to the edge"),
        pytest.param(ods([(1_048_576, [(16_384, "x")])]), ListTooLarge, id="a row repeated to the end"),
        pytest.param(ods([["a"], (1_048_576, [None]), ["x"]]), ListTooLarge, id="a cell below a million blanks"),
        pytest.param(ods([["&b;"]], before=ENTITIES), ListDamaged, id="entities in .ods"),
        pytest.param(
            repacked(xlsx({"a": ROWS}), sharedStrings=lambda xml: xml.replace(b"?>", b"?>" + ENTITIES.encode(), 1)),
            ListDamaged,
            id="entities in .xlsx",
        ),
        pytest.param(repacked(xlsx({"a": ROWS}), sheet1=far_without_address), ListTooLarge, id="far, no address"),
        pytest.param(
            repacked(xlsx({"a": ROWS}), sharedStrings=lambda xml: b"<sst>" + b"<si/>" * 4_000_000),
            ListTooLarge,
            id="millions of texts",
        ),
        pytest.param(
            promising_less(repacked(xlsx({"a": ROWS}), sharedStrings=lambda xml: b"\0" * 50_000_000)),
            ListDamaged,
            id="more than promised",
        ),
        pytest.param(ods([[None]]), EmptyList, id="empty .ods"),
        pytest.param(package({"mimetype": "text", "content.xml": "<a/>"}), NotAList, id="a letter of LibreOffice"),
        pytest.param(package({"content.xml": "<a/>"}), ListDamaged, id="an .ods without its type"),
        pytest.param("Họ tên;Thôn\nVi Lan;Pò\0Mẫu".encode(), NotAList, id="a NUL in a CSV"),
    ],
)
def test_files_made_to_harm_are_refused(content, refusal):
    tracemalloc.start()

    with pytest.raises(refusal) as raised:
        read_sheets(content, "danh-sach.xlsx")

    assert type(raised.value) is refusal
    assert tracemalloc.get_traced_memory()[1] < 60_000_000
    tracemalloc.stop()


def test_million_blank_rows_with_a_style_are_no_rows():
    def styled(xml):
        rows = b"".join(b'<row r="%d"><c r="A%d" s="1"/></row>' % (row, row) for row in range(4, 1_048_577))
        return xml.replace(b"</sheetData>", rows + b"</sheetData>")

    content = repacked(xlsx({"a": ROWS}), sheet1=styled)

    (sheet,) = read_sheets(content, "a.xlsx")

    assert len(sheet.rows) == len(ROWS)


def test_columns_beyond_the_edge_that_hold_nothing_are_no_columns():
    assert people(xlsx({"a": [[*row, *[None] * MOST_COLUMNS, " "] for row in ROWS]})) == EXPECTED


# --- .xls: a container made by hand ---------------------------------------------------------------


def container(records, name="Workbook"):
    """A compound file of one stream, larger than a mini stream's."""
    stream = records.ljust(8192, b"\0")
    sectors = len(stream) // 512
    fat = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + sectors), 0xFFFFFFFE]
    header = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 16 + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6) + b"\0" * 6
    header += struct.pack("<IIIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0) + b"\xff" * 432
    entry = name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(name) + 2)
    entry = entry.ljust(116, b"\0") + struct.pack("<II", 2, len(stream)) + b"\0" * 4
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(512, b"\xff")
    return header + table + entry.ljust(512, b"\0") + stream


def record(kind, content=b""):
    return struct.pack("<HH", kind, len(content)) + content


def number_at(row, column):
    return record(0x0203, struct.pack("<HHHd", row, column, 0, 1.0))


def test_far_cell_of_an_old_workbook_costs_no_memory():
    content = container(record(0x0809, b"\0\6\x10\0") + number_at(0, 0) + number_at(65_535, 255) + record(0x000A))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(ListTooLarge):
        read_sheets(content, "a.xls")

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


def test_several_cells_in_one_record_reach_to_the_last():
    many = record(0x00BD, struct.pack("<HH", 4, 1) + b"\0" * 12 + struct.pack("<H", 7))

    assert old_workbook_span(container(many)) == Span(5, 8)


def test_old_workbook_with_a_password_says_so():
    with pytest.raises(ListHasPassword):
        read_sheets(container(record(0x0809) + record(0x002F, b"\0" * 54)), "a.xls")


def test_chain_that_turns_in_a_circle_ends():
    content = bytearray(container(number_at(3, 2)))
    content[512 + 4 * 4 : 512 + 4 * 5] = struct.pack("<I", 2)

    with suppress(DamagedWorkbook):
        old_workbook_span(bytes(content))


@settings(max_examples=60)
@given(st.data())
def test_any_broken_old_workbook_is_refused_or_measured(data):
    content = bytearray(container(number_at(3, 2), data.draw(st.sampled_from(["Workbook", "Book", "Mail"]))))
    for _ in range(data.draw(st.integers(0, 8))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))

    with suppress(DamagedWorkbook, LockedWorkbook):
        assert isinstance(old_workbook_span(bytes(content)), Span)


@settings(max_examples=40)
@given(st.binary(max_size=400))
def test_any_bytes_are_refused_or_read(content):
    for beginning in (b"", b"PK\3\4", bytes.fromhex("d0cf11e0a1b11ae1"), b"%PDF", b"\xff\xfe"):
        with suppress(UnreadableList):
            assert read_sheets(beginning + content, "a.xlsx")
