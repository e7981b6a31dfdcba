"""Single cells of household lists."""

from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventmgr.residents.importing.cells import (
    Birth,
    CellReason,
    UnclearCell,
    as_text,
    citizen_number_fits,
    is_ethnic_group,
    is_tick,
    read_birth,
    read_citizen_number,
    read_gender,
    read_poverty_class,
)
from eventmgr.residents.values import Gender, PovertyClass

TODAY = date(2026, 11, 24)
anything = st.one_of(st.none(), st.text(), st.floats(), st.integers(), st.booleans(), st.dates(), st.datetimes())


@pytest.mark.parametrize(
    ("cell", "birth"),
    [
        ("04/12/1939", Birth(1939, date(1939, 12, 4))),
        ("4.12.1939", Birth(1939, date(1939, 12, 4))),
        ("4 - 12 - 1939", Birth(1939, date(1939, 12, 4))),
        ("1939-12-04", Birth(1939, date(1939, 12, 4))),
        ("4/12/39", Birth(1939, date(1939, 12, 4))),
        (date(1939, 12, 4), Birth(1939, date(1939, 12, 4))),
        (datetime(1939, 12, 4, tzinfo=UTC), Birth(1939, date(1939, 12, 4))),
        (14583.0, Birth(1939, date(1939, 12, 4))),
        ("01/01/1949", Birth(1949)),
        ("00/00/1967", Birth(1967)),
        ("00/05/1967", Birth(1967)),
        ("5/1967", Birth(1967)),
        (1992.0, Birth(1992)),
        ("'1973", Birth(1973)),
        ("1973.0", Birth(1973)),
        (14583.5, Birth(1939, date(1939, 12, 4))),
        ("04/12/1939 00:00", Birth(1939, date(1939, 12, 4))),
        ("1939-12-04 00:00:00", Birth(1939, date(1939, 12, 4))),
        ("ngày 4 tháng 12 năm 1939", Birth(1939, date(1939, 12, 4))),
        ("tháng 12/1939", Birth(1939)),
        ("1939-12", Birth(1939)),
        ("1939 (ước)", Birth(1939)),
        ("khoảng 1939", Birth(1939)),
        ("~1939", Birth(1939)),
        ("1939?", Birth(1939)),
        ("năm 1939", Birth(1939)),
        ("--/--/1939", Birth(1939)),
        ("/ /1939", Birth(1939)),
        ("?/?/1939", Birth(1939)),
        ("00/00/0000", Birth()),
        (65.0, Birth(1965)),
        ("05", Birth(2005)),
        ("", Birth()),
        (None, Birth()),
        ("không rõ", Birth()),
    ],
)
def test_births_as_registers_write_them(cell, birth):
    assert read_birth(cell, today=TODAY) == birth


def test_head_of_a_household_is_no_child():
    assert read_birth("20", today=TODAY, of_head=True) == Birth(1920)
    assert read_birth("20", today=TODAY) == Birth(2020)


@pytest.mark.parametrize(
    "cell", ["31/04/1950", "13/25/1970", "12/25/1970", "1850", 2031.0, "31/12/2026", "hôm qua", 3.5, True]
)
def test_impossible_birth_is_not_guessed(cell):
    with pytest.raises(UnclearCell) as raised:
        read_birth(cell, today=TODAY)

    assert raised.value.reason is CellReason.BIRTH_UNCLEAR


@given(st.dates(date(1900, 1, 2), date(2026, 11, 24)))
def test_every_day_is_read_as_day_before_month(day):
    expected = Birth(day.year, None if (day.day, day.month) == (1, 1) else day)

    assert read_birth(f"{day.day}/{day.month}/{day.year}", today=TODAY) == expected
    assert read_birth(day, today=TODAY) == expected


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("HN", PovertyClass.POOR),
        ("Hộ nghèo", PovertyClass.POOR),
        ("nghèo", PovertyClass.POOR),
        ("Hộ nghèo không có khả năng lao động", PovertyClass.POOR),
        ("Tái nghèo", PovertyClass.POOR),
        ("HCN", PovertyClass.NEAR_POOR),
        ("Hộ cận nghèo", PovertyClass.NEAR_POOR),
        ("cận nghèo", PovertyClass.NEAR_POOR),
        ("Mới thoát nghèo", PovertyClass.NEWLY_ESCAPED),
        ("HMTN", PovertyClass.NEWLY_ESCAPED),
        ("Hộ mới thoát cận nghèo", PovertyClass.NEWLY_ESCAPED_NEAR_POOR),
        ("Khác", PovertyClass.OTHER),
        ("", None),
    ],
)
def test_classes_as_lists_write_them(cell, kind):
    assert read_poverty_class(cell) is kind


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("020149032599", "020149032599"),
        (20067731461.0, "020067731461"),
        ("020 149 032 599", "020149032599"),
        ("'020149032599", "020149032599"),
        ("081234567", "081234567"),
        ("", None),
        ("không", None),
        ("chưa có", None),
    ],
)
def test_citizen_numbers_get_their_zero_back(cell, number):
    assert read_citizen_number(cell) == number


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("2.0185E+10", CellReason.CITIZEN_NUMBER_ROUNDED),
        ("12345", CellReason.CITIZEN_NUMBER_UNCLEAR),
        ("02014903259A", CellReason.CITIZEN_NUMBER_UNCLEAR),
    ],
)
def test_bad_citizen_numbers_say_why(cell, reason):
    with pytest.raises(UnclearCell) as raised:
        read_citizen_number(cell)

    assert raised.value.reason is reason


@pytest.mark.parametrize(
    ("number", "year", "gender", "fits"),
    [
        ("020149032599", 1949, Gender.FEMALE, True),
        ("020149032599", 1949, Gender.MALE, False),
        ("020149032599", 1950, Gender.FEMALE, False),
        ("020218352665", 2018, Gender.MALE, True),
        ("020149032599", None, Gender.UNKNOWN, True),
        ("081234567", 1949, Gender.MALE, True),
    ],
)
def test_citizen_number_is_held_against_year_and_gender(number, year, gender, fits):
    assert citizen_number_fits(number, Birth(year), gender) is fits


def test_genders_ticks_and_groups():
    assert read_gender("Nữ") is Gender.FEMALE
    assert read_gender("NAM") is Gender.MALE
    assert read_gender("") is Gender.UNKNOWN
    assert all(is_tick(cell) for cell in ("x", "X", 1.0, "1", "có"))
    assert not any(is_tick(cell) for cell in ("", None, 0.0, "không", 2.0))
    assert is_ethnic_group("Tày")
    assert not is_ethnic_group("0912345678")


@given(anything)
def test_no_cell_is_too_odd(cell):
    as_text(cell)
    for read in (lambda c: read_birth(c, today=TODAY), read_gender, read_poverty_class, read_citizen_number):
        with suppress(UnclearCell):
            read(cell)
