"""Every look at a person is written down, and nothing that was typed is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.core.access import Role
from eventmgr.core.access_log import AccessEntry, AccessKind
from eventmgr.core.db import db, unit_of_work
from tests.factories import hamlet_of, make_commune, make_household

Login = Callable[..., FlaskClient]


@pytest.fixture
def place(app: Flask) -> dict[str, int]:
    with app.app_context(), unit_of_work():
        commune = make_commune()
        hamlet = hamlet_of(commune)
        household = make_household(hamlet, "Nông Văn Ánh", phone="+84912345678")
        return {"commune": commune.id, "hamlet": hamlet.id, "household": household.id}


def _entries(app: Flask) -> list[AccessEntry]:
    with app.app_context():
        return list(db.session.scalars(sa.select(AccessEntry).order_by(AccessEntry.id)))


def test_a_household_looked_at_is_one_entry_with_who_and_when(
    app: Flask, login_as: Login, place: dict[str, int]
) -> None:
    login_as(Role.OFFICER, place["commune"]).get(f"/residents/households/{place['household']}")

    (entry,) = _entries(app)
    assert (entry.kind, entry.what, entry.record) == (
        AccessKind.VIEW,
        "household",
        f"household:{place['household']}",
    )
    assert entry.user_id is not None
    assert entry.area_id == place["hamlet"]
    assert entry.address == "127.0.0.1"


def test_a_list_says_how_many_it_showed_but_not_what_was_typed(
    app: Flask, login_as: Login, place: dict[str, int]
) -> None:
    login_as(Role.OFFICER, place["commune"]).get("/residents", query_string={"q": "anh", "class": "poor"})

    (entry,) = _entries(app)
    assert (entry.what, entry.area_id, entry.shown) == ("households", place["commune"], 1)
    assert entry.filters == {"searched": True, "poverty_class": "poor"}


def test_a_page_that_was_refused_or_shows_nobody_is_not_written(
    app: Flask, login_as: Login, place: dict[str, int]
) -> None:
    login_as(Role.VIEWER, place["commune"]).get(f"/residents/households/{place['household']}")
    officer = login_as(Role.OFFICER, place["commune"])
    officer.get("/residents/households/999999")
    officer.get("/residents", query_string={"q": "khong co ai"})

    assert _entries(app) == []


def test_a_database_that_only_reads_still_shows_its_pages(
    app: Flask, login_as: Login, place: dict[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    officer = login_as(Role.OFFICER, place["commune"])
    with app.app_context():

        @sa.event.listens_for(db.engine, "before_cursor_execute")
        def only_read(_c: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
            if statement.startswith("INSERT"):
                raise sa.exc.OperationalError(statement, parameters, Exception("attempt to write a readonly database"))

    answer = officer.get(f"/residents/households/{place['household']}")

    assert answer.status_code == 200
    assert "Nông Văn Ánh" in answer.text
    assert "could not be written down" in caplog.text
    assert "Ánh" not in caplog.text
    assert _entries(app) == []


@pytest.mark.parametrize(
    ("role", "sees"),
    [(Role.OFFICER, True), (Role.ADMINISTRATOR, True), (Role.LEADER, False), (Role.HAMLET_HEAD, False)],
)
def test_the_ethnic_group_is_for_those_who_keep_the_lists(
    login_as: Login, place: dict[str, int], role: Role, sees: bool
) -> None:
    page = login_as(role, place["hamlet"]).get(f"/residents/households/{place['household']}")

    assert page.status_code == 200
    assert ("Nùng" in page.text) is sees
