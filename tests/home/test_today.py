"""The page Today: what needs a person now, by role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale

from eventmgr.areas.models import Area
from eventmgr.areas.values import Level
from eventmgr.core.access import Role
from eventmgr.core.clock import FixedClock
from eventmgr.core.db import db, unit_of_work
from eventmgr.demo.services import load_demo
from eventmgr.demo.values import DemoSize
from eventmgr.home.words import countdown
from tests.factories import make_commune

Login = Callable[..., FlaskClient]


def _open(app: Flask, name: str) -> BeautifulSoup:
    client = app.test_client()
    client.post("/sign-in", data={"email": f"{name}@binhtrung.example", "password": "binh-trung-demo"})
    answer = client.get("/", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    return BeautifulSoup(answer.text, "lxml")


@pytest.fixture
def demo(app: Flask, clock: FixedClock) -> Flask:
    with app.app_context(), unit_of_work():
        load_demo(DemoSize(households=60), clock.now())
    return app


def test_a_new_office_is_shown_three_first_steps(app: Flask, login_as: Login) -> None:
    with app.app_context(), unit_of_work():
        commune = make_commune().id

    page = BeautifulSoup(login_as(Role.OFFICER, commune).get("/").text, "lxml")

    assert len(page.select("#first-steps .step")) == 3
    assert page.select_one("#first-steps .btn-primary")


def test_officer_sees_the_next_meeting_and_what_is_to_be_done(demo: Flask) -> None:
    page = _open(demo, "can-bo")

    assert page.select_one("#next .ring")
    assert page.select('#to-do a[href^="/messages/approvals/"]')
    assert page.select('#to-do a[href^="/messages/batches/"]')
    assert page.select_one("#plans progress")
    assert not page.select_one("#first-steps")


def test_hamlet_head_sees_only_the_own_hamlet(demo: Flask) -> None:
    page = _open(demo, "truong-thon")

    assert not page.select('#to-do a[href^="/messages/"]')
    assert not page.select_one("#plans")
    with demo.app_context():
        others = db.session.scalars(
            sa.select(Area.name).where(Area.level == Level.HAMLET, Area.name != "Bản Mẫu Một")
        ).all()
    shown = page.select_one("main")
    assert shown
    assert not any(f"thôn {name}" in shown.text for name in others)


def test_viewer_sees_the_plan_and_no_households(demo: Flask) -> None:
    page = _open(demo, "nguoi-xem")

    assert page.select_one("#plans progress")
    assert not page.select('a[href^="/residents"]')


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("step", "words"),
    [
        (timedelta(minutes=-5), "under way"),
        (timedelta(minutes=40), "in 40 minutes"),
        (timedelta(hours=5), "today, in 5 hours"),
        (timedelta(days=1), "tomorrow"),
        (timedelta(days=6), "in 6 days"),
    ],
)
def test_the_way_to_a_meeting_is_said_in_words(app: Flask, clock: FixedClock, step: timedelta, words: str) -> None:
    with app.test_request_context(), force_locale("en"):
        assert countdown(clock.now() + step, clock.now()) == words
