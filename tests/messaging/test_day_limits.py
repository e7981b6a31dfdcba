"""The day's limits of a commune: workers stop at them and go on the next day."""

from __future__ import annotations

from datetime import date

import pytest

from eventmgr.areas.models import Area
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.settings import DAILY_SMS_CAP, DAILY_SMS_COST, decide
from eventmgr.messaging.queries import SendingDay, day_of, phones_texted_today
from eventmgr.messaging.services import set_tariff
from eventmgr.messaging.values import MessageState


@pytest.mark.parametrize(
    ("day", "more", "exceeds"),
    [
        (SendingDay(9, 0, 0, 0), (1000, 10**9), False),
        (SendingDay(9, 0, 10, 0), (1, 0), False),
        (SendingDay(9, 0, 10, 0), (2, 0), True),
        (SendingDay(10, 0, 10, 0), (1, 0), True),
        (SendingDay(0, 900, 0, 1000), (5, 100), False),
        (SendingDay(0, 900, 0, 1000), (1, 101), True),
        (SendingDay(1, 900, 100, 1000), (1, 101), True),
    ],
)
def test_a_limit_of_nought_is_none(day, more, exceeds):
    assert day.would_exceed(*more) is exceeds


def limit(office, key, value) -> None:
    with unit_of_work():
        decide(office.area_id, key, value, date(2023, 1, 1))


@pytest.mark.parametrize(("key", "value"), [(DAILY_SMS_CAP, 3), (DAILY_SMS_COST, 3 * 250)])
def test_a_worker_stops_at_the_days_limit_and_goes_on_the_next_day(open_office, clock, key, value):
    office = open_office(SMS_CONCURRENCY=1)
    limit(office, key, value)
    with unit_of_work():
        set_tariff("other", 250, date(2023, 1, 1))
        set_tariff("vinaphone", 250, date(2023, 1, 1))
    office.queue_many(3)
    office.work()
    office.queue_many(3)

    office.work()
    waiting_today = office.states()[MessageState.QUEUED]
    clock.advance(days=1)
    office.work()

    assert waiting_today == 3
    assert office.states()[MessageState.QUEUED] == 0


def test_without_a_limit_nothing_is_counted(office):
    office.queue_many(3)
    office.work()
    area = db.session.get_one(Area, office.area_id)

    assert not day_of(area.id, area.path, office.clock.now()).is_limited


def test_phones_texted_today_are_forgotten_the_next_day(office, clock):
    office.queue_many(2)

    assert len(phones_texted_today(office.area_id, clock.now())) == 2
    clock.advance(days=1)
    assert phones_texted_today(office.area_id, clock.now()) == set()
