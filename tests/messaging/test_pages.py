"""Pages of messages: honest words, masked phones, and nothing of another commune."""

from __future__ import annotations

import io
from datetime import datetime
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.access_log import AccessEntry
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.messaging.models import Approval, Message
from eventmgr.messaging.services import ask_for_approval
from eventmgr.messaging.values import BatchState, MessageState, Recipient
from eventmgr.messaging.words import describe_pause
from tests.factories import make_commune
from tests.messaging.conftest import phone, twilio_settings
from tests.support.twilio_server import refused

pytestmark = pytest.mark.one_database
LINK = "https://hop.example.vn/i/7K3Q9XM2RT"


@pytest.fixture
def enter(office):
    """`enter(Role.OFFICER)` gives a client signed in to the office."""

    def sign_in(role: Role, area_id: int | None = None):
        from tests.factories import make_user

        with unit_of_work():
            user_id = make_user(role=role, area=db.session.get_one(Area, area_id or office.area_id)).id
        client = office.app.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = str(user_id)
            session["_fresh"] = True
        return client

    return sign_in


def page(client, path: str, status: int = 200) -> BeautifulSoup:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    return BeautifulSoup(answer.text, "lxml")


def words(soup: BeautifulSoup) -> str:
    return " ".join(soup.get_text(" ").split())


def mixed_batch(office):
    queued = office.queue(
        Recipient(phone(1), "a", f"Moi ba Lan. Xem: {LINK}"),
        Recipient(phone(2, "98"), "b", "Moi ong Duc"),
        Recipient(phone(3, "97"), "c", "Moi ong Tam"),
        title="Họp thôn Bản Mẫu",
    )
    office.work()
    office.clock.advance(seconds=10)
    office.work()
    return queued


def test_the_list_shows_how_far_each_batch_is(office, enter):
    mixed_batch(office)

    soup = page(enter(Role.OFFICER), "/messages?lang=en")

    row = soup.select_one("table.data tbody tr")
    assert row.th.a.get_text() == "Họp thôn Bản Mẫu"
    cells = {cell["data-label"]: " ".join(cell.get_text(" ").split()) for cell in row.find_all("td")}
    assert cells["State"] == "All sent"
    assert (cells["Dealt with"], cells["Arrived"], cells["Not reached"]) == ("3/3", "1", "2")


def test_an_empty_list_explains_the_simulator(enter):
    assert "simulator" in words(page(enter(Role.OFFICER), "/messages?lang=en"))


def test_a_batch_tells_each_message_in_honest_words(office, enter):
    queued = mixed_batch(office)

    soup = page(enter(Role.OFFICER), f"/messages/batches/{queued.batch_id}?lang=en")

    rows = [" ".join(row.get_text(" ").split()) for row in soup.select("table.data tbody tr")]
    assert "Network reports it arrived" in rows[0]
    assert "Could not be sent" in rows[1]
    assert "This number does not exist." in rows[1]
    assert "Number cannot receive messages" in rows[2]


def test_an_opened_row_tells_step_by_step_what_happened_to_a_text(office, enter):
    queued = mixed_batch(office)

    soup = page(enter(Role.OFFICER), f"/messages/batches/{queued.batch_id}?lang=en")

    steps = [[words(step) for step in row.select(".happened li")] for row in soup.select("table.data tbody tr")]
    assert [row[0].endswith("Handed to the gateway.") for row in steps] == [True, True, False]
    assert steps[0][1].endswith("The network reports that it arrived.")
    assert steps[1][1].endswith("The network reports that it did not arrive. This number does not exist.")
    assert steps[2][0].endswith("The gateway refused it. This number takes no text messages.")
    assert all("/6/2023" in step for row in steps for step in row)


def test_a_code_nobody_has_met_is_shown_as_such(open_office, twilio):
    office = open_office(**twilio_settings(twilio))
    twilio.answer_next(refused(400, 21999))
    queued = office.queue_many(1)
    office.work()

    soup = page(sign_in(office), f"/messages/batches/{queued.batch_id}")

    assert "Mã lạ của cổng tin: 21999." in words(soup)
    assert soup.select_one('form[action$="/resend"]')


def test_a_batch_can_be_filtered_to_those_not_reached(office, enter):
    queued = mixed_batch(office)

    soup = page(enter(Role.OFFICER), f"/messages/batches/{queued.batch_id}?show=not_reached")

    assert len(soup.select("table.data tbody tr")) == 2
    page(enter(Role.OFFICER), f"/messages/batches/{queued.batch_id}?show=nonsense", status=404)


def test_progress_asks_for_itself_until_everything_is_reported(office, enter):
    queued = office.queue_many(2)
    client = enter(Role.OFFICER)
    path = f"/messages/batches/{queued.batch_id}/progress?lang=en"
    assert page(client, path).select_one("#batch-progress")["data-url"].endswith("/progress")

    office.work()
    assert page(client, path).select_one("#batch-progress").has_attr("data-url"), "reports are still to come"
    office.clock.advance(seconds=10)
    office.work()

    assert not page(client, path).select_one("#batch-progress").has_attr("data-url")


def test_officers_pause_resume_and_end_a_batch(office, enter):
    queued = office.queue_many(2)
    client = enter(Role.OFFICER)

    for step, state in (("pause", BatchState.PAUSED), ("resume", BatchState.SENDING), ("stop", BatchState.STOPPED)):
        answer = client.post(f"/messages/batches/{queued.batch_id}/{step}")
        assert answer.status_code == 302
        assert office.batch(queued.batch_id).state is state

    assert client.post(f"/messages/batches/{queued.batch_id}/resume").status_code == 409
    assert office.states() == {MessageState.WITHDRAWN: 2}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.HAMLET_HEAD])
def test_who_may_not_see_messages_is_told_so(office, enter, role):
    queued = office.queue_many(1)

    for path in ("/messages", f"/messages/batches/{queued.batch_id}", "/messages/simulator", "/messages/gateway"):
        assert enter(role).get(path).status_code == 403


def test_a_leader_reads_but_does_not_steer(office, enter):
    queued = office.queue_many(1)
    client = enter(Role.LEADER)

    soup = page(client, f"/messages/batches/{queued.batch_id}")

    assert soup.select("form[action*='/pause'], form[action*='/stop']") == []
    assert client.post(f"/messages/batches/{queued.batch_id}/pause").status_code == 403


def test_messages_of_another_commune_do_not_exist(office, enter):
    queued = office.queue_many(1)
    with unit_of_work():
        other = make_commune("Xuân Mẫu", code="99001").id
        approval = ask_for_approval(db.session.get_one(Area, office.area_id), by=None, now=now()).id
    office.work()
    client = enter(Role.ADMINISTRATOR, other)

    for path in (
        f"/messages/batches/{queued.batch_id}",
        f"/messages/batches/{queued.batch_id}/progress",
        f"/messages/approvals/{approval}",
    ):
        assert client.get(path).status_code == 404
    assert client.post(f"/messages/batches/{queued.batch_id}/stop").status_code == 404
    assert client.post(f"/messages/approvals/{approval}/approve").status_code == 404
    assert "Moi ba con" not in client.get("/messages/simulator").text
    assert page(client, "/messages").select("table") == []


def test_an_account_problem_is_explained_in_plain_words(open_office, twilio):
    office = open_office(**twilio_settings(twilio))
    queued = office.queue_many(3)
    twilio.always = refused(401, 20003)
    office.work()
    client = sign_in(office)

    soup = page(client, f"/messages/batches/{queued.batch_id}?lang=en")

    assert "does not accept our account name and password" in words(soup)
    assert soup.select_one(f"form[action='/messages/batches/{queued.batch_id}/resume'] button.btn-primary")


def test_a_phone_that_refuses_us_is_explained_as_a_phone(open_office):
    with open_office().app.test_request_context("/?lang=en"):
        told = {gateway: str(describe_pause("credentials", gateway)) for gateway in ("android", "twilio")}

    assert "ANDROID_GATEWAY_USER" in told["android"]
    assert "TWILIO" not in told["android"]
    assert "TWILIO_ACCOUNT_SID" in told["twilio"]


def test_a_batch_the_night_stops_in_its_midst_says_when_it_goes_on(open_office, clock):
    office = open_office(SMS_NO_SEND_HOURS="21:00-07:00")
    queued = office.queue_many(2)
    clock.instant = datetime(2023, 6, 1, 21, 5, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))

    told = words(page(sign_in(office), f"/messages/batches/{queued.batch_id}?lang=en").select_one("#batch-progress"))

    assert "These are the no-send hours. The rest goes on at 07:00" in told


def test_an_unknown_outcome_is_not_dealt_with(office, enter):
    queued = office.queue_many(3)
    office.work()
    with unit_of_work():
        office.messages()[0].state = MessageState.UNKNOWN

    told = words(
        page(enter(Role.OFFICER), f"/messages/batches/{queued.batch_id}?lang=en").select_one("#batch-progress")
    )

    assert "2/3" in told


def sign_in(office, role: Role = Role.OFFICER):
    from tests.factories import make_user

    with unit_of_work():
        user_id = make_user(role=role, area=db.session.get_one(Area, office.area_id)).id
    client = office.app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = str(user_id)
        session["_fresh"] = True
    return client


# --- Approval -----------------------------------------------------------------------------------


@pytest.fixture
def waiting(office):
    """An approval for two batches."""
    with unit_of_work():
        approval_id = ask_for_approval(db.session.get_one(Area, office.area_id), by=None, now=now()).id
    for title in ("Họp thôn Một", "Họp thôn Hai"):
        office.queue_many(2, title=title, approval=db.session.get(Approval, approval_id))
    return approval_id


def test_a_leader_approves_a_series_in_one_go(office, enter, waiting):
    client = enter(Role.LEADER)
    soup = page(client, f"/messages/approvals/{waiting}?lang=en")
    assert "Họp thôn Một" in words(soup)
    assert "Họp thôn Hai" in words(soup)

    answer = client.post(f"/messages/approvals/{waiting}/approve", follow_redirects=True)

    assert answer.status_code == 200
    office.work()
    assert office.states() == {MessageState.ACCEPTED: 4}


def test_an_approval_at_night_says_when_the_texts_leave_and_not_that_they_are_on_their_way(
    office, enter, waiting, clock
):
    office.app.config["SMS_NO_SEND_HOURS"] = "21:00-07:00"
    clock.instant = datetime(2023, 6, 14, 21, 40, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
    client = enter(Role.LEADER)
    assert "It is 21:40: texts leave tomorrow at 07:00." in words(
        page(client, f"/messages/approvals/{waiting}?lang=en")
    )

    answer = client.post(f"/messages/approvals/{waiting}/approve?lang=en", follow_redirects=True)

    told = words(BeautifulSoup(answer.text, "lxml").select_one(".flashes"))
    assert "21:40" in told
    assert "07:00" in told


def test_an_officer_cannot_approve_but_records_the_leaders_word(office, enter, waiting):
    client = enter(Role.OFFICER)
    assert client.post(f"/messages/approvals/{waiting}/approve").status_code == 403

    answer = client.post(
        f"/messages/approvals/{waiting}/record", data={"leader_name": "Vi Văn Mẫu", "approved_on": "2023-05-31"}
    )

    assert answer.status_code == 302
    assert "Vi Văn Mẫu" in words(page(client, f"/messages/approvals/{waiting}"))


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"leader_name": "", "approved_on": "2023-05-31"}, "leader_name"),
        ({"leader_name": "Vi Văn Mẫu", "approved_on": "2023-06-02"}, "approved_on"),
        ({"leader_name": "Vi Văn Mẫu", "approved_on": "hôm qua"}, "approved_on"),
    ],
)
def test_a_wrong_record_says_so_beside_the_field_and_keeps_the_rest(office, enter, waiting, data, field):
    answer = enter(Role.OFFICER).post(f"/messages/approvals/{waiting}/record", data=data)

    assert answer.status_code == 422
    soup = BeautifulSoup(answer.text, "lxml")
    assert soup.select_one(f"#{field}-error")
    assert soup.select_one("#leader_name")["value"] == data["leader_name"]
    assert office.states() == {MessageState.QUEUED: 4}


# --- Simulator and test -------------------------------------------------------------------------


def test_the_simulator_draws_each_phone_with_its_messages_and_a_link_to_tap(office, enter):
    mixed_batch(office)

    soup = page(enter(Role.OFFICER), "/messages/simulator?lang=en")

    phones = soup.select(".phone")
    assert len(phones) == 2, "the refused number never got anything"
    assert soup.select_one(f".bubble a[href='{LINK}']")


def test_a_phone_can_be_looked_for_as_people_write_it(office, enter):
    office.queue_many(5)
    office.work()
    client = enter(Role.OFFICER)

    written = "0" + phone(3)[3:6] + "." + phone(3)[6:9] + " " + phone(3)[9:]
    assert len(page(client, f"/messages/simulator?phone={written}").select(".phone")) == 1
    assert page(client, "/messages/simulator?phone=khong").select(".phone") == []


def test_text_is_never_markup(office, enter):
    office.queue(Recipient(phone(1), "a", "<script>alert(1)</script>"))
    office.work()

    assert "<script>alert" not in enter(Role.OFFICER).get("/messages/simulator").text


def test_a_test_goes_to_oneself(office, enter):
    answer = enter(Role.OFFICER).post("/messages/gateway", data={"phone": "0912 345 670", "text": "Thu"})

    assert answer.status_code == 302
    office.work()
    assert (office.message().phone, office.message().state) == ("+84912345670", MessageState.ACCEPTED)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"phone": "12", "text": "Thu"}, "phone"),
        ({"phone": "02053812345", "text": "Thu"}, "phone"),
        ({"phone": "0912345670", "text": ""}, "text"),
    ],
)
def test_a_wrong_test_says_so_beside_the_field(office, enter, data, field):
    answer = enter(Role.OFFICER).post("/messages/gateway", data=data)

    assert answer.status_code == 422
    assert BeautifulSoup(answer.text, "lxml").select_one(f"#{field}-error")
    assert office.messages() == []


def test_listing_batches_takes_the_same_number_of_queries_for_one_as_for_many(office, enter):
    office.queue_many(1)
    client = enter(Role.OFFICER)
    one = count_queries(client, "/messages")
    for _ in range(6):
        office.queue_many(1)

    assert count_queries(client, "/messages") <= one


def count_queries(client, path: str) -> int:
    from sqlalchemy import event

    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert client.get(path).status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len([statement for statement in seen if statement.startswith("SELECT")])


# --- After the send -----------------------------------------------------------------------------


@pytest.fixture
def failed_batch(office) -> int | None:
    """A batch whose one text begins like a formula and has failed."""
    queued = office.queue(Recipient("+84912000001", "invitation:1", "=HYPERLINK(1)"))
    with unit_of_work():
        office.message().state = MessageState.FAILED
    return queued.batch_id


def test_failed_texts_are_sent_again_by_one_button(office, enter, failed_batch):
    client = enter(Role.OFFICER)
    form = page(client, f"/messages/batches/{failed_batch}").select_one('form[action$="/resend"]')

    answer = client.post(form["action"])
    again = client.post(form["action"])

    assert answer.location != again.location == f"/messages/batches/{failed_batch}"
    assert len(office.messages()) == 2
    assert not page(client, f"/messages/batches/{failed_batch}").select('form[action$="/resend"]')


def test_the_page_of_a_send_reads_no_more_rows_than_it_shows(office, enter):
    queued = office.queue_many(60)
    with unit_of_work():
        db.session.execute(sa.update(Message).values(state=MessageState.FAILED, next_attempt_at=None))
    client, loaded = enter(Role.OFFICER), []
    sa.event.listen(Message, "load", note := lambda message, _context: loaded.append(message.id))

    soup = page(client, f"/messages/batches/{queued.batch_id}?lang=en")
    sa.event.remove(Message, "load", note)

    assert "Send 60 failed texts again" in words(soup)
    assert len(loaded) == 50


def test_results_are_a_workbook_without_formulas_and_the_look_is_written_down(office, enter, failed_batch):
    answer = enter(Role.OFFICER).get(f"/messages/batches/{failed_batch}/results.xlsx")

    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    rows = list(sheet.iter_rows(min_row=2))
    assert [rows[0][column].value for column in (0, 4, 5)] == [1, "0912 000 001", "=HYPERLINK(1)"]
    assert rows[0][5].data_type == "s"
    assert db.session.scalars(sa.select(AccessEntry.record)).all() == [f"batch:{failed_batch}"]


def test_who_only_looks_does_not_resend(office, enter, failed_batch):
    status = enter(Role.VIEWER).post(f"/messages/batches/{failed_batch}/resend").status_code

    assert (status, len(office.messages())) == (403, 1)
