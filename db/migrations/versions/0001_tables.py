"""tables"""

from db.migrations import frozen

revision = "0001_tables"
down_revision = None


def upgrade() -> None:
    frozen.run_script(revision, "upgrade")


def downgrade() -> None:
    frozen.run_script(revision, "downgrade")
