"""The frame of an administrative paper by Nghị định 30/2020/NĐ-CP, Phụ lục I, made with python-docx.

The frame knows page, header, title, body, tables, recipients and signature; what a paper says stands in its own
writer. Number, day and signature are left blank where they are not given: the clerk fills them in at issue.
"""

import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum

from docx import Document
from docx.document import Document as OpenDocument
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.section import Section
from docx.shared import Length, Mm, Pt
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from eventmgr.reports.documents.wording import document_number, long_day
from eventmgr.reports.values import Issuer

FONT = "Times New Roman"
BODY_SIZE = Pt(14)
HEADER_SIZE = Pt(13)
PAGE_SHORT, PAGE_LONG = Mm(210), Mm(297)
MARGIN_TOP = MARGIN_BOTTOM = Mm(20)
MARGIN_LEFT, MARGIN_RIGHT = Mm(30), Mm(15)
FIRST_LINE = Mm(12.7)
NONE = Pt(0)
TABLE_SIZE = Pt(12)
SHORT_TABLE = 14
"""Rows up to which a table is not broken over two pages: a third of a page."""
# Quốc hiệu is 95 mm wide at 13 pt bold and must not wrap.
HEADER_COLUMNS = (Mm(64), Mm(101))
SIGNATURE_COLUMNS = (Mm(75), Mm(90))
SIGNATURE_SPACE_LINES = 4
BLANK_LINE_COUNT = 3

NATION = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"

# Advance widths of Times New Roman Bold in thousandths of the type size, measured on a font of the same metrics.
# Marks above and below a letter do not widen it; the horns of ơ and ư are left out, which no rule here can show.
_BOLD_WIDTHS = {
    250: " .,",
    278: "il/",
    333: "tfj-():",
    389: "Is",
    444: "cerz",
    500: "Jagovxy0123456789–“”",
    556: "Sbdhknpqu",
    611: "PF",
    667: "BELTZ",
    722: "ACDNRUVXYw",
    778: "GHKOQ",
    833: "m",
    944: "M",
    1000: "W",
}
_WIDTH_OF = {letter: width for width, letters in _BOLD_WIDTHS.items() for letter in letters}


class Align(Enum):
    LEFT = WD_ALIGN_PARAGRAPH.LEFT
    CENTRE = WD_ALIGN_PARAGRAPH.CENTER
    RIGHT = WD_ALIGN_PARAGRAPH.RIGHT


@dataclass(frozen=True, slots=True)
class Column:
    """A table column; columns beside each other with the same `group` share one heading above their own."""

    title: str
    width_mm: float
    align: Align = Align.CENTRE
    group: str = ""


class AdministrativePaper:
    """One paper under construction: made top to bottom, then `to_bytes()`."""

    def __init__(self, issuer: Issuer, type_code: str, dated_on: date | None = None) -> None:
        self.issuer = issuer
        self.type_code = type_code
        self.dated_on = dated_on
        self._document = Document()
        self._set_defaults()
        self._set_up_page(self._document.sections[0])
        self._add_page_number(self._document.sections[0])
        self._add_header()

    # What a paper consists of, in the order it is written.

    def title(self, type_name: str, subject: str) -> None:
        """Tên loại in capitals, trích yếu under it, and a rule of two fifths of the subject's length."""
        name = self._paragraph(before=Pt(14), align=WD_ALIGN_PARAGRAPH.CENTER)
        _write(name, type_name.upper(), bold=True)
        line = self._paragraph(align=WD_ALIGN_PARAGRAPH.CENTER)
        _write(line, subject, bold=True)
        length = min(bold_width(subject, BODY_SIZE), self._text_width)
        _rule(self._document, Length(length * 2 // 5), self._text_width, after=Pt(10))

    def addressees(self, offices: Sequence[str]) -> None:
        """Kính gửi: one office on the same line, several one a line."""
        if not offices:
            return
        if len(offices) == 1:
            line = self._paragraph(after=Pt(8), align=WD_ALIGN_PARAGRAPH.CENTER)
            _write(line, f"Kính gửi: {offices[0]}")
            return
        head = self._paragraph(left=Mm(30))
        _write(head, "Kính gửi:")
        for place, office in enumerate(offices, start=1):
            is_last = place == len(offices)
            line = self._paragraph(left=Mm(50), after=Pt(8) if is_last else NONE)
            _write(line, f"- {office}{'.' if is_last else ';'}")

    def section(self, heading: str) -> None:
        """`I. TIÊU ĐỀ`."""
        self._heading(heading.upper(), level=0)

    def subsection(self, heading: str) -> None:
        """`1. Tiêu đề`."""
        self._heading(heading, level=1)

    def body(self, text: str, *, keep_with_next: bool = False) -> None:
        paragraph = self._body_paragraph()
        paragraph.paragraph_format.keep_with_next = keep_with_next
        _write(paragraph, text)

    def to_fill_in(self, label: str = "", lines: int = BLANK_LINE_COUNT) -> None:
        """Dotted lines for what only a person can write."""
        for place in range(lines):
            paragraph = self._body_paragraph()
            paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT
            stops = paragraph.paragraph_format.tab_stops
            stops.add_tab_stop(self._text_width, WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)
            lead = f"{label} " if label and place == 0 else ""
            _write(paragraph, f"{lead}\t")

    def table(
        self,
        columns: Sequence[Column],
        rows: Iterable[Sequence[str]],
        total: Sequence[str] | None = None,
        *,
        size: Length = TABLE_SIZE,
    ) -> None:
        """A ruled table; a short one stays on one page, a long one repeats its heading, and no row breaks over two."""
        head_rows = 2 if any(column.group for column in columns) else 1
        table = self._document.add_table(rows=head_rows, cols=len(columns))
        table.style = "Table Grid"
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        _fix_widths(table, [Mm(column.width_mm) for column in columns])
        _set_cell_margins(table, side=Mm(0.8))
        _fill_heading(table, columns, head_rows, size)
        for cells in rows:
            _fill_row(table.add_row(), columns, cells, size, bold=False)
        if total is not None:
            _fill_row(table.add_row(), columns, total, size, bold=True)
        if len(table.rows) <= SHORT_TABLE:
            _keep_together(table)
        self._paragraph(after=Pt(4))

    def caption(self, text: str) -> None:
        """A table's name above it, or its unit; stays with the table."""
        paragraph = self._paragraph(before=Pt(4), after=Pt(4), align=WD_ALIGN_PARAGRAPH.CENTER)
        paragraph.paragraph_format.keep_with_next = True
        _write(paragraph, text, italic=True, size=HEADER_SIZE)

    def note(self, text: str) -> None:
        """Small print under a table."""
        paragraph = self._paragraph(after=Pt(3), align=WD_ALIGN_PARAGRAPH.JUSTIFY)
        _write(paragraph, text, italic=True, size=Pt(12))

    def close(self, recipients: Sequence[str], signature_lines: Sequence[str], signer: str = "") -> None:
        """Nơi nhận on the left, the signing words and room for signature and stamp on the right, never split."""
        table = self._document.add_table(rows=1, cols=2)
        _fix_widths(table, SIGNATURE_COLUMNS)
        _set_cell_margins(table, side=NONE)
        _keep_row_whole(table.rows[0])
        left, right = table.rows[0].cells
        _write_recipients(left, recipients)
        _write_signature(right, signature_lines, signer)

    def appendix(self, name: str, title: str, *, landscape: bool = False) -> None:
        """A new page with its own page numbers and the line that ties it to the paper."""
        section = self._document.add_section(WD_SECTION.NEW_PAGE)
        self._set_up_page(section, landscape=landscape)
        _restart_page_numbers(section)
        for text in (name, title.upper()):
            line = self._paragraph(align=WD_ALIGN_PARAGRAPH.CENTER)
            _write(line, text, bold=True)
        tie = self._paragraph(align=WD_ALIGN_PARAGRAPH.CENTER)
        number = document_number("", self.type_code, self.issuer.abbreviation)
        day = long_day(self.dated_on)
        _write(tie, f"(Kèm theo Báo cáo số {number} {day} của {self.issuer.full_name})", italic=True)
        _rule(self._document, Mm(50), self._text_width, after=Pt(8))

    def to_bytes(self) -> bytes:
        stream = io.BytesIO()
        self._document.save(stream)
        return stream.getvalue()

    def describe(self, subject: str, made_on: date) -> None:
        """What the file says of itself in its properties."""
        properties = self._document.core_properties
        properties.author = properties.last_modified_by = self.issuer.full_name
        properties.title = subject
        properties.comments = ""
        properties.language = "vi-VN"
        properties.created = properties.modified = datetime.combine(made_on, time())

    # How it is done.

    @property
    def _text_width(self) -> Length:
        section = self._document.sections[-1]
        page, left, right = section.page_width, section.left_margin, section.right_margin
        return Length((page or 0) - (left or 0) - (right or 0))

    def _set_defaults(self) -> None:
        style = self._document.styles["Normal"]
        style.font.name = FONT
        style.font.size = BODY_SIZE
        properties = style.element.get_or_add_rPr()
        fonts = properties.get_or_add_rFonts()
        for script in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
            fonts.set(qn(script), FONT)
        language = OxmlElement("w:lang")
        language.set(qn("w:val"), "vi-VN")
        properties.append(language)
        style.paragraph_format.space_after = NONE

    def _set_up_page(self, section: Section, *, landscape: bool = False) -> None:
        section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
        section.page_width = PAGE_LONG if landscape else PAGE_SHORT
        section.page_height = PAGE_SHORT if landscape else PAGE_LONG
        section.top_margin, section.bottom_margin = MARGIN_TOP, MARGIN_BOTTOM
        section.left_margin, section.right_margin = MARGIN_LEFT, MARGIN_RIGHT
        section.header_distance = section.footer_distance = Mm(10)
        section.different_first_page_header_footer = True

    def _add_page_number(self, section: Section) -> None:
        """In the middle of the top margin, from the second page on; later sections inherit it."""
        paragraph = section.header.paragraphs[0]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = _write(paragraph, "", size=HEADER_SIZE)
        for kind in ("begin", "instruction", "end"):
            if kind == "instruction":
                element = OxmlElement("w:instrText")
                element.text = "PAGE"
            else:
                element = OxmlElement("w:fldChar")
                element.set(qn("w:fldCharType"), kind)
            run._r.append(element)

    def _add_header(self) -> None:
        table = self._document.add_table(rows=2, cols=2)
        _fix_widths(table, HEADER_COLUMNS)
        _set_cell_margins(table, side=NONE)
        (issuer, nation), (number, place) = (row.cells for row in table.rows)
        self._fill_issuer(issuer)
        self._fill_nation(nation)
        reference = document_number("", self.type_code, self.issuer.abbreviation)
        _write(_centred(number), f"Số: {reference}", size=HEADER_SIZE)
        _write(_centred(place), f"{self.issuer.place}, {long_day(self.dated_on)}", italic=True)

    def _fill_issuer(self, cell: _Cell) -> None:
        lines = [(self.issuer.parent_line, False)] if self.issuer.parent_line else []
        lines += [(line, True) for line in self.issuer.lines]
        for place, (text, bold) in enumerate(lines):
            paragraph = _centred(cell) if place == 0 else _centred(cell, new=True)
            _write(paragraph, text.upper(), bold=bold, size=HEADER_SIZE)
        width = HEADER_COLUMNS[0]
        length = min(bold_width(lines[-1][0].upper(), HEADER_SIZE), width)
        _rule(cell, Length(length * 2 // 5), width, after=Pt(6))

    def _fill_nation(self, cell: _Cell) -> None:
        _write(_centred(cell), NATION, bold=True, size=HEADER_SIZE)
        _write(_centred(cell, new=True), MOTTO, bold=True)
        _rule(cell, bold_width(MOTTO, BODY_SIZE), HEADER_COLUMNS[1], after=Pt(6))

    def _heading(self, text: str, *, level: int) -> None:
        paragraph = self._body_paragraph()
        paragraph.paragraph_format.keep_with_next = True
        _set_outline_level(paragraph, level)
        _write(paragraph, text, bold=True)

    def _body_paragraph(self) -> Paragraph:
        paragraph = self._paragraph(after=Pt(6), align=WD_ALIGN_PARAGRAPH.JUSTIFY)
        layout = paragraph.paragraph_format
        layout.first_line_indent = FIRST_LINE
        layout.line_spacing = 1.1
        layout.widow_control = True
        return paragraph

    def _paragraph(
        self,
        *,
        before: Length = NONE,
        after: Length = NONE,
        left: Length = NONE,
        align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.LEFT,
    ) -> Paragraph:
        paragraph = self._document.add_paragraph()
        paragraph.alignment = align
        layout = paragraph.paragraph_format
        layout.space_before, layout.space_after, layout.left_indent = before, after, left
        return paragraph


def bold_width(text: str, size: Length) -> Length:
    """How long a text is in Times New Roman Bold; rules under a line are drawn by it."""
    plain = unicodedata.normalize("NFD", text).replace("đ", "d").replace("Đ", "D")
    letters = (letter for letter in plain if not unicodedata.combining(letter))
    return Length(sum(_WIDTH_OF.get(letter, 556) for letter in letters) * size // 1000)


def _write(
    paragraph: Paragraph, text: str, *, bold: bool = False, italic: bool = False, size: Length | None = None
) -> Run:
    run = paragraph.add_run(text)
    run.bold, run.italic = bold, italic
    if size is not None:
        run.font.size = size
    return run


def _centred(cell: _Cell, *, new: bool = False) -> Paragraph:
    paragraph = cell.add_paragraph() if new else cell.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    return paragraph


def _rule(place: OpenDocument | _Cell, length: Length, available: Length, *, after: Length) -> None:
    """A solid line of this length, centred in the width available: the top border of a very low paragraph."""
    paragraph = place.add_paragraph()
    layout = paragraph.paragraph_format
    layout.left_indent = layout.right_indent = Length(max(available - length, 0) // 2)
    layout.space_before, layout.space_after = Pt(2), after
    layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(2)
    borders = OxmlElement("w:pBdr")
    top = OxmlElement("w:top")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "0"), ("color", "000000")):
        top.set(qn(f"w:{name}"), value)
    borders.append(top)
    properties = paragraph._p.get_or_add_pPr()
    # The schema wants borders before spacing, indents and alignment.
    properties.insert_element_before(
        borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:outlineLvl", "w:rPr"
    )


def _set_outline_level(paragraph: Paragraph, level: int) -> None:
    """Lets Word show the headings in its navigation pane without a coloured heading style."""
    outline = OxmlElement("w:outlineLvl")
    outline.set(qn("w:val"), str(level))
    paragraph._p.get_or_add_pPr().insert_element_before(outline, "w:divId", "w:cnfStyle", "w:rPr", "w:sectPr")


def _restart_page_numbers(section: Section) -> None:
    numbers = OxmlElement("w:pgNumType")
    numbers.set(qn("w:start"), "1")
    section._sectPr.insert_element_before(numbers, "w:cols", "w:titlePg", "w:docGrid")


def _fix_widths(table: Table, widths: Sequence[Length]) -> None:
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
        for cell in column.cells:
            cell.width = width


def _set_cell_margins(table: Table, *, side: Length) -> None:
    margins = OxmlElement("w:tblCellMar")
    for edge in ("left", "right"):
        element = OxmlElement(f"w:{edge}")
        element.set(qn("w:w"), str(int(side.twips)))
        element.set(qn("w:type"), "dxa")
        margins.append(element)
    table._tbl.tblPr.insert_element_before(margins, "w:tblLook", "w:tblCaption", "w:tblDescription")


def _keep_row_whole(row: _Row) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _keep_together(table: Table) -> None:
    for row in table.rows[:-1]:
        for cell in row.cells:
            cell.paragraphs[0].paragraph_format.keep_with_next = True


def _repeat_row(row: _Row) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _fill_heading(table: Table, columns: Sequence[Column], head_rows: int, size: Length) -> None:
    for row in table.rows:
        _keep_row_whole(row)
        _repeat_row(row)
    if head_rows == 1:
        for cell, column in zip(table.rows[0].cells, columns, strict=True):
            _fill_cell(cell, column.title, WD_ALIGN_PARAGRAPH.CENTER, size, bold=True)
        return
    for first, last, group in _groups(columns):
        top = table.cell(0, first)
        if not group:
            merged = top.merge(table.cell(1, first))
            _fill_cell(merged, columns[first].title, WD_ALIGN_PARAGRAPH.CENTER, size, bold=True)
            continue
        _fill_cell(top.merge(table.cell(0, last)), group, WD_ALIGN_PARAGRAPH.CENTER, size, bold=True)
        for place in range(first, last + 1):
            _fill_cell(table.cell(1, place), columns[place].title, WD_ALIGN_PARAGRAPH.CENTER, size, bold=True)


def _groups(columns: Sequence[Column]) -> list[tuple[int, int, str]]:
    """Neighbours under one heading: (first, last, heading); a column without a group stands alone."""
    found: list[tuple[int, int, str]] = []
    for place, column in enumerate(columns):
        if column.group and found and found[-1][2] == column.group:
            found[-1] = (found[-1][0], place, column.group)
        else:
            found.append((place, place, column.group))
    return found


def _fill_row(row: _Row, columns: Sequence[Column], texts: Sequence[str], size: Length, *, bold: bool) -> None:
    _keep_row_whole(row)
    for cell, column, text in zip(row.cells, columns, texts, strict=True):
        cell.width = Mm(column.width_mm)
        _fill_cell(cell, text, column.align.value, size, bold=bold)


def _fill_cell(cell: _Cell, text: str, align: WD_ALIGN_PARAGRAPH, size: Length, *, bold: bool) -> None:
    cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
    paragraph = cell.paragraphs[0]
    paragraph.alignment = align
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(2)
    _write(paragraph, text, bold=bold, size=size)


def _write_recipients(cell: _Cell, recipients: Sequence[str]) -> None:
    _write(cell.paragraphs[0], "Nơi nhận:", bold=True, italic=True, size=Pt(12))
    for place, recipient in enumerate(recipients, start=1):
        ending = "." if place == len(recipients) else ";"
        line = cell.add_paragraph()
        line.paragraph_format.left_indent = Mm(2)
        line.paragraph_format.first_line_indent = -Mm(2)
        _write(line, f"- {recipient.strip().lstrip('- ').rstrip(' .;')}{ending}", size=Pt(11))


def _write_signature(cell: _Cell, signature_lines: Sequence[str], signer: str) -> None:
    for place, text in enumerate(signature_lines):
        _write(_centred(cell, new=place > 0), text.upper(), bold=True)
    for _ in range(SIGNATURE_SPACE_LINES):
        _centred(cell, new=True)
    _write(_centred(cell, new=True), signer, bold=True)
