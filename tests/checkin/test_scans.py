"""What the door says to each event, and what stands in the database afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.checkin.models import Attendance, Device, Scan
from eventmgr.core.clock import FixedClock
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.values import MeetingStatus
from eventmgr.residents.values import Gender, PovertyClass
from tests.checkin.conftest import Hall
from tests.factories import hamlet_of, make_commune, make_household, make_invitation, make_meeting

Send = Callable[..., dict[str, Any]]


def _standing(app: Flask) -> list[Attendance]:
    with app.app_context():
        return list(
            db.session.scalars(sa.select(Attendance).where(Attendance.undone_at.is_(None)).order_by(Attendance.id))
        )


def _change(app: Flask, model: Any, row_id: int, **values: Any) -> None:
    with app.app_context(), unit_of_work():
        row = db.session.get(model, row_id)
        for name, value in values.items():
            setattr(row, name, value)


def test_a_valid_code_makes_one_attendance_with_its_snapshot(app: Flask, hall: Hall, scan: Send) -> None:
    result = scan(code=hall.code, method="camera")

    assert result["status"] == "ok"
    assert [person["name"] for person in result["people"]] == ["Nông Văn Ánh"]
    (row,) = _standing(app)
    assert (row.household_id, row.resident_id) == (hall.household, None)
    assert (row.hamlet_id, row.poverty_class, row.is_minority) == (hall.hamlet, PovertyClass.POOR, True)


@pytest.mark.parametrize(
    "spoil", [str.lower, lambda code: f" {code[:5]}-{code[5:]} ", lambda code: f"HTTPS://X.VN/I/{code}"]
)
def test_a_typed_code_is_read_kindly(hall: Hall, scan: Send, spoil: Callable[[str], str]) -> None:
    assert scan(code=spoil(hall.code))["status"] == "ok"


def test_a_second_scan_says_already_since_when_and_by_which_phone(
    app: Flask, hall: Hall, scan: Send, clock: FixedClock
) -> None:
    scan(code=hall.code)
    first_at = clock.now()
    clock.advance(minutes=7)

    result = scan(code=hall.code)

    assert result["status"] == "already"
    assert result["people"][0]["first_scanned_at"] == first_at.isoformat().replace("+00:00", "Z")
    assert result["people"][0]["device"] == "Máy ở cửa"
    assert len(_standing(app)) == 1


def test_the_same_event_again_gets_the_first_answer_and_changes_nothing(app: Flask, hall: Hall, scan: Send) -> None:
    first = scan(code=hall.code, event_id="e1")

    again = scan(code=hall.code, event_id="e1")

    assert again == first
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Scan)) == 1


def test_a_refused_event_repeats_its_refusal_and_blocks_nobody(hall: Hall, scan: Send) -> None:
    refused = scan(code=hall.other_code, event_id="e1")

    assert scan(code=hall.code, event_id="e1") == refused
    assert scan(code=hall.code, event_id="e2")["status"] == "ok"


def test_the_code_of_another_meeting_is_told_with_its_name(hall: Hall, scan: Send) -> None:
    result = scan(code=hall.other_code)

    assert result["status"] == "other_meeting"
    assert "Họp thôn Hai" in result["hint"]


@pytest.mark.parametrize("code", ["0000000000", "nonsense", "1", "💐"])
def test_an_unknown_code_is_kept_and_the_person_comes_in_by_name(app: Flask, hall: Hall, scan: Send, code: str) -> None:
    assert scan(code=code)["status"] == "unknown"

    result = scan(walk_in={"name": " Vi  Thị Hoa ", "hamlet_id": hall.other_hamlet, "gender": "female"})

    assert result["status"] == "ok"
    (row,) = _standing(app)
    assert (row.walk_in_name, row.hamlet_id, row.gender) == ("Vi Thị Hoa", hall.other_hamlet, Gender.FEMALE)


def test_a_database_id_is_never_a_code(hall: Hall, scan: Send) -> None:
    assert scan(code=str(hall.household))["status"] == "unknown"


def _withdraw(app: Flask, code: str, at: datetime) -> None:
    with app.app_context():
        invitation_id = db.session.scalar(sa.select(Invitation.id).where(Invitation.code == code))
    _change(app, Invitation, invitation_id or 0, withdrawn_at=at)


def test_a_withdrawn_code_is_refused_online(app: Flask, hall: Hall, scan: Send, clock: FixedClock) -> None:
    _withdraw(app, hall.code, clock.now())

    assert scan(code=hall.code)["status"] == "revoked"
    assert _standing(app) == []


@pytest.mark.parametrize(
    ("list_age", "scan_age", "status"),
    [(None, 20, "ok"), (None, 5, "revoked"), (30, 5, "ok"), (5, 2, "revoked")],
    ids=["scanned before", "scanned after", "by an older list", "by a newer list"],
)
def test_a_withdrawn_code_read_offline_counts_if_the_phone_could_not_know(
    app: Flask, hall: Hall, scan: Send, clock: FixedClock, list_age: int | None, scan_age: int, status: str
) -> None:
    now = clock.now()
    _withdraw(app, hall.code, now - timedelta(minutes=10))
    list_at = (now - timedelta(minutes=list_age)).isoformat() if list_age else None

    result = scan(
        code=hall.code,
        offline=True,
        scanned_at=(now - timedelta(minutes=scan_age)).isoformat(),
        list_at=list_at,
    )

    assert result["status"] == status
    assert len(_standing(app)) == (status == "ok")


def test_a_withdrawn_code_that_counts_is_flagged(app: Flask, hall: Hall, scan: Send, clock: FixedClock) -> None:
    _withdraw(app, hall.code, clock.now() + timedelta(minutes=1))

    scan(code=hall.code, offline=True)

    with app.app_context():
        assert db.session.scalar(sa.select(Scan.flag)) == "revoked"


def test_a_cancelled_meeting_is_refused_online_and_flagged_offline(app: Flask, hall: Hall, scan: Send) -> None:
    _change(app, Meeting, hall.meeting, status=MeetingStatus.CANCELLED)

    assert scan(code=hall.code)["status"] == "cancelled_meeting"
    assert scan(code=hall.code, offline=True)["status"] == "ok"


def test_the_door_opens_twelve_hours_before(app: Flask, hall: Hall, scan: Send, clock: FixedClock) -> None:
    clock.advance(hours=-12)
    early = scan(code=hall.code)

    clock.advance(hours=1)

    assert early["status"] == "not_open"
    assert early["hint"]
    assert scan(code=hall.code)["status"] == "ok"


def test_a_closed_meeting_answers_closed_and_holds_what_was_scanned_offline(app: Flask, hall: Hall, scan: Send) -> None:
    _change(app, Meeting, hall.meeting, status=MeetingStatus.HELD)
    _change(app, Meeting, hall.meeting, status=MeetingStatus.CLOSED)

    assert scan(code=hall.code)["status"] == "closed"
    assert scan(code=hall.code, offline=True, event_id="late") == {"event_id": "late", "status": "held", "people": []}
    assert scan(code=hall.code, offline=True, event_id="late")["status"] == "held"
    assert _standing(app) == []


def test_the_ticked_members_come_in_and_others_later(app: Flask, hall: Hall, scan: Send) -> None:
    first = scan(code=hall.code, resident_ids=hall.members[:1])
    second = scan(resident_ids=hall.members)

    assert first["status"] == "ok"
    assert [person["status"] for person in second["people"]] == ["already", "ok", "ok"]
    rows = _standing(app)
    assert [row.resident_id for row in rows] == hall.members
    assert [row.is_minority for row in rows] == [True, True, False]
    assert rows[0].gender is Gender.MALE


def test_naming_the_representative_does_not_count_the_household_twice(app: Flask, hall: Hall, scan: Send) -> None:
    scan(household_id=hall.household)

    scan(resident_ids=hall.members[1:2])

    assert [row.resident_id for row in _standing(app)] == hall.members[1:2]
    assert scan(code=hall.code)["status"] == "already"


def test_a_relative_who_comes_instead_is_the_household_and_not_the_absent_person(
    app: Flask, hall: Hall, scan: Send
) -> None:
    result = scan(resident_ids=hall.members[:1], proxy_name="Nông Văn Út", relation="con rể")

    assert result["people"][0]["name"] == "Nông Văn Út"
    (row,) = _standing(app)
    assert (row.resident_id, row.household_id, row.relation) == (None, hall.household, "con rể")


def test_a_guest_comes_by_code_or_name_once(app: Flask, hall: Hall, scan: Send) -> None:
    assert scan(code=hall.guest_code)["status"] == "ok"
    assert scan(guest_id=hall.guest)["status"] == "already"
    assert _standing(app)[0].on_state_payroll is True


def test_a_bad_item_does_not_spoil_the_others(client: FlaskClient, hall: Hall, clock: FixedClock) -> None:
    moment = clock.now().isoformat()
    sent: list[Any] = [
        {"event_id": "a", "code": hall.code, "scanned_at": moment},
        {"event_id": "b", "scanned_at": moment},
        "rubbish",
        {"event_id": "c", "code": hall.second_code, "scanned_at": "yesterday"},
        {"event_id": "d", "walk_in": {"name": "  "}, "scanned_at": moment},
        {"event_id": "e", "resident_ids": [10**12], "scanned_at": moment},
        {"event_id": "f", "code": hall.second_code, "scanned_at": moment},
    ]

    answer = client.post(
        f"/api/v1/meetings/{hall.meeting}/scans",
        json={"scans": sent},
        headers={"Authorization": f"Bearer {hall.token}"},
    )

    results = answer.get_json()["results"]
    assert [result["event_id"] for result in results] == ["a", "b", None, "c", "d", "e", "f"]
    assert [result["status"] for result in results] == ["ok", *["invalid"] * 5, "ok"]


def test_undo_keeps_the_row_and_frees_the_person(client: FlaskClient, app: Flask, hall: Hall, scan: Send) -> None:
    attendance_id = scan(code=hall.code)["people"][0]["attendance_id"]
    url = f"/api/v1/meetings/{hall.meeting}/attendances/{attendance_id}/undo"
    bearer = {"Authorization": f"Bearer {hall.token}"}

    assert client.post(url, json={"reason": "nhầm người"}, headers=bearer).status_code == 200
    assert _standing(app) == []
    assert client.post(url, json={"undo": False}, headers=bearer).status_code == 200
    assert len(_standing(app)) == 1
    client.post(url, headers=bearer)
    assert scan(code=hall.code)["status"] == "ok"
    assert client.post(url, json={"undo": False}, headers=bearer).status_code == 409
    elsewhere = url.replace(f"meetings/{hall.meeting}", f"meetings/{hall.other_meeting}")
    assert client.post(elsewhere, headers=bearer).status_code == 404


def test_a_clock_two_hours_wrong_is_corrected_and_both_times_are_kept(
    app: Flask, client: FlaskClient, hall: Hall, clock: FixedClock
) -> None:
    slow = clock.now() - timedelta(hours=2)
    client.post(
        f"/api/v1/meetings/{hall.meeting}/scans",
        json={
            "sent_at": slow.isoformat(),
            "scans": [
                {"event_id": "a", "code": hall.code, "scanned_at": (slow - timedelta(minutes=3)).isoformat()},
            ],
        },
        headers={"Authorization": f"Bearer {hall.token}"},
    )

    with app.app_context():
        scan, row = db.session.scalars(sa.select(Scan)).one(), db.session.scalars(sa.select(Attendance)).one()
    assert scan.scanned_at == slow - timedelta(minutes=3)
    assert row.attended_at == clock.now() - timedelta(minutes=3)


def test_a_phone_without_a_good_token_is_told_nothing(client: FlaskClient, hall: Hall) -> None:
    url = f"/api/v1/meetings/{hall.meeting}"
    foreign = f"/api/v1/meetings/{hall.other_meeting}"
    bearer = {"Authorization": f"Bearer {hall.token}"}

    assert client.get(f"{url}/manifest").status_code == 401
    assert client.get(f"{url}/manifest", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get(f"{foreign}/manifest", headers=bearer).status_code == 404
    assert client.post(f"{foreign}/scans", json={"scans": []}, headers=bearer).status_code == 404
    assert client.get("/api/v1/meetings/99999/counts", headers=bearer).status_code == 404


def test_a_revoked_phone_may_only_hand_in_what_it_holds(
    app: Flask, client: FlaskClient, hall: Hall, scan: Send, clock: FixedClock
) -> None:
    with app.app_context():
        device_id = db.session.scalar(sa.select(Device.id)) or 0
    _change(app, Device, device_id, revoked_at=clock.now())
    bearer = {"Authorization": f"Bearer {hall.token}"}

    assert client.get(f"/api/v1/meetings/{hall.meeting}/manifest", headers=bearer).status_code == 401
    assert scan(code=hall.code, event_id="x") == {"event_id": "x", "status": "held", "people": []}
    assert _standing(app) == []


def test_an_expired_phone_is_told_what_an_unknown_one_is_and_still_hands_in(
    app: Flask, client: FlaskClient, hall: Hall, scan: Send, clock: FixedClock
) -> None:
    with app.app_context(), unit_of_work():
        db.session.execute(sa.update(Device).values(expires_at=clock.now()))
    answers = [
        client.get(f"/api/v1/meetings/{hall.meeting}/{what}", headers={"Authorization": f"Bearer {token}"})
        for what in ("manifest", "counts", "people?q=nong")
        for token in (hall.token, "nobody's")
    ]

    assert {(answer.status_code, answer.get_data()) for answer in answers} == {(401, answers[0].get_data())}
    assert scan(code=hall.code, event_id="x", offline=True) == {"event_id": "x", "status": "held", "people": []}
    assert scan(code=hall.code, event_id="x", offline=True)["status"] == "held"
    assert _standing(app) == []


def test_the_manifest_holds_names_and_neither_phone_nor_class_nor_code(client: FlaskClient, hall: Hall) -> None:
    answer = client.get(f"/api/v1/meetings/{hall.meeting}/manifest", headers={"Authorization": f"Bearer {hall.token}"})

    told = answer.get_json()
    assert [household["name"] for household in told["households"]] == ["Nông Văn Ánh", "Hoàng Thị Đào"]
    assert [guest["name"] for guest in told["guests"]] == ["Lý Thị Khách"]
    text = answer.get_data(as_text=True)
    assert hall.code not in text
    assert "poor" not in text
    assert "phone" not in text


def test_names_are_found_without_marks_from_two_letters_on(client: FlaskClient, hall: Hall) -> None:
    def find(typed: str) -> list[str]:
        answer = client.get(
            f"/api/v1/meetings/{hall.meeting}/people",
            query_string={"q": typed},
            headers={"Authorization": f"Bearer {hall.token}"},
        )
        return [person["name"] for person in answer.get_json()["people"]]

    assert find("b") == []
    assert find(" ") == []
    assert find("%%") == []
    assert find("bich") == ["Nông Thị Bích"]
    assert len(find("nong")) == 3


def test_counts_are_three_numbers(client: FlaskClient, hall: Hall, scan: Send) -> None:
    scan(resident_ids=hall.members)
    scan(walk_in={"name": "Vi Thị Hoa"})

    told = client.get(
        f"/api/v1/meetings/{hall.meeting}/counts", headers={"Authorization": f"Bearer {hall.token}"}
    ).get_json()

    assert (told["attendances"], told["persons"], told["households"]) == (4, 4, 1)
    assert (told["came"], told["invited"]) == (1, 3)


def test_a_pairing_link_pairs_one_phone(client: FlaskClient, app: Flask, hall: Hall, clock: FixedClock) -> None:
    from eventmgr.checkin.services.pairing import create_pairing

    with app.app_context(), unit_of_work():
        meeting = db.session.get(Meeting, hall.meeting)
        assert meeting is not None
        _device, code = create_pairing(meeting, by=None, now=clock.now())

    first = client.post("/api/v1/devices", json={"code": code.lower(), "label": "Máy bác Thu"})
    second = client.post("/api/v1/devices", json={"code": code})

    assert first.status_code == 201
    assert first.get_json()["meetings"][0]["id"] == hall.meeting
    assert second.status_code == 404
    listed = client.get("/api/v1/meetings", headers={"Authorization": f"Bearer {first.get_json()['token']}"})
    assert [meeting["id"] for meeting in listed.get_json()["meetings"]] == [hall.meeting]


def test_the_description_names_every_address(client: FlaskClient) -> None:
    paths = client.get("/api/openapi.json").get_json()["paths"]

    assert "/api/v1/meetings/{meeting_id}/scans" in paths
    assert "/api/v1/devices" in paths


# --- What no phone of ours sends ------------------------------------------------------------------


ODD_EVENTS = {
    "half a surrogate pair in the id": {"event_id": "\ud800", "code": "A"},
    "NUL in the id": {"event_id": "\0", "code": "A"},
    "two ways at once": {"code": "A", "guest_id": 1},
    "an undo of two things": {"undo": {"event_id": "a", "attendance_id": 1}},
    "an undo of nothing": {"undo": {"event_id": ""}},
    "a name of other types": {"walk_in": {"name": ["Vi"]}},
    "an id no database has": {"household_id": 10**20},
    "no such way": {"code": "A", "method": "teleport"},
}


@pytest.mark.parametrize("what", ODD_EVENTS)
def test_an_odd_event_is_told_apart_and_the_others_are_kept(
    app: Flask, client: FlaskClient, hall: Hall, clock: FixedClock, what: str
) -> None:
    at = clock.now().isoformat()
    odd = {"event_id": "odd", "scanned_at": at} | ODD_EVENTS[what]
    good = {"event_id": "good", "scanned_at": at, "code": hall.code}

    answer = client.post(
        f"/api/v1/meetings/{hall.meeting}/scans",
        data=json.dumps({"scans": [odd, good]}),
        headers={"Authorization": f"Bearer {hall.token}"},
        content_type="application/json",
    )

    assert [result["status"] for result in answer.get_json()["results"]] == ["invalid", "ok"]
    assert len(_standing(app)) == 1


BODIES = {
    "not JSON": ("{", "not_understood"),
    "not an object": ("[]", "not_understood"),
    "no list": ('{"scans": {}}', "not_understood"),
    "lists in lists": ('{"scans": ' + "[" * 100_000 + "]" * 100_000 + "}", "not_understood"),
    "too many": ('{"scans": [' + ",".join(["1"] * 10_000) + "]}", "too_many_scans"),
}


@pytest.mark.parametrize("what", BODIES)
def test_a_request_that_makes_no_sense_gets_a_sentence(client: FlaskClient, hall: Hall, what: str) -> None:
    body, code = BODIES[what]

    answer = client.post(
        f"/api/v1/meetings/{hall.meeting}/scans",
        data=body,
        headers={"Authorization": f"Bearer {hall.token}"},
        content_type="application/json",
    )

    assert answer.status_code == 422
    assert answer.get_json()["error"] == code
    assert answer.get_json()["message"].endswith(".")


@pytest.mark.parametrize("body", ['{"code": 5}', '{"code": ["0123456789"]}', '{"code": "0123456789", "key": "short"}'])
def test_an_odd_pairing_is_refused(client: FlaskClient, hall: Hall, body: str) -> None:
    assert client.post("/api/v1/devices", data=body, content_type="application/json").status_code == 422


def test_what_no_database_keeps_is_left_out_and_the_event_is_kept(app: Flask, hall: Hall, scan: Send) -> None:
    assert scan(code="\ud800")["status"] == "unknown"
    assert scan(walk_in={"name": "Vi \udfff\0Thị Hoa" + " A" * 200})["status"] == "ok"
    (row,) = _standing(app)
    assert row.walk_in_name.startswith("Vi Thị Hoa A")


def test_a_refused_household_is_named_to_its_own_commune_only(app: Flask, hall: Hall, scan: Send) -> None:
    with app.app_context(), unit_of_work():
        far = hamlet_of(make_commune("Xã Khác", "09999"))
        theirs = make_invitation(make_meeting(far), make_household(far, "Vi Văn Xa")).code

    own, foreign = scan(code=hall.other_code), scan(code=theirs)

    assert (own["status"], own["household"]) == ("other_meeting", "Lý Văn Giang")
    assert own["household_id"]
    assert (foreign["status"], foreign["hint"]) == ("unknown", "")
    assert (foreign["household"], foreign["household_id"]) == ("", None)
