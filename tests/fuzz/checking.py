"""Documents checked in processes of their own, which end when one takes too long: each by what is read of it
against all that was signed."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import IO, Any

from api import credentials, shapes
from tests.fuzz import catalogue
from tests.fuzz.grammar import Mutated, mutated
from tests.fuzz.signed import corpus

WORKERS = 2
# What a check may take of the processor, and as many times that if it only waits.
LIMIT = 10.0
WAITING = 6
# Faults that didkit found; all others are found before it sees the document.
BY_PROOF = ("bad_proof", "unverifiable")
LEFT_OUT, REFUSED, SIGNED, MORE = "left out", "refused by the proof", "counted as signed", "CLAIMS MORE"
RAISED, DID_NOT_END, CRASHED = "raised", "did not end", "crashed"

Said = tuple[str, str, str, tuple[str, ...], datetime, datetime]


@dataclass(frozen=True)
class Job:
    """Which documents are checked: those of a seed, or the named ones without one; with the shape or not."""

    count: int
    seed: int | None = None
    shape: bool = True
    limit: float = LIMIT

    def document(self, index: int) -> Mutated:
        return catalogue.forgeries.named()[index] if self.seed is None else mutated(self.seed, index)


@dataclass(frozen=True)
class Outcome:
    """What came of a document: the verdict, with the fault or the claims as its detail."""

    index: int
    kinds: tuple[str, ...]
    verdict: str
    detail: str
    seconds: float


def said(text: str) -> tuple[str | None, Said | None]:
    """The fault of a document, or what it claims. The one place that calls what is tested."""
    (found,) = credentials.check([text])
    claims = found.claims
    if claims is None:
        return found.fault, None
    return found.fault, (
        claims.issuer,
        claims.subject,
        claims.provider,
        claims.nullifiers,
        claims.expires_at,
        claims.signed_at,
    )


def take_shape_away() -> None:
    """Leaves nothing but reading claims, and didkit."""
    shapes.check_shape = lambda document: None


@cache
def all_that_was_signed() -> frozenset[Said]:
    """What each document that was signed says."""
    return frozenset(said_by(signed.document()) for signed in corpus())


def said_by(document: dict[str, Any]) -> Said:
    subject = document["credentialSubject"]
    return (
        document["issuer"],
        subject["id"].lower(),
        subject["provider"],
        tuple([subject["hash"]] if "hash" in subject else subject["nullifiers"]),
        datetime.fromisoformat(document["expirationDate"]),
        datetime.fromisoformat(document["proof"]["created"]),
    )


def judged(text: str) -> tuple[str, str]:
    """The verdict on a document, and its detail."""
    try:
        fault, claims = said(text)
    except Exception as error:
        return RAISED, repr(error)
    if claims is None:
        return (REFUSED if fault in BY_PROOF else LEFT_OUT), str(fault)
    return (SIGNED if claims in all_that_was_signed() else MORE), repr(claims)


def work(job: Job, first: int, results: IO[str]) -> None:
    """Judges each document of a worker from the first on, and writes an outcome a line.

    A check that takes too long ends this process.
    """
    if not job.shape:
        take_shape_away()
    all_that_was_signed()
    for index in range(first, job.count, WORKERS):
        document = job.document(index)
        signal.setitimer(signal.ITIMER_PROF, job.limit)
        signal.setitimer(signal.ITIMER_REAL, job.limit * WAITING)
        start = time.perf_counter()
        verdict, detail = judged(document.text)
        seconds = time.perf_counter() - start
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        outcome = Outcome(index, document.kinds, verdict, detail, seconds)
        print(json.dumps(asdict(outcome)), file=results, flush=True)


def outcomes(job: Job, printed: IO[bytes]) -> Iterator[Outcome]:
    """The outcomes of all documents of a job, in no order; printed gets what anything writes to stdout or
    stderr."""
    found: queue.Queue[Outcome | None] = queue.Queue()

    def supervise(number: int) -> None:
        try:
            for outcome in of_worker(job, number, printed):
                found.put(outcome)
        finally:
            found.put(None)

    threads = [threading.Thread(target=supervise, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    ended = 0
    while ended < WORKERS:
        outcome = found.get()
        if outcome is None:
            ended += 1
        else:
            yield outcome
    for thread in threads:
        thread.join()


def of_worker(job: Job, number: int, printed: IO[bytes]) -> Iterator[Outcome]:
    """The outcomes of a worker's documents, by processes of which each goes on behind the document that ended
    the last one."""
    index = number
    while index < job.count:
        reading, writing = os.pipe()
        arguments = json.dumps([asdict(job), index, writing])
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.checking", arguments],
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
            pass_fds=[writing],
        )
        os.close(writing)
        with os.fdopen(reading) as lines:
            for line in lines:
                fields = json.loads(line)
                yield Outcome(**fields | {"kinds": tuple(fields["kinds"])})
                index = fields["index"] + WORKERS
        status = process.wait()
        if status:
            in_time = status not in (-signal.SIGPROF, -signal.SIGALRM)
            yield Outcome(
                index,
                job.document(index).kinds,
                CRASHED if in_time else DID_NOT_END,
                f"status {status}",
                job.limit,
            )
            index += WORKERS


if __name__ == "__main__":
    job_fields, first_index, descriptor = json.loads(sys.argv[1])
    with os.fdopen(descriptor, "w") as pipe:
        work(Job(**job_fields), first_index, pipe)
