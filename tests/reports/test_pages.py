"""The reports' pages and downloads: who sees what, and that figures open to their rows."""

from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl
import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from docx import Document
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.core.access import Role
from eventmgr.core.access_log import AccessEntry
from eventmgr.core.audit import AuditEntry
from eventmgr.core.db import db, unit_of_work
from eventmgr.plans.models import Plan
from tests.factories import make_commune
from tests.reports.world import World, build_world

LoginAs = Callable[..., FlaskClient]


@pytest.fixture
def world(app: Flask) -> World:
    with app.app_context(), unit_of_work():
        return build_world()


@pytest.fixture
def officer(login_as: LoginAs, world: World) -> FlaskClient:
    return login_as(Role.OFFICER, world.commune)


@pytest.fixture
def viewer(login_as: LoginAs, world: World) -> FlaskClient:
    return login_as(Role.VIEWER, world.commune)


def _page(client: FlaskClient, address: str) -> BeautifulSoup:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text[:400]
    return BeautifulSoup(answer.data, "lxml")


def _tiles(page: BeautifulSoup) -> dict[str, str]:
    return {
        tile.select_one(".tile-label").get_text(strip=True): tile.select_one(".tile-figure").get_text(strip=True)
        for tile in page.select(".tile")
    }


def _audited(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        return [
            (row.action, row.record) for row in db.session.scalars(sa.select(AuditEntry)) if "area" not in row.action
        ]


def test_list_of_reports_shows_each_plan_with_its_progress(officer: FlaskClient) -> None:
    page = _page(officer, "/reports/")

    first, second = page.select("#plans tbody tr")
    assert "2024" in first.get_text()
    assert "2/4" in second.get_text()
    assert "11" in second.get_text()


def test_plan_page_shows_the_three_counts_and_the_share(officer: FlaskClient, world: World) -> None:
    tiles = _tiles(_page(officer, f"/reports/plans/{world.plan}"))

    assert tiles["hội nghị đã họp"] == "2/4"
    assert tiles["lượt người tham dự"] == "11/22"
    assert tiles["người, mỗi người tính một lần"] == "8"
    assert tiles["hộ có người dự ít nhất một lần"] == "4/6"


def test_plan_page_has_a_chart_that_says_who_is_behind_and_the_same_figures_as_a_table(
    officer: FlaskClient, world: World
) -> None:
    page = _page(officer, f"/reports/plans/{world.plan}")
    card = page.select_one("#hamlets")

    assert card.h2.get_text() == "Nà Ví Dụ: còn thiếu 1 hội nghị"
    assert "Nà Ví Dụ: còn thiếu 1 hội nghị" in card.img["alt"]
    assert [row.th.get_text(" ", strip=True).split()[0] for row in card.select("tbody tr")] == ["Bản", "Bản", "Nà"]
    chart = officer.get(card.img["src"])
    assert chart.mimetype == "image/svg+xml"
    assert "script-src 'none'" in chart.headers["Content-Security-Policy"]
    assert "style-src 'unsafe-inline'" in chart.headers["Content-Security-Policy"]


def test_every_linked_figure_opens_to_as_many_rows(officer: FlaskClient, world: World) -> None:
    for report in (f"/reports/plans/{world.plan}", f"/reports/meetings/{world.first}"):
        page = _page(officer, report)
        links = [link for link in page.select("td a") if "/list?" in link["href"]]
        assert len(links) > 15
        for link in links:
            listed = _page(officer, link["href"])
            count = int(listed.select_one(".list-count").get_text(strip=True).split()[0])
            assert count == int(link.get_text(strip=True)), link["href"]
            assert len(listed.select("table.data tbody tr")) == count


def test_viewer_sees_totals_and_no_way_to_names(viewer: FlaskClient, world: World) -> None:
    for report in (f"/reports/plans/{world.plan}", f"/reports/meetings/{world.first}"):
        page = _page(viewer, report)
        assert _tiles(page)
        assert not [link for link in page.select("a") if "/list?" in link["href"]]
        assert "Nông Thị Ánh" not in page.get_text()
        assert viewer.get(f"{report}/list").status_code == 403


def test_viewers_workbook_has_no_names_and_an_officers_has(
    viewer: FlaskClient, officer: FlaskClient, world: World
) -> None:
    address = f"/reports/plans/{world.plan}/figures.xlsx"

    without = openpyxl.load_workbook(io.BytesIO(viewer.get(address).data))
    with_names = openpyxl.load_workbook(io.BytesIO(officer.get(address).data))
    assert "Danh sách tham dự" not in without.sheetnames
    assert with_names["Danh sách tham dự"].max_row == 3 + 11


def test_report_downloads_as_docx_with_the_figure(officer: FlaskClient, world: World) -> None:
    answer = officer.get(f"/reports/plans/{world.plan}/report.docx")

    assert "attachment" in answer.headers["Content-Disposition"]
    document = Document(io.BytesIO(answer.data))
    words = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "Đã tổ chức 2/4 hội nghị, đạt 50%" in words
    assert "Tổng số 11 lượt người tham dự, là 8 người; có 4 hộ có người dự" in words
    assert document.tables[-1].rows[-1].cells[5].text == "11"
    meeting = officer.get(f"/reports/meetings/{world.first}/report.docx")
    assert Document(io.BytesIO(meeting.data)).tables


def test_paper_is_vietnamese_even_for_someone_who_reads_english(officer: FlaskClient, world: World) -> None:
    answer = officer.get(f"/reports/plans/{world.plan}/report.docx?lang=en")
    workbook = officer.get(f"/reports/plans/{world.plan}/figures.xlsx?lang=en")

    assert Document(io.BytesIO(answer.data)).paragraphs[0].text == "BÁO CÁO"
    assert openpyxl.load_workbook(io.BytesIO(workbook.data)).sheetnames[0] == "Summary"


def test_exports_and_lists_of_names_are_remembered(app: Flask, officer: FlaskClient, world: World) -> None:
    officer.get(f"/reports/plans/{world.plan}/report.docx")
    officer.get(f"/reports/meetings/{world.first}/figures.xlsx")
    officer.get(f"/reports/plans/{world.plan}/list?of=people&group=women")

    assert _audited(app) == [
        ("export_report", f"plan:{world.plan}"),
        ("export_report", f"meeting:{world.first}"),
    ]
    with app.app_context():
        told = sa.select(AccessEntry.kind, AccessEntry.what, AccessEntry.record).order_by(AccessEntry.id)
        seen = db.session.execute(told).all()
    assert [tuple(row) for row in seen] == [
        ("export", "attendances", f"meeting:{world.first}"),
        ("view", "people", f"plan:{world.plan}"),
    ]


def test_who_belongs_to_a_minority_is_listed_for_the_officer_alone(
    app: Flask, login_as: LoginAs, officer: FlaskClient, world: World
) -> None:
    with app.app_context():
        plan = db.session.get(Plan, world.plan)
        assert plan is not None
        leader = login_as(Role.LEADER, plan.area_id)
    listed = f"/reports/plans/{world.plan}/list?of=people&group="

    assert officer.get(listed + "minority").status_code == 200
    assert leader.get(listed + "minority").status_code == 404
    assert "group=minority" not in leader.get(listed + "women").text
    assert "group=minority" not in leader.get(f"/reports/plans/{world.plan}").text


def test_another_communes_reports_are_not_found(app: Flask, login_as: LoginAs, world: World) -> None:
    with app.app_context(), unit_of_work():
        other = make_commune("Xã Khác", "09999", ("Bản Khác",)).id
    stranger = login_as(Role.OFFICER, other)

    for address in ("", "/list", "/report.docx", "/figures.xlsx"):
        assert stranger.get(f"/reports/plans/{world.plan}{address}").status_code == 404
        assert stranger.get(f"/reports/meetings/{world.first}{address}").status_code == 404
    assert stranger.get(f"/reports/plans/{world.plan}/chart.svg").status_code == 404
    assert not _page(stranger, "/reports/").select("#plans tbody tr")


def test_hamlet_head_has_no_reports_page(login_as: LoginAs, world: World) -> None:
    head = login_as(Role.HAMLET_HEAD, world.hamlets[0])

    assert head.get("/reports/").status_code == 403
    assert head.get(f"/reports/meetings/{world.first}/list").status_code == 404


def test_visitor_is_asked_to_sign_in(client: FlaskClient, world: World) -> None:
    assert client.get(f"/reports/plans/{world.plan}").status_code == 302


@pytest.mark.parametrize("query", ["of=nothing", "of=people&group=proxies", "of=messages&group=women", "group=x"])
def test_list_that_does_not_exist_is_not_found(officer: FlaskClient, world: World, query: str) -> None:
    assert officer.get(f"/reports/plans/{world.plan}/list?{query}").status_code == 404


def test_period_counts_the_meetings_of_its_days_whatever_their_plan(officer: FlaskClient, world: World) -> None:
    page = _page(officer, "/reports/?first=2023-06-01&last=2023-06-30")

    tiles = _tiles(page)
    assert tiles["hội nghị đã họp"] == "2"
    assert tiles["lượt người tham dự"] == "6"
    assert len(page.select("#period tbody tr")) == 2


def test_period_is_summed_only_when_it_is_asked_for(officer: FlaskClient, world: World) -> None:
    page = _page(officer, "/reports/")

    assert page.select_one("#first")["value"] == "2023-01-01"
    assert not page.select("#period .tile")
    assert "Chọn một khoảng thời gian" in page.select_one("#period").get_text()


def test_period_includes_its_last_day(officer: FlaskClient, world: World) -> None:
    tiles = _tiles(_page(officer, "/reports/?first=2023-06-15&last=2023-06-15"))

    assert tiles["hội nghị đã họp"] == "1"


def test_period_that_ends_before_it_starts_says_so_beside_the_field(officer: FlaskClient, world: World) -> None:
    page = _page(officer, "/reports/?first=2023-06-30&last=2023-06-01")

    assert page.select_one("#last-error").get_text(strip=True) == "Ngày cuối trước ngày đầu."
    assert not page.select(".tile")
    assert page.select_one("#first")["value"] == "2023-06-30"


def test_day_that_is_none_is_an_error_not_a_crash(officer: FlaskClient, world: World) -> None:
    page = _page(officer, "/reports/?first=mai&last=")

    assert page.select(".field-error")


def test_empty_plan_and_cancelled_meeting_have_pages(officer: FlaskClient, world: World) -> None:
    assert _tiles(_page(officer, f"/reports/plans/{world.empty_plan}"))["hội nghị đã họp"] == "0"
    assert "không tổ chức" in _page(officer, f"/reports/meetings/{world.cancelled}").get_text()
    assert officer.get(f"/reports/plans/{world.empty_plan}/chart.svg").status_code == 200
    _page(officer, f"/reports/meetings/{world.ahead}")


def test_pages_speak_english_too(officer: FlaskClient, world: World) -> None:
    page = _page(officer, f"/reports/plans/{world.plan}?lang=en")

    assert _tiles(page)["meetings held"] == "2/4"
    assert page.select_one("#hamlets").h2.get_text() == "Nà Ví Dụ: 1 meeting still missing"
