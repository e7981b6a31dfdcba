"""No page of the demo is empty or broken, whoever looks at it."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.core.clock import FixedClock
from eventmgr.core.db import unit_of_work
from eventmgr.demo.services import load_demo
from eventmgr.demo.values import DemoSize

MOST_PAGES = 60
NOT_PAGES = (".xlsx", ".docx", ".svg", "/export", ".ics")


@pytest.fixture
def demo(app: Flask, clock: FixedClock) -> Flask:
    with app.app_context(), unit_of_work():
        load_demo(DemoSize(households=60), clock.now())
    return app


def _signed_in(app: Flask, name: str) -> FlaskClient:
    client = app.test_client()
    client.post("/sign-in", data={"email": f"{name}@binhtrung.example", "password": "binh-trung-demo"})
    return client


def _links(page: BeautifulSoup, where: str) -> list[str]:
    found = [str(link["href"]) for link in page.select(f"{where} a[href]")]
    return [href for href in dict.fromkeys(found) if href.startswith("/") and not href.startswith("//")]


@pytest.mark.parametrize("name", ["quan-tri", "can-bo", "lanh-dao", "truong-thon", "nguoi-xem"])
def test_every_page_of_the_navigation_has_something_to_show(demo: Flask, name: str) -> None:
    client = _signed_in(demo, name)
    home = BeautifulSoup(client.get("/").text, "lxml")
    pages = _links(home, ".nav-list")
    assert pages

    for path in pages:
        answer = client.get(path)
        page = BeautifulSoup(answer.text, "lxml")
        assert answer.status_code == 200, path
        assert not page.select("main .empty"), f"{path} is empty for {name}"


@pytest.mark.parametrize("name", ["can-bo", "truong-thon", "nguoi-xem"])
def test_no_link_within_two_steps_is_broken(demo: Flask, name: str) -> None:
    client = _signed_in(demo, name)
    seen: dict[str, int] = {}
    shapes: set[str] = set()
    waiting = ["/"]

    while waiting and len(seen) < MOST_PAGES:
        path = waiting.pop(0)
        parts = urlsplit(path)
        # One page of each kind is enough: numbers do not make another kind.
        shape = "".join("9" if sign.isdigit() else sign for sign in parts.path)
        if shape in shapes or parts.path.endswith(NOT_PAGES) or parts.path.startswith("/static"):
            continue
        shapes.add(shape)
        answer = client.get(path, follow_redirects=True)
        seen[path] = answer.status_code
        if answer.mimetype == "text/html":
            waiting += _links(BeautifulSoup(answer.text, "lxml"), "body")

    assert {path: status for path, status in seen.items() if status != 200} == {}
    assert len(seen) > 5
