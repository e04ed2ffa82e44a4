"""scorer credentials: what wallets have stored."""

import json
from typing import IO

import click

from cli.connection import ID, call
from cli.output import json_option, say, show_json, show_table

REVOKE = "select scorer.revoke_credentials(%(id)s, %(address)s, %(provider)s) as revoked"


@click.group()
def credentials() -> None:
    """Credentials of wallets: list, put, revoke."""


@credentials.command("list")
@click.argument("address")
@json_option
def list_(address: str, as_json: bool) -> None:
    """What ADDRESS has stored, newest first, whether it counts or not."""
    rows = call("select * from scorer.list_credentials(%(address)s)", address=address)
    if as_json:
        show_json(rows)
    else:
        show_table(rows, ["id", "provider", "state", "updated_at", "expiration_date", "issuer"])


@credentials.command()
@click.argument("address")
@click.argument("file", type=click.File())
@json_option
def put(address: str, file: IO[str], as_json: bool) -> None:
    """Store the credential of FILE, or - for standard input, for ADDRESS."""
    document = file.read()
    try:
        json.loads(document)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"{file.name}: {error}", param_hint="FILE") from None
    (made,) = call(
        "select scorer.put_credential(%(address)s, %(document)s) as id", address=address, document=document
    )
    if as_json:
        show_json(made)
    else:
        say(f"Credential {made['id']} is stored. scorer explain says whether it counts.")


@credentials.command()
@click.argument("id", type=ID, required=False)
@click.option("--address", help="Those of this wallet.")
@click.option("--provider", help="Those of this provider.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def revoke(id: int | None, address: str | None, provider: str | None, yes: bool, as_json: bool) -> None:  # noqa: A002
    """Revoke the credential ID, or all of a wallet, of a provider, or of both.

    They do not count from the next request on. Their nullifiers stay claimed until they expire.
    """
    if id is None and address is None and provider is None:
        raise click.UsageError("Say which: an ID, --address or --provider.")
    if not yes and id is None:
        which = " ".join(part for part in (address, provider) if part)
        click.confirm(f"Revoke all credentials of {which}?", abort=True, err=as_json)
    (done,) = call(REVOKE, id=id, address=address, provider=provider)
    if as_json:
        show_json(done)
    else:
        say(f"{done['revoked']} revoked.")
