"""The day's limits of a commune: workers stop at them and go on the next day."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta

import pytest

from eventmgr.areas.models import Area
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.settings import DAILY_SMS_CAP, DAILY_SMS_COST, decide
from eventmgr.messaging.queries import SendingDay, day_ahead, day_of, phones_texted_on
from eventmgr.messaging.sender import sender_of
from eventmgr.messaging.services import set_tariff
from eventmgr.messaging.values import MessageState
from tests.messaging.conftest import twilio_settings
from tests.support.twilio_server import refused


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


def limits_of_ten(office, key) -> None:
    """Ten texts a day, by number or by what they cost."""
    limit(office, key, 10 if key is DAILY_SMS_CAP else 10 * 250 + 249)
    with unit_of_work():
        set_tariff("other", 250, date(2023, 1, 1))
        set_tariff("vinaphone", 250, date(2023, 1, 1))


@pytest.mark.parametrize("key", [DAILY_SMS_CAP, DAILY_SMS_COST])
def test_not_one_text_more_than_the_days_limit_leaves_and_the_rest_goes_the_next_days(open_office, clock, key):
    office = open_office(SMS_CONCURRENCY=8)
    limits_of_ten(office, key)
    office.queue_many(25)

    left = []
    for _day in range(3):
        office.work()
        office.work()
        left.append(office.states()[MessageState.QUEUED])
        clock.advance(days=1)

    assert left == [15, 5, 0]


@pytest.mark.parametrize("key", [DAILY_SMS_CAP, DAILY_SMS_COST])
def test_workers_of_several_processes_keep_one_limit(make_app, twilio, open_office, key):
    office = open_office(**twilio_settings(twilio, SMS_CONCURRENCY=8))
    limits_of_ten(office, key)
    office.queue_many(40)
    others = [make_app(**twilio_settings(twilio, SMS_CONCURRENCY=8)) for _ in range(2)]

    def work(app) -> None:
        with app.app_context():
            sender_of(app).run()

    threads = [threading.Thread(target=work, args=(app,)) for app in others]
    for thread in threads:
        thread.start()
    office.work()
    for thread in threads:
        thread.join()

    assert len(twilio.stored) == 10
    assert office.states() == {MessageState.ACCEPTED: 10, MessageState.QUEUED: 30}


def test_what_the_gateway_gave_back_does_not_count_against_the_day(open_office, twilio, clock):
    office = open_office(**twilio_settings(twilio, SMS_CONCURRENCY=1))
    limit(office, DAILY_SMS_CAP, 2)
    twilio.answer_next(refused(429, 20429), refused(429, 20429))
    office.queue_many(2)
    office.work()

    clock.advance(minutes=10)
    sender_of(office.app)._hold_until = 0.0
    office.work()

    assert office.states() == {MessageState.ACCEPTED: 2}


def test_without_a_limit_nothing_is_counted(office):
    office.queue_many(3)
    office.work()
    area = db.session.get_one(Area, office.area_id)

    assert not day_of(area.id, area.path, office.clock.now()).is_limited


def test_a_phone_counts_as_texted_on_the_day_its_text_leaves(open_office, clock):
    office = open_office(SMS_NO_SEND_HOURS="21:00-07:00")
    clock.instant = datetime(2023, 6, 1, 22, tzinfo=clock.now().tzinfo)
    today, tomorrow = date(2023, 6, 1), date(2023, 6, 2)
    office.queue_many(2)

    assert phones_texted_on(office.area_id, today, clock.now()) == set()
    assert len(phones_texted_on(office.area_id, tomorrow, clock.now())) == 2

    clock.instant = datetime(2023, 6, 2, 7, 5, tzinfo=clock.now().tzinfo)
    office.work()
    assert len(phones_texted_on(office.area_id, tomorrow, clock.now())) == 2
    assert phones_texted_on(office.area_id, date(2023, 6, 3), clock.now()) == set()


def test_what_waits_for_a_day_uses_up_its_limit(office, clock):
    limit(office, DAILY_SMS_CAP, 3)
    area = db.session.get_one(Area, office.area_id)
    office.queue_many(2, send_at=clock.now() + timedelta(days=1))
    office.queue_many(1)

    assert day_ahead(area.id, area.path, clock.now(), clock.now()).messages == 1
    assert day_ahead(area.id, area.path, clock.now() + timedelta(days=1), clock.now()).messages == 2
