"""What the law on personal data asks of the office, as values: purposes, evidence, requests and their days.

Source: Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15 and Nghị định 356/2025/NĐ-CP, both in force from 1/1/2026.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from eventmgr.core.registry import Subject


class Basis(StrEnum):
    """Why the office may keep something."""

    PUBLIC_TASK = "public_task"  # Luật 91/2025/QH15, Điều 19(1)(c): the work of state agencies under law
    CONSENT = "consent"


class Purpose(StrEnum):
    """What a person can say yes or no to, each by itself. The programme's own lists need no yes."""

    SMS = "sms"
    PHOTOS = "photos"
    OTHER_PROGRAMMES = "other_programmes"


class Evidence(StrEnum):
    """How somebody said so, in a form that can be shown later. Silence is none."""

    PAPER = "paper"
    CALL = "call"
    SMS = "sms"
    WEB = "web"
    IN_PERSON = "in_person"


CONSENT_EVIDENCE = (Evidence.PAPER, Evidence.CALL, Evidence.SMS, Evidence.WEB)
"""What proves a consent; a word at the door is enough for a no, never for a yes."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody said, when, and how it can be shown."""

    evidence: Evidence
    said_on: date
    note: str = ""
    file_id: int | None = None


class RequestKind(StrEnum):
    """What a person may ask about the data kept of them."""

    WITHDRAW = "withdraw"
    RESTRICT = "restrict"
    OBJECT = "object"
    ACCESS = "access"
    CORRECT = "correct"
    PROVIDE = "provide"
    ERASE = "erase"


class RequestState(StrEnum):
    """How far a request is."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"


class Refusal(StrEnum):
    """Why the office may say no."""

    PUBLIC_TASK = "public_task"  # Điều 19: data kept for the work of a state agency
    LAW_REQUIRES_KEEPING = "law_requires_keeping"
    NOT_THEIRS = "not_theirs"  # who asked is neither the person nor acts for them
    NOTHING_KEPT = "nothing_kept"


ANSWER_WORKING_DAYS = 2
"""Within how many working days a person is told that the request is taken up (NĐ 356/2025/NĐ-CP)."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """Within how many days a request is carried out, and with a processor (the SMS company) in between."""

    days: int
    with_processor: int


DEADLINES: dict[RequestKind, Deadline] = {
    RequestKind.WITHDRAW: Deadline(15, 20),
    RequestKind.RESTRICT: Deadline(15, 20),
    RequestKind.OBJECT: Deadline(15, 20),
    RequestKind.ACCESS: Deadline(10, 15),
    RequestKind.CORRECT: Deadline(10, 15),
    RequestKind.PROVIDE: Deadline(10, 15),
    RequestKind.ERASE: Deadline(20, 30),
}
"""Source: Nghị định 356/2025/NĐ-CP on the time limits of Luật 91/2025/QH15, Điều 4. One extension of as many days."""


@dataclass(frozen=True, slots=True)
class RequestDetails:
    """A request as an officer enters it. `about` None: the person is not on our lists, or not found yet."""

    kind: RequestKind
    requester: str
    received_on: date
    received_by: Evidence
    about: Subject | None = None
    relation: str = ""
    wording: str = ""
    with_processor: bool = False


ERASED = "(đã xóa)"
"""What stands where a name was. It is stored like a name, so it is in the office's language."""


def erased_name(number: int) -> str:
    """As ERASED, where different people must stay different (a stand-in is known by the name alone)."""
    return f"{ERASED} {number}"
