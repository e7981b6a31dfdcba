"""The command that takes in lists, as scripts use it."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.core.db import db, unit_of_work
from eventmgr.residents.models import Contact, Household, PovertyStatus, Resident
from tests.factories import make_commune, make_hamlet, make_household
from tests.support.workbooks import xlsx

DATA = Path(__file__).parents[1] / "data"
LIST_B, LIST_D = DATA / "B-danh-sach-nhan-khau-mau.xlsx", DATA / "D-danh-ba-mau.csv"
LIST_C = DATA / "C-truong-thon-tcvn3-mau.xlsx"


@pytest.fixture
def commune(app):
    with app.app_context(), unit_of_work():
        return make_commune(hamlets=())


@pytest.fixture
def run(app, commune):
    def call(*arguments):
        return app.test_cli_runner().invoke(args=["residents", "import", *map(str, arguments)])

    return call


def count(app, table):
    with app.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(table))


def test_whole_list_goes_in_with_exit_code_0(app, run):
    done = run(LIST_B, "--json")

    said = json.loads(done.output)
    assert done.exit_code == 0
    assert (said["households_added"], said["residents_added"], said["contacts_added"]) == (90, 304, 143)
    assert len(said["hamlets_added"]) == 5
    first = said["problems"][0]
    assert (first["sheet"], first["row"], first["raw"]) == ("Nhân khẩu", 56, "039290559")
    assert said["rejected"] == said["undecided"] == []
    assert count(app, Resident) == 304


def test_commands_speak_to_people_too(app, run):
    run(LIST_B)
    done = run(LIST_D)

    assert done.exit_code == 0
    assert "0 new households (90 known)" in done.output
    assert "039290559" in done.output
    assert count(app, Household) == 90


def test_dry_run_changes_nothing(app, run):
    done = run(LIST_B, "--dry-run", "--json")

    assert done.exit_code == 0
    assert json.loads(done.output)["households_added"] == 90
    assert json.loads(done.output)["dry_run"] is True
    assert count(app, Household) == count(app, Contact) == 0
    assert count(app, Area) == 1


def test_rows_that_need_a_decision_give_exit_code_3_and_the_sure_ones_are_in(app, run, commune, tmp_path):
    with app.app_context(), unit_of_work():
        place = db.session.get(Area, commune.id)
        hamlet = make_hamlet(place, "Pò Mẫu")
        make_household(hamlet, "Vi Lan")
        make_household(hamlet, "Vi Lan")
    file = tmp_path / "a.csv"
    file.write_text("Chủ hộ;Thôn\nVi Lan;Pò Mẫu\nLý Sơn;Pò Mẫu\n", "utf-8")

    done = run(file, "--json")

    said = json.loads(done.output)
    assert done.exit_code == 3
    assert [(row["row"], row["reason"], len(row["household_ids"])) for row in said["undecided"]] == [
        (2, "several_alike", 2)
    ]
    assert said["households_added"] == 1


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4", LIST_B.read_bytes()[:7000], b"a,b\n1,2\n"])
def test_unusable_file_gives_exit_code_2_and_one_sentence(app, run, tmp_path, content):
    file = tmp_path / "danh-sach.xlsx"
    file.write_bytes(content)

    spoken, as_json = run(file), run(file, "--json")

    assert spoken.exit_code == as_json.exit_code == 2
    assert len(spoken.output.strip().splitlines()) == 1
    assert json.loads(as_json.output)["error"]
    assert count(app, Household) == 0


def test_missing_and_huge_files_give_exit_code_2(run, tmp_path):
    huge = tmp_path / "huge.xlsx"
    with huge.open("wb") as file:
        file.truncate(200 * 1024 * 1024)

    assert run(tmp_path / "none.xlsx").exit_code == 2
    assert run(huge).exit_code == 2
    assert run(tmp_path).exit_code == 2


def test_year_and_hamlet_are_said_on_the_command_line(app, run, commune, tmp_path):
    with app.app_context(), unit_of_work():
        make_hamlet(db.session.get(Area, commune.id), "Pò Mẫu")
    file = tmp_path / "a.csv"
    file.write_text("Chủ hộ;Loại hộ\nVi Lan;HN\n", "utf-8")

    refused = run(file)
    unknown = run(file, "--hamlet", "Nà Không")
    accepted = run(file, "--hamlet", "thôn pò mẫu", "--year", "2022")

    assert (refused.exit_code, unknown.exit_code, accepted.exit_code) == (3, 2, 0)
    with app.app_context():
        assert db.session.scalar(sa.select(PovertyStatus.year)) == 2022


def test_area_must_be_said_where_there_are_several_communes(app, run):
    with app.app_context(), unit_of_work():
        make_commune("Xã Khác", "09999")

    unclear = run(LIST_D)
    wrong = run(LIST_D, "--area", "12345")
    right = run(LIST_D, "--area", "06217")

    assert (unclear.exit_code, wrong.exit_code, right.exit_code) == (2, 2, 0)
    with app.app_context():
        communes = db.session.scalars(
            sa.select(Area.code).join(Household, Household.commune_id == Area.id).distinct()
        ).all()
    assert communes == ["06217"]


def test_old_letters_are_converted_and_shown_before_and_after(app, run):
    tried = run(LIST_C, "--dry-run", "--json")
    done = run(LIST_C)

    (first, second) = json.loads(tried.output)["sheets"]
    assert (first["encoding"], second["left_out"]) == ("tcvn3", "no_table")
    assert ["Hä tªn", "Họ tên"] in first["converted"]
    assert done.exit_code == 0
    assert "Hä tªn -> Họ tên" in done.output
    assert count(app, Household) == 20


def test_letters_and_sheets_can_be_said(app, run, tmp_path):
    rows = [["Họ tên", "Thôn"], ["Vi Lan", "Pò Mẫu"]]
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx({"2023": rows, "2022": [rows[0], ["Lý Sơn", "Pò Mẫu"]]}))

    wrong_letters = run(LIST_C, "--encoding", "unicode")
    no_such_sheet = run(path, "--sheet", "2021")
    older_too = run(path, "--sheet", "2022", "--sheet", "2023", "--json")

    assert (wrong_letters.exit_code, no_such_sheet.exit_code) == (2, 2)
    assert "2021" in no_such_sheet.output
    assert json.loads(older_too.output)["households_added"] == 2
    assert count(app, Household) == 2
