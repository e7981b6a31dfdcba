"""Writing a plan: all at once, part by part, and two officers at one plan."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.areas.queries import hamlets_of
from eventmgr.core.audit import AuditEntry
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.meetings.models import MeetingTopic
from eventmgr.plans import services
from eventmgr.plans.models import Indicator, Plan
from eventmgr.plans.queries import figures_of, hamlet_targets, paragraphs_of, topic_groups
from eventmgr.plans.values import (
    MEETINGS,
    PARTICIPANTS,
    Direction,
    OutputDetails,
    OutputKind,
    PlanDetails,
    SectionKind,
    TargetLine,
    TaskLine,
    TopicGroup,
    read_topics,
    write_topics,
)
from tests.factories import make_commune, make_meeting

DETAILS = PlanDetails(
    title="Truyền thông về giảm nghèo đa chiều năm 2023",
    starts_on=date(2023, 5, 1),
    ends_on=date(2023, 12, 31),
    dated_on=date(2023, 5, 23),
    signature=("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
)


@pytest.fixture
def commune(in_app) -> Area:
    with unit_of_work():
        return make_commune()


@pytest.fixture
def plan(commune: Area) -> Plan:
    with unit_of_work():
        return services.create_plan(
            DETAILS,
            commune,
            sections={
                SectionKind.MONEY: ["Nguồn kinh phí mẫu."],
                SectionKind.PURPOSES: ["Tăng cường truyền thông.", "Nâng cao nhận thức."],
            },
            tasks=[TaskLine("Công chức giảm nghèo", "Tổ chức thực hiện"), TaskLine("Văn phòng", "Báo cáo")],
            topics=[TopicGroup("Tuyên truyền"), TopicGroup("Dịch vụ xã hội cơ bản", ("Việc làm", "Y tế"))],
            targets=[
                TargetLine(indicator, quantity, hamlet.id)
                for hamlet in hamlets_of(commune)
                for indicator, quantity in ((MEETINGS, 2), (PARTICIPANTS, 60))
            ],
            outputs=[OutputDetails(OutputKind.LEAFLET, Direction.RECEIVED, 200, date(2023, 6, 1))],
            by=None,
            now=now(),
        )


def again(plan: Plan) -> Plan:
    db.session.expire_all()
    return db.session.get_one(Plan, plan.id)


def test_a_whole_plan_is_written_in_one_call(plan, commune):
    found = again(plan)

    assert (found.number, found.year, found.row_version) == ("", 2023, 1)
    assert [section.kind for section in found.sections] == ["purposes", "purposes", "money"]
    assert [task.responsible for task in found.tasks] == ["Công chức giảm nghèo", "Văn phòng"]
    assert topic_groups(found) == [
        TopicGroup("Tuyên truyền"),
        TopicGroup("Dịch vụ xã hội cơ bản", ("Việc làm", "Y tế")),
    ]
    assert [(row.meetings, row.participants) for row in hamlet_targets(found, hamlets_of(commune))] == [(2, 60)] * 3
    figures = figures_of([found.id])[found.id]
    assert (figures.meetings, figures.participants, figures.tasks, figures.outputs) == (6, 180, 2, 1)
    assert figures.sections == 2


def test_nothing_is_written_of_a_plan_that_ends_before_it_starts(commune):
    wrong = PlanDetails(title="Kế hoạch", starts_on=date(2023, 5, 1), ends_on=date(2023, 4, 30))
    with pytest.raises(services.PlanEndsBeforeStart), unit_of_work():
        services.create_plan(wrong, commune, by=None, now=now())
    assert db.session.scalar(sa.select(sa.func.count(Plan.id))) == 0


def test_one_part_is_replaced_and_the_others_stand(plan):
    with unit_of_work():
        services.replace_section(
            again(plan), SectionKind.PURPOSES, ["Một mục đích."], row_version=1, by=None, now=now()
        )

    found = again(plan)
    assert paragraphs_of(found, SectionKind.PURPOSES) == ["Một mục đích."]
    assert paragraphs_of(found, SectionKind.MONEY) == ["Nguồn kinh phí mẫu."]
    assert found.row_version == 2


def test_who_saves_second_is_told_and_overwrites_nothing(plan):
    with unit_of_work():
        services.change_plan(
            again(plan), PlanDetails("Tên mới", DETAILS.starts_on, DETAILS.ends_on), row_version=1, by=None, now=now()
        )
    with pytest.raises(services.PlanChanged), unit_of_work():
        services.change_plan(again(plan), DETAILS, row_version=1, by=None, now=now())
    assert again(plan).title == "Tên mới"


def test_a_change_is_written_down_with_what_stood_before(plan):
    with unit_of_work():
        services.change_plan(
            again(plan),
            PlanDetails(
                DETAILS.title, DETAILS.starts_on, DETAILS.ends_on, number="12/KH-UBND", signature=DETAILS.signature
            ),
            row_version=1,
            by=None,
            now=now(),
        )
    entry = db.session.scalar(sa.select(AuditEntry).where(AuditEntry.action == "change_plan"))
    assert entry is not None
    assert entry.before == {"number": "", "dated_on": "2023-05-23"}
    assert entry.after == {"number": "12/KH-UBND", "dated_on": None}


def test_topics_whose_words_stay_keep_their_rows(plan):
    before = {topic.name: topic.id for topic in again(plan).topics}
    with unit_of_work():
        services.replace_topics(
            again(plan),
            [TopicGroup("Dịch vụ xã hội cơ bản", ("Y tế", "Nhà ở")), TopicGroup("Thi đua")],
            row_version=1,
            by=None,
            now=now(),
        )
    found = again(plan)
    assert topic_groups(found) == [TopicGroup("Dịch vụ xã hội cơ bản", ("Y tế", "Nhà ở")), TopicGroup("Thi đua")]
    assert next(topic.id for topic in found.topics if topic.name == "Y tế") == before["Y tế"]


def test_targets_are_set_anew_and_an_empty_one_goes(plan, commune):
    first = hamlets_of(commune)[0]
    with unit_of_work():
        services.set_targets(
            again(plan),
            [TargetLine(MEETINGS, 3, first.id), TargetLine(PARTICIPANTS, 500)],
            row_version=1,
            by=None,
            now=now(),
        )
    found = again(plan)
    assert {(row.indicator.code, row.hamlet_id, row.quantity) for row in found.targets} == {
        ("meetings", first.id, 3),
        ("participants", None, 500),
    }


def test_a_target_for_a_hamlet_of_another_commune_is_refused(plan):
    with unit_of_work():
        elsewhere = hamlets_of(make_commune("Xã Khác", "00001", ("Nà Khác",)))[0]
    with pytest.raises(services.TargetHamletUnknown), unit_of_work():
        services.set_targets(again(plan), [TargetLine(MEETINGS, 1, elsewhere.id)], row_version=1, by=None, now=now())


def test_the_computed_indicators_are_made_once(in_app):
    for _turn in range(2):
        with unit_of_work():
            assert {MEETINGS, PARTICIPANTS} <= set(services.ensure_indicators())
    assert db.session.scalar(sa.select(sa.func.count(Indicator.id))) == 2


def test_topics_are_read_from_lines_and_written_back():
    groups = read_topics("Tuyên truyền\n\nDịch vụ\n- Việc làm\n -  Y  tế\n-Nhà ở\n")
    assert groups == [TopicGroup("Tuyên truyền"), TopicGroup("Dịch vụ", ("Việc làm", "Y tế", "Nhà ở"))]
    assert read_topics(write_topics(groups)) == groups


def test_a_topic_that_a_meeting_is_about_stays(plan, commune):
    with unit_of_work():
        topic = next(topic for topic in again(plan).topics if topic.name == "Y tế")
        meeting = make_meeting(*hamlets_of(commune), plan=plan)
        meeting.topic_rows.append(MeetingTopic(topic=topic))
    with pytest.raises(services.TopicInUse), unit_of_work():
        services.replace_topics(again(plan), [TopicGroup("Tuyên truyền")], row_version=1, by=None, now=now())
    assert len(again(plan).topics) == 4


def test_a_topic_that_a_meeting_is_about_may_move(plan, commune):
    with unit_of_work():
        topic = again(plan).topics[0]
        meeting = make_meeting(*hamlets_of(commune), plan=plan)
        meeting.topic_rows.append(MeetingTopic(topic=topic))
    with unit_of_work():
        services.replace_topics(
            again(plan), [TopicGroup("Thi đua"), TopicGroup("Tuyên truyền")], row_version=1, by=None, now=now()
        )
    assert [group.name for group in topic_groups(again(plan))] == ["Thi đua", "Tuyên truyền"]
