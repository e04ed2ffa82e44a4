"""The course of a comparison: its sides, its wallets, what is asked, the report, and the exit status."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.settings import SettingError, Settings
from compare import figures, report, rules, wallets
from compare.arguments import candidate_key_name, key, parser, sides, wallets_of
from compare.asking import Asking
from compare.dry_run import DryRun
from compare.errors import CannotRun
from compare.progress import Progress
from compare.sides import Side
from compare.state import Result, State


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        if options.show:
            return show(options)
        return compare(options)
    except (CannotRun, SettingError) as error:
        print(error, file=sys.stderr)
        return 2


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


def ask(state: State, options: argparse.Namespace, both: tuple[Side, Side], keys: list[str]) -> bool:
    """Asks for all wallets that are left; gives whether it was stopped before. Raises CannotRun where a side
    refuses its key: two that do agree on every wallet."""
    asking = Asking(
        *both,
        options.rate,
        options.connections,
        noise=options.noise,
        in_turn=not isinstance(both[1], DryRun),
        apart=options.apart,
        keys=keys,
    )
    progress = Progress(*state.count())
    refusing: set[str] = set()

    def keep(result: Result) -> None:
        if refusing or (not progress.steps and 401 in result.statuses):
            refusing.update(
                side.name for side, status in zip(both, result.statuses, strict=True) if status == 401
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
