"""Tables of the door."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventmgr.accounts.models import User
from eventmgr.areas.models import Area
from eventmgr.checkin.values import Answer, Method, Signed, corrected
from eventmgr.core.db import NAME, Base, foreign_key, short_text, sort_text
from eventmgr.meetings.models import Invitation, Meeting
from eventmgr.residents.models import Guest, Household, Resident
from eventmgr.residents.values import Gender, PovertyClass


def good_until(expires_at: datetime, follows_end: datetime | None, end: datetime | None) -> datetime:
    """When a phone may scan no more: a meeting that moves, and now ends at `end`, takes its phones along."""
    return expires_at + (end - follows_end) if end and follows_end else expires_at


class Device(Base):
    """A phone paired by QR or link for one meeting or one hamlet, with an end; revocable."""

    __tablename__ = "device"
    __table_args__ = (sa.CheckConstraint("meeting_id IS NOT NULL OR hamlet_id IS NOT NULL", name="has_a_purpose"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = short_text()
    meeting_id: Mapped[int | None] = foreign_key("meeting.id")
    hamlet_id: Mapped[int | None] = foreign_key("area.id")
    pairing_digest: Mapped[str | None] = short_text(64, unique=True)  # None once it is used without a key of its own
    token_digest: Mapped[str | None] = short_text(64, unique=True)  # None until it is paired
    created_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)
    created_at: Mapped[datetime]
    paired_at: Mapped[datetime | None]  # None: waiting for its phone
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]  # None: may scan until it expires
    last_seen_at: Mapped[datetime | None]  # None: never yet
    unsent: Mapped[int | None]  # events it still held when it last said so; None: it never has
    unsent_at: Mapped[datetime | None]  # when it said so
    follows_end: Mapped[datetime | None]  # the meeting's end when expires_at was settled; None: a hamlet's phone

    meeting: Mapped[Meeting | None] = relationship()
    hamlet: Mapped[Area | None] = relationship()
    created_by: Mapped[User | None] = relationship()

    @property
    def good_until(self) -> datetime:
        """When it may scan no more."""
        end = (self.meeting.ends_at or self.meeting.starts_at) if self.meeting else None
        return good_until(self.expires_at, self.follows_end, end)


class Scan(Base):
    """Every event at the door, refused ones too, with the answer given.

    `source` is "device:3" or "user:7"; `event_id` is made there before sending, so repeating an
    event returns the first answer and changes nothing.
    """

    __tablename__ = "scan"
    __table_args__ = (
        sa.UniqueConstraint("source", "event_id"),
        sa.Index(  # few wait among hundreds of thousands; each database writes the condition its own way
            "ix_scan_waiting",
            "meeting_id",
            sqlite_where=sa.text("held = 1 AND settled_at IS NULL"),
            postgresql_where=sa.text("held AND settled_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = foreign_key("meeting.id")
    source: Mapped[str] = short_text(32)
    event_id: Mapped[str] = short_text(64)
    code: Mapped[str] = short_text()  # as core.codes writes it, else as read; empty: no code
    method: Mapped[Method]
    answer: Mapped[Answer]
    people: Mapped[list[Any]] = mapped_column(sa.JSON)  # what was answered for each person, to repeat it
    scanned_at: Mapped[datetime]  # by the device's clock
    received_at: Mapped[datetime]  # by the server's
    offline: Mapped[bool] = mapped_column(default=False)
    held: Mapped[bool] = mapped_column(default=False)  # could not be taken as it came: an officer looks
    note: Mapped[str] = short_text(NAME, default="")
    flag: Mapped[str] = short_text(32, default="")  # why an accepted event is worth a look; empty: nothing odd
    told: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))  # what a held event said
    clock_offset_ms: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # what the device's clock lacked
    undoes: Mapped[bool] = mapped_column(default=False)  # takes attendances back instead of letting in
    settled_at: Mapped[datetime | None]  # None: was not held, or waits; who settled it is in the audit
    settled_how: Mapped[str] = short_text(16, default="")  # values.Settled; empty: was not held, or waits
    settle_reason: Mapped[str] = short_text(NAME, default="")

    meeting: Mapped[Meeting] = relationship()

    @property
    def happened_at(self) -> datetime:
        """When it was, by the device's clock as corrected by what it lacked, and never after it was received."""
        return corrected(self.scanned_at, timedelta(milliseconds=self.clock_offset_ms), self.received_at)


def _while_standing(name: str, *columns: str, also: str = "") -> sa.Index:
    condition = sa.text("undone_at IS NULL" + also)
    return sa.Index(name, *columns, unique=True, sqlite_where=condition, postgresql_where=condition)


class Attendance(Base):
    """Somebody came. Hamlet, class, gender, minority and payroll are a snapshot: later moves,
    erasures and decisions never change past figures."""

    __tablename__ = "attendance"
    __table_args__ = (
        _while_standing("uq_attendance_resident", "meeting_id", "resident_id"),
        _while_standing("uq_attendance_guest", "meeting_id", "guest_id"),
        # One unnamed representative of a household (nobody of the household is named on the row).
        _while_standing(
            "uq_attendance_household",
            "meeting_id",
            "household_id",
            also=" AND resident_id IS NULL AND walk_in_name = '' AND proxy_name = ''",
        ),
        sa.Index("ix_attendance_household", "household_id"),
        sa.Index("ix_attendance_meeting", "meeting_id", "undone_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = foreign_key("meeting.id", index=False)
    scan_id: Mapped[int | None] = foreign_key("scan.id")  # None: entered without an event
    invitation_id: Mapped[int | None] = foreign_key("invitation.id")  # None: was not invited
    household_id: Mapped[int | None] = foreign_key("household.id", index=False)
    resident_id: Mapped[int | None] = foreign_key("resident.id", index=False)
    guest_id: Mapped[int | None] = foreign_key("guest.id", index=False)
    walk_in_name: Mapped[str] = short_text(NAME, default="")
    proxy_name: Mapped[str] = short_text(NAME, default="")  # who came instead
    relation: Mapped[str] = short_text(default="")
    method: Mapped[Method]
    signed: Mapped[Signed] = mapped_column(default=Signed.NOT)  # on the paper sheet
    attended_at: Mapped[datetime]
    operator_id: Mapped[int | None] = foreign_key("app_user.id", index=False)
    device_id: Mapped[int | None] = foreign_key("device.id", index=False)
    undone_at: Mapped[datetime | None]  # None: stands
    undone_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)
    undone_source: Mapped[str] = short_text(32, default="")  # "device:3", as in Scan: who took it back at the door
    undo_reason: Mapped[str] = short_text(NAME, default="")
    # The snapshot.
    hamlet_id: Mapped[int | None] = foreign_key("area.id", index=False)
    poverty_class: Mapped[PovertyClass] = mapped_column(default=PovertyClass.OTHER)
    gender: Mapped[Gender] = mapped_column(default=Gender.UNKNOWN)
    is_minority: Mapped[bool | None]  # None: not known
    on_state_payroll: Mapped[bool] = mapped_column(default=False)

    meeting: Mapped[Meeting] = relationship()
    household: Mapped[Household | None] = relationship()
    resident: Mapped[Resident | None] = relationship()
    guest: Mapped[Guest | None] = relationship()
    invitation: Mapped[Invitation | None] = relationship()
    hamlet: Mapped[Area | None] = relationship()
    device: Mapped[Device | None] = relationship()


class Headcount(Base):
    """How many were counted on the spot: a correction beside the list, never instead of it."""

    __tablename__ = "headcount"
    __table_args__ = (sa.CheckConstraint("number >= 0", name="is_a_count"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = foreign_key("meeting.id", unique=True)
    number: Mapped[int | None]  # None: taken back
    reason: Mapped[str] = short_text(NAME)
    counted_at: Mapped[datetime]
    counted_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)

    meeting: Mapped[Meeting] = relationship()
    counted_by: Mapped[User | None] = relationship()


class SheetLine(Base):
    """A numbered line of a meeting's attendance sheet (danh sách đại biểu), for a household's representative, a named
    person or a guest. Paper that was passed round cannot be renumbered: a number is given once, when the line is first
    printed; who is invited later comes at the end."""

    __tablename__ = "sheet_line"
    __table_args__ = (sa.UniqueConstraint("meeting_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = foreign_key("meeting.id", index=False)
    number: Mapped[int]
    invitation_id: Mapped[int] = foreign_key("invitation.id")
    resident_id: Mapped[int | None] = foreign_key("resident.id")  # None: the household's representative, or a guest

    invitation: Mapped[Invitation] = relationship()
    resident: Mapped[Resident | None] = relationship()


class SelfCheckIn(Base):
    """People may check themselves in at this meeting, by a QR that hangs in the hall or stands on a screen."""

    __tablename__ = "self_check_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = foreign_key("meeting.id", unique=True)
    code: Mapped[str] = sort_text(16, unique=True)  # core.codes: random, never derived
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]  # None: open

    meeting: Mapped[Meeting] = relationship()
