"""What a phone without network could not be told, and what came too late: kept, shown, settled once by an officer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.checkin.models import Attendance, Device, Scan
from eventmgr.checkin.services.pairing import pair_device
from eventmgr.core.access import Role
from eventmgr.core.audit import AuditEntry
from eventmgr.core.clock import FixedClock
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.meetings.values import MeetingStatus
from eventmgr.residents.models import Resident
from tests.checkin.conftest import Hall
from tests.factories import hamlet_of, make_commune

Send = Callable[..., dict[str, Any]]


@pytest.fixture
def officer(login_as: Callable[..., FlaskClient], hall: Hall) -> FlaskClient:
    """An officer of the commune."""
    return login_as(Role.OFFICER, hall.commune)


def standing(app: Flask) -> list[Attendance]:
    with app.app_context():
        return list(
            db.session.scalars(sa.select(Attendance).where(Attendance.undone_at.is_(None)).order_by(Attendance.id))
        )


def scans(app: Flask) -> list[Scan]:
    with app.app_context():
        return list(db.session.scalars(sa.select(Scan).order_by(Scan.id)))


def revoke(app: Flask, clock: FixedClock) -> None:
    with app.app_context(), unit_of_work():
        db.session.execute(sa.update(Device).values(revoked_at=clock.now()))


def set_status(app: Flask, hall: Hall, status: MeetingStatus) -> None:
    with app.app_context(), unit_of_work():
        db.session.get_one(Meeting, hall.meeting).status = status


def page(client: FlaskClient, hall: Hall) -> BeautifulSoup:
    answer = client.get(f"/meetings/{hall.meeting}/check-in/held")
    assert answer.status_code == 200
    return BeautifulSoup(answer.get_data(as_text=True), "html.parser")


def settle(client: FlaskClient, hall: Hall, **form: Any) -> BeautifulSoup:
    answer = client.post(f"/meetings/{hall.meeting}/check-in/held", data=form, follow_redirects=True)
    assert answer.status_code == 200
    return BeautifulSoup(answer.get_data(as_text=True), "html.parser")


# --- What waits -----------------------------------------------------------------------------------


def test_an_offline_event_that_is_refused_keeps_its_true_answer_and_waits(app: Flask, hall: Hall, scan: Send) -> None:
    assert scan(code="0000000000", offline=True, event_id="a")["status"] == "unknown"
    assert scan(code=hall.other_code, offline=True, event_id="b")["status"] == "other_meeting"
    assert scan(code="0000000000", event_id="c")["status"] == "unknown"

    assert [scan.held for scan in scans(app)] == [True, True, False]
    assert scan(code="0000000000", offline=True, event_id="a")["status"] == "unknown"


def test_too_early_without_network_waits(app: Flask, hall: Hall, scan: Send, clock: FixedClock) -> None:
    early = (clock.now() - timedelta(hours=13)).isoformat()

    assert scan(code=hall.code, offline=True, scanned_at=early)["status"] == "not_open"
    assert [scan.held for scan in scans(app)] == [True]


def test_the_page_says_who_which_phone_both_times_and_why(
    app: Flask, client: FlaskClient, officer: FlaskClient, hall: Hall, clock: FixedClock
) -> None:
    revoke(app, clock)
    slow = clock.now() - timedelta(hours=2)
    event = {"event_id": "a", "code": hall.code.lower(), "scanned_at": slow.isoformat(), "note": "có giấy mời"}
    client.post(
        f"/api/v1/meetings/{hall.meeting}/scans",
        json={"scans": [event], "sent_at": slow.isoformat()},
        headers={"Authorization": f"Bearer {hall.token}"},
    )

    (line,) = page(officer, hall).select("tbody tr")
    told = line.get_text(" ", strip=True)

    for part in ("Nông Văn Ánh", hall.code, "Máy ở cửa", "08:00", "đồng hồ máy chỉ", "06:00", "thôi ghép", "có giấy"):
        assert part in told, part
    assert f"/meetings/{hall.meeting}/check-in/held" in officer.get(f"/meetings/{hall.meeting}/check-in").get_data(
        as_text=True
    )


# --- Accepting ------------------------------------------------------------------------------------


def test_what_is_accepted_counts_from_when_it_happened_and_once(
    app: Flask, officer: FlaskClient, hall: Hall, scan: Send, clock: FixedClock
) -> None:
    revoke(app, clock)
    then = clock.now()
    scan(code=hall.code)
    clock.advance(hours=5)
    waiting = scans(app)[0].id

    settle(officer, hall, accept=waiting)
    settle(officer, hall, accept=waiting)

    (row,) = standing(app)
    assert (row.attended_at, row.household_id, row.device_id) == (then, hall.household, 1)
    assert page(officer, hall).select("tbody tr") == []
    with app.app_context():
        assert len(db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "accept_scan")).all()) == 1


def test_a_wrong_clock_is_corrected_when_accepted_too(
    app: Flask, client: FlaskClient, officer: FlaskClient, hall: Hall, clock: FixedClock
) -> None:
    revoke(app, clock)
    slow = clock.now() - timedelta(hours=2)
    event = {"event_id": "a", "code": hall.code, "scanned_at": (slow - timedelta(minutes=3)).isoformat()}
    client.post(
        f"/api/v1/meetings/{hall.meeting}/scans",
        json={"scans": [event], "sent_at": slow.isoformat()},
        headers={"Authorization": f"Bearer {hall.token}"},
    )

    settle(officer, hall, accept=scans(app)[0].id)

    assert standing(app)[0].attended_at == clock.now() - timedelta(minutes=3)


def test_many_are_accepted_together_and_who_stands_there_is_not_counted_twice(
    app: Flask, officer: FlaskClient, hall: Hall, scan: Send, clock: FixedClock
) -> None:
    scan(code=hall.code)
    revoke(app, clock)
    scan(code=hall.code)
    scan(resident_ids=hall.members[1:2])
    scan(walk_in={"name": "Vi Thị Hoa"})

    settle(officer, hall, scan=[row.id for row in scans(app) if row.held])

    assert sorted((row.resident_id or 0, row.walk_in_name) for row in standing(app)) == sorted(
        [(hall.members[1], ""), (0, "Vi Thị Hoa")]
    )
    assert page(officer, hall).select("tbody tr") == []


def test_a_code_nobody_knows_is_accepted_with_a_name(app: Flask, officer: FlaskClient, hall: Hall, scan: Send) -> None:
    scan(code="0000000000", offline=True)
    waiting = scans(app)[0].id

    asked = settle(officer, hall, accept=waiting)
    assert asked.select_one(f"#name-{waiting}") is not None
    assert standing(app) == []
    settle(officer, hall, accept=waiting, **{f"name-{waiting}": "Vi Thị Hoa"})

    assert [row.walk_in_name for row in standing(app)] == ["Vi Thị Hoa"]


@pytest.mark.parametrize("of", ["another meeting", "a withdrawn invitation"])
def test_a_code_that_does_not_count_still_says_who_stood_there(
    app: Flask, officer: FlaskClient, hall: Hall, scan: Send, clock: FixedClock, of: str
) -> None:
    code = hall.other_code if of == "another meeting" else hall.code
    with app.app_context(), unit_of_work():
        invitation = db.session.scalars(sa.select(Invitation).where(Invitation.code == code)).one()
        household_id = invitation.household_id
        if of != "another meeting":
            invitation.withdrawn_at = clock.now() - timedelta(hours=1)
    scan(code=code, offline=True)

    settle(officer, hall, accept=scans(app)[0].id)

    assert [row.household_id for row in standing(app)] == [household_id]


def test_while_the_figures_are_closed_nothing_is_accepted_and_once_reopened_it_is(
    app: Flask, officer: FlaskClient, hall: Hall, scan: Send
) -> None:
    set_status(app, hall, MeetingStatus.CLOSED)
    scan(code=hall.code, offline=True)
    waiting = scans(app)[0].id

    assert officer.post(f"/meetings/{hall.meeting}/check-in/held", data={"accept": waiting}).status_code == 422
    set_status(app, hall, MeetingStatus.HELD)
    settle(officer, hall, accept=waiting)

    assert len(standing(app)) == 1


def test_an_undo_that_waited_takes_back_what_was_accepted_before_it(
    app: Flask, officer: FlaskClient, hall: Hall, scan: Send, clock: FixedClock
) -> None:
    revoke(app, clock)
    scan(code=hall.code, event_id="in")
    clock.advance(minutes=1)
    scan(undo={"event_id": "in"}, event_id="out")

    settle(officer, hall, scan=[row.id for row in scans(app)])

    assert standing(app) == []
    assert page(officer, hall).select("tbody tr") == []


@pytest.mark.parametrize("singled_out", [False, True])
def test_an_undo_that_waits_says_whom_it_takes_back(
    app: Flask, officer: FlaskClient, hall: Hall, scan: Send, clock: FixedClock, singled_out: bool
) -> None:
    members = list(hall.members[:2])
    scan(household_id=hall.household, resident_ids=members, event_id="in")
    revoke(app, clock)
    scan(household_id=hall.household, proxy_name="Nông Thị Con", event_id="later")
    clock.advance(seconds=1)
    scan(undo={"event_id": "in", "resident_id": members[1]} if singled_out else {"event_id": "in"})
    scan(undo={"event_id": "later"})
    scan(undo={"event_id": "never sent"})

    with app.app_context():
        names = [db.session.get_one(Resident, number).full_name for number in members]
    told = [row.get_text(" ", strip=True) for row in page(officer, hall).select("tbody tr th")]
    assert told[0] == "Nông Thị Con"
    assert (names[0] in told[1], names[1] in told[1]) == (not singled_out, True)
    assert "Nông Thị Con" in told[2]
    assert told[3].endswith("chưa rõ là ai")


def test_a_phone_takes_back_what_still_waits(app: Flask, officer: FlaskClient, hall: Hall, scan: Send) -> None:
    scan(code="0000000000", offline=True, event_id="in")

    assert scan(undo={"event_id": "in"}, offline=True)["status"] == "ok"

    assert page(officer, hall).select("tbody tr") == []
    assert scans(app)[0].settled_how == "dropped"


# --- Dropping -------------------------------------------------------------------------------------


def test_what_is_dropped_stays_on_file_with_its_reason_and_counts_for_nobody(
    app: Flask, officer: FlaskClient, hall: Hall, scan: Send, clock: FixedClock
) -> None:
    revoke(app, clock)
    scan(code=hall.code, event_id="x")
    waiting = scans(app)[0].id

    settle(officer, hall, drop=waiting, **{f"reason-{waiting}": "máy mất cắp"})
    settle(officer, hall, accept=waiting)

    assert standing(app) == []
    assert (scans(app)[0].settled_how, scans(app)[0].settle_reason) == ("dropped", "máy mất cắp")
    assert scan(code=hall.code, event_id="x")["status"] == "held"


def test_the_page_today_says_that_something_waits(
    app: Flask, officer: FlaskClient, login_as: Callable[..., FlaskClient], hall: Hall, scan: Send
) -> None:
    scan(code="0000000000", offline=True)

    assert f"/meetings/{hall.meeting}/check-in/held" in officer.get("/").get_data(as_text=True)
    assert "check-in/held" not in login_as(Role.HAMLET_HEAD, hall.hamlet).get("/").get_data(as_text=True)
    settle(officer, hall, drop=scans(app)[0].id)
    assert "check-in/held" not in officer.get("/").get_data(as_text=True)


# --- Who may --------------------------------------------------------------------------------------


def test_a_hamlet_head_sees_that_something_waits_and_an_officer_settles_it(
    app: Flask, login_as: Callable[..., FlaskClient], hall: Hall, scan: Send
) -> None:
    scan(code="0000000000", offline=True)
    head = login_as(Role.HAMLET_HEAD, hall.hamlet)

    assert "1 lượt chờ cán bộ xem" in head.get(f"/meetings/{hall.meeting}/check-in").get_data(as_text=True)
    assert head.get(f"/meetings/{hall.meeting}/check-in/held").status_code == 403


def test_another_communes_events_are_no_such_page(
    app: Flask, login_as: Callable[..., FlaskClient], officer: FlaskClient, hall: Hall, scan: Send
) -> None:
    scan(code="0000000000", offline=True)
    waiting = scans(app)[0].id
    with app.app_context(), unit_of_work():
        elsewhere = make_commune("Xã Khác", "09999")
        assert hamlet_of(elsewhere)
        elsewhere_id = elsewhere.id
    stranger = login_as(Role.OFFICER, elsewhere_id)

    assert stranger.get(f"/meetings/{hall.meeting}/check-in/held").status_code == 404
    assert stranger.post(f"/meetings/{hall.meeting}/check-in/held", data={"drop": waiting}).status_code == 404
    other = f"/meetings/{hall.other_meeting}/check-in/held"
    assert officer.post(other, data={"drop": waiting}).status_code == 404


# --- What was taken and is worth a look -----------------------------------------------------------


def notes(client: FlaskClient, hall: Hall) -> str:
    return client.get(f"/meetings/{hall.meeting}/check-in/live").get_data(as_text=True)


def test_two_phones_without_network_that_took_one_person_make_one_attendance_and_a_note(
    app: Flask, officer: FlaskClient, hall: Hall, scan: Send, clock: FixedClock
) -> None:
    with app.app_context(), unit_of_work():
        second = pair_device(db.session.get_one(Meeting, hall.meeting), now=clock.now(), label="Máy cửa sau")
    earlier = clock.now() - timedelta(minutes=5)

    assert scan(code=hall.code, offline=True)["status"] == "ok"
    assert scan(code=hall.code, offline=True, token=second, scanned_at=earlier.isoformat())["status"] == "already"

    (row,) = standing(app)
    assert row.attended_at == earlier
    assert [scan.flag for scan in scans(app)] == ["", "two_phones"]
    assert "hai máy cùng điểm danh" in notes(officer, hall)
    assert "Máy cửa sau" in notes(officer, hall)


def test_the_same_phone_twice_is_no_note(app: Flask, officer: FlaskClient, hall: Hall, scan: Send) -> None:
    scan(code=hall.code, offline=True)
    scan(code=hall.code, offline=True)

    assert [scan.flag for scan in scans(app)] == ["", ""]
    assert "Cần xem lại" not in notes(officer, hall)


def test_a_meeting_called_off_takes_what_came_offline_with_a_note(
    app: Flask, officer: FlaskClient, hall: Hall, scan: Send
) -> None:
    set_status(app, hall, MeetingStatus.CANCELLED)

    scan(code=hall.code, offline=True, note="bà con đã đến")

    assert "dù hội nghị đã báo không tổ chức" in notes(officer, hall)
    assert "bà con đã đến" in notes(officer, hall)


def test_notes_on_other_hamlets_people_are_not_shown_to_a_hamlet_head(
    app: Flask, login_as: Callable[..., FlaskClient], hall: Hall, scan: Send
) -> None:
    set_status(app, hall, MeetingStatus.CANCELLED)
    scan(household_id=hall.household, offline=True)
    with app.app_context(), unit_of_work():
        meeting = db.session.get_one(Meeting, hall.meeting)
        other = db.session.get_one(Meeting, hall.other_meeting)
        other_id = other.hamlets[0].id
        meeting.hamlet_rows.append(type(meeting.hamlet_rows[0])(hamlet_id=other_id))

    assert "Nông Văn Ánh" in notes(login_as(Role.HAMLET_HEAD, hall.hamlet), hall)
    assert "Nông Văn Ánh" not in notes(login_as(Role.HAMLET_HEAD, hall.other_hamlet), hall)
