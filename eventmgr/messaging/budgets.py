"""What texts may cost: the budgets that rooms above have set, and what is used of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _

from eventmgr.core import registry
from eventmgr.core.audit import record_audit
from eventmgr.core.errors import RuleBroken
from eventmgr.core.language import say_number
from eventmgr.messaging.queries import price_about


class OverBudget(RuleBroken):
    """The send costs more than is left, and nobody has said that it goes all the same. Facts: `used`, `most`."""

    code = "over_budget"
    sentence = _(
        "With this send %(used)s đ of the %(most)s đ set aside for SMS would be used. Whoever agrees to it has to say "
        "so expressly."
    )


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """A budget with a send that is still to come. All in đồng."""

    title: Any  # words in the language of the page
    most: int
    used: int  # by what has been sent, and by what waits
    asked: int  # by this send

    @property
    def is_exceeded(self) -> bool:
        """Whether this send does not fit in any more."""
        return self.asked > 0 and self.used + self.asked > self.most

    @property
    def over(self) -> int:
        """By how much the budget is gone beyond; 0 where it is not."""
        return max(0, self.used + self.asked - self.most)


def budgets_before(prices: Mapping[str, int]) -> list[BudgetUse]:
    """The budgets that a send would be charged to, from its price in đồng by subject, not yet queued."""
    return [
        BudgetUse(
            title=budget.title,
            most=budget.most,
            used=price_about(budget.subjects),
            asked=sum(price for subject, price in prices.items() if subject in budget.subjects),
        )
        for budget in registry.budgets(prices)
    ]


def budgets_of_queued(prices: Mapping[str, int]) -> list[BudgetUse]:
    """The same for a send that waits in the queue already."""
    return [BudgetUse(use.title, use.most, use.used - use.asked, use.asked) for use in budgets_before(prices)]


def check_budgets(
    subjects: Collection[str], *, confirmed: bool, record: str, area_id: int, by: Any, now: datetime
) -> None:
    """Let what has been queued about these subjects go only within its budgets, or where somebody said that it goes
    all the same, which is then written down. Raises OverBudget."""
    for budget in registry.budgets(subjects, lock=True):
        used = price_about(budget.subjects)
        if used <= budget.most:
            continue
        if not confirmed:
            raise OverBudget(used=say_number(used), most=say_number(budget.most))
        record_audit(
            "send_over_budget",
            record,
            by=by,
            now=now,
            area_id=area_id,
            after={"used": used, "most": budget.most},
        )
