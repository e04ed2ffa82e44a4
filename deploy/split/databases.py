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
    """Whose login owns what is there, or is superuser; the first partition is the home."""

    front: str
    partitions: list[str]


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
    """FRONT_DATABASE_URL and PARTITION_DATABASE_URLS, with spaces between; without them the program ends
    with 1 and a line."""
    front, partitions = (os.environ.get(n, "") for n in ("FRONT_DATABASE_URL", "PARTITION_DATABASE_URLS"))
    if not front or len(partitions.split()) < 2:
        sys.exit("Set FRONT_DATABASE_URL, and two or more PARTITION_DATABASE_URLS with spaces between.")
    return Urls(front, partitions.split())
