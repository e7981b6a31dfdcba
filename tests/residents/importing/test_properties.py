"""What holds for every list, whatever stands around its table and however its cells are written."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from eventmgr.residents.importing.cells import Birth, UnclearCell, read_birth
from eventmgr.residents.importing.columns import HEADER_SEARCHED_ROWS, Field, field_of, find_header, title_key
from eventmgr.residents.importing.parsing import parse_list
from eventmgr.residents.importing.reading import RawSheet

TODAY = date(2026, 11, 24)
days = st.dates(date(1900, 1, 2), TODAY)
TITLES = {
    Field.FULL_NAME: ["Họ và tên", "HỌ TÊN", "Họ,  tên", "Họ và tên (chữ in hoa)", "Ho va ten"],
    Field.BIRTH: ["Năm sinh", "Ngày sinh", "NS", "Ngày, tháng, năm sinh"],
    Field.HAMLET: ["Thôn", "Xóm", "Thôn/bản", "Địa chỉ"],
    Field.PHONE: ["SĐT", "Số điện thoại", "ĐT", "Di động", "Số ĐT liên hệ"],
    Field.GENDER: ["GT", "Giới tính", "Nam/Nữ"],
    Field.RELATION: ["Quan hệ với chủ hộ", "QH", "Mối quan hệ"],
    Field.CITIZEN_NUMBER: ["Số CCCD", "CCCD/ĐDCN", "Căn cước công dân"],
}
modestly = settings(max_examples=120)


@modestly
@given(
    days,
    st.sampled_from(
        ["{d}/{m}/{y}", "{d:02}/{m:02}/{y}", "{d}.{m}.{y}", "{d}-{m}-{y}", "{d} / {m} / {y}", "'{d}/{m}/{y}"]
    ),
)
def test_day_comes_before_month_however_it_is_written(day, shape):
    expected = Birth(day.year, None if (day.day, day.month) == (1, 1) else day)

    assert read_birth(shape.format(d=day.day, m=day.month, y=day.year), today=TODAY) == expected


@modestly
@given(days.filter(lambda day: day > date(1927, 5, 18)))
def test_day_number_of_a_spreadsheet_is_its_day(day):
    number = (day - date(1899, 12, 30)).days

    assert read_birth(float(number), today=TODAY) == read_birth(day, today=TODAY)


@modestly
@given(st.integers(0, 99), st.booleans())
def test_year_of_two_digits_is_never_in_the_future(year, of_head):
    birth = read_birth(f"{year:02}" if year else "01", today=TODAY, of_head=of_head)

    assert birth.year is not None
    assert TODAY.year - 100 - 14 < birth.year <= TODAY.year - (14 if of_head else 0)


@modestly
@given(st.integers(13, 99), st.integers(13, 99), st.integers(1900, 2026))
def test_day_and_month_are_never_exchanged(day, month, year):
    try:
        birth = read_birth(f"{day}/{month}/{year}", today=TODAY)
    except UnclearCell:
        return
    raise AssertionError(f"{day}/{month}/{year} was read as {birth}")


@modestly
@given(days.map(lambda day: TODAY + (day - date(1900, 1, 1)) + timedelta(days=1)))
def test_nobody_is_born_tomorrow(day):
    try:
        birth = read_birth(day, today=TODAY)
    except UnclearCell:
        return
    raise AssertionError(f"{day} was read as {birth}")


@modestly
@given(st.text(max_size=40))
def test_title_key_is_stable_and_any_title_has_an_answer(title):
    assert title_key(title_key(title)) == title_key(title)
    assert field_of(title, []) in {None, *Field}


@st.composite
def lists(draw):
    """A table of people below some lines of title, its columns in any order."""
    fields = [
        Field.FULL_NAME,
        *draw(st.sets(st.sampled_from(sorted(TITLES)).filter(lambda f: f != Field.FULL_NAME), min_size=1)),
    ]
    fields = draw(st.permutations(fields))
    titles = [draw(st.sampled_from(TITLES[field])) for field in fields]
    above = draw(st.integers(0, HEADER_SEARCHED_ROWS - 2))
    lines = [
        [draw(st.sampled_from(["", "UBND XÃ BÌNH TRUNG", "DANH SÁCH NĂM 2023", "(Kèm theo Quyết định số 12)"]))]
        for _ in range(above)
    ]
    samples = {
        Field.FULL_NAME: "Vi Thị Mẫu",
        Field.BIRTH: "1960",
        Field.HAMLET: "Pò Mẫu",
        Field.PHONE: "0912345678",
        Field.GENDER: "Nữ",
        Field.RELATION: "Chủ hộ",
        Field.CITIZEN_NUMBER: "020160001234",
    }
    return fields, titles, lines, [samples[field] for field in fields]


@modestly
@given(lists())
def test_header_is_found_wherever_it_stands(made):
    fields, titles, above, person = made
    rows = [*above, titles, person, ["", *[""] * len(person)]]

    header = find_header(RawSheet("a", tuple(map(tuple, rows))))

    assert header is not None
    assert header.last_row == len(above) + 1
    assert [column.field for column in header.columns] == list(fields)


@modestly
@given(lists(), st.integers(1, 5))
def test_every_row_of_a_person_comes_out_once(made, times):
    _fields, titles, above, person = made
    names = [f"Vi Thị {given}" for given in ("An", "Bình", "Chi", "Dung", "Én")[:times]]
    rows = [[name if cell == "Vi Thị Mẫu" else cell for cell in person] for name in names]
    content = "\n".join("\t".join(row) for row in [*above, titles, *rows]).encode()

    parsed = parse_list(content, "a.csv", TODAY)

    assert [found.full_name for found in parsed.people] == names
    assert [found.place.row for found in parsed.people] == list(range(len(above) + 2, len(above) + 2 + times))
    assert parsed.rejected == ()


@modestly
@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.text(max_size=12), st.floats(), st.dates(), st.booleans()), max_size=6),
        max_size=8,
    )
)
def test_no_sheet_is_too_odd_to_look_for_a_header(rows):
    header = find_header(RawSheet("a", tuple(map(tuple, rows))))

    assert header is None or 1 <= header.first_row <= header.last_row <= len(rows)
