"""The history of a household or a person, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from eventmgr.core.access import Scope
from eventmgr.core.language import say_day
from eventmgr.core.phone import masked_form, national_form
from eventmgr.core.text import display_name
from eventmgr.residents.queries.history import PHONE_ACTS, HistoryEntry
from eventmgr.residents.words import GENDERS, PHONE_OWNERS, POVERTY_CLASSES, Words

ACTIONS: Words = {
    "add_household": _("Household added"),
    "edit_household": _("Household edited"),
    "file_poverty_status": _("Poverty class recorded"),
    "add_resident": _("Person added"),
    "edit_resident": _("Person edited"),
    "add_contact": _("Phone added"),
    "edit_contact": _("Phone edited"),
    "remove_contact": _("Phone removed"),
    "mark_phone_dead": _("Phone marked as dead"),
    "mark_phone_alive": _("Phone marked as working"),
    "move_resident": _("Moved to another household"),
    "split_household": _("Founded a household of their own"),
    "members_left": _("Members went to another household"),
    "members_joined": _("People joined the household"),
    "move_household": _("Household moved to another hamlet"),
    "resident_moved": _("Moved out of the commune"),
    "resident_died": _("Died"),
    "household_moved": _("Household moved out of the commune"),
    "resident_returned": _("Lives here again"),
    "household_returned": _("Household lives here again"),
    "merge_residents": _("Two entries of one person merged"),
    "merge_households": _("Two entries of one household merged"),
    "tell_apart": _("Told apart from somebody who looks alike"),
    "give_consent": _("Consent entered"),
    "withdraw_consent": _("Consent withdrawn"),
    "refuse_texts": _("A phone takes no texts any more"),
    "welcome_texts": _("A phone takes texts again"),
    "erase_resident": _("Person erased for good"),
    "add_guest": _("Guest added"),
    "edit_guest": _("Guest edited"),
    "erase_guest": _("Guest erased for good"),
    "undo": _("Undone"),
}

_FACTS: Words = {
    "full_name": _("Full name"),
    "is_head": _("Head of household"),
    "relation": _("Relation to the head"),
    "birth_year": _("Birth year"),
    "birth_date": _("Birth"),
    "gender": _("Gender"),
    "ethnic_group": _("Ethnic group"),
    "on_state_payroll": _("Draws a state salary"),
    "citizen_number": _("Citizen number"),
    "code": _("Household code"),
    "address_note": _("How to find the house"),
    "text_language": _("Language of texts"),
    "phone": _("Phone"),
    "owner": _("Whose"),
    "owner_note": _("Who exactly?"),
    "poverty_class": _("Poverty class"),
    "year": _("Year"),
    "decision": _("Decision"),
    "hamlet": _("Hamlet"),
    "left_on": _("On"),
    "names": _("People"),
    "action": _("What was undone"),
}
"""Facts that are told; others, such as numbers of rows, are for machines."""

_WORDS: Mapping[str, Words] = {
    "gender": GENDERS,
    "owner": PHONE_OWNERS,
    "poverty_class": POVERTY_CLASSES,
    "action": ACTIONS,
}


@dataclass(frozen=True, slots=True)
class HistoryFact:
    """What an act changed: a label, and the values before and after (empty: there was none)."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One act as a page tells it. `undo_id` is the act that may be taken back, None where it cannot be."""

    at: datetime
    by: str
    title: str
    whom: str  # the person it was about, on a page of several
    facts: tuple[HistoryFact, ...]
    undo_id: int | None


def told(
    entries: Sequence[HistoryEntry],
    names: Mapping[str, str],
    *,
    sees_phones: bool,
    sees_sensitive: bool,
    phones: Scope,
    lists: Scope,
    now: datetime,
) -> list[HistoryLine]:
    """The entries in words. `names` are people's, by record; `phones` and `lists` is where the reader may fix phones
    and keep the lists, and so take such acts back."""
    undoable = _undoable(entries, phones, lists, now)
    return [
        HistoryLine(
            entry.at,
            entry.by,
            str(ACTIONS.get(entry.action, entry.action)),
            names.get(entry.record, ""),
            tuple(_facts(entry, sees_phones=sees_phones, sees_sensitive=sees_sensitive)),
            undoable.get(place),
        )
        for place, entry in enumerate(entries)
    ]


def _undoable(entries: Sequence[HistoryEntry], phones: Scope, lists: Scope, now: datetime) -> dict[int, int]:
    """Beside which entries an act may be taken back: once for each act, at the entry that names the act itself."""
    places: dict[int, int] = {}
    for place, entry in enumerate(entries):
        act_id = _undo_id(entry, phones, lists, now)
        if act_id is not None and (act_id not in places or _names_its_act(entry)):
            places[act_id] = place
    return {place: act_id for act_id, place in places.items()}


def _names_its_act(entry: HistoryEntry) -> bool:
    return entry.act is not None and entry.action == entry.act.action


def _undo_id(entry: HistoryEntry, phones: Scope, lists: Scope, now: datetime) -> int | None:
    if entry.act is None or not entry.act.may_be_undone(now):
        return None
    allowed = phones if entry.act.action in PHONE_ACTS else lists
    return entry.act.id if allowed.covers(entry.area_path) else None


def _facts(entry: HistoryEntry, *, sees_phones: bool, sees_sensitive: bool) -> Iterable[HistoryFact]:
    for name, label in _FACTS.items():
        if name not in entry.before and (name not in entry.after or name == "full_name"):
            continue  # a name that was not changed stands in the title
        if name == "citizen_number" or (name in ("ethnic_group", "text_language") and not sees_sensitive):
            yield HistoryFact(str(label), "", gettext("changed"))
            continue
        before, after = (_value(name, side.get(name), sees_phones) for side in (entry.before, entry.after))
        if before or after:
            yield HistoryFact(str(label), before, after)


def _value(name: str, value: Any, sees_phones: bool) -> str:
    if value in (None, ""):
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if name == "phone":
        return national_form(value) if sees_phones else masked_form(value)
    if name in ("birth_date", "left_on"):
        return say_day(date.fromisoformat(value))
    if name in ("names", "full_name"):
        return ", ".join(map(display_name, value if isinstance(value, list) else [value]))
    return str(_WORDS.get(name, {}).get(value, value))
