"""What stood in the database before the events at the door carried a flag and what they said is still there after."""

from __future__ import annotations

import json
from collections.abc import Callable

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask

from eventmgr.core.db import db
from tests.checkin.conftest import Hall

TOLD = {"event_id": "b", "code": "0123456789", "scanned_at": "2023-06-01T01:00:00+00:00", "method": "typed"}


def _say(app: Flask, sentence: str, **values: object) -> None:
    with app.app_context(), db.engine.execution_options(writing=True).begin() as connection:
        connection.execute(sa.text(sentence), values)


def _rows(app: Flask, sentence: str) -> list[sa.Row[object]]:
    with app.app_context(), db.engine.connect() as connection:
        return list(connection.execute(sa.text(sentence)))


@pytest.fixture
def migrate(app: Flask) -> Callable[[str], None]:
    """`migrate("0001")` goes down to it, or up."""

    def go(revision: str) -> None:
        with app.app_context():
            (flask_migrate.downgrade if revision < "0005" else flask_migrate.upgrade)(revision=revision)
            db.session.remove()

    return go


def test_held_and_flagged_events_go_down_and_up_again(app: Flask, hall: Hall, migrate: Callable[[str], None]) -> None:
    migrate("0001")
    for event_id, held, people, note in (
        ("a", False, [{"household": "", "household_id": None, "hint": ""}], "[revoked] có giấy mời"),
        ("b", True, [TOLD], "muộn"),
    ):
        _say(
            app,
            "INSERT INTO scan (meeting_id, source, event_id, code, method, answer, people, scanned_at, received_at,"
            " offline, held, note) VALUES (:meeting, 'device:1', :event_id, '0123456789', 'typed', 'closed', :people,"
            " :at, :at, :yes, :held, :note)",
            meeting=hall.meeting,
            event_id=event_id,
            people=json.dumps(people),
            at="2023-06-01 01:00:00",
            yes=True,
            held=held,
            note=note,
        )

    migrate("head")

    kept = _rows(app, "SELECT event_id, flag, note, told FROM scan ORDER BY event_id")
    assert [tuple(row[:3]) for row in kept] == [("a", "revoked", "có giấy mời"), ("b", "", "muộn")]
    told = [json.loads(row[3]) if isinstance(row[3], str) else row[3] for row in kept]
    assert told == [None, TOLD]

    migrate("0001")

    (first, second) = _rows(app, "SELECT note, people FROM scan ORDER BY event_id")
    assert first[0] == "[revoked] có giấy mời"
    assert (json.loads(second[1]) if isinstance(second[1], str) else second[1]) == [TOLD]


def test_of_two_stand_ins_one_stands_where_only_one_may(
    app: Flask, hall: Hall, scan: Callable[..., object], migrate: Callable[[str], None]
) -> None:
    scan(household_id=hall.household, proxy_name="Nông Văn Út")
    scan(household_id=hall.household, proxy_name="Nông Thị Lan")

    migrate("0002")

    assert _rows(app, "SELECT proxy_name FROM attendance WHERE undone_at IS NULL") == [("Nông Văn Út",)]


def test_a_phone_paired_before_follows_its_meeting_from_then_on(
    app: Flask, hall: Hall, migrate: Callable[[str], None]
) -> None:
    migrate("0003")

    migrate("head")

    ends = _rows(app, "SELECT follows_end, ends_at FROM device JOIN meeting ON meeting.id = device.meeting_id")
    assert len(ends) == 1
    assert ends[0][0] == ends[0][1]
