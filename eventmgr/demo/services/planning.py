"""The demo's plan."""

from __future__ import annotations

from datetime import date, datetime

from eventmgr.core.db import db
from eventmgr.demo.services.office import Office
from eventmgr.plans.models import Plan


def write_plan(office: Office, now: datetime) -> Plan:
    """The commune's plan of 2023 as a row: number and signer blank."""
    plan = Plan(
        area_id=office.commune.id,
        dated_on=date(2023, 5, 23),
        title="Truyền thông về giảm nghèo đa chiều năm 2023 trên địa bàn xã Bình Trung",
        year=2023,
        starts_on=date(2023, 5, 1),
        ends_on=date(2023, 12, 31),
        created_at=now,
    )
    db.session.add(plan)
    db.session.flush()
    return plan
