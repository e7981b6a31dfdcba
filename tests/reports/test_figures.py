"""Figures against a world counted by hand, on both databases."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import Flask

from eventmgr.core.access import Scope
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.errors import NotFound
from eventmgr.meetings.models import Meeting
from eventmgr.plans.models import Plan
from eventmgr.reports.documents.plan_report_docx import write_plan_report
from eventmgr.reports.queries.lists import Listing, attendance_lines, listed
from eventmgr.reports.queries.papers import meeting_report, plan_report
from eventmgr.reports.queries.selection import HELD, get_meeting, get_plan, of_plan
from eventmgr.reports.values import (
    ByClass,
    Crowd,
    CrowdGroup,
    InvitationFigures,
    InvitationGroup,
    ListOf,
    MeetingReport,
    MessageGroup,
    PlanReport,
    Progress,
    SmsFigures,
)
from eventmgr.residents.models import Household, Resident
from eventmgr.residents.values import PovertyClass
from tests.reports.world import World, build_world


@pytest.fixture
def world(in_app: Flask) -> World:
    with unit_of_work():
        return build_world()


@pytest.fixture
def report(world: World) -> PlanReport:
    plan = db.session.get(Plan, world.plan)
    assert plan is not None
    return plan_report(plan, now())


def _meeting_report(meeting_id: int) -> MeetingReport:
    meeting = db.session.get(Meeting, meeting_id)
    assert meeting is not None
    return meeting_report(meeting, now())


def test_attendances_add_up_over_meetings_and_undone_ones_do_not_count(report: PlanReport) -> None:
    came = report.figures.turnout

    assert came.attendances == Crowd(ByClass(2, 3, 1, 0, 5), women=2, ethnic_minority=4, guests=2)
    assert came.proxies == 1
    assert report.figures.participants == Progress(11, 22)


def test_person_who_came_twice_is_one_person_in_the_class_of_the_last_time(report: PlanReport) -> None:
    assert report.figures.turnout.people == Crowd(ByClass(1, 2, 1, 0, 4), women=1, ethnic_minority=3, guests=1)


def test_household_is_counted_once_however_many_of_it_came(report: PlanReport) -> None:
    assert report.figures.turnout.households == ByClass(0, 2, 1, 0, 1)
    assert report.figures.coverage == Progress(4, 6)
    assert report.figures.coverage.percent == Decimal("66.7")


def test_one_meeting_has_its_own_three_counts(world: World) -> None:
    first = _meeting_report(world.first).figures.turnout

    assert first.attendances == Crowd(ByClass(2, 1, 0, 0, 2), women=1, ethnic_minority=2, guests=1)
    assert first.people == first.attendances
    assert first.households == ByClass(1, 1, 0, 0, 0)


def test_joint_meeting_counts_once_in_the_total_and_once_for_each_hamlet(report: PlanReport) -> None:
    figures = report.figures

    assert (figures.held, figures.joint, figures.planned, figures.cancelled) == (2, 1, 1, 1)
    assert figures.meetings == Progress(2, 4)
    assert [(hamlet.name, hamlet.meetings) for hamlet in report.hamlets] == [
        ("Bản Mẫu Hai", Progress(2, 2)),
        ("Bản Mẫu Một", Progress(1, 1)),
        ("Nà Ví Dụ", Progress(0, 1)),
    ]


def test_hamlet_counts_those_who_lived_there_on_the_day(report: PlanReport, world: World) -> None:
    by_id = {hamlet.hamlet_id: hamlet for hamlet in report.hamlets}
    one, two, three = (by_id[hamlet] for hamlet in world.hamlets)

    assert (one.participants.done, one.households_present, one.households_total) == (5, 2, 3)
    assert (two.participants.done, two.households_present, two.households_total) == (2, 2, 2)
    assert (three.participants.done, three.meetings_ahead, three.households_total) == (0, 1, 1)
    assert [hamlet.hamlet_id for hamlet in report.hamlets_behind] == [world.hamlets[2]]


def test_invitations_count_reached_answered_and_absent(report: PlanReport, world: World) -> None:
    counted = InvitationFigures(households=3, guests=1, reached=2, coming=1, sending_proxy=1, not_coming=0, absent=1)

    assert _meeting_report(world.first).figures.invitations == counted
    assert report.figures.invitations == counted
    assert counted.unanswered == 2


def test_texts_are_counted_by_state_and_only_those_taken_are_billed(report: PlanReport) -> None:
    assert report.figures.sms == SmsFigures(accepted=1, delivered=1, failed=1, segments=3, cost=Decimal(1050))


def test_cancelled_meeting_has_nobody(world: World) -> None:
    assert _meeting_report(world.cancelled).figures.turnout.attendances.total == 0


def test_later_moves_and_decisions_do_not_change_past_figures(world: World, report: PlanReport) -> None:
    plan = db.session.get(Plan, world.plan)
    assert plan is not None
    with unit_of_work():
        db.session.execute(sa.update(Household).values(hamlet_id=world.hamlets[2], poverty_class=PovertyClass.OTHER))
        db.session.execute(sa.update(Resident).values(ethnic_group="Kinh", gender="male"))

    after = plan_report(plan, now())
    assert after.figures.turnout == report.figures.turnout
    assert [hamlet.participants for hamlet in after.hamlets] == [hamlet.participants for hamlet in report.hamlets]


def test_plan_without_meetings_has_zeros_and_no_shares(world: World) -> None:
    plan = db.session.get(Plan, world.empty_plan)
    assert plan is not None

    empty = plan_report(plan, now())
    assert empty.figures.held == 0
    assert empty.figures.meetings == Progress(0, None)
    assert empty.figures.turnout.attendances.total == 0
    assert empty.figures.sms == SmsFigures()
    assert b"PK" in write_plan_report(empty)[:2]


def test_report_takes_addressee_recipients_and_outputs_from_the_plan(report: PlanReport) -> None:
    assert report.addressees == ("Phòng chuyên môn huyện",)
    assert report.recipients == ("CT, PCT UBND xã", "Lưu: VT")
    assert report.legal_bases == ("Kế hoạch số 196 của cấp trên",)
    assert report.signature_lines == ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH")
    assert [line.quantity for line in report.publications] == [250]
    assert report.issuer.full_name == "Ủy ban nhân dân xã Bình Trung"


CROWD_FIGURES = {
    CrowdGroup.ALL: lambda crowd: crowd.total,
    CrowdGroup.WOMEN: lambda crowd: crowd.women,
    CrowdGroup.MINORITY: lambda crowd: crowd.ethnic_minority,
    CrowdGroup.GUESTS: lambda crowd: crowd.guests,
    CrowdGroup.POOR: lambda crowd: crowd.by_class.poor,
    CrowdGroup.NEAR_POOR: lambda crowd: crowd.by_class.near_poor,
    CrowdGroup.NEWLY_ESCAPED: lambda crowd: crowd.by_class.newly_escaped,
    CrowdGroup.NEWLY_ESCAPED_NEAR_POOR: lambda crowd: crowd.by_class.newly_escaped_near_poor,
    CrowdGroup.OTHER: lambda crowd: crowd.by_class.other,
}


def test_each_figure_of_who_came_opens_to_as_many_rows(world: World, report: PlanReport) -> None:
    chosen = sa.and_(of_plan(world.plan), HELD)
    came = report.figures.turnout

    for group, figure in CROWD_FIGURES.items():
        assert listed(chosen, Listing(ListOf.ATTENDANCES, group)).count == figure(came.attendances)
        assert listed(chosen, Listing(ListOf.PEOPLE, group)).count == figure(came.people)
    for group in list(CROWD_FIGURES)[4:]:
        assert listed(chosen, Listing(ListOf.HOUSEHOLDS, group)).count == getattr(came.households, group.value)
    assert listed(chosen, Listing(ListOf.HOUSEHOLDS, CrowdGroup.ALL)).count == came.households.total
    assert listed(chosen, Listing(ListOf.ATTENDANCES, CrowdGroup.PROXIES)).count == came.proxies
    for hamlet in report.hamlets:
        in_hamlet = Listing(ListOf.ATTENDANCES, CrowdGroup.ALL, hamlet.hamlet_id)
        assert listed(chosen, in_hamlet).count == hamlet.participants.done
        households = Listing(ListOf.HOUSEHOLDS, CrowdGroup.ALL, hamlet.hamlet_id)
        assert listed(chosen, households).count == hamlet.households_present


def test_each_figure_of_invitations_and_texts_opens_to_as_many_rows(world: World, report: PlanReport) -> None:
    chosen = sa.and_(of_plan(world.plan), HELD)
    invited, texts = report.figures.invitations, report.figures.sms
    figures = {
        InvitationGroup.ALL: invited.invited,
        InvitationGroup.HOUSEHOLDS: invited.households,
        InvitationGroup.GUESTS: invited.guests,
        InvitationGroup.REACHED: invited.reached,
        InvitationGroup.NOT_REACHED: invited.invited - invited.reached,
        InvitationGroup.COMING: invited.coming,
        InvitationGroup.PROXY: invited.sending_proxy,
        InvitationGroup.NOT_COMING: invited.not_coming,
        InvitationGroup.UNANSWERED: invited.unanswered,
        InvitationGroup.ABSENT: invited.absent,
    }

    assert {group: listed(chosen, Listing(ListOf.INVITATIONS, group)).count for group in InvitationGroup} == figures
    for group in MessageGroup:
        assert listed(chosen, Listing(ListOf.MESSAGES, group)).count == getattr(texts, group.value)


def test_list_names_the_person_the_household_and_who_stood_in(world: World) -> None:
    page = listed(of_plan(world.plan), Listing(ListOf.ATTENDANCES, CrowdGroup.PROXIES))

    (row,) = page.rows
    assert (row.name, row.stood_in_by, row.hamlet) == ("Bế Thị Én", "Bế Văn Con", "Bản Mẫu Một")
    absent = listed(of_plan(world.plan), Listing(ListOf.INVITATIONS, InvitationGroup.ABSENT)).rows
    assert [row.name for row in absent] == ["Vi Thị Dần"]
    texted = listed(of_plan(world.plan), Listing(ListOf.MESSAGES, MessageGroup.DELIVERED)).rows
    assert [row.name for row in texted] == ["Vi Thị Dần"]


def test_pages_of_a_list_join_without_gap_or_repeat(world: World) -> None:
    chosen, listing = of_plan(world.plan), Listing(ListOf.ATTENDANCES, CrowdGroup.ALL)
    seen: list[int] = []
    after = None
    for _ in range(5):
        page = listed(chosen, listing, after, limit=3)
        seen += [row.row_id for row in page.rows]
        after = page.next_after
        if after is None:
            break

    assert len(seen) == len(set(seen)) == page.count == 11
    whole = listed(chosen, listing, limit=50)
    assert seen == [row.row_id for row in whole.rows]
    assert [row.name for row in whole.rows if row.name][-1] != whole.rows[0].name


def test_attendance_list_for_handing_on_has_everybody_who_came(world: World) -> None:
    lines = list(attendance_lines(of_plan(world.plan)))

    assert len(lines) == 11
    assert {line.name for line in lines} >= {"Nông Thị Ánh", "Lý Thị Khách", "Khách vãng lai", "Hoàng Văn Cả"}


def test_number_of_queries_does_not_grow_with_meetings(world: World) -> None:
    plan = db.session.get(Plan, world.plan)
    assert plan is not None
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    plan_report(plan, now())
    sa.event.remove(db.engine, "before_cursor_execute", note)
    assert len(statements) < 30


def test_plan_and_meeting_of_another_commune_are_not_found(world: World) -> None:
    elsewhere = Scope(("999/",))

    with pytest.raises(NotFound):
        get_plan(world.plan, elsewhere)
    with pytest.raises(NotFound):
        get_meeting(world.first, elsewhere)
    with pytest.raises(NotFound):
        get_plan(0, Scope((f"{world.commune}/",)))


def test_scope_of_a_hamlet_sees_its_meetings_but_not_the_plan(world: World) -> None:
    hamlet = Scope((f"{world.commune}/{world.hamlets[0]}/",))

    assert get_meeting(world.joint, hamlet).id == world.joint
    with pytest.raises(NotFound):
        get_meeting(world.ahead, hamlet)
    with pytest.raises(NotFound):
        get_plan(world.plan, hamlet)
