"""scorer accounts: whose communities and keys there are."""

import click

from cli.connection import call
from cli.output import json_option, say, show_json, show_table


@click.group()
def accounts() -> None:
    """Accounts: list, create."""


@accounts.command("list")
@json_option
def list_(as_json: bool) -> None:
    """All accounts."""
    rows = call("select * from scorer.list_accounts()")
    if as_json:
        show_json(rows)
    else:
        show_table(rows, ["id", "address", "communities", "api_keys"])


@accounts.command()
@click.argument("address")
@json_option
def create(address: str, as_json: bool) -> None:
    """Make an account that belongs to ADDRESS."""
    ((made),) = call("select scorer.create_account(%(address)s) as id", address=address)
    if as_json:
        show_json(made)
    else:
        say(f"Account {made['id']} is made.")
