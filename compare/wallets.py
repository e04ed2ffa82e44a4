"""Where the wallets come from that are asked for: lists, access logs, the database."""

import gzip
import io
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

import psycopg

from api.connection import conninfo
from compare.errors import CannotRun

# A request for a score as an access log holds it: of a load balancer, in quotes, or a bare path. Not of its
# history, nor with another method.
LOGGED = re.compile(
    r"(?:\"(?P<method>[A-Z]+) )?[^\s\"]*/v2/stamps/(?P<scorer>[^/\s\"?]+)/score/(?P<address>[^/\s\"?]+)"
    r"/?(?=[?\s\"]|$)"
)
GZIP = b"\x1f\x8b"
# The index on the time has them in order.
RECENT = """
select p.community_id::text, p.address
from scorer.registry_score as s
inner join scorer.registry_passport as p on p.id = s.passport_id
where s.last_score_timestamp is not null
order by s.last_score_timestamp desc
limit %s
"""
# Milliseconds that the question for the wallets that were scored last may take.
RECENT_MILLISECONDS = 30_000


@dataclass(frozen=True)
class Wallet:
    """What is asked for: the two parts of the path, as whoever asks writes them."""

    scorer_id: str
    address: str

    @property
    def path(self) -> str:
        return f"/v2/stamps/{self.scorer_id}/score/{self.address}"


def read(source: str, scorer_id: str | None = None) -> Iterator[Wallet]:
    """The wallets of a file, gzip or not, or with - of standard input, as parse reads them; raises
    CannotRun."""
    try:
        with opened(source) as lines:
            yield from parse(lines, scorer_id)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise CannotRun(f"{source} cannot be read: {error}") from None


@contextmanager
def opened(source: str) -> Iterator[TextIO]:
    standard = nullcontext(cast(io.BufferedReader, sys.stdin.buffer))
    with standard if source == "-" else Path(source).open("rb") as file:
        is_packed = file.peek(len(GZIP)).startswith(GZIP)
        with gzip.open(file) if is_packed else nullcontext(file) as unpacked:
            yield io.TextIOWrapper(unpacked, encoding="utf-8")


def parse(lines: Iterable[str], scorer_id: str | None = None) -> Iterator[Wallet]:
    """The wallets of lines: of an access log the requests for a score, all else in it left out; or a scorer
    id and an address, with a comma or a space between; or an address alone, with the scorer id given. A line
    that begins with # is left out. Raises CannotRun for a line that is none of these."""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        words = text.replace(",", " ").split()
        if logged := LOGGED.search(text):
            # In a log what has no method is no request, but what a client called itself.
            if logged["method"] == "GET" or '"' not in text:
                yield Wallet(logged["scorer"], logged["address"])
        elif len(words) == 2:
            yield Wallet(*words)
        elif len(words) == 1 and scorer_id is not None:
            yield Wallet(scorer_id, text)
        elif '"' not in text:
            # What has quotes is a line of a log, of something else.
            raise CannotRun(f"Line {number} is no wallet: write scorer_id,address, or give --scorer.")


def recent(url: str, count: int) -> Iterator[Wallet]:
    """The wallets that were scored last, the last first. The login needs to read registry_score and
    registry_passport; raises CannotRun."""
    try:
        with psycopg.connect(conninfo(url), prepare_threshold=None) as connection:
            connection.read_only = True
            connection.execute("select set_config('statement_timeout', %s, true)", [str(RECENT_MILLISECONDS)])
            for scorer_id, address in connection.execute(RECENT, [count]):
                yield Wallet(scorer_id, address)
    except psycopg.errors.InsufficientPrivilege:
        raise CannotRun(
            "The login of WALLETS_DATABASE_URL may not read the wallets scored last: it needs usage on schema"
            " scorer and select on scorer.registry_score and scorer.registry_passport."
        ) from None
    except psycopg.Error as error:
        raise CannotRun(
            f"The wallets scored last cannot be read: {error.sqlstate or 'no connection'}."
        ) from None
