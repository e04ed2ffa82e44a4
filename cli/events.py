"""scorer events: the months that events are kept by, and the archive of those that are over."""

import csv
import json
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from api.settings import SettingError
from cli.connection import Failed, call, url
from cli.output import json_option, say, show_json, show_table
from db import event_archive, events_by_month
from db.one_line import errors_in_a_line

LIST = """
select
    e.partition as table, nullif(e.since, '-infinity') as since, e.until, e.attached,
    greatest(c.reltuples, 0)::bigint as about_events, pg_total_relation_size(c.oid) as bytes
from scorer.event_partitions() as e
inner join pg_class as c on c.oid = format('scorer.%%I', e.partition)::regclass
order by e.until
"""
ENSURE = "select scorer.ensure_event_partitions(%(count)s) as months_ahead"


@click.group()
def events() -> None:
    """Events by month: list, ensure, partition, archive, read.

    partition and archive change tables: they take the user who migrates.
    """


@events.command("list")
@json_option
def list_(as_json: bool) -> None:
    """The months, about how many events they have, and their sizes."""
    rows = call(LIST)
    if as_json:
        show_json(rows)
    elif rows:
        show_table(rows, ["table", "since", "until", "attached", "about_events", "bytes"])
    else:
        say(events_by_month.NOT_BY_MONTH)


@events.command()
@click.option("--months", "count", type=click.IntRange(0, 120), default=events_by_month.MONTHS)
@json_option
def ensure(count: int, as_json: bool) -> None:
    """Make the months that follow the present one, as the schedule does each minute."""
    (made,) = call(ENSURE, count=count)
    if as_json:
        show_json(made)
    elif made["months_ahead"] is None:
        say(events_by_month.NOT_BY_MONTH)
    else:
        say(f"There are {made['months_ahead']} months after the present one.")


@events.command()
@click.option("--undo", is_flag=True, help="Put them into one table again.")
@json_option
def partition(undo: bool, as_json: bool) -> None:
    """Put a database that has its events in one table by month, without copying them, while requests run."""
    with owners() as there:
        done = (events_by_month.undo if undo else events_by_month.partition)(there)
    if as_json:
        show_json({"by_month": not undo, "done": done})
    else:
        say(done)


@events.command()
@click.option(
    "--before", type=click.DateTime(["%Y-%m"]), required=True, help="The first month that stays: 2026-10."
)
@click.option(
    "--to", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A folder for the files."
)
@json_option
def archive(before: datetime, to: Path | None, as_json: bool) -> None:
    """Write each month that ended before a month into a file of its own, and drop it from the database.

    It is dropped once the file, read back, holds what the table holds. Without --to the oldest of them goes
    to standard output, and stays in the database; what there is to say goes to standard error. --json is a
    line of JSON for each month, as soon as it is done.
    """
    month = before.replace(tzinfo=UTC).date()
    with owners() as there:
        if to:
            for archived in event_archive.archive(there, month, to):
                show_archived(archived, as_json)
        else:
            show_archived(event_archive.export(there, month, sys.stdout.buffer), as_json, err=True)


@events.command()
@click.argument("address")
@click.argument(
    "files", type=click.Path(exists=True, dir_okay=False, path_type=Path), nargs=-1, required=True
)
def read(address: str, files: tuple[Path, ...]) -> None:
    """The events of the wallet ADDRESS in FILES that archive wrote, a line of JSON each."""
    try:
        for line in event_archive.history(files, address):
            click.echo(line)
    except (OSError, EOFError, zlib.error, ValueError, KeyError, csv.Error) as error:
        raise Failed(f"A file is not, or not wholly, what archive wrote: {error}") from None


def show_archived(archived: event_archive.Archived | None, as_json: bool, err: bool = False) -> None:
    if as_json:
        click.echo(json.dumps(archived and archived._asdict()), err=err)
    else:
        say(str(archived) if archived else "No month ended before.", err=err)


@contextmanager
def owners() -> Iterator[str]:
    """The connection string; ends the command with a line where the database refuses."""
    try:
        with url() as there, errors_in_a_line():
            yield there
    except SettingError as error:
        raise Failed(str(error)) from None
