"""An invented plan's report, counted by hand: two hamlets, a meeting of one, a joint one, a cancelled one."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from eventmgr.reports.values import (
    ByClass,
    Crowd,
    HamletFigures,
    InvitationFigures,
    Issuer,
    MeetingFigures,
    MeetingReport,
    MeetingStage,
    PlanFigures,
    PlanReport,
    Progress,
    SmsFigures,
    TaskLine,
    Turnout,
)

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
ISSUER = Issuer(("Ủy ban nhân dân", "xã Mẫu Sơn Thử"), "Mẫu Sơn Thử", "Ủy ban nhân dân xã Mẫu Sơn Thử")
SIGNATURE = ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")
RECIPIENTS = ("CT, PCT UBND xã", "Lưu: VT")

FIRST_CROWD = Crowd(ByClass(poor=10, near_poor=6, newly_escaped=3, newly_escaped_near_poor=1, other=12), 17, 28, 2)
JOINT_CROWD = Crowd(ByClass(poor=20, near_poor=9, newly_escaped=2, newly_escaped_near_poor=0, other=15), 21, 40, 3)

FIRST = MeetingFigures(
    meeting_id=1,
    title="Hội nghị truyền thông giảm nghèo thôn Nà Ví Dụ",
    hamlets=("Nà Ví Dụ",),
    venue="Nhà văn hóa thôn Nà Ví Dụ",
    stage=MeetingStage.HELD,
    starts_at=datetime(2023, 6, 15, 7, 30, tzinfo=LOCAL),
    invitations=InvitationFigures(
        households=40, guests=2, reached=36, coming=20, sending_proxy=5, not_coming=3, absent=12
    ),
    turnout=Turnout(FIRST_CROWD, FIRST_CROWD, ByClass(10, 6, 3, 1, 8), proxies=4),
    headcount=33,
    headcount_reason="một người đến muộn",
)
JOINT = MeetingFigures(
    meeting_id=2,
    title="Hội nghị truyền thông giảm nghèo thôn Nà Ví Dụ và Khuổi Thử",
    hamlets=("Nà Ví Dụ", "Khuổi Thử"),
    venue="Trường tiểu học",
    stage=MeetingStage.HELD,
    starts_at=datetime(2023, 10, 2, 19, 0, tzinfo=LOCAL),
    invitations=InvitationFigures(households=60, guests=3, reached=50, absent=20),
    turnout=Turnout(JOINT_CROWD, JOINT_CROWD, ByClass(20, 9, 2, 0, 10)),
)
CANCELLED = MeetingFigures(3, "Hội nghị truyền thông thôn Khuổi Thử", ("Khuổi Thử",), "", MeetingStage.CANCELLED)

PLAN = PlanReport(
    plan_id=1,
    title="Thực hiện Tiểu dự án 2: Truyền thông về giảm nghèo đa chiều năm 2023",
    year=2023,
    issuer=ISSUER,
    as_of=date(2023, 12, 5),
    figures=PlanFigures(
        meetings=Progress(2, 4),
        planned=0,
        held=2,
        cancelled=1,
        joint=1,
        invitations=FIRST.invitations + JOINT.invitations,
        turnout=Turnout(
            FIRST_CROWD + JOINT_CROWD, Crowd(ByClass(26, 13, 5, 1, 22), 33, 60, 3), ByClass(26, 13, 5, 1, 17), 4
        ),
        participants=Progress(78, 100),
        households_total=1240,
        sms=SmsFigures(accepted=4, delivered=90, failed=5, unknown=1, segments=103, cost=Decimal(1025750)),
    ),
    hamlets=(
        HamletFigures(1, "Nà Ví Dụ", Progress(2, 2), 0, Progress(52, 50), 40, 640),
        HamletFigures(2, "Khuổi Thử", Progress(1, 2), 0, Progress(26, 50), 22, 600),
    ),
    meetings=(FIRST, JOINT, CANCELLED),
    number="5",
    dated_on=date(2023, 2, 3),
    period_from=date(2023, 5, 1),
    period_to=date(2023, 12, 31),
    legal_bases=("Kế hoạch số 196/KH-PLĐ ngày 24/4/2023 của phòng chuyên môn huyện;",),
    addressees=("Phòng chuyên môn huyện",),
    recipients=RECIPIENTS,
    signature_lines=SIGNATURE,
    tasks=(TaskLine("Công chức giảm nghèo", "Tham mưu tổ chức các hội nghị", date(2023, 6, 1)),),
)
MEETING = MeetingReport(
    issuer=ISSUER,
    as_of=date(2023, 6, 16),
    figures=FIRST,
    plan_title=PLAN.title,
    plan_dated_on=PLAN.dated_on,
    recipients=RECIPIENTS,
    signature_lines=SIGNATURE,
)
EMPTY_PLAN = PlanReport(
    plan_id=2,
    title="Truyền thông giảm nghèo năm 2024",
    year=2024,
    issuer=ISSUER,
    as_of=date(2024, 1, 10),
    figures=PlanFigures(
        Progress(0), 0, 0, 0, 0, InvitationFigures(), Turnout(), Progress(0), households_total=0, sms=SmsFigures()
    ),
)
