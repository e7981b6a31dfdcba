"""What people write back, as they really type it; whatever is doubtful waits for an officer."""

from __future__ import annotations

import pytest

from eventmgr.messaging.inbound import read_wish
from eventmgr.messaging.values import Wish

CASES = {
    Wish.STOP: [
        "STOP",
        " stop. ",
        "Stop ạ",
        "Từ chối",
        "TU CHOI!",
        "tu choi a",
        "Huỷ",
        "hủy",
        "HUY",
        "Từ chối nhận tin",
    ]
    + ["Khong nhan tin nua", "Đừng nhắn tin nữa", "huy nhan tin"],
    Wish.START: ["start", "Nhận lại", "nhan tin lai"],
    Wish.COMING: [
        "1",
        " 1. ",
        "1!",
        "1️⃣",
        "số 1",
        "1 nhé",
        "1 a",
        "1 ạ",
        "Dạ 1 ạ",
        "1 nhe em",
        "1 ok",
        "1, có",
        "Có",
        "CO",
    ]
    + [
        "Có ạ!",
        "co nhe",
        "Có, tôi đi",
        "Có, tôi sẽ đi ạ",
        "Co em di",
        "co di",
        "Dạ có ạ",
        "Ok",
        "OK nhé",
        "oke a",
        "Đồng ý",
    ]
    + ["Đồng ý ạ", "dong y", "Nhất trí", "vâng", "Vâng ạ", "vang a", "Dạ vâng", "Tôi sẽ đến", "se den", "Se di nhe"]
    + ["Gia đình tôi sẽ tham dự", "toi di duoc", "Tham dự ạ", "1. Cảm ơn", "Có ạ, cảm ơn cán bộ"],
    Wish.NOT_COMING: [
        "2",
        "2.",
        "2 ạ",
        "2 nhé",
        "so 2",
        "Không",
        "KHONG",
        "Không ạ.",
        "ko",
        "khong đi được",
        "khong di duoc",
    ]
    + ["KHÔNG ĐI ĐƯỢC", "Không, tôi không đi được ạ", "2, không đi được", "Tôi không đến được", "ko di", "k đi được"]
    + ["Chưa dự được", "em khong the den", "nha em khong di duoc roi", "Vắng", "Xin vắng mặt", "toi xin vang a"],
    Wish.OTHER: [
        "",
        "?",
        "1?",
        "Có họp không ạ?",
        "Không ạ?",
        "12",
        "3",
        "1 2",
        "1 hoặc 2",
        "1 người đi thay",
        "co 2 nguoi",
    ]
    + [
        "Huy xin den muon",
        "Huy a",
        "Không biết",
        "chua di",
        "Khong sao",
        "không phải 1",
        "Có gì",
        "có rồi",
        "Dừng",
        "Đúng",
        "Đúng rồi",
    ]
    + ["dung", "Thôi", "thoi", "Bạn", "bận", "ban", "vang", "dạ", "da", "di", "den muon", "1 em", "khong em"]
    + [
        "Không đi được nhưng con tôi đi thay",
        "Có, nhưng đến muộn",
        "Cho hỏi mấy giờ về",
        "Đồng ý nhận đền bù",
        "khong co 1",
    ],
}


@pytest.mark.parametrize(
    ("text", "wish"),
    [pytest.param(text, wish, id=f"{wish}: {text or 'nothing'}") for wish, texts in CASES.items() for text in texts],
)
def test_a_text_is_read_as_it_is_meant_or_by_an_officer(text: str, wish: Wish) -> None:
    assert read_wish(text) is wish
