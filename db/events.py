"""The events of DATABASE_URL, by month; as the user who migrates.

python -m db.events list                              its months
python -m db.events ensure                            makes the next months, as the schedule does
python -m db.events partition [--undo]                puts a database that has them in one table by month
python -m db.events archive --before 2026-10 --to FOLDER
                                                      writes each month that ended before that one, and drops it
python -m db.events archive --before 2026-10          writes the oldest to standard output, and drops nothing
python -m db.events read ADDRESS FILE...              a wallet's events in such files, a line of JSON each
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg

from api.connection import conninfo
from db import event_archive, events_by_month
from db.one_line import errors_in_a_line, given_url

LIST = """
select
    e.partition, e.since, e.until, e.attached,
    pg_total_relation_size(format('scorer.%I', e.partition)::regclass),
    greatest(c.reltuples, 0)::bigint
from scorer.event_partitions() as e
inner join pg_class as c on c.oid = format('scorer.%I', e.partition)::regclass
order by e.until
"""


def months(url: str) -> Iterator[str]:
    """A line a month: its table, about how many events it has, its size."""
    with psycopg.connect(conninfo(url)) as connection:
        if events_by_month.kind_of(connection) != "p":
            yield "The events are in one table: put them by month first."
            return
        connection.execute("set role scorer_owner")
        for partition, _, _, attached, size, rows in connection.execute(LIST):
            taken_out = "" if attached else "  taken out, and not dropped yet: archive goes on with it"
            yield f"{partition}  about {rows:>12,} events  {size / 1e6:>10,.1f} MB{taken_out}"


def ensure(url: str, count: int = events_by_month.MONTHS) -> str:
    """Makes so many months after the present one; gives how many there are, as a sentence."""
    with psycopg.connect(conninfo(url)) as connection:
        row = connection.execute("select scorer.ensure_event_partitions(%s)", [count]).fetchone()
    if row in (None, (None,)):
        return "Nothing is to do: the events are in a table of the existing service, or not by month."
    assert row
    return f"There are {row[0]} months after the present one."


def month(text: str) -> date:
    """Reads 2026-10."""
    return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m db.events", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list")
    commands.add_parser("ensure")
    commands.add_parser("partition").add_argument("--undo", action="store_true")
    archive = commands.add_parser("archive")
    archive.add_argument("--before", type=month, required=True)
    archive.add_argument("--to", type=Path)
    read = commands.add_parser("read")
    read.add_argument("address")
    read.add_argument("files", type=Path, nargs="+")
    arguments = parser.parse_args(given)
    with errors_in_a_line():
        if arguments.command == "list":
            show(months(given_url()))
        elif arguments.command == "ensure":
            print(ensure(given_url()))
        elif arguments.command == "partition":
            print((events_by_month.undo if arguments.undo else events_by_month.partition)(given_url()))
        elif arguments.command == "read":
            show(event_archive.history(arguments.files, arguments.address))
        elif arguments.to:
            show(event_archive.archive(given_url(), arguments.before, arguments.to))
        else:
            print(event_archive.export(given_url(), arguments.before, sys.stdout.buffer), file=sys.stderr)


def show(lines: Iterator[str]) -> None:
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    main()
