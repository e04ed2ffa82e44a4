"""limits"""

from db.migrations import frozen

revision = "0006_limits"
down_revision = "0005_owner"


def upgrade() -> None:
    frozen.create_functions(revision)


def downgrade() -> None:
    frozen.restore_functions(revision)
