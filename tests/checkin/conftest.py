"""A meeting that begins in an hour, its households, and a phone at its door."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from eventmgr.checkin.services.pairing import pair_device
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.residents.values import Gender
from tests.factories import (
    hamlet_of,
    make_commune,
    make_guest,
    make_household,
    make_invitation,
    make_meeting,
    make_resident,
)


@dataclass
class Hall:
    """Ids of what stands in the database, and the code of each invitation."""

    commune: int
    hamlet: int
    other_hamlet: int
    meeting: int
    other_meeting: int
    household: int
    members: list[int]
    code: str
    second_code: str
    second_household: int
    guest: int
    guest_code: str
    other_code: str
    token: str


@pytest.fixture
def hall(app: Flask) -> Hall:
    """The meeting of the first hamlet; another one, of the second hamlet, is tomorrow."""
    with app.app_context(), unit_of_work():
        commune = make_commune()
        hamlet, other = hamlet_of(commune, 0), hamlet_of(commune, 1)
        meeting = make_meeting(hamlet, starts_at=now() + timedelta(hours=1), title="Họp thôn Một")
        later = make_meeting(other, starts_at=now() + timedelta(days=1), title="Họp thôn Hai")
        household = make_household(hamlet, "Nông Văn Ánh", members=("Nông Thị Bích",), gender=Gender.MALE)
        make_resident(household, "Nông Đức Cường", ethnic_group="Kinh", gender=Gender.MALE)
        second = make_household(hamlet, "Hoàng Thị Đào", ethnic_group="Kinh")
        elsewhere = make_household(other, "Lý Văn Giang")
        guest = make_guest(commune)
        first = make_invitation(meeting, household)
        hall = Hall(
            commune.id,
            hamlet.id,
            other.id,
            meeting.id,
            later.id,
            household.id,
            [member.id for member in household.members],
            first.code,
            make_invitation(meeting, second).code,
            second.id,
            guest.id,
            make_invitation(meeting, guest=guest).code,
            make_invitation(later, elsewhere).code,
            pair_device(meeting, now=now(), label="Máy ở cửa"),
        )
    return hall


@pytest.fixture
def scan(client: FlaskClient, hall: Hall, clock: Any) -> Callable[..., dict[str, Any]]:
    """`scan(code=…)` sends one event from the paired phone and gives its result."""

    def send(
        *, event_id: str | None = None, meeting: int | None = None, token: str = "", **what: Any
    ) -> dict[str, Any]:
        event = {"event_id": event_id or str(uuid4()), "scanned_at": clock.now().isoformat()} | what
        answer = client.post(
            f"/api/v1/meetings/{meeting or hall.meeting}/scans",
            json={"scans": [event]},
            headers={"Authorization": f"Bearer {token or hall.token}"},
        )
        assert answer.status_code == 200, answer.get_data(as_text=True)
        (result,) = answer.get_json()["results"]
        return dict(result)

    return send
