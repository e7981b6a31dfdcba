"""The scanner as an app: what a phone may keep of it, and what it may not."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from eventmgr.core.access import Role
from tests.checkin.conftest import Hall

pytestmark = pytest.mark.one_database


def _kept(client: FlaskClient) -> dict[str, object]:
    script = client.get("/checkin/sw.js")
    assert script.mimetype == "text/javascript"
    found = re.search(r"serve\(self, (\{.*\})\)", script.get_data(as_text=True))
    assert found
    told: dict[str, object] = json.loads(found[1])
    return told


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_page_a_phone_keeps_is_the_same_for_everybody(
    language: str, hall: Hall, client: FlaskClient, login_as: Callable[..., FlaskClient]
) -> None:
    strangers = client.get(f"/checkin/?lang={language}")
    officers = login_as(Role.OFFICER, hall.commune).get(f"/checkin/?lang={language}")

    assert strangers.get_data(as_text=True) == officers.get_data(as_text=True)
    assert "csrf" not in strangers.get_data(as_text=True)
    assert "Set-Cookie" not in strangers.headers


def test_every_file_a_phone_keeps_is_there(client: FlaskClient) -> None:
    files = _kept(client)["files"]
    assert isinstance(files, list)

    assert {client.get(address).status_code for address in files} == {200}
    for part in ("js/main.js", "checkin/scanner.js", "checkin/worker.js", "zxing_reader.wasm", "share.js", "icons.svg"):
        assert any(part in address for address in files), part
    assert sum("be-vietnam-pro" in address for address in files) == 4


def test_the_version_changes_with_what_is_kept_and_with_nothing_else(
    make_app: Callable[..., Flask],
) -> None:
    first, second = (_kept(make_app().test_client())["version"] for _ in range(2))
    other = make_app()
    other.config["TIMEZONE"] = "Asia/Bangkok"  # stands in the page

    assert first == second
    assert _kept(other.test_client())["version"] != first


def test_a_stranger_is_told_nothing_by_the_session(client: FlaskClient, hall: Hall) -> None:
    told = client.get("/checkin/session")

    assert told.get_json() == {"signed_in": False, "csrf": None, "who": None, "opens": "list"}
    assert told.headers["Cache-Control"] == "no-store"


def test_two_officers_are_told_apart_without_their_ids(hall: Hall, login_as: Callable[..., FlaskClient]) -> None:
    whos = [login_as(Role.OFFICER, hall.commune).get("/checkin/session").get_json()["who"] for _ in range(2)]

    assert len(set(whos)) == 2
    assert all(re.fullmatch("[0-9a-f]{16}", who) for who in whos)


def test_whoever_may_not_let_people_in_is_not_signed_in_at_the_door(
    hall: Hall, login_as: Callable[..., FlaskClient]
) -> None:
    assert login_as(Role.VIEWER, hall.commune).get("/checkin/session").get_json()["signed_in"] is False


@pytest.mark.parametrize(("language", "name"), [("vi", "Điểm danh"), ("en", "Check-in")])
def test_the_app_has_a_name_and_icons_for_the_home_screen(client: FlaskClient, language: str, name: str) -> None:
    answer = client.get(f"/checkin/app.webmanifest?lang={language}")
    told = answer.get_json()

    assert answer.mimetype == "application/manifest+json"
    assert (told["short_name"], told["scope"], told["start_url"]) == (name, "/checkin/", "/checkin/")
    for icon in told["icons"]:
        picture = Image.open(io.BytesIO(client.get(icon["src"]).data))
        assert f"{picture.width}x{picture.height}" == icon["sizes"]
    assert {icon["purpose"] for icon in told["icons"]} == {"any", "maskable"}
