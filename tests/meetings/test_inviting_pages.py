"""The pages of inviting: texts and costs before anything goes, then who is invited and who is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.settings import APPROVAL_NEEDED, CONTACT_PHONE, DAILY_SMS_CAP, decide
from eventmgr.meetings.invite_texts import default_texts
from eventmgr.meetings.models import ContactOutcome, Invitation, Meeting, Series
from eventmgr.meetings.queries.listing import invited_to
from eventmgr.meetings.services import inviting
from eventmgr.meetings.values import ContactResult, MeetingStatus
from eventmgr.messaging.models import Approval, Message
from eventmgr.messaging.sender import sender_of
from eventmgr.messaging.services import set_tariff
from eventmgr.messaging.values import MessageState
from eventmgr.residents.values import Gender
from tests.factories import hamlet_of, make_commune, make_guest, make_household, make_meeting
from tests.messaging.conftest import twilio_settings
from tests.support.twilio_server import TwilioServer

THURSDAY = datetime(2023, 6, 15, 7, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


def phone(number: int) -> str:
    return f"+8491200{number:04d}"


@pytest.fixture
def commune(in_app) -> Area:
    """A commune with a phone to ask; a leader has to agree."""
    return office()


def office() -> Area:
    with unit_of_work():
        commune = make_commune()
        decide(commune.id, CONTACT_PHONE, "+84912345678", date(2023, 1, 1))
        set_tariff("vinaphone", 250, date(2023, 1, 1))
    return commune


@pytest.fixture
def meeting(commune) -> Meeting:
    """Thursday's meeting: two households with a phone, one without."""
    with unit_of_work():
        meeting = make_meeting(hamlet_of(commune), starts_at=THURSDAY)
        make_household(hamlet_of(commune), "Hoàng Thị Nguyệt", phone=phone(1), gender=Gender.FEMALE)
        make_household(hamlet_of(commune), "Nông Văn Đức", phone=phone(2), gender=Gender.MALE)
        make_household(hamlet_of(commune), "Lý Văn Không Số")
    return meeting


def soup(answer, status: int = 200) -> BeautifulSoup:
    assert answer.status_code == status, answer.text[:2000]
    return BeautifulSoup(answer.text, "lxml")


def words(page) -> str:
    return " ".join(page.get_text(" ").split())


def form(**more) -> dict[str, object]:
    texts = default_texts()
    return {"invite": texts.invite, "relay": texts.relay, "marks": "plain", "recipient": "0", "approval": "ask"} | more


def invite_all(*meetings: Meeting) -> inviting.Invited:
    with unit_of_work():
        again = [db.session.get_one(Meeting, meeting.id) for meeting in meetings]
        return inviting.invite_meetings(again, default_texts(), by=None, now=now(), base_url="", without_approval=True)


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_more) -> None:
        seen.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


def test_the_page_shows_a_real_text_and_what_both_ways_cost(meeting, commune, login_as):
    page = soup(login_as(Role.OFFICER, commune).get(f"/meetings/{meeting.id}/invite?lang=en"))

    assert "kinh moi ong Duc du hop" in page.select_one("#sample-text").get_text()
    rows = [words(row) for row in page.select("#invite-preview tbody tr")]
    assert "GSM-7" in rows[0]
    assert "500 đ" in rows[0]
    assert "UCS-2" in rows[1]
    assert "1,250 đ" in rows[1]
    assert "costs 750 đ less" in words(page)
    assert "no phone is known" in words(page.select_one("#left-out"))
    assert "Lý Văn Không Số" in words(page.select_one("#left-out"))


def test_the_preview_follows_the_recipient_and_keeps_what_was_typed(meeting, commune, login_as):
    client = login_as(Role.OFFICER, commune)
    typed = form(invite="Moi {ten}. Hoi {dien_thoai}", recipient="1", preview="1")

    page = soup(client.post(f"/meetings/{meeting.id}/invite", data=typed))

    assert page.select_one("#sample-text").get_text() == "Moi ba Nguyet. Hoi 0912 345 678"
    assert page.select_one("#invite").get_text().strip() == "Moi {ten}. Hoi {dien_thoai}"
    assert db.session.scalar(sa.select(sa.func.count(Invitation.id))) == 0
    piece = soup(client.post(f"/meetings/{meeting.id}/invite/preview", data=typed))
    assert piece.select_one("#sample-text").get_text() == "Moi ba Nguyet. Hoi 0912 345 678"
    assert piece.select_one("form") is None


def test_an_unknown_placeholder_stands_beside_the_field_and_nothing_is_lost(meeting, commune, login_as):
    page = soup(
        login_as(Role.OFFICER, commune).post(
            f"/meetings/{meeting.id}/invite?lang=en", data=form(invite="Moi {tên} den", relay="Nho bao {ten}")
        ),
        422,
    )

    assert "{tên}" in page.select_one("#invite-error").get_text()
    assert page.select_one("#invite").get_text().strip() == "Moi {tên} den"
    assert page.select_one("#relay").get_text().strip() == "Nho bao {ten}"
    assert db.session.scalar(sa.select(sa.func.count(Invitation.id))) == 0


def test_asking_for_approval_leads_to_its_page(meeting, commune, login_as):
    client = login_as(Role.OFFICER, commune)

    answer = client.post(f"/meetings/{meeting.id}/invite", data=form())

    approval_id = db.session.scalars(sa.select(Approval.id)).one()
    assert answer.status_code == 302
    assert answer.location.endswith(f"/approvals/{approval_id}")
    assert db.session.scalar(sa.select(sa.func.count(Invitation.id))) == 3
    again = client.post(f"/meetings/{meeting.id}/invite", data=form())
    assert again.location.endswith(f"/meetings/{meeting.id}/invitations")
    waiting = soup(client.get(again.location))
    assert waiting.select_one(".sends a")["href"].endswith(f"/approvals/{approval_id}")
    assert db.session.scalar(sa.select(sa.func.count(Message.id))) == 2


def test_the_leaders_word_recorded_sends_at_once(meeting, commune, login_as):
    client = login_as(Role.OFFICER, commune)
    missing = soup(client.post(f"/meetings/{meeting.id}/invite?lang=en", data=form(approval="recorded")), 422)
    assert "Write the name" in missing.select_one("#leader_name-error").get_text()
    future = form(approval="recorded", leader_name="Lý Văn Lãnh Đạo", approved_on="2023-06-20")
    told = soup(client.post(f"/meetings/{meeting.id}/invite?lang=en", data=future), 422)
    assert "still to come" in told.select_one("#approved_on-error").get_text()

    client.post(
        f"/meetings/{meeting.id}/invite",
        data=form(approval="recorded", leader_name="Lý Văn Lãnh Đạo", approved_on="2023-06-01"),
    )

    assert db.session.scalars(sa.select(Approval.approved_by_name)).one() == "Lý Văn Lãnh Đạo"
    sender_of(client.application).run()
    assert set(db.session.scalars(sa.select(Message.state))) <= {MessageState.ACCEPTED, MessageState.DELIVERED}


def test_a_missing_phone_to_ask_links_to_the_settings(meeting, commune, login_as):
    with unit_of_work():
        decide(commune.id, CONTACT_PHONE, "", date(2023, 2, 1))

    page = soup(login_as(Role.OFFICER, commune).get(f"/meetings/{meeting.id}/invite"))

    assert page.select_one('.notice a[href="/settings"]')
    assert page.select_one("#invite-error")


def test_a_send_after_the_meeting_is_refused_beside_its_field(meeting, commune, login_as):
    page = soup(
        login_as(Role.OFFICER, commune).post(
            f"/meetings/{meeting.id}/invite?lang=en", data=form(send_at="2023-06-20T08:00")
        ),
        422,
    )

    assert "begun" in page.select_one("#send_at-error").get_text()
    assert db.session.scalar(sa.select(sa.func.count(Invitation.id))) == 0


def test_a_tentative_meeting_says_what_to_do_first(meeting, commune, login_as):
    with unit_of_work():
        later = db.session.get_one(Meeting, meeting.id)
        later.status, later.starts_at, later.ends_at, later.month = (
            MeetingStatus.TENTATIVE,
            None,
            None,
            date(2023, 7, 1),
        )
    client = login_as(Role.OFFICER, commune)

    page = soup(client.get(f"/meetings/{meeting.id}/invite?lang=en"))

    assert "Fix them first" in words(page)
    assert page.select_one("#invite-form") is None
    assert client.post(f"/meetings/{meeting.id}/invite", data=form()).status_code == 422


def test_a_series_is_invited_in_one_go_less_what_is_over(commune, login_as):
    with unit_of_work():
        series = Series(area_id=commune.id, title="Họp thôn đợt 1", created_at=now())
        db.session.add(series)
        db.session.flush()
        for place in range(3):
            make_meeting(hamlet_of(commune, place), starts_at=THURSDAY, series_id=series.id)
            make_household(hamlet_of(commune, place), phone=phone(place))
        db.session.scalars(sa.select(Meeting)).first().status = MeetingStatus.CANCELLED
    client = login_as(Role.OFFICER, commune)

    page = soup(client.get(f"/series/{series.id}/invite?lang=en"))
    answer = client.post(f"/series/{series.id}/invite", data=form())

    assert "2 meetings in one go" in words(page)
    assert "This meeting is not held" in words(page)
    assert "/approvals/" in answer.location
    assert db.session.scalar(sa.select(sa.func.count(Message.id))) == 2
    assert soup(client.post(f"/series/{series.id}/invite/preview", data=form())).get_text()


def test_only_officers_of_the_commune_invite(meeting, commune, login_as):
    with unit_of_work():
        other = make_commune("Xã Khác", "06999", ("Bản Lạ",))

    assert login_as(Role.VIEWER, commune).get(f"/meetings/{meeting.id}/invite").status_code == 403
    assert login_as(Role.HAMLET_HEAD, hamlet_of(commune)).get(f"/meetings/{meeting.id}/invite").status_code == 403
    assert login_as(Role.VIEWER, commune).get(f"/meetings/{meeting.id}/invitations").status_code == 403
    stranger = login_as(Role.OFFICER, other)
    assert stranger.get(f"/meetings/{meeting.id}/invite").status_code == 404
    assert stranger.post(f"/meetings/{meeting.id}/invite", data=form()).status_code == 404
    assert stranger.get(f"/meetings/{meeting.id}/invitations").status_code == 404


# --- Who is invited -----------------------------------------------------------------------------


def test_the_list_says_who_is_invited_how_and_whether_they_were_told(meeting, commune, login_as):
    with unit_of_work():
        make_guest(commune, "Lý Thị Khách")
    invite_all(meeting)
    client = login_as(Role.OFFICER, commune)
    sender_of(client.application).run()

    page = soup(client.get(f"/meetings/{meeting.id}/invitations?lang=en"))

    rows = [words(row) for row in page.select(".invited > li")]
    code = db.session.scalars(sa.select(Invitation.code).order_by(Invitation.id)).first()
    assert f"{code[:5]}-{code[5:]}" in rows[0]
    assert "By SMS" in rows[0]
    assert "0912 000 00" in rows[0]
    assert any("On paper" in row and "Lý Văn Không Số" in row for row in rows)
    only = soup(client.get(f"/meetings/{meeting.id}/invitations?show=paper"))
    assert len(only.select(".invited > li")) == 1
    assert client.get(f"/meetings/{meeting.id}/invitations?show=nonsense").status_code == 404


def test_a_hamlet_head_notes_what_came_of_it_for_the_own_hamlet_only(commune, login_as):
    with unit_of_work():
        joint = make_meeting(hamlet_of(commune), hamlet_of(commune, 1), starts_at=THURSDAY)
        own = make_household(hamlet_of(commune), "Nông Văn Gần")
        far = make_household(hamlet_of(commune, 1), "Nông Văn Xa")
    invite_all(joint)
    ids = dict(db.session.execute(sa.select(Invitation.household_id, Invitation.id)).all())
    head = login_as(Role.HAMLET_HEAD, hamlet_of(commune))
    path = f"/meetings/{joint.id}/invitations"

    page = soup(head.get(path))
    told = head.post(f"{path}/{ids[own.id]}/outcome", data={"result": "told_in_person"})

    assert [words(name) for name in page.select(".invited-name")] == ["Nông Văn Gần"]
    assert not page.select(".invited-code"), "codes are for officers"
    assert told.location.endswith(f"#invitation-{ids[own.id]}")
    assert db.session.scalars(sa.select(ContactOutcome.result)).all() == [ContactResult.TOLD_IN_PERSON]
    assert head.post(f"{path}/{ids[far.id]}/outcome", data={"result": "called"}).status_code == 404
    assert head.post(f"{path}/{ids[own.id]}/outcome", data={"result": "sms_delivered"}).status_code == 404
    assert login_as(Role.VIEWER, commune).post(
        f"{path}/{ids[own.id]}/outcome", data={"result": "called"}
    ).status_code in (403, 404)
    assert words(soup(head.get(f"{path}?lang=en")).select_one(".bar-figure")) == "1 /1"


def test_reached_counts_delivered_texts_and_people_told(meeting, commune, login_as):
    invite_all(meeting)
    with unit_of_work():
        message = db.session.scalars(sa.select(Message).order_by(Message.id)).first()
        message.state = MessageState.DELIVERED

    page = soup(login_as(Role.OFFICER, commune).get(f"/meetings/{meeting.id}/invitations"))

    assert words(page.select_one(".bar-figure")) == "1 /3"


@pytest.mark.one_database
def test_pages_ask_the_database_the_same_number_of_times_for_any_number_of_households(commune, login_as):
    with unit_of_work():
        meeting = make_meeting(hamlet_of(commune), starts_at=THURSDAY)
        make_household(hamlet_of(commune), phone=phone(0))
    invite_all(meeting)
    client = login_as(Role.OFFICER, commune)

    def queries(path: str) -> int:
        with counted_queries() as seen:
            assert client.get(path).status_code == 200
        return len(seen)

    paths = (f"/meetings/{meeting.id}/invite", f"/meetings/{meeting.id}/invitations")
    few = [queries(path) for path in paths for _each in range(2)][1::2]
    with unit_of_work():
        for number in range(1, 40):
            make_household(hamlet_of(commune), f"Nông Văn {number}", phone=phone(number))
    invite_all(meeting)

    assert [queries(path) for path in paths for _each in range(2)][1::2] == few


@pytest.mark.one_database
def test_long_lists_go_on_from_page_to_page(commune, login_as):
    with unit_of_work():
        meeting = make_meeting(hamlet_of(commune), hamlet_of(commune, 1), starts_at=THURSDAY)
        for number in range(70):
            make_household(hamlet_of(commune, number % 2), f"Nông Văn Số {number}")
    invite_all(meeting)
    client = login_as(Role.OFFICER, commune)

    first = soup(client.get(f"/meetings/{meeting.id}/invitations"))
    second = soup(client.get(first.select_one("a[rel=next]")["href"]))

    names = [words(name) for page in (first, second) for name in page.select(".invited-name")]
    assert len(names) == len(set(names)) == 70


# --- The command, and the whole way through the gateway ------------------------------------------


def test_the_command_prints_what_it_did(meeting, app):
    result = app.test_cli_runner().invoke(args=["meetings", "invite", str(meeting.id), "--now"])

    assert result.exit_code == 0, result.output
    answer = json.loads(result.output)
    assert answer["batch_id"] > 0
    assert (answer["queued"], answer["left_out"]) == (2, 1)


def test_the_command_takes_a_text_and_says_what_is_wrong_with_it(meeting, app, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("Mời {ten} đến {nha}", encoding="utf-8")
    wrong = app.test_cli_runner().invoke(args=["meetings", "invite", str(meeting.id), "--text-file", str(text)])
    assert wrong.exit_code == 1
    assert "{nha}" in wrong.output

    text.write_text("Mời {ten} đến {thon}\n", encoding="utf-8")
    app.test_cli_runner().invoke(args=["meetings", "invite", str(meeting.id), "--text-file", str(text)])

    texts = set(db.session.scalars(sa.select(Message.text)))
    assert texts == {"Moi ba Nguyet den Ban Mau Hai", "Moi ong Duc den Ban Mau Hai"}


def test_invited_people_get_one_text_each_through_twilio(make_app):
    with TwilioServer() as twilio:
        app = make_app(**twilio_settings(twilio))
        with app.app_context():
            commune = office()
            with unit_of_work():
                meeting = make_meeting(hamlet_of(commune), starts_at=THURSDAY)
                for number in range(5):
                    make_household(
                        hamlet_of(commune), f"Nông Văn {'Ánh Bình Cường Dũng Én'.split()[number]}", phone=phone(number)
                    )
            invite_all(meeting)
            sender_of(app).run()
            invite_all(meeting)
            sender_of(app).run()

            assert set(twilio.times_stored().values()) == {1}
            assert len(twilio.stored) == 5
            assert set(db.session.scalars(sa.select(Message.state))) == {MessageState.ACCEPTED}


def test_at_night_the_page_and_the_answer_say_when_texts_leave(app, meeting, commune, login_as, clock):
    app.config["SMS_NO_SEND_HOURS"] = "21:00-07:00"
    clock.instant = datetime(2023, 6, 13, 21, 40, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
    with unit_of_work():
        decide(commune.id, APPROVAL_NEEDED, False, date(2023, 1, 1))
    officer = login_as(Role.OFFICER, commune)
    url = f"/meetings/{meeting.id}/invite"

    assert "It is 21:40: texts leave tomorrow at 07:00." in words(soup(officer.get(f"{url}?lang=en")))
    answer = officer.post(url, data=form(), follow_redirects=True)

    assert "It is 21:40: texts leave tomorrow at 07:00." in words(soup(answer).select_one(".flashes"))


def test_the_shown_text_goes_to_the_officers_own_phone_first_and_is_in_no_figure(meeting, commune, login_as):
    officer = login_as(Role.OFFICER, commune)
    url = f"/meetings/{meeting.id}/invite"

    page = soup(officer.post(url, data=form(test="1", my_phone="0912 300 470", invite="Moi {ten} du hop. Xin thu")))

    assert page.select_one("textarea[name=invite]").text.strip() == "Moi {ten} du hop. Xin thu"
    db.session.rollback()
    message = db.session.scalars(sa.select(Message)).one()
    assert (message.phone, message.text) == ("+84912300470", page.select_one("#sample-text").text)
    assert message.text.endswith("du hop. Xin thu")
    assert db.session.scalar(sa.select(sa.func.count(Invitation.id))) == 0
    assert soup(officer.get(url)).select_one("input[name=my_phone]")["value"] == "0912 300 470"
    assert invited_to([meeting.id])[meeting.id].reached == 0


@pytest.mark.parametrize("own", ["", "12", "02053812345"])
def test_a_test_without_a_phone_that_takes_texts_says_so_beside_the_field(meeting, commune, login_as, own):
    page = soup(
        login_as(Role.OFFICER, commune).post(f"/meetings/{meeting.id}/invite", data=form(test="1", my_phone=own)), 422
    )

    assert page.select_one("#my_phone-error") is not None
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count(Message.id))) == 0


def test_characters_that_make_a_text_dear_are_pointed_at(meeting, commune, login_as):
    officer = login_as(Role.OFFICER, commune)
    wording = "Moi {ten} du hop “thon” tai {dia_diem} 🙂"

    page = soup(officer.post(f"/meetings/{meeting.id}/invite", data=form(preview="1", marks="marked", invite=wording)))

    pointed = [words(item) for item in page.select("#invite-preview .dear li")]
    assert '“ → "' in pointed
    assert pointed[-1].startswith("🙂 →")


def test_a_text_without_dear_characters_points_at_none(meeting, commune, login_as):
    page = soup(login_as(Role.OFFICER, commune).get(f"/meetings/{meeting.id}/invite"))

    assert page.select(".dear") == []


def test_a_half_typed_own_phone_keeps_nobody_from_inviting(meeting, commune, login_as):
    answer = login_as(Role.OFFICER, commune).post(f"/meetings/{meeting.id}/invite", data=form(my_phone="12"))

    assert answer.status_code == 302


def test_both_forms_stand_side_by_side_to_be_read_aloud(meeting, commune, login_as):
    client = login_as(Role.OFFICER, commune)

    for marks, here, beside in (("plain", "kinh moi ong", "kính mời ông"), ("marked", "kính mời ông", "kinh moi ong")):
        piece = soup(client.post(f"/meetings/{meeting.id}/invite/preview?lang=en", data=form(marks=marks)))
        assert here in piece.select_one("#sample-text").text
        assert beside in piece.select_one("#other-text").text
        assert "aloud" in words(piece)


def another_send(commune: Area, *numbers: int) -> None:
    """The same households are invited to another meeting, too."""
    with unit_of_work():
        other = make_meeting(hamlet_of(commune), starts_at=datetime(2023, 6, 20, 7, 30, tzinfo=THURSDAY.tzinfo))
    invite_all(other)
    with unit_of_work():
        db.session.execute(
            sa.update(Message).where(Message.phone.not_in(map(phone, numbers))).values(state="withdrawn")
        )


def test_who_gets_another_text_that_day_is_named(meeting, commune, login_as):
    other_day = form(send_at="2023-06-02T08:00")
    another_send(commune, 1)
    client, address = login_as(Role.OFFICER, commune), f"/meetings/{meeting.id}/invite/preview?lang=en"

    today = soup(client.post(address, data=form()))
    tomorrow = soup(client.post(address, data=other_day))

    assert [words(item) for item in today.select(".texted li")] == ["Hoàng Thị Nguyệt Bản Mẫu Hai"]
    assert tomorrow.select(".texted") == []


@pytest.mark.parametrize(
    ("state", "named"),
    [
        (MessageState.SENDING, True),
        (MessageState.ACCEPTED, True),
        (MessageState.DELIVERED, True),
        (MessageState.UNKNOWN, True),
        (MessageState.FAILED, False),
        (MessageState.REFUSED, False),
        (MessageState.EXPIRED, False),
    ],
)
def test_only_texts_that_left_count_as_had(meeting, commune, login_as, state, named):
    another_send(commune, 1)
    with unit_of_work():
        db.session.execute(sa.update(Message).where(Message.phone == phone(1)).values(state=state, claimed_at=now()))

    piece = soup(login_as(Role.OFFICER, commune).post(f"/meetings/{meeting.id}/invite/preview", data=form()))

    assert bool(piece.select(".texted li")) is named


def test_the_days_limit_and_the_price_are_those_of_the_day_the_texts_leave(meeting, commune, login_as):
    with unit_of_work():
        decide(commune.id, DAILY_SMS_CAP, 2, date(2023, 1, 1))
        set_tariff("vinaphone", 300, date(2023, 6, 2))
    another_send(commune, 1)
    client, address = login_as(Role.OFFICER, commune), f"/meetings/{meeting.id}/invite/preview?lang=en"

    today = words(soup(client.post(address, data=form())))
    tomorrow = words(soup(client.post(address, data=form(send_at="2023-06-02T08:00"))))

    assert "More than the day's limit" in today
    assert "Today, with what still waits: 1 texts, 250 đ." in today
    assert "500 đ" in today
    assert "More than the day's limit" not in tomorrow
    assert "Waiting for Friday, 2/6/2023 already: 0 texts, 0 đ." in tomorrow
    assert "600 đ" in tomorrow
