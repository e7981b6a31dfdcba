"""The rules of the house, checked over the whole tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask

from eventmgr.config import TOP
from eventmgr.core.access import declared_access
from eventmgr.core.db import db

PACKAGE = TOP / "eventmgr"
FLOORS = (
    "core",
    "areas",
    "accounts",
    "residents",
    "messaging",
    "plans",
    "meetings",
    "checkin",
    "reports",
    "home",
    "demo",
)
"""Bottom floor first: a room imports only rooms that stand before it."""

CATALOGUE = PACKAGE / "translations/vi/LC_MESSAGES/messages.po"


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if "versions" not in path.parts:
            yield path, ast.parse(path.read_text())


def imported(tree: ast.Module) -> Iterator[tuple[str, ...]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("eventmgr."):
            yield tuple(node.module.split(".")[1:])
        elif isinstance(node, ast.Import):
            for name in node.names:
                if name.name.startswith("eventmgr."):
                    yield tuple(name.name.split(".")[1:])


def test_rooms_import_one_way() -> None:
    wrong = []
    for path, tree in modules():
        room = path.relative_to(PACKAGE).parts[0]
        if room not in FLOORS:
            continue
        for target in imported(tree):
            if target[0] in FLOORS and FLOORS.index(target[0]) > FLOORS.index(room):
                wrong.append(f"{path.relative_to(TOP)} imports {'.'.join(target)}")
    assert wrong == []


def test_only_the_unit_of_work_commits() -> None:
    wrong = [
        f"{path.relative_to(TOP)}:{node.lineno}"
        for path, tree in modules()
        if path.relative_to(PACKAGE).parts[0] in FLOORS and path != PACKAGE / "core/db.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "commit"
        and "session" in ast.unparse(node.func.value)
    ]
    assert wrong == []


def test_only_the_clock_tells_the_time() -> None:
    wrong = [
        f"{path.relative_to(TOP)}:{node.lineno}"
        for path, tree in modules()
        if path != PACKAGE / "core/clock.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "utcnow", "today"}
        and ast.unparse(node.value) in {"datetime", "date", "datetime.datetime", "datetime.date"}
    ]
    assert wrong == []


@pytest.mark.one_database
def test_every_route_declares_its_access(app: Flask) -> None:
    forgotten = [
        endpoint
        for endpoint, view in app.view_functions.items()
        if declared_access(view) is None and not endpoint.endswith(".static")
    ]
    assert forgotten == []


def test_models_and_migrations_agree(in_app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": lambda _o, name, kind, _r, _c: not (kind == "table" and str(name).startswith("huey_"))
            },
        )
        assert compare_metadata(context, db.metadata) == []


def test_every_string_speaks_vietnamese() -> None:
    with CATALOGUE.open("rb") as source:
        catalogue = read_po(source, locale="vi")
    keywords = {
        "_": None,
        "gettext": None,
        "lazy_gettext": None,
        "ngettext": (1, 2),
        "_n": (1, 2),
        "lazy_ngettext": (1, 2),
    }
    silent = []
    places = [(PACKAGE, [("**.py", "python")]), (TOP / "templates", [("**.html", "jinja2")])]
    for folder, methods in places:
        for name, line, msgid, _comments, _context in extract_from_dir(
            str(folder), method_map=methods, keywords=keywords, options_map={}
        ):
            entry = catalogue.get(msgid if isinstance(msgid, str) else msgid[0])
            if entry is None or not (entry.string if isinstance(entry.string, str) else all(entry.string)):
                silent.append(f"{name}:{line} {msgid!r}")
    assert silent == []


def test_translations_keep_their_places() -> None:
    with CATALOGUE.open("rb") as source:
        catalogue = read_po(source, locale="vi")
    place = re.compile(r"%\((\w+)\)[sd]")
    wrong = [
        message.id
        for message in catalogue
        if isinstance(message.id, str)
        and message.id
        and set(place.findall(message.id)) != set(place.findall(str(message.string)))
    ]
    assert wrong == []


def test_no_template_carries_script_style_or_handlers() -> None:
    forbidden = re.compile(r"<script(?![^>]*\bsrc=)|\son[a-z]+=[\"']|\sstyle=[\"']")
    wrong = [
        str(path.relative_to(TOP))
        for path in sorted((TOP / "templates").rglob("*.html"))
        if forbidden.search(path.read_text())
    ]
    assert wrong == []
