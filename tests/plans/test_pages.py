"""Pages of plans: written from the first form to the last grid, and shut to others."""

from __future__ import annotations

from datetime import date

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import event

from eventmgr.areas.models import Area
from eventmgr.areas.queries import hamlets_of
from eventmgr.core.access import Role
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.language import CHOICE
from eventmgr.demo import plan_2023
from eventmgr.plans import services
from eventmgr.plans.models import Output, Plan, PlanTask
from eventmgr.plans.queries import paragraphs_of, topic_groups
from eventmgr.plans.values import MEETINGS, PARTICIPANTS, SectionKind, TargetLine, TopicGroup
from tests.factories import hamlet_of, make_commune, make_plan


@pytest.fixture
def commune(app: Flask) -> Area:
    with app.app_context(), unit_of_work():
        commune = make_commune()
        commune.children  # noqa: B018 - read while there is a session
        return commune


@pytest.fixture
def plan_id(app: Flask, commune: Area) -> int:
    """The plan of 2023 with targets."""
    with app.app_context(), unit_of_work():
        area = db.session.get_one(Area, commune.id)
        return services.create_plan(
            plan_2023.DETAILS,
            area,
            sections=plan_2023.SECTIONS,
            tasks=plan_2023.TASKS,
            topics=plan_2023.GROUPS,
            targets=[
                TargetLine(indicator, quantity, hamlet.id)
                for hamlet in hamlets_of(area)
                for indicator, quantity in ((MEETINGS, 1), (PARTICIPANTS, 60))
            ],
            by=None,
            now=now(),
        ).id


@pytest.fixture
def officer(login_as, commune):
    client = login_as(Role.OFFICER, commune)
    with client.session_transaction() as session:
        session[CHOICE] = "en"
    return client


def page(client, path: str, status: int = 200) -> BeautifulSoup:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    return BeautifulSoup(answer.text, "lxml")


def send(client, path: str, status: int = 302, **fields) -> BeautifulSoup:
    answer = client.post(path, data=fields)
    assert answer.status_code == status, words(BeautifulSoup(answer.text, "lxml"))
    return BeautifulSoup(answer.text, "lxml")


def words(soup) -> str:
    return " ".join(soup.get_text(" ").split())


def error_beside(soup: BeautifulSoup, field: str) -> str:
    return words(soup.find(id=f"{field}-error"))


def in_database(app: Flask, read):
    with app.app_context():
        return read()


def the_plan() -> Plan:
    return db.session.scalars(db.select(Plan)).one()


DOCUMENT = {"title": "Kế hoạch mẫu", "starts_on": "2023-05-01", "ends_on": "2023-12-31"}


def test_an_office_without_a_plan_is_led_to_the_first(officer):
    soup = page(officer, "/plans")
    assert soup.select_one("a.btn-primary")["href"] == "/plans/new"


def test_a_plan_is_written_with_number_date_and_amount_left_blank(app, officer):
    answer = officer.post("/plans/new", data=DOCUMENT | {"signature": "KT. CHỦ TỊCH\nPHÓ CHỦ TỊCH"})

    plan = in_database(app, the_plan)
    assert (plan.number, plan.dated_on, plan.budget) == ("", None, None)
    assert plan.signature == ["KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"]
    assert answer.location == f"/plans/{plan.id}/sections/legal_bases"


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"title": " "}, "title", "Enter the plan's title."),
        ({"ends_on": "2023-04-30"}, "ends_on", "The plan ends before it starts."),
        ({"starts_on": "32/5/2023"}, "starts_on", "Enter a day such as 23/5/2023."),
        ({"budget": "nhiều"}, "budget", "Enter a whole number, such as 12 or 1.200."),
        ({"starts_on": ""}, "starts_on", "Enter the first day of the period."),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_lost(app, officer, changed, field, sentence):
    soup = send(officer, "/plans/new", 422, **(DOCUMENT | {"opening": "Thực hiện Kế hoạch số 196"} | changed))

    assert error_beside(soup, field) == sentence
    assert soup.find("textarea", id="opening").get_text().strip() == "Thực hiện Kế hoạch số 196"
    assert in_database(app, lambda: db.session.scalars(db.select(Plan)).all()) == []


def test_days_and_amounts_are_taken_as_people_write_them(app, officer):
    send(officer, "/plans/new", **(DOCUMENT | {"dated_on": "23/5/2023", "budget": "12.500.000 đ"}))
    plan = in_database(app, the_plan)
    assert (plan.dated_on, plan.budget) == (date(2023, 5, 23), 12_500_000)


def test_the_plans_page_shows_the_paper_in_its_order(officer, plan_id):
    soup = page(officer, f"/plans/{plan_id}")

    chapters = [words(heading)[:3].strip(" .") for heading in soup.select(".plan-chapter")]
    assert chapters == ["I", "II", "III", "IV"]
    assert [part["id"] for part in soup.select(".plan-part[id]")] == [kind.value for kind in SectionKind]
    assert "not stated on paper" in words(soup.find(id="paper"))
    assert "554/QĐ-UBND" in words(soup.find(id="paper"))
    assert "Bình đẳng giới" in words(soup.find(id="topics"))
    assert [words(cell) for cell in soup.select("#targets tfoot td")] == ["3", "180"]
    assert len(soup.select("#tasks li")) == 4


def test_parts_are_written_one_after_the_other(app, officer, plan_id):
    shown = page(officer, f"/plans/{plan_id}/sections/purposes")
    version = shown.find("input", {"name": "row_version"})["value"]
    answer = officer.post(
        f"/plans/{plan_id}/sections/purposes",
        data={"text": "Mục đích một.\r\n\r\nMục đích hai.", "row_version": version, "go_on": "1"},
    )

    assert answer.location == f"/plans/{plan_id}/sections/requirements"
    with app.app_context():
        plan = the_plan()
        assert paragraphs_of(plan, SectionKind.PURPOSES) == ["Mục đích một.", "Mục đích hai."]
        assert len(paragraphs_of(plan, SectionKind.REQUIREMENTS)) == 3


def test_a_part_changed_meanwhile_is_not_overwritten_unseen(app, officer, plan_id):
    send(officer, f"/plans/{plan_id}/sections/money", text="Người thứ nhất.", row_version="1")
    soup = send(officer, f"/plans/{plan_id}/sections/money", 422, text="Người thứ hai.", row_version="1")

    assert "Somebody changed this plan while you were writing." in words(soup.select_one(".error-summary"))
    assert soup.find("textarea").get_text().strip() == "Người thứ hai."
    with app.app_context():
        assert paragraphs_of(the_plan(), SectionKind.MONEY) == ["Người thứ nhất."]

    again = soup.find("input", {"name": "row_version"})["value"]
    send(officer, f"/plans/{plan_id}/sections/money", text="Người thứ hai.", row_version=again)
    with app.app_context():
        assert paragraphs_of(the_plan(), SectionKind.MONEY) == ["Người thứ hai."]


def test_the_details_form_comes_filled_and_changes_the_plan(app, officer, plan_id):
    soup = page(officer, f"/plans/{plan_id}/edit")
    assert soup.find("textarea", id="signature").get_text().split("\n")[-2:] == ["KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"]
    assert soup.find("input", id="dated_on")["value"] == "2023-05-23"

    send(officer, f"/plans/{plan_id}/edit", **(DOCUMENT | {"number": "12/KH-UBND", "row_version": "1"}))
    plan = in_database(app, the_plan)
    assert (plan.number, plan.title, plan.row_version) == ("12/KH-UBND", "Kế hoạch mẫu", 2)


def test_targets_are_set_in_one_grid_with_one_word_for_all(app, officer, commune, plan_id):
    first, second, third = (hamlet_of(commune, place).id for place in range(3))
    send(
        officer,
        f"/plans/{plan_id}/targets",
        **{"row_version": "1", "each_meetings": "2", f"meetings_{second}": "0", f"participants_{first}": "1.200"},
    )
    with app.app_context():
        assert {(row.indicator.code, row.hamlet_id): row.quantity for row in the_plan().targets} == {
            ("meetings", first): 2,
            ("meetings", second): 0,
            ("meetings", third): 2,
            ("participants", first): 1200,
        }


@pytest.mark.one_database
def test_a_target_that_is_no_number_is_told_beside_its_hamlet(officer, commune, plan_id):
    hamlet = hamlet_of(commune)
    soup = send(officer, f"/plans/{plan_id}/targets", 422, **{"row_version": "1", f"meetings_{hamlet.id}": "hai"})
    assert error_beside(soup, f"meetings_{hamlet.id}") == "Enter a whole number, such as 12 or 1.200."
    assert soup.find("input", id=f"meetings_{hamlet.id}")["value"] == "hai"


def test_topics_are_written_as_lines(app, officer, plan_id):
    send(officer, f"/plans/{plan_id}/topics", topics="Tuyên truyền\r\nDịch vụ\r\n- Y tế\r\n- Nhà ở", row_version="1")
    with app.app_context():
        assert topic_groups(the_plan()) == [TopicGroup("Tuyên truyền"), TopicGroup("Dịch vụ", ("Y tế", "Nhà ở"))]


def test_a_task_is_added_ticked_changed_and_taken_out(app, officer, plan_id):
    send(officer, f"/plans/{plan_id}/tasks", responsible="Văn phòng", task="Gửi báo cáo", due_on="2023-05-31")

    def added() -> PlanTask:
        return db.session.scalars(db.select(PlanTask).order_by(PlanTask.id.desc())).first()

    task = in_database(app, added)
    assert task.position == 4
    assert "Overdue" in words(page(officer, f"/plans/{plan_id}").select("#tasks li")[-1])

    send(officer, f"/plans/{plan_id}/tasks/{task.id}/done")
    assert in_database(app, added).done_on == date(2023, 6, 1)
    assert "Done on 1/6/2023" in words(page(officer, f"/plans/{plan_id}").select("#tasks li")[-1])
    send(officer, f"/plans/{plan_id}/tasks/{task.id}/open")
    assert in_database(app, added).done_on is None

    send(officer, f"/plans/{plan_id}/tasks/{task.id}", responsible="Trưởng thôn", task="Gửi báo cáo", due_on="")
    assert in_database(app, added).responsible == "Trưởng thôn"
    send(officer, f"/plans/{plan_id}/tasks/{task.id}/remove")
    assert in_database(app, added).id != task.id


def test_an_output_is_noted_and_taken_out(app, officer, plan_id):
    send(
        officer,
        f"/plans/{plan_id}/outputs",
        kind="leaflet",
        direction="handed_out",
        quantity="1.200",
        done_on="2023-06-01",
        hamlet="",
        partner="Hội Phụ nữ",
        cost="600.000",
    )
    output = in_database(app, lambda: db.session.scalars(db.select(Output)).one())
    assert (output.quantity, output.cost, output.hamlet_id) == (1200, 600_000, None)
    assert "Leaflet" in words(page(officer, f"/plans/{plan_id}").find(id="outputs"))

    send(officer, f"/plans/{plan_id}/outputs/{output.id}/remove")
    assert in_database(app, lambda: db.session.scalars(db.select(Output)).all()) == []


@pytest.mark.one_database
@pytest.mark.parametrize("tail", ["", "/edit", "/sections/money", "/targets", "/topics", "/tasks", "/outputs"])
def test_a_plan_of_another_commune_does_not_exist(app, officer, tail):
    with app.app_context(), unit_of_work():
        other = make_plan(make_commune("Xã Khác", "00002", ("Nà Khác",))).id
    page(officer, f"/plans/{other}{tail}", 404)


@pytest.mark.one_database
def test_viewers_read_and_hamlet_heads_do_not(login_as, commune, plan_id):
    viewer = login_as(Role.VIEWER, commune)
    assert page(viewer, f"/plans/{plan_id}").select("a[href$='/edit']") == []
    page(viewer, f"/plans/{plan_id}/edit", 403)
    page(login_as(Role.HAMLET_HEAD, hamlet_of(commune)), f"/plans/{plan_id}", 403)


@pytest.mark.one_database
def test_an_unknown_part_does_not_exist(officer, plan_id):
    page(officer, f"/plans/{plan_id}/sections/weather", 404)


def test_the_communes_own_target_goes_before_the_sum_of_its_hamlets(app, officer, commune, plan_id):
    first = hamlet_of(commune).id
    send(
        officer,
        f"/plans/{plan_id}/targets",
        **{"row_version": "1", f"meetings_{first}": "2", "meetings_all": "12"},
    )
    assert [words(cell) for cell in page(officer, f"/plans/{plan_id}").select("#targets tfoot td")] == ["12", "–"]
    assert page(officer, f"/plans/{plan_id}/targets").find("input", id="meetings_all")["value"] == "12"


def test_next_years_plan_begins_as_a_copy(app, officer, plan_id):
    answer = officer.post(f"/plans/{plan_id}/copy")

    with app.app_context():
        copy = db.session.scalars(db.select(Plan).order_by(Plan.id.desc())).first()
        assert answer.location == f"/plans/{copy.id}/edit"
        assert (copy.year, copy.starts_on, copy.ends_on) == (2024, date(2024, 5, 1), date(2024, 12, 31))
        assert copy.title.endswith("năm 2024")
        assert (copy.number, copy.dated_on, copy.funding_decision) == ("", None, "")
        assert len(copy.sections) == 21
        assert len(copy.targets) == 6
        assert [len(group.children) for group in topic_groups(copy)] == [0, 0, 0, 0, 11]


@pytest.mark.one_database
def test_a_page_asks_the_database_no_more_for_a_longer_plan(app, officer, plan_id):
    def asked() -> int:
        with app.app_context():
            engine = db.engine
        statements = []

        def note(_connection, _cursor, statement, *_more):
            statements.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        page(officer, f"/plans/{plan_id}")
        event.remove(engine, "before_cursor_execute", note)
        return len(statements)

    before = asked()
    send(officer, f"/plans/{plan_id}/tasks", responsible="Văn phòng", task="Gửi báo cáo")
    lines = "\r\n".join(f"Nhóm {number}\r\n- Nội dung {number}" for number in range(20))
    send(officer, f"/plans/{plan_id}/topics", topics=lines, row_version="1")
    assert asked() == before
