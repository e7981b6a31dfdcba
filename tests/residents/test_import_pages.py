"""The way of a list through the pages: answered, corrected, taken in, undone; nothing typed is lost."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.audit import AuditEntry
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.files import StoredFile, file_path
from eventmgr.core.jobs import take_up_jobs
from eventmgr.residents.models import Contact, Household, ListImport, Resident
from eventmgr.worker import gather_tasks
from tests.factories import hamlet_of, make_commune, make_household, make_invitation, make_meeting

WHOLE = {"year": "2023", "decision": "", "hamlet": "", "add_hamlets": "y"}


@pytest.fixture
def commune(app):
    with app.app_context(), unit_of_work():
        return make_commune(hamlets=("Pò Mẫu",))


@pytest.fixture
def officer(login_as, commune):
    return login_as(Role.OFFICER, commune)


def page_of(response):
    return BeautifulSoup(response.text, "lxml")


def upload(officer, commune, *lines, name="danh-sach.csv"):
    """Hand in a list; the address of the page where it is looked through."""
    answer = officer.post(
        "/residents/import",
        data={"list": (io.BytesIO("\n".join(lines).encode()), name), "commune": commune.id},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 302
    return answer.headers["Location"]


def take_in(app, officer, where, **said):
    """Say go, let the worker work, and see what came of it."""
    begun = officer.post(where, data=WHOLE | said)
    gather_tasks()
    with app.app_context():
        take_up_jobs()
    return officer.get(begun.headers["Location"], follow_redirects=True)


def count(app, table):
    with app.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(table))


def two_of_a_name(app, commune):
    with app.app_context(), unit_of_work():
        hamlet = hamlet_of(db.session.get(Area, commune.id))
        return [make_household(hamlet, "Vi Lan", phone=phone).id for phone in ("+84912345678", "+84912345679")]


def test_both_sides_of_a_question_are_shown_with_a_key_for_each_answer(app, officer, commune):
    known = two_of_a_name(app, commune)
    where = upload(officer, commune, "Chủ hộ;Thôn;SĐT", "Vi Lan;Pò Mẫu;0987654321")

    page = page_of(officer.get(where + "/review"))

    keys = {button["data-key"]: button["value"] for button in page.select("button[name=answer]")}
    assert keys == {"n": "new", "s": "skip", "1": str(known[0]), "2": str(known[1])}
    text = page.main.get_text(" ", strip=True)
    assert "0987 654 321" in text
    assert "0912 345 678" in text
    assert "0912 345 679" in text


def test_an_answer_is_kept_at_once_and_can_be_taken_back(app, officer, commune):
    two_of_a_name(app, commune)
    where = upload(officer, commune, "Chủ hộ;Thôn;SĐT", "Vi Lan;Pò Mẫu;0987654321")
    question = page_of(officer.get(where + "/review")).select_one("[name=question]")["value"]

    officer.post(where + "/review", data={"question": question, "answer": "skip"})
    with app.app_context():
        kept = db.session.scalars(sa.select(ListImport.decisions)).one()
    officer.post(where + "/review", data={"answer": "back"})

    assert kept == {question: "skip"}
    assert page_of(officer.get(where + "/review")).select_one("[name=question]")["value"] == question


@pytest.mark.parametrize("answer", ["999999", "1e3", "-1", "²", "9" * 30, "x" * 300])
def test_odd_answers_do_no_harm(app, officer, commune, answer):
    two_of_a_name(app, commune)
    where = upload(officer, commune, "Chủ hộ;Thôn;SĐT", "Vi Lan;Pò Mẫu;0987654321")
    question = page_of(officer.get(where + "/review")).select_one("[name=question]")["value"]

    done = officer.post(where + "/review", data={"question": question, "answer": answer, "at": "z"})

    assert done.status_code == 302
    assert page_of(officer.get(where + "/review")).select_one("[name=question]")["value"] == question


def test_bad_phone_is_put_right_on_the_page_and_goes_in(app, officer, commune):
    where = upload(officer, commune, "Chủ hộ;Thôn;SĐT", "Vi Lan;Pò Mẫu;091234567")
    cell = page_of(officer.get(where)).select_one("#doubtful [name=cell]")["value"]

    wrong = officer.post(where + "/cell", data={"cell": cell, "text": "0912 345 67"})
    field = page_of(wrong).select_one("#doubtful input[name=text]")
    officer.post(where + "/cell", data={"cell": cell, "text": "0912 345 678"})
    done = take_in(app, officer, where)

    assert wrong.status_code == 422
    assert (field["value"], field["aria-invalid"]) == ("0912 345 67", "true")
    assert not page_of(done).select("#doubtful")
    with app.app_context():
        assert db.session.scalars(sa.select(Contact.phone)).all() == ["+84912345678"]


def test_poverty_class_and_gender_are_put_right_by_choice(app, officer, commune):
    where = upload(officer, commune, "Chủ hộ;GT;Thôn;Loại hộ", "Vi Lan;abc;Pò Mẫu;xyz")

    for _ in range(2):
        form = page_of(officer.get(where)).select_one("#doubtful form")
        choice = form.select("option")[1]["value"]
        officer.post(where + "/cell", data={"cell": form.select_one("[name=cell]")["value"], "text": choice})
    take_in(app, officer, where)

    with app.app_context():
        assert db.session.scalars(sa.select(Resident.gender)).one() == "male"
        assert db.session.scalars(sa.select(Household.poverty_class)).one() == "poor"


def test_differences_are_ticked_and_taken_over(app, officer, commune):
    take_in(app, officer, upload(officer, commune, "Chủ hộ;Dân tộc;Thôn;Mã hộ", "Vi Lan;Tày;Pò Mẫu;x-1"))
    where = upload(officer, commune, "Chủ hộ;Dân tộc;Thôn;Mã hộ", "Vi Lan;Nùng;Pò Mẫu;x-1")
    tick = page_of(officer.get(where)).select_one("#differences [name=change]")

    officer.post(where, data=WHOLE | {"look": "1", "offered": tick["value"], "change": tick["value"]})
    ticked = page_of(officer.get(where)).select_one("#differences [name=change]").has_attr("checked")
    done = take_in(app, officer, where, offered=tick["value"], change=tick["value"])

    assert (tick.has_attr("checked"), ticked) == (False, True)
    assert "Nùng" in page_of(done).main.get_text()
    with app.app_context():
        assert db.session.scalars(sa.select(Resident.ethnic_group)).one() == "Nùng"


def test_same_file_again_says_so_with_when_and_by_whom_and_goes_on(app, officer, commune):
    lines = ("Chủ hộ;Thôn", "Vi Lan;Pò Mẫu")
    first = upload(officer, commune, *lines)
    take_in(app, officer, first)

    second = upload(officer, commune, *lines, name="ten-khac.csv")
    notice = page_of(officer.get(second)).select_one(".notice").get_text(" ", strip=True)
    take_in(app, officer, second)

    assert second != first
    assert "Hoàng Thị Mẫu" in notice
    assert "1/6/2023" in notice or "01/06/2023" in notice or "1/6" in notice
    assert count(app, Household) == 1


def test_unfinished_list_handed_in_again_is_the_same_one_with_its_answers(app, officer, commune):
    lines = ("Chủ hộ;Thôn;SĐT", "Vi Lan;Pò Mẫu;091234567")

    assert upload(officer, commune, *lines) == upload(officer, commune, *lines)
    assert count(app, ListImport) == 1


def test_list_is_undone_from_the_page_and_refused_once_somebody_was_invited(app, officer, commune):
    where = upload(officer, commune, "Chủ hộ;Thôn", "Vi Lan;Pò Mẫu")
    take_in(app, officer, where)
    undone = officer.post(where + "/undo", follow_redirects=True)
    again = upload(officer, commune, "Chủ hộ;Thôn", "Vi Lan;Pò Mẫu")
    take_in(app, officer, again)
    with app.app_context(), unit_of_work():
        household = db.session.scalars(sa.select(Household)).one()
        make_invitation(make_meeting(household.hamlet), household)

    refused = officer.post(again + "/undo", follow_redirects=True)

    assert page_of(undone).select_one(".notice.tone-done")
    assert "Vi Lan" in page_of(refused).select_one(".notice.tone-failure").get_text()
    assert count(app, Household) == 1


def test_list_that_is_in_is_not_taken_in_twice_by_a_double_click(app, officer, commune):
    where = upload(officer, commune, "Chủ hộ;Thôn", "Vi Lan;Pò Mẫu")

    officer.post(where, data=WHOLE)
    second = officer.post(where, data=WHOLE)

    assert second.status_code == 302
    assert second.headers["Location"].endswith("/progress")


@pytest.mark.parametrize(
    ("page", "said"), [("/review", {"question": "danh-sach!2", "answer": "skip"}), ("/cell", {}), ("", WHOLE)]
)
def test_answer_that_comes_when_somebody_has_begun_leads_to_the_progress(app, officer, commune, page, said):
    where = upload(officer, commune, "Chủ hộ;Thôn;SĐT", "Vi Lan;Pò Mẫu;091234567")
    cell = page_of(officer.get(where)).select_one("#doubtful [name=cell]")["value"]
    officer.post(where, data=WHOLE)

    answer = officer.post(where + page, data=said or {"cell": cell, "text": "0912345678"})

    assert answer.headers["Location"].endswith("/progress")


def test_form_opened_before_a_list_came_in_is_told_of_it(app, officer, commune):
    take_in(app, officer, upload(officer, commune, "Chủ hộ;Thôn;Mã hộ", "Vi Lan;Pò Mẫu;x-1"))
    with app.app_context():
        resident_id = db.session.scalars(sa.select(Resident.id)).one()
    form = page_of(officer.get(f"/residents/members/{resident_id}/edit")).select_one("form:has([name=row_version])")
    typed = {field["name"]: field.get("value", "") for field in form.select("input[name]:not([type=checkbox])")}

    take_in(app, officer, upload(officer, commune, "Chủ hộ;Thôn;Mã hộ;Năm sinh", "Vi Lan;Pò Mẫu;x-1;1960"))
    refused = officer.post(f"/residents/members/{resident_id}/edit", data=typed | {"relation": "Chủ hộ"})

    assert refused.status_code == 422
    assert page_of(refused).select_one("[name=relation]")["value"] == "Chủ hộ"
    with app.app_context():
        assert db.session.scalars(sa.select(Resident.birth_year)).one() == 1960


def test_progress_needs_no_script(app, officer, commune):
    where = upload(officer, commune, "Chủ hộ;Thôn", "Vi Lan;Pò Mẫu")
    officer.post(where, data=WHOLE)

    page = page_of(officer.get(where + "/progress"))

    assert page.select_one("noscript meta[http-equiv=refresh]")
    assert page.select_one("[data-module='lib/poll']")["data-url"].endswith("/progress/part")
    assert not page.select("script:not([src])")


def test_original_file_is_kept_and_its_download_is_written_down(app, officer, commune):
    where = upload(officer, commune, "Chủ hộ;Thôn", "Vi Lan;Pò Mẫu")

    kept = officer.get(where + "/file")

    assert kept.data.decode() == "Chủ hộ;Thôn\nVi Lan;Pò Mẫu"
    assert "attachment" in kept.headers["Content-Disposition"]
    with app.app_context():
        assert "export_list_file" in db.session.scalars(sa.select(AuditEntry.action)).all()


def test_list_whose_file_is_no_longer_kept_says_so(app, officer, commune, tmp_path):
    where = upload(officer, commune, "Chủ hộ;Thôn", "Vi Lan;Pò Mẫu")
    with app.app_context():
        file_path(db.session.scalars(sa.select(StoredFile.hash)).one()).unlink()

    answers = [officer.get(where + page) for page in ("", "/review", "/reading")]

    assert {answer.status_code for answer in answers} == {422}
    assert all("không còn" in page_of(answer).main.get_text() for answer in answers)


@pytest.mark.parametrize("name", ["../../etc/danh-sach.csv", "\u202edanh-\x00sach.csv"], ids=ascii)
def test_name_of_a_file_is_one_plain_line_and_never_a_path(app, officer, commune, name):
    where = upload(officer, commune, "Chủ hộ;Thôn", "Vi Lan;Pò Mẫu", name=name)

    assert officer.get(where + "/file").headers["Content-Disposition"] == "attachment; filename=danh-sach.csv"


def test_refused_file_is_not_kept(app, officer, commune, tmp_path):
    answer = officer.post(
        "/residents/import",
        data={"list": (io.BytesIO(b"%PDF-1.7 abc"), "a.xlsx"), "commune": commune.id},
        content_type="multipart/form-data",
    )

    assert answer.status_code == 422
    assert count(app, StoredFile) == count(app, ListImport) == 0
    assert not (tmp_path / "files").exists()
