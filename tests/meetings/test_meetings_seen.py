"""Who sees which meetings."""

from __future__ import annotations

import pytest
from flask import Flask

from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.errors import NotFound
from eventmgr.meetings.models import Meeting, Series
from eventmgr.meetings.queries.meetings import (
    get_meeting_visible_to,
    get_series_visible_to,
    meetings_of_series_visible_to,
    meetings_visible_to,
)
from tests.factories import hamlet_of, make_commune, make_meeting


def make_series(commune: Area) -> tuple[Series, list[Meeting]]:
    series = Series(area=commune, title="Đợt mẫu", created_at=now())
    meetings = [make_meeting(hamlet, series=series) for hamlet in commune.children]
    return series, meetings


def seen(scope: Scope) -> set[int]:
    return {meeting.id for meeting in db.session.scalars(meetings_visible_to(scope))}


def test_an_officer_sees_the_meetings_of_the_own_commune_only(in_app: Flask) -> None:
    with unit_of_work():
        own, other = make_commune(), make_commune("Xã Khác", "06218")
        meeting, foreign = make_meeting(hamlet_of(own)), make_meeting(hamlet_of(other))

    assert seen(Scope((own.path,))) == {meeting.id}
    with pytest.raises(NotFound):
        get_meeting_visible_to(Scope((own.path,)), foreign.id)


def test_a_hamlet_head_sees_what_serves_the_own_hamlet_joint_meetings_too(in_app: Flask) -> None:
    with unit_of_work():
        commune = make_commune()
        first, second = hamlet_of(commune, 0), hamlet_of(commune, 1)
        own, foreign, joint = make_meeting(first), make_meeting(second), make_meeting(first, second)

    assert seen(Scope((first.path,))) == {own.id, joint.id}
    assert get_meeting_visible_to(Scope((first.path,)), joint.id).hamlets == [first, second]
    with pytest.raises(NotFound):
        get_meeting_visible_to(Scope((first.path,)), foreign.id)


def test_nobody_without_a_scope_sees_a_meeting(in_app: Flask) -> None:
    with unit_of_work():
        make_meeting(hamlet_of(make_commune()))

    assert seen(Scope()) == set()


def test_of_a_series_a_hamlet_head_sees_the_own_part(in_app: Flask) -> None:
    with unit_of_work():
        commune, other = make_commune(), make_commune("Xã Khác", "06218")
        series, meetings = make_series(commune)

    assert len(meetings_of_series_visible_to(Scope((commune.path,)), series.id)) == 3
    own = meetings[0].hamlets[0]
    assert meetings_of_series_visible_to(Scope((own.path,)), series.id) == [meetings[0]]
    assert get_series_visible_to(Scope((own.path,)), series.id) is series
    with pytest.raises(NotFound):
        meetings_of_series_visible_to(Scope((other.path,)), series.id)
    with pytest.raises(NotFound):
        get_series_visible_to(Scope((other.path,)), series.id)
