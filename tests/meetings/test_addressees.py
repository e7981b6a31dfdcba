"""Whom each text of a send was for: on its page and in its workbook, for those who may see names."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date

import openpyxl
import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.areas.models import Area
from eventmgr.core import registry
from eventmgr.core.access import Role
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.registry import Addressee
from eventmgr.core.settings import APPROVAL_NEEDED, CONTACT_PHONE, decide
from eventmgr.meetings.invite_texts import default_texts
from eventmgr.meetings.services import inviting
from eventmgr.messaging.models import Batch, Message
from tests.factories import hamlet_of, make_commune, make_guest, make_household, make_meeting

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def commune(app: Flask) -> Area:
    """A household with a number on the list and a guest are invited by text."""
    with app.app_context(), unit_of_work():
        commune = make_commune()
        decide(commune.id, CONTACT_PHONE, "+84912345678", date(2023, 1, 1))
        decide(commune.id, APPROVAL_NEEDED, False, date(2023, 1, 1))
        meeting = make_meeting(hamlet_of(commune))
        household = make_household(hamlet_of(commune), "HOÀNG THỊ NGUYỆT", phone="+84912000001")
        household.code = "BT-017"
        guest = make_guest(commune, "Nông Văn Mẫu", phone="+84912000002")
        db.session.flush()
        inviting.invite_meetings([meeting], default_texts(), by=None, now=now(), base_url="", guest_ids=[guest.id])
    return commune


def batch_id(app: Flask) -> int:
    with app.app_context():
        return db.session.scalars(sa.select(Batch.id)).one()


def test_the_page_of_a_send_names_household_and_hamlet(app: Flask, commune: Area, login_as: SignIn) -> None:
    answer = login_as(Role.OFFICER, commune).get(f"/messages/batches/{batch_id(app)}")

    page = BeautifulSoup(answer.text, "lxml")
    named = [list(head.stripped_strings) for head in page.select("table.data tbody th")]
    assert named == [
        ["Hoàng Thị Nguyệt", "Bản Mẫu Hai", "0912 000 001"],
        ["Nông Văn Mẫu", "0912 000 002"],
    ]


def test_the_workbook_has_name_household_code_and_hamlet(app: Flask, commune: Area, login_as: SignIn) -> None:
    answer = login_as(Role.OFFICER, commune).get(f"/messages/batches/{batch_id(app)}/results.xlsx")

    rows = list(openpyxl.load_workbook(io.BytesIO(answer.data)).active.values)
    assert rows[0][:5] == ("STT", "Họ và tên", "Mã hộ", "Thôn", "Điện thoại")
    assert rows[1][:5] == (1, "Hoàng Thị Nguyệt", "BT-017", "Bản Mẫu Hai", "0912 000 001")
    assert [value or "" for value in rows[2][1:4]] == ["Nông Văn Mẫu", "", ""]


def test_keys_of_other_rooms_are_nobody(app: Flask, commune: Area) -> None:
    with app.app_context():
        (first, *_others) = db.session.scalars(sa.select(Message.recipient_key).order_by(Message.id))
        known = registry.addressees([first, "test:3", "a", "invitation:999"])

    assert known == {first: Addressee("Hoàng Thị Nguyệt", "BT-017", "Bản Mẫu Hai")}
