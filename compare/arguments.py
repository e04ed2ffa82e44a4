"""Asks two services, or a service and our function, for the same wallets, and says whether they agree:
python -m compare --primary URL --candidate URL|dry-run WALLETS

Keys come from PRIMARY_API_KEY and, where the candidate's is another, CANDIDATE_API_KEY. Ends with 0 when no
difference is unexplained, 1 otherwise, 2 when it could not run, 130 after Ctrl-C.
"""

import argparse
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

from api.settings import Settings
from compare import rules, wallets
from compare.differences import APART
from compare.dry_run import LIMIT, DryRun
from compare.errors import CannotRun
from compare.over_http import Service
from compare.sides import Side
from compare.wallets import Wallet

DRY_RUN = "dry-run"
FOLDER = ".compare"
# Requests a second, unless told: what a service does beside its own.
RATE = 20.0
CONNECTIONS = 4


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "wallets",
        nargs="*",
        metavar="WALLETS",
        help="lists, or access logs, plain or gzip; - is standard input",
    )
    add("--wallet", action="append", default=[], metavar="SCORER,ADDRESS", help="one wallet; may be repeated")
    add(
        "--recent",
        type=int,
        metavar="N",
        help="the N wallets scored last, from WALLETS_DATABASE_URL or DATABASE_URL",
    )
    add(
        "--scorer",
        metavar="ID",
        help="leave out other scorers' wallets; and the scorer of a line with an address alone",
    )
    add("--primary", metavar="URL", help="the service that is there")
    add(
        "--candidate",
        metavar="URL|dry-run",
        help="the service that is to be; dry-run: our function on DATABASE_URL",
    )
    add(
        "--limit",
        type=int,
        default=LIMIT,
        metavar="MS",
        help="dry-run: milliseconds that locks are held and waited for, %(default)s",
    )
    add("--noise", action="store_true", help="ask the primary twice: what differs there is counted apart")
    add("--rate", type=float, default=RATE, metavar="N", help="requests a second at most, %(default)g")
    add(
        "--connections",
        type=int,
        default=CONNECTIONS,
        metavar="N",
        help="to each side, %(default)s; with 1 one wallet after the other",
    )
    add(
        "--apart",
        type=float,
        default=APART,
        metavar="S",
        help="seconds that times of scoring may be apart, %(default)g",
    )
    add("--rules", type=Path, default=rules.KNOWN, metavar="FILE", help="known differences, %(default)s")
    add("--out", type=Path, default=Path(FOLDER), metavar="FOLDER", help="where the report goes, %(default)s")
    add("--resume", action="store_true", help="go on with the comparison in the folder; asks nothing twice")
    add(
        "--show",
        metavar="SCORER,ADDRESS",
        help="print what the dry run answers for one wallet, and nothing else",
    )
    return parser  # fmt: skip


def sides(options: argparse.Namespace, environ: Mapping[str, str]) -> tuple[Side, Side, list[str]]:
    """Both sides, and the keys that must not be shown."""
    primary_key = key(environ, "PRIMARY_API_KEY")
    name = candidate_key_name(environ)
    candidate_key = key(environ, name)
    primary = Service(options.primary, "PRIMARY_API_KEY", primary_key)
    candidate: Side
    if options.candidate == DRY_RUN:
        candidate = DryRun(Settings.from_environment(environ), candidate_key, options.limit)
    else:
        candidate = Service(options.candidate, name, candidate_key)
    return primary, candidate, [primary_key, candidate_key]


def candidate_key_name(environ: Mapping[str, str]) -> str:
    return "CANDIDATE_API_KEY" if environ.get("CANDIDATE_API_KEY", "").strip() else "PRIMARY_API_KEY"


def key(environ: Mapping[str, str], name: str) -> str:
    """A key from the environment: nowhere else is it safe from other users and from logs."""
    found = environ.get(name, "").strip()
    if not found:
        raise CannotRun(
            f"{name} is not set: put the API key of the account whose scorers are asked for there."
        )
    if not found.isascii() or not found.isprintable():
        # The HTTP client would repeat it.
        raise CannotRun(f"{name} is no API key: it holds characters that none has.")
    return found


def wallets_of(options: argparse.Namespace, environ: Mapping[str, str]) -> tuple[str, Iterable[Wallet]]:
    """Where the wallets come from, for the report, and the wallets."""
    sources: list[str] = []
    given: list[Iterable[Wallet]] = []
    if options.wallet:
        sources.append("given one by one")
        given.append(wallets.parse(options.wallet, options.scorer))
    for source in options.wallets:
        sources.append("standard input" if source == "-" else Path(source).name)
        given.append(wallets.read(source, options.scorer))
    if options.recent:
        url = environ.get("WALLETS_DATABASE_URL", "").strip() or environ.get("DATABASE_URL", "").strip()
        if not url:
            raise CannotRun("--recent reads the database: set WALLETS_DATABASE_URL or DATABASE_URL.")
        sources.append(f"the {options.recent:,} wallets scored last")
        given.append(wallets.recent(url, options.recent))
    if not given:
        raise CannotRun("Say which wallets: a file, - for standard input, --recent N, or --wallet.")
    return ", ".join(sources), chain.from_iterable(given)
