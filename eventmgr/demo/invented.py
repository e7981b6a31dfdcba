"""Whatever is made up: hamlets that plainly are examples, people put together by chance, numbers nobody has.

The phones of the demo stand in blocks with 00 in their middle (0912 00x xxx). Their last two digits decide
what the simulator makes of a text, as for any number.
"""

from __future__ import annotations

from random import Random

from eventmgr.residents.values import Gender

HAMLETS = ("Bản Mẫu Một", "Bản Mẫu Hai", "Nà Ví Dụ", "Khuổi Ví Dụ", "Pò Mẫu", "Bản Mẫu Ba", "Nà Mẫu", "Lũng Ví Dụ")

SURNAMES = ("Hoàng", "Nông", "Lương", "Vi", "Hứa", "Lý", "Lộc", "Bế", "Chu", "Lành", "Triệu", "Đặng", "Bàn")
MEN_MIDDLE = ("Văn", "Đức", "Minh", "Quang", "Công")
WOMEN_MIDDLE = ("Thị", "Thị Thu", "Thị Minh", "Thị Ngọc")
MEN = (
    *("Đức", "Hùng", "Sơn", "Tuấn", "Bình", "Dũng", "Khánh", "Lâm", "Nam", "Phúc", "Quý", "Thắng", "Vinh", "Ước"),
    *("Cường", "Đạt", "Giang", "Hải", "Kiên", "Long", "Mạnh", "Nghĩa", "Phong", "Tài", "Trường", "Việt"),
)
WOMEN = (
    *("Nguyệt", "Lan", "Hường", "Hoa", "Mai", "Thảo", "Yến", "Ánh", "Bích", "Đào", "Hằng", "Liên", "Ngân", "Phượng"),
    *("Ước", "Thơm", "Tuyết", "Xuân", "Chi", "Dung", "Huệ", "Kim", "Nhung", "Quyên", "Sáng", "Vân"),
)
ETHNIC_GROUPS = ("Nùng",) * 9 + ("Tày",) * 7 + ("Kinh",) * 2 + ("Dao",) * 2

GUESTS = (
    ("Phó Chủ tịch", "UBND xã", True),
    ("Chủ tịch", "Ủy ban MTTQ xã", True),
    ("Chủ tịch", "Hội Liên hiệp Phụ nữ xã", True),
    ("Chủ tịch", "Hội Nông dân xã", True),
    ("Bí thư", "Đoàn Thanh niên xã", True),
    ("Báo cáo viên", "Phòng LĐTBXH-DT huyện", True),
    ("Người có uy tín", "", False),
)

SUMMARIES = (
    "Phổ biến chính sách hỗ trợ hộ nghèo, hộ cận nghèo về nhà ở, vay vốn và bảo hiểm y tế.\n"
    "Bà con hỏi về thủ tục vay vốn sản xuất; cán bộ xã đã trả lời và hẹn hướng dẫn tại nhà văn hóa thôn.\n"
    "Thống nhất ba hộ đăng ký thoát nghèo trong năm.",
    "Giới thiệu mười một dịch vụ xã hội cơ bản và cách tiếp cận.\n"
    "Bà con đề nghị sửa loa truyền thanh của thôn và thêm tờ rơi về việc làm.\n"
    "Trưởng thôn lập danh sách các hộ cần hỗ trợ nước sạch, gửi về xã.",
    "Trao đổi kinh nghiệm trồng hồi và chăn nuôi của các hộ đã thoát nghèo.\n"
    "Hai hộ hỏi về học nghề cho con; xã sẽ mời trung tâm dạy nghề đến thôn.\n"
    "Bà con nhất trí hưởng ứng phong trào thi đua vì người nghèo.",
)

_MOBILE_BLOCKS = ("912", "978", "352", "903", "328")
_ENDS_WELL = 96  # the simulator delivers to numbers whose last two digits are lower


def hamlet_names(number: int) -> list[str]:
    """So many hamlets, the first with names, the others counted."""
    return [*HAMLETS, *(f"Thôn Mẫu {place}" for place in range(len(HAMLETS) + 1, number + 1))][:number]


def person_name(chance: Random, gender: Gender, surname: str | None = None) -> str:
    """A name put together by chance."""
    middle, given = (WOMEN_MIDDLE, WOMEN) if gender is Gender.FEMALE else (MEN_MIDDLE, MEN)
    return f"{surname or chance.choice(SURNAMES)} {chance.choice(middle)} {chance.choice(given)}"


class PhoneBook:
    """Gives out invented numbers, each once."""

    def __init__(self) -> None:
        self._given = 0
        self._odd = 0
        self._landlines = 0

    def mobile(self) -> str:
        """A number at which texts arrive."""
        hundreds, rest = divmod(self._given, _ENDS_WELL)
        self._given += 1
        block, hundreds = divmod(hundreds, 100)
        return f"+84{_MOBILE_BLOCKS[block % len(_MOBILE_BLOCKS)]}{block // len(_MOBILE_BLOCKS):02d}{hundreds:02d}{rest:02d}"

    def odd_mobile(self, ending: str) -> str:
        """A number with an ending that the simulator does not deliver to."""
        self._odd += 1
        return f"+849670{self._odd % 1000:03d}{ending}"

    def landline(self) -> str:
        """A number without texts, in Lạng Sơn's area code."""
        self._landlines += 1
        return f"+84205380{self._landlines % 10_000:04d}"
