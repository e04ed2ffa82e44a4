"""Runs the migrations on DATABASE_URL, one run at a time, each in one transaction with the others."""

import os

from alembic import context
from sqlalchemy import Connection

from db.migrate import engine
from db.patience import SCHEMA_LOCK


def run(connection: Connection) -> None:
    connection.exec_driver_sql("select set_config('lock_timeout', %s, true)", (lock_timeout,))
    # What a view or a trigger means is settled when it is made: by no operator that somebody put into public.
    connection.exec_driver_sql("set local search_path = pg_catalog")
    connection.exec_driver_sql(f"select pg_advisory_xact_lock({SCHEMA_LOCK})")
    connection.exec_driver_sql("create schema if not exists scorer")
    # What a migration makes belongs to whom the schema belongs to.
    owner = connection.exec_driver_sql(
        "select quote_ident(pg_get_userbyid(nspowner)) from pg_namespace where nspname = 'scorer'"
    ).scalar_one()
    connection.exec_driver_sql(f"set local role {owner}")
    context.configure(
        connection=connection,
        version_table_schema="scorer",
        on_version_apply=lambda step, **_: attributes.get("applied", []).append(step.up_revision_id),
    )
    context.run_migrations()


attributes = context.config.attributes
lock_timeout = attributes.get("lock_timeout", "0")
if given := attributes.get("connection"):
    run(given)
else:
    url = attributes.get("database_url") or os.environ.get("DATABASE_URL")
    if not url:
        raise SystemExit("DATABASE_URL is not set: it names the database to migrate.")
    with engine(url).begin() as connection:
        run(connection)
