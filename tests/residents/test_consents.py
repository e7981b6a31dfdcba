"""Consent and refusal: provable, by purpose, taken back at any time, never entered by itself."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.access_log import AccessEntry
from eventmgr.core.audit import AuditEntry
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.secrets import keyed_digest, seal
from eventmgr.residents.models import Consent, Contact, PhoneWish, Resident
from eventmgr.residents.phones import phones_not_to_text
from eventmgr.residents.queries.citizen_numbers import NumberUnreadable, read_citizen_number
from eventmgr.residents.rights import Evidence, Purpose, Statement
from eventmgr.residents.services.consents import ConsentStands, NotProvable, NotYet, give_consent, withdraw_consent
from tests.factories import hamlet_of, make_commune, make_household

Login = Callable[..., FlaskClient]
PHONE = "+84912345678"
NUMBER = "020070001234"


@pytest.fixture
def place(app: Flask) -> dict[str, int]:
    with app.app_context(), unit_of_work():
        commune = make_commune()
        household = make_household(hamlet_of(commune), "Nông Văn Ánh", phone=PHONE)
        person = household.members[0]
        person.citizen_number_sealed = seal(NUMBER)
        contact = household.contacts[0]
        contact.resident = person
        db.session.flush()
        return {
            "commune": commune.id,
            "hamlet": household.hamlet_id,
            "household": household.id,
            "person": person.id,
            "contact": contact.id,
        }


def _person(place: dict[str, int]) -> Resident:
    return db.session.get_one(Resident, place["person"])


ON_PAPER = Statement(Evidence.PAPER, date(2023, 5, 30), "hồ sơ 12, trang 3")


def test_a_yes_is_kept_by_purpose_with_its_evidence(app: Flask, place: dict[str, int]) -> None:
    with app.app_context(), unit_of_work():
        give_consent(_person(place), Purpose.PHOTOS, ON_PAPER, by=None, now=now())
        give_consent(_person(place), Purpose.SMS, ON_PAPER, by=None, now=now())
        with pytest.raises(ConsentStands):
            give_consent(_person(place), Purpose.SMS, ON_PAPER, by=None, now=now())


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Statement(Evidence.IN_PERSON, date(2023, 5, 30), "nói miệng"), NotProvable),
        (Statement(Evidence.PAPER, date(2023, 5, 30), " "), NotProvable),
        (Statement(Evidence.PAPER, date(2023, 6, 2), "hồ sơ 12"), NotYet),
    ],
    ids=["a word is no proof", "a paper nobody can find", "tomorrow"],
)
def test_what_cannot_be_proved_is_no_consent(
    app: Flask, place: dict[str, int], said: Statement, error: type[Exception]
) -> None:
    with app.app_context(), unit_of_work(), pytest.raises(error):
        give_consent(_person(place), Purpose.PHOTOS, said, by=None, now=now())


def test_taking_it_back_keeps_the_history_and_stops_the_texts(app: Flask, place: dict[str, int]) -> None:
    with app.app_context(), unit_of_work():
        consent = give_consent(_person(place), Purpose.SMS, ON_PAPER, by=None, now=now())
        withdraw_consent(consent, Statement(Evidence.IN_PERSON, date(2023, 6, 1)), by=None, now=now())
        again = give_consent(_person(place), Purpose.SMS, ON_PAPER, by=None, now=now())

        rows = db.session.scalars(sa.select(Consent).order_by(Consent.id)).all()
        assert [row.withdrawn_on for row in rows] == [date(2023, 6, 1), None]
        assert again.id != consent.id
        assert phones_not_to_text([PHONE]) == {PHONE: "opted_out"}
        actions = db.session.scalars(sa.select(AuditEntry.action).where(AuditEntry.action.endswith("_consent")))
        assert list(actions) == ["give_consent", "withdraw_consent", "give_consent"]


def test_nothing_is_ticked_beforehand(login_as: Login, place: dict[str, int]) -> None:
    page = login_as(Role.OFFICER, place["commune"]).get(f"/residents/people/{place['person']}/consents/new")

    form = BeautifulSoup(page.data, "lxml").select_one("main form")
    assert form is not None
    assert form.select("[type=radio][name=purpose]")
    assert form.select("[checked], [selected]") == []


def test_an_officer_enters_a_consent_with_a_file_and_withdraws_it(
    app: Flask, login_as: Login, place: dict[str, int]
) -> None:
    officer = login_as(Role.OFFICER, place["commune"])
    data = {"purpose": "photos", "evidence": "paper", "said_on": "2023-05-30", "note": ""}
    new = f"/residents/people/{place['person']}/consents/new"

    assert officer.post(new, data=data).status_code == 422
    program = data | {"file": (io.BytesIO(b"MZ"), "giay.exe")}
    assert officer.post(new, data=program, content_type="multipart/form-data").status_code == 422
    scan = data | {"file": (io.BytesIO(b"%PDF-1.4"), "Nông Văn Ánh.pdf")}
    assert officer.post(new, data=scan, content_type="multipart/form-data").status_code == 302
    with app.app_context():
        consent = db.session.scalars(sa.select(Consent)).one()
        assert consent.file is not None
        assert consent.file.name == "bang-chung.pdf"
        assert consent.recorded_by_id is not None
        consent_id = consent.id
    file = officer.get(f"/residents/consents/{consent_id}/file")
    assert file.data == b"%PDF-1.4"
    assert "attachment" in file.headers["Content-Disposition"]
    officer.post(f"/residents/consents/{consent_id}/withdraw", data={"evidence": "in_person", "said_on": "2023-06-01"})
    with app.app_context():
        assert db.session.get_one(Consent, consent_id).withdrawn_on == date(2023, 6, 1)


# --- phones -----------------------------------------------------------------------------------------


def test_an_officer_records_a_refusal_and_lifts_it_with_proof(
    app: Flask, login_as: Login, place: dict[str, int]
) -> None:
    officer = login_as(Role.OFFICER, place["commune"])
    page = f"/residents/contacts/{place['contact']}/texts"

    officer.post(page, data={"evidence": "in_person", "said_on": "2023-06-01"})
    with app.app_context():
        assert phones_not_to_text([PHONE]) == {PHONE: "opted_out"}
    assert "0912 345 678" in officer.get("/personal-data/opt-outs").text

    unproved = officer.post(page, data={"evidence": "in_person", "said_on": "2023-06-01", "note": "nói lại"})
    assert unproved.status_code == 422
    officer.post(page, data={"evidence": "paper", "said_on": "2023-06-01", "note": "hồ sơ 12"})
    with app.app_context():
        assert phones_not_to_text([PHONE]) == {}
        assert list(db.session.scalars(sa.select(PhoneWish.takes_texts).order_by(PhoneWish.id))) == [False, True]
        entries = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action.endswith("_texts"))).all()
        assert [entry.action for entry in entries] == ["refuse_texts", "welcome_texts"]
        assert "912345678" not in str([(entry.record, entry.after) for entry in entries])


def test_a_hamlet_head_sees_the_refusals_of_the_own_hamlet_only(
    app: Flask, login_as: Login, place: dict[str, int]
) -> None:
    with app.app_context(), unit_of_work():
        commune = db.session.get_one(Area, place["commune"])
        own, other = (
            (hamlet.id for hamlet in commune.children if hamlet.id == place["hamlet"]),
            next(hamlet.id for hamlet in commune.children if hamlet.id != place["hamlet"]),
        )
        own_id = next(own)
    login_as(Role.OFFICER, place["commune"]).post(
        f"/residents/contacts/{place['contact']}/texts", data={"evidence": "call", "said_on": "2023-06-01"}
    )

    assert "Nông Văn Ánh" in login_as(Role.HAMLET_HEAD, own_id).get("/personal-data/opt-outs").text
    assert "Nông Văn Ánh" not in login_as(Role.HAMLET_HEAD, other).get("/personal-data/opt-outs").text


# --- the citizen number -----------------------------------------------------------------------------


def test_a_citizen_number_is_unreadable_at_rest_and_shown_on_an_audited_click(
    app: Flask, login_as: Login, place: dict[str, int]
) -> None:
    officer = login_as(Role.OFFICER, place["commune"])
    page = f"/residents/people/{place['person']}/data"

    assert NUMBER not in officer.get(page).text
    shown = officer.post(f"/residents/people/{place['person']}/citizen-number")
    assert NUMBER in shown.text
    assert "no-store" in shown.headers["Cache-Control"]
    with app.app_context():
        looks = db.session.scalars(sa.select(AccessEntry.what)).all()
        assert looks.count("citizen_number") == 1
        stored = db.session.execute(sa.text("SELECT citizen_number_sealed FROM resident WHERE is_head")).scalar_one()
        assert NUMBER not in stored


@pytest.mark.parametrize("role", [Role.LEADER, Role.HAMLET_HEAD, Role.VIEWER])
def test_no_other_role_sees_a_citizen_number(login_as: Login, place: dict[str, int], role: Role) -> None:
    client = login_as(role, place["commune"])

    assert client.post(f"/residents/people/{place['person']}/citizen-number").status_code == 403
    assert client.get(f"/residents/people/{place['person']}/data").status_code == 403


def test_contacts_of_a_person_stay_with_the_household(app: Flask, place: dict[str, int]) -> None:
    """Withdrawing a consent stops texts; it does not take the phone away."""
    with app.app_context(), unit_of_work():
        consent = give_consent(_person(place), Purpose.SMS, ON_PAPER, by=None, now=now())
        withdraw_consent(consent, Statement(Evidence.CALL, date(2023, 6, 1)), by=None, now=now())
        assert db.session.get(Contact, place["contact"]) is not None


def test_after_a_change_of_the_key_numbers_are_sealed_anew(
    app: Flask, make_app: Callable[..., Flask], login_as: Login, place: dict[str, int]
) -> None:
    old = app.config["SECRET_KEY"]
    renewed = make_app(SECRET_KEY="another key for tests, long enough as well")
    with renewed.app_context(), pytest.raises(NumberUnreadable):
        read_citizen_number(_person(place))

    wrong = renewed.test_cli_runner().invoke(args=["residents", "reseal", "--old-key", "no key of ours"])
    right = renewed.test_cli_runner().invoke(args=["residents", "reseal", "--old-key", old])
    again = renewed.test_cli_runner().invoke(args=["residents", "reseal", "--old-key", old])

    assert (wrong.exit_code, right.exit_code, again.exit_code) == (1, 0, 0)
    assert right.output.startswith("1 sealed anew")
    assert again.output.startswith("0 sealed anew")
    with renewed.app_context():
        person = _person(place)
        assert read_citizen_number(person) == NUMBER
        assert person.citizen_number_digest == keyed_digest(NUMBER, "citizen_number")


def test_a_number_of_another_key_is_told_kindly(app: Flask, login_as: Login, place: dict[str, int]) -> None:
    with app.app_context(), unit_of_work():
        _person(place).citizen_number_sealed = "sealed by nobody"

    answer = login_as(Role.OFFICER, place["commune"]).post(f"/residents/people/{place['person']}/citizen-number")

    assert answer.status_code == 422
    assert "khóa hiện tại" in answer.text
