"""What comes as a list and what only looks like one."""

import io
import random
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
import xlsxwriter

from eventmgr.residents.importing.reading import (
    EmptyList,
    ListDamaged,
    ListHasPassword,
    ListIsPdf,
    ListTooLarge,
    NotAList,
    UnreadableList,
    read_sheets,
)

DATA = Path(__file__).parents[2] / "data"
LIST_B = (DATA / "B-danh-sach-nhan-khau-mau.xlsx").read_bytes()
OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def workbook(*cells, hide=False):
    """An .xlsx whose cells are (row, column, value), counted from 0."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content)
    sheet = book.add_worksheet("Hộ")
    for row, column, value in cells:
        sheet.write(row, column, value)
    if hide:
        book.add_worksheet("Khác").activate()
        sheet.hide()
    book.close()
    return content.getvalue()


def test_workbook_keeps_its_row_numbers():
    (sheet,) = read_sheets(workbook((2, 1, "Họ tên"), (3, 1, "Vi Lan")), "a.xlsx")

    assert sheet.name == "Hộ"
    assert sheet.rows[2][1] == "Họ tên"
    assert len(sheet.rows) == 4


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_of_all_kinds(delimiter, encoding):
    lines = [("Họ tên", "Thôn", "SĐT"), ("Vi Lan", "Pò Mẫu", '"0912, 345; 678"'), ("Lý Sơn", "Pò Mẫu", "x")]
    content = "\r\n".join(delimiter.join(cells) for cells in lines).encode(encoding)

    (sheet,) = read_sheets(content, "danh-ba.csv")

    assert sheet.name == "danh-ba"
    assert sheet.rows == (lines[0], ("Vi Lan", "Pò Mẫu", "0912, 345; 678"), lines[2])


def encrypted():
    return OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600


def other_office_file():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as package:
        package.writestr("word/document.xml", "<w:document/>")
    return content.getvalue()


def bomb():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", "<workbook/>")
        package.writestr("xl/sharedStrings.xml", b"\0" * (310 * 1024 * 1024))
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        pytest.param(b"", EmptyList, id="no bytes"),
        pytest.param(b" \r\n\r\n", EmptyList, id="blank lines"),
        pytest.param(b";;;\r\n;;;\r\n", EmptyList, id="only delimiters"),
        pytest.param(workbook(), EmptyList, id="empty sheet"),
        pytest.param(workbook((0, 0, "Họ tên"), hide=True), EmptyList, id="only a hidden sheet"),
        pytest.param(b"%PDF-1.7\n" + b"x" * 500, ListIsPdf, id="pdf named xlsx"),
        pytest.param(LIST_B[: len(LIST_B) // 2], ListDamaged, id="truncated"),
        pytest.param(LIST_B[:5000] + b"\0" * 3000 + LIST_B[8000:], ListDamaged, id="broken inside"),
        pytest.param(OLE + b"\0" * 2000, ListDamaged, id="broken xls"),
        pytest.param(encrypted(), ListHasPassword, id="password"),
        pytest.param(other_office_file(), NotAList, id="a letter"),
        pytest.param(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)), NotAList, id="a photo"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(range(1, 256)), NotAList, id="a picture without zeros"),
        pytest.param(b"a;b\n" * 300_000, ListTooLarge, id="too many lines"),
        pytest.param(b"x" * (21 * 1024 * 1024), ListTooLarge, id="too many bytes"),
        pytest.param(workbook((0, 0, "Họ tên"), (1_048_575, 16_383, " ")), ListTooLarge, id="a cell far away"),
        pytest.param(bomb(), ListTooLarge, id="too much when unpacked"),
    ],
)
def test_what_is_no_list_is_refused_with_its_reason(content, refusal):
    with pytest.raises(refusal) as raised:
        read_sheets(content, "danh-sach.xlsx")

    assert type(raised.value) is refusal


def test_cell_far_away_costs_no_memory():
    content = workbook((0, 0, "Họ tên"), (1_048_575, 16_383, " "))
    tracemalloc.start()

    with pytest.raises(ListTooLarge):
        read_sheets(content, "a.xlsx")

    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_any_broken_workbook_is_refused_or_read():
    chance = random.Random(7)
    for _ in range(150):
        content = bytearray(LIST_B)
        for _ in range(chance.randint(1, 20)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        with suppress(UnreadableList):
            assert read_sheets(bytes(content), "a.xlsx")
