"""The commune's plan of 2023 as it stands on paper: number and signer blank, no amount stated.

Its words are the office's and are kept as written; the figures per hamlet are not in it and come from the demo.
"""

from __future__ import annotations

from datetime import date

from eventmgr.plans.values import PlanDetails, SectionKind, TaskLine, TopicGroup

FUNDER = "Phòng Lao động - Thương binh, Xã hội và Dân tộc huyện"
DECISION = (
    "Quyết định số 554/QĐ-UBND ngày 28/02/2023 của Ủy ban nhân dân huyện về việc phân khai nguồn vốn sự nghiệp "
    "thực hiện các chương trình mục tiêu quốc gia năm 2023 trên địa bàn huyện Cao Lộc"
)

DETAILS = PlanDetails(
    title=(
        "Thực hiện Tiểu dự án 2: Truyền thông về giảm nghèo đa chiều thuộc Dự án 6: Truyền thông và giảm nghèo về "
        "thông tin, Chương trình mục tiêu quốc gia giảm nghèo bền vững năm 2023"
    ),
    dated_on=date(2023, 5, 23),
    opening=(
        "Thực hiện Kế hoạch số 196/KH-LĐTĐBXHDT, ngày 24/4/2023 của Phòng Lao động - Thương binh Xã hội Dân tộc huyện "
        "về việc thực hiện Tiểu dự án 2 truyền thông về giảm nghèo đa chiều thuộc Dự án 6 Truyền thông và giảm nghèo "
        "về thông tin chương trình mục tiêu quốc gia giảm nghèo năm 2023, UBND xã Bình Trung xây dựng Kế hoạch thực "
        "hiện như sau:"
    ),
    programme=("Tiểu dự án 2 thuộc Dự án 6, Chương trình mục tiêu quốc gia giảm nghèo bền vững giai đoạn 2021-2025"),
    starts_on=date(2023, 5, 1),
    ends_on=date(2023, 12, 31),
    report_to=FUNDER,
    budget=None,
    funder=FUNDER,
    funding_decision=DECISION,
    signature=("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
)

GROUPS = (
    TopicGroup(
        "Xây dựng, tổ chức thực hiện các chương trình, sự kiện, chuyên trang, chuyên mục, phóng sự, ấn phẩm truyền "
        "thông về giảm nghèo bền vững"
    ),
    TopicGroup(
        "Tuyên truyền, giáo dục, nâng cao nhận thức và trách nhiệm cấp uỷ, chính quyền, các thôn trên địa bàn xã về "
        "công tác giảm nghèo"
    ),
    TopicGroup(
        "Hỗ trợ các cơ quan báo chí, xuất bản thông tin, tuyên truyền về công tác giảm nghèo, kịp thời giới thiệu các "
        "cá nhân, tập thể, mô hình, kinh nghiệm hay trong giảm nghèo bền vững"
    ),
    TopicGroup(
        "Tổ chức thực hiện phong trào thi đua “Cả nước chung tay vì người nghèo - Không để ai bị bỏ lại phía sau”, "
        "biểu dương, khen thưởng các hộ nghèo và tổ chức, cá nhân có thành tích xuất sắc trong lĩnh vực giảm nghèo"
    ),
    TopicGroup(
        "Xây dựng, tổ chức thực hiện các chương trình thông tin và truyền thông định hướng cho người dân tham gia, thụ "
        "hưởng Chương trình; tiếp cận các dịch vụ xã hội cơ bản",
        (
            "Việc làm",
            "Giáo dục nghề nghiệp",
            "Đi làm việc ở nước ngoài theo hợp đồng",
            "Y tế",
            "Giáo dục",
            "Nhà ở",
            "Nước sạch và vệ sinh",
            "Thông tin",
            "Trợ giúp pháp lý",
            "Trợ giúp xã hội",
            "Bình đẳng giới",
        ),
    ),
)
"""II.2: five groups of contents, the fifth with its eleven services."""

CONTENTS = (
    *(f"- {group.name};" for group in GROUPS[:4]),
    "- Xây dựng, tổ chức thực hiện các chương trình thông tin và truyền thông định hướng cho người dân tham gia, thụ "
    "hưởng Chương trình; tiếp cận các dịch vụ xã hội cơ bản về việc làm, giáo dục nghề nghiệp, đi làm việc ở nước "
    "ngoài theo hợp đồng, y tế, giáo dục, nhà ở, nước sạch và vệ sinh, thông tin, trợ giúp pháp lý, trợ giúp xã hội "
    "và bình đẳng giới.",
)

ORGANISATION = (
    "Công chức chuyên trách công tác giảm nghèo xã tham mưu và phối hợp với Phòng Lao động, Thương binh, Xã hội tổ chức "
    "triển khai thực hiện hiệu quả các hoạt động truyền thông về Chương trình; tổ chức tuyên truyền sâu rộng về Chương "
    "trình tới cán bộ, đảng viên, công chức, viên chức, người lao động và mọi tầng lớp Nhân dân trên địa bàn. Phối hợp "
    "với Phòng Lao động, Thương binh, Xã hội - Dân tộc thực hiện các nội dung của Kế hoạch.",
    "Tổng hợp, báo cáo tình hình thực hiện kế hoạch truyền thông về Chương trình qua Phòng Lao động, Thương binh, Xã "
    "hội - Dân tộc huyện.",
)

SECTIONS: dict[SectionKind, tuple[str, ...]] = {
    SectionKind.LEGAL_BASES: (
        "Kế hoạch số 196/KH-LĐTĐBXHDT, ngày 24/4/2023 của Phòng Lao động - Thương binh Xã hội Dân tộc huyện về việc thực "
        "hiện Tiểu dự án 2 truyền thông về giảm nghèo đa chiều thuộc Dự án 6 Truyền thông và giảm nghèo về thông tin "
        "chương trình mục tiêu quốc gia giảm nghèo năm 2023;",
        f"{DECISION}.",
    ),
    SectionKind.PURPOSES: (
        "Tăng cường truyền thông, nâng cao nhận thức, trách nhiệm của toàn xã hội về mục đích, ý nghĩa, nội dung, giải "
        "pháp của Chương trình mục tiêu quốc gia giảm nghèo bền vững giai đoạn 2021-2025 (sau đây gọi tắt là Chương "
        "trình) nhằm tạo sự đồng thuận, ủng hộ của toàn xã hội góp phần huy động nguồn lực thực hiện mục tiêu giảm "
        "nghèo bền vững; truyền thông cho các đối tượng thụ hưởng của Chương trình về các tấm gương điển hình, sáng "
        "kiến hay, mô hình giảm nghèo tiêu biểu nhằm tạo sự lan tỏa trong toàn xã hội, khơi dậy tinh thần tự lực, tự "
        "cường, nỗ lực vươn lên thoát nghèo của người dân và cộng đồng.",
    ),
    SectionKind.REQUIREMENTS: (
        "a) Xác định công tác giảm nghèo bền vững là nhiệm vụ chính trị quan trọng, thường xuyên, lâu dài của cả hệ "
        "thống chính trị và toàn xã hội; góp phần quan trọng vào sự phát triển kinh tế - xã hội của huyện và mang tính "
        "nhân văn sâu sắc.",
        "b) Truyền thông về công tác giảm nghèo phải kịp thời, chính xác, đúng quy định của pháp luật và được triển "
        "khai sâu rộng từ huyện đến cấp cơ sở với nội dung đa dạng, hình thức phong phú, thiết thực, hiệu quả phù hợp "
        "với điều kiện thực tế của mỗi địa phương, cơ sở; phát huy được sự sáng tạo của mọi tầng lớp Nhân dân.",
        "c) Truyền thông về công tác giảm nghèo phù hợp với từng đối tượng, thành phần, từng cấp, ngành nắm vững, hiểu "
        "rõ các chủ trương, định hướng, cơ chế, chính sách, chương trình giảm nghèo để thực hiện đúng, kịp thời và "
        "hiệu quả.",
    ),
    SectionKind.AUDIENCE: (
        "- Người nghèo, người dân trên địa bàn xã;",
        "- Các tổ chức và cá nhân có liên quan.",
    ),
    SectionKind.CONTENTS: CONTENTS,
    SectionKind.FORMS: (
        "Năm 2023, tập trung truyền thông về Chương trình mục tiêu quốc gia giảm nghèo bền vững bằng nhiều hình thức: "
        "đưa tin bài, làm phóng sự, xây dựng ấn phẩm tuyên truyền như: pano, tờ rơi, sổ tay, áp phích để cấp cho cấp "
        "xã; tổ chức các hội nghị truyền thông trực tiếp tại cộng đồng.",
    ),
    SectionKind.MONEY: (
        "Nguồn kinh phí do Phòng Lao động Thương binh, xã hội, Dân tộc huyện chủ trì thực hiện Tiểu dự án 2, thuộc Dự án "
        "6, Chương trình Mục tiêu quốc gia giảm nghèo bền vững được bố trí năm 2023 tại Quyết định số 554/QĐ-UBND, ngày "
        "28/02/2023 của Ủy ban nhân dân huyện về việc phân khai nguồn vốn sự nghiệp thực hiện các chương trình mục tiêu "
        "quốc gia năm 2023 trên địa bàn huyện Cao Lộc.",
    ),
    SectionKind.ORGANISATION: tuple(f"- {paragraph}" for paragraph in ORGANISATION),
    SectionKind.RECIPIENTS: (
        "- Phòng LĐTBXH-DT huyện (B/c);",
        "- CT, PCT UBND xã;",
        "- UBMTTQVN và các Đoàn thể xã;",
        "- Lưu: VT.",
    ),
}

OFFICER = "Công chức chuyên trách công tác giảm nghèo xã"

TASKS = (
    TaskLine(
        OFFICER,
        "Tham mưu và phối hợp với Phòng Lao động, Thương binh, Xã hội tổ chức triển khai thực hiện hiệu quả các hoạt "
        "động truyền thông về Chương trình",
    ),
    TaskLine(
        OFFICER,
        "Tổ chức tuyên truyền sâu rộng về Chương trình tới cán bộ, đảng viên, công chức, viên chức, người lao động và "
        "mọi tầng lớp Nhân dân trên địa bàn",
    ),
    TaskLine(
        OFFICER,
        "Phối hợp với Phòng Lao động, Thương binh, Xã hội - Dân tộc thực hiện các nội dung của Kế hoạch",
    ),
    TaskLine(
        OFFICER,
        "Tổng hợp, báo cáo tình hình thực hiện kế hoạch truyền thông về Chương trình qua Phòng Lao động, Thương binh, "
        "Xã hội - Dân tộc huyện",
        due_on=date(2023, 12, 31),
    ),
)
