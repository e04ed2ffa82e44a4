"""Months of events that are written to files and then dropped, and what such files hold of a wallet.

A file is the month as CSV, compressed by gzip, with a line of names above: zcat reads it.
"""

import csv
import gzip
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, NamedTuple

import psycopg
from psycopg import sql

from api.connection import conninfo
from db.events_by_month import kind_of

# By id, which is the order of the primary key; the same rows are the same bytes.
ROWS = "copy (select * from scorer.{} order by id, created_at) to stdout (format csv, header)"
# A transaction that began in a month may still write to it shortly after.
MONTHS = """
select partition, attached, until <= now() - interval '1 day'
from scorer.event_partitions()
where until <= %s::timestamp at time zone 'UTC'
"""
# Held by the session: of two runs each would write over the other's file.
ALONE = "select pg_try_advisory_lock(hashtextextended('archive of registry_event', 0))"


class Archived(NamedTuple):
    """A month that was written: its table, the file with its bytes, both None for standard output, the events
    in it, and the sha256 of the CSV. What is in a file is dropped from the database."""

    month: str
    file: str | None
    bytes: int | None
    events: int
    sha256: str
    dropped: bool

    def __str__(self) -> str:
        if self.file is None:
            said = f"{self.month}: {self.events:,} events, sha256 of the CSV {self.sha256}"
            return f"{said}; it stays in the database."
        said = f"{self.file}: {self.events:,} events, {self.bytes:,} bytes, sha256 of the CSV {self.sha256}"
        return f"{said}; dropped."


class Sums:
    """Bytes of CSV that pass: their sha256, and how many records they are, the line of names aside."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._quotes = 0
        self._lines = 0

    def add(self, data: bytes) -> None:
        self._sha256.update(data)
        for part in data.splitlines(keepends=True):
            self._quotes += part.count(b'"')
            # A line break between quotes ends no record.
            self._lines += part.endswith(b"\n") and not self._quotes % 2

    @property
    def of(self) -> tuple[int, str]:
        return self._lines - 1, self._sha256.hexdigest()


def archive(url: str, before: date, folder: Path) -> Iterator[Archived]:
    """Writes each month that ended before the given one into a file of the folder, and drops it once what the
    file holds, read back from the disk, is what the table holds. Gives each of them. Requests go on. A run
    that is stopped is gone on with by the next one. Raises SystemExit with a line where it cannot."""
    with owner(url) as connection:
        if connection.execute(ALONE).fetchone() != (True,):
            raise SystemExit("Nothing was changed: another run archives.")
        for month in closed_months(connection, before):
            path = folder / f"{month}.csv.gz"
            take_out(connection, month)
            if not path.exists():
                part = path.with_suffix(".part")
                with part.open("wb") as file:
                    write(connection, month, file)
                    file.flush()
                    os.fsync(file.fileno())
                part.rename(path)
                sync_folder(folder)
            written = sums_of(path)
            with connection.transaction():
                table = sql.Identifier(month)
                connection.execute(sql.SQL("lock table scorer.{} in access exclusive mode").format(table))
                held = sums_in(connection, month)
                if held != written:
                    raise SystemExit(
                        f"{path} does not hold what the table scorer.{month} holds; the table stays. Move the"
                        " file away and run it again."
                    )
                connection.execute(sql.SQL("drop table scorer.{}").format(table))
            rows, digest = written
            size = path.stat().st_size
            yield Archived(month, str(path), size, rows, digest, dropped=True)


def export(url: str, before: date, file: IO[bytes]) -> Archived | None:
    """Writes the oldest month that ended before the given one, if any. Nothing is dropped: what became of the
    bytes is not known here."""
    with owner(url) as connection:
        for month in closed_months(connection, before):
            rows, digest = write(connection, month, file)
            return Archived(month, None, None, rows, digest, dropped=False)
    return None


def history(files: Iterable[Path], address: str) -> Iterator[str]:
    """The events of a wallet in files of archive, a line of JSON each, as they stand there."""
    for path in files:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["address"] == address.lower():
                    yield json.dumps(row | {"data": json.loads(row["data"])})


@contextmanager
def owner(url: str) -> Iterator[psycopg.Connection]:
    """A session that owns the tables, and writes times in one way."""
    csv.field_size_limit(2**30)
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        if kind_of(connection) != "p":
            raise SystemExit("The events are in one table: put them by month first.")
        connection.execute("set role scorer_owner")
        connection.execute("set timezone = 'UTC'")
        connection.execute("set datestyle = 'ISO'")
        yield connection


def closed_months(connection: psycopg.Connection, before: date) -> list[str]:
    """The months that ended before the given one, the oldest first, those that are taken out already among
    them. Raises SystemExit where one of them has hardly ended."""
    found = connection.execute(MONTHS, [before.replace(day=1)]).fetchall()
    if open_ := [month for month, _, has_ended in found if not has_ended]:
        raise SystemExit(f"Nothing was changed: {open_[0]} has not ended for a day yet.")
    return [month for month, _, _ in found]


def take_out(connection: psycopg.Connection, month: str) -> None:
    """Detaches a month, while others read and write."""
    pending = connection.execute(
        "select inhdetachpending from pg_inherits where inhrelid = to_regclass(%s)", [f"scorer.{month}"]
    ).fetchone()
    if pending:
        how = sql.SQL("finalize" if pending == (True,) else "concurrently")
        connection.execute(
            sql.SQL("alter table scorer.registry_event detach partition scorer.{} {}").format(
                sql.Identifier(month), how
            )
        )


def write(connection: psycopg.Connection, month: str, file: IO[bytes]) -> tuple[int, str]:
    """Writes a month as a file is to hold it; gives the number of rows, and the sha256 of the CSV."""
    sums = Sums()
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as compressed:
        for data in rows_of(connection, month):
            sums.add(data)
            compressed.write(data)
    return sums.of


def rows_of(connection: psycopg.Connection, month: str) -> Iterator[bytes]:
    with connection.cursor().copy(sql.SQL(ROWS).format(sql.Identifier(month))) as copy:
        for data in copy:
            yield bytes(data)


def sums_in(connection: psycopg.Connection, month: str) -> tuple[int, str]:
    """Those of what a table holds; the rows are counted by the database."""
    sums = Sums()
    for data in rows_of(connection, month):
        sums.add(data)
    count = connection.execute(
        sql.SQL("select count(*) from scorer.{}").format(sql.Identifier(month))
    ).fetchone()
    assert count
    return count[0], sums.of[1]


def sums_of(path: Path) -> tuple[int, str]:
    """Those of what a file holds."""
    sums = Sums()
    with gzip.open(path, "rb") as file:
        while data := file.read(2**20):
            sums.add(data)
    return sums.of


def sync_folder(folder: Path) -> None:
    """Has the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
