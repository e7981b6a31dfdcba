"""phones say what they have not sent yet, and their time follows the meeting's end"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# By ALTER on SQLite, too: attendances point at the table's rows, so it cannot be copied.
ADDED = (
    sa.Column("unsent", sa.Integer(), nullable=True),
    sa.Column("unsent_at", sa.DateTime(timezone=True), nullable=True),
    sa.Column("follows_end", sa.DateTime(timezone=True), nullable=True),
)


def upgrade() -> None:
    for column in ADDED:
        op.add_column("device", column)
    op.execute(
        "UPDATE device SET follows_end = (SELECT coalesce(meeting.ends_at, meeting.starts_at) FROM meeting"
        " WHERE meeting.id = device.meeting_id) WHERE meeting_id IS NOT NULL"
    )


def downgrade() -> None:
    for column in reversed(ADDED):
        op.execute(f"ALTER TABLE device DROP COLUMN {column.name}")
