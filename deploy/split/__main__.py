"""Splits the service's database by community: docs/splitting.md.

python -m deploy.split install
python -m deploy.split move COMMUNITY PARTITION
python -m deploy.split refresh

FRONT_DATABASE_URL and PARTITION_DATABASE_URLS, with spaces between and the home first, say which databases;
REPLICATION_DATABASE_URL, for install, how the home is reached by what follows it.
"""

import sys

from db.one_line import errors_in_a_line
from deploy.split.databases import Urls, given_urls
from deploy.split.install import install, refresh
from deploy.split.move import move


def main(arguments: list[str], urls: Urls) -> str:
    """Does what is asked; gives what was done. Raises SystemExit with a line where it cannot be."""
    match arguments:
        case ["install"]:
            install(urls)
            return "Every community lives in partition 0 for now."
        case ["move", community, partition] if community.isdigit() and partition.isdigit():
            rows = move(urls, int(community), int(partition))
            lines = [f"{count:>9} {table}" for table, count in rows.items()]
            return "\n".join([*lines, f"Community {community} lives in partition {partition}."])
        case ["refresh"]:
            refresh(urls)
            return "The front has the functions of partition 0."
    raise SystemExit(__doc__)


if __name__ == "__main__":
    with errors_in_a_line():
        print(main(sys.argv[1:], given_urls()))
