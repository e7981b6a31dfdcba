"""stand-ins of one household are told apart by name; an undo says which phone it came from"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BEFORE = sa.text("undone_at IS NULL AND resident_id IS NULL AND walk_in_name = ''")
NOW = sa.text("undone_at IS NULL AND resident_id IS NULL AND walk_in_name = '' AND proxy_name = ''")


def _unnamed_once(condition: sa.TextClause) -> None:
    op.create_index(
        "uq_attendance_household",
        "attendance",
        ["meeting_id", "household_id"],
        unique=True,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def upgrade() -> None:
    # By ALTER on SQLite, too: copying the table would take its checks away.
    op.add_column("attendance", sa.Column("undone_source", sa.String(length=32), server_default="", nullable=False))
    op.drop_index("uq_attendance_household", table_name="attendance")
    _unnamed_once(NOW)


def downgrade() -> None:
    op.drop_index("uq_attendance_household", table_name="attendance")
    # Of several stand-ins of one household the first stays standing: the old key holds no more.
    op.execute(
        "UPDATE attendance SET undone_at = attended_at, undo_reason = 'named' WHERE undone_at IS NULL"
        " AND resident_id IS NULL AND walk_in_name = '' AND household_id IS NOT NULL AND EXISTS (SELECT 1"
        " FROM attendance earlier WHERE earlier.meeting_id = attendance.meeting_id AND earlier.undone_at IS NULL"
        " AND earlier.household_id = attendance.household_id AND earlier.resident_id IS NULL"
        " AND earlier.walk_in_name = '' AND earlier.id < attendance.id)"
    )
    _unnamed_once(BEFORE)
    op.execute("ALTER TABLE attendance DROP COLUMN undone_source")
