"""Carrying out a plan: rows in bulk, and a register of what was added and changed, by which it can be undone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa

from eventmgr.areas.services import add_area
from eventmgr.areas.values import AreaDetails, Level
from eventmgr.core.audit import record_audit
from eventmgr.core.db import Base, db, insert_many, new_ids, next_version, table_of
from eventmgr.core.secrets import seal
from eventmgr.residents.finding import index_commune, index_households
from eventmgr.residents.importing.values import DoubtfulCell, Place, RejectedRow
from eventmgr.residents.models import (
    TAIL,
    Contact,
    Household,
    ImportAdded,
    ImportChange,
    ListImport,
    PovertyStatus,
    Resident,
)
from eventmgr.residents.phones import recall_refusals
from eventmgr.residents.services.importing.drafts import (
    ContactDraft,
    Difference,
    Draft,
    HouseholdDraft,
    ResidentDraft,
    StatusDraft,
    as_text,
)
from eventmgr.residents.services.importing.matching import Hamlet, Undecided
from eventmgr.residents.services.importing.planning import ImportPlan
from eventmgr.residents.services.residents import name_columns

DraftOf = TypeVar("DraftOf", HouseholdDraft, ResidentDraft, ContactDraft, StatusDraft)

AT_ONCE = 1000
"""Rows handed to the database in one go: bounds the memory."""


@dataclass(slots=True)
class ImportResult:
    """What a list has changed, or would change."""

    households_added: int = 0
    households_known: int = 0
    residents_added: int = 0
    residents_known: int = 0
    residents_completed: int = 0
    contacts_added: int = 0
    statuses_added: int = 0
    hamlets_added: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    doubtful: list[DoubtfulCell] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)
    household_ids: dict[Place, int] = field(default_factory=dict)  # of every row that is in

    @property
    def complete(self) -> bool:
        """Whether every row went in."""
        return not (self.rejected or self.undecided)


def foreseen(plan: ImportPlan) -> ImportResult:
    """What the plan comes to."""
    return ImportResult(
        households_added=plan.new_households,
        households_known=plan.known_households,
        residents_added=plan.new_residents,
        residents_known=plan.known_residents,
        residents_completed=plan.completed_residents,
        contacts_added=plan.new_contacts,
        statuses_added=plan.new_statuses,
        hamlets_added=list(plan.hamlets_to_add.values()),
        rejected=plan.rejected,
        doubtful=plan.doubtful,
        undecided=plan.undecided,
        differences=plan.differences,
    )


def household_ids(plan: ImportPlan) -> dict[Place, int]:
    """The household of every row that has one, to lead there."""
    return {
        person.said.place: household.id
        for match, household in zip(plan.matches, plan.matched, strict=True)
        if household.id is not None
        for person in match.people
    }


def carry_out(
    plan: ImportPlan, row: ListImport, *, by: Any, now: datetime, alive: Callable[[], None] = lambda: None
) -> ImportResult:
    """Write what was planned, in the caller's unit of work; the plan was made in the same one.

    `alive` is called again and again while the writing goes on.
    """
    result = foreseen(plan)
    _Writer(plan, row, by, now, alive).write()
    result.household_ids = household_ids(plan)
    record_audit(
        "import_list",
        f"list_import:{row.id}",
        by=by,
        now=now,
        area_id=plan.commune.id,
        after={
            "households_added": result.households_added,
            "residents_added": result.residents_added,
            "contacts_added": result.contacts_added,
            "statuses_added": result.statuses_added,
        },
    )
    return result


class _Writer:
    """Turns drafts into rows."""

    def __init__(self, plan: ImportPlan, row: ListImport, by: Any, now: datetime, alive: Callable[[], None]) -> None:
        self._plan = plan
        self._row = row
        self._by = by
        self._now = now
        self._alive = alive
        self._hamlet_ids: dict[Hamlet, int] = {}
        self._changed: list[dict[str, Any]] = []

    def write(self) -> None:
        """Hamlets, households, people, phones and classes: each points only at rows that are there already."""
        households = self._plan.households
        phones = [draft for home in households for draft in home.contacts.values()]
        coming = [draft.phone for draft in phones if draft.id is None or draft.was]
        self._hamlet_ids = self._add_hamlets()
        self._write(Household, [(draft, draft) for draft in households], self._household)
        self._write(Resident, [(draft, home) for home in households for draft in home.members], self._resident)
        self._write(Contact, [(draft, home) for home in households for draft in home.contacts.values()], _contact)
        self._write(PovertyStatus, [(draft, home) for home in households for draft in home.statuses.values()], _status)
        self._insert(ImportChange, self._changed)
        recall_refusals(coming)
        self._index()

    def _index(self) -> None:
        """See anew how the touched households are found: by one look at the commune where most of it is touched."""
        touched = [draft.id for draft in self._plan.households if draft.id is not None]
        if 2 * len(touched) > len(self._plan.known):
            index_commune(self._plan.commune.id)
        else:
            index_households(touched)

    def _add_hamlets(self) -> dict[Hamlet, int]:
        known: dict[Hamlet, int] = {hamlet_id: hamlet_id for hamlet_id in self._plan.hamlets}
        added: dict[Hamlet, int] = {
            key: add_area(AreaDetails(Level.HAMLET, name), self._plan.commune, by=self._by, now=self._now).id
            for key, name in self._plan.hamlets_to_add.items()
        }
        self._register_added("area", added.values())
        return known | added

    def _write(
        self,
        table: type[Base],
        drafts: list[tuple[DraftOf, HouseholdDraft]],
        columns: Callable[[DraftOf, HouseholdDraft], dict[str, Any]],
    ) -> None:
        """Change the known rows of a table, then add the new ones, which get their ids here."""
        new = [(draft, home) for draft, home in drafts if draft.id is None]
        self._change(table, [draft for draft, _ in drafts if draft.was])
        for (draft, _), row_id in zip(new, new_ids(table, len(new)), strict=True):
            draft.id = row_id
        self._insert(table, ({"id": draft.id} | columns(draft, home) for draft, home in new))
        self._register_added(table.__tablename__, (draft.id for draft, _ in new if draft.id is not None))

    def _change(self, table: type[Base], drafts: list[DraftOf]) -> None:
        # A head steps down before another takes the place: the key allows one at a time.
        for becomes_head in (False, True):
            alike: defaultdict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
            for draft in drafts:
                if getattr(draft, "is_head", False) is becomes_head:
                    told = self._changes_of(draft, table)
                    alike[tuple(told)].append({"row_id": draft.id} | {f"new_{name}": told[name] for name in told})
            for names, rows in alike.items():
                if names:
                    _update(table, names, rows)

    def _changes_of(self, draft: Draft, table: type[Base]) -> dict[str, Any]:
        """The columns of a known row that change; each is noted in the register."""
        told: dict[str, Any] = {}
        for name in draft.was:
            column, before = self._stored(name, draft.was[name])
            _, after = self._stored(name, getattr(draft, name))
            if before != after:
                told[column] = after
                self._changed.append(
                    {
                        "list_import_id": self._row.id,
                        "record": table.__tablename__,
                        "record_id": draft.id,
                        "field": column,
                        "before": as_text(before),
                        "after": as_text(after),
                    }
                )
        if isinstance(draft, ResidentDraft):
            if "full_name" in told:
                told |= name_columns(draft.full_name)
            if "citizen_number_digest" in told:
                told["citizen_number_sealed"] = _sealed(draft)
        return told

    def _stored(self, name: str, value: Any) -> tuple[str, Any]:
        """The column that holds a draft's field, and what stands in it."""
        if name == "hamlet":
            return "hamlet_id", self._hamlet_ids[value]
        if name == "resident":
            return "resident_id", value.id if value else None
        return name, value

    def _register_added(self, table: str, ids: Iterable[int]) -> None:
        self._insert(
            ImportAdded,
            [
                {"list_import_id": self._row.id, "record": table, "first_id": first, "last_id": last}
                for first, last in runs(ids)
            ],
        )

    def _insert(self, table: type[Base], rows: Iterable[dict[str, Any]]) -> None:
        left = iter(rows)
        while some := list(islice(left, AT_ONCE)):
            insert_many(table, some)
            self._alive()

    # --- rows of new drafts ------------------------------------------------------------------------

    def _household(self, draft: HouseholdDraft, _home: HouseholdDraft) -> dict[str, Any]:
        return {
            "commune_id": self._plan.commune.id,
            "hamlet_id": self._hamlet_ids[draft.hamlet],
            "code": draft.code,
            "ethnic_group": draft.ethnic_group,
            "poverty_class": draft.poverty_class,
            "list_order": draft.list_order,
            "address_note": "",
            "created_at": self._now,
        }

    def _resident(self, draft: ResidentDraft, home: HouseholdDraft) -> dict[str, Any]:
        return {
            "household_id": home.id,
            "full_name": draft.full_name,
            **name_columns(draft.full_name),
            "is_head": draft.is_head,
            "relation": draft.relation,
            "birth_year": draft.birth_year,
            "birth_date": draft.birth_date,
            "gender": draft.gender,
            "ethnic_group": draft.ethnic_group,
            "on_state_payroll": False,
            "preferred_language": "",
            "citizen_number_sealed": _sealed(draft),
            "citizen_number_digest": draft.citizen_number_digest,
            "created_at": self._now,
        }


def _contact(draft: ContactDraft, home: HouseholdDraft) -> dict[str, Any]:
    return {
        "household_id": home.id,
        "resident_id": draft.resident.id if draft.resident else None,
        "phone": draft.phone,
        "tail": draft.phone[-TAIL:],
        "takes_sms": draft.takes_sms,
        "owner": draft.owner,
        "owner_note": draft.owner_note,
        "position": draft.position,
    }


def _status(draft: StatusDraft, home: HouseholdDraft) -> dict[str, Any]:
    return {
        "household_id": home.id,
        "decision": draft.decision,
        "year": draft.year,
        "poverty_class": draft.poverty_class,
    }


def _sealed(draft: ResidentDraft) -> str | None:
    return seal(draft.citizen_number) if draft.citizen_number else None


def runs(ids: Iterable[int]) -> list[tuple[int, int]]:
    """Ids as runs of neighbours: 4, 5, 6, 9 is 4 to 6, and 9."""
    found: list[tuple[int, int]] = []
    for one in sorted(ids):
        if found and found[-1][1] + 1 == one:
            found[-1] = (found[-1][0], one)
        else:
            found.append((one, one))
    return found


def _update(table: type[Base], names: Iterable[str], rows: list[dict[str, Any]]) -> None:
    columns = table_of(table).c
    db.session.connection().execute(
        sa.update(table_of(table))
        .where(columns.id == sa.bindparam("row_id"))
        .values({name: sa.bindparam(f"new_{name}") for name in names} | next_version(table)),
        rows,
    )
