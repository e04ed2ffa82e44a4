"""scorer rescore: every passport is scored again, beside requests, after weights or rules have changed."""

import csv
import json
import math
import os
import signal
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from cli.connection import ID, Failed, url
from cli.explain import trusted_issuers
from cli.output import json_option, show_json

if TYPE_CHECKING:
    from cli.rescoring import Run


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


@click.command()
@click.option("--scorer", "scorer_id", type=ID, help="The community's id.")
@click.option(
    "--wallets", type=click.File(), help="A file of wallets, one a line, - for the input; with --scorer."
)
@click.option(
    "--expires-before", type=Time(), help="Only passports whose score expires before; of any scorer."
)
@click.option("--dry-run", is_flag=True, help="Write no score; say how many would begin, and cease, to pass.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the scores to a file, as CSV."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 50),
    default=os.cpu_count() or 1,
    help="Wallets at a time; one a core unless told.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    default=math.inf,
    help="Wallets a second at most; as many as can be unless told.",
)
@click.option("--since", type=Time(), help="Go on: leave what was scored since, as a run says that stopped.")
@click.option(
    "--after", type=click.IntRange(0, 2**63 - 1), help="Go on: from where a run stopped, as it says."
)
@json_option
def rescore(
    scorer_id: int | None,
    wallets: IO[str] | None,
    expires_before: datetime | None,
    dry_run: bool,
    out: Path | None,
    jobs: int,
    rate: float,
    since: datetime | None,
    after: int | None,
    as_json: bool,
) -> None:
    """Score passports again, as requests would: all of --scorer, those of a list, or those that expire.

    The settings have to be the service's: TRUSTED_IAM_ISSUERS, HUMAN_POINTS_ENABLED and
    HUMAN_POINTS_START_TIMESTAMP. SIGTERM and Ctrl-C stop it once what it has begun is done, and it says how
    to go on. It ends with 0, also once it was told to stop; 130 after Ctrl-C; 1 where wallets failed.
    """
    # Imported here: didkit takes a while.
    from api.check_ahead import SIGNALS
    from api.settings import SettingError, Settings
    from cli.rescoring import Choice, Passports, Run

    if scorer_id is None and expires_before is None:
        raise click.UsageError("Which passports? Give --scorer, --expires-before, or both.")
    if wallets and (scorer_id is None or expires_before):
        raise click.UsageError("--wallets goes with --scorer, and not with --expires-before.")
    choice = Choice(scorer_id, addresses_of(wallets) if wallets else None, expires_before, since, after or 0)
    try:
        with url() as there:
            given = {"DATABASE_URL": there, "TRUSTED_IAM_ISSUERS": json.dumps(sorted(trusted_issuers()))}
            settings = Settings.from_environment(os.environ | given)
            run = Run(Passports(there, settings.database_password), settings, choice, rate, dry_run)
            received: set[int] = set()

            def stop(signum: int, frame: object) -> None:
                received.add(signum)
                run.stopped.set()

            for signum in SIGNALS:
                signal.signal(signum, stop)
            status = carried_out(run, jobs, out, goes_on=after is not None, as_json=as_json)
    except SettingError as error:
        raise Failed(str(error)) from None
    sys.exit(status or (130 if signal.SIGINT in received else 0))


def addresses_of(lines: IO[str]) -> list[str]:
    """The wallets of a file, one a line; raises UsageError."""
    from api.scoring import ADDRESS

    addresses = [line.strip().lower() for line in lines]
    for number, address in enumerate(addresses, 1):
        if not ADDRESS.fullmatch(address):
            raise click.UsageError(
                f"Line {number} of {lines.name} is no wallet: 0x and 40 hexadecimal digits."
            )
    return addresses


def opened(path: Path, goes_on: bool) -> IO[str]:
    """The file for scores, with its first line, or, of a run that goes on, at its end; raises Failed."""
    from cli.rescoring import COLUMNS

    try:
        out = path.open("a" if goes_on else "x", buffering=1, newline="")
    except FileExistsError:
        raise Failed(f"{path} is there already: name another one, or go on with --after.") from None
    except OSError as error:
        raise Failed(f"{path}: {error.strerror}.") from None
    if not out.tell():
        csv.writer(out).writerow(COLUMNS)
    return out


def carried_out(run: "Run", jobs: int, out: Path | None, goes_on: bool, as_json: bool) -> int:
    """Has a run work, and says what came of it; gives the exit status. goes_on adds to the file that is
    there."""
    from api.database import Unavailable, Unforeseen
    from cli.rescoring import TooManyFailed, line

    reason = ""
    try:
        run.begin()
        run.out = opened(out, goes_on) if out else None
        print(f"What is scored from now on is not scored again: --since {run.since_text}", file=sys.stderr)
        run.work(jobs)
    except (Unavailable, Unforeseen, TooManyFailed) as error:
        reason = line(error)
    except OSError as error:
        reason = f"{out}: {error.strerror}"
    finally:
        if run.out:
            with suppress(OSError):
                run.out.close()
    if run.is_told and sys.stderr.isatty():
        print(file=sys.stderr)
    if as_json and run.since_text:
        show_json(figures(run, reason))
    if reason or not as_json:
        print(said(run, reason), file=sys.stderr if reason else sys.stdout)
    return 1 if reason or run.failed else 0


def figures(run: "Run", reason: str) -> dict[str, Any]:
    """What came of a run that has begun: since and after as --since and --after take them to go on, after
    null where it is not to be given."""
    is_stopped = not (reason or run.failed or run.is_complete)
    return {
        "dry_run": run.dry_run,
        "scored": run.scored,
        "now_pass": run.now_pass,
        "no_longer_pass": run.no_longer_pass,
        "scored_since": run.scored_since,
        "no_passport": run.gone,
        "failed": run.failed,
        "is_complete": run.is_complete and not reason,
        "since": run.since_text,
        "after": run.position if is_stopped else None,
    }


def said(run: "Run", reason: str) -> str:
    """What came of a run, on one line; the reason is why it could not go on."""
    counted = f"{run.scored:,} wallets in {time.monotonic() - run.started:.1f} s"
    flipped = f"{run.now_pass:,} pass that did not, {run.no_longer_pass:,} do not that did"
    others = (
        f"{run.scored_since:,} were scored meanwhile, {run.gone:,} have no passport, {run.failed:,} failed"
    )
    done = f"{'Would score' if run.dry_run else 'Scored'} {counted}: {flipped}; {others}"
    if reason and not run.since_text:
        return f"Nothing was scored: {reason}."
    if reason:
        # The server may have lost what it wrote last.
        return f"Stopped: {reason}. {done}; go on with --since {run.since_text}."
    if run.failed:
        return f"{done}; try those again with --since {run.since_text}."
    if not run.is_complete:
        return f"{done}; go on with --since {run.since_text} --after {run.position}."
    return f"{done}; none is left."
