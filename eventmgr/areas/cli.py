"""Commands of the areas room."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from eventmgr.areas.importing import MOST_BYTES, AreaListUnreadable, parse_areas
from eventmgr.areas.services import import_areas
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import EventmgrError

UNUSABLE_FILE = 2

areas = AppGroup("areas", help="Provinces, communes, hamlets.")


@areas.command("import")
@click.argument("file", type=click.Path(path_type=Path))
def import_command(file: Path) -> None:
    """Take in a list of areas (CSV: level, code, name, parent_code): all of it, or nothing and exit code 2."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise AreaListUnreadable
        rows = parse_areas(file.read_bytes())
        with unit_of_work():
            added, renamed = import_areas(rows, None, by=None, now=now())
    except (EventmgrError, OSError) as unusable:
        why = unusable.message if isinstance(unusable, EventmgrError) else f"{file}: {unusable.strerror}"
        click.echo(why, err=True)
        sys.exit(UNUSABLE_FILE)
    click.echo(f"{added} areas added, {renamed} renamed")
