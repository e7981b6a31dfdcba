"""The page on which an officer says how a list is to be read, and what is remembered of it."""

import io
import json
from html import unescape
from pathlib import Path

import pytest
import sqlalchemy as sa
from lxml import html

from eventmgr.core.access import Role
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.files import StoredFile
from eventmgr.residents.models import ColumnMapping, ListImport
from eventmgr.residents.services.importing import read_list
from tests.factories import make_commune
from tests.support.workbooks import ods, package, xlsx

DATA = Path(__file__).parents[1] / "data"
LIST_B, LIST_C = "B-danh-sach-nhan-khau-mau.xlsx", "C-truong-thon-tcvn3-mau.xlsx"
ODD_COLUMNS = "Họ tên;Thôn;Gọi;Sinh\nVi Lan;Pò Mẫu;0912345678;1960\nLý Sơn;Pò Mẫu;0987654321;1971"


@pytest.fixture
def commune(app):
    with app.app_context(), unit_of_work():
        return make_commune(hamlets=())


@pytest.fixture
def officer(login_as, commune):
    return login_as(Role.OFFICER, commune)


@pytest.fixture
def hand_in(app, officer, commune):
    """Hand a file in and return the id of its list and the page it leads to."""

    def upload(content, name):
        answer = officer.post(
            "/residents/import", data={"list": (io.BytesIO(content), name), "commune": str(commune.id)}
        )
        assert answer.status_code == 302, answer.text
        with app.app_context():
            return db.session.scalar(sa.select(sa.func.max(ListImport.id))), answer.location

    return upload


def kept(app, list_id):
    with app.app_context():
        return db.session.get(ListImport, list_id)


def people_of(app, list_id):
    with app.app_context():
        return [person.full_name for person in read_list(db.session.get(ListImport, list_id)).people]


def all_answers(page):
    """The form as a browser would send it back unchanged."""
    (form,) = [form for form in html.fromstring(page.text).forms if form.xpath(".//*[starts-with(@name,'encoding-')]")]
    return dict(form.form_values())


def test_unicode_list_of_one_sheet_needs_no_answer(app, hand_in):
    list_id, page = hand_in((DATA / LIST_B).read_bytes(), LIST_B)

    assert page == f"/residents/import/{list_id}"
    assert kept(app, list_id).state == "review"
    assert len(people_of(app, list_id)) == 304


def test_old_letters_are_shown_before_and_after_and_converted_only_by_the_button(app, officer, hand_in):
    list_id, page = hand_in((DATA / LIST_C).read_bytes(), LIST_C)

    shown = officer.get(page)
    assert page == f"/residents/import/{list_id}/reading"
    assert "Hä tªn" in shown.text
    assert "Họ tên" in shown.text
    assert people_of(app, list_id) == []
    assert officer.get(f"/residents/import/{list_id}").location == page

    answer = officer.post(page, data=all_answers(shown))

    assert answer.location == f"/residents/import/{list_id}"
    assert len(people_of(app, list_id)) == 20
    assert "Nông Văn Ánh" in people_of(app, list_id)
    assert officer.get(answer.location).status_code == 200


def test_other_letters_can_be_looked_at_first(app, officer, hand_in):
    list_id, page = hand_in((DATA / LIST_C).read_bytes(), LIST_C)

    looked = officer.post(page, data=all_answers(officer.get(page)) | {"encoding-0": "vni", "look": "1"})
    shown = officer.get(looked.location)

    assert looked.location == page
    assert all_answers(shown)["encoding-0"] == all_answers(shown)["shown-0"] == "vni"
    assert kept(app, list_id).state == "reading"


def test_sheets_are_chosen_and_last_years_is_not_ticked(app, officer, hand_in):
    rows = [["Họ tên", "Thôn"], ["Vi Lan", "Pò Mẫu"]]
    content = xlsx(
        {
            "Pò Mẫu": rows,
            "Nà Mẫu": [rows[0], ["Lý Sơn", "Nà Mẫu"]],
            "2022": [rows[0], ["Hà Thu", "Nà"]],
            "2023": [rows[0], ["Bế Én", "Nà"]],
        }
    )
    list_id, page = hand_in(content, "a.xlsx")

    answers = all_answers(officer.get(page))
    assert [name for name in answers if name.startswith("take-")] == ["take-0", "take-1", "take-3"]
    del answers["take-1"]
    officer.post(page, data=answers)

    assert people_of(app, list_id) == ["Vi Lan", "Bế Én"]


def test_column_said_once_is_remembered_for_the_next_file_of_its_shape(app, officer, hand_in):
    list_id, page = hand_in(ODD_COLUMNS.encode(), "a.csv")
    assert page == f"/residents/import/{list_id}"
    reading = f"/residents/import/{list_id}/reading"
    answers = all_answers(officer.get(reading))
    assert (answers["column-0-2"], answers["column-0-3"]) == ("", "")

    officer.post(reading, data=answers | {"column-0-2": "phone", "column-0-3": "birth"})
    other, _page = hand_in(ODD_COLUMNS.replace("Vi Lan", "Vi Hà").encode(), "b.csv")

    for number in (list_id, other):
        with app.app_context():
            people = read_list(db.session.get(ListImport, number)).people
        assert [person.birth.year for person in people] == [1960, 1971]
        assert [len(person.phones) for person in people] == [1, 1]


def test_sheets_with_the_same_titles_are_asked_about_once(app, officer, hand_in):
    titles = ["Họ tên", "Thôn", "Gọi"]
    content = xlsx(
        {
            "Pò Mẫu": [titles, ["Vi Lan", "Pò Mẫu", "0912345678"]],
            "Nà Mẫu": [titles, ["Lý Sơn", "Nà Mẫu", "0987654321"]],
        }
    )
    list_id, page = hand_in(content, "a.xlsx")
    answers = all_answers(officer.get(page))

    officer.post(page, data=answers | {"column-0-2": "phone"})

    assert "column-1-2" not in answers
    with app.app_context():
        people = read_list(db.session.get(ListImport, list_id)).people
        assert [len(person.phones) for person in people] == [1, 1]
        assert db.session.scalars(sa.select(ColumnMapping.columns)).all() == [{"2": "phone"}]


def test_what_is_said_back_as_proposed_is_forgotten(app, officer, hand_in):
    list_id, _page = hand_in(ODD_COLUMNS.encode(), "a.csv")
    reading = f"/residents/import/{list_id}/reading"
    as_proposed = all_answers(officer.get(reading))

    officer.post(reading, data=as_proposed | {"column-0-3": "birth"})
    with app.app_context():
        assert db.session.scalar(sa.select(ColumnMapping.columns)) == {"3": "birth"}
    officer.post(reading, data=all_answers(officer.get(reading)) | {"column-0-3": ""})

    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(ColumnMapping)) == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"column-0-0": ""}, "Hãy chọn cột nào ghi họ tên"),
        ({"column-0-3": "hamlet"}, "Hai cột cùng được hiểu là"),
        ({"take-0": None}, "Hãy chọn ít nhất một trang"),
    ],
    ids=["no names", "hamlet twice", "no sheet"],
)
def test_reading_that_makes_no_sense_is_told_and_nothing_typed_is_lost(app, officer, hand_in, change, sentence):
    list_id, _page = hand_in(ODD_COLUMNS.encode(), "a.csv")
    reading = f"/residents/import/{list_id}/reading"
    answers = all_answers(officer.get(reading)) | {"column-0-2": "phone"} | change

    answer = officer.post(reading, data={name: value for name, value in answers.items() if value is not None})

    assert answer.status_code == 422
    assert sentence in unescape(answer.text)
    assert change == {"take-0": None} or all_answers(answer)["column-0-2"] == "phone"
    assert kept(app, list_id).state == "review"


def test_columns_said_of_other_letters_are_not_taken_over(app, officer, hand_in):
    list_id, page = hand_in((DATA / LIST_C).read_bytes(), LIST_C)
    officer.post(page, data=all_answers(officer.get(page)) | {"encoding-0": "unicode", "look": "1"})

    back = officer.post(page, data=all_answers(officer.get(page)) | {"encoding-0": "tcvn3"})

    assert back.status_code == 302
    assert len(people_of(app, list_id)) == 20
    assert json.dumps(kept(app, list_id).reading["sheets"][0]["columns"]) == "null"


def test_list_of_another_commune_is_not_found(app, login_as, hand_in):
    list_id, _page = hand_in(ODD_COLUMNS.encode(), "a.csv")
    with app.app_context(), unit_of_work():
        other = make_commune("Xã Khác", "09999")

    assert login_as(Role.OFFICER, other).get(f"/residents/import/{list_id}/reading").status_code == 404


def locked_workbook():
    """What Excel makes of a workbook with a password: a container with an encrypted package."""
    return bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.xlsx", xlsx({"a": [["x"] * 1000]}), "có 1000 cột"),
        ("a.xlsx", locked_workbook(), "mật khẩu"),
        ("a.xlsx", xlsx({"a": [["Họ tên", "Thôn"]] * 50})[:3000], "hỏng"),
        ("a.xlsx", b"%PDF-1.7 abc", "PDF"),
        ("a.xlsx", package({"xl/workbook.xml": b"<!DOCTYPE a []><workbook/>"}), "hỏng"),
        ("a.xlsx", package({"xl/workbook.xml": b"<workbook/>", "xl/a.xml": bytes(160_000_000)}), "quá lớn"),
        ("a.ods", ods([(1_048_576, [(16_384, "x")])]), "quá lớn"),
        ("a.csv", b"a;b\0c", "CSV"),
        ("a.csv", b"", "trống"),
    ],
    ids=["wide", "locked", "cut", "pdf", "entities", "bomb", "repeated", "nul", "empty"],
)
def test_file_made_to_harm_is_refused_in_one_sentence_and_nothing_is_saved(
    app, officer, commune, name, content, sentence
):
    answer = officer.post("/residents/import", data={"list": (io.BytesIO(content), name), "commune": commune.id})

    (told,) = html.fromstring(answer.text).xpath("//p[@id='list-error']")
    assert answer.status_code == 422
    assert sentence in told.text_content()
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(StoredFile)) == 0
        assert db.session.scalar(sa.select(sa.func.count()).select_from(ListImport)) == 0
