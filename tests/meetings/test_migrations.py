"""Reminders made before they had a revision of their own keep the one their texts went out under."""

from __future__ import annotations

from datetime import UTC, datetime

import flask_migrate
import sqlalchemy as sa
from flask import Flask

from eventmgr.core.db import db, unit_of_work
from tests.factories import hamlet_of, make_commune, make_meeting


def test_reminders_go_on_under_the_revision_they_had(in_app: Flask) -> None:
    with unit_of_work():
        meeting_id = make_meeting(hamlet_of(make_commune())).id
    db.session.remove()
    flask_migrate.downgrade(revision="0006")
    with db.engine.execution_options(writing=True).begin() as connection:
        for rule, queued in (("1 18:30", 0), ("0 07:00", 3)):
            connection.execute(
                sa.text(
                    "INSERT INTO reminder (meeting_id, starts_at, rule, made_at, queued, problem)"
                    " VALUES (:meeting_id, :at, :rule, :at, :queued, '')"
                ).bindparams(sa.bindparam("at", type_=sa.DateTime(timezone=True))),
                {"meeting_id": meeting_id, "at": datetime(2023, 6, 15, tzinfo=UTC), "rule": rule, "queued": queued},
            )

    flask_migrate.upgrade()

    with db.engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT id, queued, revision FROM reminder ORDER BY id")).all()
    assert [row.revision for row in rows] == [0, rows[1].id]
