"""family names ordered by bytes, so that an index finds those that begin alike"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change; SQLite orders by bytes as it is."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE names ALTER COLUMN family_key TYPE VARCHAR(80) COLLATE "C"')


def downgrade() -> None:
    """Take the change back."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE names ALTER COLUMN family_key TYPE VARCHAR(80) COLLATE "default"')
