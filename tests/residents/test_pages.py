"""Pages of households: found, seen, changed by those who may."""

import io
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from python_calamine import CalamineWorkbook

from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.access_log import AccessEntry, AccessKind
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.jobs import take_up_jobs
from eventmgr.core.text import person_sort_key, search_key
from eventmgr.residents.models import Contact, Guest, Household, Resident
from eventmgr.residents.values import PhoneOwner, PovertyClass
from eventmgr.worker import gather_tasks
from tests.factories import hamlet_of, make_commune, make_guest, make_hamlet, make_household
from tests.support.forms import fill

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture
def commune(app):
    with app.app_context(), unit_of_work():
        return make_commune()


@pytest.fixture
def officer(login_as, commune):
    return login_as(Role.OFFICER, commune)


@pytest.fixture
def households(app, commune):
    """Six households in two hamlets, by their heads' names."""
    with app.app_context(), unit_of_work():
        place = db.session.get(Area, commune.id)
        one, two = hamlet_of(place, 0), hamlet_of(place, 2)
        made = [
            make_household(one, "Hoàng Văn Ánh", phone="+84912345678", members=("Vi Thị Lý", "Hoàng Linh")),
            make_household(one, "Bàn Thị Anh", poverty_class=PovertyClass.NEAR_POOR),
            make_household(one, "Đặng Văn Đức", code="06217-003"),
            make_household(two, "Nông Thị Ân"),
            make_household(two, "LÝ VĂN DAO", phone="+84987654321", owner=PhoneOwner.RELATIVE),
            make_household(two, "Lí Thị Hoà"),
        ]
        return {household.head.full_name: household.id for household in made}


def page_of(response):
    return BeautifulSoup(response.text, "lxml")


def heads(response):
    return [link.get_text(strip=True) for link in page_of(response).select("table.data th[scope=row] > a")]


def errors(response):
    return [part.get_text(" ", strip=True) for part in page_of(response).select(".field-error")]


# --- the list ---------------------------------------------------------------------------------------


def test_households_are_listed_by_given_name_in_vietnamese_order(officer, households):
    assert heads(officer.get("/residents")) == [
        "Bàn Thị Anh",
        "Hoàng Văn Ánh",
        "Nông Thị Ân",
        "Lý Văn Dao",
        "Đặng Văn Đức",
        "Lí Thị Hoà",
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("duc", ["Đặng Văn Đức"]),
        ("dang duc", ["Đặng Văn Đức"]),
        ("ĐỨC", ["Đặng Văn Đức"]),
        ("hòa", ["Lí Thị Hoà", "Hoàng Văn Ánh"]),
        ("hoang", ["Hoàng Văn Ánh"]),
        ("an", ["Bàn Thị Anh", "Hoàng Văn Ánh", "Nông Thị Ân"]),
        ("ánh", ["Hoàng Văn Ánh", "Bàn Thị Anh"]),
        ("ly", ["Hoàng Văn Ánh", "Lý Văn Dao", "Lí Thị Hoà"]),
        ("06217", ["Đặng Văn Đức"]),
        ("5678", ["Hoàng Văn Ánh"]),
        ("0912 345 678", ["Hoàng Văn Ánh"]),
        ("+84 912 345 678", ["Hoàng Văn Ánh"]),
        ("678", []),
        ("9995678", []),
        ("%", []),
        ("không ai", []),
    ],
)
def test_search_needs_no_diacritics(officer, households, query, found):
    assert heads(officer.get("/residents", query_string={"q": query})) == found


def test_search_says_which_member_it_has_found(officer, households):
    page = page_of(officer.get("/residents", query_string={"q": "linh"}))

    assert "Hoàng Linh" in page.select_one("table.data th[scope=row]").get_text()


def test_filters_narrow_and_stay_in_the_address(app, officer, commune, households):
    with app.app_context():
        hamlet = hamlet_of(db.session.get(Area, commune.id), 0).id

    response = officer.get("/residents", query_string={"hamlet": hamlet, "class": "poor", "reach": "no_phone"})

    assert heads(response) == ["Đặng Văn Đức"]
    page = page_of(response)
    assert page.select_one("select[name=hamlet] option[selected]")["value"] == str(hamlet)
    assert page.select_one("select[name=reach] option[selected]")["value"] == "no_phone"


def test_long_lists_are_paged_back_and_forth(app, officer, commune):
    with app.app_context(), unit_of_work():
        place = hamlet_of(db.session.get(Area, commune.id))
        for number in range(120):
            make_household(place, f"Vi Văn {'abcdefghij'[number % 10]}{'uvwxyz'[number % 6]} {chr(97 + number % 26)}")

    seen, url, pages = [], "/residents", 0
    while url:
        response = officer.get(url)
        seen += [link["href"] for link in page_of(response).select("table.data th[scope=row] > a")]
        link = page_of(response).select_one("a[rel=next]")
        url, last, pages = link and link["href"], url, pages + 1

    assert pages == 3
    assert len(set(seen)) == len(seen) == 120
    back = officer.get(page_of(officer.get(last)).select_one("a[rel=prev]")["href"])
    assert [link["href"] for link in page_of(back).select("table.data th[scope=row] > a")] == seen[50:100]


@pytest.mark.parametrize(
    "arguments", ["after=999999", "before=abc", "hamlet=x", "class=rich", "order=list", "q=" + "a" * 5000]
)
def test_odd_addresses_are_no_errors(officer, households, arguments):
    assert officer.get("/residents?" + arguments).status_code == 200


def test_list_costs_the_same_queries_however_long_it_is(app, officer, commune):
    with app.app_context():
        engine = db.engine
        with unit_of_work():
            place = hamlet_of(db.session.get(Area, commune.id))
            for number in range(5):
                make_household(place, f"Vi {number}", phone=f"+8491234567{number}")

    def queries():
        asked = []
        sa.event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
        officer.get("/residents")
        return len(asked)

    few = queries()
    with app.app_context(), unit_of_work():
        place = hamlet_of(db.session.get(Area, commune.id))
        for number in range(40):
            make_household(place, f"Lý {number}", phone=f"+849123450{number:02d}")

    assert queries() == few


def test_list_is_taken_away_as_a_workbook(app, officer, households):
    answer = officer.get("/residents/export", query_string={"class": "poor"})

    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert [row[1] for row in rows[1:]] == ["Hoàng Văn Ánh", "Nông Thị Ân", "Lý Văn Dao", "Đặng Văn Đức", "Lí Thị Hoà"]
    assert rows[1][6] == "0912 345 678"
    with app.app_context():
        taken = db.session.scalars(sa.select(AccessEntry).where(AccessEntry.kind == AccessKind.EXPORT)).one()
        assert (taken.what, taken.shown, taken.filters) == ("households", 5, {"poverty_class": "poor"})


# --- access -----------------------------------------------------------------------------------------


def test_hamlet_head_sees_the_own_hamlet_only(app, login_as, commune, households):
    with app.app_context():
        hamlet = hamlet_of(db.session.get(Area, commune.id), 0).id
    head = login_as(Role.HAMLET_HEAD, hamlet)

    assert heads(head.get("/residents")) == ["Bàn Thị Anh", "Hoàng Văn Ánh", "Đặng Văn Đức"]
    assert head.get(f"/residents/households/{households['Bàn Thị Anh']}").status_code == 200
    assert head.get(f"/residents/households/{households['LÝ VĂN DAO']}").status_code == 404
    assert head.get("/residents", query_string={"q": "dao"}).text.count("LÝ") == 0


@pytest.mark.parametrize(
    "path",
    [
        "households/{0}",
        "households/{0}/edit",
        "households/{0}/members/new",
        "households/{0}/contacts/new",
        "households/{0}/status",
    ],
)
def test_household_of_another_commune_does_not_exist(app, officer, path):
    with app.app_context(), unit_of_work():
        other = make_commune("Xã Khác", "09999", hamlets=("Nà Khác",))
        foreign = make_household(hamlet_of(other), "Người Xã Khác").id

    assert officer.get("/residents/" + path.format(foreign)).status_code == 404
    assert officer.get("/residents/" + path.format(999_999)).status_code == 404


def test_rows_below_a_foreign_household_do_not_exist_either(app, officer):
    with app.app_context(), unit_of_work():
        other = make_commune("Xã Khác", "09999", hamlets=("Nà Khác",))
        foreign = make_household(hamlet_of(other), "Người Xã Khác", phone="+84912345678")
        resident, contact = foreign.members[0].id, foreign.contacts[0].id
        guest = make_guest(other).id

    assert officer.get(f"/residents/members/{resident}/edit").status_code == 404
    assert officer.get(f"/residents/contacts/{contact}/edit").status_code == 404
    assert officer.post(f"/residents/contacts/{contact}/remove").status_code == 404
    assert officer.get(f"/guests/{guest}/edit").status_code == 404


def test_hamlet_head_may_mend_phones_but_nothing_else(app, login_as, commune, households):
    with app.app_context():
        hamlet = hamlet_of(db.session.get(Area, commune.id), 0).id
    head = login_as(Role.HAMLET_HEAD, hamlet)
    household = households["Bàn Thị Anh"]

    assert head.get(f"/residents/households/{household}/edit").status_code == 403
    assert head.get("/residents/import").status_code == 403
    answer = head.post(
        f"/residents/households/{household}/contacts/new",
        data={"phone": "0912 000 111", "owner": "member", "resident": ""},
    )
    assert answer.status_code == 302


def test_strangers_are_asked_to_sign_in(client, commune):
    for path in ("/residents", "/residents/import", "/guests", "/settings/areas"):
        assert "/sign-in" in client.get(path).headers["Location"]


def test_phones_are_masked_for_those_who_may_not_see_them(app, officer, households, monkeypatch):
    from eventmgr.core import access

    without = access.ROLE_PERMISSIONS[Role.OFFICER] - {access.Permission.VIEW_PHONES}
    monkeypatch.setitem(access.ROLE_PERMISSIONS, Role.OFFICER, frozenset(without))

    listed = officer.get("/residents").text
    shown = officer.get(f"/residents/households/{households['Hoàng Văn Ánh']}").text

    assert "0912 ••• 678" in listed
    assert "0912 ••• 678" in shown
    assert not re.search(r"0?912\D?345\D?678", listed + shown)
    assert heads(officer.get("/residents", query_string={"q": "0912345"})) == []


# --- adding and changing ----------------------------------------------------------------------------


def household_form(hamlet, **changes):
    return {
        "full_name": "Lò Thị Mới",
        "birth": "1965",
        "gender": "female",
        "ethnic_group": "Thái",
        "hamlet": hamlet,
        "code": "",
        "poverty_class": "near_poor",
        "year": "2023",
        "phone": "01688 123 456",
    } | changes


def test_officer_adds_a_household_with_its_head_and_phone(app, officer, commune):
    with app.app_context():
        hamlet = hamlet_of(db.session.get(Area, commune.id)).id

    answer = officer.post("/residents/households/new", data=household_form(hamlet, birth="4/12/1965"))

    assert answer.status_code == 302
    page = page_of(officer.get(answer.headers["Location"]))
    assert "Lò Thị Mới" in page.h1.get_text()
    with app.app_context():
        household = db.session.scalar(sa.select(Household))
        assert household.poverty_class is PovertyClass.NEAR_POOR
        assert str(household.head.birth_date) == "1965-12-04"
        assert household.head.name_search == "lo thi moi"
        assert [contact.phone for contact in household.contacts] == ["+84388123456"]


@pytest.mark.parametrize(
    "change",
    [
        {"full_name": " "},
        {"birth": "31/2/1965"},
        {"birth": "2030"},
        {"year": "23"},
        {"phone": "0912"},
        {"phone": "abc"},
        {"hamlet": "999999"},
        {"gender": "x"},
    ],
)
def test_wrong_entries_are_told_beside_the_field_and_nothing_is_lost(app, officer, commune, change):
    with app.app_context():
        hamlet = hamlet_of(db.session.get(Area, commune.id)).id

    answer = officer.post("/residents/households/new", data=household_form(hamlet) | change)

    assert answer.status_code == 422
    assert len(errors(answer)) == 1
    kept = page_of(answer).select_one("input[name=ethnic_group]")["value"]
    assert kept == "Thái"
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 0


def test_taken_code_is_told_beside_the_field(app, officer, commune, households):
    with app.app_context():
        hamlet = hamlet_of(db.session.get(Area, commune.id)).id

    answer = officer.post("/residents/households/new", data=household_form(hamlet, code="06217-003"))

    assert answer.status_code == 422
    assert "06217-003" in errors(answer)[0]


def test_household_moves_to_another_hamlet(app, officer, commune, households):
    with app.app_context():
        hamlet = hamlet_of(db.session.get(Area, commune.id), 2).id
    household = households["Bàn Thị Anh"]

    fill(officer, f"/residents/households/{household}/edit", code="X-1", address_note="cạnh suối")
    fill(officer, f"/residents/households/{household}/move", hamlet=hamlet)

    with app.app_context():
        moved = db.session.get(Household, household)
        assert (moved.hamlet_id, moved.code, moved.address_note) == (hamlet, "X-1", "cạnh suối")


def test_household_that_left_is_no_longer_listed(officer, households):
    household = households["Bàn Thị Anh"]

    fill(officer, f"/residents/households/{household}/leave", on="2023-05-01")

    assert "Bàn Thị Anh" not in heads(officer.get("/residents"))


def test_new_head_takes_the_place_of_the_old(app, officer, households):
    household = households["Hoàng Văn Ánh"]
    with app.app_context():
        wife = db.session.scalar(sa.select(Resident.id).where(Resident.full_name == "Vi Thị Lý"))

    shown = page_of(officer.get(f"/residents/members/{wife}/edit"))
    answer = fill(
        officer,
        f"/residents/members/{wife}/edit",
        birth="1970",
        gender="female",
        is_head="y",
        citizen_number="20170000001",
    )

    assert shown.select_one("input[name=full_name]")["value"] == "Vi Thị Lý"
    assert answer.status_code == 302
    with app.app_context():
        members = db.session.get(Household, household).members
        assert [member.full_name for member in members if member.is_head] == ["Vi Thị Lý"]
        assert members[0].citizen_number_digest
    assert "020170000001" not in officer.get(f"/residents/members/{wife}/edit").text


def test_citizen_number_on_file_stays_when_the_field_is_left_empty(app, officer, households):
    with app.app_context():
        member = db.session.scalar(sa.select(Resident.id).where(Resident.full_name == "Vi Thị Lý"))
    address = f"/residents/members/{member}/edit"

    fill(officer, address, gender="female", citizen_number="020170000001")
    fill(officer, address, gender="male", citizen_number="")
    wrong = fill(officer, address, citizen_number="12")

    with app.app_context():
        assert db.session.get(Resident, member).citizen_number_digest
    assert wrong.status_code == 422


def test_phones_are_added_changed_and_removed(app, officer, households):
    household = households["Hoàng Văn Ánh"]
    form = {"phone": "0988 111 222", "owner": "relative", "owner_note": "con trai", "resident": "", "first": "y"}

    twice = officer.post(f"/residents/households/{household}/contacts/new", data=form | {"phone": "0912345678"})
    added = officer.post(f"/residents/households/{household}/contacts/new", data=form)
    with app.app_context():
        contact = db.session.scalar(sa.select(Contact).where(Contact.phone == "+84988111222"))
        assert (contact.owner, contact.owner_note, contact.position) == (PhoneOwner.RELATIVE, "con trai", 0)
        contact_id = contact.id
    removed = officer.post(f"/residents/contacts/{contact_id}/remove")

    assert twice.status_code == 422
    assert "0912 345 678" in errors(twice)[0]
    assert added.status_code == removed.status_code == 302
    with app.app_context():
        assert [c.phone for c in db.session.get(Household, household).contacts] == ["+84912345678"]


def test_class_of_a_new_year_stands_beside_the_old(app, officer, households):
    household = households["Hoàng Văn Ánh"]

    officer.post(
        f"/residents/households/{household}/status",
        data={"poverty_class": "newly_escaped", "year": "2024", "decision": "15/QĐ-UBND"},
    )

    shown = officer.get(f"/residents/households/{household}").text
    assert "15/QĐ-UBND" in shown
    assert "Danh sách mẫu 2023" in shown
    with app.app_context():
        assert db.session.get(Household, household).poverty_class is PovertyClass.NEWLY_ESCAPED


def test_guests_are_added_found_and_changed(app, officer, commune):
    empty = officer.get("/guests")
    form = {"full_name": "Triệu Thị Khách", "title": "Chủ tịch", "organisation": "Hội Phụ nữ xã", "phone": "0912345678"}
    form |= {"gender": "female", "area": commune.id, "on_state_payroll": "y"}

    wrong = officer.post("/guests/new", data=form | {"phone": "12"})
    officer.post("/guests/new", data=form)
    with app.app_context():
        guest = db.session.scalar(sa.select(Guest)).id
    officer.post(f"/guests/{guest}/edit", data=form | {"title": "Phó Chủ tịch"})

    assert empty.status_code == 200
    assert wrong.status_code == 422
    assert "Phó Chủ tịch" in officer.get("/guests", query_string={"q": "trieu khach"}).text
    assert "Triệu" not in page_of(officer.get("/guests", query_string={"q": "dao"})).main.get_text()


def test_guests_are_leafed_through_by_pages(app, officer, commune):
    with app.app_context(), unit_of_work():
        for number in range(101):
            name = f"Vi Khách {number:03}"
            db.session.add(
                Guest(
                    area_id=commune.id,
                    full_name=name,
                    name_search=search_key(name),
                    name_sort=person_sort_key("Vi"),
                    created_at=now(),
                )
            )

    def names(page):
        return [cell.get_text(strip=True)[-3:] for cell in page.select("tbody th")]

    first = page_of(officer.get("/guests", query_string={"q": "khach"}))
    second = page_of(officer.get(first.select_one("a[rel=next]")["href"]))
    third = page_of(officer.get(second.select_one("a[rel=next]")["href"]))
    back = page_of(officer.get(third.select_one("a[rel=prev]")["href"]))
    start = page_of(officer.get(back.select_one("a[rel=prev]")["href"]))

    expected = [f"{number:03}" for number in range(101)]
    assert [names(page) for page in (first, second, third)] == [expected[:50], expected[50:100], expected[100:]]
    assert (names(back), names(start)) == (expected[50:100], expected[:50])
    assert (first.select_one("a[rel=prev]"), third.select_one("a[rel=next]"), start.select_one("a[rel=prev]")) == (
        None,
        None,
        None,
    )
    assert "101" in third.main.get_text()


# --- taking in a list -------------------------------------------------------------------------------


def upload(officer, commune, name, content=None):
    content = (DATA / name).read_bytes() if content is None else content
    return officer.post(
        "/residents/import",
        data={"list": (io.BytesIO(content), name), "commune": commune.id},
        content_type="multipart/form-data",
    )


def work_off(app):
    """What the worker does."""
    gather_tasks()
    with app.app_context():
        take_up_jobs()


def test_list_is_shown_before_it_is_taken_in(app, officer, commune):
    answer = upload(officer, commune, "B-danh-sach-nhan-khau-mau.xlsx")
    page = page_of(officer.get(answer.headers["Location"]))

    tiles = {
        tile.select_one(".tile-label").get_text(): tile.select_one(".tile-figure").get_text()
        for tile in page.select(".tile")
    }
    assert list(tiles.values()) == ["90", "304", "0", "0", "6"]
    text = page.main.get_text(" ", strip=True)
    assert "039290559" in text
    assert "56" in text
    assert "Số CCCD/ĐDCN" in text
    assert "Khuổi Ví Dụ" in text
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 0


def test_list_goes_in_and_what_is_left_is_told(app, officer, commune):
    answer = upload(officer, commune, "B-danh-sach-nhan-khau-mau.xlsx")
    where = answer.headers["Location"]

    done = officer.post(where, data={"year": "2023", "decision": "", "hamlet": "", "add_hamlets": "y"})
    waiting = officer.get(done.headers["Location"])
    work_off(app)
    after = officer.get(done.headers["Location"], follow_redirects=True)
    again = officer.post(where, data={"year": "2023", "hamlet": "", "add_hamlets": "y"}, follow_redirects=True)

    assert page_of(waiting).select_one("progress")
    assert "039290559" in page_of(after).main.get_text()
    assert again.status_code == 200
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 90
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Resident)) == 304


def test_questions_are_answered_on_the_page(app, officer, commune):
    with app.app_context(), unit_of_work():
        hamlet = hamlet_of(db.session.get(Area, commune.id))
        name = hamlet.name
        known = [make_household(hamlet, "Vi Lan").id, make_household(hamlet, "Vi Lan").id]
    lines = f"Chủ hộ;Thôn;SĐT\nVi Lan;{name};0912345678\nVi Lan;{name};0987654321\n"
    where = upload(officer, commune, "a.csv", lines.encode()).headers["Location"]

    questions = []
    for answer in (str(known[1]), "new"):
        page = page_of(officer.get(where + "/review"))
        questions.append(page.select_one("[name=question]")["value"])
        officer.post(where + "/review", data={"question": questions[-1], "answer": answer})
    last = officer.get(where + "/review")
    officer.post(where, data={"year": "2023", "hamlet": "", "add_hamlets": "y"})
    work_off(app)

    assert questions == ["a!2", "a!3"]
    assert not page_of(last).select("[name=question]")
    with app.app_context():
        assert db.session.scalar(sa.select(Contact.household_id).where(Contact.phone == "+84912345678")) == known[1]
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("danh-sach.xlsx", b"%PDF-1.7 abc"),
        ("danh-sach.xlsx", (DATA / "B-danh-sach-nhan-khau-mau.xlsx").read_bytes()[:9000]),
        ("danh-sach.csv", b""),
        ("danh-sach.csv", b"a;b\n1;2\n"),
        ("danh-sach.xls", bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le") * 9),
    ],
)
def test_file_that_is_no_list_is_refused_in_one_sentence(app, officer, commune, name, content):
    answer = upload(officer, commune, name, content)

    assert answer.status_code == 422
    assert len(errors(answer)) == 1
    assert errors(answer)[0].endswith(".")


def test_no_file_and_too_large_a_file_are_told_kindly(officer, commune):
    none = officer.post("/residents/import", data={"commune": commune.id})
    huge = upload(officer, commune, "a.csv", b"x" * (21 * 1024 * 1024))

    assert none.status_code == 422
    assert huge.status_code == 413
    assert page_of(huge).h1


def test_kept_list_of_another_commune_does_not_exist(app, officer, login_as, commune):
    where = upload(officer, commune, "D-danh-ba-mau.csv").headers["Location"]
    with app.app_context(), unit_of_work():
        other = make_commune("Xã Khác", "09999", hamlets=("Nà Khác",)).id
    stranger = login_as(Role.OFFICER, other)

    assert stranger.get(where).status_code == 404
    assert stranger.post(where, data={"year": "2023"}).status_code == 404
    assert stranger.get(where + "/done").status_code == 404


def test_wrong_year_of_an_import_is_told_and_nothing_saved(app, officer, commune):
    where = upload(officer, commune, "D-danh-ba-mau.csv").headers["Location"]

    answer = officer.post(where, data={"year": "23", "hamlet": "", "add_hamlets": "y"})

    assert answer.status_code == 422
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 0


def test_pages_escape_what_lists_say(officer, commune):
    lines = "Chủ hộ;Thôn;Loại hộ\n<script>alert(1)</script>;<b>Nà</b>;<i>x</i>\n"
    where = upload(officer, commune, "<img src=x>.csv", lines.encode()).headers["Location"]

    text = officer.get(where).text

    assert "<script>alert" not in text
    assert "<b>Nà" not in text
    assert "<img src=x>" not in text


@pytest.mark.parametrize(
    "path", ["/residents", "/residents/import", "/residents/households/new", "/guests", "/guests/new"]
)
def test_pages_speak_both_languages(officer, households, path):
    vietnamese, english = officer.get(path), officer.get(path, query_string={"lang": "en"})

    assert vietnamese.status_code == english.status_code == 200
    assert page_of(vietnamese).h1.get_text() != page_of(english).h1.get_text()


def test_commune_without_hamlets_leads_to_the_areas(app, login_as):
    with app.app_context(), unit_of_work():
        bare = make_commune("Xã Trống", None, hamlets=()).id
    officer = login_as(Role.OFFICER, bare)

    assert page_of(officer.get("/residents/households/new")).select_one("a[href='/settings/areas']")


def test_household_needs_no_hamlet_of_its_own_to_be_listed(app, officer, commune):
    with app.app_context(), unit_of_work():
        place = make_hamlet(db.session.get(Area, commune.id), "Thôn 10")
        make_household(place, None)

    assert len(heads(officer.get("/residents"))) == 1
