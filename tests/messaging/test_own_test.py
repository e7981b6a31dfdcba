"""A text to oneself: limited, counted in the day, written down."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from eventmgr.accounts.models import User
from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.audit import AuditEntry
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.settings import DAILY_SMS_CAP, decide
from eventmgr.messaging.own_test import MOST_TESTS, NoTestAtNight, NoTestOverLimit, TooManyTests, queue_test
from eventmgr.messaging.queries import day_of, month_figures
from eventmgr.messaging.values import MessageState
from tests.messaging.conftest import phone


def send(office):
    with unit_of_work():
        area, by = db.session.get_one(Area, office.area_id), db.session.get_one(User, office.user_id)
        return queue_test(area, phone(1), "Thu tin", title="Test", by=by, now=now())


def test_a_person_sends_a_few_tests_an_hour_and_no_more(office, clock):
    for _ in range(MOST_TESTS):
        send(office)
    with pytest.raises(TooManyTests):
        send(office)

    clock.advance(minutes=61)
    assert send(office).queued == 1


def test_a_test_is_written_down_with_who_sent_it(office):
    batch_id = send(office).batch_id

    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.record == f"batch:{batch_id}")).one()
    assert (entry.action, entry.user_id) == ("queue_batch", office.user_id)


def test_a_test_counts_in_the_days_limit_and_goes_by_it(office):
    with unit_of_work():
        decide(office.area_id, DAILY_SMS_CAP, 1, date(2023, 1, 1))
    send(office)
    office.work()

    area = db.session.get_one(Area, office.area_id)
    assert day_of(area.id, area.path, now()).messages == 1
    with pytest.raises(NoTestOverLimit):
        send(office)


def test_no_test_leaves_at_night_and_the_refusal_says_from_when_on(open_office, clock):
    office = open_office(SMS_NO_SEND_HOURS="21:00-07:00")
    clock.instant = datetime(2023, 6, 14, 22, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))

    with pytest.raises(NoTestAtNight) as refused:
        send(office)

    assert refused.value.facts["hour"] == "07:00"


def test_an_old_test_that_could_not_leave_is_not_sent_any_more(office, clock):
    send(office)
    assert office.message().expires_at == now() + timedelta(hours=1)


def test_a_failed_test_costs_but_leaves_nobody_unreached(office):
    send(office)
    with unit_of_work():
        office.message().state = MessageState.FAILED

    figures = month_figures(Scope((db.session.get_one(Area, office.area_id).path,)), now())

    assert (figures.messages, figures.not_reached) == (1, 0)
