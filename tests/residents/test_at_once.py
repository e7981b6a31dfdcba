"""Two officers at the same moment: the second meets what the first has done, and nobody is lost between them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from time import sleep
from typing import Any

import pytest
from flask import Flask

from eventmgr.core.acts import Act, ChangedSince, TooLateToUndo, last_act_id
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.errors import EventmgrError
from eventmgr.residents import services
from eventmgr.residents.importing.parsing import parse_list
from eventmgr.residents.models import Household, ListImport, Resident
from eventmgr.residents.services.erasure import ErasedAlready, erase_person
from eventmgr.residents.services.importing import undo_import
from eventmgr.residents.services.importing.undoing import ImportNotIn
from eventmgr.residents.services.residents import GoneAlready
from tests.conftest import TODAY
from tests.factories import hamlet_of, make_commune, make_household
from tests.support.lists import take_in_row

BY: dict[str, Any] = {"by": None}


def one_after_the_other(app: Flask, first: Callable[[], None], *seconds: Callable[[], Callable[[], None]]) -> list[Any]:
    """What the others end with, who have read what they need and begin to write while the first has not finished.

    Each of `seconds` reads, as a page does before its form is sent, and gives what it then does.
    """
    written, read = Event(), [Event() for _ in seconds]

    def be_second(look: Callable[[], Callable[[], None]], ready: Event) -> Exception | None:
        with app.app_context():
            act = look()
            ready.set()
            written.wait(60)
            try:
                with unit_of_work():
                    act()
            except EventmgrError as refused:
                return refused
            return None

    with ThreadPoolExecutor(len(seconds)) as pool:
        ends: list[Future[Exception | None]] = [
            pool.submit(be_second, *each) for each in zip(seconds, read, strict=True)
        ]
        assert all(ready.wait(60) for ready in read)
        with unit_of_work():
            first()
            db.session.flush()
            written.set()
            sleep(0.3)  # a second who does not wait gets in between; for one who waits it makes no difference
        return [type(end.result()) for end in ends]


def household(row_id: int) -> Household:
    return db.session.get_one(Household, row_id)


@pytest.fixture
def homes(in_app: Flask) -> list[int]:
    """Three households of two people."""
    with unit_of_work():
        hamlet = hamlet_of(make_commune())
        rows = [
            make_household(hamlet, f"Hoàng Văn {name}", members=(f"Vi Thị {name}",)) for name in ("Một", "Hai", "Ba")
        ]
    return [row.id for row in rows]


def everybody_lives_somewhere() -> bool:
    db.session.expire_all()
    people = db.session.query(Resident).filter(Resident.left_on.is_(None)).all()
    return bool(people) and all(person.household.left_on is None for person in people)


def test_household_that_is_just_being_merged_away_takes_nobody_in(in_app: Flask, homes: list[int]) -> None:
    one, two, three = homes

    def look() -> Callable[[], None]:
        kept, dropped = household(two), household(three)
        return lambda: services.merge_households(kept, dropped, now=now(), **BY)

    ends = one_after_the_other(
        in_app, lambda: services.merge_households(household(one), household(two), now=now(), **BY), look, look
    )

    assert ends == [GoneAlready, GoneAlready]
    assert everybody_lives_somewhere()


def test_person_does_not_move_into_a_household_that_is_just_leaving(in_app: Flask, homes: list[int]) -> None:
    one, two, _ = homes

    def look() -> Callable[[], None]:
        person, home = household(one).members[-1], household(two)
        return lambda: services.move_resident(person, home, now=now(), **BY)

    ends = one_after_the_other(
        in_app,
        lambda: services.record_household_leaving(household(two), TODAY.date(), now=TODAY, **BY),
        look,
    )

    assert ends == [GoneAlready]
    assert everybody_lives_somewhere()


def test_act_is_taken_back_once(in_app: Flask, homes: list[int]) -> None:
    one, two, _ = homes
    with unit_of_work():
        services.merge_households(household(one), household(two), now=now(), **BY)
        act_id = last_act_id()

    def look() -> Callable[[], None]:
        act = db.session.get_one(Act, act_id)
        return lambda: services.undo_act(act, now=now(), **BY)

    ends = one_after_the_other(in_app, look(), look)

    assert ends[0] in (TooLateToUndo, ChangedSince)
    db.session.expire_all()
    assert [len(household(home).members) for home in homes] == [2, 2, 2]


def test_person_is_erased_once(in_app: Flask, homes: list[int]) -> None:
    person_id = household(homes[0]).members[0].id

    def look() -> Callable[[], None]:
        person = db.session.get_one(Resident, person_id)
        name = person.full_name
        return lambda: erase_person(person, name, "yêu cầu 12", now=now(), **BY)

    ends = one_after_the_other(in_app, look(), look)

    assert ends == [ErasedAlready]


def test_list_is_taken_out_once_and_its_people_cannot_be_merged_meanwhile(in_app: Flask) -> None:
    with unit_of_work():
        commune = make_commune(hamlets=())
    parsed = parse_list("Chủ hộ;Thôn\nVi Lan;Pò Mẫu\nVi Lân;Pò Mẫu".encode(), "danh-sach.csv", TODAY.date())
    row, _ = take_in_row(commune, parsed)
    row_id = row.id

    def look() -> Callable[[], None]:
        assert db.session.get_one(ListImport, row_id).imported_at
        return lambda: undo_import(row_id, now=now(), by=None) and None

    def look_at_two() -> Callable[[], None]:
        kept, dropped = db.session.query(Household).order_by(Household.id).all()
        return lambda: services.merge_households(kept, dropped, now=now(), **BY)

    ends = one_after_the_other(in_app, look(), look, look_at_two)

    assert ends == [ImportNotIn, GoneAlready]
    assert db.session.query(Household).count() == 0
