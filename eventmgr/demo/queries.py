"""Reads of the demo room."""

from __future__ import annotations

import sqlalchemy as sa

from eventmgr.accounts.queries import has_users
from eventmgr.areas.models import Area
from eventmgr.core.db import db
from eventmgr.core.settings import DEMO, Setting


def holds_demo() -> bool:
    """Whether the database holds the invented commune."""
    return any(
        value.get("value") for value in db.session.scalars(sa.select(Setting.value).where(Setting.key == DEMO.name))
    )


def is_empty() -> bool:
    """Whether nobody has begun to work here: no person who signs in, no area."""
    return not has_users() and db.session.scalar(sa.select(Area.id).limit(1)) is None
