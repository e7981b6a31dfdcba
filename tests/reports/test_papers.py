"""The reports as DOCX: words, frame and what LibreOffice makes of them."""

import io
import re
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from docx import Document
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from eventmgr.reports.documents.administrative import AdministrativePaper, bold_width
from eventmgr.reports.documents.meeting_report_docx import write_meeting_report
from eventmgr.reports.documents.plan_report_docx import MEETING_COLUMNS, subject_of, write_plan_report
from eventmgr.reports.values import MeetingStage
from tests.reports.examples import CANCELLED, EMPTY_PLAN, ISSUER, MEETING, PLAN, SIGNATURE


def _open(content: bytes):
    return Document(io.BytesIO(content))


def _paragraphs(content: bytes) -> list[str]:
    return [paragraph.text for paragraph in _open(content).paragraphs]


def _words(content: bytes) -> str:
    document = _open(content)
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*_paragraphs(content), *cells])


@pytest.fixture(scope="module")
def plan_docx() -> bytes:
    return write_plan_report(PLAN)


def test_header_names_issuer_and_nation_and_leaves_number_and_day_blank(plan_docx: bytes) -> None:
    header = _open(plan_docx).tables[0]

    (issuer, nation), (number, place) = ([cell.text.strip() for cell in row.cells] for row in header.rows)
    assert issuer.split("\n") == ["ỦY BAN NHÂN DÂN", "XÃ MẪU SƠN THỬ"]
    assert nation.split("\n") == ["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"]
    assert re.fullmatch(r"Số: +/BC-UBND", number)
    assert re.fullmatch(r"Mẫu Sơn Thử, ngày +tháng +năm", place)


def test_page_is_a4_with_the_margins_of_the_decree(plan_docx: bytes) -> None:
    first, appendix = _open(plan_docx).sections

    # The file stores lengths in twentieths of a point, hence the tolerance.
    for found, wanted in (
        (first.page_width, Mm(210)),
        (first.page_height, Mm(297)),
        (first.left_margin, Mm(30)),
        (first.right_margin, Mm(15)),
        (first.top_margin, Mm(20)),
        (appendix.page_width, Mm(297)),
    ):
        assert found == pytest.approx(wanted, abs=Pt(1))
    assert appendix.orientation == WD_ORIENT.LANDSCAPE


def test_page_number_stands_in_the_top_margin_but_not_on_the_first_page(plan_docx: bytes) -> None:
    first, appendix = _open(plan_docx).sections

    assert "PAGE" in first.header._element.xml
    assert "PAGE" not in first.first_page_header._element.xml
    assert first.different_first_page_header_footer
    assert appendix._sectPr.find(qn("w:pgNumType")).get(qn("w:start")) == "1"


def test_font_is_times_new_roman_throughout(plan_docx: bytes) -> None:
    document = _open(plan_docx)

    assert document.styles["Normal"].font.name == "Times New Roman"
    assert document.styles["Normal"].font.size == Pt(14)
    assert set(re.findall(r'w:ascii="([^"]+)"', document.element.xml)) <= {"Times New Roman"}


def test_report_has_the_sections_an_office_expects(plan_docx: bytes) -> None:
    headings = [line for line in _paragraphs(plan_docx) if re.match(r"(I|II|III|IV|V)\. ", line)]

    assert headings == [
        "I. CÔNG TÁC CHỈ ĐẠO, TRIỂN KHAI",
        "II. KẾT QUẢ THỰC HIỆN",
        "III. ĐÁNH GIÁ",
        "IV. PHƯƠNG HƯỚNG",
        "V. KIẾN NGHỊ, ĐỀ XUẤT",
    ]


def test_report_states_the_figures_against_the_plan(plan_docx: bytes) -> None:
    words = _words(plan_docx)

    assert "Kế hoạch số 05/KH-UBND ngày 03 tháng 02 năm 2023" in words
    assert "Đã tổ chức 2/4 hội nghị, đạt 50%; số hội nghị còn thiếu theo thôn: Khuổi Thử (1)." in words
    assert "Tổng số 78 lượt người tham dự, là 67 người; có 62 hộ có người dự" in words
    assert "62/1.240 hộ, đạt 5%" in words
    assert "chi phí 1.025.750 đồng" in words
    assert "78/100 lượt người, đạt 78%" in words
    assert words.count("./.") == 1


def test_meeting_table_has_the_columns_of_the_form_and_adds_up(plan_docx: bytes) -> None:
    table = _open(plan_docx).tables[-1]
    rows = [[cell.text for cell in row.cells] for row in table.rows]

    titles = [column.title for column in MEETING_COLUMNS]
    assert rows[1] == titles
    assert rows[2] == [
        "1",
        "Nà Ví Dụ",
        "15/06/2023",
        "Nhà văn hóa thôn Nà Ví Dụ",
        *"42 32 17 28 10 6 3 1 12".split(),
    ] + ["Đếm tại chỗ: 33"]
    assert rows[3][1] == "Nà Ví Dụ, Khuổi Thử"
    assert rows[3][-1] == "Họp chung"
    total = rows[-1]
    assert total[1] == "Tổng cộng"
    for column in range(4, 13):
        assert int(total[column]) == sum(int(row[column]) for row in rows[2:-1])
    assert sum(int(number) for number in total[8:13]) == int(total[5])


def test_table_heading_repeats_and_rows_stay_whole(plan_docx: bytes) -> None:
    for table in _open(plan_docx).tables[1:2] + _open(plan_docx).tables[-1:]:
        rows = table._tbl.tr_lst
        assert rows[0].trPr.find(qn("w:tblHeader")) is not None
        assert rows[1].trPr.find(qn("w:tblHeader")) is not None
        assert all(row.trPr.find(qn("w:cantSplit")) is not None for row in rows)


def test_cancelled_meeting_is_counted_but_not_listed_as_held(plan_docx: bytes) -> None:
    words = _words(plan_docx)

    assert "không tổ chức 1 hội nghị" in words
    assert CANCELLED.title not in words


def test_what_only_a_person_can_write_is_dotted(plan_docx: bytes) -> None:
    document = _open(plan_docx)
    lines = [paragraph.text for paragraph in document.paragraphs]
    place = lines.index("2. Tồn tại, hạn chế")

    assert lines[place + 1 : place + 4] == ["\t"] * 3
    assert 'w:leader="dot"' in document.paragraphs[place + 1]._p.xml


def test_signature_is_one_row_that_never_splits(plan_docx: bytes) -> None:
    table = next(table for table in _open(plan_docx).tables if "Nơi nhận" in table.cell(0, 0).text)

    recipients, signature = (cell.text.split("\n") for cell in table.rows[0].cells)
    assert recipients == ["Nơi nhận:", "- Như trên;", "- CT, PCT UBND xã;", "- Lưu: VT."]
    assert signature[:3] == list(SIGNATURE)
    assert signature[3:7] == [""] * 4
    assert table._tbl.tr_lst[0].trPr.find(qn("w:cantSplit")) is not None


def test_signer_stands_under_the_room_for_the_signature_only_if_known() -> None:
    signed = _words(write_plan_report(replace(PLAN, signer="Lương Thị Giả Định")))

    assert "Lương Thị Giả Định" in signed


def test_plan_without_meetings_gives_a_report_that_claims_nothing() -> None:
    words = _words(write_plan_report(EMPTY_PLAN))

    assert "Đã tổ chức 0 hội nghị." in words
    assert "lượt người tham dự" not in words
    assert "Kế hoạch số ....../KH-UBND" in words
    assert "%" not in words.replace("tỷ lệ %", "")
    assert "Kính gửi" not in words
    assert "Như trên" not in words


def test_subject_does_not_say_carry_out_twice() -> None:
    assert subject_of("Thực hiện Tiểu dự án 2") == "Kết quả thực hiện Tiểu dự án 2"
    assert subject_of("Truyền thông giảm nghèo") == "Kết quả thực hiện truyền thông giảm nghèo"


def test_several_addressees_stand_one_a_line() -> None:
    lines = _paragraphs(write_plan_report(replace(PLAN, addressees=("Ủy ban nhân dân tỉnh", "Sở chuyên ngành"))))
    place = lines.index("Kính gửi:")

    assert lines[place + 1 : place + 3] == ["- Ủy ban nhân dân tỉnh;", "- Sở chuyên ngành."]


def test_given_day_is_printed_in_the_header() -> None:
    paper = AdministrativePaper(ISSUER, "BC", dated_on=date(2026, 2, 5))

    assert "Mẫu Sơn Thử, ngày 05 tháng 02 năm 2026" in _words(paper.to_bytes())


def test_rule_under_the_motto_is_as_long_as_the_motto() -> None:
    assert bold_width("Độc lập - Tự do - Hạnh phúc", Pt(14)) == pytest.approx(Mm(60.4), abs=Mm(0.5))
    assert bold_width("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", Pt(13)) == pytest.approx(Mm(95), abs=Mm(0.7))


def test_meeting_report_states_time_figures_and_correction() -> None:
    words = _words(write_meeting_report(MEETING))

    assert "07 giờ 30 phút, ngày 15 tháng 6 năm 2023 (thứ Năm)" in words
    assert "Có 32 lượt người tham dự (trong đó người nhà đi thay 4; đại biểu, khách mời 2), thuộc 28 hộ." in words
    assert "Số người đếm tại chỗ: 33, lý do chênh lệch: một người đến muộn." in words


def test_report_on_a_meeting_to_come_says_there_are_no_figures_yet() -> None:
    ahead = replace(MEETING, figures=replace(MEETING.figures, stage=MeetingStage.PLANNED))

    words = _words(write_meeting_report(ahead))
    assert "Hội nghị chưa diễn ra" in words
    assert "vắng mặt" not in words


def test_libreoffice_opens_the_report_and_nothing_in_the_header_wraps(plan_docx: bytes, tmp_path: Path) -> None:
    paper = tmp_path / "bao-cao.docx"
    paper.write_bytes(plan_docx)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    convert = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(paper)]
    subprocess.run(convert, check=True, capture_output=True, timeout=180)

    text = subprocess.run(
        ["pdftotext", "-layout", str(paper.with_suffix(".pdf")), "-"], check=True, capture_output=True, text=True
    ).stdout
    pages = text.split("\f")[:-1]
    assert len(pages) == 4
    header = [" ".join(line.split()) for line in pages[0].splitlines() if line.strip()][:3]
    assert header[0] == "ỦY BAN NHÂN DÂN CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
    assert header[1] == "XÃ MẪU SƠN THỬ Độc lập - Tự do - Hạnh phúc"
    assert pages[1].split()[0] == "2"
    assert "BIỂU SỐ LIỆU HỘI NGHỊ" in pages[-1]
    signature_page = next(page for page in pages if "Nơi nhận:" in page)
    assert "PHÓ CHỦ TỊCH" in signature_page
