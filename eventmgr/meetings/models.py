"""Tables of meetings and invitations."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventmgr.accounts.models import User
from eventmgr.areas.models import Area
from eventmgr.core.db import NAME, Base, foreign_key, short_text, sort_text
from eventmgr.core.text import clean_text
from eventmgr.meetings.values import (
    USUAL_REMINDERS,
    Channel,
    ContactResult,
    InviteUnit,
    MeetingStatus,
    ReminderRule,
    Rsvp,
)
from eventmgr.plans.models import Plan, Topic
from eventmgr.residents.models import Guest, Household, Resident


class Series(Base):
    """Meetings made in one go ("one meeting in every hamlet"), invited and approved together."""

    __tablename__ = "series"

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = foreign_key("area.id")
    plan_id: Mapped[int | None] = foreign_key("plan.id")  # None: outside any plan
    title: Mapped[str] = short_text(NAME)
    request_key: Mapped[str | None] = short_text(unique=True)  # of the form that made it: sent twice, made once
    created_at: Mapped[datetime]

    area: Mapped[Area] = relationship()
    plan: Mapped[Plan | None] = relationship()
    meetings: Mapped[list[Meeting]] = relationship(back_populates="series", order_by="Meeting.starts_at")


class Meeting(Base):
    """A meeting (hội nghị; to residents: họp thôn) of one or more hamlets.

    `audience_classes` empty means every household of the hamlets.
    """

    __tablename__ = "meeting"
    __table_args__ = (
        sa.CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name="ends_after_start"),
        sa.CheckConstraint("starts_at IS NOT NULL OR month IS NOT NULL", name="has_a_time"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = foreign_key("area.id")  # the commune that holds it
    plan_id: Mapped[int | None] = foreign_key("plan.id")  # None: outside any plan
    series_id: Mapped[int | None] = foreign_key("series.id")  # None: made by itself
    title: Mapped[str] = short_text(NAME)
    venue: Mapped[str] = short_text(NAME, default="")
    venue_short: Mapped[str] = short_text(60, default="")  # for texts; empty: the venue itself
    directions: Mapped[str] = short_text(NAME, default="")  # how to get there, for residents
    starts_at: Mapped[datetime | None] = mapped_column(index=True)  # None: only a month is known
    ends_at: Mapped[datetime | None]  # None: open end
    month: Mapped[date | None]  # first day of the month of a tentative meeting; None: day is known
    audience_classes: Mapped[list[str]] = mapped_column(default=list)
    invite_unit: Mapped[InviteUnit] = mapped_column(default=InviteUnit.HOUSEHOLD)
    status: Mapped[MeetingStatus]
    cancel_reason: Mapped[str] = short_text(NAME, default="")
    moved_from: Mapped[datetime | None]  # the time it was invited for before it moved; None: never moved
    changed_at: Mapped[datetime | None]  # since when what invited people had been told no longer holds; None: it does
    summary: Mapped[str] = mapped_column(sa.Text, default="")  # what was said, in three lines
    reminders: Mapped[list[str] | None]  # rules as `ReminderRule` writes them; None: the usual; empty: none
    row_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]

    area: Mapped[Area] = relationship()
    plan: Mapped[Plan | None] = relationship()
    series: Mapped[Series | None] = relationship(back_populates="meetings")
    hamlet_rows: Mapped[list[MeetingHamlet]] = relationship(
        back_populates="meeting", cascade="all, delete-orphan", order_by="MeetingHamlet.hamlet_id"
    )
    hamlets: Mapped[list[Area]] = relationship(secondary="meeting_hamlet", viewonly=True, order_by=Area.name_sort)
    topic_rows: Mapped[list[MeetingTopic]] = relationship(back_populates="meeting", cascade="all, delete-orphan")
    topics: Mapped[list[Topic]] = relationship(secondary="meeting_topic", viewonly=True)
    invitations: Mapped[list[Invitation]] = relationship(back_populates="meeting")

    __mapper_args__ = {"version_id_col": row_version}

    @property
    def reminder_rules(self) -> tuple[ReminderRule, ...]:
        """When those who were texted are reminded."""
        return USUAL_REMINDERS if self.reminders is None else tuple(map(ReminderRule.read, self.reminders))

    def is_elsewhere(self, venue: str, venue_short: str) -> bool:
        """Whether this is another place than people were told: in full, or as texts name it."""
        told = (self.venue, self.venue_short or self.venue)
        return (clean_text(venue), clean_text(venue_short) or clean_text(venue)) != told


class Reminder(Base):
    """A reminder that was due and dealt with.

    The unique key lets three workers meet the same hour and make one send. A meeting that moves has another
    `starts_at`, so its reminders come due anew; for a time it comes back to, one made before that change counts no more.
    """

    __tablename__ = "reminder"
    __table_args__ = (sa.UniqueConstraint("meeting_id", "starts_at", "rule"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = foreign_key("meeting.id", index=False)
    starts_at: Mapped[datetime]  # of the meeting, as it was then
    rule: Mapped[str] = short_text(16)  # as `ReminderRule` writes it
    made_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=0)  # of its texts in the outbox; 0: it has none
    queued: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = short_text(default="")  # why no text could be written, a code; empty: none


class MeetingHamlet(Base):
    """A hamlet that a meeting serves. A joint meeting counts once in the total and once for each."""

    __tablename__ = "meeting_hamlet"

    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id", ondelete="CASCADE"), primary_key=True)
    hamlet_id: Mapped[int] = mapped_column(sa.ForeignKey("area.id"), primary_key=True, index=True)

    meeting: Mapped[Meeting] = relationship(back_populates="hamlet_rows")
    hamlet: Mapped[Area] = relationship()


class MeetingTopic(Base):
    """A topic of the plan that a meeting is about."""

    __tablename__ = "meeting_topic"

    meeting_id: Mapped[int] = mapped_column(sa.ForeignKey("meeting.id", ondelete="CASCADE"), primary_key=True)
    topic_id: Mapped[int] = mapped_column(sa.ForeignKey("topic.id"), primary_key=True, index=True)

    meeting: Mapped[Meeting] = relationship(back_populates="topic_rows")
    topic: Mapped[Topic] = relationship()


class Invitation(Base):
    """A household or a guest is asked to a meeting: one code, one channel, one answer."""

    __tablename__ = "invitation"
    __table_args__ = (
        sa.UniqueConstraint("meeting_id", "household_id"),
        sa.UniqueConstraint("meeting_id", "guest_id"),
        sa.CheckConstraint("(household_id IS NULL) <> (guest_id IS NULL)", name="one_invitee"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = foreign_key("meeting.id", index=False)
    household_id: Mapped[int | None] = foreign_key("household.id")
    guest_id: Mapped[int | None] = foreign_key("guest.id")
    code: Mapped[str] = sort_text(16, unique=True)  # core.codes: random, never derived
    code_renewed_at: Mapped[datetime | None]  # when a retention rule replaced the code; None: as it was given out
    channel: Mapped[Channel]
    rsvp: Mapped[Rsvp] = mapped_column(default=Rsvp.NONE)
    rsvp_at: Mapped[datetime | None]  # None: has not answered
    invited_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]  # None: the page was never opened
    withdrawn_at: Mapped[datetime | None]  # None: stands
    merged_into_id: Mapped[int | None] = foreign_key("invitation.id")  # its household was another: whose code opens

    meeting: Mapped[Meeting] = relationship(back_populates="invitations")
    household: Mapped[Household | None] = relationship()
    guest: Mapped[Guest | None] = relationship()
    members: Mapped[list[InvitationMember]] = relationship(
        back_populates="invitation", cascade="all, delete-orphan", order_by="InvitationMember.resident_id"
    )
    outcomes: Mapped[list[ContactOutcome]] = relationship(back_populates="invitation", order_by="ContactOutcome.id")

    @property
    def named(self) -> list[InvitationMember]:
        """Whom it names, without those who have moved away or died since."""
        return [member for member in self.members if member.resident.left_on is None]


class InvitationMember(Base):
    """A person named on a household's invitation."""

    __tablename__ = "invitation_member"

    invitation_id: Mapped[int] = mapped_column(sa.ForeignKey("invitation.id", ondelete="CASCADE"), primary_key=True)
    resident_id: Mapped[int] = mapped_column(sa.ForeignKey("resident.id"), primary_key=True, index=True)
    rsvp: Mapped[Rsvp] = mapped_column(default=Rsvp.NONE)

    invitation: Mapped[Invitation] = relationship(back_populates="members")
    resident: Mapped[Resident] = relationship()


class ContactOutcome(Base):
    """What came of telling somebody by a channel; only a confirmed contact counts as reached."""

    __tablename__ = "contact_outcome"

    id: Mapped[int] = mapped_column(primary_key=True)
    invitation_id: Mapped[int] = foreign_key("invitation.id")
    channel: Mapped[Channel]
    result: Mapped[ContactResult]
    by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)  # None: the network's report
    at: Mapped[datetime]

    invitation: Mapped[Invitation] = relationship(back_populates="outcomes")
    by: Mapped[User | None] = relationship()
