"""Tables of the plan."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventmgr.areas.models import Area
from eventmgr.core.db import NAME, Base, foreign_key, short_text
from eventmgr.plans.values import Direction, OutputKind, SectionKind


class Indicator(Base):
    """Something a plan sets targets for. Rows, as forms change: "meetings" and "participants"
    are computed from the meetings, others are reported."""

    __tablename__ = "indicator"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = short_text(unique=True)
    name: Mapped[str] = short_text(NAME)
    unit: Mapped[str] = short_text(default="")


class Topic(Base):
    """What a meeting may be about, as a commune's plan groups it."""

    __tablename__ = "topic"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = foreign_key("plan.id", on_delete="CASCADE")
    parent_id: Mapped[int | None] = foreign_key("topic.id", on_delete="CASCADE", index=False)
    name: Mapped[str] = short_text(500)
    position: Mapped[int] = mapped_column(default=0)

    parent: Mapped[Topic | None] = relationship(remote_side=[id], back_populates="children")
    children: Mapped[list[Topic]] = relationship(back_populates="parent", order_by="Topic.position")
    plan: Mapped[Plan] = relationship(back_populates="topics")


class Plan(Base):
    """The yearly plan document. Number and signer may stay blank: the clerk gives them."""

    __tablename__ = "plan"

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = foreign_key("area.id")
    number: Mapped[str] = short_text(default="")  # "12/KH-UBND"; empty: not issued yet
    dated_on: Mapped[date | None]  # None: left blank on paper
    title: Mapped[str] = short_text(500)
    opening: Mapped[str] = mapped_column(sa.Text, default="")  # the sentence that cites the upper plan
    programme: Mapped[str] = short_text(500, default="")  # programme, project, subproject as written
    year: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    report_to: Mapped[str] = short_text(NAME, default="")  # Kính gửi of its reports
    budget: Mapped[int | None] = mapped_column(sa.BigInteger)  # đồng; None: no amount stated
    sms_budget: Mapped[int | None] = mapped_column(sa.BigInteger)  # đồng for its meetings' texts; None: no limit
    funder: Mapped[str] = short_text(NAME, default="")
    funding_decision: Mapped[str] = short_text(500, default="")
    signature: Mapped[list[str]] = mapped_column(default=list)  # lines over the name
    signer: Mapped[str] = short_text(NAME, default="")
    row_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]

    area: Mapped[Area] = relationship()
    sections: Mapped[list[PlanSection]] = relationship(
        back_populates="plan", order_by="PlanSection.position", cascade="all, delete-orphan"
    )
    tasks: Mapped[list[PlanTask]] = relationship(
        back_populates="plan", order_by="PlanTask.position", cascade="all, delete-orphan"
    )
    targets: Mapped[list[PlanTarget]] = relationship(back_populates="plan", cascade="all, delete-orphan")
    topics: Mapped[list[Topic]] = relationship(
        back_populates="plan", order_by="Topic.position", cascade="all, delete-orphan"
    )
    outputs: Mapped[list[Output]] = relationship(back_populates="plan", cascade="all, delete-orphan")

    __mapper_args__ = {"version_id_col": row_version}


class PlanSection(Base):
    """One paragraph of the plan."""

    __tablename__ = "plan_section"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = foreign_key("plan.id", on_delete="CASCADE")
    kind: Mapped[SectionKind]
    position: Mapped[int]
    text: Mapped[str] = mapped_column(sa.Text)

    plan: Mapped[Plan] = relationship(back_populates="sections")


class PlanTask(Base):
    """Who does what by when (organisation of the plan)."""

    __tablename__ = "plan_task"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = foreign_key("plan.id", on_delete="CASCADE")
    position: Mapped[int] = mapped_column(default=0)
    responsible: Mapped[str] = short_text(NAME)  # an office or a person
    task: Mapped[str] = mapped_column(sa.Text)
    due_on: Mapped[date | None]  # None: through the whole period
    done_on: Mapped[date | None]  # None: open

    plan: Mapped[Plan] = relationship(back_populates="tasks")


class PlanTarget(Base):
    """How much of an indicator a hamlet (or, with none, the whole commune) is to reach."""

    __tablename__ = "plan_target"
    __table_args__ = (sa.UniqueConstraint("plan_id", "hamlet_id", "indicator_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = foreign_key("plan.id", on_delete="CASCADE", index=False)
    hamlet_id: Mapped[int | None] = foreign_key("area.id")  # None: the commune as a whole
    indicator_id: Mapped[int] = foreign_key("indicator.id", index=False)
    quantity: Mapped[int]

    plan: Mapped[Plan] = relationship(back_populates="targets")
    hamlet: Mapped[Area | None] = relationship()
    indicator: Mapped[Indicator] = relationship()


class Output(Base):
    """Articles, broadcasts, leaflets…: what the plan yields besides meetings."""

    __tablename__ = "output"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = foreign_key("plan.id", on_delete="CASCADE")
    kind: Mapped[OutputKind]
    hamlet_id: Mapped[int | None] = foreign_key("area.id", index=False)  # None: the whole commune
    direction: Mapped[Direction]
    quantity: Mapped[int]
    done_on: Mapped[date]
    partner: Mapped[str] = short_text(NAME, default="")
    cost: Mapped[int | None] = mapped_column(sa.BigInteger)  # đồng; None: not known
    link: Mapped[str] = short_text(500, default="")

    plan: Mapped[Plan] = relationship(back_populates="outputs")
    hamlet: Mapped[Area | None] = relationship()
