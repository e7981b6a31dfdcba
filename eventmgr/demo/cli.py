"""Commands of the demo room."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
from flask.cli import AppGroup

from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import EventmgrError
from eventmgr.demo.services import load_demo, pair_with_demo
from eventmgr.demo.values import DemoSize

demo = AppGroup("demo", help="The invented commune, to try everything.")
USUAL = DemoSize()


@demo.command("load")
@click.option("--households", default=USUAL.households, show_default=True)
@click.option("--hamlets", default=USUAL.hamlets, show_default=True)
@click.option("--meetings", default=USUAL.meetings, show_default=True)
@click.option("--seed", default=USUAL.seed, show_default=True)
def load(households: int, hamlets: int, meetings: int, seed: int) -> None:
    """Fill an empty database with a whole commune, or begin an earlier demo anew."""
    try:
        with unit_of_work():
            loaded = load_demo(DemoSize(households, hamlets, meetings, seed), now())
    except EventmgrError as error:
        raise click.ClickException(error.message) from error
    click.echo(json.dumps(asdict(loaded), ensure_ascii=False))


@demo.command("pair")
@click.argument("meeting_id", type=int)
def pair(meeting_id: int) -> None:
    """Pair a phone with a meeting of the demo in one step, and print its token."""
    try:
        with unit_of_work():
            token = pair_with_demo(meeting_id, now())
    except EventmgrError as error:
        raise click.ClickException(error.message) from error
    click.echo(json.dumps({"token": token}))
