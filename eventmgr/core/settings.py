"""What an office decides for itself: kept per area with a first day, the nearest area wins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from eventmgr.core.db import Base, among_those, db, foreign_key, handed_over, short_text


class Setting(Base):
    """One decision: `key` has `value` in the area and all below it from `valid_from` on."""

    __tablename__ = "setting"
    __table_args__ = (sa.UniqueConstraint("area_id", "key", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = foreign_key("area.id")
    key: Mapped[str] = short_text()
    value: Mapped[dict[str, Any]]  # {"value": …}: JSON of any shape on both databases
    valid_from: Mapped[date]


@dataclass(frozen=True, slots=True, eq=False)
class SettingKey:
    """A known setting and what holds where no office has decided."""

    name: str
    default: Any


NO_SEND_HOURS = SettingKey("no_send_hours", "21:00-07:00")
APPROVAL_NEEDED = SettingKey("approval_needed", True)
REGISTERED_TEXTS_ONLY = SettingKey("registered_texts_only", False)  # a sender name that takes no other
DAILY_SMS_CAP = SettingKey("daily_sms_cap", 0)  # texts a day; 0: as many as there are
DAILY_SMS_COST = SettingKey("daily_sms_cost", 0)  # đồng a day; 0: no ceiling
CONTACT_NAME = SettingKey("contact_name", "")
CONTACT_PHONE = SettingKey("contact_phone", "")
PAPER_SIGNER = SettingKey("paper_signer", ["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"])
PAPER_RECIPIENTS = SettingKey("paper_recipients", [])
DEMO = SettingKey("demo", False)


def setting(path: str, key: SettingKey, on: date) -> Any:
    """The value of `key` for the area at `path` on the day `on`: the nearest area that decided,
    its latest decision not after that day; else the default."""
    area_ids = [int(step) for step in path.split("/") if step]
    rows = db.session.execute(
        sa.select(Setting.area_id, Setting.value)
        .where(Setting.key == key.name, Setting.area_id.in_(area_ids), Setting.valid_from <= on)
        .order_by(Setting.valid_from)
    ).all()
    latest = {area_id: value["value"] for area_id, value in rows}
    for area_id in reversed(area_ids):
        if area_id in latest:
            return latest[area_id]
    return key.default


def decided(key: SettingKey) -> sa.ScalarSelect[Any]:
    """What `setting` reads, as a part of a larger statement that is made once: NULL where no office has decided.

    The statement is run with what `deciding` gives.
    """
    area = sa.table("area", sa.column("id", sa.Integer), sa.column("path", sa.String))
    return (
        sa.select(Setting.__table__.c.value)
        .join(area, area.c.id == Setting.area_id)
        .where(among_those(Setting.area_id, "deciding_areas"), Setting.key == key.name)
        .where(Setting.valid_from <= sa.bindparam("deciding_on", type_=sa.Date))
        .order_by(sa.func.length(area.c.path).desc(), Setting.valid_from.desc())
        .limit(1)
        .scalar_subquery()
    )


def deciding(path: str, on: date) -> dict[str, Any]:
    """The values with which `decided` is asked for the area at `path` on the day `on`."""
    return {"deciding_areas": handed_over([int(step) for step in path.split("/") if step]), "deciding_on": on}


def decide(area_id: int, key: SettingKey, value: Any, on: date) -> None:
    """From the day `on`, `key` has `value` in the area; a second decision of that day replaces the first."""
    row = db.session.scalar(
        sa.select(Setting).where(Setting.area_id == area_id, Setting.key == key.name, Setting.valid_from == on)
    )
    if row is None:
        db.session.add(Setting(area_id=area_id, key=key.name, value={"value": value}, valid_from=on))
    else:
        row.value = {"value": value}
    db.session.flush()
