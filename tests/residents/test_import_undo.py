"""Undoing a whole list: exactly as before, and only while nothing depends on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.core.clock import now
from eventmgr.core.db import db, table_of, unit_of_work
from eventmgr.residents.importing.parsing import parse_list
from eventmgr.residents.models import Contact, Household, HouseholdTerm, ListImport, PovertyStatus, Resident
from eventmgr.residents.services import add_contact, edit_resident
from eventmgr.residents.services.importing import ImportInUse, remove_original, undo_import
from eventmgr.residents.services.importing.undoing import ImportNotIn
from eventmgr.residents.values import ContactDetails, ImportState, ResidentDetails
from tests.conftest import TODAY
from tests.factories import make_commune, make_invitation, make_meeting
from tests.support.lists import take_in_row

DATA = Path(__file__).parents[1] / "data"
KEPT = (Area, Household, Resident, Contact, PovertyStatus, HouseholdTerm)


@pytest.fixture
def commune(in_app):
    with unit_of_work():
        return make_commune(hamlets=())


def parsed_csv(*lines):
    return parse_list("\n".join(lines).encode(), "danh-sach.csv", TODAY.date())


def parsed_file(name):
    return parse_list((DATA / name).read_bytes(), name, TODAY.date())


def everything():
    """All that is on file, row by row; only how often a row was changed is not taken back."""
    db.session.expire_all()
    found = {}
    for table in map(table_of, KEPT):
        rows = db.session.execute(sa.select(table)).mappings()
        found[table.name] = sorted(
            json.dumps({name: row[name] for name in row if name != "row_version"}, default=str, sort_keys=True)
            for row in rows
        )
    return found


def undo(row):
    with unit_of_work():
        return undo_import(row.id, by=None, now=now())


def test_undone_list_leaves_everything_as_it_was(commune):
    empty = everything()
    phones, _ = take_in_row(commune, parsed_file("D-danh-ba-mau.csv"))
    with_phones = everything()
    members, _ = take_in_row(commune, parsed_file("B-danh-sach-nhan-khau-mau.xlsx"))

    undo(members)
    after_members = everything()
    undo(phones)

    assert after_members == with_phones
    assert everything() == empty
    assert {row.state for row in db.session.scalars(sa.select(ListImport))} == {ImportState.UNDONE}


def test_numbers_of_undone_people_are_never_given_to_others(commune):
    """The log books and answers to other lists go by them."""
    row, _ = take_in_row(commune, parsed_csv("Chủ hộ;Thôn;SĐT", "Vi Lan;Pò Mẫu;0912345678"))
    tables = (Household, Resident, Contact)
    gone = [db.session.scalar(sa.select(table.id)) for table in tables]
    undo(row)

    take_in_row(commune, parsed_csv("Chủ hộ;Thôn;SĐT", "Hà Mai;Pò Mẫu;0987654321"))

    assert all(db.session.scalar(sa.select(table.id)) > last for table, last in zip(tables, gone, strict=True))


def test_undoing_raises_the_version_of_what_it_puts_back(commune):
    take_in_row(commune, parsed_csv("Chủ hộ;Thôn;Mã hộ;SĐT", "Vi Lan;Pò Mẫu;x-1;0912345678"))
    versions = [db.session.scalar(sa.select(table.row_version)) for table in (Resident, Contact)]
    row, _ = take_in_row(
        commune, parsed_csv("Chủ hộ;Thôn;Mã hộ;Năm sinh;SĐT", "Vi Lan;Pò Mẫu;x-1;1960;0912345678 (con)")
    )
    written = [db.session.scalar(sa.select(table.row_version)) for table in (Resident, Contact)]
    undo(row)
    put_back = [db.session.scalar(sa.select(table.row_version)) for table in (Resident, Contact)]

    assert all(before < after < last for before, after, last in zip(versions, written, put_back, strict=True))


def test_undone_list_can_be_taken_in_again(commune):
    row, _ = take_in_row(commune, parsed_csv("Chủ hộ;Thôn", "Vi Lan;Pò Mẫu"))
    undo(row)

    _, result = take_in_row(commune, parsed_csv("Chủ hộ;Thôn", "Vi Lan;Pò Mẫu"))

    assert (result.households_added, result.residents_added) == (1, 1)


def test_list_is_undone_once(commune):
    row, _ = take_in_row(commune, parsed_csv("Chủ hộ;Thôn", "Vi Lan;Pò Mẫu"))
    undo(row)

    with pytest.raises(ImportNotIn):
        undo(row)


def test_list_whose_household_was_invited_stays(commune):
    row, _ = take_in_row(commune, parsed_csv("Chủ hộ;Thôn", "Vi Lan;Pò Mẫu", "Lý Sơn;Pò Mẫu"))
    with unit_of_work():
        household = db.session.scalars(sa.select(Household).order_by(Household.id)).first()
        make_invitation(make_meeting(household.hamlet), household)
    before = everything()

    with pytest.raises(ImportInUse) as refusal:
        undo(row)

    assert "Vi Lan" in refusal.value.message
    assert everything() == before


def test_earlier_list_is_undone_after_the_later_one_that_completed_it(commune):
    first, _ = take_in_row(commune, parsed_csv("Chủ hộ;Thôn", "Vi Lan;Pò Mẫu"))
    second, _ = take_in_row(commune, parsed_csv("Chủ hộ;Thôn;SĐT", "Vi Lan;Pò Mẫu;0912345678"))

    with pytest.raises(ImportInUse) as refusal:
        undo(first)
    undo(second)
    undo(first)

    assert "Vi Lan" in refusal.value.message
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 0


def test_list_stays_once_an_officer_has_changed_what_it_wrote(commune):
    take_in_row(commune, parsed_csv("Chủ hộ;Thôn", "Vi Lan;Pò Mẫu"))
    row, _ = take_in_row(commune, parsed_csv("Chủ hộ;Thôn;Năm sinh", "Vi Lan;Pò Mẫu;1960"))
    resident = db.session.scalars(sa.select(Resident)).one()
    with unit_of_work():
        details = ResidentDetails("Vi Lan", is_head=True, birth_year=1961)
        edit_resident(resident, details, by=None, now=now())

    with pytest.raises(ImportInUse):
        undo(row)


def test_phone_added_by_hand_keeps_the_list_that_brought_its_household(commune):
    row, _ = take_in_row(commune, parsed_csv("Chủ hộ;Thôn", "Vi Lan;Pò Mẫu"))
    with unit_of_work():
        add_contact(db.session.scalars(sa.select(Household)).one(), ContactDetails("0912345678"), by=None, now=now())

    with pytest.raises(ImportInUse):
        undo(row)


def test_what_a_newer_list_replaced_is_put_back(commune):
    head = "Họ tên;Quan hệ;GT;Dân tộc;Thôn;Mã hộ;Loại hộ"
    take_in_row(commune, parsed_csv(head, "Vi Lan;Chủ hộ;Nữ;Tày;Pò Mẫu;x-1;HN", "Lý Sơn;Chồng;Nam;Tày;;;"))
    before = everything()

    newer, result = take_in_row(
        commune, parsed_csv(head, "Lý Sơn;Chủ hộ;Nam;Nùng;Pò Mẫu;x-1;HCN", "Vi Lan;Vợ;Nữ;Tày;;;"), year=2024
    )
    changed = everything()
    undo(newer)

    assert {str(difference.what) for difference in result.differences if difference.taken} == {"ethnic_group", "head"}
    assert changed != before
    assert everything() == before


def test_a_list_whose_file_is_removed_is_still_undone(commune):
    before = everything()
    row, _result = take_in_row(
        commune, parsed_csv("STT,Họ và tên,Năm sinh,Thôn", "1,Hoàng Văn Mẫu,1970,Nà Ví Dụ"), add_hamlets=True
    )
    with unit_of_work():
        remove_original(row.id, by=None, now=now())

    undo(row)

    assert everything() == before
    assert db.session.get_one(ListImport, row.id).state is ImportState.UNDONE
