"""Texts in the language of the house: where a version is written, those who want it get it, else Vietnamese."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.errors import NotFound
from eventmgr.core.settings import APPROVAL_NEEDED, CONTACT_PHONE, decide
from eventmgr.meetings.invite_texts import default_texts
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.services import inviting, reminding
from eventmgr.meetings.services.noticing import foresee_notice, queue_notice, timing_after, usual_notice
from eventmgr.messaging.library import drop_version, keep_text, kept_texts, kept_versions, wordings_of
from eventmgr.messaging.models import Batch, Message
from eventmgr.messaging.texts import TextPurpose, Wording, language_key
from eventmgr.messaging.values import BatchKind, MessageState
from eventmgr.residents.models import Household
from tests.factories import hamlet_of, make_commune, make_household, make_meeting

THURSDAY = datetime(2023, 6, 15, 7, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
TAY = Wording("Tày mời {ten}: {gio} {ngay}", "Tay moi {ten}: {gio} {ngay}")


@pytest.fixture
def commune(in_app) -> Area:
    with unit_of_work():
        commune = make_commune()
        decide(commune.id, CONTACT_PHONE, "+84912345678", date(2023, 1, 1))
        decide(commune.id, APPROVAL_NEEDED, False, date(2023, 1, 1))
    return commune


@pytest.fixture
def meeting(commune) -> Meeting:
    """A hamlet that reads Tày, with a household that reads Dao, one that wants Vietnamese and one that says nothing."""
    with unit_of_work():
        hamlet = hamlet_of(commune)
        hamlet.text_language = "Tày"
        for number, language in enumerate(["", "Dao", "Tiếng Việt"]):
            make_household(hamlet, phone=f"+8491200000{number}", text_language=language)
        return make_meeting(hamlet, starts_at=THURSDAY)


def keep(commune: Area, purpose: TextPurpose, wording: Wording = TAY, language: str = "tay") -> None:
    with unit_of_work():
        area = db.session.get_one(Area, commune.id)
        keep_text(area, purpose, wording, language=language, by=None, now=now())


def invite(meeting: Meeting, **more) -> None:
    with unit_of_work():
        path = meeting.area.path
        texts = default_texts(wordings_of(path), kept_versions(path))
        again = db.session.get_one(Meeting, meeting.id)
        inviting.invite_meetings([again], texts, by=None, now=now(), base_url="", **more)


def beginnings(kind: BatchKind) -> dict[str, str]:
    rows = db.session.execute(sa.select(Message.phone, Message.text).where(Message.kind == kind))
    return {phone[-1]: text.split(" ")[0] for phone, text in rows}


def soup(answer, status: int = 200) -> BeautifulSoup:
    assert answer.status_code == status, answer.text[:2000]
    return BeautifulSoup(answer.text, "lxml")


@pytest.mark.parametrize("written", ["Tày", "tay", " TÀY "])
def test_a_language_is_one_however_it_is_written(written):
    assert language_key(written) == "tay"


@pytest.mark.parametrize("written", ["", "Tiếng Việt", "Kinh"])
def test_vietnamese_is_no_further_language(written):
    assert language_key(written) == ""


def test_a_version_stands_beside_the_vietnamese_text(commune):
    keep(commune, TextPurpose.INVITE)

    assert kept_versions(commune.path)["tay"][TextPurpose.INVITE].wording == TAY
    assert not kept_texts(commune.path)[TextPurpose.INVITE].own


def test_a_version_taken_out_is_gone(commune):
    keep(commune, TextPurpose.INVITE)
    with unit_of_work():
        drop_version(db.session.get_one(Area, commune.id), TextPurpose.INVITE, "Tày", by=None, now=now())

    assert kept_versions(commune.path) == {}
    with pytest.raises(NotFound):
        drop_version(commune, TextPurpose.INVITE, "Tày", by=None, now=now())


def test_each_household_is_written_to_in_its_own_or_its_hamlets_language(commune, meeting):
    keep(commune, TextPurpose.INVITE)

    invite(meeting)

    assert beginnings(BatchKind.INVITE) == {"0": "Tay", "1": "UBND", "2": "UBND"}
    assert db.session.scalars(sa.select(Batch)).one().texts["invite:tay"] == TAY.plain


def test_reminders_speak_as_the_invitation_was_agreed_to(commune, meeting, clock):
    keep(commune, TextPurpose.REMIND, Wording("Tày nhắc {ten}", "Tay nhac {ten}"))
    invite(meeting)
    keep(commune, TextPurpose.REMIND, Wording("Sau này {ten}", "Sau nay {ten}"))
    with unit_of_work():
        db.session.execute(sa.update(Message).values(state=MessageState.ACCEPTED))
    clock.instant = datetime(2023, 6, 14, 18, 31, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))

    with unit_of_work():
        reminding.remind(meeting.id, now=now(), base_url="")

    assert beginnings(BatchKind.REMIND) == {"0": "Tay", "1": "UBND", "2": "UBND"}


def test_notices_too(commune, meeting):
    keep(commune, TextPurpose.CANCEL, Wording("Tày nghỉ {ngay}", "Tay nghi {ngay}"))
    invite(meeting)
    with unit_of_work():
        db.session.execute(sa.update(Message).values(state=MessageState.ACCEPTED))
    with unit_of_work():
        again = db.session.get_one(Meeting, meeting.id)
        words, timing = usual_notice(again, BatchKind.CANCEL), timing_after(again)
        notice = foresee_notice(again, BatchKind.CANCEL, words, timing, now=now())
        queue_notice(again, BatchKind.CANCEL, words, timing, by=None, now=now())

    assert notice.versions == (("Tày", "Tay nghi Thu 5 15/6", 1),)
    assert beginnings(BatchKind.CANCEL) == {"0": "Tay", "1": "UBND", "2": "UBND"}


def test_the_page_counts_the_languages_and_shows_the_one_chosen(commune, meeting, login_as):
    keep(commune, TextPurpose.INVITE, language="Tày")
    officer = login_as(Role.OFFICER, commune)
    url = f"/meetings/{meeting.id}/invite?lang=en"

    page = soup(officer.get(url))
    counted = [" ".join(item.text.split()) for item in page.select("#invite-preview .states li")]
    assert counted == ["Vietnamese 1", "Dao 1 1 of them in Vietnamese: there is no version", "Tày 1"]
    assert [option["value"] for option in page.select("select[name=language] option")] == ["own", "", "Tày"]

    fields = {field["name"]: field.text.strip() for field in page.select("main textarea")}
    chosen = fields | {"marks": "plain", "recipient": "2", "preview": "1"}
    assert soup(officer.post(url, data=chosen | {"language": "Tày"})).select_one("#sample-text").text[:7] == "Tay moi"
    assert soup(officer.post(url, data=chosen | {"language": ""})).select_one("#sample-text").text[:4] == "UBND"


def test_versions_are_written_changed_and_taken_out_on_their_pages(commune, login_as):
    officer = login_as(Role.OFFICER, commune)
    url = "/messages/texts/invite/version"
    words = {"marked": TAY.marked, "plain": TAY.plain}

    assert soup(officer.post(url, data=words | {"language": "Tiếng Việt"}), 422).select_one("#language-error")
    assert officer.post(url, data=words | {"language": "Tày"}).status_code == 302
    assert TAY.plain in officer.get("/messages/texts").text
    assert soup(officer.post(url, data=words | {"language": "TAY"}), 422).select_one("#language-error")
    assert TAY.marked in officer.get(f"{url}?language=Tày").text
    assert officer.post(f"{url}?language=Tày", data=words | {"marked": "Mời {ten}"}).status_code == 302
    assert "Mời {ten}" in officer.get(f"{url}?language=Tày").text
    assert officer.get(f"{url}?language=Nùng").status_code == 404
    assert officer.post(f"{url}/drop", data={"language": "Tày"}).status_code == 302
    assert TAY.plain not in officer.get("/messages/texts").text


def test_households_and_hamlets_say_their_language_on_their_pages(commune, meeting, login_as):
    admin = login_as(Role.ADMINISTRATOR, commune)
    household = db.session.scalars(sa.select(Household).order_by(Household.id)).first()
    hamlet = hamlet_of(commune)

    for url in (f"/residents/households/{household.id}/edit", f"/settings/areas/{hamlet.id}"):
        fields = {field["name"]: field.get("value", "") for field in soup(admin.get(url)).select("main [name]")}
        assert admin.post(url, data=fields | {"text_language": " Nùng "}).status_code == 302

    db.session.rollback()
    db.session.expire_all()
    assert (household.text_language, db.session.get_one(Area, hamlet.id).text_language) == ("Nùng", "Nùng")


def test_the_household_page_names_its_language_to_those_who_may_know(commune, meeting, login_as):
    household_id = db.session.scalar(sa.select(Household.id).where(Household.text_language == "Dao"))
    url = f"/residents/households/{household_id}?lang=en"

    assert "written in: Dao" in login_as(Role.OFFICER, commune).get(url).text
    assert "written in: Dao" not in login_as(Role.HAMLET_HEAD, hamlet_of(commune)).get(url).text
