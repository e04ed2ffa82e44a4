"""Removes a wallet from everything that is ours.

python -m db.erase ADDRESS
"""

import sys

import psycopg

from api.connection import conninfo
from db.migrations import frozen
from db.one_line import errors_in_a_line, given_url

THEIRS = "Credentials, passports, scores, stamps, hash links and events are the existing service's to erase."


def erase(url: str, address: str) -> list[str]:
    """Removes the wallet from the database; gives what is gone, a line a table, and what is not ours to
    erase. Raises SystemExit with a line where the address is none."""
    with psycopg.connect(conninfo(url)) as connection:
        try:
            row = connection.execute("select scorer.erase_wallet(%s)", [address]).fetchone()
        except psycopg.DatabaseError as error:
            if error.sqlstate != "SC001":
                raise
            raise SystemExit(f"{error.diag.message_detail} {error.diag.message_hint}") from None
        assert row
        lines = [f"{count:>9} {table}" for table, count in sorted(row[0].items())]
        return [*lines, THEIRS] if frozen.kind(connection) == "adopted" else lines


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    url = given_url()
    with errors_in_a_line():
        print("\n".join(erase(url, sys.argv[1])))
