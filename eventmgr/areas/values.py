"""Words of the areas room."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from eventmgr.core.text import clean_text, display_name, search_key


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


# Words for "hamlet" that lists write before a name. Bản is left out: it is often part of the name.
_LEVEL_WORD = re.compile(
    r"(thôn|thon|xóm|xom|ấp|tổ dân phố|to dan pho|khu phố|khu pho|tdp)\s+(?=[^\W\d_]{2})", re.IGNORECASE
)


def hamlet_name(written: str) -> str:
    """A hamlet's name as we keep it: `Thôn Bản Mẫu Một` is `Bản Mẫu Một`; `Thôn 2` stays, as 2 alone is no name."""
    name = (
        _LEVEL_WORD.sub("", clean_text(written), count=1)
        if _LEVEL_WORD.match(clean_text(written))
        else clean_text(written)
    )
    return display_name(name) if name.isupper() or name.islower() else name


def hamlet_key(written: str) -> str:
    """What two ways of writing one hamlet have in common: `THÔN BẢN MẪU MỘT`, `bản mẫu một`."""
    return search_key(hamlet_name(written))
