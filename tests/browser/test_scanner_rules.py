"""The scanner's own judgement: the twin of the commune's, told the same cases."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.one_database

CASES = json.loads((Path(__file__).parents[1] / "checkin" / "judging_cases.json").read_text())

JUDGE = """async cases => {
  const { judgeDoor, judgeScan } = await import("/static/js/checkin/judging.js");
  return cases.map((one) => {
    const opens = one.door.opens_at;
    const door = { meetingId: one.door.meeting_id, status: one.door.status, opensAt: opens ? Date.parse(opens) : null };
    const code = one.code && { meetingId: one.code.meeting_id, withdrawn: one.code.withdrawn, couldKnow: one.code.could_know };
    const how = { offline: one.offline, letIn: one.let_in };
    const { answer, flag } = judgeScan(door, code, Date.parse(one.at), how);
    const ticked = judgeDoor(door, Date.parse(one.at), how);
    return { answer, flag, ticked: ticked.answer };
  });
}"""


def test_the_phone_judges_every_case_as_the_commune_does(
    app: Flask, serve: Callable[[Flask], str], context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(f"{serve(app)}/static/js/checkin/judging.js")

    judged = page.evaluate(JUDGE, CASES)

    wrong = [
        case["case"]
        for case, answer in zip(CASES, judged, strict=True)
        if (answer["answer"], answer["flag"]) != (case["answer"], case["flag"])
    ]
    assert len(CASES) > 10
    assert wrong == []
    assert {answer["ticked"] for answer in judged} >= {"ok", "not_open", "closed", "cancelled_meeting"}
