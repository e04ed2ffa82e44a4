"""credential check"""

from db.migrations import frozen

revision = "0007_credential_check"
down_revision = "0006_limits"


def upgrade() -> None:
    frozen.run_script(revision, "upgrade")


def downgrade() -> None:
    frozen.run_script(revision, "downgrade")
