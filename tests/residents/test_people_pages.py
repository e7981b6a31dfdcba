"""The pages of one household and one person: told, changed, taken back; phones by the hamlet's head."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.residents.models import Contact, Household, PhoneState, Resident
from eventmgr.residents.values import LeftWhy
from tests.factories import hamlet_of, make_commune, make_household, make_invitation, make_meeting
from tests.support.forms import fields_of, fill


@pytest.fixture
def commune(app):
    with app.app_context(), unit_of_work():
        return make_commune()


@pytest.fixture
def officer(login_as, commune):
    return login_as(Role.OFFICER, commune)


@pytest.fixture
def family(app, commune):
    with app.app_context(), unit_of_work():
        place = hamlet_of(db.session.get(Area, commune.id))
        return make_household(place, "Hoàng Văn Mẫu", phone="+84912345678", members=("Vi Thị Mẫu", "Hoàng Văn Con")).id


@pytest.fixture
def neighbours(app, commune):
    with app.app_context(), unit_of_work():
        place = hamlet_of(db.session.get(Area, commune.id), 2)
        return make_household(place, "Lý Văn Bên", phone="+84987000222").id


@pytest.fixture
def hamlet_head(app, login_as, family):
    with app.app_context():
        hamlet_id = db.session.get(Household, family).hamlet_id
    return login_as(Role.HAMLET_HEAD, hamlet_id)


def person_named(app, name: str) -> int:
    with app.app_context():
        return db.session.scalar(sa.select(Resident.id).where(Resident.full_name == name))


def contact_of(app, household_id: int) -> int:
    with app.app_context():
        return db.session.scalar(sa.select(Contact.id).where(Contact.household_id == household_id))


def words(answer) -> str:
    return BeautifulSoup(answer.text, "lxml").select_one("main").get_text(" ", strip=True)


def undo_buttons(answer) -> list[str]:
    return [str(form["action"]) for form in BeautifulSoup(answer.text, "lxml").select("form[action$='/undo']")]


# --- What a page tells ------------------------------------------------------------------------------


def test_household_page_shows_invitations_and_attendances_of_the_rooms_above(app, officer, family):
    with app.app_context(), unit_of_work():
        household = db.session.get(Household, family)
        make_invitation(make_meeting(household.hamlet, title="Họp thôn về giảm nghèo"), household)

    page = words(officer.get(f"/residents/households/{family}"))

    assert "Họp thôn về giảm nghèo" in page
    assert "Chưa dự hội nghị nào." in page


def test_history_tells_in_words_what_was_changed_by_whom(app, officer, family):
    son = person_named(app, "Hoàng Văn Con")

    fill(officer, f"/residents/members/{son}/edit", gender="male", birth="4/12/1999")

    page = words(officer.get(f"/residents/households/{family}"))
    assert "Sửa thông tin người : Hoàng Văn Con" in page
    assert "Chưa rõ Nam" in page.replace("trước:", "").replace("  ", " ")
    assert "Hoàng Thị Mẫu" in page


def test_history_never_tells_a_citizen_number(app, officer, family):
    son = person_named(app, "Hoàng Văn Con")

    fill(officer, f"/residents/members/{son}/edit", citizen_number="020099001234")

    page = words(officer.get(f"/residents/people/{son}"))
    assert "020099001234" not in page
    assert "đã thay đổi" in page


def test_dead_phones_and_refusals_are_told(app, officer, family):
    with app.app_context(), unit_of_work():
        db.session.add(PhoneState(phone="+84912345678", opted_out_at=now(), opted_out_how="page", last_outcome=""))

    assert "Không nhận tin nhắn" in words(officer.get(f"/residents/households/{family}"))


def test_pages_run_no_more_queries_for_more_people(app, officer, family, count_queries):
    few = count_queries(lambda: officer.get(f"/residents/households/{family}"))
    with app.app_context(), unit_of_work():
        household = db.session.get(Household, family)
        for number in range(20):
            household.contacts.append(Contact(phone=f"+8491200{number:04}", position=number + 1))
            make_invitation(make_meeting(household.hamlet), household)

    many = count_queries(lambda: officer.get(f"/residents/households/{family}"))

    assert many <= few


def test_more_likely_pairs_need_no_more_queries(app, officer, twins, count_queries):
    few = count_queries(lambda: officer.get("/residents/duplicates"))
    with app.app_context(), unit_of_work():
        place = db.session.get(Household, twins[0][0]).hamlet
        for number in range(16):
            make_household(place, f"Bế Văn {number // 2}").head.birth_year = 1960

    many = count_queries(lambda: officer.get("/residents/duplicates"))

    assert many <= few


@pytest.fixture
def count_queries(app):
    def count(ask) -> int:
        asked: list[str] = []
        with app.app_context():
            engine = db.engine
        sa.event.listen(engine, "before_cursor_execute", note := lambda *given: asked.append(given[2]))
        try:
            assert ask().status_code == 200
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)
        return len(asked)

    return count


# --- Acts of the officer ----------------------------------------------------------------------------


def test_new_household_with_phone_and_class_is_one_act(app, officer, commune):
    added = fill(officer, "/residents/households/new", full_name="Bế Văn Mới", phone="0987 111 222", year="2024")
    page = officer.get(added.location)
    assert len(undo_buttons(page)) == 2  # beside the message, and in the history

    undone = officer.post(undo_buttons(page)[0])

    assert undone.location == "/residents"
    assert officer.get(added.location).status_code == 404


def test_second_officer_is_told_and_loses_nothing(app, officer, login_as, commune, family):
    other = login_as(Role.OFFICER, commune)
    address = f"/residents/households/{family}/edit"
    opened_before = fields_of(other.get(address).text)
    fill(officer, address, address_note="cạnh suối")

    told = other.post(address, data=opened_before | {"address_note": "sau nhà văn hóa"})

    assert told.status_code == 422
    assert "Có người khác vừa sửa bản ghi này" in words(told)
    again = fields_of(told.text)
    assert again["address_note"] == "sau nhà văn hóa"
    assert other.post(address, data=again).status_code == 302


def test_person_dies_and_the_household_gets_a_new_head(app, officer, family):
    head, wife = person_named(app, "Hoàng Văn Mẫu"), person_named(app, "Vi Thị Mẫu")
    address = f"/residents/people/{head}/leave"

    refused = fill(officer, address, why="died")
    saved = fill(officer, address, why="died", new_head=wife)

    assert refused.status_code == 422
    assert "Hãy cho biết từ nay ai là chủ hộ" in words(refused)
    assert saved.status_code == 302
    with app.app_context():
        assert db.session.get(Resident, head).left_why is LeftWhy.DIED
        assert db.session.get(Resident, wife).is_head
    assert "Đã mất" in words(officer.get(f"/residents/people/{head}"))


def test_person_moves_to_a_household_found_by_name(app, officer, family, neighbours):
    son = person_named(app, "Hoàng Văn Con")
    found = officer.get(f"/residents/people/{son}/move?q=ly van ben")
    link = BeautifulSoup(found.text, "lxml").select_one("main table a.btn")

    moved = fill(officer, str(link["href"]), relation="con rể")

    assert moved.location == f"/residents/households/{neighbours}"
    assert "Hoàng Văn Con" in words(officer.get(moved.location))


def test_members_split_off_and_are_brought_back_by_the_button(app, officer, family):
    son = person_named(app, "Hoàng Văn Con")

    founded = fill(officer, f"/residents/households/{family}/split", members=[son], head=son)
    page = officer.get(founded.location)
    undone = officer.post(undo_buttons(page)[0], follow_redirects=True)

    assert "Đã hoàn tác. Mọi thứ trở lại như trước." in words(undone)
    with app.app_context():
        assert db.session.get(Resident, son).household_id == family


def test_household_leaves_and_comes_back(app, officer, family):
    fill(officer, f"/residents/households/{family}/leave", on="2023-05-01")
    gone = words(officer.get(f"/residents/households/{family}"))

    back = officer.post(f"/residents/households/{family}/return", follow_redirects=True)

    assert "Hộ này không còn sinh sống ở đây" in gone
    assert "Hộ này không còn sinh sống ở đây" not in words(back)


def test_undo_is_refused_with_a_sentence_once_something_depends_on_it(app, officer, family):
    son = person_named(app, "Hoàng Văn Con")
    founded = fill(officer, f"/residents/households/{family}/split", members=[son], head=son)
    address = undo_buttons(officer.get(founded.location))[0]
    with app.app_context(), unit_of_work():
        household = db.session.get(Resident, son).household
        make_invitation(make_meeting(household.hamlet), household)

    told = officer.post(address, follow_redirects=True)

    assert "Không hoàn tác được nữa" in words(told)
    assert officer.get(founded.location).status_code == 200


# --- Written down twice -----------------------------------------------------------------------------


@pytest.fixture
def twins(app, commune):
    """One household written down twice: the ids of both, and of their heads."""
    with app.app_context(), unit_of_work():
        place = hamlet_of(db.session.get(Area, commune.id))
        made = [
            make_household(place, "Nông Thị Hoà", phone="+84912000001"),
            make_household(place, "NÔNG THỊ HÒA", phone="+84912000002", code="06217-050"),
        ]
        for household in made:
            household.head.birth_year = 1970
        return [(household.id, household.head.id) for household in made]


def test_likely_pair_is_shown_side_by_side_and_merged(app, officer, twins):
    (kept, _head), (dropped, _other) = twins
    page = BeautifulSoup(officer.get("/residents/duplicates").text, "lxml")
    compare = str(page.select_one(f"main a[href='/residents/households/{kept}/merge/{dropped}']")["href"])

    shown = words(officer.get(compare))
    merged = fill(officer, compare)

    assert "06217-050" in shown
    assert "Thêm số 0912 000 002." in shown
    assert merged.location == f"/residents/households/{kept}"
    assert "Không thấy ai bị ghi trùng" in words(officer.get("/residents/duplicates"))
    assert "Bản ghi này đã được gộp" in words(officer.get(f"/residents/households/{dropped}"))


def test_pair_that_is_two_people_is_remembered(officer, twins):
    (_kept, one), (_dropped, other) = twins

    officer.post(f"/residents/people/{one}/apart/{other}")

    assert "Không thấy ai bị ghi trùng" in words(officer.get("/residents/duplicates"))


def test_other_entry_is_found_by_name(app, officer, twins):
    (kept, one), (dropped, other) = twins

    people = officer.get(f"/residents/people/{one}/merge").text
    houses = officer.get(f"/residents/households/{kept}/merge").text

    assert f"/residents/people/{one}/merge/{other}" in people
    assert f"/residents/households/{kept}/merge/{dropped}" in houses
    assert officer.get(f"/residents/people/{one}/merge/{other}").status_code == 200


# --- The hamlet's head ------------------------------------------------------------------------------


def test_hamlet_head_puts_the_phones_of_the_own_hamlet_right(app, hamlet_head, family):
    new = f"/residents/households/{family}/contacts/new"
    contact = contact_of(app, family)

    added = fill(hamlet_head, new, phone="0987 111 222", owner="neighbour", owner_note="chị Hoa", resident="")
    changed = fill(hamlet_head, f"/residents/contacts/{contact}/edit", phone="0912 345 679")
    dead = hamlet_head.post(f"/residents/contacts/{contact}/dead")

    assert {added.status_code, changed.status_code, dead.status_code} == {302}
    page = words(hamlet_head.get(f"/residents/households/{family}"))
    assert "0912 345 679" in page
    assert "Không liên lạc được" in page
    assert "chị Hoa" in page


def test_hamlet_head_takes_back_only_what_a_hamlet_head_could_do(app, officer, hamlet_head, family):
    son = person_named(app, "Hoàng Văn Con")
    fill(officer, f"/residents/members/{son}/edit", gender="male")
    of_officer = undo_buttons(officer.get(f"/residents/households/{family}"))
    hamlet_head.post(f"/residents/contacts/{contact_of(app, family)}/remove")
    own = undo_buttons(hamlet_head.get(f"/residents/households/{family}"))

    refused = hamlet_head.post(of_officer[-1])
    undone = hamlet_head.post(own[0])

    assert len(set(own)) == 1
    assert (refused.status_code, undone.status_code) == (404, 302)
    assert contact_of(app, family)


def test_hamlet_head_never_sees_another_hamlet(app, hamlet_head, neighbours):
    contact, person = contact_of(app, neighbours), person_named(app, "Lý Văn Bên")

    answers = [
        hamlet_head.get(f"/residents/households/{neighbours}"),
        hamlet_head.get(f"/residents/people/{person}"),
        hamlet_head.get(f"/residents/contacts/{contact}/edit"),
        hamlet_head.post(f"/residents/contacts/{contact}/dead"),
        hamlet_head.post(f"/residents/contacts/{contact}/remove"),
        hamlet_head.post(f"/residents/households/{neighbours}/contacts/new", data={"phone": "0987111222"}),
    ]

    assert {answer.status_code for answer in answers} == {404}
