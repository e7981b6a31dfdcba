"""Making the invented commune."""

from __future__ import annotations

from datetime import datetime
from random import Random

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.checkin.services.pairing import pair_device
from eventmgr.core.db import Base, change_rows, db
from eventmgr.core.errors import NotFound, RuleBroken
from eventmgr.demo import queries
from eventmgr.demo.services.campaign import (
    Codes,
    invite,
    plan_meetings,
    timetable,
)
from eventmgr.demo.services.door import Door
from eventmgr.demo.services.office import COMMUNE_CODE, open_office
from eventmgr.demo.services.people import add_guests, settle_people
from eventmgr.demo.services.planning import write_plan
from eventmgr.demo.services.sending import Post
from eventmgr.demo.values import DemoLoaded, DemoSize
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.values import MeetingStatus

MOST_HOUSEHOLDS = 20_000
MOST_HAMLETS = 200
MOST_MEETINGS = 400


class NotADemo(RuleBroken):
    """The database holds a real office: nothing invented may come near it."""

    code = "not_a_demo"
    sentence = _("This installation already holds an office's own data. The demo is loaded into an empty one only.")


class DemoTooLarge(RuleBroken):
    """More than a demo is for, or nothing at all."""

    code = "demo_too_large"
    sentence = _("A demo has 1 to %(households)s households, 1 to %(hamlets)s hamlets and 1 to %(meetings)s meetings.")


class DemoMeetingUnknown(NotFound):
    """There is no such meeting in the demo."""

    code = "demo_meeting_unknown"
    sentence = _("The demo has no such meeting.")


def load_demo(size: DemoSize, now: datetime) -> DemoLoaded:
    """Fill an empty database with the invented commune; a demo that is there already begins anew.

    Raises NotADemo, DemoTooLarge.
    """
    if not (
        0 < size.households <= MOST_HOUSEHOLDS
        and 0 < size.hamlets <= MOST_HAMLETS
        and 0 < size.meetings <= MOST_MEETINGS
    ):
        raise DemoTooLarge(households=MOST_HOUSEHOLDS, hamlets=MOST_HAMLETS, meetings=MOST_MEETINGS)
    make_room()
    chance = Random(size.seed)
    office = open_office(size.hamlets, now)
    homes = settle_people(office, size.households, chance, now)
    guests = add_guests(office, chance, now)
    plan = write_plan(office, homes, now)
    gatherings = plan_meetings(plan, office, timetable(office, size.meetings, now), now)
    codes, post, door = Codes(chance), Post(office, chance, now), Door(office, chance)
    waiting = []
    for gathering in gatherings:
        if not gathering.slot.is_invited:
            continue
        invited = invite(gathering, homes, guests, codes, chance, now)
        if gathering.slot.awaits_approval:
            waiting.append((gathering, invited))
            continue
        post.send_invitations(gathering, invited)
        if gathering.slot.status in (MeetingStatus.HELD, MeetingStatus.CLOSED):
            door.let_in(gathering, invited)
    post.ask_for_series(waiting)
    post.take_answers()
    db.session.flush()
    next_meeting = next(gathering for gathering in gatherings if gathering.slot.status is MeetingStatus.SCHEDULED)
    return DemoLoaded(plan.id, next_meeting.id, COMMUNE_CODE, office.users)


def pair_with_demo(meeting_id: int, now: datetime) -> str:
    """The token of a phone paired with a meeting of the demo. Raises NotADemo, DemoMeetingUnknown."""
    if not queries.holds_demo():
        raise NotADemo
    meeting = db.session.get(Meeting, meeting_id)
    if meeting is None:
        raise DemoMeetingUnknown
    return pair_device(meeting, now=now, label="demo")


def make_room() -> None:
    """Take away an earlier demo. Raises NotADemo where there is anything else."""
    if queries.is_empty():
        return
    if not queries.holds_demo():
        raise NotADemo
    # Areas and topics stand below others of their own table: from the leaves up.
    for table in reversed(Base.metadata.sorted_tables):
        if table.c.get("parent_id") is not None:
            above = table.alias()
            while change_rows(
                sa.delete(table).where(
                    table.c.id.not_in(sa.select(above.c.parent_id).where(above.c.parent_id.is_not(None)))
                )
            ):
                pass
        else:
            db.session.execute(sa.delete(table))
    db.session.expunge_all()
