"""The Báo cáo kết quả of a plan, as a DOCX ready for the office to finish, sign and hand in.

It states what the figures show. What only a person can write (evaluation, causes, what comes next, proposals) is
left as dotted lines.
"""

from collections.abc import Sequence
from datetime import date

from docx.shared import Pt

from eventmgr.plans.values import Direction, OutputKind
from eventmgr.reports.documents.administrative import AdministrativePaper, Align, Column
from eventmgr.reports.documents.wording import (
    compared,
    document_number,
    long_day,
    percent,
    short_day,
    thousands,
)
from eventmgr.reports.values import (
    Crowd,
    HamletFigures,
    InvitationFigures,
    MeetingFigures,
    OutputLine,
    PlanReport,
    Progress,
    SmsFigures,
    add_up,
    percent_of,
)

OF_WHOM = "Trong đó (lượt người)"

OUTPUT_WORDS = {
    OutputKind.ARTICLE: "Tin, bài",
    OutputKind.REPORTAGE: "Phóng sự",
    OutputKind.BROADCAST: "Lượt phát trên loa truyền thanh",
    OutputKind.PANEL: "Pano",
    OutputKind.POSTER: "Áp phích",
    OutputKind.LEAFLET: "Tờ rơi",
    OutputKind.HANDBOOK: "Sổ tay",
    OutputKind.BANNER: "Băng rôn",
    OutputKind.CONTEST: "Cuộc thi",
    OutputKind.EMULATION: "Hoạt động thi đua, biểu dương",
}
DIRECTION_WORDS = {
    Direction.MADE: "đã thực hiện",
    Direction.RECEIVED: "đã tiếp nhận",
    Direction.HANDED_OUT: "đã cấp phát",
}

HAMLET_COLUMNS = (
    Column("STT", 10),
    Column("Thôn", 39, Align.LEFT),
    Column("Chỉ tiêu", 17, Align.RIGHT, "Hội nghị"),
    Column("Đã họp", 16, Align.RIGHT, "Hội nghị"),
    Column("Đạt", 16, Align.RIGHT, "Hội nghị"),
    Column("Lượt người dự", 20, Align.RIGHT),
    Column("Số hộ có người dự", 20, Align.RIGHT, "Hộ"),
    Column("Tổng số hộ", 16, Align.RIGHT, "Hộ"),
)

MEETING_COLUMNS = (
    Column("STT", 10),
    Column("Thôn", 34, Align.LEFT),
    Column("Ngày", 22),
    Column("Địa điểm", 36, Align.LEFT),
    Column("Số được mời", 16, Align.RIGHT),
    Column("Số tham dự", 15, Align.RIGHT),
    Column("Nữ", 13, Align.RIGHT, OF_WHOM),
    Column("DTTS", 14, Align.RIGHT, OF_WHOM),
    Column("Hộ nghèo", 15, Align.RIGHT, OF_WHOM),
    Column("Hộ cận nghèo", 15, Align.RIGHT, OF_WHOM),
    Column("Hộ mới thoát nghèo", 17, Align.RIGHT, OF_WHOM),
    Column("Hộ mới thoát cận nghèo", 17, Align.RIGHT, OF_WHOM),
    Column("Khác", 13, Align.RIGHT, OF_WHOM),
    Column("Ghi chú", 15, Align.LEFT),
)


def write_plan_report(report: PlanReport) -> bytes:
    """The whole paper: header, sections I to V, recipients and signature, appendix of figures."""
    subject = subject_of(report.title)
    paper = AdministrativePaper(report.issuer, "BC")
    paper.describe(subject, report.as_of)
    paper.title("Báo cáo", subject)
    paper.addressees(report.addressees)
    _opening(paper, report)
    _direction(paper, report)
    _results(paper, report)
    _judgement(paper)
    paper.body(
        f"Trên đây là báo cáo {_lower_first(subject)} của {report.issuer.full_name}, số liệu tính đến "
        f"{long_day(report.as_of)}./.",
        keep_with_next=True,
    )
    recipients = (["Như trên"] if report.addressees else []) + list(report.recipients)
    paper.close(recipients, report.signature_lines, report.signer)
    _appendix(paper, report)
    return paper.to_bytes()


def subject_of(plan_title: str) -> str:
    """The report's trích yếu; plan titles often begin with the word themselves."""
    title = plan_title.strip()
    if title.lower().startswith("thực hiện "):
        return f"Kết quả t{title[1:]}"
    return f"Kết quả thực hiện {_lower_first(title)}"


def plan_reference(number: str, dated_on: date | None, abbreviation: str) -> str:
    """`Kế hoạch số 05/KH-UBND ngày 23 tháng 5 năm 2023`; what is not known is dotted."""
    typed = document_number(number or "......", "KH", abbreviation)
    day = long_day(dated_on) if dated_on else "ngày ...... tháng ...... năm ......"
    return f"Kế hoạch số {typed} {day}"


def _opening(paper: AdministrativePaper, report: PlanReport) -> None:
    plan = plan_reference(report.number, report.dated_on, report.issuer.abbreviation)
    name = report.issuer.full_name
    paper.body(f"Thực hiện {plan} của {name}, {name} báo cáo kết quả thực hiện{_period(report)} như sau:")


def _direction(paper: AdministrativePaper, report: PlanReport) -> None:
    paper.section("I. Công tác chỉ đạo, triển khai")
    paper.subsection("1. Văn bản ban hành")
    plan = plan_reference(report.number, report.dated_on, report.issuer.abbreviation)
    paper.body(f"{_upper_first(report.issuer.full_name)} đã ban hành {plan} về {_lower_first(report.title)}.")
    if report.legal_bases:
        paper.body("Kế hoạch được xây dựng trên cơ sở các văn bản sau:", keep_with_next=True)
        _dashes(paper, report.legal_bases)
    paper.subsection("2. Phân công thực hiện")
    if report.tasks:
        _dashes(paper, [_task_text(line.who, line.task, line.due) for line in report.tasks])
    else:
        paper.to_fill_in()


def _results(paper: AdministrativePaper, report: PlanReport) -> None:
    paper.section("II. Kết quả thực hiện")
    paper.subsection("1. Hội nghị truyền thông trực tiếp")
    _meetings(paper, report)
    paper.subsection("2. Tin, bài, phóng sự, loa truyền thanh")
    _outputs(paper, report.articles)
    paper.subsection("3. Ấn phẩm: pano, áp phích, tờ rơi, sổ tay, băng rôn")
    _outputs(paper, report.publications)
    paper.subsection("4. Phong trào thi đua")
    _outputs(paper, report.emulation)
    paper.subsection("5. Kinh phí")
    _money(paper, report)


def _meetings(paper: AdministrativePaper, report: PlanReport) -> None:
    figures = report.figures
    paper.body(f"Đã tổ chức {compared(figures.meetings, 'hội nghị')}{_missing(report)}.")
    if figures.planned or figures.cancelled:
        paper.body(
            f"Còn {figures.planned} hội nghị đã lên lịch hoặc dự kiến; không tổ chức {figures.cancelled} hội nghị."
        )
    if figures.joint:
        paper.body(
            f"Có {figures.joint} hội nghị tổ chức chung cho nhiều thôn: mỗi hội nghị tính một lần vào tổng số của xã và "
            "một lần cho từng thôn."
        )
    if figures.invitations.invited:
        paper.body(invitation_text(figures.invitations, is_over=bool(figures.held)))
    if figures.sms.messages:
        paper.body(sms_text(figures.sms))
    if figures.held:
        _turnout(paper, report)
    if report.hamlets:
        paper.caption("Kết quả theo thôn")
        paper.table(HAMLET_COLUMNS, _hamlet_rows(report.hamlets), _hamlet_total(report))


def _turnout(paper: AdministrativePaper, report: PlanReport) -> None:
    figures, turnout = report.figures, report.figures.turnout
    paper.body(
        f"Tổng số {thousands(turnout.attendances.total)} lượt người tham dự, là {thousands(turnout.people.total)} người; "
        f"có {thousands(turnout.households.total)} hộ có người dự (lượt người, người và hộ là ba số liệu khác nhau)."
    )
    if figures.participants.target:
        paper.body(f"So với chỉ tiêu người tham dự: {compared(figures.participants, 'lượt người')}.")
    paper.body(f"Trong tổng số lượt người: {crowd_text(turnout.attendances)}.")
    paper.body(f"Trong tổng số người: {crowd_text(turnout.people)}.")
    classes = turnout.households
    paper.body(
        f"Trong tổng số hộ có người dự: hộ nghèo {thousands(classes.poor)}; hộ cận nghèo {thousands(classes.near_poor)}; "
        f"hộ mới thoát nghèo {thousands(classes.newly_escaped)}; hộ mới thoát cận nghèo "
        f"{thousands(classes.newly_escaped_near_poor)}; hộ khác {thousands(classes.other)}."
    )
    if figures.households_total:
        paper.body(f"Số hộ trên địa bàn có người dự ít nhất một hội nghị: {compared(figures.coverage, 'hộ')}.")
    paper.body("Số liệu chi tiết từng hội nghị tại Phụ lục kèm theo.")


def crowd_text(crowd: Crowd) -> str:
    """Of whom women, ethnic minority, and by household class."""
    classes = crowd.by_class
    return (
        f"nữ {_part(crowd.women, crowd.total)}; dân tộc thiểu số {_part(crowd.ethnic_minority, crowd.total)}; "
        f"thuộc hộ nghèo {thousands(classes.poor)}, hộ cận nghèo {thousands(classes.near_poor)}, "
        f"hộ mới thoát nghèo {thousands(classes.newly_escaped)}, "
        f"hộ mới thoát cận nghèo {thousands(classes.newly_escaped_near_poor)}, "
        f"khác {thousands(classes.other)} (trong đó đại biểu, khách mời {thousands(crowd.guests)})"
    )


def _part(part: int, whole: int) -> str:
    share = percent_of(part, whole)
    return thousands(part) if share is None else f"{thousands(part)} ({percent(share)})"


def invitation_text(figures: InvitationFigures, *, is_over: bool = True) -> str:
    """How the invitations went, in one sentence or two; absence is told once the meeting is over."""
    absent = f" Được mời nhưng vắng mặt: {thousands(figures.absent)}." if is_over else ""
    return (
        f"Đã phát {thousands(figures.invited)} giấy mời (hộ gia đình {thousands(figures.households)}, đại biểu "
        f"{thousands(figures.guests)}), đã báo được {_part(figures.reached, figures.invited)}. Xác nhận: sẽ đến "
        f"{thousands(figures.coming)}, người nhà đi thay {thousands(figures.sending_proxy)}, chưa dự được "
        f"{thousands(figures.not_coming)}, chưa trả lời {thousands(figures.unanswered)}.{absent}"
    )


def sms_text(figures: SmsFigures) -> str:
    """What became of the text messages, in one sentence."""
    cost = "" if figures.cost is None else f", chi phí {thousands(figures.cost)} đồng"
    return (
        f"Tin nhắn: {thousands(figures.messages)} tin, trong đó nhà mạng báo đã đến máy {thousands(figures.delivered)}, cổng "
        f"tin đã nhận nhưng chưa có báo phát {thousands(figures.accepted)}, không gửi được {thousands(figures.failed)}, "
        f"chưa rõ kết quả {thousands(figures.unknown)}, chờ gửi {thousands(figures.waiting)}, đã rút lại "
        f"{thousands(figures.withdrawn)}; {thousands(figures.segments)} tin tính cước{cost}."
    )


def _missing(report: PlanReport) -> str:
    behind = report.hamlets_behind
    if not behind:
        return ""
    places = ", ".join(f"{hamlet.name} ({hamlet.meetings.gap})" for hamlet in behind)
    return f"; số hội nghị còn thiếu theo thôn: {places}"


def _outputs(paper: AdministrativePaper, lines: Sequence[OutputLine]) -> None:
    if not lines:
        paper.to_fill_in(lines=2)
        return
    _dashes(paper, [_output_text(line) for line in lines])


def _output_text(line: OutputLine) -> str:
    return f"{OUTPUT_WORDS[line.kind]}: {DIRECTION_WORDS[line.direction]} {thousands(line.quantity)}"


def _money(paper: AdministrativePaper, report: PlanReport) -> None:
    if report.funding:
        paper.body(f"Nguồn kinh phí: {report.funding.strip().rstrip('.')}.")
    if report.budget is None:
        paper.to_fill_in("Kinh phí được giao (đồng):", lines=1)
    else:
        paper.body(f"Kinh phí được giao: {thousands(report.budget)} đồng.")
    paper.to_fill_in("Đã giải ngân (đồng; tỷ lệ %):", lines=1)


def _judgement(paper: AdministrativePaper) -> None:
    paper.section("III. Đánh giá")
    for heading in ("1. Ưu điểm", "2. Tồn tại, hạn chế", "3. Nguyên nhân"):
        paper.subsection(heading)
        paper.to_fill_in()
    paper.section("IV. Phương hướng")
    paper.to_fill_in()
    paper.section("V. Kiến nghị, đề xuất")
    paper.to_fill_in()


def _appendix(paper: AdministrativePaper, report: PlanReport) -> None:
    paper.appendix("Phụ lục", "Biểu số liệu hội nghị truyền thông trực tiếp", landscape=True)
    held = report.held_meetings
    rows = [meeting_row(place, meeting) for place, meeting in enumerate(held, start=1)]
    paper.table(MEETING_COLUMNS, rows, meeting_total(held), size=Pt(11))
    for note in _appendix_notes(report):
        paper.note(note)


def _appendix_notes(report: PlanReport) -> list[str]:
    notes = [
        "Số được mời tính theo giấy mời (mỗi hộ hoặc mỗi đại biểu một giấy); số tham dự tính theo lượt người.",
        (
            "Các cột hộ nghèo, hộ cận nghèo, hộ mới thoát nghèo, hộ mới thoát cận nghèo, khác (kể cả đại biểu, khách mời) "
            "cộng lại bằng số tham dự; cột nữ và cột DTTS tính riêng, không cộng với các cột khác."
        ),
    ]
    if report.figures.joint:
        notes.append("“Họp chung”: một hội nghị cho nhiều thôn, tính một lần vào tổng số.")
    return notes


def meeting_row(place: int, meeting: MeetingFigures) -> list[str]:
    """The cells of one held meeting, in the order of MEETING_COLUMNS."""
    day = short_day(meeting.starts_at) if meeting.starts_at else ""
    crowd = meeting.turnout.attendances
    invited = thousands(meeting.invitations.invited)
    return [str(place), ", ".join(meeting.hamlets), day, meeting.venue, invited, *_crowd_cells(crowd), _remark(meeting)]


def meeting_total(meetings: Sequence[MeetingFigures]) -> list[str]:
    crowd = add_up(meeting.turnout.attendances for meeting in meetings)
    invited = sum(meeting.invitations.invited for meeting in meetings)
    return ["", "Tổng cộng", "", "", thousands(invited), *_crowd_cells(crowd), ""]


def _crowd_cells(crowd: Crowd) -> list[str]:
    classes = crowd.by_class
    numbers = (
        crowd.total,
        crowd.women,
        crowd.ethnic_minority,
        classes.poor,
        classes.near_poor,
        classes.newly_escaped,
        classes.newly_escaped_near_poor,
        classes.other,
    )
    return [thousands(number) for number in numbers]


def _remark(meeting: MeetingFigures) -> str:
    remarks = ["Họp chung"] if meeting.is_joint else []
    if meeting.headcount is not None:
        remarks.append(f"Đếm tại chỗ: {thousands(meeting.headcount)}")
    return "; ".join(remarks)


def _hamlet_rows(hamlets: Sequence[HamletFigures]) -> list[list[str]]:
    return [
        [
            str(place),
            hamlet.name,
            _target_cell(hamlet.meetings),
            thousands(hamlet.meetings.done),
            percent(hamlet.meetings.percent),
            thousands(hamlet.participants.done),
            thousands(hamlet.households_present),
            thousands(hamlet.households_total),
        ]
        for place, hamlet in enumerate(hamlets, start=1)
    ]


def _hamlet_total(report: PlanReport) -> list[str]:
    figures = report.figures
    return [
        "",
        "Toàn xã",
        _target_cell(figures.meetings),
        thousands(figures.meetings.done),
        percent(figures.meetings.percent),
        thousands(figures.turnout.attendances.total),
        thousands(figures.turnout.households.total),
        thousands(figures.households_total),
    ]


def _target_cell(progress: Progress) -> str:
    return "" if progress.target is None else thousands(progress.target)


def _task_text(who: str, task: str, due: date | None) -> str:
    deadline = f" (xong trước {long_day(due)})" if due else ""
    return f"{who}: {_lower_first(task).rstrip('.;')}{deadline}"


def _dashes(paper: AdministrativePaper, lines: Sequence[str]) -> None:
    for place, line in enumerate(lines, start=1):
        ending = "." if place == len(lines) else ";"
        paper.body(f"- {line.strip().lstrip('- ').rstrip('.;')}{ending}")


def _period(report: PlanReport) -> str:
    if report.period_from is None or report.period_to is None:
        return f" năm {report.year}"
    return (
        f" từ tháng {report.period_from.month}/{report.period_from.year} "
        f"đến tháng {report.period_to.month}/{report.period_to.year}"
    )


def _lower_first(text: str) -> str:
    """A title inside a sentence; an abbreviation such as UBND keeps its capitals."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]
