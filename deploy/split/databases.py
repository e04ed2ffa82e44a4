"""The databases of a split, as their operator reaches them."""

import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import psycopg

from api.connection import conninfo


@dataclass(frozen=True)
class Urls:
    """Whose login is superuser of the front, and owns what is in the partitions. The first partition is the
    home; replication, where it is given, is how the others and the front reach it, by a login that may only
    read."""

    front: str
    partitions: list[str]
    replication: str | None = None

    @property
    def followed(self) -> str:
        """The home's, as the others and the front reach it."""
        return self.replication or self.partitions[0]


class Databases:
    """A session, in autocommit, with the front and with each partition, until the block ends."""

    def __init__(self, urls: Urls) -> None:
        self.urls = urls

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.front, *self.partitions = (
                stack.enter_context(psycopg.connect(conninfo(url), autocommit=True))
                for url in [self.urls.front, *self.urls.partitions]
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)


def given_urls() -> Urls:
    """FRONT_DATABASE_URL, PARTITION_DATABASE_URLS with spaces between, and REPLICATION_DATABASE_URL; without
    the first two the program ends with 1 and a line."""
    front, partitions = (os.environ.get(n, "") for n in ("FRONT_DATABASE_URL", "PARTITION_DATABASE_URLS"))
    if not front or len(partitions.split()) < 2:
        sys.exit("Set FRONT_DATABASE_URL, and two or more PARTITION_DATABASE_URLS with spaces between.")
    return Urls(front, partitions.split(), os.environ.get("REPLICATION_DATABASE_URL"))
