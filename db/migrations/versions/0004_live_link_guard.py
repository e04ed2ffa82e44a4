"""live link guard"""

from db.migrations import frozen

revision = "0004_live_link_guard"
down_revision = "0003_functions"


def upgrade() -> None:
    frozen.run_script(revision, "upgrade")


def downgrade() -> None:
    frozen.run_script(revision, "downgrade")
