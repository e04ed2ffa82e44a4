"""scorer keys: the API keys of accounts."""

import secrets
import string
from datetime import datetime, timedelta
from typing import Any, LiteralString

import click

from api.keys import sha256_hash
from cli.connection import ID, Lost, Refused, Row, call
from cli.output import json_option, say, show_json, show_table

LETTERS = string.ascii_letters + string.digits
PREFIX = 8
SECRET_BYTES = 32
# Of random prefixes a second one that is taken is a fault, not chance.
ATTEMPTS = 3
TIMES = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])

COLUMNS = [
    *("prefix", "account_id", "name", "state", "created", "last_used_at"),
    *("expires_at", "rate_limit", "may", "successor"),
]
CREATE: LiteralString = """
select scorer.create_api_key(
    p_account_id => %(account)s,
    p_prefix => %(prefix)s,
    p_key_hash => %(key_hash)s,
    p_name => %(name)s,
    p_expires_at => %(expires)s,
    p_rate_limit => %(rate_limit)s,
    p_read_scores => %(read_scores)s,
    p_historical_endpoint => %(historical)s
) as id
"""
ROTATE: LiteralString = """
select scorer.rotate_api_key(
    p_prefix => %(old_prefix)s,
    p_new_prefix => %(prefix)s,
    p_new_key_hash => %(key_hash)s,
    p_overlap => %(overlap)s
) as id
"""
CHANGE: LiteralString = """
select scorer.change_api_key(
    p_prefix => %(prefix)s,
    p_name => %(name)s,
    p_expires_at => %(expires)s,
    p_rate_limit => %(rate_limit)s,
    p_read_scores => %(read_scores)s,
    p_historical_endpoint => %(historical)s
)
"""


@click.group()
def keys() -> None:
    """API keys: list, create, change, rotate, revoke. A key is named by its prefix."""


@keys.command("list")
@click.option("--account", type=ID, help="Those of this account alone.")
@json_option
def list_(account: int | None, as_json: bool) -> None:
    """Keys, when each was last used (to the hour), and what each may do."""
    rows = call("select * from scorer.list_api_keys(%(account)s)", account=account)
    if as_json:
        show_json(rows)
        return
    for row in rows:
        # Requests ask for read_scores nowhere.
        row["may"] = "scores, history" if row["historical_endpoint"] else "scores"
    show_table(rows, COLUMNS)


def key_options(command: Any) -> Any:
    """The options that create and change share."""
    for option in (
        click.option(
            "--historical/--no-historical", default=None, help="Whether it may ask for the history."
        ),
        click.option(
            "--read-scores/--no-read-scores",
            default=None,
            help="Kept for the existing service; no request here asks for it.",
        ),
        click.option("--rate-limit", metavar="125/15m", help="Requests in a time; '' for no limit."),
        click.option("--expires", type=TIMES, help="When it expires; in UTC unless it says otherwise."),
        click.option("--name", help="What it is called."),
    ):
        command = option(command)
    return command


@keys.command()
@click.argument("account", type=ID)
@click.option("--prefix", help="What stands before its dot; random unless given.")
@key_options
@json_option
def create(account: int, prefix: str | None, as_json: bool, **options: Any) -> None:
    """Make a key for ACCOUNT, and show it: it is not kept anywhere, only its hash is."""
    options["expires"] = in_utc(options["expires"])
    made = stored(CREATE, prefix, account=account, **options)
    show_key(made, as_json)


@keys.command()
@click.argument("old_prefix", metavar="PREFIX")
@click.option("--overlap-hours", type=click.IntRange(0, 87_600), default=24, show_default=True,
              help="For how long the old key still works.")  # fmt: skip
@click.option("--prefix", help="What stands before the new key's dot; random unless given.")
@json_option
def rotate(old_prefix: str, overlap_hours: int, prefix: str | None, as_json: bool) -> None:
    """Make the key that takes the place of PREFIX, with its limits and permissions, and show it."""
    show_key(stored(ROTATE, prefix, old_prefix=old_prefix, overlap=timedelta(hours=overlap_hours)), as_json)


@keys.command()
@click.argument("prefix")
@key_options
@json_option
def change(prefix: str, as_json: bool, **options: Any) -> None:
    """Change what the key PREFIX is called and may do."""
    if all(value is None for value in options.values()):
        raise click.UsageError("Say what to change: --name, --expires, --rate-limit, ...")
    call(CHANGE, prefix=prefix, **options | {"expires": in_utc(options["expires"])})
    if as_json:
        show_json({"prefix": prefix})
    else:
        say(f"Key {prefix} is changed.")


@keys.command()
@click.argument("prefix")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def revoke(prefix: str, yes: bool, as_json: bool) -> None:
    """Revoke the key PREFIX, for good."""
    if not yes:
        click.confirm(f"Revoke the key {prefix}? It cannot be taken back.", abort=True, err=as_json)
    (row,) = call("select scorer.revoke_api_key(%(prefix)s) as revoked", prefix=prefix)
    if as_json:
        show_json({"prefix": prefix} | row)
    else:
        say(f"Key {prefix} is revoked." if row["revoked"] else f"Key {prefix} was revoked before.")


def stored(statement: LiteralString, prefix: str | None, **arguments: Any) -> Row:
    """Makes a key and has the statement store its hash; gives its id and itself. What was lost on the way is
    asked for again, which makes no second key. Where a random prefix is taken, another one is made."""
    key = new_key(prefix)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            (row,) = call(statement, prefix=key.rpartition(".")[0], key_hash=sha256_hash(key), **arguments)
            return {"id": row["id"], "key": key}
        except Lost:
            if attempt == ATTEMPTS:
                raise
        except Refused as refusal:
            if refusal.code != "SC103" or prefix or attempt == ATTEMPTS:
                raise
            key = new_key(None)
    raise AssertionError("unreachable")


def new_key(prefix: str | None) -> str:
    prefix = prefix or "".join(secrets.choice(LETTERS) for _ in range(PREFIX))
    return f"{prefix}.{secrets.token_urlsafe(SECRET_BYTES)}"


def show_key(made: Row, as_json: bool) -> None:
    if as_json:
        show_json(made)
    else:
        say("The key, which is shown this once:", err=True)
        say(made["key"])


def in_utc(time: datetime | None) -> str | None:
    """A time as PostgreSQL reads it; one without an offset is in UTC."""
    return time.isoformat() + ("" if time.tzinfo else "Z") if time else None
