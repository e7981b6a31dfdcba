"""Files the office hands in: kept under their hash, so a name from outside is never a path."""

from __future__ import annotations

import hashlib
import os
import tempfile
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Mapped, mapped_column

from eventmgr.core.db import NAME, Base, db, foreign_key, short_text
from eventmgr.core.text import clean_text


class StoredFile(Base):
    """A kept file. Its bytes stand in `instance/files/`, named by their SHA-256."""

    __tablename__ = "stored_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = short_text(64, index=True)
    name: Mapped[str] = short_text(NAME)
    type: Mapped[str] = short_text()
    size: Mapped[int]  # bytes
    area_id: Mapped[int] = foreign_key("area.id")
    stored_at: Mapped[datetime]
    stored_by_id: Mapped[int | None] = foreign_key("app_user.id", index=False)
    removed_at: Mapped[datetime | None]  # when a rule or somebody took the bytes; None: they stand


def keep_file(content: bytes, *, name: str, type: str, area_id: int, by_id: int | None, now: datetime) -> StoredFile:
    """Keep the bytes and return their row. The file is complete on disk before the row is added."""
    digest = digest_of(content)
    target = file_path(digest)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=target.parent)
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.replace(unfinished, target)
    row = StoredFile(
        hash=digest,
        name=_plain_name(name),
        type=type,
        size=len(content),
        area_id=area_id,
        stored_at=now,
        stored_by_id=by_id,
    )
    db.session.add(row)
    db.session.flush()
    return row


def _plain_name(name: str) -> str:
    """A file's name as it is told again: one line, without the folders that some browsers send along."""
    return clean_text(name.rpartition("/")[2])[-NAME:]


def digest_of(content: bytes) -> str:
    """What the bytes are kept under."""
    return hashlib.sha256(content).hexdigest()


def file_path(digest: str) -> Path:
    """Where the bytes with this SHA-256 stand."""
    return Path(current_app.instance_path) / "files" / digest[:2] / digest


def find_file(file_id: int) -> StoredFile | None:
    """The kept file with this id, or None; also None once its bytes were taken away."""
    return db.session.scalar(sa.select(StoredFile).where(StoredFile.id == file_id, StoredFile.removed_at.is_(None)))


def remove_bytes(digest: str) -> None:
    """Take the bytes away, unless a row still keeps them: after the commit that took the last row."""
    still_kept = sa.select(StoredFile.id).where(StoredFile.hash == digest, StoredFile.removed_at.is_(None))
    if db.session.scalar(still_kept.limit(1)) is None:
        file_path(digest).unlink(missing_ok=True)
