"""The demo's plan: the commune's own paper, with targets and outputs that are made up."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from eventmgr.core.clock import local_day
from eventmgr.demo import plan_2023
from eventmgr.demo.services.office import Office
from eventmgr.demo.values import Home
from eventmgr.plans.models import Plan
from eventmgr.plans.services import create_plan, tick_task
from eventmgr.plans.values import MEETINGS, PARTICIPANTS, Direction, OutputDetails, OutputKind, TargetLine


def write_plan(office: Office, homes: tuple[Home, ...], now: datetime) -> Plan:
    """The plan of 2023 as it stands on paper, number and signer blank."""
    plan = create_plan(
        plan_2023.DETAILS,
        office.commune,
        sections=plan_2023.SECTIONS,
        tasks=plan_2023.TASKS,
        topics=plan_2023.GROUPS,
        targets=_targets(office, homes),
        outputs=_outputs(office, local_day(now)),
        by=office.officer,
        now=now - timedelta(days=80),
    )
    for task in plan.tasks[:2]:
        done_at = now - timedelta(days=30)
        tick_task(task, local_day(done_at), by=office.officer, now=done_at)
    return plan


def _targets(office: Office, homes: tuple[Home, ...]) -> list[TargetLine]:
    """Two or three meetings in every hamlet, and how many should come to them in all."""
    lines = []
    for place, hamlet in enumerate(office.hamlets):
        households = sum(home.hamlet_id == hamlet.id for home in homes)
        meetings = 2 + place % 2
        lines.append(TargetLine(MEETINGS, meetings, hamlet.id))
        lines.append(TargetLine(PARTICIPANTS, max(1, meetings * households * 6 // 10), hamlet.id))
    return lines


def _outputs(office: Office, today: date) -> list[OutputDetails]:
    """What the plan has yielded besides meetings."""

    def output(
        kind: OutputKind, direction: Direction, quantity: int, days: int, partner: str = "", cost: int | None = None
    ) -> OutputDetails:
        return OutputDetails(kind, direction, quantity, today - timedelta(days=days), partner=partner, cost=cost)

    return [
        output(OutputKind.ARTICLE, Direction.MADE, 2, 30, "Trang thông tin xã"),
        output(OutputKind.BROADCAST, Direction.MADE, 24, 21, "Loa truyền thanh các thôn"),
        output(OutputKind.LEAFLET, Direction.RECEIVED, 600, 40, "Phòng LĐTBXH-DT huyện"),
        output(OutputKind.LEAFLET, Direction.HANDED_OUT, 420, 12),
        output(OutputKind.PANEL, Direction.MADE, 2, 18, cost=3_600_000),
        OutputDetails(OutputKind.HANDBOOK, Direction.HANDED_OUT, 60, today - timedelta(days=9), office.hamlets[0].id),
    ]
