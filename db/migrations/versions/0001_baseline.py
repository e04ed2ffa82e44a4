"""baseline"""

from db.migrations import frozen

revision = "0001_baseline"
down_revision = None


def upgrade() -> None:
    frozen.upgrade(revision)


def downgrade() -> None:
    frozen.downgrade(revision)
