"""owner"""

from db.migrations import frozen

revision = "0005_owner"
down_revision = "0004_live_link_guard"


def upgrade() -> None:
    frozen.run_script(revision, "upgrade")


def downgrade() -> None:
    frozen.run_script(revision, "downgrade")
