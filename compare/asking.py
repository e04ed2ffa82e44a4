"""Asks two sides for wallets, at a steady rate, and keeps what came of each.

Each question has a time at which it is planned to be sent, and its answer is timed from then, whatever it
waited for meanwhile. The sides have connections of their own: a slow one has its own questions wait, not the
other's. A wallet is asked of one side after the other: of either first in turn, or, where the candidate
claims nothing, of the primary first, whose claims it then finds.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from compare.differences import APART, differences, is_flip
from compare.shown import shown
from compare.sides import Answer, Connection, Side
from compare.state import Result, Times
from compare.wallets import Wallet

# Wallets that are asked for at the same time at most; then the sides are too slow for the rate. With one
# connection it is one wallet: two databases then meet the wallets in the same order, which claim the same.
UNDER_WAY = 500
# How often a wallet that was not had is asked for again, and seconds before that, doubled each time.
AGAIN = 5
AGAIN_SECONDS = 0.5
PRIMARY, CANDIDATE = 0, 1


@dataclass
class Question:
    """One wallet on its way: the sides that are left to be asked, and what was answered so far."""

    id: int
    wallet: Wallet
    sides: deque[int]
    due: float
    answers: list[tuple[int, Answer, Times, float]] = field(default_factory=list)
    attempts: int = 0


class Asking:
    """Asks; progress is called with each result."""

    def __init__(
        self,
        primary: Side,
        candidate: Side,
        rate: float,
        connections: int,
        *,
        noise: bool = False,
        in_turn: bool = True,
        apart: float = APART,
        keys: Iterable[str] = (),
    ) -> None:
        self._sides = (primary, candidate)
        self._rate = rate
        self._connections = connections
        self._noise = noise
        self._in_turn = in_turn
        self._under_way = UNDER_WAY if connections > 1 else 1
        self._apart = apart
        self._keys = tuple(keys)
        self._queues: tuple[queue.Queue[Question | None], ...] = (queue.Queue(), queue.Queue())
        self._answered: queue.Queue[Question] = queue.Queue()
        self._broken: list[BaseException] = []
        self.stopped = threading.Event()

    def run(self, wallets: Iterable[tuple[int, Wallet]], keep: Callable[[Result], None]) -> None:
        """Asks for wallets, given with the ids of their results, until none is left or it is stopped; keep is
        called in this thread."""
        threads = [
            threading.Thread(target=self._work, args=(side,), daemon=True)
            for side in (PRIMARY, CANDIDATE)
            for _ in range(self._connections)
        ]
        for thread in threads:
            thread.start()
        try:
            self._dispatch(wallets, keep)
        finally:
            for side in (PRIMARY, CANDIDATE):
                for _ in range(self._connections):
                    self._queues[side].put(None)
            for thread in threads:
                thread.join()

    def _dispatch(self, wallets: Iterable[tuple[int, Wallet]], keep: Callable[[Result], None]) -> None:
        later: list[Question] = []
        waiting = iter(wallets)
        upcoming = next(waiting, None)
        due = time.monotonic()
        under_way = turn = 0
        while True:
            now = time.monotonic()
            if self.stopped.is_set():
                upcoming = None
                under_way -= len(later)
                later.clear()
            for question in [q for q in later if q.due <= now]:
                later.remove(question)
                self._queues[question.sides[0]].put(question)
            if upcoming and due <= now and under_way < self._under_way:
                question = Question(*upcoming, self._order(turn), due)
                # As many questions as it is of a wallet.
                due += len(question.sides) / self._rate
                turn += 1
                under_way += 1
                self._queues[question.sides[0]].put(question)
                upcoming = next(waiting, None)
                continue
            if not upcoming and not under_way:
                return
            dues = [q.due for q in later] + ([due] if upcoming and under_way < self._under_way else [])
            try:
                answered = self._answered.get(timeout=max(0.001, min([*dues, now + 1]) - now))
            except queue.Empty:
                if self._broken:
                    raise self._broken[0] from None
                continue
            side, answer, *_ = answered.answers[-1]
            if answer.again and answered.attempts < AGAIN:
                answered.answers.pop()
                answered.attempts += 1
                answered.sides.appendleft(side)
                answered.due = time.monotonic() + AGAIN_SECONDS * 2 ** (answered.attempts - 1)
                later.append(answered)
            elif answered.sides and answer.status is not None:
                self._queues[answered.sides[0]].put(answered)
            else:
                under_way -= 1
                keep(self._result(answered))

    def _order(self, turn: int) -> deque[int]:
        primaries = [PRIMARY] * (2 if self._noise else 1)
        return deque(
            [*primaries, CANDIDATE] if turn % 2 == 0 or not self._in_turn else [CANDIDATE, *primaries]
        )

    def _work(self, side: int) -> None:
        connection: Connection | None = None
        try:
            while (question := self._queues[side].get()) is not None:
                connection = connection or self._sides[side].connect()
                question.sides.popleft()
                asked, sent = time.time(), time.monotonic()
                answer = connection.ask(question.wallet)
                done = time.monotonic()
                question.answers.append((side, answer, Times(done - question.due, done - sent), asked))
                # The next question of this wallet is due at once.
                question.due = done
                self._answered.put(question)
        except BaseException as error:
            self._broken.append(error)
        finally:
            if connection:
                connection.close()

    def _result(self, question: Question) -> Result:
        answers: dict[int, list[tuple[Answer, Times, float]]] = {PRIMARY: [], CANDIDATE: []}
        for side, answer, times, asked in question.answers:
            answers[side].append((answer, times, asked))
        for side, found in answers.items():
            for answer, *_ in found:
                if answer.status is None:
                    outcome = "not_had" if answer.again else "error"
                    return Result(
                        question.id, outcome, fault=f"{'candidate' if side else 'primary'}: {answer.fault}"
                    )
        # The one that was asked last before or first after the candidate.
        first, *more = answers[PRIMARY]
        (primary, primary_times, primary_asked), (candidate, candidate_times, candidate_asked) = (
            (more or [first])[0],
            answers[CANDIDATE][0],
        )
        noise = differences(first[0], primary, primary_asked - first[2], self._apart) if more else []
        return Result(
            question.id,
            "compared",
            (primary.status, candidate.status),
            times=(primary_times, candidate_times),
            differences=differences(primary, candidate, candidate_asked - primary_asked, self._apart),
            noise=noise,
            is_flip=is_flip(primary, candidate),
            bodies=(shown(primary.body, self._keys), shown(candidate.body, self._keys)),
        )
