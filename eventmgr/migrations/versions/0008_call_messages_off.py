"""say of a message that it was called off, and find what is due in the order it is taken"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("message") as batch_op:
        batch_op.add_column(sa.Column("called_off_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_index("ix_message_due")
        batch_op.create_index("ix_message_due", ["state", "next_attempt_at", "id"])


def downgrade() -> None:
    with op.batch_alter_table("message") as batch_op:
        batch_op.drop_index("ix_message_due")
        batch_op.create_index("ix_message_due", ["state", "next_attempt_at"])
        batch_op.drop_column("called_off_at")
