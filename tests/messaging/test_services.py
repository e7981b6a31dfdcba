"""What officers and leaders do with batches."""

from __future__ import annotations

import threading
import unicodedata
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from eventmgr.accounts.models import User
from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.audit import AuditEntry
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.messaging import queries, services
from eventmgr.messaging.models import Approval, Batch, Message
from eventmgr.messaging.own_test import queue_test
from eventmgr.messaging.services import (
    AlreadyApproved,
    AlreadyQueued,
    ApprovedInFuture,
    BatchNotInState,
    NoLeaderName,
    TextTooLong,
    TooLateToSend,
    ask_for_approval,
    pause_batch,
    queue_batch,
    record_approval,
    resume_batch,
    set_tariff,
    stop_batch,
    withdraw_messages,
)
from eventmgr.messaging.values import (
    BatchDetails,
    BatchKind,
    BatchState,
    LeftOutReason,
    MessageState,
    Recipient,
)
from eventmgr.residents import phones
from tests.factories import make_user
from tests.messaging.conftest import phone

S = MessageState


def leader(office) -> User:
    with unit_of_work():
        user = make_user(role=Role.LEADER, area=db.session.get_one(Area, office.area_id), full_name="Lương Thị Mẫu")
    return user


def approval(office) -> Approval:
    with unit_of_work():
        return ask_for_approval(db.session.get_one(Area, office.area_id), by=None, now=now())


# --- Queueing -----------------------------------------------------------------------------------


def test_a_queued_message_knows_its_price_and_length(office):
    with unit_of_work():
        set_tariff("viettel", 350, date(2023, 1, 1))
        set_tariff("vinaphone", 250, date(2023, 1, 1))
        set_tariff("vinaphone", 300, date(2023, 6, 1))
        set_tariff("vinaphone", 999, date(2023, 7, 1))
        set_tariff("other", 1000, date(2023, 1, 1))

    queued = office.queue(
        Recipient("+84981234567", "a", "Moi ba Nguyet"),
        Recipient("+84912345678", "b", "Mời bà Nguyệt" * 6),
        Recipient("+84592345678", "c", "x" * 161),
    )

    assert [(m.encoding, m.segments, m.price) for m in office.messages()] == [
        ("GSM-7", 1, 350),
        ("UCS-2", 2, 600),
        ("GSM-7", 2, 2000),
    ]
    assert (queued.queued, queued.segments, queued.price) == (3, 5, 2950)


def test_public_ids_are_random_and_all_different(office):
    office.queue_many(50)

    ids = {message.public_id for message in office.messages()}
    assert len(ids) == 50
    assert all(len(public_id) == 32 for public_id in ids)


def test_a_second_click_queues_nothing_and_says_who_has_the_message(office):
    office.queue_many(3, subject="meeting:1")

    again = office.queue_many(3, subject="meeting:1")

    assert (again.batch_id, again.queued) == (None, 0)
    assert [left.reason for left in again.left_out] == [LeftOutReason.ALREADY] * 3
    assert len(office.messages()) == 3
    assert db.session.scalar(select(func.count(Batch.id))) == 1


def test_somebody_invited_later_is_the_only_one_to_get_a_message(office):
    office.queue_many(3, subject="meeting:1")

    again = office.queue_many(4, subject="meeting:1")

    assert (again.queued, len(again.left_out)) == (1, 3)


@pytest.mark.parametrize(
    "changed", [{"revision": 2}, {"kind": BatchKind.REMIND}, {"subject": "meeting:2"}, {"kind": BatchKind.CUSTOM}]
)
def test_another_revision_kind_or_subject_is_another_message(office, changed):
    office.queue_many(2, subject="meeting:1")

    assert office.queue_many(2, **({"subject": "meeting:1"} | changed)).queued == 2


def test_custom_texts_may_go_again_but_not_twice_in_one_batch(office):
    one = Recipient(phone(1), "a", "Moi")

    first = office.queue(one, one, subject="custom:1", kind=BatchKind.CUSTOM)
    second = office.queue(one, subject="custom:1", kind=BatchKind.CUSTOM)

    assert (first.queued, len(first.left_out), second.queued) == (1, 1, 1)


def test_one_phone_may_get_messages_about_two_recipients(office):
    queued = office.queue(Recipient(phone(1), "a", "Moi ba Lan"), Recipient(phone(1), "b", "Moi ong Duc"))

    assert queued.queued == 2


def test_doubles_far_apart_in_a_long_list_are_found(office, monkeypatch):
    monkeypatch.setattr(services, "CHUNK", 3)
    recipients = [Recipient(phone(n % 5), f"r{n % 5}", "Moi") for n in range(20)]

    for kind in (BatchKind.INVITE, BatchKind.CUSTOM):
        queued = office.queue(*recipients, kind=kind)
        assert (queued.queued, len(queued.left_out)) == (5, 15)


def test_phones_that_said_no_or_are_dead_are_left_out_with_the_reason(office):
    with unit_of_work():
        phones.opt_out(phone(0), "page", now())
        phones.mark_dead(phone(1), now())

    queued = office.queue_many(3)

    assert {left.recipient.phone: left.reason for left in queued.left_out} == {
        phone(0): LeftOutReason.OPTED_OUT,
        phone(1): LeftOutReason.DEAD,
    }
    assert queued.queued == 1


def test_two_officers_at_the_same_instant_make_one_message_each(office):
    details = BatchDetails(office.area_id, "meeting:1", "Họp", BatchKind.INVITE, {})
    people = [Recipient(phone(n), f"r{n}", "Moi") for n in range(20)]
    barrier, outcomes = threading.Barrier(2), []

    def click() -> None:
        with office.app.app_context():
            barrier.wait()
            try:
                with unit_of_work():
                    outcomes.append(queue_batch(details, people, by=None, now=now()).queued)
            except AlreadyQueued:
                outcomes.append(0)

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [0, 20]
    assert len(office.messages()) == 20


def test_nothing_is_queued_if_one_text_is_too_long(office):
    with pytest.raises(TextTooLong) as caught:
        office.queue(Recipient(phone(1), "a", "Moi"), Recipient(phone(2), "b", "x" * 1000))

    assert caught.value.facts == {"segments": 7, "most": services.MOST_SEGMENTS}
    assert office.messages() == []
    assert db.session.scalar(select(func.count(Batch.id))) == 0


def test_texts_that_could_leave_only_too_late_are_not_queued(open_office, clock):
    office = open_office(SMS_NO_SEND_HOURS="21:00-07:00")

    with pytest.raises(TooLateToSend):
        office.queue_many(1, send_at=now() + timedelta(hours=14), expires_at=now() + timedelta(hours=22, minutes=30))


def test_a_send_at_night_is_moved_to_the_morning_and_says_so(open_office, clock):
    office = open_office(SMS_NO_SEND_HOURS="21:00-07:00")

    queued = office.queue_many(1, send_at=now() + timedelta(hours=14))  # 22:00

    assert queued.sends_at == clock.now() + timedelta(hours=23)  # 07:00
    assert office.message().next_attempt_at == queued.sends_at
    assert office.batch(queued.batch_id).send_at == queued.sends_at


def test_a_test_goes_at_once_and_may_be_repeated(office):
    for _ in range(2):
        with unit_of_work():
            queue_test(db.session.get_one(Area, office.area_id), phone(1), "Thu tin", title="Test", by=None, now=now())
    office.work()

    assert office.states() == {S.ACCEPTED: 2}


# --- Approval -----------------------------------------------------------------------------------


def test_nothing_leaves_before_a_leader_agreed_once_for_the_whole_series(office):
    wanted = approval(office)
    batches = [office.queue_many(2, approval=db.session.get(Approval, wanted.id)).batch_id for _ in range(3)]
    office.work()
    assert office.states() == {S.QUEUED: 6}
    boss = leader(office)

    with unit_of_work():
        services.approve(db.session.get_one(Approval, wanted.id), by=boss, now=now())
    office.work()

    assert office.states() == {S.ACCEPTED: 6}
    assert [office.batch(batch).state for batch in batches] == [BatchState.DONE] * 3
    given = db.session.get_one(Approval, wanted.id)
    assert (given.approved_by_id, given.approved_by_name) == (boss.id, "Lương Thị Mẫu")


def test_an_officer_records_a_leaders_word_with_its_day(office):
    wanted = approval(office)
    office.queue_many(1, approval=db.session.get(Approval, wanted.id))
    officer = db.session.get_one(User, office.user_id)

    with unit_of_work():
        given = db.session.get_one(Approval, wanted.id)
        record_approval(given, leader_name=" Vi Văn  Mẫu ", on=date(2023, 5, 30), by=officer, now=now())

    given = db.session.get_one(Approval, wanted.id)
    assert (given.approved_by_name, given.approved_on, given.recorded_by_id) == (
        "Vi Văn Mẫu",
        date(2023, 5, 30),
        officer.id,
    )
    assert given.approved_by_id is None


@pytest.mark.parametrize(
    ("name", "on", "error"),
    [(" ", date(2023, 6, 1), NoLeaderName), ("Vi Văn Mẫu", date(2023, 6, 2), ApprovedInFuture)],
)
def test_a_leaders_word_needs_a_name_and_a_day_that_has_come(office, name, on, error):
    wanted = approval(office)

    with pytest.raises(error), unit_of_work():
        record_approval(db.session.get_one(Approval, wanted.id), leader_name=name, on=on, by=None, now=now())

    assert db.session.get_one(Approval, wanted.id).approved_at is None


def test_agreeing_twice_is_told(office):
    wanted = approval(office)
    boss = leader(office)
    with unit_of_work():
        services.approve(db.session.get_one(Approval, wanted.id), by=boss, now=now())

    with pytest.raises(AlreadyApproved), unit_of_work():
        services.approve(db.session.get_one(Approval, wanted.id), by=boss, now=now())


# --- Steering -----------------------------------------------------------------------------------


def steer(office, action, batch_id):
    with unit_of_work():
        return action(db.session.get_one(Batch, batch_id), by=None, now=now())


def test_a_paused_batch_waits_and_goes_on(office):
    queued = office.queue_many(3)
    steer(office, pause_batch, queued.batch_id)
    office.work()
    assert office.states() == {S.QUEUED: 3}

    steer(office, resume_batch, queued.batch_id)
    office.work()

    assert office.states() == {S.ACCEPTED: 3}


def test_stopping_withdraws_what_is_queued_and_is_for_good(office):
    queued = office.queue_many(3)

    assert steer(office, stop_batch, queued.batch_id) == 3

    assert office.states() == {S.WITHDRAWN: 3}
    for action in (pause_batch, resume_batch, stop_batch):
        with pytest.raises(BatchNotInState):
            steer(office, action, queued.batch_id)


@pytest.mark.parametrize("action", [pause_batch, resume_batch, stop_batch])
def test_a_batch_that_is_done_cannot_be_steered(office, action):
    queued = office.queue_many(1)
    office.work()

    with pytest.raises(BatchNotInState):
        steer(office, action, queued.batch_id)


def test_a_batch_waiting_for_approval_cannot_be_resumed_past_it(office):
    wanted = approval(office)
    queued = office.queue_many(1, approval=db.session.get(Approval, wanted.id))

    with pytest.raises(BatchNotInState):
        steer(office, resume_batch, queued.batch_id)
    with pytest.raises(BatchNotInState):
        steer(office, pause_batch, queued.batch_id)


def test_reminders_of_a_meeting_that_moved_are_withdrawn(office):
    office.queue_many(2, subject="meeting:1", kind=BatchKind.REMIND, send_at=now() + timedelta(hours=5))
    office.queue_many(2, subject="meeting:2", kind=BatchKind.REMIND, send_at=now() + timedelta(hours=5))
    office.queue_many(2, subject="meeting:1", kind=BatchKind.INVITE, send_at=now() + timedelta(hours=5))

    with unit_of_work():
        withdrawn = withdraw_messages("meeting:1", [BatchKind.REMIND], now=now())

    assert withdrawn == 2
    gone = db.session.execute(select(Message.subject, Message.kind).where(Message.state == S.WITHDRAWN)).all()
    assert {tuple(row) for row in gone} == {("meeting:1", BatchKind.REMIND)}


def test_every_step_is_audited(office):
    queued = office.queue_many(1)
    steer(office, pause_batch, queued.batch_id)
    steer(office, resume_batch, queued.batch_id)
    steer(office, stop_batch, queued.batch_id)

    told = db.session.scalars(
        select(AuditEntry.action).where(AuditEntry.record == f"batch:{queued.batch_id}").order_by(AuditEntry.id)
    )
    assert list(told) == ["queue_batch", "pause_batch", "resume_batch", "stop_batch"]


# --- Figures ------------------------------------------------------------------------------------


def test_progress_counts_each_state(office):
    queued = office.queue(
        Recipient(phone(1), "a", "Moi"),
        Recipient(phone(2, "97"), "b", "Moi"),
        Recipient(phone(3), "c", "x" * 200),
    )
    office.work()

    progress = queries.progress_of([queued.batch_id])[queued.batch_id]

    assert (progress.total, progress.waiting, progress.handed_over, progress.not_reached) == (3, 0, 3, 1)
    assert progress.segments == 4


def test_the_latest_message_of_each_recipient_is_told(office):
    office.queue_many(2, subject="meeting:1")
    office.queue_many(1, subject="meeting:1", kind=BatchKind.REMIND)

    latest = queries.latest_messages("meeting:1", ["invitation:0", "invitation:1", "invitation:9"])

    assert {key: message.kind for key, message in latest.items()} == {
        "invitation:0": BatchKind.REMIND,
        "invitation:1": BatchKind.INVITE,
    }


def test_a_text_typed_with_its_marks_apart_is_kept_as_it_is_counted(office):
    apart = unicodedata.normalize("NFD", "Kính mời bà Nguyệt dự họp thôn")

    queued = office.queue(Recipient(phone(1), "invitation:1", apart))

    message = office.message()
    assert message.text == unicodedata.normalize("NFC", apart)
    assert (message.segments, queued.segments) == (1, 1)
