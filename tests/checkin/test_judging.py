"""The door's rules, case by case. The scanner's script has a twin of these functions and runs the same file."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from eventmgr.checkin.judging import Door, KnownCode, could_know, judge_door, judge_scan
from eventmgr.checkin.values import Answer
from eventmgr.meetings.values import MeetingStatus

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("judging_cases.json").read_text("utf-8"))
MOMENT = datetime(2023, 6, 1, 1, tzinfo=UTC)


def _door(told: dict[str, Any]) -> Door:
    opens_at = datetime.fromisoformat(told["opens_at"]) if told["opens_at"] else None
    return Door(told["meeting_id"], MeetingStatus(told["status"]), opens_at)


def _is_plainly_good(case: dict[str, Any]) -> bool:
    code = case["code"]
    return code is not None and code["meeting_id"] == case["door"]["meeting_id"] and not code["withdrawn"]


GOOD_CASES = [case for case in CASES if _is_plainly_good(case)]


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_the_door_answers_a_code(case: dict[str, Any]) -> None:
    code = KnownCode(**case["code"]) if case["code"] else None
    at = datetime.fromisoformat(case["at"])

    verdict = judge_scan(_door(case["door"]), code, at, offline=case["offline"], let_in=case["let_in"])

    assert (verdict.answer, verdict.flag) == (case["answer"], case["flag"])


@pytest.mark.parametrize("case", GOOD_CASES, ids=[case["case"] for case in GOOD_CASES])
def test_who_comes_without_a_code_is_answered_as_with_a_good_one(case: dict[str, Any]) -> None:
    at = datetime.fromisoformat(case["at"])

    verdict = judge_door(_door(case["door"]), at, offline=case["offline"], let_in=case["let_in"])

    assert (verdict.answer, verdict.flag) == (case["answer"], case["flag"])


def test_every_answer_of_the_door_has_a_case() -> None:
    assert {case["answer"] for case in CASES} == set(Answer) - {Answer.ALREADY}


@pytest.mark.parametrize(
    ("list_at", "scanned_at", "could"),
    [
        (-10, 5, False),  # it carries the list of before, whenever it scans
        (10, 20, True),
        (0, 20, True),
        (None, -5, False),  # it does not say: scanned before the withdrawal
        (None, 5, True),
    ],
)
def test_a_phone_could_know_of_a_withdrawal_by_the_list_it_carries(
    list_at: int | None, scanned_at: int, could: bool
) -> None:
    list_made = None if list_at is None else MOMENT + timedelta(minutes=list_at)

    assert could_know(MOMENT, list_at=list_made, at=MOMENT + timedelta(minutes=scanned_at)) is could
