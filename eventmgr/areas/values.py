"""Words of the areas room."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How high an area stands. Districts were abolished in 2025 and live on in old papers."""

    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"
    HAMLET = "hamlet"


LEVEL_ORDER: dict[Level, int] = {level: place for place, level in enumerate(Level)}


@dataclass(frozen=True, slots=True)
class AreaDetails:
    """What an officer says of an area. `code` is the office's own; a hamlet may have none."""

    level: Level
    name: str
    code: str | None = None
    report_to: str = ""
