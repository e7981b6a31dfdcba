"""The office's own wordings: which hold, how they are kept, which are registered at the networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _

from eventmgr.areas.models import Area
from eventmgr.core.audit import record_audit
from eventmgr.core.db import db, locked
from eventmgr.core.errors import NotFound, RuleBroken
from eventmgr.core.settings import REGISTERED_TEXTS_ONLY, setting
from eventmgr.core.text import clean_text
from eventmgr.messaging.models import LibraryText
from eventmgr.messaging.segments import characters_forcing_ucs2
from eventmgr.messaging.texts import (
    DEFAULT_WORDINGS,
    NOTICE_PLACEHOLDERS,
    NOTICES,
    TextPurpose,
    UnknownPlaceholder,
    Wording,
    language_key,
    placeholders_in,
)


class PlainHasMarks(RuleBroken):
    """A text meant to go without diacritics has characters that no cheap text can carry. Fact: `characters`."""

    code = "plain_has_marks"
    sentence = _("These characters cannot stand in a text without diacritics: %(characters)s")


class TextNotRegistered(RuleBroken):
    """The office's sender name takes registered texts only, and this one is not marked. Facts: `field`, `text`."""

    code = "text_not_registered"
    sentence = _(
        "Our sender name takes registered texts only, and this one is not marked as registered: “%(text)s” "
        "Choose a registered wording, or mark it under Messages, Wordings."
    )


@dataclass(frozen=True, slots=True)
class KeptText:
    """What holds for a purpose in an area."""

    purpose: TextPurpose
    wording: Wording
    own: bool  # the office's, not the usual one
    registered_on: date | None
    language: str = ""  # empty: Vietnamese


def kept_texts(area_path: str) -> dict[TextPurpose, KeptText]:
    """The Vietnamese texts that hold in the area at this path: the nearest office's own, else the usual one."""
    rows = _rows(area_path, LibraryText.language_key == "")
    nearest = {row.purpose: row for row in rows}
    return {purpose: _kept(purpose, nearest.get(purpose)) for purpose in TextPurpose}


def kept_versions(area_path: str) -> dict[str, dict[TextPurpose, KeptText]]:
    """The versions in further languages that hold in the area at this path, by the language's key."""
    versions: dict[str, dict[TextPurpose, KeptText]] = {}
    for row in _rows(area_path, LibraryText.language_key != ""):
        versions.setdefault(row.language_key, {})[row.purpose] = _kept(row.purpose, row)
    return dict(sorted(versions.items()))


def _rows(area_path: str, which: sa.ColumnElement[bool]) -> list[LibraryText]:
    """What the offices above and at this path keep, the nearest last."""
    area_ids = [int(step) for step in area_path.split("/") if step]
    rows = db.session.scalars(sa.select(LibraryText).where(LibraryText.area_id.in_(area_ids), which))
    return sorted(rows, key=lambda row: area_ids.index(row.area_id))


def _kept(purpose: TextPurpose, row: LibraryText | None) -> KeptText:
    if row is None:
        return KeptText(purpose, DEFAULT_WORDINGS[purpose], own=False, registered_on=None)
    return KeptText(
        purpose, Wording(row.marked, row.plain), own=True, registered_on=row.registered_on, language=row.language
    )


def wordings_of(area_path: str) -> dict[TextPurpose, Wording]:
    """The wordings that hold in the area at this path."""
    return {purpose: kept.wording for purpose, kept in kept_texts(area_path).items()}


def check_registered(area_path: str, templates: Mapping[str, str], on: date) -> None:
    """Refuse templates (by their field) that are not registered, where the sender name needs it. Compared is what was
    registered, before it is filled in. Raises TextNotRegistered."""
    if not setting(area_path, REGISTERED_TEXTS_ONLY, on):
        return
    kept = [*kept_texts(area_path).values()]
    kept += [text for texts in kept_versions(area_path).values() for text in texts.values()]
    registered = {
        " ".join(form.split())
        for text in kept
        if text.registered_on is not None and text.registered_on <= on
        for form in (text.wording.marked, text.wording.plain)
    }
    for field, template in templates.items():
        if " ".join(template.split()) not in registered:
            raise TextNotRegistered(field=field, text=template)


def check_wording(purpose: TextPurpose, text: str) -> None:
    """Refuse what could not be filled in for this purpose. Raises UnknownPlaceholder."""
    for name in placeholders_in(text):
        if purpose in NOTICES and name not in NOTICE_PLACEHOLDERS:
            raise UnknownPlaceholder(placeholder=f"{{{name}}}")


def keep_text(
    area: Area,
    purpose: TextPurpose,
    wording: Wording,
    *,
    language: str = "",
    registered_on: date | None = None,
    by: Any,
    now: datetime,
) -> None:
    """From now on the area's texts of this purpose say this, in Vietnamese or in the `language` so called.

    A text that differs from what was kept loses its registration: the day given counts only for the text as it was.
    Raises UnknownPlaceholder, PlainHasMarks.
    """
    key = language_key(language)
    wording = Wording(" ".join(wording.marked.split()), " ".join(wording.plain.split()))
    check_wording(purpose, wording.marked)
    check_wording(purpose, wording.plain)
    if forcing := characters_forcing_ucs2(wording.plain):
        raise PlainHasMarks(characters=" ".join(forcing))
    row = _row(area, purpose, key)
    before = _kept(purpose, row)
    if row is None:
        row = LibraryText(area_id=area.id, purpose=purpose, language_key=key)
        db.session.add(row)
    row.language = clean_text(language) if key else ""
    row.marked, row.plain = wording.marked, wording.plain
    row.registered_on = registered_on if before.wording == wording else None
    row.changed_at, row.changed_by_id = now, getattr(by, "id", None)
    db.session.flush()
    record_audit(
        "keep_text",
        f"library_text:{row.id}",
        by=by,
        now=now,
        area_id=area.id,
        before={"marked": before.wording.marked, "plain": before.wording.plain},
        after={"marked": row.marked, "plain": row.plain, "registered": row.registered_on is not None},
    )


def drop_version(area: Area, purpose: TextPurpose, language: str, *, by: Any, now: datetime) -> None:
    """Take the area's version in a language out: those people get the Vietnamese text. Raises NotFound."""
    key = language_key(language)
    row = _row(area, purpose, key) if key else None
    if row is None:
        raise NotFound
    record_audit(
        "drop_version",
        f"library_text:{row.id}",
        by=by,
        now=now,
        area_id=area.id,
        before={"language": row.language, "marked": row.marked, "plain": row.plain},
    )
    db.session.delete(row)
    db.session.flush()


def _row(area: Area, purpose: TextPurpose, key: str) -> LibraryText | None:
    return db.session.scalar(
        locked(
            sa.select(LibraryText).where(
                LibraryText.area_id == area.id, LibraryText.purpose == purpose, LibraryText.language_key == key
            )
        )
    )
