"""Reads of guests."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.db import db
from eventmgr.core.errors import NotFound
from eventmgr.core.text import clean_text, search_key
from eventmgr.residents.models import Guest
from eventmgr.residents.queries.names import names_like
from eventmgr.residents.values import COUNT_STOPS_AT

PAGE = 50


@dataclass(frozen=True, slots=True)
class GuestPage:
    """One page of a list of guests. `count` stops at `COUNT_STOPS_AT` + 1. `before` and `after` are the guests to go on
    from, None at either end."""

    guests: tuple[Guest, ...]
    count: int
    before: int | None
    after: int | None


def guests_page(
    scope: Scope, query: str = "", *, after: int | None = None, before: int | None = None, size: int = PAGE
) -> GuestPage:
    """One page of the guests of the scope's areas whose name, title or organisation holds what was typed, in
    Vietnamese order. `after` or `before` is the guest to go on from; one that is gone begins anew."""
    chosen = (
        sa.select(Guest)
        .join(Guest.area)
        .where(Guest.erased_at.is_(None), scope.within(Area.path))
        .options(contains_eager(Guest.area))
    )
    if search_key(query):
        chosen = chosen.where(
            sa.or_(
                names_like(query, Guest.name_search),
                Guest.organisation.icontains(clean_text(query), autoescape=True),
                Guest.title.icontains(clean_text(query), autoescape=True),
            )
        )
    counted = chosen.with_only_columns(Guest.id).limit(COUNT_STOPS_AT + 1).subquery()
    count = db.session.scalar(sa.select(sa.func.count()).select_from(counted)) or 0
    keys, start = (Guest.name_sort, Guest.id), _place_of(scope, after if before is None else before)
    place, backward = sa.tuple_(*keys), before is not None and start is not None
    ordered = chosen.order_by(*(key.desc() if backward else key for key in keys)).limit(size + 1)
    if start is not None:
        ordered = ordered.where(place < start if backward else place > start)
    found = list(db.session.scalars(ordered))
    more, found = len(found) > size, found[:size]
    if backward:
        found.reverse()
    more_before, more_after = (more, start is not None) if backward else (start is not None, more)
    return GuestPage(
        guests=tuple(found),
        count=count,
        before=found[0].id if found and more_before else None,
        after=found[-1].id if found and more_after else None,
    )


def _place_of(scope: Scope, guest_id: int | None) -> sa.Tuple | None:
    """Where a guest of the scope stands in the order; None if there is none."""
    chosen = sa.select(Guest.name_sort).join(Guest.area).where(Guest.id == guest_id, scope.within(Area.path))
    name_sort = None if guest_id is None else db.session.scalar(chosen)
    return None if name_sort is None else sa.tuple_(sa.literal(name_sort, Guest.name_sort.type), sa.literal(guest_id))


def get_guest_in(scope: Scope, guest_id: int) -> Guest:
    """The guest with this id. Raises NotFound outside the scope, and once erased."""
    chosen = sa.select(Guest).join(Guest.area).where(Guest.id == guest_id, Guest.erased_at.is_(None))
    guest = db.session.scalar(chosen.where(scope.within(Area.path)))
    if guest is None:
        raise NotFound
    return guest
