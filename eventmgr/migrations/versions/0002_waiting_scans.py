"""events at the door carry a flag and what they said, and are settled by an officer"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SCAN = sa.table(
    "scan",
    sa.column("id", sa.Integer),
    sa.column("people", sa.JSON),
    sa.column("told", sa.JSON),
    sa.column("held", sa.Boolean),
    sa.column("flag", sa.String),
    sa.column("note", sa.String),
)
NOBODY = [{"household": "", "household_id": None, "hint": ""}]

# Added and dropped by ALTER on SQLite, too: the table would be copied otherwise, and attendances point at its rows.
ADDED = (
    sa.Column("flag", sa.String(length=32), server_default="", nullable=False),
    sa.Column("told", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("clock_offset_ms", sa.BigInteger(), server_default="0", nullable=False),
    sa.Column("undoes", sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
    sa.Column("settled_how", sa.String(length=16), server_default="", nullable=False),
    sa.Column("settle_reason", sa.String(length=200), server_default="", nullable=False),
)


def upgrade() -> None:
    for column in ADDED:
        op.add_column("scan", column)
    op.create_index(
        "ix_scan_waiting",
        "scan",
        ["meeting_id"],
        sqlite_where=sa.text("held = 1 AND settled_at IS NULL"),
        postgresql_where=sa.text("held AND settled_at IS NULL"),
    )
    connection = op.get_bind()
    for row in connection.execute(sa.select(SCAN.c.id, SCAN.c.people).where(SCAN.c.held)).all():
        told = row.people[0] if row.people else None
        connection.execute(sa.update(SCAN).where(SCAN.c.id == row.id).values(told=told, people=NOBODY))
    for row in connection.execute(sa.select(SCAN.c.id, SCAN.c.note).where(SCAN.c.note.like("[%"))).all():
        flag, closed, note = row.note[1:].partition("]")
        if closed and flag in ("revoked", "cancelled_meeting", "not_open"):
            connection.execute(sa.update(SCAN).where(SCAN.c.id == row.id).values(flag=flag, note=note.strip()))


def downgrade() -> None:
    connection = op.get_bind()
    held = sa.select(SCAN.c.id, SCAN.c.told).where(SCAN.c.held, SCAN.c.told.is_not(None))
    for row in connection.execute(held).all():
        connection.execute(sa.update(SCAN).where(SCAN.c.id == row.id).values(people=[row.told]))
    for row in connection.execute(sa.select(SCAN.c.id, SCAN.c.flag, SCAN.c.note).where(SCAN.c.flag != "")).all():
        note = f"[{row.flag}] {row.note}"[:200]
        connection.execute(sa.update(SCAN).where(SCAN.c.id == row.id).values(note=note))
    op.drop_index("ix_scan_waiting", table_name="scan")
    for column in reversed(ADDED):
        op.execute(f"ALTER TABLE scan DROP COLUMN {column.name}")
