"""Forged documents by the thousand, and what came of them: DOCUMENTS=200000 SEED=1 python -m tests.fuzz

Ends with 1, and prints the documents, where one claimed more than was signed, a check raised, crashed or did
not end, or anything was printed by a check. SHAPE=off leaves nothing but the proofs in the way.
"""

import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.fuzz.checking import (
    CRASHED,
    DID_NOT_END,
    LEFT_OUT,
    LIMIT,
    MORE,
    RAISED,
    REFUSED,
    SIGNED,
    Job,
    Outcome,
    outcomes,
)

BAD = (MORE, RAISED, CRASHED, DID_NOT_END)
COLUMNS = (LEFT_OUT, REFUSED, SIGNED, MORE, RAISED, CRASHED, DID_NOT_END)
SHOWN, SHOWN_LETTERS = 20, 3000


@dataclass
class Tally:
    """What came of the documents of a run."""

    verdicts: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    total: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    bad: list[Outcome] = field(default_factory=list)
    slowest: Outcome | None = None

    def add(self, outcome: Outcome) -> None:
        """A document counts for each of its kinds, once in the total."""
        self.total[outcome.verdict] += 1
        for kind in outcome.kinds or ("none that fitted",):
            self.verdicts[kind][outcome.verdict] += 1
        if outcome.verdict in (LEFT_OUT, REFUSED):
            self.reasons[outcome.detail] += 1
        if outcome.verdict in BAD:
            self.bad.append(outcome)
        if self.slowest is None or outcome.seconds > self.slowest.seconds:
            self.slowest = outcome

    def lines(self) -> list[str]:
        """The table."""
        width = max(map(len, self.verdicts))
        header = " ".join(f"{name:>20}" for name in ("documents", *COLUMNS))
        return [f"{'kind':{width}} {header}"] + [
            f"{kind:{width}} {counts.total():>20} " + " ".join(f"{counts[name]:>20}" for name in COLUMNS)
            for kind, counts in [*sorted(self.verdicts.items()), ("all", self.total)]
        ]


def main() -> int:
    count = int(os.environ.get("DOCUMENTS", "200000"))
    seed = int(os.environ.get("SEED", "1"))
    limit = float(os.environ.get("LIMIT", LIMIT))
    job = Job(count, seed, os.environ.get("SHAPE") != "off", limit)
    tally = Tally()
    start = time.monotonic()
    with tempfile.TemporaryFile() as printed:
        for outcome in outcomes(job, printed):
            tally.add(outcome)
        printed.seek(0)
        written = printed.read()
    print("\n".join(tally.lines()))
    print(f"\nwhy: {dict(tally.reasons.most_common())}")
    print(f"{count} documents of seed {seed} in {time.monotonic() - start:.0f} s")
    if tally.slowest:
        print(f"longest: {tally.slowest.seconds:.3f} s, {tally.slowest.index}: {tally.slowest.kinds}")
    print(f"printed by checks: {len(written)} bytes {written[:SHOWN_LETTERS]!r}")
    for outcome in tally.bad[:SHOWN]:
        document = job.document(outcome.index)
        print(f"\n{outcome.verdict}: SEED={seed}, document {outcome.index} of form {document.form}")
        print(f"  {outcome.kinds}\n  {outcome.detail}\n  {document.text[:SHOWN_LETTERS]}")
    if len(tally.bad) > SHOWN:
        print(f"\nand {len(tally.bad) - SHOWN} more")
    return 1 if tally.bad or written else 0


if __name__ == "__main__":
    sys.exit(main())
