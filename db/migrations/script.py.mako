"""${message}"""

from db.migrations import frozen

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    frozen.create_functions(revision)


def downgrade() -> None:
    frozen.restore_functions(revision)
