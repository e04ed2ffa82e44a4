"""Clients that ask a service for scores without pause, and what each of them got."""

import http.client
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from harness.invariants import Answered
from harness.patience import PATIENCE_SECONDS, wait_until


@dataclass(frozen=True)
class Answer:
    """What a client got: status 0 for a connection that broke."""

    status: int
    address: str
    community: int
    retry_after: str | None = None
    body: bytes = b""


@dataclass
class Load:
    """What the clients have got so far, in the order of arrival."""

    answers: list[Answer] = field(default_factory=list)

    def wait_for(self, count: int, status: int = 200) -> None:
        """Returns after so many further answers of the status."""
        seen = len(self.answers)
        self.wait_until(
            lambda: sum(a.status == status for a in self.answers[seen:]) >= count,
            f"{count} answers of status {status}",
        )

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        wait_until(condition, lambda: f"there are {what}; got {self.by_status()}")

    def by_status(self) -> dict[int, int]:
        return dict(Counter(answer.status for answer in self.answers))

    def answered(self) -> list[Answered]:
        """The scores that clients got."""
        return [
            Answered(a.address, a.community, json.loads(a.body)["last_score_timestamp"])
            for a in self.answers
            if a.status == 200
        ]


@contextmanager
def load(port: int, key: str, passports: Sequence[tuple[str, int]], clients: int = 4) -> Iterator[Load]:
    """Has each client ask for the passports (address, community) in turn, until the block ends."""
    result = Load()
    stop = threading.Event()

    def ask(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        for address, community in itertools.islice(itertools.cycle(passports), first, None):
            if stop.is_set():
                connection.close()
                return
            try:
                connection.request(
                    "GET", f"/v2/stamps/{community}/score/{address}", headers={"X-API-Key": key}
                )
                response = connection.getresponse()
                body = response.read()
                answer = Answer(response.status, address, community, response.headers["Retry-After"], body)
            except (OSError, http.client.HTTPException):
                connection.close()
                answer = Answer(0, address, community)
            result.answers.append(answer)
            if answer.status != 200:
                # As a client that was told to come back, but sooner.
                time.sleep(0.02)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield result
    finally:
        stop.set()
        for thread in threads:
            thread.join()
