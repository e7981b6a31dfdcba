"""The commune and its hamlets: added, renamed, taken in as a list."""

import io

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from eventmgr.areas.models import Area
from eventmgr.areas.values import hamlet_key, hamlet_name
from eventmgr.core.access import Role
from eventmgr.core.db import db, unit_of_work
from tests.factories import hamlet_of, make_commune


@pytest.fixture
def commune(app):
    with app.app_context(), unit_of_work():
        return make_commune()


@pytest.fixture
def officer(login_as, commune):
    return login_as(Role.OFFICER, commune)


def names(app):
    with app.app_context():
        return list(db.session.scalars(sa.select(Area.name).where(Area.level == "hamlet").order_by(Area.name_sort)))


def errors(response):
    return [part.get_text(" ", strip=True) for part in BeautifulSoup(response.text, "lxml").select(".field-error")]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Thôn Bản Mẫu Một", "Bản Mẫu Một"),
        ("THÔN BẢN MẪU MỘT", "Bản Mẫu Một"),
        ("bản mẫu một", "Bản Mẫu Một"),
        ("Bản Mẫu Một", "Bản Mẫu Một"),
        ("Xóm Nà Ví Dụ", "Nà Ví Dụ"),
        ("Thôn 2", "Thôn 2"),
        ("Tổ dân phố Mẫu", "Mẫu"),
        ("Thôn", "Thôn"),
    ],
)
def test_hamlets_are_known_without_their_level_word(written, name):
    assert hamlet_name(written) == name
    assert hamlet_key(written) == hamlet_key(name)


def test_hamlets_are_added_in_one_go_and_listed_in_order(app, officer, commune):
    answer = officer.post("/settings/areas", data={"commune": commune.id, "names": "Thôn Pò Mẫu\n\n nà mẫu \n"})

    assert answer.status_code == 302
    assert names(app) == ["Bản Mẫu Hai", "Bản Mẫu Một", "Nà Mẫu", "Nà Ví Dụ", "Pò Mẫu"]
    assert "Pò Mẫu" in officer.get("/settings/areas").text


def test_name_that_is_taken_is_told_and_nothing_is_half_saved(app, officer, commune):
    answer = officer.post("/settings/areas", data={"commune": commune.id, "names": "Pò Mẫu\nNa Vi Du"})

    assert answer.status_code == 422
    assert "Na Vi Du" in errors(answer)[0]
    assert "Pò Mẫu\nNa Vi Du" in BeautifulSoup(answer.text, "lxml").textarea.get_text().replace("\r", "")
    assert "Pò Mẫu" not in names(app)


def test_area_is_renamed_and_its_code_is_its_own(app, officer, commune):
    with app.app_context():
        hamlet = hamlet_of(db.session.get(Area, commune.id)).id

    taken = officer.post(f"/settings/areas/{hamlet}", data={"name": "Pò Mẫu", "code": "06217", "report_to": ""})
    empty = officer.post(f"/settings/areas/{hamlet}", data={"name": " ", "code": "", "report_to": ""})
    done = officer.post(f"/settings/areas/{hamlet}", data={"name": "Pò Mẫu", "code": "06217-01", "report_to": ""})

    assert (taken.status_code, empty.status_code, done.status_code) == (422, 422, 302)
    assert "Pò Mẫu" in names(app)


def test_foreign_area_does_not_exist(app, officer):
    with app.app_context(), unit_of_work():
        other = make_commune("Xã Khác", "09999", hamlets=("Nà Khác",))
        hamlet = hamlet_of(other).id

    assert officer.get(f"/settings/areas/{hamlet}").status_code == 404
    assert officer.post("/settings/areas", data={"commune": other.id, "names": "Nà Mới"}).status_code == 422
    assert "Nà Mới" not in names(app)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.LEADER, Role.HAMLET_HEAD])
def test_only_officers_change_areas(login_as, commune, role):
    assert login_as(role, commune).get("/settings/areas").status_code == 403


LIST = """level,code,name,parent_code
hamlet,06217-01,Pò Mẫu,06217
thôn,,Nà Mẫu,06217
"""


def upload(officer, text):
    return officer.post(
        "/settings/areas/import",
        data={"list": (io.BytesIO(text.encode()), "a.csv")},
        content_type="multipart/form-data",
    )


def test_list_of_areas_goes_in_and_again_changes_nothing(app, officer):
    first, second = upload(officer, LIST), upload(officer, "\ufeff" + LIST.replace(",", ";"))
    renamed = upload(officer, LIST.replace("Pò Mẫu", "Pò Mẫu Mới"))

    assert [answer.status_code for answer in (first, second, renamed)] == [302, 302, 302]
    assert names(app) == ["Bản Mẫu Hai", "Bản Mẫu Một", "Nà Mẫu", "Nà Ví Dụ", "Pò Mẫu Mới"]


@pytest.mark.parametrize(
    "text",
    [
        LIST + "village,,Nà Sai,06217\n",
        LIST + "hamlet,,,06217\n",
        LIST + "hamlet,,Nà Sai,99999\n",
        LIST + "hamlet,,Nà Sai,\n",
        LIST + "commune,0999,Xã Lạ,\n",
        LIST + "commune,0999,Xã Sai,06217-01\n",
        "a,b\n1,2\n",
        "",
        "%PDF-1.4",
    ],
)
def test_one_wrong_line_and_nothing_of_the_list_is_saved(app, officer, text):
    answer = upload(officer, text)

    assert answer.status_code == 422
    assert len(errors(answer)) == 1
    assert "Pò Mẫu" not in names(app)


def test_command_takes_in_a_whole_province(app, tmp_path):
    file = tmp_path / "areas.csv"
    file.write_text(
        "level,code,name,parent_code\nprovince,20,Lạng Sơn,\ncommune,06217,Bình Trung,20\n" + LIST.split("\n", 1)[1],
        "utf-8",
    )

    done = app.test_cli_runner().invoke(args=["areas", "import", str(file)])
    again = app.test_cli_runner().invoke(args=["areas", "import", str(file)])
    file.write_text("level,code,name,parent_code\ncommune,0999,Xã Lạ,77\n", "utf-8")
    wrong = app.test_cli_runner().invoke(args=["areas", "import", str(file)])

    assert (done.exit_code, again.exit_code, wrong.exit_code) == (0, 0, 2)
    assert "4 areas added" in done.output
    assert "0 areas added" in again.output
    with app.app_context():
        commune = db.session.scalar(sa.select(Area).where(Area.code == "06217"))
        assert commune.parent.name == "Lạng Sơn"
        assert names(app) == ["Nà Mẫu", "Pò Mẫu"]
