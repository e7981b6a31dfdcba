"""Taking a check-in back, and taking that back: rows stay, nobody is counted twice, a closed meeting stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.checkin.models import Attendance, Scan
from eventmgr.checkin.services.pairing import pair_device
from eventmgr.core.access import Role
from eventmgr.core.audit import AuditEntry
from eventmgr.core.clock import FixedClock
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.values import MeetingStatus
from eventmgr.residents.models import Resident
from eventmgr.residents.services.merging import merge_residents
from tests.checkin.conftest import Hall

Send = Callable[..., dict[str, Any]]


def rows(app: Flask) -> list[Attendance]:
    with app.app_context():
        return list(db.session.scalars(sa.select(Attendance).order_by(Attendance.id)))


def standing(app: Flask) -> list[Attendance]:
    return [row for row in rows(app) if row.undone_at is None]


def close(app: Flask, hall: Hall) -> None:
    with app.app_context(), unit_of_work():
        db.session.get_one(Meeting, hall.meeting).status = MeetingStatus.CLOSED


@pytest.fixture
def take_back(client: FlaskClient, hall: Hall) -> Callable[..., int]:
    """`take_back(attendance_id)` by the phone's undo address; `again=True` takes that back. Gives the HTTP status."""

    def send(attendance_id: int, *, again: bool = False) -> int:
        answer = client.post(
            f"/api/v1/meetings/{hall.meeting}/attendances/{attendance_id}/undo",
            json={"undo": False} if again else {"reason": "nhầm nhà"},
            headers={"Authorization": f"Bearer {hall.token}"},
        )
        return int(answer.status_code)

    return send


# --- By an event ----------------------------------------------------------------------------------


def test_an_undo_event_frees_whom_the_earlier_event_let_in(app: Flask, hall: Hall, scan: Send) -> None:
    scan(resident_ids=hall.members[:2], event_id="in")

    result = scan(undo={"event_id": "in"}, method="undo", note="nhầm nhà")

    assert result["status"] == "ok"
    assert [person["name"] for person in result["people"]] == ["Nông Văn Ánh", "Nông Thị Bích"]
    assert standing(app) == []
    assert [(row.undo_reason, row.undone_source) for row in rows(app)] == [("nhầm nhà", "device:1")] * 2
    assert scan(code=hall.code)["status"] == "ok"


@pytest.mark.parametrize(
    ("whom", "left"),
    [
        pytest.param({"resident_id": 0}, ["Nông Thị Bích", "Nông Văn Rể"], id="one member"),
        pytest.param({"stand_in": True}, ["Nông Thị Bích", "Nông Văn Ánh"], id="who came instead of another"),
    ],
)
def test_of_several_let_in_together_one_alone_is_taken_back(
    app: Flask, hall: Hall, scan: Send, whom: dict[str, Any], left: list[str]
) -> None:
    head, wife = hall.members[:2]
    scan(event_id="in", household_id=hall.household, resident_ids=[head, wife], proxy_name="Nông Văn Rể")
    meant = {"resident_id": head} if "resident_id" in whom else whom

    assert scan(undo={"event_id": "in", **meant})["status"] == "ok"

    with app.app_context():
        names = {resident.id: resident.full_name for resident in db.session.scalars(sa.select(Resident))}
    assert sorted(row.proxy_name or names[row.resident_id or 0] for row in standing(app)) == left


def test_an_undo_event_may_name_the_attendance(app: Flask, hall: Hall, scan: Send) -> None:
    attendance_id = scan(code=hall.code)["people"][0]["attendance_id"]

    assert scan(undo={"attendance_id": attendance_id})["status"] == "ok"
    assert standing(app) == []


def test_an_undo_event_sent_again_gets_the_first_answer(app: Flask, hall: Hall, scan: Send) -> None:
    scan(code=hall.code, event_id="in")
    first = scan(undo={"event_id": "in"}, event_id="out")
    scan(code=hall.code, event_id="in again")

    assert scan(undo={"event_id": "in"}, event_id="out") == first
    assert len(standing(app)) == 1


def test_there_is_nothing_to_take_back_of_an_unknown_event_or_another_meeting(
    app: Flask, hall: Hall, scan: Send
) -> None:
    attendance_id = scan(code=hall.code)["people"][0]["attendance_id"]
    with app.app_context(), unit_of_work():
        db.session.execute(sa.update(Attendance).values(meeting_id=hall.other_meeting))

    assert scan(undo={"event_id": "never sent"})["status"] == "unknown"
    assert scan(undo={"attendance_id": attendance_id})["status"] == "unknown"
    assert len(standing(app)) == 1


def test_an_event_that_found_somebody_present_takes_nobody_away(app: Flask, hall: Hall, scan: Send) -> None:
    scan(code=hall.code, event_id="first")
    scan(code=hall.code, event_id="second")

    assert scan(undo={"event_id": "second"}) | {"event_id": ""} == {
        "event_id": "",
        "status": "ok",
        "people": [],
        "household": "",
        "household_id": None,
        "hint": "",
    }
    assert len(standing(app)) == 1


def test_a_closed_meeting_answers_closed_to_an_undo_and_holds_a_late_one(app: Flask, hall: Hall, scan: Send) -> None:
    scan(code=hall.code, event_id="in")
    close(app, hall)

    assert scan(undo={"event_id": "in"})["status"] == "closed"
    assert scan(undo={"event_id": "in"}, offline=True)["status"] == "held"
    assert len(standing(app)) == 1


def test_an_undo_is_kept_as_an_event_and_in_the_audit(app: Flask, hall: Hall, scan: Send) -> None:
    scan(code=hall.code, event_id="in")

    scan(undo={"event_id": "in"}, event_id="out", note="nhầm")

    with app.app_context():
        event = db.session.scalars(sa.select(Scan).where(Scan.event_id == "out")).one()
        entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "undo_attendance")).one()
    assert (event.undoes, event.note) == (True, "nhầm")
    assert entry.after == {"reason": "nhầm", "device_id": 1}


def test_whom_another_door_saw_too_is_worth_a_look_once_a_phone_takes_them_back(
    app: Flask, hall: Hall, scan: Send, clock: FixedClock, login_as: Callable[..., FlaskClient]
) -> None:
    with app.app_context(), unit_of_work():
        second = pair_device(db.session.get_one(Meeting, hall.meeting), now=clock.now(), label="Máy cửa sau")
    scan(code=hall.code, event_id="in")
    scan(code=hall.code, event_id="by mistake, again")
    scan(code=hall.code, token=second)

    scan(undo={"event_id": "in"})

    with app.app_context():
        assert list(db.session.scalars(sa.select(Scan.flag).order_by(Scan.id))) == ["", "", "taken_back", ""]
    live = login_as(Role.OFFICER, hall.commune).get(f"/meetings/{hall.meeting}/check-in/live")
    assert "cửa khác đã bỏ" in live.get_data(as_text=True)


# --- Taking an undo back --------------------------------------------------------------------------


def test_undo_of_an_undo_brings_the_person_back_and_forgets_the_reason(
    app: Flask, hall: Hall, scan: Send, take_back: Callable[..., int]
) -> None:
    attendance_id = scan(code=hall.code)["people"][0]["attendance_id"]
    take_back(attendance_id)

    assert take_back(attendance_id, again=True) == 200
    (row,) = standing(app)
    assert (row.undo_reason, row.undone_source, row.undone_by_id) == ("", "", None)


@pytest.mark.parametrize("came_since", ["named", "unnamed"])
def test_an_undo_is_not_taken_back_once_the_household_came_in_another_way(
    app: Flask, hall: Hall, scan: Send, take_back: Callable[..., int], came_since: str
) -> None:
    ways: dict[str, dict[str, Any]] = {"unnamed": {"code": hall.code}, "named": {"resident_ids": hall.members[1:2]}}
    first = next(way for name, way in ways.items() if name != came_since)
    attendance_id = scan(**first)["people"][0]["attendance_id"]
    take_back(attendance_id)
    scan(**ways[came_since])

    assert take_back(attendance_id, again=True) == 409
    assert len(standing(app)) == 1


def test_another_member_present_does_not_hinder_taking_an_undo_back(
    app: Flask, hall: Hall, scan: Send, take_back: Callable[..., int]
) -> None:
    attendance_id = scan(resident_ids=hall.members[:1])["people"][0]["attendance_id"]
    take_back(attendance_id)
    scan(resident_ids=hall.members[1:2])

    assert take_back(attendance_id, again=True) == 200
    assert len(standing(app)) == 2


def test_a_representative_who_got_a_name_is_not_brought_back(
    app: Flask, hall: Hall, scan: Send, take_back: Callable[..., int]
) -> None:
    unnamed = scan(household_id=hall.household)["people"][0]["attendance_id"]
    named = scan(resident_ids=hall.members[:1])["people"][0]["attendance_id"]
    take_back(named)

    assert take_back(unnamed, again=True) == 409
    assert standing(app) == []


def test_one_of_two_entries_of_one_person_is_not_brought_back(
    app: Flask, hall: Hall, scan: Send, clock: FixedClock, take_back: Callable[..., int]
) -> None:
    scan(resident_ids=hall.members[:1])
    later = scan(resident_ids=hall.members[1:2])["people"][0]["attendance_id"]
    with app.app_context(), unit_of_work():
        kept, dropped = (db.session.get_one(Resident, one) for one in hall.members[:2])
        merge_residents(kept, dropped, by=None, now=clock.now())

    assert take_back(later, again=True) == 409
    assert len(standing(app)) == 1


def test_in_a_closed_meeting_nothing_is_taken_back_or_brought_back(
    app: Flask, hall: Hall, scan: Send, take_back: Callable[..., int]
) -> None:
    undone = scan(code=hall.code)["people"][0]["attendance_id"]
    stands = scan(code=hall.second_code)["people"][0]["attendance_id"]
    take_back(undone)
    close(app, hall)

    assert take_back(undone, again=True) == 422
    assert take_back(stands) == 422
    assert [row.id for row in standing(app)] == [stands]


def test_the_board_says_so_where_somebody_came_again(
    app: Flask, hall: Hall, scan: Send, login_as: Callable[..., FlaskClient], take_back: Callable[..., int]
) -> None:
    attendance_id = scan(code=hall.code)["people"][0]["attendance_id"]
    take_back(attendance_id)
    scan(code=hall.code)

    url = f"/meetings/{hall.meeting}/check-in/{attendance_id}/undo"
    answer = login_as(Role.OFFICER, hall.commune).post(url, data={"restore": 1})

    assert answer.status_code == 409
    assert "đã được điểm danh lại" in answer.get_data(as_text=True)


def test_a_reason_in_our_own_words_hinders_nobody(
    app: Flask, hall: Hall, scan: Send, login_as: Callable[..., FlaskClient], take_back: Callable[..., int]
) -> None:
    attendance_id = scan(code=hall.code)["people"][0]["attendance_id"]
    url = f"/meetings/{hall.meeting}/check-in/{attendance_id}/undo"
    login_as(Role.OFFICER, hall.commune).post(url, data={"reason": "merged"})

    assert take_back(attendance_id, again=True) == 200
