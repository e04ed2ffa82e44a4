"""scorer rescore: every passport is scored again, beside requests, after weights or rules have changed."""

import csv
import math
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import click

from api.check_ahead import SIGNALS
from api.database import Unavailable, Unforeseen
from api.scoring import ADDRESS
from api.settings import SettingError, Settings
from cli.rescoring import COLUMNS, Choice, Passports, Run, TooManyFailed, line


class Time(click.ParamType):  # type: ignore[type-arg]
    """A time in ISO 8601, in UTC where it says nothing else."""

    name = "time"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> datetime:
        try:
            given = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value} is no time as 2027-01-31T00:00:00Z", parameter, context)
        return given if given.tzinfo else given.replace(tzinfo=UTC)


def addresses_of(lines: IO[str]) -> list[str]:
    """The wallets of a file, one a line; raises UsageError."""
    addresses = [each.strip().lower() for each in lines]
    for number, address in enumerate(addresses, 1):
        if not ADDRESS.fullmatch(address):
            raise click.UsageError(
                f"line {number} of {lines.name} is not a wallet, 0x and 40 hexadecimal digits"
            )
    return addresses


def opened(path: Path | None, goes_on: bool) -> IO[str] | None:
    """The file for scores, with its first line, or, of a run that goes on, at its end; raises UsageError."""
    if path is None:
        return None
    try:
        out = path.open("a" if goes_on else "x", buffering=1, newline="")
    except FileExistsError:
        raise click.UsageError(f"{path} is there already: name another, or go on with --after") from None
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from None
    if not out.tell():
        csv.writer(out).writerow(COLUMNS)
    return out


@click.command()
@click.option("--scorer", "scorer_id", type=click.IntRange(1), help="the community's id")
@click.option(
    "--wallets", type=click.File(), help="a file of wallets, one a line, - for the input; with --scorer"
)
@click.option(
    "--expires-before",
    type=Time(),
    help="only passports whose score expires before; of all scorers, or of --scorer",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="write no score, and say how many would pass that did not, and not that did",
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="write the scores into a file, as CSV"
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 50),
    default=os.cpu_count() or 1,
    help="wallets at a time; default one a core",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    default=math.inf,
    help="wallets a second at most; default any",
)
@click.option("--since", type=Time(), help="go on: leave out what was scored since, as an earlier run says")
@click.option(
    "--after", type=click.IntRange(0), default=0, help="go on: where an earlier run has stopped, as it says"
)
def rescore(
    scorer_id: int | None,
    wallets: IO[str] | None,
    expires_before: datetime | None,
    dry_run: bool,
    out: Path | None,
    jobs: int,
    rate: float,
    since: datetime | None,
    after: int,
) -> None:
    """Score passports again, as requests would: all of a scorer, those of a list, or those that expire.

    It takes the settings of the service from the environment; the user of DATABASE_URL is in the role
    scorer_admin. SIGTERM and Ctrl-C stop it once what it has begun is done, and it says how to go on.

    Exit status: 0, also once it was told to stop; 130 after Ctrl-C; 1 where wallets failed or it could not go
    on; 2 for bad options or settings.
    """
    if scorer_id is None and expires_before is None:
        raise click.UsageError("which passports: give --scorer, --expires-before, or both")
    if wallets and (scorer_id is None or expires_before):
        raise click.UsageError("--wallets goes with --scorer, and not with --expires-before")
    try:
        settings = Settings.from_environment()
    except SettingError as error:
        raise click.UsageError(str(error)) from None
    choice = Choice(scorer_id, addresses_of(wallets) if wallets else None, expires_before, since, after)
    run = Run(Passports(settings.database_url, settings.database_password), settings, choice, rate, dry_run)
    received: set[int] = set()

    def stop(signum: int, frame: object) -> None:
        received.add(signum)
        run.stopped.set()

    for signum in SIGNALS:
        signal.signal(signum, stop)
    sys.exit(carried_out(run, jobs, out) or (130 if signal.SIGINT in received else 0))


def carried_out(run: Run, jobs: int, out: Path | None) -> int:
    """Has a run work, and says what came of it; gives the exit status."""
    reason = ""
    try:
        run.begin()
        run.out = opened(out, goes_on=run.choice.after > 0)
        print(f"What is scored from now on is not scored again: --since {run.since_text}", file=sys.stderr)
        run.work(jobs)
    except (Unavailable, Unforeseen, TooManyFailed) as error:
        reason = line(error)
    finally:
        if run.out:
            run.out.close()
    if run.is_told and sys.stderr.isatty():
        print(file=sys.stderr)
    print(said(run, reason))
    return 1 if reason or run.failed else 0


def said(run: Run, reason: str) -> str:
    """What came of a run, on one line; the reason is why it could not go on."""
    counted = f"{run.scored:,} wallets in {time.monotonic() - run.started:.1f} s"
    flipped = f"{run.now_pass:,} pass that did not, {run.no_longer_pass:,} do not that did"
    others = (
        f"{run.scored_since:,} were scored meanwhile, {run.gone:,} have no passport, {run.failed:,} failed"
    )
    done = f"{'Would score' if run.dry_run else 'Scored'} {counted}: {flipped}; {others}"
    if reason and not run.since_text:
        return f"Stopped: {reason}. {done}."
    if reason:
        # The server may have lost what it wrote last.
        return f"Stopped: {reason}. {done}; go on with --since {run.since_text}."
    if run.stopped.is_set() and run.position < run.last:
        return f"{done}; go on with --since {run.since_text} --after {run.position}."
    return f"{done}; none is left."


if __name__ == "__main__":
    rescore()
