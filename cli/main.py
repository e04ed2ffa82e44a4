"""The command scorer: what its groups are."""

import click

from cli.accounts import accounts
from cli.communities import communities
from cli.credentials import credentials
from cli.events import events
from cli.explain import explain
from cli.keys import keys
from cli.rescore import rescore


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Administers the passport scorer on the database DATABASE_URL, without it on that of make run.

    Every command is a function of the database, which a member of the role scorer_admin may call. What is
    changed counts from the next request on. It ends with 1 and a line where it fails, with 2 where it was
    called in a wrong way.
    """


for command in (accounts, communities, keys, credentials, explain, rescore, events):
    main.add_command(command)
