"""Commands of the residents room."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from eventmgr.areas.models import Area
from eventmgr.areas.queries import all_communes, commune_of, find_area_by_code, find_hamlet_by_name
from eventmgr.core.audit import record_audit
from eventmgr.core.clock import local_day, now
from eventmgr.core.db import unit_of_work
from eventmgr.core.memory import without_collecting
from eventmgr.residents.finding import index_all
from eventmgr.residents.importing.encodings import Encoding
from eventmgr.residents.importing.parsing import parse_list
from eventmgr.residents.importing.reading import MOST_BYTES, ListTooLarge, UnreadableList
from eventmgr.residents.importing.values import ParsedList, ParsedSheet
from eventmgr.residents.services.importing import (
    ImportOptions,
    ImportResult,
    foreseen,
    hand_in_list,
    import_list,
    outcome_of,
    plan_import,
)
from eventmgr.residents.services.resealing import reseal_citizen_numbers
from eventmgr.residents.words import ENCODINGS, FIELDS, LEFT_OUT, reason_text

UNUSABLE_FILE = 2
ROWS_LEFT_OUT = 3

residents = AppGroup("residents", help="Households and their people.")


@residents.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--area", "area_code", help="Code of the commune; needed only where there are several.")
@click.option("--hamlet", "hamlet_name", help="Hamlet of rows that name none.")
@click.option(
    "--year", type=click.IntRange(2000, 2100), help="Year of the poverty classes; the list's own, else this year."
)
@click.option(
    "--encoding",
    type=click.Choice(["auto", *Encoding]),
    default="auto",
    help="Letters of files from before Unicode; auto: as their fonts and words tell.",
)
@click.option("--sheet", "sheet_names", multiple=True, help="A sheet to read; again for more. Else this year's lists.")
@click.option("--dry-run", is_flag=True, help="Say what would change and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Answer with one JSON object.")
@without_collecting()
def import_command(
    file: Path,
    area_code: str | None,
    hamlet_name: str | None,
    year: int | None,
    encoding: str,
    sheet_names: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take in a household list (.xlsx, .xls, .ods, .csv).

    Says which sheets were read and, where letters were converted, what some of them were and have become. Ends with 0 when all rows are in, 2 when the file cannot be used, 3 when some rows were left out
    and need a decision.
    """
    try:
        content = _bytes_of(file)
        parsed = _read(content, file.name, encoding, sheet_names)
    except (UnreadableList, OSError) as unusable:
        _refuse(unusable.message if isinstance(unusable, UnreadableList) else f"{file}: {unusable.strerror}", as_json)
    with unit_of_work():
        commune = _commune(area_code, as_json)
        hamlet = _hamlet(commune, hamlet_name, as_json) if hamlet_name else None
        if dry_run:
            given = ImportOptions(year=year or parsed.year or local_day(now()).year, hamlet=hamlet)
            result = foreseen(plan_import(parsed, commune, given))
        else:
            row = hand_in_list(content, file.name, commune, by=None, now=now())
            row.reading = parsed.reading.to_json()
            row.options = {"year": year, "hamlet_id": hamlet.id if hamlet else None}
            result = import_list(row, parsed, by=None, now=now())
    answer = _answer(parsed, result, dry_run)
    click.echo(json.dumps(answer, ensure_ascii=False) if as_json else _spoken(answer))
    sys.exit(0 if result.complete else ROWS_LEFT_OUT)


def _bytes_of(file: Path) -> bytes:
    if file.stat().st_size > MOST_BYTES:
        raise ListTooLarge
    return file.read_bytes()


def _read(content: bytes, name: str, encoding: str, sheet_names: tuple[str, ...]) -> ParsedList:
    today = local_day(now())
    parsed = parse_list(content, name, today)
    reading = parsed.proposed_for(sheet_names) if sheet_names else parsed.proposed
    if encoding != "auto":
        reading = reading.with_encoding(Encoding(encoding))
    return parsed if reading == parsed.reading else parse_list(content, name, today, reading)


def _refuse(sentence: str, as_json: bool) -> Any:
    if as_json:
        click.echo(json.dumps({"error": sentence}, ensure_ascii=False))
    else:
        click.echo(sentence, err=True)
    sys.exit(UNUSABLE_FILE)


def _commune(code: str | None, as_json: bool) -> Area:
    if code:
        area = find_area_by_code(code)
        return commune_of(area) if area else _refuse(f"No area has the code {code}.", as_json)
    communes = all_communes()
    if len(communes) != 1:
        return _refuse("There is not exactly one commune: say which with --area CODE.", as_json)
    return communes[0]


def _hamlet(commune: Area, name: str, as_json: bool) -> Area:
    return find_hamlet_by_name(commune, name) or _refuse(f"{commune.name} has no hamlet {name}.", as_json)


def _answer(parsed: ParsedList, result: ImportResult, dry_run: bool) -> dict[str, Any]:
    """The result under the names scripts read, with every reason in words too."""
    answer: dict[str, Any] = {
        "file": parsed.file_name,
        "dry_run": dry_run,
        "sheets": [_how_read(parsed, sheet) for sheet in parsed.sheets],
    } | outcome_of(result)
    for kind in ("rejected", "problems", "undecided"):
        for row in answer[kind]:
            row["message"] = reason_text(row["reason"])
    return answer


def _how_read(parsed: ParsedList, sheet: ParsedSheet) -> dict[str, Any]:
    """Which letters a sheet was read with, and some of its cells before and after; or why it was left out."""
    how = parsed.reading.of(sheet.name)
    return {
        "name": sheet.name,
        "left_out": sheet.left_out,
        "encoding": how.encoding if how else None,
        "converted": [list(pair) for pair in sheet.samples],
    }


def _spoken(answer: dict[str, Any]) -> str:
    """The result for a person at the terminal."""
    lines = [
        f"{answer['file']}: {answer['households_added']} new households ({answer['households_known']} known), "
        f"{answer['residents_added']} new people ({answer['residents_known']} known), "
        f"{answer['contacts_added']} new phone numbers"
        + (" (dry run: nothing was changed)" if answer["dry_run"] else "")
    ]
    for sheet in answer["sheets"]:
        if sheet["left_out"]:
            lines.append(f"Sheet left out: {sheet['name']}: {LEFT_OUT[sheet['left_out']]}")
        elif sheet["encoding"] != Encoding.UNICODE:
            lines.append(f"Letters of {sheet['name']} converted from {ENCODINGS[sheet['encoding']]}:")
            lines.extend(f"  {before} -> {after}" for before, after in sheet["converted"])
    for kind, title in (("rejected", "Left out"), ("undecided", "Needs a decision"), ("problems", "Cell left out")):
        for row in answer[kind]:
            column = f"{FIELDS[row['column']]}: " if "column" in row else ""
            shown = row.get("raw") or row.get("name")
            lines.append(f"{title}: {row['sheet']}, row {row['row']}: {column}{shown}: {row['message']}")
    return "\n".join(lines)


@residents.command("reseal")
@click.password_option(
    "--old-key", prompt="SECRET_KEY of before", confirmation_prompt=False, help="Better typed when asked, than here."
)
def reseal_command(old_key: str) -> None:
    """Encrypt citizen numbers with the present SECRET_KEY, after it was changed."""
    with unit_of_work():
        resealed, lost = reseal_citizen_numbers(old_key)
        record_audit("reseal_citizen_numbers", "resident", by=None, now=now(), after={"numbers": resealed})
    click.echo(f"{resealed} sealed anew, {lost} that neither key opens")
    if lost:
        sys.exit(1)


@residents.command("index")
def index_command() -> None:
    """Make anew what households are found and ordered by: needed only after rows were written by other programs."""
    with unit_of_work():
        index_all()
    click.echo(_("Every household can be found again."))
