"""The report on one meeting, as a DOCX: what took place, who came, and room for what only a person can write."""

from eventmgr.reports.documents.administrative import AdministrativePaper, Align, Column
from eventmgr.reports.documents.plan_report_docx import invitation_text, plan_reference, sms_text
from eventmgr.reports.documents.wording import hour_and_day, long_day, thousands
from eventmgr.reports.values import MeetingFigures, MeetingReport, MeetingStage, Turnout

COLUMNS = (
    Column("Chỉ tiêu thống kê", 85, Align.LEFT),
    Column("Lượt người", 26, Align.RIGHT),
    Column("Người", 26, Align.RIGHT),
    Column("Hộ", 26, Align.RIGHT),
)

CLASS_ROWS = (
    ("- Thuộc hộ nghèo", "poor"),
    ("- Thuộc hộ cận nghèo", "near_poor"),
    ("- Thuộc hộ mới thoát nghèo", "newly_escaped"),
    ("- Thuộc hộ mới thoát cận nghèo", "newly_escaped_near_poor"),
    ("- Khác (kể cả đại biểu, khách mời)", "other"),
)


def write_meeting_report(report: MeetingReport) -> bytes:
    """Header, time and place, figures in a table, dotted lines for opinions and judgement, signature."""
    figures = report.figures
    subject = f"Kết quả {figures.title[:1].lower()}{figures.title[1:]}"
    paper = AdministrativePaper(report.issuer, "BC")
    paper.describe(subject, report.as_of)
    paper.title("Báo cáo", subject)
    if report.plan_title:
        plan = plan_reference(report.plan_number, report.plan_dated_on, report.issuer.abbreviation)
        paper.body(f"Thực hiện {plan} của {report.issuer.full_name}, kết quả hội nghị như sau:")
    _time_and_place(paper, figures)
    _result(paper, figures)
    paper.section("III. Nội dung, ý kiến của người dân và đánh giá")
    paper.to_fill_in(lines=5)
    paper.body(
        f"Trên đây là báo cáo kết quả hội nghị, số liệu tính đến {long_day(report.as_of)}./.", keep_with_next=True
    )
    paper.close(report.recipients, report.signature_lines, report.signer)
    return paper.to_bytes()


def _time_and_place(paper: AdministrativePaper, figures: MeetingFigures) -> None:
    paper.section("I. Thời gian, địa điểm, nội dung")
    if figures.starts_at:
        paper.body(f"- Thời gian: {hour_and_day(figures.starts_at)};")
    paper.body(f"- Địa điểm: {figures.venue or '......'};")
    if figures.hamlets:
        joint = " (họp chung)" if figures.is_joint else ""
        paper.body(f"- Thôn: {', '.join(figures.hamlets)}{joint};")
    if figures.topics:
        paper.body(f"- Nội dung truyền thông: {'; '.join(figures.topics)};")
    paper.to_fill_in("- Chủ trì, báo cáo viên:", lines=1)


def _result(paper: AdministrativePaper, figures: MeetingFigures) -> None:
    paper.section("II. Kết quả")
    if figures.stage is MeetingStage.CANCELLED:
        paper.body("Hội nghị không tổ chức.")
        return
    if figures.invitations.invited:
        paper.body(invitation_text(figures.invitations, is_over=figures.stage is MeetingStage.HELD))
    if figures.sms.messages:
        paper.body(sms_text(figures.sms))
    if figures.stage is not MeetingStage.HELD:
        paper.body("Hội nghị chưa diễn ra, chưa có số liệu tham dự.")
        return
    turnout = figures.turnout
    paper.body(
        f"Có {thousands(turnout.attendances.total)} lượt người tham dự (trong đó người nhà đi thay "
        f"{thousands(turnout.proxies)}; đại biểu, khách mời {thousands(turnout.attendances.guests)}), thuộc "
        f"{thousands(turnout.households.total)} hộ."
    )
    if figures.headcount is not None:
        reason = f", lý do chênh lệch: {figures.headcount_reason}" if figures.headcount_reason else ""
        paper.body(f"Số người đếm tại chỗ: {thousands(figures.headcount)}{reason}.")
    paper.caption("Số liệu tham dự")
    paper.table(COLUMNS, _rows(turnout))


def _rows(turnout: Turnout) -> list[list[str]]:
    came, people, households = turnout.attendances, turnout.people, turnout.households
    rows = [_row("Tổng số", came.total, people.total, households.total)]
    rows += [
        _row(label, getattr(came.by_class, name), getattr(people.by_class, name), getattr(households, name))
        for label, name in CLASS_ROWS
    ]
    rows.append(_row("Riêng nữ", came.women, people.women))
    rows.append(_row("Riêng dân tộc thiểu số", came.ethnic_minority, people.ethnic_minority))
    return rows


def _row(label: str, attendances: int, people: int, households: int | None = None) -> list[str]:
    return [label, thousands(attendances), thousands(people), "-" if households is None else thousands(households)]
