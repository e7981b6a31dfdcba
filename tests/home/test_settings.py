"""What the office decides for itself, and who may do what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.accounts.queries import find_user_by_email
from eventmgr.areas.models import Area
from eventmgr.core import settings
from eventmgr.core.access import Role
from eventmgr.core.audit import AuditEntry
from eventmgr.core.clock import FixedClock, local_day
from eventmgr.core.db import db, unit_of_work
from tests.factories import hamlet_of, make_commune, make_meeting, make_user

Login = Callable[..., FlaskClient]


def _commune(app: Flask) -> tuple[int, str]:
    with app.app_context(), unit_of_work():
        commune = make_commune()
        return commune.id, commune.path


def _held(app: Flask, path: str, key: settings.SettingKey, clock: FixedClock) -> object:
    with app.app_context():
        return settings.setting(path, key, local_day(clock.now()))


def test_a_decision_holds_from_today_on_and_is_audited(app: Flask, login_as: Login, clock: FixedClock) -> None:
    commune, path = _commune(app)

    answer = login_as(Role.ADMINISTRATOR, commune).post(
        "/settings/contact", data={"contact_name": "Nông Thị Mẫu", "contact_phone": "0912.000.001"}
    )

    assert answer.status_code == 302
    assert _held(app, path, settings.CONTACT_PHONE, clock) == "+84912000001"
    with app.app_context():
        yesterday = local_day(clock.now()) - timedelta(days=1)
        assert settings.setting(path, settings.CONTACT_PHONE, yesterday) == ""
        assert db.session.scalar(sa.select(AuditEntry).where(AuditEntry.action == "decide_settings"))


def test_hours_that_cannot_be_read_are_refused_beside_the_field(app: Flask, login_as: Login, clock: FixedClock) -> None:
    commune, path = _commune(app)

    answer = login_as(Role.ADMINISTRATOR, commune).post("/settings/sending", data={"no_send_hours": "từ tối"})

    assert answer.status_code == 422
    page = BeautifulSoup(answer.text, "lxml")
    assert page.select_one("#no_send_hours-error")
    assert page.select_one("#no_send_hours")["value"] == "từ tối"  # type: ignore[index]
    assert _held(app, path, settings.NO_SEND_HOURS, clock) == "21:00-07:00"


def test_an_officer_reads_but_does_not_change(app: Flask, login_as: Login) -> None:
    commune, _path = _commune(app)
    client = login_as(Role.OFFICER, commune)

    assert client.get("/settings").status_code == 200
    assert client.post("/settings/papers", data={"signer": "X"}).status_code == 403
    assert client.get("/settings/people").status_code == 403


def test_a_hamlet_head_is_added_and_signs_in(app: Flask, login_as: Login) -> None:
    commune, _path = _commune(app)
    with app.app_context():
        hamlet = hamlet_of(db.session.get_one(Area, commune)).id

    answer = login_as(Role.ADMINISTRATOR, commune).post(
        "/settings/people",
        data={
            "full_name": "Lương Văn Mẫu",
            "email": "Truong.Thon@vi-du.example",
            "role": "hamlet_head",
            "area": hamlet,
            "password": "mot cau that dai",
        },
    )

    assert answer.status_code == 302
    client = app.test_client()
    signed = client.post("/sign-in", data={"email": "truong.thon@vi-du.example", "password": "mot cau that dai"})
    assert signed.status_code == 302
    with app.app_context():
        user = find_user_by_email("truong.thon@vi-du.example")
        assert user
        assert [(grant.area_id, grant.role) for grant in user.grants] == [(hamlet, Role.HAMLET_HEAD)]


def test_a_role_changes_and_a_person_is_switched_off(app: Flask, login_as: Login) -> None:
    commune, _path = _commune(app)
    with app.app_context(), unit_of_work():
        user = make_user(Role.OFFICER, db.session.get_one(Area, commune))
        user_id, email = user.id, user.email
    admin = login_as(Role.ADMINISTRATOR, commune)

    admin.post(f"/settings/people/{user_id}", data={"role": "viewer", "area": commune})
    admin.post(f"/settings/people/{user_id}/off")

    with app.app_context():
        changed = find_user_by_email(email)
        assert changed
        assert [grant.role for grant in changed.grants] == [Role.VIEWER]
        assert not changed.active


def test_people_of_another_commune_are_unknown_and_own_access_stays(app: Flask, login_as: Login) -> None:
    commune, _path = _commune(app)
    with app.app_context(), unit_of_work():
        other = make_commune("Ví Dụ", "09999")
        stranger = make_user(Role.OFFICER, other).id
    admin = login_as(Role.ADMINISTRATOR, commune)
    with admin.session_transaction() as session:
        own = int(session["_user_id"])

    assert admin.get(f"/settings/people/{stranger}").status_code == 404
    assert admin.post(f"/settings/people/{own}", data={"role": "viewer", "area": commune}).status_code == 422
    admin.post(f"/settings/people/{own}/off")
    assert admin.get("/settings/people").status_code == 200


def test_prices_are_kept_by_network(app: Flask, login_as: Login) -> None:
    commune, _path = _commune(app)
    admin = login_as(Role.ADMINISTRATOR, commune)

    assert admin.post("/settings/prices", data={"viettel": "700", "other": "900"}).status_code == 302

    page = BeautifulSoup(admin.get("/settings").text, "lxml")
    assert page.select_one("#viettel")["value"] == "700"  # type: ignore[index]
    assert admin.post("/settings/prices", data={"viettel": "-1"}).status_code == 422


def test_the_office_decides_how_long_before_a_meeting_its_door_opens(
    app: Flask, login_as: Login, clock: FixedClock
) -> None:
    with app.app_context(), unit_of_work():
        commune = make_commune()
        meeting_id = make_meeting(hamlet_of(commune), starts_at=clock.now() + timedelta(hours=5)).id
        commune_id = commune.id
    officer = login_as(Role.OFFICER, commune_id)
    url = f"/api/v1/meetings/{meeting_id}/scans"

    def come(name: str) -> str:
        event = {"event_id": name, "walk_in": {"name": name}, "scanned_at": clock.now().isoformat()}
        return str(officer.post(url, json={"scans": [event]}).get_json()["results"][0]["status"])

    administrator = login_as(Role.ADMINISTRATOR, commune_id)
    assert come("Vi Thị Hoa") == "ok"
    assert administrator.post("/settings/door", data={"opens_hours_before": "2"}).status_code == 302
    assert come("Vi Thị Lan") == "not_open"
    clock.advance(hours=3)
    assert come("Vi Thị Mai") == "ok"
    assert administrator.post("/settings/door", data={"opens_hours_before": "999"}).status_code == 422
    assert officer.post("/settings/door", data={"opens_hours_before": "1"}).status_code == 403
