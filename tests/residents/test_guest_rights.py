"""A guest has the rights a resident has: a copy, requests with their days, consents, refusals, and an erasing that is
real."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.areas.models import Area
from eventmgr.checkin.models import Attendance
from eventmgr.checkin.services.attendance import record_scan
from eventmgr.checkin.values import Doorkeeper, Method, ScanEvent
from eventmgr.core.access import Role, Scope
from eventmgr.core.access_log import AccessEntry
from eventmgr.core.audit import AuditEntry, record_audit
from eventmgr.core.clock import FixedClock, now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.files import file_path, keep_file
from eventmgr.core.phone import national_form
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.queries.audience import audience_of, guests_to_choose, key_of, subject_of
from eventmgr.messaging.erasing import BeingSent
from eventmgr.messaging.models import Batch, DeliveryEvent, Message
from eventmgr.messaging.values import BatchKind, BatchState, MessageState
from eventmgr.reports.queries.papers import meeting_report
from eventmgr.residents.models import Consent, Contact, DataRequest, Guest, PhoneState, PhoneWish, RefusedPhone
from eventmgr.residents.phones import phones_not_to_text
from eventmgr.residents.rights import ERASED, Evidence, Purpose, RequestDetails, RequestKind, Statement
from eventmgr.residents.services import add_guest, edit_guest
from eventmgr.residents.services.consents import ConsentStands, give_consent, withdraw_consent
from eventmgr.residents.services.erasure import ErasedAlready, NameDiffers, erase_person
from eventmgr.residents.services.refusals import refuse_texts
from eventmgr.residents.services.requests import register_request
from eventmgr.residents.values import Gender, GuestDetails
from tests.factories import hamlet_of, make_commune, make_guest, make_household, make_invitation, make_meeting

Login = Callable[..., FlaskClient]
NAME = "Hứa Thị Minh Nguyệt"
TITLE = "Phó Trưởng ban Tuyên giáo"
OFFICE = "Liên đoàn Lao động Ví Dụ"
PHONE = "+84977123460"
SAID = Statement(Evidence.PAPER, date(2023, 5, 30), "bìa số 4")
EVERY_SPELLING = (
    NAME,
    "hua thi minh nguyet",
    "nguyệt",
    "nguyet",
    TITLE,
    "Tuyên giáo",
    OFFICE,
    PHONE,
    "977123460",
    national_form(PHONE),
)


@dataclass(frozen=True)
class World:
    commune: int
    hamlet: int
    guest: int
    other: int
    past: int
    coming: int
    evidence: str


@pytest.fixture
def world(app: Flask, clock: FixedClock) -> World:
    """Everything the office can come to know of one guest, with another guest beside."""
    with app.app_context(), unit_of_work():
        commune = make_commune()
        hamlet = hamlet_of(commune)
        make_household(hamlet)
        guest = add_guest(
            commune,
            GuestDetails(NAME, TITLE, OFFICE, national_form(PHONE), Gender.FEMALE, "Tày", True),
            by=None,
            now=now(),
        )
        other = make_guest(commune, "Nông Văn Khách")
        past = make_meeting(hamlet, starts_at=now() - timedelta(minutes=30))
        coming = make_meeting(hamlet, starts_at=now() + timedelta(days=3))
        for meeting in (past, coming):
            _text(commune, meeting, make_invitation(meeting, guest=guest))
            make_invitation(meeting, guest=other)
        for number, one in enumerate((guest, other)):
            event = ScanEvent(
                event_id=f"event-{number}",
                scanned_at=now(),
                method=Method.LIST,
                guest_id=one.id,
                note=f"đi cùng {NAME}",
            )
            record_scan(past, event, keeper=Doorkeeper("user:1", Scope((commune.path,))), now=now())
        kept = keep_file(
            NAME.encode(), name="bang-chung.pdf", type="application/pdf", area_id=commune.id, by_id=None, now=now()
        )
        said = Statement(Evidence.PAPER, date(2023, 5, 30), f"giấy của {NAME}", kept.id)
        give_consent(guest, Purpose.PHOTOS, said, by=None, now=now())
        refuse_texts(guest, Statement(Evidence.CALL, date(2023, 5, 30), f"{NAME} gọi"), by=None, now=now())
        asked = RequestDetails(
            RequestKind.ERASE, NAME, date(2023, 6, 1), Evidence.PAPER, guest.subject, wording=f"Tôi là {NAME}"
        )
        register_request(commune, asked, by=None, now=now())
        record_audit("edit_guest", guest.subject.record, by=None, now=now(), before={"full_name": NAME})
        return World(commune.id, hamlet.id, guest.id, other.id, past.id, coming.id, kept.hash)


def _text(commune: Area, meeting: Meeting, invitation: Invitation) -> None:
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
        public_id=f"{invitation.id}",
        subject=batch.subject,
        kind=batch.kind,
        revision=1,
        once_key=f"{batch.subject}|{PHONE}",
        phone=PHONE,
        recipient_key=key_of(invitation.id),
        text="UBND xa Binh Trung kinh moi ba Nguyet du hop",
        encoding="GSM-7",
        segments=1,
        price=250,
        state=MessageState.DELIVERED,
        gateway_id=f"SM{invitation.id}{PHONE}",
        queued_at=now(),
        settled_at=now(),
    )
    message.events.append(
        DeliveryEvent(at=now(), source="callback", outcome="delivered", raw={"To": PHONE, "About": NAME})
    )
    db.session.add(message)
    db.session.flush()


def _where(app: Flask, *words: str) -> list[str]:
    """The columns of the whole database that hold one of the words."""
    found = []
    with app.app_context():
        for table in db.metadata.sorted_tables:
            rows = db.session.connection().execute(sa.select(table)).mappings().all()
            for column in table.columns:
                text = " | ".join(str(row[column.name]) for row in rows).lower()
                if any(word.lower() in text for word in words):
                    found.append(f"{table.name}.{column.name}")
    return found


def _erase(app: Flask, world: World, name: str = NAME) -> None:
    with app.app_context(), unit_of_work():
        erase_person(db.session.get_one(Guest, world.guest), name, "theo yêu cầu", by=None, now=now())


def _figures(app: Flask, world: World) -> Any:
    with app.app_context():
        return meeting_report(db.session.get_one(Meeting, world.past), now())


def test_no_table_holds_anything_of_the_guest_any_more(app: Flask, world: World) -> None:
    held = set(_where(app, NAME, PHONE, TITLE, OFFICE))
    assert {"guest.title", "guest.organisation", "guest.phone", "message.phone", "scan.note", "consent.note"} <= held
    assert {"data_request.requester", "phone_wish.note", "audit_entry.before", "delivery_event.raw"} <= held

    _erase(app, world)

    assert _where(app, *EVERY_SPELLING) == []
    with app.app_context():
        assert not file_path(world.evidence).exists()
        guest = db.session.get_one(Guest, world.guest)
        assert (guest.full_name, guest.phone, guest.ethnic_group) == (ERASED, None, "")
        assert db.session.scalars(sa.select(Consent)).all() == []
        assert (db.session.get(PhoneState, PHONE), db.session.scalars(sa.select(PhoneWish)).all()) == (None, [])


def test_past_figures_and_the_other_guest_stay_as_they_were(app: Flask, world: World) -> None:
    before = _figures(app, world)

    _erase(app, world)

    assert _figures(app, world) == before
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Attendance)) == 2
        assert db.session.get_one(Guest, world.other).full_name == "Nông Văn Khách"
        request = db.session.scalars(sa.select(DataRequest)).one()
        assert (request.requester, request.wording, request.due_on) == (ERASED, "", date(2023, 6, 21))


def test_the_guest_is_no_longer_invited_and_no_code_opens_anything(app: Flask, world: World) -> None:
    with app.app_context():
        codes = set(db.session.scalars(sa.select(Invitation.code).where(Invitation.guest_id == world.guest)))

    _erase(app, world)

    with app.app_context():
        theirs = {
            row.meeting_id: row
            for row in db.session.scalars(sa.select(Invitation).where(Invitation.guest_id == world.guest))
        }
        assert theirs[world.coming].withdrawn_at is not None
        assert theirs[world.past].withdrawn_at is None
        assert codes.isdisjoint(row.code for row in theirs.values())
        others = db.session.scalars(sa.select(Invitation).where(Invitation.guest_id == world.other)).all()
        assert [row.withdrawn_at for row in others] == [None, None]
        meeting = db.session.get_one(Meeting, world.coming)
        assert [guest.id for guest in guests_to_choose(meeting)] == [world.other]
        audience = audience_of([meeting], guest_ids=[world.guest], on=date(2023, 6, 1))
        assert all(invitee.guest_id is None for invitee in audience[world.coming])


def test_a_message_that_waits_is_withdrawn_one_on_its_way_stands_against_it(app: Flask, world: World) -> None:
    with app.app_context(), unit_of_work():
        waiting, leaving = db.session.scalars(sa.select(Message).order_by(Message.id))
        waiting.state, waiting.next_attempt_at, waiting_id = MessageState.QUEUED, now(), waiting.id
        leaving.state, leaving_id = MessageState.SENDING, leaving.id
    with pytest.raises(BeingSent):
        _erase(app, world)
    assert "guest.full_name" in _where(app, NAME)
    with app.app_context(), unit_of_work():
        db.session.get_one(Message, leaving_id).state = MessageState.DELIVERED

    _erase(app, world)

    with app.app_context():
        message = db.session.get_one(Message, waiting_id)
        assert (message.state, message.next_attempt_at, message.text) == (MessageState.WITHDRAWN, None, "")


def test_a_refusal_outlives_the_guest(app: Flask, world: World) -> None:
    _erase(app, world)

    with app.app_context(), unit_of_work():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(RefusedPhone)) == 1
        assert phones_not_to_text([PHONE]) == {}
        commune = db.session.get_one(Area, world.commune)
        add_guest(commune, GuestDetails("Vi Văn Mới", phone=national_form(PHONE)), by=None, now=now())
        assert phones_not_to_text([PHONE]) == {PHONE: "opted_out"}


def test_a_phone_that_serves_a_household_too_stays_with_it(app: Flask, world: World) -> None:
    with app.app_context(), unit_of_work():
        make_household(hamlet_of(db.session.get_one(Area, world.commune), 1), "Vi Văn Láng Giềng", phone=PHONE)

    _erase(app, world)

    with app.app_context():
        assert PHONE in set(db.session.scalars(sa.select(Contact.phone)))
        assert db.session.get_one(PhoneState, PHONE).opted_out_at is not None
    assert _where(app, NAME, TITLE, OFFICE) == ["phone_wish.note"]


def test_a_resident_of_the_same_name_is_left_alone(app: Flask, world: World) -> None:
    with app.app_context(), unit_of_work():
        hamlet = hamlet_of(db.session.get_one(Area, world.commune), 1)
        namesake = make_household(hamlet, NAME).members[0]
        record_audit("edit_resident", namesake.subject.record, by=None, now=now(), after={"full_name": NAME})

    _erase(app, world)

    assert set(_where(app, NAME)) == {"resident.full_name", "audit_entry.after"}


def test_the_wrong_name_erases_nobody_and_nobody_twice(app: Flask, world: World) -> None:
    with pytest.raises(NameDiffers):
        _erase(app, world, "Nông Văn Khách")
    _erase(app, world, "hua thi minh nguyet")
    with pytest.raises(ErasedAlready):
        _erase(app, world)


def test_that_a_guest_was_erased_stays_provable(app: Flask, world: World) -> None:
    _erase(app, world)

    with app.app_context():
        entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "erase_guest")).one()
        assert (entry.record, entry.area_id, entry.after) == (
            f"guest:{world.guest}",
            world.commune,
            {"ground": "theo yêu cầu"},
        )


def test_taking_back_the_yes_to_texts_stops_them_to_the_guests_phone(app: Flask, world: World) -> None:
    with app.app_context(), unit_of_work():
        guest = db.session.get_one(Guest, world.other)
        edit_guest(guest, GuestDetails("Nông Văn Khách", phone="0912 000 111"), by=None, now=now())
        consent = give_consent(guest, Purpose.SMS, SAID, by=None, now=now())
        with pytest.raises(ConsentStands):
            give_consent(guest, Purpose.SMS, SAID, by=None, now=now())
        withdraw_consent(consent, SAID, by=None, now=now())
        assert phones_not_to_text(["+84912000111"]) == {"+84912000111": "opted_out"}


# --- pages ------------------------------------------------------------------------------------------


def test_the_guests_own_page_leads_to_the_data_and_each_look_is_written_down(
    app: Flask, login_as: Login, world: World
) -> None:
    officer = login_as(Role.OFFICER, world.commune)
    base = f"/guests/{world.guest}"

    assert f'href="{base}/data"' in officer.get(f"{base}/edit").text
    shown = officer.get(f"{base}/data?lang=en").text
    for page in ("copy", "copy.json", "erase", "consents/new", "texts"):
        if page != "copy.json":
            assert f"{base}/{page}" in shown
        assert officer.get(f"{base}/{page}").status_code == 200

    with app.app_context():
        looks = db.session.scalars(sa.select(AccessEntry).where(AccessEntry.record == f"guest:{world.guest}")).all()
        assert [(look.kind, look.what) for look in looks] == [
            ("view", "guest"),
            ("view", "consents"),
            ("export", "copy"),
            ("export", "copy"),
            ("view", "guest"),
            ("view", "guest"),
            ("view", "guest"),
        ]
        assert {look.area_id for look in looks} == {world.commune}


def test_the_copy_gathers_what_every_room_keeps(login_as: Login, world: World) -> None:
    officer = login_as(Role.OFFICER, world.commune)
    officer.get(f"/guests/{world.guest}/data")

    told = officer.get(f"/guests/{world.guest}/copy.json?lang=en")
    sections = {section["title"]: section["rows"] for section in told.get_json()["sections"]}
    said = str(sections)

    for word in (NAME, TITLE, OFFICE, "Tày", "0977 123 460", "takes no texts since", "UBND xa Binh Trung"):
        assert word in said
    assert len(sections["Invitations of the guest"]) == 2
    assert len(sections["Attendances"]) == 1
    assert len(sections["Consents"]) == 1
    assert len(sections["Requests"]) == 1
    assert sections["Changes on record"][0]["value"] == "Guest added"
    assert any("consents" in row["value"] for row in sections["Who looked"])
    printed = officer.get(f"/guests/{world.guest}/copy").text
    assert NAME in printed
    assert OFFICE in printed


def test_a_request_about_a_guest_is_entered_with_its_days_and_leads_back(
    app: Flask, login_as: Login, world: World
) -> None:
    officer = login_as(Role.OFFICER, world.commune)
    page = f"/personal-data/requests/new?guest={world.guest}"

    assert NAME in officer.get(page).text
    typed = {
        "commune": world.commune,
        "requester": NAME,
        "kind": "provide",
        "received_on": "1/6/2023",
        "received_by": "paper",
    }
    done = officer.post(page, data=typed)
    assert done.status_code == 302

    with app.app_context():
        request = db.session.scalars(sa.select(DataRequest).where(DataRequest.kind == RequestKind.PROVIDE)).one()
        assert (request.guest_id, request.resident_id) == (world.guest, None)
        assert (request.answer_due_on, request.due_on) == (date(2023, 6, 5), date(2023, 6, 12))
    assert f"/guests/{world.guest}/copy" in officer.get(done.headers["Location"]).text
    assert done.headers["Location"] in officer.get(f"/guests/{world.guest}/data").text


def test_an_officer_enters_and_takes_back_a_guests_consent(app: Flask, login_as: Login, world: World) -> None:
    officer = login_as(Role.OFFICER, world.commune)
    base = f"/guests/{world.other}"

    entered = officer.post(
        f"{base}/consents/new",
        data={"purpose": "photos", "evidence": "paper", "said_on": "1/6/2023", "note": "bìa số 4"},
    )
    assert entered.headers["Location"] == f"{base}/data"
    with app.app_context():
        consent_id = db.session.scalars(sa.select(Consent.id).where(Consent.guest_id == world.other)).one()
    taken = officer.post(
        f"/residents/consents/{consent_id}/withdraw", data={"evidence": "in_person", "said_on": "1/6/2023"}
    )

    assert taken.headers["Location"] == f"{base}/data"
    with app.app_context():
        assert db.session.get_one(Consent, consent_id).withdrawn_on == date(2023, 6, 1)


def test_texts_to_a_guest_are_stopped_and_welcomed_again(app: Flask, login_as: Login, world: World) -> None:
    officer = login_as(Role.OFFICER, world.commune)
    page = f"/guests/{world.guest}/texts"

    unproven = officer.post(page, data={"evidence": "in_person", "said_on": "1/6/2023"})
    assert unproven.status_code == 422
    done = officer.post(page, data={"evidence": "paper", "said_on": "1/6/2023", "note": "bìa số 4"})
    assert done.headers["Location"] == f"/guests/{world.guest}/data"
    with app.app_context():
        assert phones_not_to_text([PHONE]) == {}
    assert officer.get(f"/guests/{world.other}/texts").status_code == 404  # has no phone


def test_the_page_shows_what_goes_and_stays_and_asks_for_the_name(app: Flask, login_as: Login, world: World) -> None:
    officer = login_as(Role.OFFICER, world.commune)
    page = f"/guests/{world.guest}/erase"

    shown = officer.get(page + "?lang=en").text
    assert "0977 123 460" in shown
    assert "What stays" in shown
    assert "organisation" in shown
    assert officer.post(page, data={"name": "ai đó", "ground": "theo yêu cầu"}).status_code == 422
    done = officer.post(page, data={"name": NAME, "ground": "theo yêu cầu"})
    assert done.headers["Location"] == "/guests"
    assert _where(app, *EVERY_SPELLING) == []
    assert ERASED not in officer.get("/guests").text
    for gone in ("edit", "data", "copy", "copy.json", "erase", "texts", "consents/new"):
        assert officer.get(f"/guests/{world.guest}/{gone}").status_code == 404
    assert officer.get(f"/meetings/{world.past}").status_code == 200


@pytest.mark.parametrize("role", [Role.LEADER, Role.HAMLET_HEAD, Role.VIEWER])
def test_nobody_else_erases_or_takes_a_copy(login_as: Login, world: World, role: Role) -> None:
    client = login_as(role, world.commune)

    assert client.get(f"/guests/{world.guest}/erase").status_code == 403
    assert client.get(f"/guests/{world.guest}/copy.json").status_code == 403


def test_the_administrator_sees_who_looked_at_a_guest(login_as: Login, world: World) -> None:
    officer = login_as(Role.OFFICER, world.commune)
    officer.get("/guests")
    officer.get("/residents")
    officer.get(f"/guests/{world.other}/edit")
    officer.get(f"/guests/{world.guest}/edit")

    page = login_as(Role.ADMINISTRATOR, world.commune).get(f"/guests/{world.guest}/looks?lang=en")
    rows = BeautifulSoup(page.data, "lxml").select("main tbody tr")
    seen = [row.get_text(" ", strip=True) for row in rows]

    assert sum("The guest's page" in row for row in seen) == 1
    assert sum("The guests" in row for row in seen) == 1
    assert not any("list of households" in row for row in seen)


def test_a_guest_who_refused_stands_on_the_list_of_phones_that_take_no_texts(login_as: Login, world: World) -> None:
    page = f"/guests/{world.guest}/texts"

    shown = login_as(Role.OFFICER, world.commune).get("/personal-data/opt-outs").text
    assert NAME in shown
    assert page in shown
    assert "Nông Văn Khách" not in shown


def test_a_hamlet_head_sees_no_guest_there(login_as: Login, world: World) -> None:
    assert NAME not in login_as(Role.HAMLET_HEAD, world.hamlet).get("/personal-data/opt-outs").text
