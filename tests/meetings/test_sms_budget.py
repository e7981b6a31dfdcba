"""The plan's money for texts: shown before a send, never passed without somebody saying so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from eventmgr.core.access import Role
from eventmgr.core.audit import AuditEntry
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.settings import APPROVAL_NEEDED, CONTACT_PHONE, decide
from eventmgr.meetings.invite_texts import default_texts
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.queries.reminders import planned_reminders
from eventmgr.meetings.services import inviting, reminding
from eventmgr.meetings.services.noticing import Timing, queue_notice
from eventmgr.messaging import services as messaging
from eventmgr.messaging.budgets import OverBudget, budgets_before
from eventmgr.messaging.models import Approval, Batch, Message
from eventmgr.messaging.queries import price_about
from eventmgr.messaging.services import set_tariff
from eventmgr.messaging.values import BatchKind, BatchState, MessageState
from eventmgr.plans.models import Plan
from tests.factories import hamlet_of, make_commune, make_household, make_meeting, make_plan, make_user

THURSDAY = datetime(2023, 6, 15, 7, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


@pytest.fixture
def commune(in_app):
    """A commune that texts without a leader's yes, at 250 đ a part."""
    with unit_of_work():
        commune = make_commune()
        decide(commune.id, CONTACT_PHONE, "+84912345678", date(2023, 1, 1))
        decide(commune.id, APPROVAL_NEEDED, False, date(2023, 1, 1))
        set_tariff("vinaphone", 250, date(2023, 1, 1))
    return commune


@pytest.fixture
def meetings(commune):
    """Two meetings of one plan with two phones each: inviting to one costs 500 đ."""
    with unit_of_work():
        plan = make_plan(commune, sms_budget=700)
        made = [make_meeting(hamlet_of(commune, place), starts_at=THURSDAY, plan=plan) for place in (0, 1)]
        for number in range(4):
            make_household(hamlet_of(commune, number % 2), phone=f"+8491200000{number}")
    return made


def invite(*meetings: Meeting, **more):
    with unit_of_work():
        again = [db.session.get_one(Meeting, meeting.id) for meeting in meetings]
        return inviting.invite_meetings(again, default_texts(), by=None, now=now(), base_url="", **more)


def wants_approval(commune) -> None:
    with unit_of_work():
        decide(commune.id, APPROVAL_NEEDED, True, date(2023, 1, 1))


def written_down() -> list[tuple[int, int]]:
    entries = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "send_over_budget"))
    return [(entry.after["used"], entry.after["most"]) for entry in entries]


def form(**more) -> dict[str, object]:
    texts = default_texts()
    wordings = {"invite": texts.invite, "relay": texts.relay, "remind": texts.remind}
    return wordings | {"remind_relay": texts.remind_relay, "marks": "plain", "recipient": "0", "approval": "ask"} | more


def soup(answer, status: int = 200) -> BeautifulSoup:
    assert answer.status_code == status, answer.text[:2000]
    return BeautifulSoup(answer.text, "lxml")


def words(page) -> str:
    return " ".join(page.get_text(" ").split())


def test_what_waits_counts_as_used_and_what_was_withdrawn_does_not(meetings):
    invited = invite(meetings[0])
    subject = f"meeting:{meetings[0].id}"
    (use,) = budgets_before({f"meeting:{meetings[1].id}": 150})

    assert (invited.price, use.used, use.asked, use.most) == (500, 500, 150, 700)
    assert not use.is_exceeded
    with unit_of_work():
        messaging.withdraw_messages(subject, [BatchKind.INVITE], now=now())
    assert price_about([subject]) == 0


def test_a_send_that_costs_more_than_is_left_is_refused_whole(meetings):
    invite(meetings[0])

    with pytest.raises(OverBudget) as refused:
        invite(meetings[1])

    assert "1.000 đ of the 700 đ" in str(refused.value.message) or "1.000 đ trong số 700 đ" in str(
        refused.value.message
    )
    assert db.session.scalar(sa.select(sa.func.count(Message.id))) == 2


def test_a_series_is_looked_at_as_one_send(meetings):
    with pytest.raises(OverBudget):
        invite(*meetings)

    assert db.session.scalar(sa.select(sa.func.count(Message.id))) == 0


def test_two_sends_of_one_plan_at_the_same_moment_do_not_pass_it_together(in_app, meetings):
    def send(meeting_id: int) -> str:
        with in_app.app_context():
            try:
                with unit_of_work():
                    asked = [db.session.get_one(Meeting, meeting_id)]
                    inviting.invite_meetings(asked, default_texts(), by=None, now=now(), base_url="")
            except OverBudget:
                return "refused"
            return "sent"

    ids = [meeting.id for meeting in meetings]
    with ThreadPoolExecutor(1) as other_officer:
        with unit_of_work():
            asked = [db.session.get_one(Meeting, ids[0])]
            inviting.invite_meetings(asked, default_texts(), by=None, now=now(), base_url="")
            second = other_officer.submit(send, ids[1])
            with pytest.raises(TimeoutError):
                second.result(timeout=1)  # waits for the first to be done
        assert second.result(timeout=30) == "refused"


def test_who_says_so_sends_all_the_same_and_it_is_written_down(meetings):
    invite(meetings[0])
    invite(meetings[1], over_budget=True)

    assert written_down() == [(1000, 700)]


def test_without_a_limit_nothing_is_asked(meetings):
    with unit_of_work():
        db.session.get_one(Plan, meetings[0].plan_id).sms_budget = None

    assert invite(*meetings).queued == 4
    assert written_down() == []


def test_the_leader_who_approves_is_the_one_who_is_asked(commune, meetings):
    wants_approval(commune)
    invited = invite(*meetings)
    approval_id = invited.approval_id

    with pytest.raises(OverBudget), unit_of_work():
        messaging.approve(db.session.get_one(Approval, approval_id), by=make_user(Role.LEADER, commune), now=now())
    db.session.rollback()
    assert set(db.session.scalars(sa.select(Batch.state))) == {BatchState.AWAITING_APPROVAL}

    with unit_of_work():
        leader = make_user(Role.LEADER, commune)
        messaging.approve(db.session.get_one(Approval, approval_id), by=leader, now=now(), over_budget=True)
    assert set(db.session.scalars(sa.select(Batch.state))) == {BatchState.SENDING}
    assert written_down() == [(1000, 700)]


def test_a_recorded_word_needs_the_confirmation_too(commune, meetings):
    wants_approval(commune)
    approval = db.session.get_one(Approval, invite(*meetings).approval_id)

    with pytest.raises(OverBudget):
        messaging.record_approval(approval, leader_name="Hà Văn Lãnh", on=date(2023, 6, 1), by=None, now=now())


def test_a_notice_over_the_budget_is_asked_about(meetings):
    invite(meetings[0])
    with unit_of_work():
        db.session.execute(sa.update(Message).values(state=MessageState.ACCEPTED))
    text = "UBND xa {xa} xin bao: hop thon {ngay} tam hoan. Hoi: {dien_thoai}"

    def tell(**more):
        with unit_of_work():
            meeting = db.session.get_one(Meeting, meetings[0].id)
            timing = Timing(meeting.starts_at, meeting.venue, meeting.starts_at)
            return queue_notice(meeting, BatchKind.POSTPONE, text, timing, by=None, now=now(), **more)

    with pytest.raises(OverBudget):
        tell()
    assert tell(over_budget=True).queued == 2


def test_a_reminder_over_the_budget_waits_for_a_leader(meetings, clock):
    invite(meetings[0])
    with unit_of_work():
        db.session.execute(sa.update(Message).values(state=MessageState.ACCEPTED))
    clock.instant = datetime(2023, 6, 14, 18, 31, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))

    with unit_of_work():
        assert reminding.remind(meetings[0].id, now=now(), base_url="") == 2

    batch = db.session.scalars(sa.select(Batch).where(Batch.kind == BatchKind.REMIND)).one()
    assert batch.state is BatchState.AWAITING_APPROVAL
    (planned,) = planned_reminders(db.session.get_one(Meeting, meetings[0].id), now())
    assert planned.waits


def test_the_invite_page_says_what_is_left_and_asks_before_it_goes(commune, meetings, login_as):
    invite(meetings[0])
    officer = login_as(Role.OFFICER, commune)
    url = f"/meetings/{meetings[1].id}/invite?lang=en"

    page = soup(officer.get(url))
    assert "This send 500 đ; used 500 of 700 đ: 300 đ too much." in words(page)
    assert page.select_one("#invite-preview input[name=over_budget]") is not None

    refused = soup(officer.post(url, data=form()), 422)
    assert refused.select_one("#over_budget-error") is not None
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count(Message.id))) == 2

    assert officer.post(url, data=form(over_budget="y")).status_code == 302
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count(Message.id))) == 4


def test_within_the_budget_the_page_says_so_in_one_line(commune, meetings, login_as):
    page = soup(login_as(Role.OFFICER, commune).get(f"/meetings/{meetings[0].id}/invite?lang=en"))

    assert "This send 500 đ; used 0 of 700 đ." in words(page)
    assert page.select_one("input[name=over_budget]") is None


def test_the_leaders_page_asks_and_refuses_a_plain_yes(commune, meetings, login_as):
    wants_approval(commune)
    approval_id = invite(*meetings).approval_id
    leader = login_as(Role.LEADER, commune)

    page = soup(leader.get(f"/messages/approvals/{approval_id}?lang=en"))
    assert "This send 1,000 đ; used 0 of 700 đ: 300 đ too much." in words(page)
    refused = soup(leader.post(f"/messages/approvals/{approval_id}/approve", data={}), 422)
    assert refused.select_one("#over_budget-error") is not None
    assert leader.post(f"/messages/approvals/{approval_id}/approve", data={"over_budget": "y"}).status_code == 302
    db.session.rollback()
    assert set(db.session.scalars(sa.select(Batch.state))) == {BatchState.SENDING}


def test_the_plans_page_shows_what_its_texts_have_cost(commune, meetings, login_as):
    invite(meetings[0])

    page = soup(login_as(Role.OFFICER, commune).get(f"/plans/{meetings[0].plan_id}?lang=en"))

    assert words(page.select_one(".sms-cost")).startswith("Used for SMS (đ) 500 /700")


def test_the_plans_form_keeps_the_money_for_texts(commune, meetings, login_as):
    officer = login_as(Role.OFFICER, commune)
    url = f"/plans/{meetings[0].plan_id}/edit"
    page = soup(officer.get(url))
    kept = {field["name"]: field.get("value", field.text.strip()) for field in page.select("main [name]")}
    assert kept["sms_budget"] == "700"

    assert officer.post(url, data=kept | {"sms_budget": "500.000"}).status_code == 302

    db.session.rollback()
    assert db.session.scalar(sa.select(Plan.sms_budget)) == 500_000


def test_failed_texts_go_again_over_the_budget_only_when_that_is_said(commune, meetings, login_as):
    invited = invite(meetings[0])
    with unit_of_work():
        db.session.execute(sa.update(Message).values(state=MessageState.FAILED))
    officer = login_as(Role.OFFICER, commune)
    url = f"/messages/batches/{invited.batch_ids[0]}/resend"

    asked = officer.post(url, data={})
    assert asked.headers["Location"].endswith("over_budget=1")
    assert "over_budget" in officer.get(asked.headers["Location"]).text
    officer.post(url, data={"over_budget": "1"})

    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count(Message.id))) == 4
