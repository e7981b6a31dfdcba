"""Phones at the door: paired by their own key, listed with what they hold, good as long as their meeting needs them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.areas.models import Area
from eventmgr.checkin.models import Attendance, Device
from eventmgr.checkin.services.pairing import create_pairing
from eventmgr.core.access import Role
from eventmgr.core.clock import FixedClock
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.residents.models import Resident
from tests.checkin.conftest import Hall
from tests.factories import make_household, make_invitation

Send = Callable[..., dict[str, Any]]
KEY = "a-key_made-up-by-the-phone-itself-0123456789"


@pytest.fixture
def officer(login_as: Callable[..., FlaskClient], hall: Hall) -> FlaskClient:
    """An officer of the commune."""
    return login_as(Role.OFFICER, hall.commune)


def link_code(app: Flask, hall: Hall, clock: FixedClock) -> str:
    with app.app_context(), unit_of_work():
        return create_pairing(db.session.get_one(Meeting, hall.meeting), by=None, now=clock.now())[1]


def get(client: FlaskClient, hall: Hall, what: str, token: str = "", **query: Any) -> dict[str, Any]:
    answer = client.get(
        f"/api/v1/meetings/{hall.meeting}/{what}",
        query_string=query,
        headers={"Authorization": f"Bearer {token or hall.token}"},
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return dict(answer.get_json())


def move(app: Flask, hall: Hall, by: timedelta) -> None:
    with app.app_context(), unit_of_work():
        meeting = db.session.get_one(Meeting, hall.meeting)
        assert meeting.starts_at
        assert meeting.ends_at
        meeting.starts_at, meeting.ends_at = meeting.starts_at + by, meeting.ends_at + by


# --- Pairing --------------------------------------------------------------------------------------


def test_a_phone_whose_answer_was_lost_asks_again_with_its_key_and_gets_the_same(
    app: Flask, client: FlaskClient, hall: Hall, clock: FixedClock
) -> None:
    body = {"code": link_code(app, hall, clock), "key": KEY, "label": "Máy bác Thu"}

    first, again = client.post("/api/v1/devices", json=body), client.post("/api/v1/devices", json=body)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert first.get_json()["token"] == KEY
    assert first.get_json()["expires_at"]
    assert get(client, hall, "counts", KEY)["invited"] == 3


def test_the_same_link_with_another_key_was_used_already(
    app: Flask, client: FlaskClient, hall: Hall, clock: FixedClock
) -> None:
    code = link_code(app, hall, clock)
    client.post("/api/v1/devices", json={"code": code, "key": KEY})

    for body in ({"code": code, "key": KEY[::-1]}, {"code": code}):
        answer = client.post("/api/v1/devices", json=body)
        assert (answer.status_code, answer.get_json()["error"]) == (404, "pairing_unknown")


def test_one_key_pairs_one_phone(app: Flask, client: FlaskClient, hall: Hall, clock: FixedClock) -> None:
    client.post("/api/v1/devices", json={"code": link_code(app, hall, clock), "key": KEY})

    answer = client.post("/api/v1/devices", json={"code": link_code(app, hall, clock), "key": KEY})

    assert (answer.status_code, answer.get_json()["error"]) == (409, "key_taken")


def test_a_revoked_phone_does_not_come_back_by_its_link(
    app: Flask, client: FlaskClient, hall: Hall, clock: FixedClock
) -> None:
    body = {"code": link_code(app, hall, clock), "key": KEY}
    client.post("/api/v1/devices", json=body)
    with app.app_context(), unit_of_work():
        db.session.execute(sa.update(Device).values(revoked_at=clock.now()))

    assert client.post("/api/v1/devices", json=body).status_code == 404


@pytest.mark.parametrize("key", ["short", "x" * 129, "with a space " * 4, "a/b" * 12, 7])
def test_a_key_of_another_make_is_not_taken(
    app: Flask, client: FlaskClient, hall: Hall, clock: FixedClock, key: Any
) -> None:
    answer = client.post("/api/v1/devices", json={"code": link_code(app, hall, clock), "key": key})

    assert answer.status_code == 422


def test_the_key_is_kept_as_a_digest_only(app: Flask, client: FlaskClient, hall: Hall, clock: FixedClock) -> None:
    client.post("/api/v1/devices", json={"code": link_code(app, hall, clock), "key": KEY})

    with app.app_context():
        assert KEY not in list(db.session.scalars(sa.select(Device.token_digest)))


# --- How long -------------------------------------------------------------------------------------


def test_a_meetings_phone_is_good_until_two_days_after_its_end_wherever_that_moves(
    app: Flask, client: FlaskClient, hall: Hall, clock: FixedClock
) -> None:
    end = clock.now() + timedelta(hours=3)
    assert datetime.fromisoformat(get(client, hall, "counts")["expires_at"]) == end + timedelta(days=2)

    move(app, hall, timedelta(days=10))

    assert datetime.fromisoformat(get(client, hall, "counts")["expires_at"]) == end + timedelta(days=12)
    clock.advance(days=11)
    assert get(client, hall, "counts")["invited"] == 3
    clock.advance(days=2)
    answer = client.get(f"/api/v1/meetings/{hall.meeting}/counts", headers={"Authorization": f"Bearer {hall.token}"})
    assert answer.status_code == 401


def test_an_officer_pairs_a_phone_for_a_hamlet_and_says_how_long(
    client: FlaskClient, officer: FlaskClient, hall: Hall, clock: FixedClock
) -> None:
    def pair(**form: Any) -> dict[str, Any]:
        shown = officer.post(f"/meetings/{hall.meeting}/check-in/phones", data=form)
        link = BeautifulSoup(shown.get_data(as_text=True), "html.parser").select_one("main code")
        assert link is not None
        return dict(client.post("/api/v1/devices", json={"code": link.get_text().partition("#pair=")[2]}).get_json())

    meeting, hamlet, long = pair(), pair(hamlet=hall.hamlet), pair(hamlet=hall.hamlet, days=90)

    assert (meeting["meeting_id"], hamlet["meeting_id"]) == (hall.meeting, None)
    good_for = [datetime.fromisoformat(told["expires_at"]) - clock.now() for told in (meeting, hamlet, long)]
    assert [span.days for span in good_for] == [2, 30, 90]


def test_a_phone_is_not_paired_for_a_hamlet_that_is_not_the_meetings(officer: FlaskClient, hall: Hall) -> None:
    answer = officer.post(f"/meetings/{hall.meeting}/check-in/phones", data={"hamlet": hall.other_hamlet})

    assert answer.status_code == 404


# --- What it has not sent -------------------------------------------------------------------------


def test_the_board_says_how_much_a_phone_still_holds_and_until_when_it_is_good(
    app: Flask, client: FlaskClient, officer: FlaskClient, hall: Hall
) -> None:
    client.post(
        f"/api/v1/meetings/{hall.meeting}/scans",
        json={"scans": [], "waiting": 12},
        headers={"Authorization": f"Bearer {hall.token}"},
    )
    told = officer.get(f"/meetings/{hall.meeting}/check-in").get_data(as_text=True)
    assert "12 chưa gửi" in told
    assert "nghe" in told or "liên lạc" in told

    get(client, hall, "counts", waiting=0)

    assert "đã gửi hết" in officer.get(f"/meetings/{hall.meeting}/check-in").get_data(as_text=True)


@pytest.mark.parametrize("waiting", [-1, "many", None, True, 10**12, [3]])
def test_an_odd_number_of_waiting_events_is_passed_over(
    app: Flask, client: FlaskClient, hall: Hall, waiting: Any
) -> None:
    answer = client.post(
        f"/api/v1/meetings/{hall.meeting}/scans",
        json={"scans": [], "waiting": waiting},
        headers={"Authorization": f"Bearer {hall.token}"},
    )

    assert answer.status_code == 200
    with app.app_context():
        assert db.session.scalars(sa.select(Device.unsent)).one() is None


# --- Whether its list is still good ---------------------------------------------------------------


def _invite_another(meeting: Meeting, hamlet: Area, _first: Invitation, _member: Resident, _now: datetime) -> None:
    make_invitation(meeting, make_household(hamlet, "Lô Văn Thìn"))


def _withdraw(_meeting: Meeting, _hamlet: Area, first: Invitation, _member: Resident, now: datetime) -> None:
    first.withdrawn_at = now


def _replace_code(_meeting: Meeting, _hamlet: Area, first: Invitation, _member: Resident, _now: datetime) -> None:
    first.code = "ABCDE12345"


def _correct_name(_meeting: Meeting, _hamlet: Area, _first: Invitation, member: Resident, _now: datetime) -> None:
    member.full_name = "Nông Văn Ảnh"


def _move_away(_meeting: Meeting, _hamlet: Area, _first: Invitation, member: Resident, now: datetime) -> None:
    member.left_on = now.date()


@pytest.mark.parametrize("change", [_invite_another, _withdraw, _replace_code, _correct_name, _move_away])
def test_the_lists_word_changes_when_the_list_does(
    app: Flask, client: FlaskClient, hall: Hall, scan: Send, clock: FixedClock, change: Callable[..., None]
) -> None:
    before = get(client, hall, "manifest")["list_version"]
    scan(code=hall.second_code)
    assert get(client, hall, "counts")["list_version"] == before

    with app.app_context(), unit_of_work():
        change(
            db.session.get_one(Meeting, hall.meeting),
            db.session.get_one(Area, hall.hamlet),
            db.session.scalars(sa.select(Invitation).where(Invitation.code == hall.code)).one(),
            db.session.get_one(Resident, hall.members[0]),
            clock.now(),
        )

    after = get(client, hall, "counts")["list_version"]
    assert after != before
    assert get(client, hall, "manifest")["list_version"] == after


def test_the_manifest_lists_old_codes_by_digest_so_that_a_phone_can_say_so(
    app: Flask, client: FlaskClient, hall: Hall, clock: FixedClock
) -> None:
    with app.app_context(), unit_of_work():
        first = db.session.scalars(sa.select(Invitation).where(Invitation.code == hall.code)).one()
        first.withdrawn_at = clock.now()

    told = get(client, hall, "manifest")

    assert [row["withdrawn_at"] for row in told["revoked"]] == [clock.now().isoformat().replace("+00:00", "Z")]
    assert told["revoked"][0]["code_hash"] not in [row["code_hash"] for row in told["households"]]
    assert (told["expires_at"] is None, told["list_version"] == "") == (False, False)


def test_the_counts_say_what_a_phone_needs_to_know_of_its_meeting(
    client: FlaskClient, officer: FlaskClient, hall: Hall, clock: FixedClock
) -> None:
    told = get(client, hall, "counts")

    assert told["meeting"]["title"] == "Họp thôn Một"
    assert told["server_time"] == clock.now().isoformat().replace("+00:00", "Z")
    assert told["opens_at"] < told["meeting"]["starts_at"]
    by_session = officer.get(f"/api/v1/meetings/{hall.meeting}/counts").get_json()
    assert by_session["expires_at"] is None


def test_a_hamlets_phone_is_told_of_its_own_hamlets_people_only(
    app: Flask, client: FlaskClient, hall: Hall, scan: Send, clock: FixedClock
) -> None:
    scan(code=hall.code)
    with app.app_context(), unit_of_work():
        meeting = db.session.get_one(Meeting, hall.meeting)
        meeting.hamlet_rows.append(type(meeting.hamlet_rows[0])(hamlet_id=hall.other_hamlet))
        db.session.flush()
        other = db.session.get_one(Area, hall.other_hamlet)
        code = create_pairing(meeting, by=None, now=clock.now(), hamlet=other)[1]
    token = client.post("/api/v1/devices", json={"code": code}).get_json()["token"]

    for what, name in (("counts", "came_rows"), ("manifest", "came"), ("manifest", "households")):
        assert get(client, hall, what, token)[name] == []
    assert len(get(client, hall, "counts")["came_rows"]) == 1
    with app.app_context():
        assert len(db.session.scalars(sa.select(Attendance)).all()) == 1
