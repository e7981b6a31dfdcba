"""Printed invitations: two to a sheet, in walking order, nothing on them that must not be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.access_log import AccessEntry, AccessKind
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import Invitation
from eventmgr.meetings.values import Channel, InviteUnit
from eventmgr.residents.values import Gender, PovertyClass
from tests.factories import hamlet_of, make_commune, make_guest, make_household, make_invitation, make_meeting


@pytest.fixture
def meeting_id(app: Flask) -> int:
    """A meeting of two hamlets: four households of them on paper, one by SMS, and a guest."""
    with app.app_context(), unit_of_work():
        commune = make_commune(name="Ví Dụ")
        first, second = hamlet_of(commune, 0), hamlet_of(commune, 1)
        meeting = make_meeting(first, second)
        for hamlet, name, place, channel in (
            (second, "Vi Văn Ước", 1, Channel.PAPER),
            (first, "Nông Thị Lan", 2, Channel.PAPER),
            (first, "HOÀNG VĂN ĐỨC", 1, Channel.CALL),
            (first, "Lương Thị Ánh", None, Channel.PAPER),
            (first, "Lý Văn Tin", 3, Channel.SMS),
        ):
            household = make_household(
                hamlet, name, list_order=place, gender=Gender.MALE, poverty_class=PovertyClass.NEAR_POOR
            )
            make_invitation(meeting, household, channel=channel)
        make_invitation(meeting, guest=make_guest(commune), channel=Channel.PAPER)
        return meeting.id


@pytest.fixture
def officer(login_as: Callable[..., FlaskClient], app: Flask, meeting_id: int) -> FlaskClient:
    with app.app_context():
        commune = db.session.query(Area).filter_by(name="Ví Dụ").one()
        return login_as(Role.OFFICER, commune)


def _papers(client: FlaskClient, meeting_id: int, query: str = "") -> BeautifulSoup:
    response = client.get(f"/meetings/{meeting_id}/papers{query}")
    assert response.status_code == 200
    return BeautifulSoup(response.get_data(as_text=True), "lxml")


def _names(page: BeautifulSoup) -> list[str]:
    return [invitee.strong.text for invitee in page.select(".invitee")]


def test_those_whom_no_text_reaches_come_first_by_hamlet_then_by_the_list(
    officer: FlaskClient, meeting_id: int
) -> None:
    page = _papers(officer, meeting_id)

    assert _names(page) == [
        "Ông Hoàng Văn Đức",
        "Ông Nông Thị Lan",
        "Ông Lương Thị Ánh",
        "Ông Vi Văn Ước",
        "Ông (Bà) Lý Thị Khách",
    ]


def test_two_invitations_stand_on_a_sheet(officer: FlaskClient, meeting_id: int) -> None:
    page = _papers(officer, meeting_id)

    assert [len(sheet.select(".invitation")) for sheet in page.select(".sheet")] == [2, 2, 1]


def test_everyone_invited_can_be_printed(officer: FlaskClient, meeting_id: int) -> None:
    assert "Ông Lý Văn Tin" in _names(_papers(officer, meeting_id, "?for=all"))


def test_chosen_invitations_alone_can_be_printed(officer: FlaskClient, app: Flask, meeting_id: int) -> None:
    with app.app_context():
        chosen = db.session.query(Invitation).filter_by(channel=Channel.SMS).one().id

    assert _names(_papers(officer, meeting_id, f"?invitation={chosen}")) == ["Ông Lý Văn Tin"]


def test_the_paper_says_day_hour_and_place_as_decrees_write_them(officer: FlaskClient, meeting_id: int) -> None:
    words = _papers(officer, meeting_id).select_one(".invitation").get_text(" ", strip=True)

    for expected in (
        "08 giờ 00 phút, ngày 02 tháng 6 năm 2023 (thứ Sáu)",
        "Nhà văn hóa thôn",
        "Ủy ban nhân dân xã Ví Dụ trân trọng kính mời:",
        "Thôn Bản Mẫu Hai (đại diện hộ gia đình)",
        "Dự hội nghị truyền thông",
        "nếu có giấy mời xin mang theo./.",
        "TM. ỦY BAN NHÂN DÂN",
    ):
        assert expected in words


def test_number_and_day_of_issue_stay_blank_for_the_clerk(officer: FlaskClient, meeting_id: int) -> None:
    head = _papers(officer, meeting_id).select_one(".head")

    assert head.select_one(".number").get_text("|", strip=True) == "Số:|/GM-UBND"
    assert head.select_one(".place").get_text("|", strip=True) == "Ví Dụ, ngày|tháng|năm 2023"


def test_no_class_or_group_is_on_the_paper(officer: FlaskClient, meeting_id: int) -> None:
    page = _papers(officer, meeting_id).get_text(" ").replace("giảm nghèo", "")

    assert "nghèo" not in page.lower()
    assert "Nùng" not in page


def test_every_copy_has_a_qr_and_its_code(officer: FlaskClient, app: Flask, meeting_id: int) -> None:
    page = _papers(officer, meeting_id)

    codes = {code.text.replace("-", "") for code in page.select(".pass-code")}
    assert len(codes) == 5
    assert len(page.select("svg.qr")) == 5
    with app.app_context():
        assert codes <= {invitation.code for invitation in db.session.query(Invitation)}


def test_the_chair_is_printed_when_somebody_typed_it(officer: FlaskClient, meeting_id: int) -> None:
    assert "Chủ trì: bà Lý Thị Mẫu." in _papers(officer, meeting_id, "?chair=bà Lý Thị Mẫu").get_text()
    assert "Chủ trì:" not in _papers(officer, meeting_id).select_one(".invitation").get_text()


def test_persons_named_on_one_invitation_share_a_paper(app: Flask, officer: FlaskClient, meeting_id: int) -> None:
    with app.app_context(), unit_of_work():
        commune = db.session.query(Area).filter_by(name="Ví Dụ").one()
        household = make_household(hamlet_of(commune), "Nông Văn Ánh", gender=Gender.MALE, members=("Lý Thị Cúc",))
        meeting = make_meeting(hamlet_of(commune), invite_unit=InviteUnit.PERSONS)
        make_invitation(meeting, household, named=tuple(household.members))
        second = meeting.id

    page = _papers(officer, second)

    assert _names(page) == ["Ông Nông Văn Ánh, Ông (Bà) Lý Thị Cúc"]
    assert "đại diện hộ" not in page.get_text()


def test_a_withdrawn_invitation_is_not_printed(app: Flask, officer: FlaskClient, meeting_id: int, clock: Any) -> None:
    with app.app_context(), unit_of_work():
        for invitation in db.session.query(Invitation).filter_by(channel=Channel.CALL):
            invitation.withdrawn_at = clock.now()

    assert "Ông Hoàng Văn Đức" not in _names(_papers(officer, meeting_id, "?for=all"))


def test_printing_names_is_kept_in_the_access_log(officer: FlaskClient, app: Flask, meeting_id: int) -> None:
    _papers(officer, meeting_id)

    with app.app_context():
        entry = db.session.query(AccessEntry).filter_by(what="invitation_papers").one()
        assert (entry.kind, entry.record, entry.shown) == (AccessKind.EXPORT, f"meeting:{meeting_id}", 5)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.LEADER, Role.HAMLET_HEAD])
def test_roles_that_do_not_invite_cannot_print(
    app: Flask, login_as: Callable[..., FlaskClient], meeting_id: int, role: Role
) -> None:
    with app.app_context():
        commune = db.session.query(Area).filter_by(name="Ví Dụ").one()

    assert login_as(role, commune).get(f"/meetings/{meeting_id}/papers").status_code == 403


def test_a_meeting_of_another_commune_is_not_found(
    app: Flask, login_as: Callable[..., FlaskClient], meeting_id: int
) -> None:
    with app.app_context(), unit_of_work():
        other = make_commune(name="Nơi Khác", code="99999")

    assert login_as(Role.OFFICER, other).get(f"/meetings/{meeting_id}/papers").status_code == 404
