"""What the door says to an event: pure rules, without a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from eventmgr.checkin.values import Answer
from eventmgr.meetings.values import MeetingStatus


@dataclass(frozen=True, slots=True)
class Door:
    """The meeting, as far as letting people in goes. `opens_at` None: its day is not settled."""

    meeting_id: int
    status: MeetingStatus
    opens_at: datetime | None


@dataclass(frozen=True, slots=True)
class KnownCode:
    """What is on file for a code: whose meeting it is for, and whether it still stands.

    `could_know`: a phone without network knew of the withdrawal when it read the code. Who asks online always can.
    """

    meeting_id: int
    withdrawn: bool = False
    could_know: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, and a remark worth an officer's look."""

    answer: Answer
    flag: str = ""


def could_know(withdrawn_at: datetime, *, list_at: datetime | None, at: datetime) -> bool:
    """Whether a phone without network could know of a withdrawal when it read the code at `at`: by the list it had,
    which the server made at `list_at`; where it does not say, whoever scanned before the withdrawal is believed."""
    return (list_at or at) >= withdrawn_at


def judge_door(door: Door, at: datetime, *, offline: bool, let_in: bool = False) -> Verdict:
    """Whether the door is open at `at`.

    A phone without network cannot know that a meeting was called off: its event is accepted and flagged. `let_in` is
    the doorkeeper's own decision: a refused code never refuses the person. It is flagged too. A closed meeting is
    read-only for everyone.
    """
    if door.status is MeetingStatus.CLOSED:
        return Verdict(Answer.CLOSED)
    if door.status is MeetingStatus.CANCELLED:
        return Verdict(Answer.OK, "cancelled_meeting") if offline or let_in else Verdict(Answer.CANCELLED_MEETING)
    if door.opens_at is None or at < door.opens_at:
        return Verdict(Answer.OK, "not_open") if let_in else Verdict(Answer.NOT_OPEN)
    return Verdict(Answer.OK)


def judge_scan(
    door: Door, code: KnownCode | None, at: datetime, *, offline: bool = False, let_in: bool = False
) -> Verdict:
    """The answer to a code read at `at`, before asking who of the household has come already.

    `code` is None where nothing is on file, and for another meeting's code that whoever asks may not know of.
    """
    if code is None:
        return Verdict(Answer.UNKNOWN)
    if code.meeting_id != door.meeting_id:
        return Verdict(Answer.OTHER_MEETING)
    open_or_not = judge_door(door, at, offline=offline, let_in=let_in)
    if open_or_not.answer is not Answer.OK:
        return open_or_not
    if code.withdrawn:
        could_not_know = offline and not code.could_know
        return Verdict(Answer.OK, "revoked") if could_not_know else Verdict(Answer.REVOKED)
    return open_or_not
