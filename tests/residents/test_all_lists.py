"""The four lists of one commune: in any order, alone or together, once or again, they end as the same households."""

import io
import json
from datetime import date
from functools import cache
from itertools import permutations
from pathlib import Path

import pytest
import sqlalchemy as sa
from lxml import html

from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.jobs import take_up_jobs
from eventmgr.core.text import match_key
from eventmgr.residents.importing.parsing import parse_list
from eventmgr.residents.models import Contact, Household, PovertyStatus, Resident
from eventmgr.residents.values import Gender, PovertyClass
from eventmgr.worker import gather_tasks
from tests.factories import make_commune
from tests.support.lists import take_in

DATA = Path(__file__).parents[1] / "data"
EXPECTED = json.loads((DATA / "expected-mau.json").read_text("utf-8"))
FILES = {
    "A": "A-danh-sach-ho-ngheo-mau.xlsx",
    "B": "B-danh-sach-nhan-khau-mau.xlsx",
    "C": "C-truong-thon-tcvn3-mau.xlsx",
    "D": "D-danh-ba-mau.csv",
}
ORDERS = ["".join(order) for order in permutations("ABCD")]
TODAY = date(2023, 6, 1)


@cache
def parsed_file(letter):
    """A list as an officer who agrees to every proposal has it read."""
    content = (DATA / FILES[letter]).read_bytes()
    return parse_list(content, FILES[letter], TODAY, parse_list(content, FILES[letter], TODAY).proposed)


def take_in_all(commune, letters):
    for letter in letters:
        result = take_in(commune, parsed_file(letter))
        assert (result.rejected, result.undecided) == ([], []), f"{letter} in {letters}"
    db.session.expire_all()


def count(table, *conditions):
    return db.session.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions))


def phones():
    return set(db.session.scalars(sa.select(Contact.phone)))


def households_by_hamlet():
    rows = sa.select(Area.name, sa.func.count()).join(Household, Household.hamlet_id == Area.id).group_by(Area.name)
    return {match_key(name): number for name, number in db.session.execute(rows)}


def expect_everything():
    """What expected-mau.json says of the four lists together."""
    assert count(Household) == EXPECTED["B"]["households"]
    assert count(Resident) == EXPECTED["B"]["residents"]
    assert count(Resident, Resident.is_head) == EXPECTED["B"]["households"]
    assert count(Resident, Resident.gender == Gender.FEMALE) == EXPECTED["B"]["women"]
    assert phones() == set().union(*(EXPECTED[letter]["phones"] for letter in "ABCD"))
    assert count(Contact) == len(set(db.session.execute(sa.select(Contact.household_id, Contact.phone)).all()))
    assert households_by_hamlet() == {match_key(name): number for name, number in EXPECTED["hamlets"].items()}
    assert count(PovertyStatus, PovertyStatus.poverty_class == PovertyClass.POOR) == EXPECTED["A"]["poor"]
    assert count(PovertyStatus, PovertyStatus.poverty_class == PovertyClass.NEAR_POOR) == EXPECTED["A"]["near_poor"]
    assert count(PovertyStatus) == count(Household)
    assert count(Household, Household.code.is_(None)) == 0
    assert count(Resident, Resident.citizen_number_digest.is_(None), Resident.is_head) == 0


@pytest.fixture
def commune(in_app):
    with unit_of_work():
        return make_commune(hamlets=())


@pytest.mark.one_database
@pytest.mark.parametrize("order", ORDERS)
def test_four_lists_end_the_same_in_any_order(commune, order):
    take_in_all(commune, order)

    expect_everything()


@pytest.mark.parametrize("order", ["AABBCCDD", "DCBADCBA", "CACBDBAC", "BDACBDAC"])
def test_lists_taken_in_again_change_nothing(commune, order):
    take_in_all(commune, order)

    expect_everything()


@pytest.mark.parametrize("order", ["A", "AA", "B", "BB", "C", "CC", "D", "DD"])
def test_one_list_alone_gives_its_households(commune, order):
    take_in_all(commune, order)

    expected = EXPECTED[order[0]]
    assert count(Household) == expected["households"]
    assert count(Resident) == expected.get("residents", expected["households"])
    assert phones() == set(expected["phones"])
    if order[0] == "A":
        assert count(Household, Household.poverty_class == PovertyClass.POOR) == expected["poor"]
        assert count(Household, Household.poverty_class == PovertyClass.NEAR_POOR) == expected["near_poor"]
    if order[0] == "C":
        assert set(db.session.scalars(sa.select(Resident.full_name))) == set(expected["heads"])


@pytest.mark.one_database
@pytest.mark.parametrize("order", ["ABCD", "CDAB", "DCBA"])
def test_command_takes_in_all_four(app, order):
    with app.app_context(), unit_of_work():
        make_commune(hamlets=())
    runner = app.test_cli_runner()

    for letter in order:
        done = runner.invoke(args=["residents", "import", str(DATA / FILES[letter]), "--year", "2023"])
        assert done.exit_code == 0, done.output
        assert ("  N«ng V¨n ¸nh -> Nông Văn Ánh" in done.output or "Hä tªn -> Họ tên" in done.output) is (letter == "C")

    with app.app_context():
        expect_everything()


def fields_of(page):
    """The answers of the page's main form, as a browser would send them back unchanged."""
    form = max(html.fromstring(page.text).xpath("//main//form[@method='post']"), key=lambda form: len(form.fields))
    return dict(form.form_values())


def take_in_by_web(app, officer, commune, letter):
    """Hand a list in and press the filled button of every page."""
    content = io.BytesIO((DATA / FILES[letter]).read_bytes())
    answer = officer.post("/residents/import", data={"list": (content, FILES[letter]), "commune": commune.id})
    if answer.location.endswith("/reading"):
        answer = officer.post(answer.location, data=fields_of(officer.get(answer.location)))
    preview = answer.location
    answer = officer.post(preview, data=fields_of(officer.get(preview)) | {"year": "2023"})
    with app.app_context():
        take_up_jobs()
    assert officer.get(answer.location, follow_redirects=True).request.path == f"{preview}/done"


@pytest.mark.one_database
@pytest.mark.parametrize("order", ["CABD", "DBAC", "BCCADDBA"])
def test_officer_takes_in_all_four_by_the_pages(app, login_as, order):
    with app.app_context(), unit_of_work():
        commune = make_commune(hamlets=())
    officer = login_as(Role.OFFICER, commune)
    gather_tasks()

    for letter in order:
        take_in_by_web(app, officer, commune, letter)

    with app.app_context():
        expect_everything()
