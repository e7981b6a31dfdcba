"""Two rows of one person, or of one household, become one.

The kept row goes on; what it lacks is filled from the other. The dropped row stays behind, so that closed meetings keep
their figures and old papers their people, and says where it goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.core import registry
from eventmgr.core.acts import undoable
from eventmgr.core.audit import record_audit
from eventmgr.core.clock import local_day
from eventmgr.core.db import db
from eventmgr.core.errors import RuleBroken
from eventmgr.core.text import display_name
from eventmgr.residents.models import Consent, Contact, DataRequest, DistinctPair, Household, PovertyStatus, Resident
from eventmgr.residents.services import households, residents
from eventmgr.residents.services.contacts import next_position
from eventmgr.residents.services.holding import hold
from eventmgr.residents.services.households import set_class_of_latest_year
from eventmgr.residents.services.moving import present_members, shared_area_id, take_phones_along
from eventmgr.residents.services.residents import GoneAlready
from eventmgr.residents.values import Gender, LeftWhy


class CannotMerge(RuleBroken):
    """A row and itself, or rows of two communes."""

    code = "cannot_merge"
    sentence = _("Only two different entries of the same commune can be merged.")


class HeadsOthers(RuleBroken):
    """The dropped person heads a household in which others live."""

    code = "heads_others"
    sentence = _(
        "%(name)s is the head of another household with other members. Merge the two households, or make somebody else "
        "its head first."
    )


@dataclass(frozen=True, slots=True)
class HouseholdMerge:
    """What merging two households would do."""

    pairs: tuple[tuple[Resident, Resident], ...]  # kept and dropped: one person written twice
    joining: tuple[Resident, ...]  # members of the dropped one who become the kept one's
    phones_joining: tuple[Contact, ...]
    phones_known: tuple[Contact, ...]  # of the dropped one: the kept one has them, too
    statuses_joining: tuple[PovertyStatus, ...]
    statuses_known: tuple[PovertyStatus, ...]  # of the dropped one: the kept one's word on the same decision stands


def plan_household_merge(
    kept: Household, dropped: Household, same: tuple[Resident, Resident] | None = None
) -> HouseholdMerge:
    """What merging would do, changing nothing. `same` are two people known to be one."""
    pairs = list(_pairs(kept, dropped, same))
    twins = {twin.id for _kept, twin in pairs}
    phones = {contact.phone for contact in kept.contacts}
    decisions = {status.decision for status in kept.statuses}
    return HouseholdMerge(
        pairs=tuple(pairs),
        joining=tuple(member for member in dropped.members if member.id not in twins),
        phones_joining=tuple(contact for contact in dropped.contacts if contact.phone not in phones),
        phones_known=tuple(contact for contact in dropped.contacts if contact.phone in phones),
        statuses_joining=tuple(status for status in dropped.statuses if status.decision not in decisions),
        statuses_known=tuple(status for status in dropped.statuses if status.decision in decisions),
    )


def merge_residents(kept: Resident, dropped: Resident, *, by: Any, now: datetime) -> None:
    """Two entries are one person, who goes on as `kept`. If nobody else lives in the dropped one's household, the
    households become one, too. Raises CannotMerge, GoneAlready, HeadsOthers."""
    hold(kept, dropped)
    _refuse_strangers(kept, dropped, kept.household.commune_id, dropped.household.commune_id)
    with undoable("merge_residents", by=by, now=now, area_id=shared_area_id(kept.household, dropped.household)):
        elsewhere = dropped.household is not kept.household
        if elsewhere and not present_members(dropped.household, but=[dropped]):
            _merge_households(kept.household, dropped.household, (kept, dropped), by, now)
            return
        if elsewhere and dropped.is_head:
            raise HeadsOthers(name=display_name(dropped.full_name))
        _merge_person(kept, dropped, by, now)


def merge_households(kept: Household, dropped: Household, *, by: Any, now: datetime) -> None:
    """Two entries are one household, which goes on as `kept`: its members, phones and classes are put together.

    Raises CannotMerge, GoneAlready.
    """
    hold(kept, dropped)
    _refuse_strangers(kept, dropped, kept.commune_id, dropped.commune_id)
    with undoable("merge_households", by=by, now=now, area_id=shared_area_id(kept, dropped)):
        _merge_households(kept, dropped, None, by, now)


def tell_apart(one: Resident, other: Resident, *, by: Any, now: datetime) -> None:
    """These two look alike and are not the same: nobody is asked about them again. Raises CannotMerge."""
    lower, higher = sorted((one.id, other.id))
    if lower == higher:
        raise CannotMerge
    hold(one, other)  # a second click comes second
    if db.session.get(DistinctPair, (lower, higher)):
        return
    with undoable("tell_apart", by=by, now=now, area_id=shared_area_id(one.household, other.household)):
        db.session.add(DistinctPair(lower_id=lower, higher_id=higher, by_id=getattr(by, "id", None), at=now))
        for resident, twin in ((one, other), (other, one)):
            record_audit(
                "tell_apart",
                residents.record_of(resident),
                by=by,
                now=now,
                area_id=resident.household.hamlet_id,
                after={"other_id": twin.id},
            )


def _refuse_strangers(kept: Any, dropped: Any, commune_id: int, other_commune_id: int) -> None:
    if kept is dropped or commune_id != other_commune_id:
        raise CannotMerge
    if kept.left_on is not None or dropped.left_on is not None:
        raise GoneAlready


# --- Households -----------------------------------------------------------------------------------


def _pairs(
    kept: Household, dropped: Household, same: tuple[Resident, Resident] | None
) -> Iterator[tuple[Resident, Resident]]:
    free = present_members(kept)
    others = present_members(dropped)
    if same is not None:
        yield same
        free, others = [m for m in free if m is not same[0]], [m for m in others if m is not same[1]]
    for other in others:
        twin = next((member for member in free if _is_same_person(member, other)), None)
        if twin is not None:
            free.remove(twin)
            yield twin, other


def _is_same_person(one: Resident, other: Resident) -> bool:
    """Within what is one household: the same name, and nothing that speaks against it."""
    return one.name_search == other.name_search and all(
        mine is None or theirs is None or mine == theirs
        for mine, theirs in (
            (one.birth_year, other.birth_year),
            (one.citizen_number_digest, other.citizen_number_digest),
        )
    )


def _merge_households(
    kept: Household, dropped: Household, same: tuple[Resident, Resident] | None, by: Any, now: datetime
) -> None:
    plan = plan_household_merge(kept, dropped, same)
    for resident, twin in plan.pairs:
        _merge_person(resident, twin, by, now)
    has_head = any(member.is_head for member in present_members(kept))
    heirs = [member for member in plan.joining if member.is_head and member.left_on is None]
    for member in dropped.members[:]:
        member.is_head = False
    db.session.flush()
    _put_phones_together(kept, dropped)
    for member in plan.joining:
        member.household = kept
    if not has_head and heirs:
        residents.make_head(heirs[0])
    _put_statuses_together(kept, dropped)
    _fill(kept, dropped, ("ethnic_group", "address_note", "text_language", "list_order"))
    code, dropped.code = dropped.code, None
    db.session.flush()  # the code is free before the other takes it
    kept.code = kept.code or code
    dropped.left_on, dropped.left_why, dropped.merged_into_id = local_day(now), LeftWhy.MERGED, kept.id
    _follow(Household, dropped.id, kept.id)
    registry.merge_households(kept.id, dropped.id, now)
    db.session.flush()
    for household, other in ((kept, dropped), (dropped, kept)):
        record_audit(
            "merge_households",
            households.record_of(household),
            by=by,
            now=now,
            area_id=household.hamlet_id,
            after={"kept_id": kept.id, "dropped_id": dropped.id, "other_id": other.id},
        )


def _put_phones_together(kept: Household, dropped: Household) -> None:
    """The dropped one's phones come after the kept one's; one that both have stays with what the kept one says."""
    known = {contact.phone: contact for contact in kept.contacts}
    for contact in dropped.contacts[:]:
        position = next_position(kept)
        dropped.contacts.remove(contact)
        twin = known.get(contact.phone)
        if twin is None:
            kept.contacts.append(contact)
            contact.position = position
        else:
            twin.resident = twin.resident or contact.resident
            twin.owner_note = twin.owner_note or contact.owner_note
            db.session.delete(contact)
    db.session.flush()


def _put_statuses_together(kept: Household, dropped: Household) -> None:
    decisions = {status.decision for status in kept.statuses}
    for status in dropped.statuses[:]:
        dropped.statuses.remove(status)
        if status.decision in decisions:
            db.session.delete(status)
        else:
            kept.statuses.append(status)
    set_class_of_latest_year(kept)
    db.session.flush()


# --- People ---------------------------------------------------------------------------------------


def _merge_person(kept: Resident, dropped: Resident, by: Any, now: datetime) -> None:
    heads = dropped.is_head and dropped.household is kept.household
    if dropped.household is not kept.household:
        take_phones_along(dropped, kept.household)
    for contact in kept.household.contacts:
        if contact.resident is dropped:
            contact.resident = kept
    _fill_person(kept, dropped)
    dropped.is_head = False
    dropped.left_on, dropped.left_why, dropped.merged_into_id = local_day(now), LeftWhy.MERGED, kept.id
    db.session.flush()
    if heads:
        residents.make_head(kept)
    _follow(Resident, dropped.id, kept.id)
    _pass_on_rights(kept, dropped)
    registry.merge_residents(kept.id, dropped.id, now)
    db.session.flush()
    for resident, other in ((kept, dropped), (dropped, kept)):
        record_audit(
            "merge_residents",
            residents.record_of(resident),
            by=by,
            now=now,
            area_id=kept.household.hamlet_id,
            after={"kept_id": kept.id, "dropped_id": dropped.id, "other_id": other.id},
        )


def _fill_person(kept: Resident, dropped: Resident) -> None:
    """What the kept one lacks. A citizen number that both have differently stays with the kept one's."""
    _fill(kept, dropped, ("birth_year", "relation", "ethnic_group", "preferred_language"))
    if kept.birth_date is None and dropped.birth_date is not None and dropped.birth_date.year == kept.birth_year:
        kept.birth_date = dropped.birth_date
    if kept.gender is Gender.UNKNOWN:
        kept.gender = dropped.gender
    kept.on_state_payroll = kept.on_state_payroll or dropped.on_state_payroll
    if kept.citizen_number_digest is None:
        kept.citizen_number_sealed = dropped.citizen_number_sealed
        kept.citizen_number_digest = dropped.citizen_number_digest
    # Lists that are taken in later find people by their number: it leads to the one who goes on.
    dropped.citizen_number_sealed = dropped.citizen_number_digest = None


def _pass_on_rights(kept: Resident, dropped: Resident) -> None:
    """Requests and consents are the kept one's; a consent to what they have agreed to already stays where it is."""
    agreed = set(
        db.session.scalars(
            sa.select(Consent.purpose).where(Consent.resident_id == kept.id, Consent.withdrawn_on.is_(None))
        )
    )
    for consent in db.session.scalars(sa.select(Consent).where(Consent.resident_id == dropped.id)):
        if consent.withdrawn_on is not None or consent.purpose not in agreed:
            consent.resident_id = kept.id
    for request in db.session.scalars(sa.select(DataRequest).where(DataRequest.resident_id == dropped.id)):
        request.resident_id = kept.id


def _fill(kept: Any, dropped: Any, names: tuple[str, ...]) -> None:
    for name in names:
        if getattr(kept, name) in (None, ""):
            setattr(kept, name, getattr(dropped, name))


def _follow(table: type[Household] | type[Resident], dropped_id: int, kept_id: int) -> None:
    """Rows merged into the dropped one earlier lead to the kept one at once."""
    rows: sa.ScalarResult[Any] = db.session.scalars(sa.select(table).where(table.merged_into_id == dropped_id))
    for row in rows:
        row.merged_into_id = kept_id
