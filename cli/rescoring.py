"""Scores passports again, several at a time, beside requests: which, what came of each, how far it is."""

import csv
import json
import math
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any

from api.check_ahead import PLAIN_SECONDS, SIGNALS, TERMINAL_SECONDS, show
from api.credentials import VERIFIER
from api.database import Database, Detached, Misconfigured, Unavailable, Unforeseen
from api.scoring import retried, with_checks
from api.settings import Settings
from cli.output import say

PASSPORTS = """
select asked_at, ids, addresses, scorer_ids, last_id, ids_left
from scorer.passports_to_rescore(
    p_scorer_id => %(scorer_id)s,
    p_since => %(since)s,
    p_expires_before => %(expires_before)s,
    p_after_id => %(after_id)s
)
"""
RESCORE = """
select
    outcome, unchecked, was_passing, (answer ->> 'passing_score')::boolean,
    case when %(with_answer)s then answer::text end
from scorer.rescore_wallet(
    p_address => %(address)s,
    p_scorer_id => %(scorer_id)s,
    p_since => %(since)s,
    p_trusted_issuers => %(trusted_issuers)s,
    p_verifier => %(verifier)s,
    p_checks => %(checks)s,
    p_human_points_enabled => %(human_points_enabled)s,
    p_human_points_start => coalesce(%(human_points_start)s, '-infinity'::timestamptz),
    p_dry_run => %(dry_run)s
)
"""
# Larger than any passport's id.
NO_ID = 2**63 - 1
# At the end of a run so many ids are looked at once more: a request that was under way may have made some.
LOOK_BACK = 1000
# Wallets that wait for their turn, so that nobody who is ready waits for one that takes long.
WINDOW = 100
# Seconds that a run which fell behind its rate may catch up with.
SLACK = 0.1
# Wallets that fail before a run gives up.
MAX_FAILED = 100
COLUMNS = ("wallet", "scorer", "score", "passing", "was_passing", "expires_at", "counted", "deduped")


class TooManyFailed(Exception):
    """So many wallets have failed that others are not worth trying."""


@dataclass(frozen=True)
class Wallet:
    """A wallet in a community, and where it stands among those of a run."""

    address: str
    scorer_id: int
    position: int


@dataclass(frozen=True)
class Page:
    """What passports_to_rescore gives: see there."""

    asked_at: datetime
    ids: list[int] | None
    addresses: list[str] | None
    scorer_ids: list[int] | None
    last_id: int | None
    ids_left: int


@dataclass(frozen=True)
class Rescored:
    """What rescore_wallet gives: see there. The answer only where it was asked for."""

    outcome: str
    unchecked: str | None
    was_passing: bool | None
    passing: bool | None
    answer: str | None


class Passports(Database):
    """The database of a run."""

    def to_rescore(self, arguments: Mapping[str, Any]) -> Page:
        """Calls passports_to_rescore with its arguments, named without p_; raises Unavailable."""
        (row,) = self._fetch(PASSPORTS, arguments)
        return Page(*row)

    def rescore(self, arguments: Mapping[str, Any]) -> Rescored:
        """Calls rescore_wallet with its arguments, named without p_; raises Unavailable, Misconfigured."""
        (row,) = self._fetch(RESCORE, arguments)
        return Rescored(*row)


@dataclass(frozen=True)
class Choice:
    """Which passports a run scores: those of a list, or of a community, or that expire before a time; of them
    those after a position that were not scored since a time."""

    scorer_id: int | None = None
    addresses: Sequence[str] | None = None
    expires_before: datetime | None = None
    since: datetime | None = None
    after: int = 0


@dataclass
class Run:
    """What a run is to do, and how far it has come."""

    database: Passports
    settings: Settings
    choice: Choice
    rate: float = math.inf
    dry_run: bool = False
    out: IO[str] | None = None
    stopped: threading.Event = field(default_factory=threading.Event)
    since: datetime | None = None
    # The position up to which all are done, and the last one.
    position: int = 0
    last: int = 0
    scored: int = 0
    scored_since: int = 0
    gone: int = 0
    failed: int = 0
    now_pass: int = 0
    no_longer_pass: int = 0
    started: float = field(default_factory=time.monotonic)
    is_told: bool = False
    is_complete: bool = False
    _failed_in_vain: int = 0
    _failed_at: set[int] = field(default_factory=set)
    _due: float = 0
    _told: float = field(default_factory=time.monotonic)

    def begin(self) -> None:
        """Takes the time from which on a score is a new one. Raises Unavailable, Unforeseen where there is no
        such community."""
        now = self._page(NO_ID, None).asked_at
        self.since = self.choice.since or now
        self.position = self.choice.after

    @property
    def since_text(self) -> str:
        """From when on a score is a new one, as --since takes it; empty before the run has begun."""
        return self.since.astimezone(UTC).isoformat() if self.since else ""

    def work(self, jobs: int) -> None:
        """Scores all passports, so many at the same time, in their order; of a run that is stopped what has
        begun. Raises Unavailable, Unforeseen, TooManyFailed."""
        block = (signal.SIG_BLOCK, SIGNALS)
        with ThreadPoolExecutor(jobs, initializer=signal.pthread_sigmask, initargs=block) as threads:
            if self.choice.addresses is not None:
                self._score_all(threads, self._of_list(self.choice.addresses))
            else:
                self._score_all(threads, self._of_pages())
                if not self.dry_run:
                    page = self._page(max(self.choice.after, self.last - LOOK_BACK), self.since)
                    late = (wallet for wallet in self._of(page) if wallet.position not in self._failed_at)
                    self._score_all(threads, late)
        self.is_complete = not self.stopped.is_set()

    def _score_all(self, threads: ThreadPoolExecutor, wallets: Iterator[Wallet]) -> None:
        begun: deque[tuple[Wallet, Future[Rescored]]] = deque()
        try:
            while not self.stopped.is_set() and (wallet := next(wallets, None)):
                begun.append((wallet, threads.submit(self._score, wallet)))
                if len(begun) == WINDOW:
                    self._finish(*begun.popleft())
                self._wait()
            while begun:
                # From the end: what waits is begun in its order.
                while self.stopped.is_set() and begun and begun[-1][1].cancel():
                    begun.pop()
                if begun:
                    self._finish(*begun.popleft())
        finally:
            for _, future in begun:
                future.cancel()

    def _of_list(self, addresses: Sequence[str]) -> Iterator[Wallet]:
        assert self.choice.scorer_id is not None
        self.last = len(addresses)
        for number in range(self.choice.after, len(addresses)):
            yield Wallet(addresses[number], self.choice.scorer_id, number + 1)

    def _of_pages(self) -> Iterator[Wallet]:
        # A file is to hold those too that are scored meanwhile.
        since = None if self.out else self.since
        after: int = self.choice.after
        while (page := self._page(after, since)).last_id is not None:
            yield from self._of(page)
            after = page.last_id

    def _of(self, page: Page) -> Iterator[Wallet]:
        self.last = (page.last_id or 0) + page.ids_left
        yield from map(Wallet, page.addresses or [], page.scorer_ids or [], page.ids or [])

    def _page(self, after: int, since: datetime | None) -> Page:
        arguments = {
            "scorer_id": self.choice.scorer_id,
            "since": since,
            "expires_before": self.choice.expires_before,
            "after_id": after,
        }
        return retried(lambda: self.database.to_rescore(arguments))

    def _score(self, wallet: Wallet) -> Rescored:
        """Scores a wallet as a request would, but for the time that it takes."""
        arguments = {
            "address": wallet.address,
            "scorer_id": wallet.scorer_id,
            "since": self.since,
            "trusted_issuers": sorted(self.settings.trusted_issuers),
            "verifier": VERIFIER,
            "checks": "[]",
            "human_points_enabled": self.settings.human_points_enabled,
            "human_points_start": self.settings.human_points_start,
            "dry_run": self.dry_run,
            "with_answer": self.out is not None,
        }

        def ask(checks: str) -> Rescored:
            return self.database.rescore(arguments | {"checks": checks})

        return retried(lambda: with_checks(ask("[]"), ask, wallet.address))

    def _finish(self, wallet: Wallet, future: Future[Rescored]) -> None:
        """Takes note of what came of a wallet."""
        try:
            self._count(wallet, future.result())
        except (Misconfigured, Unavailable, Unforeseen) as error:
            if isinstance(error, Unavailable):
                if isinstance(error, Detached):
                    raise
                # Whoever else is to be scored could be, where the database answers.
                self.database.ping()
            # Of one community all would fail by it; of several, those of the others would not.
            is_own_fault = isinstance(error, Misconfigured) and self.choice.scorer_id is None
            self._fail(wallet, line(error), gives_up=not is_own_fault)
        self.position = max(self.position, wallet.position)
        self._tell()

    def _count(self, wallet: Wallet, got: Rescored) -> None:
        match got.outcome:
            case "scored":
                self.scored += 1
                self.now_pass += bool(got.passing and not got.was_passing)
                self.no_longer_pass += bool(got.was_passing and not got.passing)
            case "scored_since":
                self.scored_since += 1
            case "no_passport":
                self.gone += 1
            case "too_many_credentials":
                self._fail(wallet, "has more credentials than can be scored", gives_up=False)
        if self.out and got.answer:
            csv.writer(self.out).writerow(row(wallet, got))

    def _fail(self, wallet: Wallet, reason: str, gives_up: bool = True) -> None:
        self.failed += 1
        self._failed_at.add(wallet.position)
        self._failed_in_vain += gives_up
        if self.is_told and sys.stderr.isatty():
            print(file=sys.stderr)
        say(f"{wallet.address} of scorer {wallet.scorer_id}: {reason}", err=True)
        if self._failed_in_vain == MAX_FAILED:
            raise TooManyFailed(f"{MAX_FAILED} wallets could not be scored")

    def _wait(self) -> None:
        """Until the rate allows the next wallet."""
        now = time.monotonic()
        self._due = max(self._due, now - SLACK) + 1 / self.rate
        if self._due > now:
            self.stopped.wait(self._due - now)

    def _tell(self) -> None:
        """Shows how far it is, now and then."""
        terminal = sys.stderr.isatty()
        now = time.monotonic()
        if now - self._told < (TERMINAL_SECONDS if terminal else PLAIN_SECONDS):
            return
        self._told = now
        self.is_told = True
        speed = self.scored / (now - self.started)
        show(
            f"{self.scored:,} wallets, {speed:,.0f} a second, at most {self.last - self.position:,} left",
            terminal,
        )


def row(wallet: Wallet, got: Rescored) -> tuple[object, ...]:
    """A line of the file, in the order of COLUMNS."""
    answer = json.loads(got.answer or "{}")
    # Another service's score may have none.
    deduped = [bool(stamp.get("dedup")) for stamp in (answer["stamps"] or {}).values()]
    return (
        wallet.address,
        wallet.scorer_id,
        answer["score"],
        truth(answer["passing_score"]),
        truth(got.was_passing),
        answer["expiration_timestamp"],
        deduped.count(False),
        deduped.count(True),
    )


def truth(value: bool | None) -> str:
    return "" if value is None else str(value).lower()


def line(error: Exception) -> str:
    """An error on one line, without where in the functions it was met."""
    parts = " ".join(str(error).split()).split("; ")
    return "; ".join(part for part in parts if not part.startswith("PL/pgSQL function")).rstrip(".")
