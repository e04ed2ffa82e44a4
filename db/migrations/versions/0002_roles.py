"""roles"""

from db.migrations import frozen

revision = "0002_roles"
down_revision = "0001_tables"


def upgrade() -> None:
    frozen.run_script(revision, "upgrade")


def downgrade() -> None:
    frozen.run_script(revision, "downgrade")
