"""Spreadsheets made for tests, byte by byte where no writer would make them so."""

import io
import subprocess
import zipfile

import xlsxwriter

ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text", "style")
)


def xlsx(sheets, *, merged=(), font=None, **options):
    """An .xlsx of these sheets, `{"name": [rows]}`; the ranges that are merged are those of the first."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, options)
    style = book.add_format({"font_name": font} if font else {})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for area in merged:
            sheet.merge_range(area, "")
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell is not None:
                    sheet.write(number, column, cell, style)
        merged = ()
    book.close()
    return content.getvalue()


def package(parts):
    """A zip of these parts, packed."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


def unpacked(content):
    """The parts of a package, by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(content, **changes):
    """The same package with some parts replaced by what a function makes of them: `sheet1=lambda xml: …`."""
    parts = unpacked(content)
    for name, change in changes.items():
        (path,) = [path for path in parts if path.endswith(f"/{name}.xml")]
        parts[path] = change(parts[path])
    return package(parts)


def ods(rows, name="Hộ", before="", styles=""):
    """An .ods of one sheet; a cell or row with a number before it stands so often: `(3, "x")`."""

    def cell(value):
        times, text = value if isinstance(value, tuple) else (1, value)
        held = f"<text:p>{text}</text:p>" if text is not None else ""
        kind = ' office:value-type="string"' if held else ""
        return f'<table:table-cell table:number-columns-repeated="{times}"{kind}>{held}</table:table-cell>'

    def line(row):
        times, cells = row if isinstance(row, tuple) else (1, row)
        return f'<table:table-row table:number-rows-repeated="{times}">{"".join(map(cell, cells))}</table:table-row>'

    document = (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<office:document-content {_SPACES}>{styles}<office:body>'
        f'<office:spreadsheet><table:table table:name="{name}">{"".join(map(line, rows))}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = '<?xml version="1.0"?><m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    return package({"mimetype": ODS_TYPE, "META-INF/manifest.xml": manifest, "content.xml": document})


def as_xls(content, folder):
    """An .xlsx as LibreOffice saves it in the format of before 2007."""
    source = folder / "list.xlsx"
    source.write_bytes(content)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    convert = ["soffice", profile, "--headless", "--convert-to", "xls", "--outdir", str(folder), str(source)]
    subprocess.run(convert, check=True, capture_output=True, timeout=120)
    return (folder / "list.xls").read_bytes()
