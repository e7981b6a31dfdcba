"""Signing in where a test's own context stays pushed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import g
from flask.testing import FlaskClient

from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.db import db


@pytest.fixture
def login_as(login_as: Callable[..., FlaskClient]) -> Callable[..., FlaskClient]:
    """As everywhere, but the test's own context must not remember who asked last."""

    def sign_in(role: Role, area: Area) -> FlaskClient:
        client = login_as(role, area)
        ask = client.open

        def ask_anew(*args, **values):
            if g:
                g.pop("_login_user", None)
                db.session.rollback()  # ends the test's own read, which would not see the new person
            return ask(*args, **values)

        client.open = ask_anew
        return client

    return sign_in
