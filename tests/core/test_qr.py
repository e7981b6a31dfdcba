"""QR codes: what is drawn is what a reader reads."""

from __future__ import annotations

import pytest
import zxingcpp
from lxml import etree

from eventmgr.core.qr import QUIET_ZONE, qr_modules, qr_svg
from tests.support.drawing import draw_qr

LINK = "HTTPS://HOP.VI-DU.EXAMPLE/I/ABCDE12345"


@pytest.mark.parametrize("text", [LINK, "HTTP://127.0.0.1:8000/I/0123456789", "https://vi-du.example/ghép?máy=1"])
def test_a_reader_reads_what_was_written(text: str) -> None:
    found = zxingcpp.read_barcodes(draw_qr(qr_svg(text, "mã")))

    assert [code.text for code in found] == [text]


def test_a_link_in_capitals_takes_fewer_modules() -> None:
    assert len(qr_modules(LINK)) < len(qr_modules(LINK.lower()))


def test_the_code_keeps_its_white_border() -> None:
    picture = draw_qr(qr_svg(LINK, "mã"), scale=1)

    assert picture.width == len(qr_modules(LINK)) + 2 * QUIET_ZONE
    assert picture.crop((0, 0, picture.width, QUIET_ZONE)).getextrema() == (255, 255)


def test_the_label_cannot_break_out() -> None:
    root = etree.fromstring(qr_svg(LINK, '"><script>x</script>'))

    assert root.get("aria-label") == '"><script>x</script>'
