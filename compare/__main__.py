"""Asks two services, or a service and our function, for the same wallets, and says whether they agree:
python -m compare --primary URL --candidate URL|dry-run WALLETS

Keys come from PRIMARY_API_KEY and, where the candidate's is another, CANDIDATE_API_KEY. Ends with 0 when no
difference is unexplained, 1 otherwise, 2 when it could not run, 130 after Ctrl-C.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from api.settings import SettingError, Settings
from compare import figures, report, rules, wallets
from compare.asking import Asking
from compare.differences import APART
from compare.dry_run import LIMIT, DryRun
from compare.errors import CannotRun
from compare.over_http import Service
from compare.sides import Side
from compare.state import Result, State
from compare.wallets import Wallet

DRY_RUN = "dry-run"
FOLDER = ".compare"
# Requests a second, unless told: what a service does beside its own.
RATE = 20.0
CONNECTIONS = 4
# Seconds between two lines of progress, on a terminal and elsewhere.
TERMINAL_SECONDS = 0.2
PLAIN_SECONDS = 10.0
BAR = 30


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        if options.show:
            return show(options)
        return compare(options)
    except (CannotRun, SettingError) as error:
        print(error, file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "wallets",
        nargs="?",
        metavar="WALLETS",
        help="a list, or an access log, plain or gzip; - is standard input",
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


def compare(options: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> int:
    """Makes the comparison that the options ask for; gives the exit status, raises CannotRun."""
    if not options.primary or not options.candidate:
        raise CannotRun("Give --primary URL, and --candidate URL or --candidate dry-run.")
    if not options.rate > 0 or options.connections < 1:
        raise CannotRun("--rate and --connections are numbers above 0.")
    known = rules.load(options.rules)
    primary, candidate, keys = sides(options, environ)
    versions = {"primary": primary.versions(), "candidate": candidate.versions()}
    is_dry = isinstance(candidate, DryRun)
    state = begun(options, primary, candidate, environ)
    try:
        if not state.count()[0]:
            raise CannotRun("There are no wallets to ask for.")
        stopped = ask(state, options, (primary, candidate), keys)
        found = figures.of(state, known, primary, candidate, is_timed=not is_dry)
        found |= {
            "of": state.read("of") | {"limit": options.limit if is_dry else None},
            "versions": versions,
            "run": state.read("run"),
        }
    finally:
        state.close()
    page = report.write(found, options.out)
    summarise(found, page)
    if stopped:
        print("Stopped: the same command with --resume goes on.", file=sys.stderr)
        return 130
    return 0 if found["verdict"]["agrees"] else 1


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


def begun(options: argparse.Namespace, primary: Side, candidate: Side, environ: Mapping[str, str]) -> State:
    """The state of the comparison, with its wallets in it."""
    said: dict[str, Any] = {
        "primary": primary.name,
        "candidate": candidate.name,
        "noise": options.noise,
        "apart": options.apart,
    }
    path = options.out / "comparison.sqlite"
    if options.resume:
        return State.resumed(path, said)
    source, given = wallets_of(options, environ)
    options.out.mkdir(parents=True, exist_ok=True)
    state = State(path, said | {"wallets": source})
    state.say("run", {"begun": datetime.now(UTC).isoformat(" ", "seconds"), "seconds": 0.0})
    state.add(w for w in given if options.scorer in (None, w.scorer_id))
    return state


def wallets_of(options: argparse.Namespace, environ: Mapping[str, str]) -> tuple[str, Iterable[Wallet]]:
    """Where the wallets come from, for the report, and the wallets."""
    sources: list[str] = []
    given: list[Iterable[Wallet]] = []
    if options.wallet:
        sources.append("given one by one")
        given.append(wallets.parse(options.wallet, options.scorer))
    if options.wallets:
        sources.append("standard input" if options.wallets == "-" else Path(options.wallets).name)
        given.append(wallets.read(options.wallets, options.scorer))
    if options.recent:
        url = environ.get("WALLETS_DATABASE_URL", "").strip() or environ.get("DATABASE_URL", "").strip()
        if not url:
            raise CannotRun("--recent reads the database: set WALLETS_DATABASE_URL or DATABASE_URL.")
        sources.append(f"the {options.recent:,} wallets scored last")
        given.append(wallets.recent(url, options.recent))
    if not given:
        raise CannotRun("Say which wallets: a file, - for standard input, --recent N, or --wallet.")
    return ", ".join(sources), chain.from_iterable(given)


def ask(state: State, options: argparse.Namespace, sides: tuple[Side, Side], keys: list[str]) -> bool:
    """Asks for all wallets that are left; gives whether it was stopped before. Raises CannotRun where a side
    refuses its key: two that do agree on every wallet."""
    asking = Asking(
        *sides,
        options.rate,
        options.connections,
        noise=options.noise,
        in_turn=not isinstance(sides[1], DryRun),
        apart=options.apart,
        keys=keys,
    )
    progress = Progress(*state.count())
    refusing: set[str] = set()

    def keep(result: Result) -> None:
        if refusing or (not progress.steps and 401 in result.statuses):
            refusing.update(
                side.name for side, status in zip(sides, result.statuses, strict=True) if status == 401
            )
            asking.stopped.set()
            return
        state.keep(result)
        progress.step()

    before = {
        signum: signal.signal(signum, lambda *_: asking.stopped.set())
        for signum in (signal.SIGINT, signal.SIGTERM)
    }
    start = time.monotonic()
    try:
        asking.run(state.left(), keep)
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
        seconds = time.monotonic() - start
        asked = progress.steps * (3 if options.noise else 2)
        run = state.read("run")
        run |= {
            "seconds": run["seconds"] + seconds,
            "rate": options.rate,
            "rate_reached": asked / seconds if seconds else 0,
        }
        state.say("run", run)
        progress.end()
    if refusing:
        raise CannotRun(f"The API key is refused: by {' and by '.join(sorted(refusing))}.")
    return asking.stopped.is_set()


class Progress:
    """How far it is: on a terminal a bar, elsewhere a line now and then."""

    def __init__(self, total: int, left: int) -> None:
        self._total = total
        self._before = total - left
        self._is_terminal = sys.stderr.isatty()
        self._start = self._shown = time.monotonic()
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        now = time.monotonic()
        if now - self._shown >= (TERMINAL_SECONDS if self._is_terminal else PLAIN_SECONDS):
            self._shown = now
            self._show(now)

    def _show(self, now: float) -> None:
        done = self._before + self.steps
        seconds = (now - self._start) / max(1, self.steps) * (self._total - done)
        text = f"{done:,} of {self._total:,} wallets, {seconds:,.0f} s left"
        if self._is_terminal:
            filled = BAR * done // self._total
            text = f"\r[{'#' * filled}{'.' * (BAR - filled)}] {text}\x1b[K"
        print(text, end="" if self._is_terminal else "\n", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._is_terminal and self.steps:
            self._show(time.monotonic())
            print(file=sys.stderr)


def summarise(found: dict[str, Any], page: Path) -> None:
    """Prints the verdict, and where the report is."""
    verdict = found["verdict"]
    print(f"{verdict['headline']}.")
    names = ("asked", "equal", "explained", "unexplained", "errors", "noise", "not_had", "left", "flips")
    print(", ".join(f"{name.replace('_', ' ')} {verdict[name]:,}" for name in names))
    for cause in found["causes"]:
        if cause["unexplained"]:
            print(f"    {cause['unexplained']:,} {cause['cause']}")
    for slow in found["slower"]:
        print(
            f"    {figures.SLOWER}: {slow['quantile']} {slow['ratio']:.1f} times, {slow['limit']:g} allowed"
        )
    print(f"{page} and {page.with_suffix('.json').name}")


def show(options: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> int:
    """Prints the status and the body that the dry run gives for one wallet."""
    (wallet,) = wallets.parse([options.show], options.scorer)
    name = candidate_key_name(environ)
    candidate = DryRun(Settings.from_environment(environ), key(environ, name), options.limit)
    answer = candidate.connect().ask(wallet)
    print(answer.status if answer.status is not None else answer.fault)
    print(answer.body.decode("utf-8", "replace"))
    return 0 if answer.status is not None else 2


if __name__ == "__main__":
    sys.exit(main())
