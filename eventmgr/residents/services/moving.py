"""Moving in, out and between households, deaths, and splitting a household.

Whoever leaves keeps their past: invitations and attendances stay what they were on the day.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _

from eventmgr.areas.models import Area
from eventmgr.areas.queries import commune_of
from eventmgr.core.acts import undoable
from eventmgr.core.audit import record_audit
from eventmgr.core.clock import local_day
from eventmgr.core.db import db
from eventmgr.core.errors import RuleBroken
from eventmgr.core.text import display_name
from eventmgr.residents.models import Contact, Household, Resident
from eventmgr.residents.services import households, residents
from eventmgr.residents.services.contacts import next_position
from eventmgr.residents.services.holding import hold
from eventmgr.residents.services.residents import GoneAlready
from eventmgr.residents.values import HouseholdDetails, LeftWhy, PhoneOwner

HEAD = "Chủ hộ"
"""What lists write in the relation of a household's head."""


class HeadNeeded(RuleBroken):
    """The head leaves, and nobody was named to follow."""

    code = "head_needed"
    sentence = _("%(name)s is the head of the household. Say who is its head from now on.")


class NotYet(RuleBroken):
    """A day that is still to come."""

    code = "not_yet"
    sentence = _("This day has not come yet.")


class LivesHere(RuleBroken):
    """Somebody who never left, or who is written down twice and goes on elsewhere."""

    code = "lives_here"
    sentence = _("This person or household cannot come back: it lives here, or it was merged into another.")


class SameHousehold(RuleBroken):
    """A move that leads nowhere."""

    code = "same_household"
    sentence = _("This person lives in that household already.")


class NobodyChosen(RuleBroken):
    """A new household without people."""

    code = "nobody_chosen"
    sentence = _("Tick at least one person, and name one of them as the head of the new household.")


class NobodyStays(RuleBroken):
    """A split that leaves an empty household behind."""

    code = "nobody_stays"
    sentence = _("Somebody has to stay in the household. If all of them move, move the household instead.")


# --- Between households ---------------------------------------------------------------------------


def move_resident(
    resident: Resident,
    household: Household,
    *,
    relation: str = "",
    new_head: Resident | None = None,
    by: Any,
    now: datetime,
) -> None:
    """A person goes to live in another household, with their own phones. `new_head` follows them as head.

    The household of the last to leave is closed. Raises GoneAlready, SameHousehold, HeadNeeded.
    """
    hold(resident, household)
    left = resident.household
    if resident.left_on is not None or household.left_on is not None:
        raise GoneAlready
    if left is household:
        raise SameHousehold
    with undoable("move_resident", by=by, now=now, area_id=shared_area_id(left, household)):
        _hand_over_head([resident], new_head)
        _settle([resident], household)
        resident.relation = relation
        if not present_members(household, but=[resident]):
            residents.make_head(resident)
        if not present_members(left):
            left.left_on, left.left_why = local_day(now), LeftWhy.JOINED
        db.session.flush()
        _record_move("move_resident", [resident], left, household, by=by, now=now)


def split_household(
    household: Household,
    members: Sequence[Resident],
    head: Resident | None,
    details: HouseholdDetails,
    hamlet: Area,
    *,
    new_head: Resident | None = None,
    keep_class: bool = True,
    by: Any,
    now: datetime,
) -> Household:
    """Some members found a household of their own. `keep_class`: it has the class of the latest decision, too, until
    another decision speaks of it. Raises GoneAlready, NobodyChosen, NobodyStays, HeadNeeded, CodeTaken."""
    hold(household)
    if household.left_on is not None:
        raise GoneAlready
    if head is None or head not in members:
        raise NobodyChosen
    if not present_members(household, but=members):
        raise NobodyStays
    with undoable("split_household", by=by, now=now, area_id=commune_of(hamlet).id):
        founded = households.found_household(details, hamlet, now)
        founded.text_language = household.text_language
        _hand_over_head(members, new_head)
        _settle(members, founded)
        residents.make_head(head)
        head.relation = HEAD
        latest = max(household.statuses, key=lambda status: status.year, default=None)
        if keep_class and latest is not None:
            households.record_poverty_status(founded, latest.decision, latest.year, latest.poverty_class)
        db.session.flush()
        _record_move("split_household", members, household, founded, by=by, now=now)
    return founded


def move_household(household: Household, hamlet: Area, *, by: Any, now: datetime) -> None:
    """A household moves to another hamlet. Raises GoneAlready, CodeTaken."""
    hold(household)
    if household.left_on is not None:
        raise GoneAlready
    left = household.hamlet
    with undoable("move_household", by=by, now=now, area_id=commune_of(left).id if left is not hamlet else left.id):
        with db.session.no_autoflush:
            household.hamlet, household.commune = hamlet, commune_of(hamlet)
            households.refuse_taken_code(household)
        db.session.flush()
        record_audit(
            "move_household",
            households.record_of(household),
            by=by,
            now=now,
            area_id=hamlet.id,
            before={"hamlet": left.name},
            after={"hamlet": hamlet.name},
        )


# --- Out of the commune, and back -----------------------------------------------------------------


def record_leaving(
    resident: Resident, on: date, why: LeftWhy, *, new_head: Resident | None = None, by: Any, now: datetime
) -> None:
    """A person has moved out of the commune, or has died.

    Their phones stay known: of the dead as the household's, of those who moved as a relative's, who is asked to pass
    messages on. Raises GoneAlready, NotYet, HeadNeeded.
    """
    hold(resident)
    if resident.left_on is not None:
        raise GoneAlready
    _refuse_future(on, now)
    household = resident.household
    with undoable(f"resident_{why}", by=by, now=now, area_id=household.hamlet_id):
        _hand_over_head([resident], new_head)
        if not present_members(household, but=[resident]):
            household.left_on, household.left_why = on, why
        resident.left_on, resident.left_why = on, why
        for contact in household.contacts:
            if contact.resident is resident and household.left_on is None:
                _leave_phone(contact, resident, why)
        db.session.flush()
        record_audit(
            f"resident_{why}",
            residents.record_of(resident),
            by=by,
            now=now,
            area_id=household.hamlet_id,
            after={"full_name": resident.full_name, "left_on": on.isoformat()},
        )


def record_household_leaving(household: Household, on: date, *, by: Any, now: datetime) -> None:
    """A household has moved out of the commune with all its people. Raises GoneAlready, NotYet."""
    hold(household)
    if household.left_on is not None:
        raise GoneAlready
    _refuse_future(on, now)
    with undoable("household_moved", by=by, now=now, area_id=household.hamlet_id):
        for member in present_members(household):
            member.left_on, member.left_why = on, LeftWhy.MOVED
        household.left_on, household.left_why = on, LeftWhy.MOVED
        db.session.flush()
        record_audit(
            "household_moved",
            households.record_of(household),
            by=by,
            now=now,
            area_id=household.hamlet_id,
            after={"left_on": on.isoformat()},
        )


def record_return(resident: Resident, *, by: Any, now: datetime) -> None:
    """A person has come back, or never was away: their household is there again, too. Raises LivesHere."""
    hold(resident)
    household = resident.household
    if resident.left_on is None or resident.erased_at or LeftWhy.MERGED in (resident.left_why, household.left_why):
        raise LivesHere
    with undoable("resident_returned", by=by, now=now, area_id=household.hamlet_id):
        _return(resident)
        if household.left_on is not None:
            _return(household)
        if not any(member.is_head and member.left_on is None for member in household.members):
            residents.make_head(resident)
        db.session.flush()
        record_audit("resident_returned", residents.record_of(resident), by=by, now=now, area_id=household.hamlet_id)


def record_household_return(household: Household, *, by: Any, now: datetime) -> None:
    """A household has come back with those who left together with it. Raises LivesHere."""
    hold(household)
    if household.left_on is None or household.left_why is LeftWhy.MERGED:
        raise LivesHere
    with undoable("household_returned", by=by, now=now, area_id=household.hamlet_id):
        for member in household.members:
            if member.left_on == household.left_on and member.left_why is household.left_why and not member.erased_at:
                _return(member)
        _return(household)
        db.session.flush()
        record_audit("household_returned", households.record_of(household), by=by, now=now, area_id=household.hamlet_id)


# --- What these have in common --------------------------------------------------------------------


def present_members(household: Household, *, but: Collection[Resident] = ()) -> list[Resident]:
    """Who lives in a household, without some."""
    return [member for member in household.members if member.left_on is None and member not in but]


def shared_area_id(one: Household, other: Household) -> int:
    """The hamlet of two households, or the commune where those are two."""
    return one.hamlet_id if one.hamlet_id == other.hamlet_id else one.commune_id


def take_phones_along(resident: Resident, household: Household) -> None:
    """A person's own phones become the other household's; one that it has already is not doubled."""
    known = {contact.phone for contact in household.contacts}
    for contact in [contact for contact in resident.household.contacts if contact.resident is resident]:
        position = next_position(household)
        resident.household.contacts.remove(contact)
        if contact.phone in known:
            db.session.delete(contact)
        else:
            household.contacts.append(contact)
            contact.position = position


def _settle(members: Sequence[Resident], household: Household) -> None:
    for member in members:
        take_phones_along(member, household)
        member.is_head = False
        member.household = household
    db.session.flush()


def _hand_over_head(leaving: Collection[Resident], new_head: Resident | None) -> None:
    """If the head is among those who leave, somebody who stays follows. Raises HeadNeeded."""
    head = next((member for member in leaving if member.is_head), None)
    if head is None:
        return
    staying = present_members(head.household, but=leaving)
    if not staying:
        return
    if new_head not in staying:
        raise HeadNeeded(name=display_name(head.full_name))
    residents.make_head(new_head)
    new_head.relation = HEAD


def _leave_phone(contact: Contact, resident: Resident, why: LeftWhy) -> None:
    contact.resident = None
    if why is LeftWhy.MOVED:
        contact.owner, contact.owner_note = PhoneOwner.RELATIVE, display_name(resident.full_name)[:80]


def _return(row: Household | Resident) -> None:
    row.left_on = row.left_why = None


def _refuse_future(on: date, now: datetime) -> None:
    if on > local_day(now):
        raise NotYet


def _record_move(
    action: str, members: Sequence[Resident], left: Household, joined: Household, *, by: Any, now: datetime
) -> None:
    """Of each person, and of both households: their pages tell the same story."""
    names = [member.full_name for member in members]
    for member in members:
        record_audit(
            action,
            residents.record_of(member),
            by=by,
            now=now,
            area_id=joined.hamlet_id,
            before={"household_id": left.id},
            after={"household_id": joined.id},
        )
    for household, what in ((left, "members_left"), (joined, "members_joined")):
        record_audit(
            what,
            households.record_of(household),
            by=by,
            now=now,
            area_id=household.hamlet_id,
            after={"names": names},
        )
