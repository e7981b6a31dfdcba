"""Tables of the people a commune looks after."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from eventmgr.accounts.models import User
from eventmgr.areas.models import Area
from eventmgr.core.acts import DERIVED
from eventmgr.core.db import NAME, NEVER_AGAIN, Base, SortText, foreign_key, short_text, sort_text
from eventmgr.core.files import StoredFile
from eventmgr.core.jobs import Job
from eventmgr.core.registry import Subject, SubjectKind
from eventmgr.residents.rights import Evidence, Purpose, Refusal, RequestKind, RequestState
from eventmgr.residents.values import (
    ContactDetails,
    Gender,
    GuestDetails,
    HouseholdDetails,
    ImportState,
    LeftWhy,
    PhoneOwner,
    PovertyClass,
    Reach,
    ResidentDetails,
)

SEARCH = 240
"""Characters of a folded name."""
TAIL = 4
"""Last digits by which a phone is found."""


class Household(Base):
    """A household (hộ) of a hamlet. `code` is the list's "mã hộ", unique in the commune.

    `poverty_class` repeats the class of the latest PovertyStatus, so that lists and audiences need
    no second look; `services.record_poverty_status` is its only writer. The columns from `head_name_sort` to
    `has_refusal` repeat what its people and phones say, so that a page of the list is read from one index however
    many households there are; `finding` keeps them.
    """

    __tablename__ = "household"
    __table_args__ = (
        sa.UniqueConstraint("commune_id", "code"),
        sa.Index("ix_household_hamlet_class", "hamlet_id", "poverty_class"),
        # Where the list is read, in the order it is shown: within a hamlet, a commune, or everywhere ...
        sa.Index("ix_household_hamlet_list", "hamlet_id", "list_order", "id"),
        sa.Index("ix_household_commune_name", "commune_id", "head_name_sort", "id"),
        sa.Index("ix_household_name", "head_name_sort", "id"),
        # ... and everywhere narrowed to a few: walking all to find those would take long.
        sa.Index("ix_household_class_name", "poverty_class", "head_name_sort", "id"),
        sa.Index("ix_household_ethnic_name", "ethnic_group", "head_name_sort", "id"),
        sa.Index("ix_household_reach_name", "reach", "head_name_sort", "id"),
        sa.Index("ix_household_by_sms_name", "by_sms", "head_name_sort", "id"),
        sa.Index("ix_household_dead_name", "has_dead_phone", "head_name_sort", "id"),
        sa.Index("ix_household_refusal_name", "has_refusal", "head_name_sort", "id"),
        NEVER_AGAIN,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = foreign_key("area.id")
    hamlet_id: Mapped[int] = foreign_key("area.id", index=False)
    code: Mapped[str | None] = short_text()
    ethnic_group: Mapped[str] = short_text(default="")  # as the list writes it; empty: not known
    poverty_class: Mapped[PovertyClass] = mapped_column(default=PovertyClass.OTHER)
    list_order: Mapped[int | None]  # place in the office's own list (STT); None: added by hand
    address_note: Mapped[str] = short_text(NAME, default="")
    text_language: Mapped[str] = short_text(40, default="")  # of the texts it gets; empty: its hamlet's
    left_on: Mapped[date | None]  # None: lives here
    left_why: Mapped[LeftWhy | None]  # None: lives here, or nobody said why
    merged_into_id: Mapped[int | None] = foreign_key("household.id")  # None: was never merged into another
    row_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    head_name_sort: Mapped[str] = sort_text(SEARCH, default="", info=DERIVED)  # empty: no head
    reach: Mapped[Reach] = mapped_column(default=Reach.NONE, info=DERIVED)
    by_sms: Mapped[bool] = mapped_column(
        default=False, info=DERIVED
    )  # whether `reach` is SMS: the call list's question
    has_dead_phone: Mapped[bool] = mapped_column(default=False, info=DERIVED)
    has_refusal: Mapped[bool] = mapped_column(default=False, info=DERIVED)  # one of its phones takes no texts of ours

    hamlet: Mapped[Area] = relationship(foreign_keys=[hamlet_id])
    commune: Mapped[Area] = relationship(foreign_keys=[commune_id])
    members: Mapped[list[Resident]] = relationship(
        back_populates="household", order_by="(Resident.is_head.desc(), Resident.id)"
    )
    head: Mapped[Resident | None] = relationship(
        primaryjoin="and_(Household.id == foreign(Resident.household_id), Resident.is_head)",
        viewonly=True,
        uselist=False,
    )
    contacts: Mapped[list[Contact]] = relationship(back_populates="household", order_by="Contact.position")
    statuses: Mapped[list[PovertyStatus]] = relationship(
        back_populates="household", order_by="PovertyStatus.year.desc()"
    )

    __mapper_args__ = {"version_id_col": row_version}

    @property
    def details(self) -> HouseholdDetails:
        """The household as an officer would enter it."""
        return HouseholdDetails(self.code, self.ethnic_group, self.address_note)


class HouseholdTerm(Base):
    """What finds a household: each member's folded name from every word on ("vi thi ly", "thi ly vi", "ly vi thi"),
    and the folded code. So any word is the beginning of a term, and the term holds the rest of the name. Of any two
    words of a name one follows the other at the beginning of some term: longer names have more terms for that.

    The commune leads, as most people look after one; `finding` keeps the rows.
    """

    __tablename__ = "household_term"
    __table_args__ = {"sqlite_with_rowid": False}

    commune_id: Mapped[int] = mapped_column(primary_key=True)  # as the household has it, which is held to be one
    term: Mapped[str] = mapped_column(SortText(SEARCH), primary_key=True)
    household_id: Mapped[int] = mapped_column(
        sa.ForeignKey("household.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class PovertyStatus(Base):
    """What one decision says of one household: history is kept, a new year never overwrites the last."""

    __tablename__ = "poverty_status"
    __table_args__ = (sa.UniqueConstraint("household_id", "decision"), NEVER_AGAIN)

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = foreign_key("household.id", index=False)
    decision: Mapped[str] = short_text(NAME)  # "12/QĐ-UBND 2022", or the list's name and year
    year: Mapped[int]
    poverty_class: Mapped[PovertyClass]

    household: Mapped[Household] = relationship(back_populates="statuses")


class Resident(Base):
    """A member of a household (nhân khẩu). `name_search` is folded, `name_sort` in Vietnamese order."""

    __tablename__ = "resident"
    __table_args__ = (
        sa.Index(
            "uq_resident_head",
            "household_id",
            unique=True,
            sqlite_where=sa.text("is_head"),
            postgresql_where=sa.text("is_head"),
        ),
        NEVER_AGAIN,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = foreign_key("household.id")
    full_name: Mapped[str] = short_text(NAME)
    name_search: Mapped[str] = short_text(SEARCH, index=True)
    name_sort: Mapped[str] = sort_text(SEARCH, index=True)
    is_head: Mapped[bool] = mapped_column(default=False)
    relation: Mapped[str] = short_text(default="")  # to the head, as the list writes it
    birth_year: Mapped[int | None]  # None: not known
    birth_date: Mapped[date | None]  # None: only the year is known, or nothing
    gender: Mapped[Gender] = mapped_column(default=Gender.UNKNOWN)
    ethnic_group: Mapped[str] = short_text(default="")
    on_state_payroll: Mapped[bool] = mapped_column(default=False)
    preferred_language: Mapped[str] = short_text(default="")
    citizen_number_sealed: Mapped[str | None] = short_text(NAME)  # core.secrets.seal
    citizen_number_digest: Mapped[str | None] = short_text(64, index=True)  # core.secrets.keyed_digest
    left_on: Mapped[date | None]  # None: lives here
    left_why: Mapped[LeftWhy | None]  # None: lives here, or nobody said why
    merged_into_id: Mapped[int | None] = foreign_key("resident.id")  # None: was never merged into another
    row_version: Mapped[int] = mapped_column(default=1)
    erased_at: Mapped[datetime | None]  # None: on file; else nothing of the person is left but this row's number
    created_at: Mapped[datetime]

    household: Mapped[Household] = relationship(back_populates="members")

    __mapper_args__ = {"version_id_col": row_version}

    @property
    def subject(self) -> Subject:
        """The person as those whose data are kept."""
        return Subject(SubjectKind.RESIDENT, self.id)

    @property
    def home(self) -> Area:
        """The area whose officers look after the person's data."""
        return self.household.hamlet

    @property
    def commune(self) -> Area:
        """The commune whose register holds the person's requests."""
        return self.household.commune

    @property
    def details(self) -> ResidentDetails:
        """The person as an officer would enter them; the citizen number stays where it is."""
        return ResidentDetails(
            full_name=self.full_name,
            is_head=self.is_head,
            relation=self.relation,
            birth_year=self.birth_year,
            birth_date=self.birth_date,
            gender=self.gender,
            ethnic_group=self.ethnic_group,
            on_state_payroll=self.on_state_payroll,
        )


def _tail_of_new(context: DefaultExecutionContext) -> str:
    return str(context.get_current_parameters()["phone"])[-TAIL:]


class Contact(Base):
    """A phone by which a household can be reached. One phone may serve several households, so a
    phone is never a key of a person."""

    __tablename__ = "contact"
    __table_args__ = (sa.UniqueConstraint("household_id", "phone"), NEVER_AGAIN)

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = foreign_key("household.id", index=False)
    resident_id: Mapped[int | None] = foreign_key("resident.id")  # None: the household's as such
    phone: Mapped[str] = short_text(16, index=True)  # E.164
    tail: Mapped[str] = short_text(TAIL, index=True, default=_tail_of_new)  # people remember how a number ends
    takes_sms: Mapped[bool] = mapped_column(default=True)  # False: a landline, for calls only
    owner: Mapped[PhoneOwner] = mapped_column(default=PhoneOwner.MEMBER)
    owner_note: Mapped[str] = short_text(default="")  # "con trai", as the list remarks
    position: Mapped[int] = mapped_column(default=0)  # the lowest is asked first
    row_version: Mapped[int] = mapped_column(default=1)

    household: Mapped[Household] = relationship(back_populates="contacts")
    resident: Mapped[Resident | None] = relationship()

    __mapper_args__ = {"version_id_col": row_version}

    @validates("phone")
    def _keep_tail(self, _name: str, phone: str) -> str:
        self.tail = phone[-TAIL:]
        return phone

    @property
    def details(self) -> ContactDetails:
        """The phone as an officer would enter it."""
        return ContactDetails(self.phone, self.owner, self.owner_note, self.resident_id, first=self.position == 0)


class PhoneState(Base):
    """What is known of a phone by itself, whoever it serves."""

    __tablename__ = "phone_state"

    phone: Mapped[str] = mapped_column(sa.String(16), primary_key=True)  # E.164
    opted_out_at: Mapped[datetime | None]  # None: takes our texts
    opted_out_how: Mapped[str] = short_text(default="")  # "page", "officer", "sms", "network", "erased"
    dead_at: Mapped[datetime | None]  # None: not known to be dead
    last_outcome: Mapped[str] = short_text(default="")
    last_outcome_at: Mapped[datetime | None]  # None: never written to


class RefusedPhone(Base):
    """A phone that took no texts when its owner was erased. The number itself is gone; the keyed digest knows it again
    when a list brings it back."""

    __tablename__ = "refused_phone"

    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    refused_on: Mapped[date]


class DistinctPair(Base):
    """Two people who look alike, and somebody said that they are not the same."""

    __tablename__ = "distinct_pair"
    __table_args__ = (sa.CheckConstraint("lower_id < higher_id", name="in_order"),)

    lower_id: Mapped[int] = mapped_column(sa.ForeignKey("resident.id", ondelete="CASCADE"), primary_key=True)
    higher_id: Mapped[int] = mapped_column(
        sa.ForeignKey("resident.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)  # None: a command
    at: Mapped[datetime]


class Guest(Base):
    """A cadre, speaker or related organisation's person, who belongs to no household."""

    __tablename__ = "guest"

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = foreign_key("area.id")
    full_name: Mapped[str] = short_text(NAME)
    name_search: Mapped[str] = short_text(SEARCH, index=True)
    name_sort: Mapped[str] = sort_text(SEARCH)
    title: Mapped[str] = short_text(NAME, default="")
    organisation: Mapped[str] = short_text(NAME, default="")
    phone: Mapped[str | None] = short_text(16)  # E.164; None: not known
    gender: Mapped[Gender] = mapped_column(default=Gender.UNKNOWN)
    ethnic_group: Mapped[str] = short_text(default="")
    on_state_payroll: Mapped[bool] = mapped_column(default=True)
    erased_at: Mapped[datetime | None]  # None: on file; else nothing of the guest is left but this row's number
    created_at: Mapped[datetime]

    area: Mapped[Area] = relationship()

    @property
    def subject(self) -> Subject:
        """The guest as those whose data are kept."""
        return Subject(SubjectKind.GUEST, self.id)

    @property
    def home(self) -> Area:
        """The area whose officers look after the guest's data."""
        return self.area

    @property
    def commune(self) -> Area:
        """The commune whose register holds the guest's requests."""
        return self.area

    @property
    def details(self) -> GuestDetails:
        """The guest as an officer would enter them."""
        return GuestDetails(
            full_name=self.full_name,
            title=self.title,
            organisation=self.organisation,
            phone=self.phone or "",
            gender=self.gender,
            ethnic_group=self.ethnic_group,
            on_state_payroll=self.on_state_payroll,
        )


Person = Resident | Guest
"""Whoever has rights over what is kept of them."""


class ListImport(Base):
    """One list handed in, from the file to its undoing. What an officer answers stands here at once.

    `reading` belongs to `importing`: sheets, encoding, columns. The keys of `decisions`, `corrections` and `changes`
    name a row, a cell and a difference of the file (`services.importing`).
    """

    __tablename__ = "list_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = foreign_key("area.id")  # the commune
    file_id: Mapped[int] = foreign_key("stored_file.id")
    state: Mapped[ImportState] = mapped_column(default=ImportState.READING)
    reading: Mapped[dict[str, Any]] = mapped_column(default=dict)
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)  # year, decision, hamlet_id, add_hamlets
    decisions: Mapped[dict[str, Any]] = mapped_column(default=dict)  # "new", "skip", or the id of a household
    corrections: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what should stand in a doubtful cell
    changes: Mapped[dict[str, Any]] = mapped_column(default=dict)  # whether the list's word replaces ours
    outcome: Mapped[dict[str, Any]] = mapped_column(default=dict)  # counts, and what still needs a hand
    job_id: Mapped[int | None] = foreign_key("job.id", on_delete="SET NULL")  # None: not begun, or by a command
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)  # None: a command
    imported_at: Mapped[datetime | None]  # None: not in
    undone_at: Mapped[datetime | None]  # None: not undone
    undone_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)

    area: Mapped[Area] = relationship()
    file: Mapped[StoredFile] = relationship()
    job: Mapped[Job | None] = relationship()
    created_by: Mapped[User | None] = relationship(foreign_keys=[created_by_id])
    undone_by: Mapped[User | None] = relationship(foreign_keys=[undone_by_id])


class ColumnMapping(Base):
    """What a commune has said of the columns of files with the same titles, where it differs from what we propose."""

    __tablename__ = "column_mapping"
    __table_args__ = (sa.UniqueConstraint("area_id", "shape_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = foreign_key("area.id", on_delete="CASCADE", index=False)  # the commune
    shape_key: Mapped[str] = short_text(32)
    columns: Mapped[dict[str, Any]]  # place of the column, counted from 0: the field's word, empty for none
    said_at: Mapped[datetime]
    said_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)  # None: a command


class ImportAdded(Base):
    """Rows one import has added: all ids of a table from `first_id` to `last_id`."""

    __tablename__ = "import_added"

    id: Mapped[int] = mapped_column(primary_key=True)
    list_import_id: Mapped[int] = foreign_key("list_import.id", on_delete="CASCADE")
    record: Mapped[str] = short_text()  # the table's name
    first_id: Mapped[int]
    last_id: Mapped[int]


class ImportChange(Base):
    """One field one import has changed. A citizen number stands here by its digest only."""

    __tablename__ = "import_change"
    __table_args__ = (sa.Index("ix_import_change_record", "record", "record_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    list_import_id: Mapped[int] = foreign_key("list_import.id", on_delete="CASCADE")
    record: Mapped[str] = short_text()  # the table's name
    record_id: Mapped[int]
    field: Mapped[str] = short_text()  # the column's name
    before: Mapped[str | None] = short_text(NAME)  # as text; None: was not known
    after: Mapped[str | None] = short_text(NAME)


# --- what the law on personal data asks for -------------------------------------------------------


class Consent(Base):
    """A person's yes to one purpose, with what proves it, and the day it was taken back. Rows are only ever added and
    ended: a new yes after a withdrawal is a new row."""

    __tablename__ = "consent"
    __table_args__ = (
        sa.Index(
            "uq_consent_standing",
            "resident_id",
            "purpose",
            unique=True,
            sqlite_where=sa.text("withdrawn_on IS NULL"),
            postgresql_where=sa.text("withdrawn_on IS NULL"),
        ),
        sa.Index(
            "uq_consent_standing_guest",
            "guest_id",
            "purpose",
            unique=True,
            sqlite_where=sa.text("withdrawn_on IS NULL"),
            postgresql_where=sa.text("withdrawn_on IS NULL"),
        ),
        sa.CheckConstraint("(resident_id IS NULL) <> (guest_id IS NULL)", name="one_person"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    resident_id: Mapped[int | None] = foreign_key("resident.id")
    guest_id: Mapped[int | None] = foreign_key("guest.id")
    purpose: Mapped[Purpose]
    evidence: Mapped[Evidence]
    given_on: Mapped[date]
    note: Mapped[str] = short_text(NAME, default="")  # where the paper lies, who was called
    file_id: Mapped[int | None] = foreign_key("stored_file.id")  # None: the paper is in a folder
    recorded_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)
    recorded_at: Mapped[datetime]
    withdrawn_on: Mapped[date | None]  # None: stands
    # Named by itself: a table has one check of a name, and `evidence` has taken the enum's own.
    withdrawn_evidence: Mapped[Evidence | None] = mapped_column(
        sa.Enum(
            Evidence,
            name="withdrawn_evidence",
            native_enum=False,
            length=32,
            values_callable=lambda of: [member.value for member in of],
            create_constraint=True,
        )
    )
    withdrawn_note: Mapped[str] = short_text(NAME, default="")
    withdrawn_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)
    withdrawn_at: Mapped[datetime | None]  # when that was entered

    resident: Mapped[Resident | None] = relationship()
    guest: Mapped[Guest | None] = relationship()
    file: Mapped[StoredFile | None] = relationship()
    recorded_by: Mapped[User | None] = relationship(foreign_keys=[recorded_by_id])
    withdrawn_by: Mapped[User | None] = relationship(foreign_keys=[withdrawn_by_id])

    @property
    def person(self) -> Person:
        """Who said yes."""
        person = self.resident or self.guest
        assert person is not None
        return person


class PhoneWish(Base):
    """What the owner of a phone told an officer about our texts; `PhoneState` says what holds."""

    __tablename__ = "phone_wish"

    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str] = short_text(16, index=True)  # E.164
    takes_texts: Mapped[bool]
    evidence: Mapped[Evidence]
    said_on: Mapped[date]
    note: Mapped[str] = short_text(NAME, default="")
    recorded_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)
    recorded_at: Mapped[datetime]

    recorded_by: Mapped[User | None] = relationship()


class DataRequest(Base):
    """What somebody asked about the data kept of them, until when it is answered and done, and what came of it."""

    __tablename__ = "data_request"
    __table_args__ = (sa.Index("ix_data_request_area_id", "area_id", "state", "due_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = foreign_key("area.id", index=False)  # the commune
    # Neither: not on our lists, or not found there yet.
    resident_id: Mapped[int | None] = foreign_key("resident.id")
    guest_id: Mapped[int | None] = foreign_key("guest.id")
    kind: Mapped[RequestKind]
    requester: Mapped[str] = short_text(NAME)
    relation: Mapped[str] = short_text(default="")  # empty: asks for themselves
    wording: Mapped[str] = mapped_column(sa.Text, default="")
    received_on: Mapped[date]
    received_by: Mapped[Evidence]
    with_processor: Mapped[bool] = mapped_column(default=False)
    answer_due_on: Mapped[date]
    due_on: Mapped[date]
    answered_on: Mapped[date | None]  # None: nobody told the person yet that it is taken up
    extended_on: Mapped[date | None]  # None: not extended
    extension_reason: Mapped[str] = short_text(NAME, default="")
    state: Mapped[RequestState] = mapped_column(default=RequestState.OPEN)
    closed_on: Mapped[date | None]
    refusal: Mapped[Refusal | None]
    outcome: Mapped[str] = mapped_column(sa.Text, default="")  # what was done, or why not, as told to the person
    recorded_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)
    recorded_at: Mapped[datetime]

    area: Mapped[Area] = relationship()
    resident: Mapped[Resident | None] = relationship()
    guest: Mapped[Guest | None] = relationship()
    recorded_by: Mapped[User | None] = relationship()

    @property
    def person(self) -> Person | None:
        """Whose data it is about; None: not on our lists, or erased since."""
        person = self.resident or self.guest
        return None if person is None or person.erased_at else person
