"""The tables app_user and area_grant (PostgreSQL reserves the plain words)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_login import UserMixin
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventmgr.areas.models import Area
from eventmgr.core.access import Role
from eventmgr.core.db import NAME, Base, foreign_key, short_text


class User(UserMixin, Base):
    """Someone who signs in, by e-mail address and password."""

    __tablename__ = "app_user"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = short_text(NAME, unique=True)  # lower case
    full_name: Mapped[str] = short_text(NAME)
    password_hash: Mapped[str] = short_text(NAME)  # argon2id
    locale: Mapped[str | None] = short_text(8)  # None: the browser's choice, else Vietnamese
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    last_signed_in_at: Mapped[datetime | None]  # None: never yet
    test_phone: Mapped[str | None] = short_text(16)  # E.164, where test texts go; None: never sent any

    grants: Mapped[list[Grant]] = relationship(back_populates="user", cascade="all, delete-orphan")

    @property
    def is_active(self) -> bool:
        """Flask-Login asks; a switched-off person cannot sign in and is signed out."""
        return self.active

    @property
    def chief_grant(self) -> Grant | None:
        """The grant on the highest area: what the frame of a page names."""
        return min(self.grants, key=lambda grant: (len(grant.area.path), grant.area.path), default=None)


class Grant(Base):
    """A role on an area and everything below it."""

    __tablename__ = "area_grant"
    __table_args__ = (sa.UniqueConstraint("user_id", "area_id", "role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = foreign_key("app_user.id", on_delete="CASCADE")
    area_id: Mapped[int] = foreign_key("area.id")
    role: Mapped[Role]

    user: Mapped[User] = relationship(back_populates="grants")
    area: Mapped[Area] = relationship()
