"""The rooms are asked what merging, erasing and showing somebody means for them."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from eventmgr.core import registry
from eventmgr.core.clock import now
from eventmgr.core.registry import Panel, PersonalData, Place, Section, Subject, SubjectKind

pytestmark = pytest.mark.one_database


def test_every_room_is_asked_in_the_order_of_the_floors_and_to_erase_from_the_top(in_app: Flask) -> None:
    asked: list[str] = []

    def noting(room: str) -> PersonalData:
        def merge(kept: int, dropped: int, _now: datetime) -> None:
            asked.append(f"{room}: {kept} for {dropped}")

        def erase(subject: Subject, _now: datetime) -> None:
            asked.append(f"{room}: {subject.record}")

        return PersonalData(room, merge_residents=merge, merge_households=merge, erase=erase)

    registry.init_registry(in_app, [noting("meetings"), PersonalData("plans"), noting("checkin")], [])

    registry.merge_residents(1, 2, now())
    registry.merge_households(3, 4, now())
    registry.erase(Subject(SubjectKind.GUEST, 5), now())

    assert asked == [
        "meetings: 1 for 2",
        "checkin: 1 for 2",
        "meetings: 3 for 4",
        "checkin: 3 for 4",
        "checkin: guest:5",
        "meetings: guest:5",
    ]


def test_what_rooms_keep_and_hold_on_to_is_gathered(in_app: Flask) -> None:
    section = Section("Lượt tham dự", (("Hội nghị", "1/6/2023"),))
    rooms = [
        PersonalData("meetings", depends_on_household=lambda ids: set(ids) & {1}),
        PersonalData("checkin", export=lambda _subject: [section], depends_on_household=lambda ids: set(ids) & {2}),
    ]
    registry.init_registry(in_app, rooms, [])

    assert registry.export(Subject(SubjectKind.RESIDENT, 7)) == [section]
    assert registry.in_use([1, 2, 3]) == {1, 2}


def test_a_page_shows_the_panels_made_for_it(in_app: Flask) -> None:
    panels = [
        Panel(Place.HOUSEHOLD, lambda row_id: f"<p>hộ {row_id}</p>"),
        Panel(Place.RESIDENT, lambda row_id: f"<p>người {row_id}</p>"),
        Panel(Place.HOUSEHOLD, lambda _row_id: None),
    ]
    registry.init_registry(in_app, [], panels)

    assert registry.panels(Place.HOUSEHOLD, 3) == ["<p>hộ 3</p>"]


def test_a_subject_is_named_alike_by_addresses_rows_and_log_books() -> None:
    guest = Subject.of({"guest_id": 4})

    assert guest == Subject(SubjectKind.GUEST, 4)
    assert (guest.key, guest.record) == ({"guest_id": 4}, "guest:4")
