"""let a reminder be sent once more for a time that a meeting comes back to"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("reminder") as batch_op:
        batch_op.add_column(sa.Column("revision", sa.Integer(), nullable=True))
    op.execute("UPDATE reminder SET revision = CASE WHEN queued > 0 THEN id ELSE 0 END")
    with op.batch_alter_table("reminder") as batch_op:
        batch_op.alter_column("revision", existing_type=sa.Integer(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("reminder") as batch_op:
        batch_op.drop_column("revision")
