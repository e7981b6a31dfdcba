"""Finding households: what keeps them findable, filters, the call list, and that it stays quick in a province."""

from __future__ import annotations

import io
import itertools
import zipfile

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from python_calamine import CalamineWorkbook

from eventmgr.areas.services import add_area
from eventmgr.areas.values import AreaDetails, Level
from eventmgr.core.access import Role, Scope
from eventmgr.core.clock import now
from eventmgr.core.db import db, is_sqlite, unit_of_work
from eventmgr.residents import phones, queries
from eventmgr.residents.finding import index_all, index_commune
from eventmgr.residents.models import Contact, Household, HouseholdTerm, Resident
from eventmgr.residents.values import HouseholdFilter, PovertyClass, Reach, ReachFilter
from eventmgr.residents.workbook import write_households
from tests.factories import hamlet_of, make_commune, make_household


@pytest.fixture
def commune(in_app):
    with unit_of_work():
        return make_commune()


@pytest.fixture
def province(in_app):
    """Two communes of one hamlet each below one province."""
    with unit_of_work():
        above = add_area(AreaDetails(Level.PROVINCE, "Tỉnh Mẫu"), None, by=None, now=now())
        for name in ("Xã Một", "Xã Hai"):
            below = add_area(AreaDetails(Level.COMMUNE, name), above, by=None, now=now())
            add_area(AreaDetails(Level.HAMLET, f"Thôn của {name}"), below, by=None, now=now())
        return above


def found(area, **wanted):
    """The heads' names of the first page."""
    everywhere = Scope((area.path,))
    page = queries.households_page(everywhere, everywhere, HouseholdFilter(**wanted))
    return [line.head for line in page.lines]


def terms_of(household):
    chosen = sa.select(HouseholdTerm.term).where(HouseholdTerm.household_id == household.id)
    return set(db.session.scalars(chosen))


def put(area, changed):
    with unit_of_work() as session:
        session.add(changed)


# --- what keeps households findable -----------------------------------------------------------------


def test_a_household_is_found_by_every_word_of_its_members_and_by_its_code(commune):
    with unit_of_work():
        household = make_household(hamlet_of(commune), "Vi Thị Lý", code="06217-Đ01", members=("Đặng Ước",))

    assert terms_of(household) == {"vi thi ly", "thi ly vi", "ly vi thi", "dang uoc", "uoc dang", "06217-d01"}


@pytest.mark.parametrize("words", [2, 3, 4, 5, 6, 7])
def test_any_two_words_of_a_name_begin_a_term(commune, words):
    name = ["Hoang", "Thi", "Thu", "Ha", "Mai", "Vi", "An"][:words]
    with unit_of_work():
        household = make_household(hamlet_of(commune), " ".join(name))

    pairs = {frozenset(term.split()[:2]) for term in terms_of(household)}

    assert pairs == {frozenset(pair) for pair in itertools.combinations(map(str.lower, name), 2)}
    assert all(sorted(term.split()) == sorted(map(str.lower, name)) for term in terms_of(household))


def test_whoever_left_is_found_no_more(commune):
    with unit_of_work():
        household = make_household(hamlet_of(commune), "Vi Lý", members=("Bế Ân",))
        make_household(hamlet_of(commune), "Lộc Đào")

    with unit_of_work():
        db.session.scalars(sa.select(Resident).where(Resident.full_name == "Bế Ân")).one().left_on = now().date()

    assert terms_of(household) == {"vi ly", "ly vi"}
    assert found(commune, query="be an") == []


def test_a_renamed_head_changes_its_place_in_the_list(commune):
    with unit_of_work():
        make_household(hamlet_of(commune), "Hoàng Bình")
        moved = make_household(hamlet_of(commune), "Hoàng An")
    head = moved.head

    with unit_of_work():
        head = db.session.get_one(Resident, head.id)
        head.full_name, head.name_search, head.name_sort = "Hoàng Yến", "hoang yen", "yen 0 hoang 0"

    assert found(commune) == ["Hoàng Bình", "Hoàng Yến"]
    assert found(commune, query="yen") == ["Hoàng Yến"]
    assert found(commune, query="hoang an") == []


def test_a_person_who_moves_is_found_in_the_new_household_only(commune):
    with unit_of_work():
        old = make_household(hamlet_of(commune), "Vi Lý", members=("Bế Ân",))
        new = make_household(hamlet_of(commune), "Lộc Đào")

    with unit_of_work():
        db.session.scalars(sa.select(Resident).where(Resident.full_name == "Bế Ân")).one().household_id = new.id

    assert "be an" not in terms_of(old)
    assert "be an" in terms_of(new)


def test_a_household_that_is_deleted_leaves_no_terms(commune):
    with unit_of_work():
        household = make_household(hamlet_of(commune), None, code="06217-001")
        household_id = household.id

    with unit_of_work():
        for status in household.statuses:
            db.session.delete(status)
        db.session.delete(household)

    assert db.session.scalar(sa.select(HouseholdTerm).where(HouseholdTerm.household_id == household_id)) is None


def test_rows_written_past_the_session_are_found_once_the_commune_is_indexed(commune):
    with unit_of_work():
        household = make_household(hamlet_of(commune), None)
        db.session.execute(
            sa.insert(Resident),
            [
                {
                    "household_id": household.id,
                    "full_name": "Lành Ẩm",
                    "name_search": "lanh am",
                    "name_sort": "am 0",
                    "is_head": True,
                    "created_at": now(),
                }
            ],
        )
        db.session.execute(sa.insert(Contact), [{"household_id": household.id, "phone": "+84912345678"}])
        index_commune(commune.id)

    assert found(commune, query="am") == ["Lành Ẩm"]
    assert found(commune, query="5678") == ["Lành Ẩm"]
    assert db.session.scalar(sa.select(Household.reach)) is Reach.SMS


def test_making_all_anew_changes_nothing(commune):
    with unit_of_work():
        household = make_household(
            hamlet_of(commune), "Vi Thị Lý", code="7", members=("Vi Văn Ẳn",), phone="+84912345678"
        )
    before = terms_of(household)

    with unit_of_work():
        index_all()

    assert terms_of(household) == before


def test_the_command_makes_households_found_again(app, commune):
    with unit_of_work():
        make_household(hamlet_of(commune), "Vi Lý")
        db.session.execute(sa.delete(HouseholdTerm))
    assert found(commune, query="ly") == []

    done = app.test_cli_runner().invoke(args=["residents", "index"])

    assert done.exit_code == 0
    assert found(commune, query="ly") == ["Vi Lý"]


@pytest.mark.parametrize(
    ("learn", "reach"),
    [
        (lambda phone: None, Reach.SMS),
        (lambda phone: phones.opt_out(phone, "officer", now()), Reach.CALL),
        (lambda phone: phones.mark_dead(phone, now()), Reach.NONE),
        (lambda phone: (phones.mark_dead(phone, now()), phones.mark_alive(phone)), Reach.SMS),
        (lambda phone: (phones.opt_out(phone, "page", now()), phones.opt_in(phone)), Reach.SMS),
    ],
    ids=["nothing", "refusal", "dead", "alive again", "asks again"],
)
def test_what_becomes_known_of_a_phone_decides_how_its_households_are_reached(commune, learn, reach):
    with unit_of_work():
        for place in (0, 1):
            make_household(hamlet_of(commune, place), f"Vi {place}", phone="+84912345678")

    with unit_of_work():
        learn("+84912345678")

    assert set(db.session.scalars(sa.select(Household.reach))) == {reach}


# --- searching --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "heads"),
    [
        ("hoang duc", ["Hoàng Văn Đức"]),
        ("duc hoang", ["Hoàng Văn Đức"]),
        ("v d", ["Nông Văn Dũng", "Hoàng Văn Đức"]),
        ("thuý", ["Lý Thị Thúy"]),
        ("Lí Thuy", ["Lý Thị Thúy"]),
        ("nong hoang", []),
        ("06217-0", ["Nông Văn Dũng", "Hoàng Văn Đức"]),
        ("\N{PERCENT SIGN}an", []),
        ("_an", []),
    ],
)
def test_several_words_narrow_to_one_persons_name(commune, query, heads):
    with unit_of_work():
        make_household(hamlet_of(commune), "Hoàng Văn Đức", code="06217-001")
        make_household(hamlet_of(commune), "Nông Văn Dũng", code="06217-002", members=("Hoàng Thị An",))
        make_household(hamlet_of(commune, 1), "Lý Thị Thúy", code="06241-001")

    assert found(commune, query=query) == heads


def test_who_is_written_just_as_typed_comes_first(commune):
    with unit_of_work():
        for name in ("Vi Hoa", "Vi Hòa", "Vi Hoà", "Vi Hóa"):
            make_household(hamlet_of(commune), name)

    assert found(commune, query="hoà")[:2] == ["Vi Hòa", "Vi Hoà"]
    assert found(commune, query="hoa") == ["Vi Hoa", "Vi Hòa", "Vi Hoà", "Vi Hóa"]


def test_real_names_stand_in_vietnamese_order(commune):
    given = ["An", "Anh", "Ánh", "Ằn", "Ẩm", "Ấm", "Ân", "Dao", "Đào", "Đức", "Ê", "Hòa", "Ơn", "Ư", "Ước"]
    with unit_of_work():
        for name in sorted(given, reverse=True):
            make_household(hamlet_of(commune), f"Hoàng Văn {name}")

    assert [head.split()[-1] for head in found(commune)] == [
        "An", "Anh", "Ánh", "Ằn", "Ẩm", "Ấm", "Ân", "Dao", "Đào", "Đức", "Ê", "Hòa", "Ơn", "Ư", "Ước",
    ]  # fmt: skip


def test_a_phone_is_no_way_to_a_household_for_whoever_may_not_see_it(commune):
    with unit_of_work():
        make_household(hamlet_of(commune), "Vi Lý", phone="+84912345678")

    page = queries.households_page(Scope((commune.path,)), Scope(), HouseholdFilter(query="5678"))

    assert page.lines == ()


# --- filters ----------------------------------------------------------------------------------------


@pytest.fixture
def reached_in_every_way(commune):
    with unit_of_work():
        hamlet = hamlet_of(commune)
        make_household(hamlet, "Vi An", phone="+84912345671", list_order=3)
        make_household(hamlet, "Vi Bình", phone="+842053870001", list_order=2).contacts[0].takes_sms = False
        make_household(hamlet, "Vi Chi", list_order=1)
        make_household(hamlet, "Vi Dung", phone="+84912345672")
        make_household(hamlet_of(commune, 1), "Vi Giang", phone="+84912345673")
        phones.mark_dead("+84912345672", now())
        phones.opt_out("+84912345673", "page", now())
    return commune


@pytest.mark.parametrize(
    ("reach", "heads"),
    [
        (ReachFilter.SMS, ["Vi An"]),
        (ReachFilter.CALL, ["Vi Bình", "Vi Giang"]),
        (ReachFilter.NONE, ["Vi Chi", "Vi Dung"]),
        (ReachFilter.NO_PHONE, ["Vi Chi"]),
        (ReachFilter.DEAD_PHONE, ["Vi Dung"]),
        (ReachFilter.REFUSAL, ["Vi Giang"]),
        (ReachFilter.NO_SMS, ["Vi Bình", "Vi Chi", "Vi Dung", "Vi Giang"]),
    ],
)
def test_households_are_filtered_by_how_they_are_reached(reached_in_every_way, reach, heads):
    assert found(reached_in_every_way, reach=reach) == heads


def test_ethnic_groups_are_asked_for_by_those_only_who_may_see_them(app, login_as):
    with app.app_context(), unit_of_work():
        commune = make_commune()
        make_household(hamlet_of(commune), "Vi An", ethnic_group="Nùng")
        make_household(hamlet_of(commune), "Vi Bình", ethnic_group="Tày")

    def asked_by(role):
        answer = login_as(role, commune).get("/residents", query_string={"group": "Tày"})
        page = BeautifulSoup(answer.text, "lxml")
        return len(page.select("table.data tbody tr")), bool(page.select("select[name=group]"))

    assert asked_by(Role.OFFICER) == (1, True)
    assert asked_by(Role.HAMLET_HEAD) == (2, False)


# --- above communes ---------------------------------------------------------------------------------


@pytest.fixture
def two_communes(province):
    with unit_of_work():
        for place, commune in enumerate(sorted(province.children, key=lambda area: area.id)):
            for name in ("Hoàng Văn An", "Nông Thị Ân", "Lý Bình")[: 3 - place]:
                make_household(commune.children[0], name, code=f"7-{name[-2:]}", phone="+84912345678")
    return province


@pytest.mark.parametrize(
    ("wanted", "heads"),
    [
        ({}, ["Hoàng Văn An", "Hoàng Văn An", "Nông Thị Ân", "Nông Thị Ân", "Lý Bình"]),
        ({"query": "nong an"}, ["Nông Thị Ân", "Nông Thị Ân"]),
        ({"query": "binh", "poverty_class": PovertyClass.POOR}, ["Lý Bình"]),
        ({"query": "binh", "poverty_class": PovertyClass.OTHER}, []),
        ({"reach": ReachFilter.SMS, "query": "ly"}, ["Lý Bình"]),
        ({"query": "5678"}, ["Hoàng Văn An", "Hoàng Văn An", "Nông Thị Ân", "Nông Thị Ân", "Lý Bình"]),
        ({"ethnic_group": "Nùng", "query": "ân"}, ["Nông Thị Ân", "Nông Thị Ân", "Hoàng Văn An", "Hoàng Văn An"]),
    ],
)
def test_a_province_is_searched_as_one_commune_is(two_communes, wanted, heads):
    assert found(two_communes, **wanted) == heads


def test_a_list_above_communes_narrows_to_one_and_its_hamlets(two_communes):
    one, two = sorted(two_communes.children, key=lambda area: area.id)
    everywhere = Scope((two_communes.path,))

    assert found(two_communes, commune_id=two.id) == ["Hoàng Văn An", "Nông Thị Ân"]
    assert found(one, commune_id=two.id) == []
    assert found(one, hamlet_id=two.children[0].id) == []
    assert queries.places_in(everywhere, HouseholdFilter()).hamlets == ()
    assert queries.places_in(everywhere, HouseholdFilter(commune_id=two.id)).hamlets == (
        (two.children[0].id, two.children[0].name),
    )


def test_ethnic_groups_of_a_province_are_offered_once_each(two_communes):
    with unit_of_work():
        make_household(two_communes.children[0].children[0], "Vi An", ethnic_group="Tày")
        make_household(two_communes.children[0].children[0], "Vi Ân", ethnic_group="")

    assert queries.ethnic_groups(queries.territory_of(Scope((two_communes.path,)))) == ["Nùng", "Tày"]


@pytest.mark.parametrize("rare", [1, 3, 2000])
@pytest.mark.parametrize(
    ("query", "heads"),
    [
        ("hoang duc", {"Hoàng Văn Đức", "Hoàng Thị Thu Đức"}),
        ("duc hoa", {"Hoàng Văn Đức", "Hoàng Thị Thu Đức", "Hòa Đức"}),
        ("thu hoang", {"Hoàng Thị Thu Đức", "Hoàng Thúy Thu"}),
        ("van hoang duc", {"Hoàng Văn Đức"}),
        ("nong hoang", set()),
        ("ly nong", {"Nông Lí"}),
        ("ly van", {"Lý Vân Anh"}),
        ("ly li", {"Nông Lí", "Lý Vân Anh"}),
        ("ly linh", set()),
    ],
)
def test_two_words_are_found_in_a_province_however_common_they_are(province, monkeypatch, rare, query, heads):
    names = ("Hoàng Văn Đức", "Hoàng Thị Thu Đức", "Hòa Đức", "Nông Lí", "Lý Vân Anh", "Nông Linh")
    with unit_of_work():
        for place, commune in enumerate(province.children):
            for name in names[place::2]:
                make_household(commune.children[0], name)
        make_household(commune.children[0], "Hoàng Thúy Thu")
    monkeypatch.setattr("eventmgr.residents.queries.names._RARE", rare)

    assert set(found(province, query=query)) == heads


def test_too_many_found_in_a_province_are_said_to_be_cut(two_communes, monkeypatch):
    monkeypatch.setattr("eventmgr.residents.queries.households.COUNT_STOPS_AT", 2)
    monkeypatch.setattr("eventmgr.residents.queries.households._LISTED_OF_TOO_MANY", 2)
    everywhere = Scope((two_communes.path,))

    page = queries.households_page(everywhere, everywhere, HouseholdFilter(query="thi"))
    cut = queries.households_page(everywhere, everywhere, HouseholdFilter(query="an"))

    assert (page.cut, len(page.lines)) == (False, 2)
    assert (cut.cut, len(cut.lines), cut.count) == (True, 2, 3)
    assert len(list(queries.all_households(everywhere, everywhere, HouseholdFilter(query="an")))) == 4


# --- the call list ----------------------------------------------------------------------------------


def test_the_call_list_walks_from_house_to_house(reached_in_every_way):
    here = Scope((reached_in_every_way.path,))

    sheets = queries.call_list(here, here, HouseholdFilter())

    assert [(sheet.hamlet, [line.head for line in sheet.lines]) for sheet in sheets] == [
        (hamlet_of(reached_in_every_way, 0).name, ["Vi Chi", "Vi Bình", "Vi Dung"]),
        (hamlet_of(reached_in_every_way, 1).name, ["Vi Giang"]),
    ]
    assert [phone.dead for phone in sheets[0].lines[2].phones] == [True]


def test_a_hamlet_head_prints_the_own_hamlets_call_list(app, login_as, reached_in_every_way):
    head = login_as(Role.HAMLET_HEAD, hamlet_of(reached_in_every_way, 1))

    page = BeautifulSoup(head.get("/residents/call-list").text, "lxml")

    assert [cell.get_text(strip=True) for cell in page.select("tbody th")] == ["Vi Giang"]
    assert "0912 345 673" in page.select_one("tbody").get_text()
    assert "nghèo" not in page.get_text().lower()


# --- the list taken away ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["=1+1", "+84 Lý", "-Vi", "@Bế", "=Sum(A1:A9)"])
def test_what_people_typed_never_becomes_a_formula(commune, name):
    with unit_of_work():
        make_household(hamlet_of(commune), name)
    here, book = Scope((commune.path,)), io.BytesIO()

    rows = write_households(queries.all_households(here, here, HouseholdFilter()), book)

    book.seek(0)
    sheet = zipfile.ZipFile(book).read("xl/worksheets/sheet1.xml").decode()
    assert rows == 1
    assert "<f>" not in sheet
    book.seek(0)
    assert CalamineWorkbook.from_filelike(book).get_sheet_by_index(0).to_python()[1][1] == name


# --- speed ------------------------------------------------------------------------------------------


def plan_of(statement):
    """How the database would answer: its words about every table it looks through."""
    compiled = str(statement.compile(db.engine, compile_kwargs={"literal_binds": True}))
    if is_sqlite():
        return [row[3] for row in db.session.execute(sa.text("EXPLAIN QUERY PLAN " + compiled.replace(":", r"\:")))]
    db.session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    return [row[0] for row in db.session.execute(sa.text("EXPLAIN " + compiled.replace(":", r"\:")))]


PLACES = [{}, {"commune": True}, {"hamlet": True}]
FILTERS = [
    {},
    {"poverty_class": PovertyClass.POOR},
    {"ethnic_group": "Tày"},
    *({"reach": reach} for reach in ReachFilter),
    {"query": "hoàng"},
    {"query": "hoang duc"},
    {"query": "06217-0"},
    {"query": "5678"},
    {"query": "lý", "reach": ReachFilter.CALL},
]


@pytest.mark.parametrize("place", PLACES, ids=["province", "commune", "hamlet"])
@pytest.mark.parametrize("narrowed", FILTERS, ids=str)
def test_every_list_is_answered_from_an_index(two_communes, place, narrowed):
    """No statement of a page reads a table of people through, whatever is asked."""
    commune = two_communes.children[0]
    wanted = HouseholdFilter(
        commune_id=commune.id if place.get("commune") else None,
        hamlet_id=commune.children[0].id if place.get("hamlet") else None,
        **narrowed,
    )
    everywhere = Scope((two_communes.path,))
    asked = []

    def remember(_connection, clause, *_more):
        # Counting all there are reads 1,001 rows and stops, in whatever order they lie.
        if isinstance(clause, sa.Select) and (narrowed or "count(" not in str(clause)):
            asked.append(clause)

    sa.event.listen(db.engine, "before_execute", remember)
    queries.households_page(everywhere, everywhere, wanted)
    sa.event.remove(db.engine, "before_execute", remember)

    plans = [line for statement in asked for line in plan_of(statement)]
    people = ("household", "resident", "contact", "household_term")
    read_through = [
        line
        for line in plans
        for table in people
        if line in (f"SCAN {table}", f"SCAN {table} AS head") or f"Seq Scan on {table} " in line
    ]
    assert asked
    assert read_through == []


@pytest.mark.parametrize("wanted", [{}, {"reach": "no_sms"}, {"q": "vi"}, {"q": "ví lâm", "order": "list"}], ids=str)
def test_a_page_asks_no_more_the_more_there_is(app, login_as, commune, wanted):
    officer = login_as(Role.OFFICER, commune)
    asked = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))

    def settle(number, since):
        with unit_of_work():
            for place in range(since, number):
                make_household(hamlet_of(commune), f"Vi Lâm {place}", members=(f"Ví Lâm {place}",))
        asked.clear()
        assert officer.get("/residents", query_string=wanted).status_code == 200
        return len(asked)

    officer.get("/residents")  # the sign-in is looked up once more at first
    assert settle(3, 0) == settle(60, 3)
