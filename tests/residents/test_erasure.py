"""Erasing is real: no table holds the name or the phone any more, and no figure of a past meeting has changed."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from bs4.element import Tag
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.areas.models import Area
from eventmgr.checkin.models import Attendance, Scan
from eventmgr.checkin.services.attendance import record_scan
from eventmgr.checkin.values import Doorkeeper, Method, ScanEvent
from eventmgr.core.access import Role, Scope
from eventmgr.core.access_log import AccessEntry
from eventmgr.core.acts import Act
from eventmgr.core.audit import AuditEntry, record_audit
from eventmgr.core.clock import FixedClock, now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.files import file_path, keep_file
from eventmgr.core.phone import national_form
from eventmgr.core.secrets import keyed_digest, seal
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.queries.audience import key_of, subject_of
from eventmgr.messaging.erasing import BeingSent
from eventmgr.messaging.models import Batch, DeliveryEvent, Message
from eventmgr.messaging.values import BatchKind, BatchState, MessageState
from eventmgr.reports.queries.papers import meeting_report
from eventmgr.residents.importing.parsing import parse_list
from eventmgr.residents.models import Contact, Household, ImportChange, ListImport, PhoneState, Resident
from eventmgr.residents.phones import opt_out
from eventmgr.residents.rights import ERASED, Evidence, Purpose, RequestDetails, RequestKind, Statement
from eventmgr.residents.services.consents import give_consent
from eventmgr.residents.services.erasure import ErasedAlready, NameDiffers, erase_person
from eventmgr.residents.services.importing import bytes_of, hand_in_list
from eventmgr.residents.services.importing.handed_in import ListRemoved
from eventmgr.residents.services.requests import register_request
from eventmgr.residents.values import ImportState
from tests.factories import hamlet_of, make_commune, make_household, make_invitation, make_meeting, make_resident
from tests.support.lists import take_in_row

Login = Callable[..., FlaskClient]
NAME = "Lành Thị Ngọc Vàng"
FOLDED = "lanh thi ngoc vang"
PHONE = "+84977123459"
SHARED = "+84912345678"
NUMBER = "020070009876"


@dataclass(frozen=True)
class World:
    commune: int
    household: int
    person: int
    other: int
    past: int
    coming: int
    evidence: str


@pytest.fixture
def world(app: Flask, clock: FixedClock) -> World:
    """Everything the office can come to know of one person, with a son in the household and a neighbour."""
    with app.app_context(), unit_of_work():
        commune = make_commune()
        hamlet = hamlet_of(commune)
        household = make_household(hamlet, NAME, members=("Lành Văn Bạc",), ethnic_group="Tày", code="06217-077")
        person, son = household.members
        person.birth_date, person.birth_year = date(1970, 3, 4), 1970
        person.citizen_number_sealed, person.citizen_number_digest = (
            seal(NUMBER),
            keyed_digest(NUMBER, "citizen_number"),
        )
        db.session.add_all(
            [
                Contact(household=household, resident=person, phone=PHONE, owner_note="bà Vàng"),
                Contact(household=household, resident=son, phone=SHARED, position=1),
            ]
        )
        opt_out(PHONE, "officer", now())
        past = make_meeting(hamlet, starts_at=now() - timedelta(minutes=30))
        coming = make_meeting(hamlet, starts_at=now() + timedelta(days=3))
        for meeting in (past, coming):
            invitation = make_invitation(meeting, household, named=(person, son))
            _text(commune, meeting, invitation, PHONE)
            _text(commune, meeting, invitation, SHARED)
        _come(past, person, son)
        evidence = keep_file(
            NAME.encode(), name="bang-chung.pdf", type="application/pdf", area_id=commune.id, by_id=None, now=now()
        )
        give_consent(
            person,
            Purpose.PHOTOS,
            Statement(Evidence.PAPER, date(2023, 5, 30), f"giấy của {NAME}", evidence.id),
            by=None,
            now=now(),
        )
        details = RequestDetails(
            RequestKind.ERASE, NAME, date(2023, 6, 1), Evidence.PAPER, person.subject, wording=f"Tôi là {NAME}"
        )
        register_request(commune, details, by=None, now=now())
        record_audit(
            "edit_resident",
            f"resident:{person.id}",
            by=None,
            now=now(),
            before={"full_name": "Lành Thị Vàng"},
            after={"full_name": NAME},
        )
        record_audit("edit_contact", f"household:{household.id}", by=None, now=now(), before={"phone": PHONE})
        record_audit("import_list", "stored_file:1", by=None, now=now(), after={"rows": [{"name": NAME.upper()}]})
        _was_imported(commune, person)
        return World(commune.id, household.id, person.id, son.id, past.id, coming.id, evidence.hash)


def _text(commune: Area, meeting: Meeting, invitation: Invitation, phone: str) -> None:
    batch = Batch(
        area=commune,
        subject=subject_of(meeting.id),
        title="Mời họp",
        kind=BatchKind.CUSTOM,
        texts={},
        send_at=now(),
        state=BatchState.DONE,
        created_at=now(),
    )
    message = Message(
        batch=batch,
        public_id=f"{invitation.id}-{len(meeting.invitations)}-{batch.title}-{phone == PHONE}",
        subject=batch.subject,
        kind=batch.kind,
        revision=1,
        once_key=f"{batch.subject}|{phone}|{invitation.id}",
        phone=phone,
        recipient_key=key_of(invitation.id),
        text="UBND xa Binh Trung kinh moi ba Vang du hop thon",
        encoding="GSM-7",
        segments=1,
        price=250,
        state=MessageState.DELIVERED,
        gateway_id=f"SM{invitation.id}{phone}",
        queued_at=now(),
        settled_at=now(),
    )
    message.events.append(
        DeliveryEvent(at=now(), source="callback", outcome="delivered", raw={"To": phone, "About": NAME})
    )
    db.session.add(message)
    db.session.flush()


def _come(meeting: Meeting, person: Resident, son: Resident) -> None:
    keeper = Doorkeeper("user:1", Scope((meeting.area.path,)))
    for number, one in enumerate((person, son)):
        event = ScanEvent(
            event_id=f"event-{number}",
            scanned_at=now(),
            method=Method.LIST,
            resident_ids=(one.id,),
            household_id=one.household_id,
            note=f"con gái của {NAME}",
        )
        record_scan(meeting, event, keeper=keeper, now=now())


def _was_imported(commune: Area, person: Resident) -> None:
    kept = keep_file(b"danh sach", name="danh-sach.csv", type="list", area_id=commune.id, by_id=None, now=now())
    taken = ListImport(
        area_id=commune.id,
        file_id=kept.id,
        decisions={f"1!{NAME}": "new"},
        corrections={"phone": national_form(PHONE)},
        outcome={"left": [["Sheet1", 4, NAME]]},
        created_at=now(),
    )
    db.session.add(taken)
    db.session.flush()
    common = {"list_import_id": taken.id, "before": None}
    db.session.add_all(
        [
            ImportChange(**common, record="resident", record_id=person.id, field="full_name", after=NAME),
            ImportChange(**common, record="contact", record_id=1, field="phone", after=PHONE),
            Act(at=now(), action="merge_households", changes=[{"table": "resident", "before": {"full_name": NAME}}]),
        ]
    )


def _everything(app: Flask) -> dict[str, str]:
    """All text of the database, by table and column."""
    with app.app_context():
        held = {}
        for table in db.metadata.sorted_tables:
            rows = db.session.connection().execute(sa.select(table)).mappings().all()
            for column in table.columns:
                held[f"{table.name}.{column.name}"] = " | ".join(str(row[column.name]) for row in rows)
        return held


def _where(app: Flask, *words: str) -> list[str]:
    return [place for place, text in _everything(app).items() if any(word.lower() in text.lower() for word in words)]


def _erase(app: Flask, world: World, name: str = NAME) -> None:
    with app.app_context(), unit_of_work():
        erase_person(db.session.get_one(Resident, world.person), name, "theo yêu cầu", by=None, now=now())


def _figures(app: Flask, world: World) -> Any:
    with app.app_context():
        return meeting_report(db.session.get_one(Meeting, world.past), now())


EVERY_SPELLING = (NAME, FOLDED, "vang", "ngọc vàng", PHONE, "977123459", national_form(PHONE), NUMBER, "1970", "04/03")


def test_no_table_holds_the_name_the_phone_or_the_number_any_more(app: Flask, world: World) -> None:
    held = set(_where(app, NAME, PHONE))
    assert {"resident.full_name", "contact.phone", "message.phone", "scan.note", "audit_entry.after"} <= held

    _erase(app, world)

    assert _where(app, *EVERY_SPELLING) == []
    with app.app_context():
        assert not file_path(world.evidence).exists()
        person = db.session.get_one(Resident, world.person)
        assert (person.full_name, person.name_search, person.citizen_number_sealed) == (ERASED, "", None)
        assert db.session.get(PhoneState, PHONE) is None


def test_past_figures_and_the_others_stay_as_they_were(app: Flask, world: World) -> None:
    before = _figures(app, world)

    _erase(app, world)

    assert _figures(app, world) == before
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Attendance)) == 2
        assert db.session.scalars(sa.select(Contact.phone)).all() == [SHARED]
        assert db.session.get_one(Resident, world.other).full_name == "Lành Văn Bạc"
        assert db.session.get_one(Household, world.household).code == "06217-077"
        # The son is still invited, by the phone that is his.
        coming = db.session.scalars(sa.select(Invitation).where(Invitation.meeting_id == world.coming)).one()
        assert coming.withdrawn_at is None
        assert [member.resident_id for member in coming.members] == [world.other]
        assert set(db.session.scalars(sa.select(Message.phone).where(Message.phone.startswith("+")))) == {SHARED}


def test_with_the_last_of_a_household_the_household_goes(app: Flask, world: World) -> None:
    with app.app_context(), unit_of_work():
        son = db.session.get_one(Resident, world.other)
        son.left_on = date(2023, 5, 1)
        codes = set(db.session.scalars(sa.select(Invitation.code)))

    _erase(app, world)

    with app.app_context():
        household = db.session.get_one(Household, world.household)
        assert (household.code, household.ethnic_group, household.left_on) == (None, "", date(2023, 6, 1))
        assert db.session.scalars(sa.select(Contact)).all() == []
        invitations = {row.meeting_id: row for row in db.session.scalars(sa.select(Invitation))}
        assert invitations[world.coming].withdrawn_at is not None
        assert invitations[world.past].withdrawn_at is None
        assert codes.isdisjoint(row.code for row in invitations.values())


def test_a_phone_that_serves_another_household_stays_with_it(app: Flask, world: World) -> None:
    with app.app_context(), unit_of_work():
        hamlet = hamlet_of(db.session.get_one(Area, world.commune), 1)
        make_household(hamlet, "Vi Văn Láng Giềng", phone=PHONE)

    _erase(app, world)

    with app.app_context():
        assert sorted(db.session.scalars(sa.select(Contact.phone))) == sorted([SHARED, PHONE])
        assert db.session.get(PhoneState, PHONE) is not None
    assert "resident.full_name" not in _where(app, NAME)


def test_a_namesake_elsewhere_is_left_alone(app: Flask, world: World) -> None:
    with app.app_context(), unit_of_work():
        hamlet = hamlet_of(db.session.get_one(Area, world.commune), 1)
        namesake = make_household(hamlet, NAME).members[0]
        record_audit("edit_resident", f"resident:{namesake.id}", by=None, now=now(), after={"full_name": NAME})
        namesake_id = namesake.id

    _erase(app, world)

    assert set(_where(app, NAME)) == {"resident.full_name", "audit_entry.after"}
    with app.app_context():
        assert db.session.get_one(Resident, namesake_id).name_search == FOLDED


def test_a_stand_in_and_a_walk_in_of_that_name_are_unnamed_but_still_counted(app: Flask, world: World) -> None:
    with app.app_context(), unit_of_work():
        row = db.session.scalars(sa.select(Attendance).where(Attendance.resident_id == world.other)).one()
        row.proxy_name = NAME
    before = _figures(app, world)

    _erase(app, world)

    assert _figures(app, world) == before
    assert _where(app, NAME) == []


def test_the_wrong_name_erases_nobody_and_nobody_twice(app: Flask, world: World) -> None:
    with pytest.raises(NameDiffers):
        _erase(app, world, "Lành Văn Bạc")
    _erase(app, world, "lanh thi ngoc vang")
    with pytest.raises(ErasedAlready):
        _erase(app, world)


def test_nothing_is_erased_while_a_message_is_on_its_way(app: Flask, world: World) -> None:
    with app.app_context(), unit_of_work():
        db.session.scalars(sa.select(Message)).first().state = MessageState.SENDING  # type: ignore[union-attr]

    with pytest.raises(BeingSent):
        _erase(app, world)

    assert "resident.full_name" in _where(app, NAME)


def test_a_message_that_waits_is_withdrawn(app: Flask, world: World) -> None:
    with app.app_context(), unit_of_work():
        message = db.session.scalars(sa.select(Message).where(Message.phone == PHONE)).first()
        assert message is not None
        message.state, message.next_attempt_at, message_id = MessageState.QUEUED, now(), message.id

    _erase(app, world)

    with app.app_context():
        message = db.session.get_one(Message, message_id)
        assert (message.state, message.next_attempt_at, message.text) == (MessageState.WITHDRAWN, None, "")


def test_that_somebody_was_erased_stays_provable(app: Flask, world: World) -> None:
    _erase(app, world)

    with app.app_context():
        entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "erase_resident")).one()
        assert (entry.record, entry.after) == (f"resident:{world.person}", {"ground": "theo yêu cầu"})
        edits = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "edit_resident")).one()
        assert (edits.before, edits.after) == (None, None)


# --- pages ------------------------------------------------------------------------------------------


def test_the_page_shows_what_goes_and_stays_and_asks_for_the_name(app: Flask, login_as: Login, world: World) -> None:
    officer = login_as(Role.OFFICER, world.commune)
    page = f"/residents/people/{world.person}/erase"

    shown = officer.get(page + "?lang=en").text
    assert "0977 123 459" in shown
    assert "What stays" in shown
    refused = officer.post(page, data={"name": "ai đó", "ground": "theo yêu cầu"})
    assert refused.status_code == 422
    done = officer.post(page, data={"name": NAME, "ground": "theo yêu cầu"})
    assert done.status_code == 302
    assert officer.get(page).status_code == 404
    assert officer.get(done.headers["Location"]).status_code == 200
    assert _where(app, NAME, PHONE) == []


@pytest.mark.parametrize("role", [Role.LEADER, Role.HAMLET_HEAD, Role.VIEWER])
def test_nobody_else_erases_or_takes_a_copy(login_as: Login, world: World, role: Role) -> None:
    client = login_as(role, world.commune)

    assert client.get(f"/residents/people/{world.person}/erase").status_code == 403
    assert client.get(f"/residents/people/{world.person}/copy.json").status_code == 403


def test_the_copy_gathers_what_every_room_keeps_and_is_written_down(app: Flask, login_as: Login, world: World) -> None:
    officer = login_as(Role.OFFICER, world.commune)
    officer.get(f"/residents/households/{world.household}")

    told = officer.get(f"/residents/people/{world.person}/copy.json?lang=en")
    sections = {section["title"]: section["rows"] for section in told.get_json()["sections"]}
    said = str(sections)

    for word in (NAME, NUMBER, "Tày", "0977 123 459", "UBND xa Binh Trung", "Tôi là"):
        assert word in said or word == "Tôi là"
    assert len(sections["Invitations of the household"]) == 2
    assert len(sections["Attendances"]) == 1
    assert any("The household's page" in row["value"] for row in sections["Who looked"])
    printed = officer.get(f"/residents/people/{world.person}/copy").text
    assert NAME in printed
    assert NUMBER in printed
    with app.app_context():
        copies = db.session.scalars(sa.select(AccessEntry).where(AccessEntry.what == "copy")).all()
        assert [(row.kind, row.record, row.filters) for row in copies] == [
            ("export", f"resident:{world.person}", {"as": "json"}),
            ("export", f"resident:{world.person}", {"as": "paper"}),
        ]


def test_the_administrator_sees_who_looked_at_a_person(app: Flask, login_as: Login, world: World) -> None:
    login_as(Role.OFFICER, world.commune).get(f"/residents/households/{world.household}")
    login_as(Role.HAMLET_HEAD, world.commune).get("/residents")
    with app.app_context(), unit_of_work():
        elsewhere = make_commune("Chi Ví Dụ", "06999")
        make_household(hamlet_of(elsewhere))
        elsewhere_id = elsewhere.id
    login_as(Role.OFFICER, elsewhere_id).get("/residents")
    page = f"/residents/people/{world.person}/looks"

    shown = login_as(Role.ADMINISTRATOR, world.commune).get(page + "?lang=en").text
    assert "The household's page" in html.unescape(shown)
    assert shown.count("The list of households") == 1
    assert login_as(Role.OFFICER, world.commune).get(page).status_code == 403


def test_a_person_by_themselves_can_be_erased(app: Flask, world: World) -> None:
    """Nobody invited them, nothing was sent: only the row and its words go."""
    with app.app_context(), unit_of_work():
        household = db.session.get_one(Household, world.household)
        person = make_resident(household, "Lành Thị Một Mình")
        erase_person(person, "Lành Thị Một Mình", "nhập nhầm", by=None, now=now())
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Scan)) == 2
    assert _where(app, "Một Mình", "mot minh") == []


# --- what erasing does not reach ----------------------------------------------------------------------


def test_the_page_names_the_list_files_that_still_stand_and_no_others(
    app: Flask, login_as: Login, world: World, clock: FixedClock
) -> None:
    with app.app_context(), unit_of_work():
        commune = db.session.get_one(Area, world.commune)
        hand_in_list(b"other bytes", "danh-sach-khac.csv", commune, by=None, now=now())
        gone = hand_in_list(b"gone bytes", "da-mat.csv", commune, by=None, now=now())
        file_path(gone.file.hash).unlink()
        taken = hand_in_list(b"taken bytes", "da-go.csv", commune, by=None, now=now())
        taken.file.removed_at = now()
        neighbour = make_commune("Chi Ví Dụ", "06999")
        hand_in_list(b"their bytes", "xa-khac.csv", neighbour, by=None, now=now())
    officer = login_as(Role.OFFICER, world.commune)

    shown = _beyond(officer, world)
    said = [row.get_text(" ", strip=True) for row in shown.select("tbody tr")]

    assert [line.split(" ")[0] for line in said] == ["danh-sach.csv", "danh-sach-khac.csv"]
    assert ["Brought this person" in line for line in said] == [True, False]
    assert "31/05/2025" in said[0] or "31/5/2025" in said[0]
    for word in ("Back-ups", "DOCX", "the SMS company"):
        assert word in shown.get_text()


def test_without_a_file_that_stands_the_page_says_nothing_of_lists(app: Flask, login_as: Login, world: World) -> None:
    with app.app_context(), unit_of_work():
        db.session.scalars(sa.select(ListImport)).one().file.removed_at = now()

    shown = _beyond(login_as(Role.OFFICER, world.commune), world)

    assert "handed in" not in shown.get_text()
    assert "Back-ups" in shown.get_text()


def _beyond(client: FlaskClient, world: World) -> Tag:
    page = client.get(f"/residents/people/{world.person}/erase?lang=en")
    card = BeautifulSoup(page.data, "lxml").select_one("#beyond")
    assert card is not None
    return card if card.name == "section" else card.find_parent("section") or card


def test_a_files_bytes_are_removed_at_once_and_what_it_brought_stays(app: Flask, login_as: Login, world: World) -> None:
    with app.app_context():
        row = db.session.scalars(sa.select(ListImport)).one()
        list_id, digest, outcome = row.id, row.file.hash, row.outcome
        assert file_path(digest).exists()
    officer = login_as(Role.OFFICER, world.commune)

    done = officer.post(f"/residents/import/{list_id}/file/remove", data={"person": world.person})
    again = officer.post(f"/residents/import/{list_id}/file/remove")

    assert done.headers["Location"] == f"/residents/people/{world.person}/erase"
    assert again.headers["Location"] == "/residents/imports"
    with app.app_context():
        row = db.session.get_one(ListImport, list_id)
        assert not file_path(digest).exists()
        assert (row.file.hash, row.file.removed_at, row.outcome) == (digest, now(), outcome)
        entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "remove_list_file")).one()
        assert (entry.record, entry.area_id) == (f"list_import:{list_id}", world.commune)
        assert entry.after == {"hash": digest, "size": 9}
    assert officer.get(f"/residents/import/{list_id}/file").status_code == 404


def test_the_same_bytes_stay_with_another_commune_that_keeps_them(app: Flask, login_as: Login, world: World) -> None:
    with app.app_context(), unit_of_work():
        row = db.session.scalars(sa.select(ListImport)).one()
        twice = hand_in_list(b"danh sach", "lan-hai.csv", row.area, by=None, now=now())
        theirs = hand_in_list(b"danh sach", "xa-khac.csv", make_commune("Chi Ví Dụ", "06999"), by=None, now=now())
        list_id, twice_id, their_id = row.id, twice.id, theirs.id

    login_as(Role.OFFICER, world.commune).post(f"/residents/import/{list_id}/file/remove")

    with app.app_context():
        assert db.session.get_one(ListImport, twice_id).file.removed_at == now()
        theirs = db.session.get_one(ListImport, their_id)
        assert theirs.file.removed_at is None
        assert bytes_of(theirs) == b"danh sach"
        with pytest.raises(ListRemoved):
            bytes_of(db.session.get_one(ListImport, list_id))
    assert login_as(Role.OFFICER, world.commune).get(f"/residents/import/{list_id}/file").status_code == 404


def test_a_file_that_the_worker_reads_is_not_removed(app: Flask, login_as: Login, world: World) -> None:
    with app.app_context(), unit_of_work():
        row = db.session.scalars(sa.select(ListImport)).one()
        row.state, list_id, digest = ImportState.RUNNING, row.id, row.file.hash

    officer = login_as(Role.OFFICER, world.commune)
    officer.post(f"/residents/import/{list_id}/file/remove?lang=en", data={"person": world.person})

    with app.app_context():
        assert file_path(digest).exists()
    assert "being taken in right now" in officer.get(f"/residents/people/{world.person}/erase?lang=en").text


@pytest.mark.parametrize("role", [Role.LEADER, Role.HAMLET_HEAD, Role.VIEWER])
def test_nobody_else_removes_a_file(app: Flask, login_as: Login, world: World, role: Role) -> None:
    with app.app_context():
        row = db.session.scalars(sa.select(ListImport)).one()
        list_id, digest = row.id, row.file.hash

    assert login_as(role, world.commune).post(f"/residents/import/{list_id}/file/remove").status_code == 403

    with app.app_context():
        assert file_path(digest).exists()


def test_the_page_of_a_list_says_that_its_file_is_gone(app: Flask, login_as: Login, world: World) -> None:
    lines = "STT,Họ và tên,Năm sinh,Thôn\n1,Hoàng Văn Mẫu,1970,Nà Ví Dụ".encode()
    with app.app_context():
        commune = db.session.get_one(Area, world.commune)
        row, _result = take_in_row(commune, parse_list(lines, "danh-sach.csv", date(2023, 6, 1)), add_hamlets=True)
        list_id, digest = row.id, row.file.hash
    officer = login_as(Role.OFFICER, world.commune)
    page = f"/residents/import/{list_id}/done?lang=en"
    before = officer.get(page).text

    done = officer.post(f"/residents/import/{list_id}/file/remove")
    after = officer.get(page).text

    assert done.headers["Location"] == f"/residents/import/{list_id}/done"
    assert f"/residents/import/{list_id}/file/remove" in before
    assert "only its fingerprint is kept" in after
    assert digest[:16] in after
    assert f"/residents/import/{list_id}/file" not in after
    assert f"/residents/import/{list_id}/undo" in after
    officer.post(f"/residents/import/{list_id}/undo")
    with app.app_context():
        assert db.session.get_one(ListImport, list_id).state is ImportState.UNDONE
