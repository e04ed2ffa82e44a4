"""Checks documents before a request asks for them: python -m api.check_ahead

Looks at the credentials of DATABASE_URL, the newest first, and checks the documents of TRUSTED_IAM_ISSUERS
that nobody has checked yet. Before, it makes the next months of events, and removes checks that hardly
anybody asks for. SIGTERM and Ctrl-C stop it once it has kept what it has checked; the next run goes on from
there. Several runs share the work.
"""

import argparse
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

from api import json_lines
from api.credentials import VERIFIER, Check, as_json, check
from api.database import Database, Detached, Unavailable, Unchecked, Unforeseen
from api.memory import TUNABLES
from api.settings import SettingError, Settings
from api.upkeep import upkeep

# Documents that are claimed at a time: they take a tenth of a second.
DOCUMENTS = 200
# So many of the ids that were looked at are looked at once more by each run: a transaction that was under way
# may have committed some since.
LOOK_BACK = 1000
EVERYTHING = 2**62
# Seconds between two lines of progress, on a terminal and elsewhere.
TERMINAL_SECONDS = 0.5
PLAIN_SECONDS = 10.0
# A process that checks documents and is told to stop has so long for what it has begun.
STOP_SECONDS = 10
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class Run:
    """What a run is to do, and how far it has come: documents that it checked, those of which nobody else had
    kept a check meanwhile, and ids of credentials that are left."""

    database: Database
    trusted_issuers: list[str]
    rate: float = math.inf
    deadline: float = math.inf
    check: Callable[[Sequence[str]], list[Check]] = check
    stopped: threading.Event = field(default_factory=threading.Event)
    checked: int = 0
    kept: int = 0
    ids_left: int = 0
    _due: float = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, look_back: int = LOOK_BACK) -> None:
        """Takes note of the credentials that came since the last run, and of so many before them."""
        self.ids_left = self._next(limit=0, look_back=look_back).ids_left

    def work(self) -> None:
        """Checks documents until none is left, or the run is to end; several threads may at the same time.
        Raises Unavailable."""
        done = None
        limit = max(1, math.ceil(min(DOCUMENTS, self.rate)))
        try:
            while not self.is_over():
                found = self._next(limit=limit, done=done)
                done = None
                self.ids_left = found.ids_left
                if found.documents:
                    self._check(found.documents.split("\n"))
                    done = found.claim
                elif not found.ids_left:
                    return
        finally:
            if done is not None:
                self._next(limit=0, done=done)

    def is_over(self) -> bool:
        """Whether the run is to end, though there may be more to do."""
        return self.stopped.is_set() or time.monotonic() > self.deadline

    def _check(self, documents: Sequence[str]) -> None:
        checks = self.check(documents)
        kept = self.database.keep_checks(VERIFIER, as_json(checks))
        with self._lock:
            self.checked += len(checks)
            self.kept += kept
            self._due = max(self._due, time.monotonic()) + len(checks) / self.rate
            seconds = min(self._due, self.deadline) - time.monotonic()
        self.stopped.wait(max(0, seconds))

    def _next(self, limit: int, look_back: int = 0, done: int | None = None) -> Unchecked:
        return self.database.unchecked_documents(
            {
                "verifier": VERIFIER,
                "trusted_issuers": self.trusted_issuers,
                "limit": limit,
                "look_back": look_back,
                "done": done,
            }
        )


def main() -> int:
    """Gives the exit status: 0, also once it was told to stop, 130 after Ctrl-C, 1 where it could not go on,
    2 for a bad setting."""
    parser = argparse.ArgumentParser(prog="python -m api.check_ahead", description=__doc__)
    parser.add_argument(
        "--jobs", type=positive(int), default=os.cpu_count() or 1, help="processes; default one a core"
    )
    parser.add_argument(
        "--rate", type=positive(float), default=math.inf, help="documents a second at most; default any"
    )
    parser.add_argument(
        "--again", action="store_true", help="look at all credentials again, for what changed in its place"
    )
    arguments = parser.parse_args()
    try:
        settings = Settings.from_environment()
    except SettingError as error:
        tell(sys.stderr, "CRITICAL", str(error))
        return 2
    run = Run(
        Database(settings.database_url, settings.database_password),
        sorted(settings.trusted_issuers),
        arguments.rate,
    )
    received: set[int] = set()

    def stop(signum: int, frame: object) -> None:
        received.add(signum)
        run.stopped.set()

    for signum in SIGNALS:
        signal.signal(signum, stop)
    start = time.monotonic()
    try:
        upkeep(run.database)
        run.begin(EVERYTHING if arguments.again else LOOK_BACK)
        with processes(arguments.jobs) as run.check:
            work_together(run, arguments.jobs, start)
    except Detached:
        # As requests do, it waits for whoever changes the tables: until the next run.
        told = "The tables are being changed. What was checked is kept: run it again to go on."
        tell(sys.stderr, "WARNING", told)
        return 0
    except (Unavailable, Unforeseen, BrokenExecutor) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        told = f"Stopped: {reason}. What was checked is kept: run it again to go on."
        tell(sys.stderr, "ERROR", told)
        return 1
    left = f"at most {run.ids_left:,} are left: run it again to go on" if run.ids_left else "none is left"
    told = f"Checked {run.checked:,} documents in {time.monotonic() - start:.1f} s; {left}."
    tell(sys.stdout, "INFO", told, checked=run.checked, kept=run.kept, left=run.ids_left)
    return 130 if signal.SIGINT in received else 0


def tell(stream: TextIO, level: str, text: str, **counts: int) -> None:
    """Prints a sentence to a terminal; elsewhere a line in the form of the log, with what it counts."""
    if stream.isatty():
        print(text, file=stream)
        return
    event = {"event": "check_ahead", "message": text, **counts}
    print(json_lines.line(event, level, time.time()), file=stream, flush=True)


def positive(kind: Callable[[str], float]) -> Callable[[str], float]:
    """Reads an argument that is a number greater than 0."""

    def number(text: str) -> float:
        if not kind(text) > 0:
            raise ValueError
        return kind(text)

    return number


@contextmanager
def processes(count: int) -> Iterator[Callable[[Sequence[str]], list[Check]]]:
    """Gives what checks documents in so many processes, which start with the first documents; of one, in this
    one."""
    if count == 1:
        yield check
        return
    os.environ.setdefault("GLIBC_TUNABLES", TUNABLES)
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), stay_with_parent) as pool:
        yield lambda documents: pool.submit(check, documents).result()


def stay_with_parent() -> None:
    """Leaves it to the parent to stop this process, and ends it once the parent is gone."""

    def end_with_parent() -> None:
        parent = multiprocessing.parent_process()
        assert parent
        parent.join()
        os._exit(1)

    def end_in_time(signum: int, frame: object) -> None:
        timer = threading.Timer(STOP_SECONDS, os._exit, [1])
        timer.daemon = True
        timer.start()

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end_in_time)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    threading.Thread(target=end_with_parent, daemon=True).start()


def work_together(run: Run, count: int, start: float) -> None:
    """Has so many threads work, and shows how far they are; raises what one of them raises."""
    terminal = sys.stderr.isatty()
    # Each starts a process, which has the signals blocked too until it knows what to do with them.
    block = (signal.SIG_BLOCK, SIGNALS)
    with ThreadPoolExecutor(count, initializer=signal.pthread_sigmask, initargs=block) as threads:
        working = {threads.submit(run.work) for _ in range(count)}
        while working:
            ended, working = wait(
                working, TERMINAL_SECONDS if terminal else PLAIN_SECONDS, return_when=FIRST_EXCEPTION
            )
            if any(each.exception() for each in ended):
                run.stopped.set()
            if run.checked and (terminal or not ended):
                speed = run.checked / (time.monotonic() - start)
                text = f"{run.checked:,} documents, {speed:,.0f} a second, at most {run.ids_left:,} left"
                if terminal:
                    show(text, terminal)
                else:
                    tell(sys.stderr, "INFO", text, checked=run.checked, kept=run.kept, left=run.ids_left)
            for each in ended:
                each.result()
    if terminal and run.checked:
        print(file=sys.stderr)


def show(text: str, terminal: bool) -> None:
    """Prints how far a run has come, on a terminal in the place of the last line."""
    print(f"\r{text}\x1b[K" if terminal else text, end="" if terminal else "\n", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
