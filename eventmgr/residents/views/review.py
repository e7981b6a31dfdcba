"""Rows that could be somebody we know: side by side, one key for each answer, each answer kept at once."""

from __future__ import annotations

from dataclasses import dataclass

from flask import redirect, render_template, request, url_for

from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.db import unit_of_work
from eventmgr.residents.queries import get_list_in
from eventmgr.residents.services.importing import (
    NEW,
    OPEN_STATES,
    SKIP,
    Decision,
    HouseholdDraft,
    ImportPlan,
    Undecided,
    answer_question,
    options_of,
    plan_import,
    read_list,
)
from eventmgr.residents.views.lists import step_url
from eventmgr.residents.views.shared import Page, bp
from eventmgr.residents.words import GENDERS, POVERTY_CLASSES, reason_text

MOST_CANDIDATES = 9
"""As many as have a key of their own."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known household that may be meant, and the key that chooses it."""

    key: int
    household: HouseholdDraft
    hamlet: str


@bp.get("/residents/import/<int:list_id>/review")
@requires(Permission.EDIT_RESIDENTS)
def review_list(list_id: int) -> Page:
    """The next question, or the way on when none is left."""
    row = get_list_in(scope(Permission.EDIT_RESIDENTS), list_id)
    if row.state not in OPEN_STATES:
        return redirect(step_url(row))
    parsed = read_list(row)
    plan = plan_import(parsed, row.area, options_of(row, parsed))
    place = min(max(request.args.get("at", 0, type=int), 0), max(len(plan.undecided) - 1, 0))
    question = plan.undecided[place] if plan.undecided else None
    return render_template(
        "residents/import_review.html",
        row=row,
        question=question,
        said=question.newcomer.said if question else None,
        hamlet=_hamlet_name(plan, question) if question else "",
        candidates=_candidates(plan, question) if question else [],
        place=place,
        left=len(plan.undecided),
        answered=len(row.decisions),
        reason_text=reason_text,
        genders=GENDERS,
        classes=POVERTY_CLASSES,
    )


@bp.post("/residents/import/<int:list_id>/review")
@requires(Permission.EDIT_RESIDENTS)
def answer_list(list_id: int) -> Page:
    """Keep one answer, or take the last one back, and go on."""
    row = get_list_in(scope(Permission.EDIT_RESIDENTS), list_id)
    key, answer = request.form.get("question", ""), request.form.get("answer", "")
    with unit_of_work():
        if answer == "back" and row.decisions:
            answer_question(row.id, list(row.decisions)[-1], None)
        elif key and answer:
            answer_question(row.id, key, _decision(answer))
    return redirect(url_for("residents.review_list", list_id=row.id, at=request.form.get("at", 0, type=int) or None))


def _decision(answer: str) -> Decision | None:
    if answer in (NEW, SKIP):
        return answer
    return int(answer) if answer.isdecimal() and len(answer) < 12 else None


def _candidates(plan: ImportPlan, question: Undecided) -> list[Candidate]:
    known = [plan.known[household_id] for household_id in question.household_ids[:MOST_CANDIDATES]]
    return [
        Candidate(number, household, plan.hamlet_name(household.hamlet))
        for number, household in enumerate(known, start=1)
    ]


def _hamlet_name(plan: ImportPlan, question: Undecided) -> str:
    return plan.hamlet_name(question.newcomer.hamlet)
