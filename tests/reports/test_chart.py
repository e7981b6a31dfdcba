"""The chart of a plan: what it says and what it must not contain."""

from dataclasses import replace

import pytest
from lxml import etree

from eventmgr.reports.chart import chart_title, hamlet_chart
from eventmgr.reports.values import HamletFigures, Progress
from tests.reports.examples import EMPTY_PLAN, PLAN

pytestmark = pytest.mark.usefixtures("in_vietnamese")


def _hamlet(name: str, done: int, target: int | None) -> HamletFigures:
    return HamletFigures(1, name, Progress(done, target), 0, Progress(0), 0, 0)


@pytest.mark.parametrize(
    ("hamlets", "title"),
    [
        ([_hamlet("Nà Ví Dụ", 1, 3), _hamlet("Khuổi Thử", 2, 2)], "Nà Ví Dụ: còn thiếu 2 hội nghị"),
        (
            [_hamlet("Khuổi Thử", 1, 2), _hamlet("Nà Ví Dụ", 0, 3)],
            "2 thôn còn thiếu 4 hội nghị; thiếu nhiều nhất: Nà Ví Dụ",
        ),
        ([_hamlet("Nà Ví Dụ", 3, 3)], "Mọi thôn đã đạt chỉ tiêu hội nghị"),
        ([_hamlet("Nà Ví Dụ", 3, None)], "Số hội nghị đã họp ở từng thôn"),
    ],
    ids=["one behind", "several behind", "all there", "no targets"],
)
def test_title_states_what_the_chart_shows(hamlets: list[HamletFigures], title: str) -> None:
    assert chart_title(PLAN.figures, hamlets) == title


def test_title_of_an_empty_plan() -> None:
    assert chart_title(EMPTY_PLAN.figures, []) == "Chưa có hội nghị nào"


def test_svg_has_no_script_and_nothing_from_elsewhere() -> None:
    root = etree.fromstring(hamlet_chart(PLAN.figures, PLAN.hamlets))

    assert root.tag.endswith("svg")
    assert not root.findall(".//{*}script")
    for element in root.iter(etree.Element):
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert "//" not in value


def test_bars_say_what_is_done_and_missing_in_words() -> None:
    root = etree.fromstring(hamlet_chart(PLAN.figures, PLAN.hamlets))
    words = [text.strip() for text in root.itertext() if text.strip()]

    assert words[0] == "Khuổi Thử: còn thiếu 1 hội nghị"
    assert "thiếu 1" in words
    assert {"Nà Ví Dụ", "Khuổi Thử", "Đã thực hiện", "Còn thiếu"} <= set(words)


def test_name_with_markup_stays_text() -> None:
    hamlets = [replace(PLAN.hamlets[0], name="<script>alert(1)</script>")]

    root = etree.fromstring(hamlet_chart(PLAN.figures, hamlets))
    assert not root.findall(".//{*}script")
    assert "<script>alert(1)</script>" in "".join(root.itertext())


def test_plan_without_hamlets_still_gives_a_picture() -> None:
    assert b"<svg" in hamlet_chart(EMPTY_PLAN.figures, [])
