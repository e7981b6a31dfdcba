"""The first visit."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.accounts.queries import find_user_by_email
from eventmgr.core.access import Role
from eventmgr.core.clock import local_day, now
from eventmgr.core.settings import CONTACT_PHONE, setting

OFFICE = {
    "commune": "Bình Trung",
    "commune_code": "06217",
    "province": "Lạng Sơn",
    "hamlets": "Bản Mẫu Một\nNà Ví Dụ\n",
    "full_name": "Hoàng Thị Mẫu",
    "email": "Can-Bo@vi-du.example",
    "password": "mot cau de nho",
    "password_again": "mot cau de nho",
}


def test_a_new_installation_leads_to_set_up(client: FlaskClient) -> None:
    response = client.get("/", follow_redirects=True)

    assert response.request.path == "/setup"
    assert response.status_code == 200


def test_set_up_makes_the_administrator_and_the_commune(app: Flask, client: FlaskClient) -> None:
    response = client.post("/setup", data=OFFICE)

    assert response.status_code == 302
    with app.app_context():
        user = find_user_by_email("can-bo@vi-du.example")
        assert user is not None
        [grant] = user.grants
        assert grant.role is Role.ADMINISTRATOR
        assert grant.area.full_name == "xã Bình Trung"
        assert [hamlet.name for hamlet in grant.area.children] == ["Bản Mẫu Một", "Nà Ví Dụ"]
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(("typed", "kept"), [("0205 380 9999", "+842053809999"), ("", "")], ids=["given", "left empty"])
def test_the_phone_residents_may_call_is_asked_for_at_once(
    app: Flask, client: FlaskClient, typed: str, kept: str
) -> None:
    assert client.post("/setup", data=OFFICE | {"contact_phone": typed}).status_code == 302

    with app.app_context():
        user = find_user_by_email("can-bo@vi-du.example")
        assert user is not None
        assert setting(user.grants[0].area.path, CONTACT_PHONE, local_day(now())) == kept


def test_after_set_up_the_page_is_gone(client: FlaskClient) -> None:
    client.post("/setup", data=OFFICE)
    client.post("/sign-out")

    assert client.get("/setup").status_code == 404
    assert client.post("/setup", data=OFFICE).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("commune", ""),
        ("email", "không phải"),
        ("password", "ngắn"),
        ("password_again", "khác hẳn rồi"),
        ("contact_phone", "12"),
    ],
)
def test_bad_input_is_told_beside_its_field_and_nothing_is_lost(client: FlaskClient, field: str, value: str) -> None:
    response = client.post("/setup", data=OFFICE | {field: value})

    assert response.status_code == 422
    page = response.get_data(as_text=True)
    assert "Hoàng Thị Mẫu" in page
    assert 'aria-invalid="true"' in page


def test_two_hamlets_of_one_name_are_refused_and_nothing_is_half_saved(app: Flask, client: FlaskClient) -> None:
    response = client.post("/setup", data=OFFICE | {"hamlets": "Nà Ví Dụ\nna vi du"})

    assert response.status_code == 422
    with app.app_context():
        assert find_user_by_email("can-bo@vi-du.example") is None
