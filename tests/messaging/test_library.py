"""The office's own wordings, in two forms, and their registration at the networks."""

from __future__ import annotations

from datetime import date

import pytest

from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.messaging.library import PlainHasMarks, keep_text, kept_texts, wordings_of
from eventmgr.messaging.texts import DEFAULT_WORDINGS, TextPurpose, UnknownPlaceholder, Wording
from tests.factories import make_commune

OWN = Wording("Mời {ten} họp {gio} {ngay}", "Moi {ten} hop {gio} {ngay}")
DAY = date(2023, 5, 20)


@pytest.fixture
def commune(in_app) -> Area:
    with unit_of_work():
        return make_commune()


def keep(commune: Area, wording: Wording, purpose: TextPurpose = TextPurpose.INVITE, **more) -> None:
    with unit_of_work():
        keep_text(db.session.get_one(Area, commune.id), purpose, wording, by=None, now=now(), **more)


def test_the_usual_words_hold_until_the_office_writes_its_own(commune):
    assert wordings_of(commune.path) == DEFAULT_WORDINGS

    keep(commune, OWN)

    assert wordings_of(commune.path) == DEFAULT_WORDINGS | {TextPurpose.INVITE: OWN}


def test_another_commune_keeps_its_words(commune):
    with unit_of_work():
        other = make_commune("Yên Mẫu", "06218")
    keep(commune, OWN)

    assert wordings_of(other.path) == DEFAULT_WORDINGS


@pytest.mark.parametrize(
    ("purpose", "wording", "error"),
    [
        (TextPurpose.INVITE, Wording("Mời {tenn}", "Moi"), UnknownPlaceholder),
        (TextPurpose.INVITE, Wording("Mời", "Moi {"), UnknownPlaceholder),
        (TextPurpose.CANCEL, Wording("Báo {ten}", "Bao"), UnknownPlaceholder),
        (TextPurpose.POSTPONE, Wording("Báo", "Bao {link}"), UnknownPlaceholder),
        (TextPurpose.INVITE, Wording("Mời", "Mời"), PlainHasMarks),
        (TextPurpose.INVITE, Wording("Mời", "Moi “ong”"), PlainHasMarks),
    ],
)
def test_words_that_could_not_be_sent_are_not_kept(commune, purpose, wording, error):
    with pytest.raises(error):
        keep(commune, wording, purpose)

    assert not kept_texts(commune.path)[purpose].own


def test_a_changed_text_loses_its_registration(commune):
    keep(commune, OWN)
    keep(commune, OWN, registered_on=DAY)
    registered = kept_texts(commune.path)[TextPurpose.INVITE].registered_on

    keep(commune, Wording(OWN.marked, OWN.plain + "."), registered_on=DAY)

    assert registered == DAY
    assert kept_texts(commune.path)[TextPurpose.INVITE].registered_on is None


def test_the_pages_show_each_text_and_keep_what_was_typed(commune, login_as):
    officer = login_as(Role.OFFICER, commune)
    wrong = officer.post("/messages/texts/invite", data={"marked": "Mời {tenn}", "plain": "Moi “ong”"})
    preview = officer.post("/messages/texts/invite", data={"marked": "Mời", "plain": "Moi “ong”", "preview": "1"})
    answer = officer.post("/messages/texts/invite", data={"marked": OWN.marked, "plain": OWN.plain})

    assert (wrong.status_code, preview.status_code, answer.status_code) == (422, 200, 302)
    assert "Mời {tenn}" in wrong.get_data(as_text=True)
    assert "<strong>“</strong>" in preview.get_data(as_text=True)
    assert OWN.plain in officer.get("/messages/texts").get_data(as_text=True)
    assert officer.get("/messages/texts/nothing").status_code == 404


def test_a_leader_reads_the_texts_and_does_not_write_them(commune, login_as):
    leader = login_as(Role.LEADER, commune)

    assert leader.get("/messages/texts").status_code == 200
    assert leader.get("/messages/texts/invite").status_code == 403
