"""The page of one invitation, as a resident's phone meets it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import zxingcpp
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from eventmgr.core.clock import FixedClock
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.settings import CONTACT_PHONE, decide
from eventmgr.meetings.models import Invitation
from eventmgr.meetings.values import InviteUnit, MeetingStatus, Rsvp
from eventmgr.residents.models import Household, PhoneState
from eventmgr.residents.values import Gender, PhoneOwner, PovertyClass
from tests.factories import hamlet_of, make_commune, make_guest, make_household, make_invitation, make_meeting
from tests.support.drawing import draw_qr

CODE = "ABCDE12345"
OWN_PHONE = "+84912000001"
Make = Callable[..., None]


@pytest.fixture
def invite(app: Flask) -> Make:
    """Invite a household: `invite(meeting={…}, household={…}, named=2)`; the code is CODE."""

    def make(
        *,
        meeting: dict[str, Any] | None = None,
        household: dict[str, Any] | None = None,
        named: int = 0,
        guest: bool = False,
    ) -> None:
        with app.app_context(), unit_of_work():
            commune = make_commune(name="Ví Dụ")
            decide(commune.id, CONTACT_PHONE, "+84912345678", date(2020, 1, 1))
            hamlet = hamlet_of(commune)
            details = {"phone": OWN_PHONE, "gender": Gender.FEMALE, "members": ("Nông Văn Hai", "Nông Văn Ba")} | (
                household or {}
            )
            home = make_household(hamlet, "Nông Thị Minh Nguyệt", **details)
            held = make_meeting(hamlet, **(meeting or {}))
            make_invitation(
                held,
                None if guest else home,
                make_guest(commune) if guest else None,
                code=CODE,
                named=tuple(home.members[:named]),
            )

    return make


def _page(client: FlaskClient, path: str = f"/i/{CODE}", status: int = 200) -> BeautifulSoup:
    response = client.get(path)
    assert response.status_code == status
    return BeautifulSoup(response.get_data(as_text=True), "lxml")


def _words(page: BeautifulSoup) -> str:
    assert page.main is not None
    return page.main.get_text(" ", strip=True)


def _invitation() -> Invitation:
    found = db.session.query(Invitation).one()
    db.session.refresh(found)
    return found


# --- What it says ---------------------------------------------------------------------------------


def test_it_says_who_invites_whom_to_what_when_and_where(client: FlaskClient, invite: Make) -> None:
    invite(meeting={"directions": "Qua cầu treo"})

    words = _words(_page(client))

    for expected in (
        "UBND xã Ví Dụ",
        "kính mời bà Nguyệt dự họp thôn",
        "Hội nghị truyền thông về giảm nghèo đa chiều",
        "thứ Sáu, 2/6/2023",
        "8 giờ sáng",
        "Nhà văn hóa thôn",
        "Qua cầu treo",
    ):
        assert expected in words


def test_nothing_personal_but_the_given_name(client: FlaskClient, invite: Make) -> None:
    invite(household={"poverty_class": PovertyClass.POOR, "code": "06217-001"})

    html = client.get(f"/i/{CODE}").get_data(as_text=True)

    for secret in ("Nông Thị", "Minh Nguyệt", OWN_PHONE, "0912 000 001", "912000001", "nghèo ", "06217", "Nùng"):
        assert secret not in html.replace("giảm nghèo", "")


def test_capital_links_and_sloppy_codes_lead_to_the_same_page(client: FlaskClient, invite: Make) -> None:
    invite()

    for path in (f"/I/{CODE}", "/i/abcde-12345", "/i/ABCDE-I2345"):
        assert "bà Nguyệt" in _words(_page(client, path))


def test_the_qr_holds_the_link_in_capitals(client: FlaskClient, invite: Make) -> None:
    invite()

    picture = _page(client).find("svg", class_="qr")

    assert [code.text for code in zxingcpp.read_barcodes(draw_qr(str(picture)))] == [f"HTTP://LOCALHOST/I/{CODE}"]


def test_the_public_address_goes_into_the_qr(make_app: Callable[..., Flask], invite: Make) -> None:
    invite()
    client = make_app(PUBLIC_URL="https://hop.vi-du.example").test_client()

    picture = _page(client).find("svg", class_="qr")

    [code] = zxingcpp.read_barcodes(draw_qr(str(picture)))
    assert code.text == f"HTTPS://HOP.VI-DU.EXAMPLE/I/{CODE}"


def test_the_code_is_spelled_in_two_fives(client: FlaskClient, invite: Make) -> None:
    invite()

    assert "ABCDE-12345" in _words(_page(client))


def test_english_is_one_tap_away_and_stays_chosen(client: FlaskClient, invite: Make) -> None:
    invite()
    link = _page(client).find("a", lang="en")
    assert link is not None

    page = _page(client, str(link["href"]))

    assert "kindly invites Ms Nguyệt to the hamlet meeting" in _words(page)
    assert all(str(form["action"]).endswith("?lang=en") for form in page.find_all("form"))


def test_on_the_day_the_qr_comes_before_everything_else(client: FlaskClient, invite: Make, clock: FixedClock) -> None:
    invite(meeting={"starts_at": clock.now() + timedelta(hours=5)})

    sections = _page(client).find_all("section")

    assert sections[0].get("id") == "code"


def test_before_the_day_the_answer_comes_first(client: FlaskClient, invite: Make) -> None:
    invite()

    assert [part.get("id") for part in _page(client).find_all("section")][:2] == ["answer", "code"]


def test_a_moved_meeting_says_so_first_with_both_times(client: FlaskClient, invite: Make, clock: FixedClock) -> None:
    invite(meeting={"moved_from": clock.now() + timedelta(days=3)})

    page = _page(client)

    assert page.h2 is not None
    assert page.h2.text == "Buổi họp đã đổi lịch"
    assert page.find("del").text == "8 giờ sáng, Chủ nhật, 4/6/2023"
    assert "thứ Sáu, 2/6/2023" in _words(page)


def test_a_cancelled_meeting_says_so_first_and_takes_no_answer(client: FlaskClient, invite: Make) -> None:
    invite(meeting={"status": MeetingStatus.CANCELLED, "cancel_reason": "Mưa lớn."})

    page = _page(client)

    assert page.h1 is not None
    assert page.h1.text == "KHÔNG tổ chức họp nữa: bà con không phải đến"
    assert "Mưa lớn." in _words(page)
    assert page.find(id="answer") is None
    assert page.find(class_="qr") is None


def test_a_postponed_meeting_will_be_invited_again(client: FlaskClient, invite: Make, app: Flask) -> None:
    invite()
    with app.app_context(), unit_of_work():
        meeting = _invitation().meeting
        meeting.starts_at = meeting.ends_at = None
        meeting.month, meeting.status = date(2023, 7, 1), MeetingStatus.TENTATIVE

    assert "tạm hoãn, sẽ mời lại sau" in _words(_page(client))


def test_after_the_meeting_it_thanks_and_says_what_was_said(client: FlaskClient, invite: Make) -> None:
    invite(meeting={"status": MeetingStatus.HELD, "summary": "Một.\nHai.\n\nBa.\nBốn."})

    page = _page(client)

    assert "Cảm ơn bà con" in _words(page)
    assert [item.text for item in page.find_all("li")] == ["Một.", "Hai.", "Ba."]
    assert page.find(id="answer") is None


def test_a_meeting_that_ran_out_of_its_time_counts_as_over(
    client: FlaskClient, invite: Make, clock: FixedClock
) -> None:
    invite()

    clock.advance(days=2)

    assert "đã xong" in _words(_page(client))


def test_a_wrong_code_gets_one_kind_sentence_and_the_communes_phone(client: FlaskClient, invite: Make) -> None:
    invite()

    page = _page(client, "/i/ZZZZZ99999", status=404)

    assert "Không có mã vẫn được dự họp." in _words(page)
    assert page.find("a", href="tel:0912345678") is not None


def test_a_wrong_code_is_told_in_english_too(client: FlaskClient, invite: Make) -> None:
    invite()
    link = _page(client, "/i/ZZZZZ99999", status=404).find("a", lang="en")
    assert link is not None

    page = _page(client, f"/i/ZZZZZ99999{link['href']}", status=404)

    assert "This code is not on any invitation" in _words(page)


@pytest.mark.parametrize("code", ["x", "ABCDE1234", "%00%00", "ABCDE-1234U", "A" * 500])
def test_what_cannot_be_a_code_is_not_found(client: FlaskClient, invite: Make, code: str) -> None:
    invite()

    assert client.get(f"/i/{code}").status_code == 404


def test_a_withdrawn_invitation_is_not_shown(client: FlaskClient, invite: Make, app: Flask, clock: FixedClock) -> None:
    invite()
    with app.app_context(), unit_of_work():
        _invitation().withdrawn_at = clock.now()

    assert client.get(f"/i/{CODE}").status_code == 404


def test_the_first_opening_is_kept(client: FlaskClient, invite: Make, app: Flask, clock: FixedClock) -> None:
    invite()
    opened = clock.now()

    client.get(f"/i/{CODE}")
    clock.advance(hours=1)
    client.get(f"/i/{CODE}")

    with app.app_context():
        assert _invitation().opened_at == opened


# --- What it takes --------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [Rsvp.COMING, Rsvp.PROXY, Rsvp.ABSENT])
def test_a_household_answers_with_one_tap(
    client: FlaskClient, invite: Make, app: Flask, clock: FixedClock, answer: Rsvp
) -> None:
    invite()

    response = client.post(f"/i/{CODE}/rsvp", data={"answer": answer.value})

    assert (response.status_code, response.headers["Location"]) == (303, f"/i/{CODE}#answer")
    with app.app_context():
        assert (_invitation().rsvp, _invitation().rsvp_at) == (answer, clock.now())
    chosen = _page(client).find("button", attrs={"aria-pressed": "true"})
    assert chosen is not None
    assert chosen["value"] == answer.value


def test_a_later_answer_replaces_the_earlier(client: FlaskClient, invite: Make, app: Flask) -> None:
    invite()

    client.post(f"/i/{CODE}/rsvp", data={"answer": "coming"})
    client.post(f"/I/{CODE}/rsvp", data={"answer": "absent"})

    with app.app_context():
        assert _invitation().rsvp == Rsvp.ABSENT


def test_named_persons_answer_each_for_themselves(client: FlaskClient, invite: Make, app: Flask) -> None:
    invite(meeting={"invite_unit": InviteUnit.PERSONS}, named=2)
    page = _page(client)
    assert [legend.text for legend in page.find_all("legend")] == ["bà Nguyệt", "ông/bà Hai"]
    second = page.find_all("form")[1].find("input", attrs={"name": "person"})

    client.post(f"/i/{CODE}/rsvp", data={"answer": "coming", "person": second["value"]})

    with app.app_context():
        assert [member.rsvp for member in _invitation().members] == [Rsvp.NONE, Rsvp.COMING]
        assert _invitation().rsvp == Rsvp.COMING


def test_nobody_answers_for_a_person_of_another_household(client: FlaskClient, invite: Make, app: Flask) -> None:
    invite(meeting={"invite_unit": InviteUnit.PERSONS}, named=2)

    client.post(f"/i/{CODE}/rsvp", data={"answer": "coming", "person": "999"})

    with app.app_context():
        assert _invitation().rsvp == Rsvp.NONE


@pytest.mark.parametrize("person", ["0", "-1", "9" * 30])
def test_an_odd_person_answers_for_nobody(client: FlaskClient, invite: Make, app: Flask, person: str) -> None:
    invite(meeting={"invite_unit": InviteUnit.PERSONS}, named=2)

    answer = client.post(f"/i/{CODE}/rsvp", data={"answer": "coming", "person": person})

    assert answer.status_code == 303
    with app.app_context():
        assert {member.rsvp for member in _invitation().members} == {Rsvp.NONE}


def test_a_guest_answers_too(client: FlaskClient, invite: Make, app: Flask) -> None:
    invite(guest=True)
    assert "ông/bà Khách" in _words(_page(client))
    assert "Ông (Bà) dự được không?" in _words(_page(client))

    client.post(f"/i/{CODE}/rsvp", data={"answer": "proxy"})

    with app.app_context():
        assert _invitation().rsvp == Rsvp.PROXY


@pytest.mark.parametrize("answer", ["", "none", "maybe"])
def test_an_answer_nobody_offers_changes_nothing(client: FlaskClient, invite: Make, app: Flask, answer: str) -> None:
    invite()

    assert client.post(f"/i/{CODE}/rsvp", data={"answer": answer}).status_code == 303

    with app.app_context():
        assert _invitation().rsvp_at is None


@pytest.mark.parametrize("status", [MeetingStatus.CANCELLED, MeetingStatus.HELD])
def test_an_answer_that_comes_too_late_is_told_by_the_page(
    client: FlaskClient, invite: Make, app: Flask, status: MeetingStatus
) -> None:
    invite(meeting={"status": status})

    assert client.post(f"/i/{CODE}/rsvp", data={"answer": "coming"}).status_code == 303

    with app.app_context():
        assert _invitation().rsvp == Rsvp.NONE


def test_another_site_cannot_make_a_browser_answer(client: FlaskClient, invite: Make, app: Flask) -> None:
    invite()
    elsewhere = {"Sec-Fetch-Site": "cross-site"}

    client.post(f"/i/{CODE}/rsvp", data={"answer": "absent"}, headers=elsewhere)
    client.post(f"/i/{CODE}/stop", headers=elsewhere)

    with app.app_context():
        assert _invitation().rsvp == Rsvp.NONE
        assert db.session.query(PhoneState).count() == 0


def test_the_forms_work_with_the_sites_csrf_protection_on(make_app: Callable[..., Flask], invite: Make) -> None:
    invite()
    client = make_app(WTF_CSRF_ENABLED=True).test_client()

    assert client.post(f"/i/{CODE}/rsvp", data={"answer": "coming"}).status_code == 303
    assert client.post(f"/i/{CODE}/stop").status_code == 303


def test_stop_ends_texts_to_the_households_own_phone(client: FlaskClient, invite: Make, app: Flask) -> None:
    invite()

    client.post(f"/i/{CODE}/stop")

    with app.app_context():
        state = db.session.get(PhoneState, OWN_PHONE)
        assert state is not None
        assert (state.opted_out_how, state.opted_out_at is not None) == ("page", True)
    assert "xã không nhắn tin cho gia đình nữa" in _words(_page(client))


def test_a_phone_that_serves_others_is_not_stopped(client: FlaskClient, invite: Make, app: Flask) -> None:
    invite(household={"owner": PhoneOwner.HAMLET_HEAD})
    assert _page(client).find(id="stop") is None

    client.post(f"/i/{CODE}/stop")

    with app.app_context():
        assert db.session.query(PhoneState).count() == 0


def test_reading_the_page_changes_no_answer_and_stops_nothing(client: FlaskClient, invite: Make, app: Flask) -> None:
    invite()

    for path in ("", "/rsvp", "/stop", "/calendar.ics"):
        client.get(f"/i/{CODE}{path}?answer=coming")

    with app.app_context():
        assert _invitation().rsvp == Rsvp.NONE
        assert db.session.query(PhoneState).count() == 0


def test_the_calendar_file_names_place_hour_and_code(client: FlaskClient, invite: Make) -> None:
    invite()

    response = client.get(f"/i/{CODE}/calendar.ics")

    text = response.get_data(as_text=True).replace("\r\n ", "")
    assert response.mimetype == "text/calendar"
    assert "DTSTART:20230602T010000Z" in text
    assert "LOCATION:Nhà văn hóa thôn" in text
    assert "ABCDE-12345" in text
    assert CODE not in text


# --- How it travels -------------------------------------------------------------------------------


def _bytes_on_the_wire(response: TestResponse) -> int:
    head = sum(len(f"{name}: {value}\r\n".encode()) for name, value in response.headers)
    # Beside what the app says: the status line, the empty line, and what gunicorn adds (Server, Date, Connection).
    return len(response.get_data()) + head + 120


def test_the_page_weighs_at_most_14_kib(client: FlaskClient, invite: Make, app: Flask) -> None:
    """A long title, way and summary, eight named persons: more than any true invitation holds."""
    names = tuple(f"Hoàng Thị Ngọc {name}" for name in ("Ánh", "Bưởi", "Cúc", "Duyên", "Én", "Giang", "Hạnh"))
    invite(
        meeting={
            "invite_unit": InviteUnit.PERSONS,
            "title": "Hội nghị truyền thông về giảm nghèo đa chiều " * 4,
            "directions": "Qua cầu treo, rẽ trái ở cây đa, đi thêm hai trăm mét " * 3,
        },
        household={"members": names},
        named=8,
    )

    response = client.get(f"/i/{CODE}", headers={"Accept-Encoding": "gzip, br"})

    assert response.headers["Content-Encoding"] == "gzip"
    assert "bà Nguyệt" in gzip.decompress(response.get_data()).decode()
    assert _bytes_on_the_wire(response) <= 14 * 1024


def test_a_browser_that_takes_no_gzip_gets_plain_text(client: FlaskClient, invite: Make) -> None:
    invite()

    response = client.get(f"/i/{CODE}", headers={"Accept-Encoding": "identity"})

    assert "Content-Encoding" not in response.headers
    assert "bà Nguyệt" in response.get_data(as_text=True)


def test_it_loads_nothing_and_runs_nothing(client: FlaskClient, invite: Make) -> None:
    invite()

    page = _page(client)

    assert page.find(["script", "img", "iframe", "object", "embed"]) is None
    assert [link["href"] for link in page.find_all("link")] == ["data:,"]
    assert page.find(style=True) is None
    assert "url(" not in page.style.text
    assert "@import" not in page.style.text


def test_its_style_is_allowed_by_its_hash_alone(client: FlaskClient, invite: Make) -> None:
    invite()
    response = client.get(f"/i/{CODE}")

    style = BeautifulSoup(response.get_data(as_text=True), "lxml").style.text
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = response.headers["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert "script-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", [f"/i/{CODE}", "/i/ZZZZZ99999", f"/i/{CODE}/calendar.ics"])
def test_nobody_keeps_indexes_or_passes_on_its_address(client: FlaskClient, invite: Make, path: str) -> None:
    invite()

    headers = client.get(path).headers

    assert headers["Cache-Control"] == "no-store"
    assert "noindex" in headers["X-Robots-Tag"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in headers


def test_whoever_tries_many_wrong_codes_must_wait(make_app: Callable[..., Flask], invite: Make) -> None:
    invite()
    client = make_app(RATELIMIT_ENABLED=True).test_client()

    answers = [client.get(f"/i/ZZZZZ{number:05}").status_code for number in range(31)]

    assert answers == [404] * 30 + [429]
    assert "đợi một phút" in client.get("/i/ZZZZZ99999").get_data(as_text=True)


def test_right_codes_are_never_counted(make_app: Callable[..., Flask], invite: Make) -> None:
    invite()
    client = make_app(RATELIMIT_ENABLED=True).test_client()

    assert {client.get(f"/i/{CODE}").status_code for _ in range(40)} == {200}


def test_names_cannot_become_html(client: FlaskClient, app: Flask, invite: Make) -> None:
    invite(meeting={"title": "<script>alert(1)</script>", "venue": "<b>nhà</b>"})

    page = _page(client)

    assert page.find("script") is None
    assert page.main.find("b") is None


def test_a_household_without_a_head_is_invited_as_one(client: FlaskClient, app: Flask, invite: Make) -> None:
    invite()
    with app.app_context(), unit_of_work():
        home = db.session.query(Household).one()
        home.members[0].is_head = False

    assert re.search(r"kính mời gia đình dự họp thôn", _words(_page(client)))


# --- Why the commune holds these data --------------------------------------------------------------


@pytest.mark.parametrize("language", ["", "?lang=en"], ids=["vi", "en"])
def test_why_is_told_in_plain_words_within_14_kib(client: FlaskClient, invite: Make, language: str) -> None:
    invite()

    answer = client.get(f"/i/{CODE}/why{language}", headers={"Accept-Encoding": "gzip"})

    assert answer.status_code == 200
    assert _bytes_on_the_wire(answer) <= 14 * 1024
    page = _page(client, f"/i/{CODE}/why{language}")
    assert page.select("script, link[rel=stylesheet], img") == []
    assert "91/2025/QH15" in _words(page)
    assert page.select_one(f'a[href="/i/{CODE}{language}"]') is not None


def test_why_names_nobody_and_is_linked_from_the_invitation(client: FlaskClient, invite: Make) -> None:
    invite()

    assert client.get(f"/i/{CODE}").get_data(as_text=True).count(f"/i/{CODE}/why") == 1
    assert "Nguyệt" not in client.get(f"/i/{CODE}/why").get_data(as_text=True)
    assert client.get("/i/0000000000/why").status_code == 404
