"""What is old is taken away by the worker, as each commune has decided, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.areas.models import Area
from eventmgr.checkin.models import Device, Scan
from eventmgr.checkin.values import Answer, Method
from eventmgr.core.access import Role
from eventmgr.core.access_log import AccessEntry, AccessKind, record_access
from eventmgr.core.audit import AuditEntry, record_audit
from eventmgr.core.clock import FixedClock, now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.files import StoredFile, file_path, find_file, keep_file
from eventmgr.core.retention import RetentionRun, decide_days, retention_rules
from eventmgr.home.tasks import take_away_old_data
from eventmgr.meetings.models import Invitation
from eventmgr.messaging.models import Batch, DeliveryEvent, Message
from eventmgr.messaging.values import BatchKind, BatchState, MessageState
from eventmgr.residents.models import DataRequest, Resident
from eventmgr.residents.rights import ERASED, Evidence, RequestDetails, RequestKind
from eventmgr.residents.services.requests import finish_request, register_request
from tests.factories import hamlet_of, make_commune, make_household, make_invitation, make_meeting

Login = Callable[..., FlaskClient]


@pytest.fixture
def commune(app: Flask) -> Area:
    with app.app_context(), unit_of_work():
        return make_commune()


def _run(app: Flask) -> None:
    with app.app_context():
        take_away_old_data()


def _decide(app: Flask, commune: Area, **days: int | None) -> None:
    with app.app_context(), unit_of_work():
        place = db.session.get_one(Area, commune.id)
        decide_days(place.id, place.path, days, by=None, now=now())


def _message(commune_id: int, gateway: str, state: MessageState = MessageState.DELIVERED) -> int:
    batch = Batch(
        area_id=commune_id,
        subject="meeting:1",
        title="Mời họp",
        kind=BatchKind.CUSTOM,
        texts={},
        send_at=now(),
        state=BatchState.DONE,
        created_at=now(),
    )
    message = Message(
        batch=batch,
        public_id=f"{gateway}{state}",
        subject="meeting:1",
        kind=BatchKind.CUSTOM,
        revision=1,
        once_key=f"{gateway}{state}",
        phone="+84912345678",
        recipient_key="invitation:1",
        text="UBND xa Binh Trung kinh moi",
        encoding="GSM-7",
        segments=1,
        price=250,
        state=state,
        gateway=gateway,
        queued_at=now(),
        settled_at=None if state is MessageState.QUEUED else now(),
    )
    message.events.append(DeliveryEvent(at=now(), source="callback", outcome="delivered", raw={"Body": "kinh moi"}))
    db.session.add(message)
    db.session.flush()
    return message.id


def test_words_of_old_messages_go_and_outcome_and_phone_stay(app: Flask, commune: Area, clock: FixedClock) -> None:
    with app.app_context(), unit_of_work():
        message_id = _message(commune.id, "twilio")
        waiting_id = _message(commune.id, "twilio", MessageState.QUEUED)

    clock.advance(days=729)
    _run(app)
    with app.app_context():
        assert db.session.get_one(Message, message_id).text != ""

    clock.advance(days=2)
    _run(app)
    with app.app_context():
        message = db.session.get_one(Message, message_id)
        assert (message.text, message.phone, message.state) == ("", "+84912345678", MessageState.DELIVERED)
        assert message.events[0].raw == {}
        assert db.session.get_one(Message, waiting_id).text != ""
        run = db.session.get_one(RetentionRun, (commune.id, "message_texts"))
        assert (run.removed, run.removed_in_all, run.ran_at) == (1, 1, clock.now())


def test_phones_of_the_outbox_stay_until_the_office_decides(app: Flask, commune: Area, clock: FixedClock) -> None:
    with app.app_context(), unit_of_work():
        message_id = _message(commune.id, "twilio")
    clock.advance(days=5000)
    _run(app)
    with app.app_context():
        assert db.session.get_one(Message, message_id).phone == "+84912345678"

    _decide(app, commune, message_phones=3650)
    _run(app)

    with app.app_context():
        message = db.session.get_one(Message, message_id)
        assert (message.phone, message.once_key, message.price) == (f"x{message_id}", None, 250)


def test_the_simulators_messages_go_early(app: Flask, commune: Area, clock: FixedClock) -> None:
    with app.app_context(), unit_of_work():
        tried, real = _message(commune.id, "simulator"), _message(commune.id, "twilio")
    clock.advance(days=91)
    _run(app)
    with app.app_context():
        assert db.session.get_one(Message, tried).text == ""
        assert not db.session.get_one(Message, tried).phone.startswith("+")
        assert db.session.get_one(Message, real).text != ""


def test_lists_as_handed_in_are_taken_from_the_disk(app: Flask, commune: Area, clock: FixedClock) -> None:
    with app.app_context(), unit_of_work():
        kept = keep_file(b"danh sach", name="a.csv", type="list", area_id=commune.id, by_id=None, now=now())
        paper = keep_file(b"giay", name="b.pdf", type="application/pdf", area_id=commune.id, by_id=None, now=now())
        ids, hashes = (kept.id, paper.id), (kept.hash, paper.hash)
    clock.advance(days=400)
    with app.app_context(), unit_of_work():
        keep_file(b"danh sach", name="again.csv", type="list", area_id=commune.id, by_id=None, now=now())

    clock.advance(days=331)
    _run(app)
    with app.app_context():
        assert find_file(ids[0]) is None
        assert file_path(hashes[0]).exists(), "the same list was handed in again later"

    clock.advance(days=400)
    _run(app)
    with app.app_context():
        assert not file_path(hashes[0]).exists()
        assert find_file(ids[1]) is not None
        assert file_path(hashes[1]).exists()
        assert db.session.scalar(sa.select(sa.func.count()).select_from(StoredFile)) == 3


def test_addresses_leave_the_log_books_and_the_acts_stay(app: Flask, commune: Area, clock: FixedClock) -> None:
    with app.app_context(), unit_of_work():
        record_audit("edit_household", "household:1", by=None, now=now(), area_id=commune.id)
        record_access(AccessKind.VIEW, "household", by=None, now=now(), record="household:1", area_id=commune.id)
        db.session.flush()
        for model in (AuditEntry, AccessEntry):
            db.session.execute(sa.update(model).values(address="192.0.2.7"))
    clock.advance(days=366)
    _run(app)
    with app.app_context():
        assert set(db.session.scalars(sa.select(AuditEntry.address))) == {None}
        assert db.session.scalars(sa.select(AccessEntry)).one().address is None
    clock.advance(days=1500)
    _run(app)
    with app.app_context():
        assert db.session.scalars(sa.select(AccessEntry)).all() == []
        assert db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "edit_household")).one()


def test_codes_of_past_meetings_open_nothing(app: Flask, commune: Area, clock: FixedClock, client: FlaskClient) -> None:
    with app.app_context(), unit_of_work():
        hamlet = hamlet_of(db.session.get_one(Area, commune.id))
        meeting = make_meeting(hamlet)
        invitation = make_invitation(meeting, make_household(hamlet))
        code, invitation_id = invitation.code, invitation.id
        db.session.add(
            Scan(
                meeting=meeting,
                source="device:1",
                event_id="e",
                code=code,
                method=Method.CAMERA,
                answer=Answer.OK,
                people=[],
                scanned_at=now(),
                received_at=now(),
            )
        )
    clock.advance(days=180)
    _run(app)
    assert client.get(f"/i/{code}").status_code == 200

    clock.advance(days=2)
    _run(app)
    with app.app_context():
        renewed = db.session.get_one(Invitation, invitation_id).code
    assert renewed != code
    assert client.get(f"/i/{code}").status_code == 404
    _run(app)
    with app.app_context():
        assert db.session.get_one(Invitation, invitation_id).code == renewed

    clock.advance(days=200)
    _run(app)
    with app.app_context():
        assert db.session.scalars(sa.select(Scan.code)).one() == ""


def test_paired_phones_lose_name_and_key_long_after_they_expired(app: Flask, commune: Area, clock: FixedClock) -> None:
    with app.app_context(), unit_of_work():
        hamlet = hamlet_of(db.session.get_one(Area, commune.id))
        db.session.add(
            Device(
                label="máy anh Đức",
                hamlet_id=hamlet.id,
                token_digest="0" * 64,
                created_at=now(),
                expires_at=now() + timedelta(days=1),
            )
        )
    clock.advance(days=180)
    _run(app)
    with app.app_context():
        assert db.session.scalars(sa.select(Device)).one().token_digest is not None
    clock.advance(days=2)
    _run(app)
    with app.app_context():
        device = db.session.scalars(sa.select(Device)).one()
        assert (device.token_digest, device.label) == (None, "")


def test_people_who_left_stay_until_the_office_decides(app: Flask, commune: Area, clock: FixedClock) -> None:
    with app.app_context(), unit_of_work():
        hamlet = hamlet_of(db.session.get_one(Area, commune.id))
        gone, here = make_household(hamlet, "Nông Văn Đi", members=("Nông Văn Ở",)).members
        gone.left_on = date(2023, 5, 1)
        gone_id, here_id = gone.id, here.id
    clock.advance(days=4000)
    _run(app)
    with app.app_context():
        assert db.session.get_one(Resident, gone_id).full_name == "Nông Văn Đi"

    _decide(app, commune, people_gone=3650)
    _run(app)

    with app.app_context():
        assert db.session.get_one(Resident, gone_id).full_name == ERASED
        assert db.session.get_one(Resident, here_id).full_name == "Nông Văn Ở"


def test_who_asked_is_forgotten_that_it_was_answered_is_not(app: Flask, commune: Area, clock: FixedClock) -> None:
    with app.app_context(), unit_of_work():
        place = db.session.get_one(Area, commune.id)
        details = RequestDetails(RequestKind.ACCESS, "Nông Văn Ánh", date(2023, 6, 1), Evidence.PAPER)
        finish_request(register_request(place, details, by=None, now=now()), "Đã gửi", by=None, now=now())
        register_request(place, details, by=None, now=now())
    clock.advance(days=1900)
    _run(app)
    with app.app_context():
        closed, still_open = db.session.scalars(sa.select(DataRequest).order_by(DataRequest.id))
        assert (closed.requester, closed.outcome, closed.closed_on) == (ERASED, "", date(2023, 6, 1))
        assert still_open.requester == "Nông Văn Ánh"


def test_another_commune_goes_by_its_own_rule(app: Flask, commune: Area, clock: FixedClock) -> None:
    with app.app_context(), unit_of_work():
        other = make_commune("Chi Ví Dụ", "06999").id
        ours, theirs = _message(commune.id, "twilio"), _message(other, "android")
    _decide(app, commune, message_texts=None)
    clock.advance(days=800)
    _run(app)
    with app.app_context():
        assert db.session.get_one(Message, ours).text != ""
        assert db.session.get_one(Message, theirs).text == ""


def test_the_page_says_each_rule_with_its_basis_and_last_run(
    app: Flask, login_as: Login, commune: Area, clock: FixedClock
) -> None:
    _run(app)

    page = login_as(Role.OFFICER, commune).get("/personal-data/retention").text

    with app.test_request_context():
        for rule in retention_rules():
            assert str(rule.title) in page
            assert str(rule.basis) in page
    assert "Không giới hạn" in page


def test_the_administrator_changes_a_rule_and_it_is_audited(app: Flask, login_as: Login, commune: Area) -> None:
    administrator = login_as(Role.ADMINISTRATOR, commune)

    wrong = administrator.post("/personal-data/retention", data={"message_texts": "nhiều"})
    assert wrong.status_code == 422
    administrator.post("/personal-data/retention", data={"message_texts": "365", "uploaded_lists": ""})

    page = administrator.get("/personal-data/retention?lang=en").text
    assert "365 days" in page
    with app.app_context():
        entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "decide_retention")).one()
        assert entry.after is not None
        assert entry.after["message_texts"] == 365
        assert entry.after["uploaded_lists"] is None


def test_an_officer_cannot_change_the_rules(app: Flask, login_as: Login, commune: Area) -> None:
    login_as(Role.OFFICER, commune).post("/personal-data/retention", data={"message_texts": "1"})

    with app.app_context():
        assert db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "decide_retention")).all() == []
