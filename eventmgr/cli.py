"""Gathers every room's commands under `flask --app app`."""

from __future__ import annotations

import click
from flask import Flask, current_app
from flask.cli import with_appcontext


@click.command()
@with_appcontext
def worker() -> None:
    """Run the tasks of all rooms until told to stop."""
    from eventmgr.worker import run_consumer

    run_consumer(current_app._get_current_object())  # type: ignore[attr-defined]


def init_commands(app: Flask) -> None:
    """Add the commands of all rooms."""
    from eventmgr.accounts.cli import users
    from eventmgr.areas.cli import areas
    from eventmgr.demo.cli import demo
    from eventmgr.meetings.cli import meetings
    from eventmgr.reports.cli import report
    from eventmgr.residents.cli import residents

    for command in (users, areas, residents, meetings, report, demo, worker):
        app.cli.add_command(command)
