"""The demo's plan says what the commune's paper says."""

from __future__ import annotations

from datetime import date

from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.demo import plan_2023
from eventmgr.plans.queries import paragraphs_of, topic_groups
from eventmgr.plans.services import create_plan
from eventmgr.plans.values import SectionKind
from tests.factories import make_commune


def test_the_plan_of_2023_is_written_as_on_paper(in_app):
    with unit_of_work():
        plan = create_plan(
            plan_2023.DETAILS,
            make_commune(),
            sections=plan_2023.SECTIONS,
            tasks=plan_2023.TASKS,
            topics=plan_2023.GROUPS,
            by=None,
            now=now(),
        )

    assert (plan.number, plan.signer, plan.budget) == ("", "", None)
    assert (plan.dated_on, plan.starts_on, plan.ends_on) == (date(2023, 5, 23), date(2023, 5, 1), date(2023, 12, 31))
    assert "554/QĐ-UBND" in plan.funding_decision
    groups = topic_groups(plan)
    assert [len(group.children) for group in groups] == [0, 0, 0, 0, 11]
    assert groups[4].children[0] == "Việc làm"
    assert groups[4].children[-1] == "Bình đẳng giới"
    assert [len(paragraphs_of(plan, kind)) for kind in SectionKind] == [2, 1, 3, 2, 5, 1, 1, 2, 4]
    assert len(plan.tasks) == 4
