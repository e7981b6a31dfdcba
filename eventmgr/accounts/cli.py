"""Commands of the accounts room."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from eventmgr.accounts.services import create_user, grant_role
from eventmgr.areas.queries import find_area_by_code
from eventmgr.core.access import Role
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import EventmgrError

users = AppGroup("users", help="People who sign in.")


@users.command("create")
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--area", "area_code", required=True, help="Code of the area the role is on.")
@click.option("--name", default="", help="Full name; the e-mail address if left out.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the standard input.")
def create(email: str, role: str, area_code: str, name: str, password_stdin: bool) -> None:
    """Add a person with a role on an area; the password is asked for."""
    password = (
        sys.stdin.readline().rstrip("\r\n")
        if password_stdin
        else click.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    try:
        with unit_of_work():
            area = find_area_by_code(area_code)
            if area is None:
                raise click.ClickException(f"No area has the code {area_code}.")
            user = create_user(email=email, full_name=name or email, password=password, now=now())
            grant_role(user, area, Role(role), by=None, now=now())
    except EventmgrError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"{user.email}: {role} on {area.name}")
