"""Reads of guests."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.db import db
from eventmgr.core.errors import NotFound
from eventmgr.core.text import clean_text, search_key
from eventmgr.residents.models import Guest
from eventmgr.residents.queries.names import names_like


def guests_visible_to(scope: Scope, query: str = "") -> list[Guest]:
    """The guests of the scope's areas whose name or organisation holds what was typed, in Vietnamese order."""
    chosen = sa.select(Guest).join(Guest.area).where(scope.within(Area.path)).options(contains_eager(Guest.area))
    if search_key(query):
        chosen = chosen.where(
            sa.or_(
                names_like(query, Guest.name_search),
                Guest.organisation.icontains(clean_text(query), autoescape=True),
                Guest.title.icontains(clean_text(query), autoescape=True),
            )
        )
    return list(db.session.scalars(chosen.order_by(Guest.name_sort, Guest.id)))


def get_guest_in(scope: Scope, guest_id: int) -> Guest:
    """The guest with this id. Raises NotFound outside the scope."""
    guest = db.session.scalar(sa.select(Guest).join(Guest.area).where(Guest.id == guest_id, scope.within(Area.path)))
    if guest is None:
        raise NotFound
    return guest
