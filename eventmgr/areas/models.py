"""The area table."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventmgr.areas.values import Level
from eventmgr.core.db import NAME, PATH, Base, foreign_key, short_text, sort_text


class Area(Base):
    """A unit: its level, name, parent and the office that reports go to are data, as units merge
    and are renamed. `path` ("3/17/") holds the ids from the top down, ending in "/", so that
    "everything below" is one indexed range."""

    __tablename__ = "area"
    __table_args__ = (sa.UniqueConstraint("parent_id", "name_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[Level]
    name: Mapped[str] = short_text(NAME)
    name_key: Mapped[str] = short_text(NAME)  # folded: "Nà Ví Dụ" and "na vi du" are one hamlet
    name_sort: Mapped[str] = sort_text(NAME)
    code: Mapped[str | None] = short_text(unique=True)
    parent_id: Mapped[int | None] = foreign_key("area.id")
    path: Mapped[str] = sort_text(PATH, unique=True)
    valid_from: Mapped[date | None]  # None: since before anyone kept count
    valid_to: Mapped[date | None]  # None: exists today
    report_to: Mapped[str] = short_text(NAME, default="")
    text_language: Mapped[str] = short_text(40, default="")  # of a hamlet's texts; empty: Vietnamese

    parent: Mapped[Area | None] = relationship(remote_side=[id], back_populates="children")
    children: Mapped[list[Area]] = relationship(back_populates="parent", order_by="Area.name_sort")

    @property
    def full_name(self) -> str:
        """Name with its Vietnamese level word, as papers write it: "xã Bình Trung"."""
        word = {Level.PROVINCE: "tỉnh", Level.DISTRICT: "huyện", Level.COMMUNE: "xã", Level.HAMLET: "thôn"}
        return f"{word[self.level]} {self.name}"
