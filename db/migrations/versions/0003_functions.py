"""functions"""

from db.migrations import frozen

revision = "0003_functions"
down_revision = "0002_roles"


def upgrade() -> None:
    frozen.create_functions(revision)


def downgrade() -> None:
    frozen.restore_functions(revision)
