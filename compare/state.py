"""What is known of a comparison: a file of SQLite, so that one is stopped and continued, and takes the same
memory however long it is."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compare import differences
from compare.differences import Difference
from compare.errors import CannotRun
from compare.wallets import Wallet

SCHEMA = """
create table said (name text primary key, value text not null);
create table wallet (
    id integer primary key,
    scorer_id text not null,
    address text not null,
    -- null until it was asked for; then compared, error, not_had
    outcome text,
    primary_status integer,
    candidate_status integer,
    is_flip integer,
    fault text,
    primary_due real, primary_sent real, candidate_due real, candidate_sent real,
    unique (scorer_id, address)
);
create index wallet_left on wallet (id) where outcome is null;
create table difference (
    wallet_id integer not null,
    field text not null,
    cause text not null,
    primary_value text not null,
    candidate_value text not null,
    is_tie integer not null,
    is_noise integer not null
);
create index difference_wallet on difference (wallet_id);
create index difference_cause on difference (cause);
create table sample (
    wallet_id integer primary key, primary_body text not null, candidate_body text not null
);
"""
# Bodies that are kept of each cause.
SAMPLES = 5


@dataclass(frozen=True)
class Times:
    """Seconds that an answer took, from when it was planned to be asked for, and from when it was."""

    due: float
    sent: float


@dataclass(frozen=True)
class Result:
    """What came of one wallet. noise names the fields in which the primary differs from itself."""

    id: int
    outcome: str
    statuses: tuple[int | None, int | None] = (None, None)
    fault: str = ""
    times: tuple[Times | None, Times | None] = (None, None)
    differences: Sequence[Difference] = ()
    noise: Sequence[Difference] = ()
    is_flip: bool = False
    bodies: tuple[str, str] = ("", "")


class State:
    """One comparison's file; used by one thread."""

    def __init__(self, path: Path, said: dict[str, Any]) -> None:
        """Begins a comparison in a new file; said is what it is of."""
        for old in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal"))):
            old.unlink(missing_ok=True)
        self._open(path)
        self._db.executescript(SCHEMA)
        self.say("of", said)

    @classmethod
    def resumed(cls, path: Path, said: dict[str, Any]) -> "State":
        """Goes on with a comparison; raises CannotRun where there is none, or one of something else."""
        state = cls.__new__(cls)
        if not path.exists():
            raise CannotRun(f"There is nothing to resume in {path.parent}: leave --resume out.")
        try:
            state._open(path)
            before = state.read("of")
        except sqlite3.Error:
            raise CannotRun(f"{path} is no comparison that can be resumed: leave --resume out.") from None
        for name, value in said.items():
            if before.get(name) != value:
                raise CannotRun(
                    f"The comparison in {path.parent} has another {name}: {before.get(name)}, not {value}."
                )
        # What was not had may be now.
        state._db.execute("update wallet set outcome = null where outcome = 'not_had'")
        state._db.commit()
        return state

    def _open(self, path: Path) -> None:
        self._db = sqlite3.connect(path)
        # Each result is kept at once, also where this process is killed; not where the machine fails.
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = off")
        self._samples: dict[str, int] = {}
        with suppress(sqlite3.Error):
            self._samples = dict(
                self._db.execute(
                    "select d.cause, count(distinct s.wallet_id) from sample as s"
                    " inner join difference as d on d.wallet_id = s.wallet_id group by d.cause"
                )
            )

    def say(self, name: str, value: Any) -> None:
        self._db.execute("insert or replace into said values (?, ?)", [name, json.dumps(value)])
        self._db.commit()

    def read(self, name: str) -> Any:
        row = self._db.execute("select value from said where name = ?", [name]).fetchone()
        return json.loads(row[0]) if row else {}

    def add(self, wallets: Iterable[Wallet]) -> None:
        """Takes note of wallets, each once."""
        self._db.executemany(
            "insert or ignore into wallet (scorer_id, address) values (?, ?)",
            ((w.scorer_id, w.address) for w in wallets),
        )
        self._db.commit()

    def count(self) -> tuple[int, int]:
        """How many wallets there are, and how many of them are left to be asked for."""
        total, left = self._db.execute(
            "select count(*), count(*) filter (where outcome is null) from wallet"
        ).fetchone()
        return int(total), int(left)

    def left(self) -> Iterator[tuple[int, Wallet]]:
        """Each wallet that is left, some hundred read at a time."""
        last = 0
        while rows := self._db.execute(
            "select id, scorer_id, address from wallet"
            " where id > ? and outcome is null order by id limit 500",
            [last],
        ).fetchall():
            for last, scorer_id, address in rows:
                yield last, Wallet(scorer_id, address)

    def keep(self, result: Result) -> None:
        """Writes what came of a wallet."""
        primary, candidate = result.times
        self._db.execute(
            "update wallet set outcome = ?, primary_status = ?, candidate_status = ?, is_flip = ?, fault = ?,"
            " primary_due = ?, primary_sent = ?, candidate_due = ?, candidate_sent = ? where id = ?",
            [
                result.outcome,
                *result.statuses,
                result.is_flip,
                result.fault,
                primary.due if primary else None,
                primary.sent if primary else None,
                candidate.due if candidate else None,
                candidate.sent if candidate else None,
                result.id,
            ],
        )
        noisy = {found.field for found in result.noise}
        self._db.executemany(
            "insert into difference values (?, ?, ?, ?, ?, ?, ?)",
            [
                (result.id, d.field, d.cause, d.primary, d.candidate, d.is_tie, d.field in noisy)
                for d in result.differences
            ],
        )
        causes = {d.cause for d in result.differences}
        if result.is_flip:
            causes.add("flip")
        if any(self._samples.get(cause, 0) < SAMPLES for cause in causes):
            for cause in causes:
                self._samples[cause] = self._samples.get(cause, 0) + 1
            self._db.execute("insert or replace into sample values (?, ?, ?)", [result.id, *result.bodies])
        self._db.commit()

    def settle(self) -> None:
        """Files differences of the last decimal under what explains all of a scorer's: rounding where each is
        a tie, a weight where one is not."""
        self._db.execute(
            """
            update difference set cause = case when scorer.all_ties then ? else ? end
            from (
                select w.scorer_id, min(d.is_tie) as all_ties
                from difference as d inner join wallet as w on w.id = d.wallet_id
                where d.cause in (?, ?)
                group by w.scorer_id
            ) as scorer
            inner join wallet as w on w.scorer_id = scorer.scorer_id
            where difference.wallet_id = w.id and difference.cause in (?, ?)
            """,
            [differences.ROUNDING, differences.WEIGHT_BELOW] * 3,
        )
        self._db.commit()

    def rows(self, statement: str, *arguments: object) -> Iterator[tuple[Any, ...]]:
        """What the file says; a cursor, so that it is read as it is needed."""
        return self._db.execute(statement, arguments)

    def close(self) -> None:
        self._db.commit()
        self._db.close()
