"""Words of the home room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class MeetingLine:
    """A meeting as Today shows it. `coming` counts those who said that they, or one of the family, will come."""

    id: int
    title: str
    hamlets: tuple[str, ...]
    venue: str
    starts_at: datetime | None
    month: date | None
    invited: int
    reached: int
    coming: int

    @property
    def not_reached(self) -> int:
        """Whom nobody is known to have told yet."""
        return self.invited - self.reached


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan as Today shows it; `target` None where none was set."""

    id: int
    title: str
    held: int
    target: int | None
    planned: int
    attendances: int


@dataclass(frozen=True, slots=True)
class LostTexts:
    """Texts of one batch whose people should be told in another way, before their meeting begins."""

    batch_id: int
    title: str
    unknown: int
    failed: int


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """What a new office has done already."""

    has_residents: bool
    has_plan: bool
    has_meetings: bool

    @property
    def are_done(self) -> bool:
        """Whether the office has begun to work."""
        return self.has_residents and self.has_plan and self.has_meetings


@dataclass(frozen=True, slots=True)
class WaitingApproval:
    """Texts that wait for a leader's yes."""

    id: int
    titles: tuple[str, ...]
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request about personal data that waits for its answer, or is due."""

    id: int
    to_answer: bool
    due_on: date
    overdue: bool


@dataclass(frozen=True, slots=True)
class WaitingAtDoor:
    """A meeting at whose door events wait for an officer."""

    meeting_id: int
    title: str
    count: int


@dataclass(frozen=True, slots=True)
class Today:
    """All that the page Today tells one person."""

    steps: FirstSteps | None  # None: the person does not set up an office
    coming: tuple[MeetingLine, ...]
    approvals: tuple[WaitingApproval, ...]
    lost: tuple[LostTexts, ...]
    to_finish: tuple[MeetingLine, ...]  # over, with no minutes yet
    without_sms: int  # households that no text reaches, counted up to `COUNT_STOPS_AT` + 1
    requests: tuple[RequestLine, ...]
    at_door: tuple[WaitingAtDoor, ...]
    plans: tuple[PlanLine, ...]
