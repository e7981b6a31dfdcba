"""Rules of the door that hold from every way in: whom an arrival counts for, when it was, and what later changes keep."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.areas.models import Area
from eventmgr.checkin.models import Attendance, Scan
from eventmgr.checkin.services.pairing import pair_device
from eventmgr.core.clock import FixedClock
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.registry import Subject, SubjectKind, erase
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.reports.queries.attendance import turnout
from eventmgr.residents.models import Contact, Household, Resident
from eventmgr.residents.services.merging import merge_households, merge_residents
from eventmgr.residents.services.moving import move_resident
from tests.checkin.conftest import Hall
from tests.factories import make_household, make_invitation

Send = Callable[..., dict[str, Any]]


def standing(app: Flask) -> list[Attendance]:
    with app.app_context():
        return list(
            db.session.scalars(sa.select(Attendance).where(Attendance.undone_at.is_(None)).order_by(Attendance.id))
        )


def send(client: FlaskClient, hall: Hall, events: list[dict[str, Any]], **more: Any) -> list[dict[str, Any]]:
    answer = client.post(
        f"/api/v1/meetings/{hall.meeting}/scans",
        json={"scans": events} | more,
        headers={"Authorization": f"Bearer {hall.token}"},
    )
    assert answer.status_code == 200
    return list(answer.get_json()["results"])


# --- When somebody came ---------------------------------------------------------------------------


def test_the_devices_time_is_kept_to_the_millisecond(app: Flask, hall: Hall, scan: Send, clock: FixedClock) -> None:
    at = clock.now().replace(microsecond=0) - timedelta(seconds=1) + timedelta(milliseconds=123)

    scan(code=hall.code, scanned_at=at.isoformat(timespec="milliseconds"))

    with app.app_context():
        assert db.session.scalars(sa.select(Scan.scanned_at)).one() == at
    assert standing(app)[0].attended_at == at


def test_an_earlier_scan_that_arrives_later_is_when_the_person_came(
    app: Flask, hall: Hall, scan: Send, clock: FixedClock
) -> None:
    with app.app_context(), unit_of_work():
        offline_phone = pair_device(db.session.get_one(Meeting, hall.meeting), now=clock.now(), label="Máy hai")
    earlier = clock.now() - timedelta(minutes=20)
    scan(code=hall.code)
    clock.advance(minutes=30)

    late = scan(code=hall.code, token=offline_phone, offline=True, scanned_at=earlier.isoformat())

    assert late["status"] == "already"
    (row,) = standing(app)
    assert row.attended_at == earlier
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Scan)) == 2


def test_a_later_scan_changes_no_time(app: Flask, hall: Hall, scan: Send, clock: FixedClock) -> None:
    first = clock.now()
    scan(code=hall.code)
    clock.advance(minutes=30)
    scan(code=hall.code)

    assert standing(app)[0].attended_at == first


@pytest.mark.parametrize("shown", ["1970-01-01T00:00:07Z", "0001-01-01T00:00:00", "9999-12-31T23:59:59-12:00"])
def test_a_clock_that_cannot_be_right_loses_nobody(
    app: Flask, hall: Hall, scan: Send, clock: FixedClock, shown: str
) -> None:
    result = scan(code=hall.code, scanned_at=shown, offline=True)

    assert result["status"] == "ok"
    assert standing(app)[0].attended_at == clock.now()


def test_a_clock_that_was_never_set_is_corrected_by_what_it_says_when_sending(
    app: Flask, client: FlaskClient, hall: Hall, clock: FixedClock
) -> None:
    never_set = datetime(1970, 1, 1, 9, tzinfo=UTC)
    event = {"event_id": "a", "code": hall.code, "scanned_at": (never_set - timedelta(minutes=40)).isoformat()}

    (result,) = send(client, hall, [event | {"offline": True}], sent_at=never_set.isoformat())

    assert result["status"] == "ok"
    assert standing(app)[0].attended_at == clock.now() - timedelta(minutes=40)
    with app.app_context():
        scan = db.session.scalars(sa.select(Scan)).one()
    assert scan.scanned_at == never_set - timedelta(minutes=40)
    assert scan.happened_at == clock.now() - timedelta(minutes=40)


def test_a_list_of_no_known_time_loses_nobody(app: Flask, hall: Hall, scan: Send) -> None:
    assert scan(code=hall.code, offline=True, list_at="lately")["status"] == "ok"


def test_a_lost_reply_is_asked_for_again_and_is_the_first_answer(
    app: Flask, client: FlaskClient, hall: Hall, clock: FixedClock
) -> None:
    event = {"event_id": "a", "code": hall.code, "scanned_at": clock.now().isoformat()}
    first = send(client, hall, [event])
    clock.advance(hours=1)

    assert send(client, hall, [event]) == first
    assert len(standing(app)) == 1


# --- Whom it counts for ---------------------------------------------------------------------------


def test_ticks_and_a_stand_in_come_together(app: Flask, hall: Hall, scan: Send) -> None:
    result = scan(
        household_id=hall.household, resident_ids=hall.members[:2], proxy_name="Nông Văn Út", relation="con rể"
    )

    assert [person["name"] for person in result["people"]] == ["Nông Văn Ánh", "Nông Thị Bích", "Nông Văn Út"]
    assert [(row.resident_id, row.proxy_name) for row in standing(app)] == [
        (hall.members[0], ""),
        (hall.members[1], ""),
        (None, "Nông Văn Út"),
    ]


def test_a_stand_in_after_an_unnamed_representative_is_that_representative(app: Flask, hall: Hall, scan: Send) -> None:
    scan(code=hall.code)

    assert scan(household_id=hall.household, proxy_name="Nông Văn Út")["status"] == "ok"
    assert [row.proxy_name for row in standing(app)] == ["Nông Văn Út"]
    assert scan(code=hall.code)["status"] == "already"


def test_two_stand_ins_of_one_household_are_two_and_one_of_them_twice_is_one(
    app: Flask, hall: Hall, scan: Send
) -> None:
    scan(household_id=hall.household, proxy_name="Nông Văn Út")
    assert scan(household_id=hall.household, proxy_name="NONG VAN UT")["status"] == "already"
    assert scan(household_id=hall.household, proxy_name="Nông Thị Lan")["status"] == "ok"

    assert [row.proxy_name for row in standing(app)] == ["Nông Văn Út", "Nông Thị Lan"]


def test_somebody_on_no_list_is_counted_as_of_the_household_that_is_named(app: Flask, hall: Hall, scan: Send) -> None:
    came = {"name": "Nông Thị Dâu", "gender": "female", "household_id": hall.household}

    assert scan(walk_in=came)["status"] == "ok"
    assert scan(walk_in=came)["status"] == "already"
    assert scan(resident_ids=hall.members[:1])["status"] == "ok"

    first = standing(app)[0]
    assert (first.household_id, first.resident_id, first.walk_in_name) == (hall.household, None, "Nông Thị Dâu")
    assert (first.hamlet_id, first.is_minority, first.poverty_class.value) == (hall.hamlet, True, "poor")
    assert len(standing(app)) == 2


def test_a_household_out_of_reach_takes_nobody_on(app: Flask, hall: Hall, scan: Send, clock: FixedClock) -> None:
    with app.app_context(), unit_of_work():
        meeting, own = db.session.get_one(Meeting, hall.meeting), db.session.get_one(Area, hall.hamlet)
        theirs = make_household(db.session.get_one(Area, hall.other_hamlet), "Lý Văn Xa").id
        phone = pair_device(meeting, now=clock.now())
        db.session.execute(sa.text("UPDATE device SET hamlet_id = :hamlet, meeting_id = NULL"), {"hamlet": own.id})

    assert scan(walk_in={"name": "Lý Thị Xa", "household_id": theirs}, token=phone)["status"] == "unknown"
    assert standing(app) == []


def test_an_unnamed_representative_counts_once_whatever_comes_first(app: Flask, hall: Hall, scan: Send) -> None:
    scan(household_id=hall.household)
    scan(code=hall.code)
    scan(resident_ids=hall.members[:1])
    scan(code=hall.code)

    assert [row.resident_id for row in standing(app)] == hall.members[:1]


# --- What later changes keep ----------------------------------------------------------------------


def figures(app: Flask, hall: Hall) -> Any:
    with app.app_context():
        return turnout(Meeting.id == hall.meeting)


def test_a_person_who_moves_keeps_the_figures_of_the_meeting_as_they_were(
    app: Flask, hall: Hall, scan: Send, clock: FixedClock
) -> None:
    scan(resident_ids=hall.members[:2])
    before = figures(app, hall)
    with app.app_context(), unit_of_work():
        elsewhere = make_household(db.session.get_one(Area, hall.other_hamlet), "Lý Văn Xa")
        move_resident(db.session.get_one(Resident, hall.members[1]), elsewhere, by=None, now=clock.now())

    assert figures(app, hall) == before
    assert [(row.household_id, row.hamlet_id) for row in standing(app)] == [(hall.household, hall.hamlet)] * 2


def test_a_merge_counts_the_person_once_and_keeps_both_events(
    app: Flask, hall: Hall, scan: Send, clock: FixedClock
) -> None:
    scan(resident_ids=hall.members[:1])
    scan(resident_ids=hall.members[1:2])
    with app.app_context(), unit_of_work():
        kept, dropped = (db.session.get_one(Resident, one) for one in hall.members[:2])
        merge_residents(kept, dropped, by=None, now=clock.now())

    assert [row.resident_id for row in standing(app)] == hall.members[:1]
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Scan)) == 2


@pytest.mark.parametrize(
    ("first", "second", "stand"), [("Vi Văn Út", "Vi Văn Ba", 2), ("Vi Văn Út", "VI VAN UT", 1), ("", "", 1)]
)
def test_merged_households_keep_stand_ins_of_two_names_and_one_of_one_name(
    app: Flask, hall: Hall, scan: Send, clock: FixedClock, first: str, second: str, stand: int
) -> None:
    scan(household_id=hall.household, proxy_name=first)
    scan(household_id=hall.second_household, proxy_name=second)
    with app.app_context(), unit_of_work():
        kept, dropped = (db.session.get_one(Household, one) for one in (hall.household, hall.second_household))
        merge_households(kept, dropped, by=None, now=clock.now())

    assert len(standing(app)) == stand


def test_the_code_of_a_merged_invitation_is_told_as_the_other_meetings_too(
    app: Flask, hall: Hall, scan: Send, clock: FixedClock
) -> None:
    with app.app_context(), unit_of_work():
        other = db.session.get_one(Meeting, hall.other_meeting)
        hamlet = db.session.get_one(Area, hall.other_hamlet)
        kept, dropped = (make_household(hamlet, name) for name in ("Vi Văn Giữ", "Vi Văn Giữ"))
        make_invitation(other, kept)
        code = make_invitation(other, dropped).code
        merge_households(kept, dropped, by=None, now=clock.now())

    result = scan(code=code)

    assert (result["status"], "Họp thôn Hai" in result["hint"]) == ("other_meeting", True)


def test_erasing_the_last_of_a_household_takes_its_code_from_every_event_however_it_was_read(
    app: Flask, hall: Hall, scan: Send, clock: FixedClock
) -> None:
    code = hall.second_code
    for read in (code.lower(), f"{code[:5]}-{code[5:]}", f"HTTPS://X.VN/I/{code}"):
        scan(code=read)
    with app.app_context(), unit_of_work():
        db.session.execute(sa.text("UPDATE device SET revoked_at = expires_at"))
    scan(code=code.lower())
    before = figures(app, hall)
    with app.app_context(), unit_of_work():
        (resident,) = db.session.get_one(Household, hall.second_household).members
        erase(Subject(SubjectKind.RESIDENT, resident.id), clock.now())

    assert figures(app, hall) == before
    with app.app_context():
        kept = db.session.execute(sa.text("SELECT code, people, told FROM scan")).all()
    assert len(kept) == 4
    assert code.lower() not in repr(kept).lower()


# --- Looking for people by phone ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("0678", ["Hoàng Thị Đào"]),
        ("912 000 678", ["Hoàng Thị Đào"]),
        ("0912.000.678", ["Hoàng Thị Đào"]),
        ("678", []),
        ("9678", []),
        ("0912000679", []),
    ],
)
def test_the_last_digits_of_a_phone_find_names_and_nothing_else(
    app: Flask, client: FlaskClient, hall: Hall, typed: str, found: list[str]
) -> None:
    with app.app_context(), unit_of_work():
        db.session.add(Contact(household_id=hall.second_household, phone="+84912000678"))

    answer = client.get(
        f"/api/v1/meetings/{hall.meeting}/people",
        query_string={"q": typed},
        headers={"Authorization": f"Bearer {hall.token}"},
    )

    assert [person["name"] for person in answer.get_json()["people"]] == found
    assert "912" not in answer.get_data(as_text=True)


def test_a_code_that_is_replaced_is_nobodys(app: Flask, hall: Hall, scan: Send) -> None:
    with app.app_context(), unit_of_work():
        db.session.execute(sa.update(Invitation).where(Invitation.code == hall.code).values(code="ABCDE12345"))

    assert scan(code=hall.code)["status"] == "unknown"
    assert scan(code="abcde-12345")["status"] == "ok"
