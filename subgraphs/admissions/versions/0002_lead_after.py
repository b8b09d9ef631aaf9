"""the day after which an admission can be an overstay lead, so that an index finds the leads"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change; what is there is put on the list generously, as ``lead_statement`` weighs it again."""
    op.add_column("admissions", sa.Column("lead_after", sa.Date(), nullable=True))
    op.create_index(op.f("ix_admissions_lead_after"), "admissions", ["lead_after"], unique=False)
    op.execute("UPDATE admissions SET lead_after = stay_until WHERE stay_kind = 'DATE'")
    op.execute(
        "UPDATE admissions SET lead_after = '1900-01-01' WHERE i94_number IN (SELECT i94_number FROM overstay_findings)"
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_index(op.f("ix_admissions_lead_after"), table_name="admissions")
    op.drop_column("admissions", "lead_after")
