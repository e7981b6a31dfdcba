"""Report values: shares, gaps and sums."""

from decimal import Decimal

import pytest

from eventmgr.reports.values import ByClass, Crowd, Progress, SmsFigures, add_up, percent_of
from tests.reports.examples import EMPTY_PLAN, FIRST_CROWD, JOINT, JOINT_CROWD, PLAN


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [(8, 10, "80.0"), (1, 3, "33.3"), (2, 3, "66.7"), (1, 8, "12.5"), (1, 16, "6.3"), (3, 2, "150.0"), (0, 5, "0.0")],
)
def test_share_has_one_decimal_rounded_half_up(part: int, whole: int, percent: str) -> None:
    assert percent_of(part, whole) == Decimal(percent)


def test_share_of_nothing_is_unknown_not_an_error() -> None:
    assert percent_of(0, 0) is None
    assert Progress(3).percent is None
    assert Progress(3, 0).percent is None
    assert EMPTY_PLAN.figures.coverage.percent is None
    assert EMPTY_PLAN.figures.invitations.reached_percent is None


def test_gap_is_never_negative() -> None:
    assert Progress(2, 5).gap == 3
    assert Progress(7, 5).gap == 0
    assert Progress(7).gap == 0


def test_classes_exclude_each_other_and_add_up_to_the_total() -> None:
    assert FIRST_CROWD.total == 32
    assert add_up([FIRST_CROWD, JOINT_CROWD]) == Crowd(
        ByClass(30, 15, 5, 1, 27), women=38, ethnic_minority=68, guests=5
    )
    assert PLAN.figures.turnout.attendances.total == 78


def test_three_counts_of_one_plan_differ() -> None:
    turnout = PLAN.figures.turnout

    assert (turnout.attendances.total, turnout.people.total, turnout.households.total) == (78, 67, 62)


def test_invitations_without_an_answer_are_what_is_left() -> None:
    assert PLAN.figures.invitations.invited == 105
    assert PLAN.figures.invitations.unanswered == 77


def test_message_states_add_up_to_all_messages() -> None:
    assert SmsFigures(waiting=1, accepted=2, delivered=3, failed=4, unknown=5, withdrawn=6).messages == 21


def test_only_hamlets_that_miss_meetings_are_behind() -> None:
    assert [hamlet.name for hamlet in PLAN.hamlets_behind] == ["Khuổi Thử"]


def test_meeting_for_several_hamlets_is_joint() -> None:
    assert JOINT.is_joint
    assert len(PLAN.held_meetings) == 2
