"""request score"""

from alembic import op

from db.migrations import frozen

revision = "0008_request_score"
down_revision = "0007_credential_check"


def upgrade() -> None:
    frozen.create_functions(revision)


def downgrade() -> None:
    frozen.restore_functions(revision)
    # The earlier ones say in their bodies what they do.
    for signature in ("five_decimals(numeric)", "iso_timestamp(timestamptz)", "weight_of(jsonb, text)"):
        op.execute(f"comment on function scorer.{signature} is null")
