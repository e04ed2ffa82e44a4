"""How far a comparison is."""

import sys
import time

# Seconds between two lines of progress, on a terminal and elsewhere.
TERMINAL_SECONDS = 0.2
PLAIN_SECONDS = 10.0
BAR = 30


class Progress:
    """How far it is: on a terminal a bar, elsewhere a line now and then."""

    def __init__(self, total: int, left: int) -> None:
        self._total = total
        self._before = total - left
        self._is_terminal = sys.stderr.isatty()
        self._start = self._shown = time.monotonic()
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        now = time.monotonic()
        if now - self._shown >= (TERMINAL_SECONDS if self._is_terminal else PLAIN_SECONDS):
            self._shown = now
            self._show(now)

    def _show(self, now: float) -> None:
        done = self._before + self.steps
        seconds = (now - self._start) / max(1, self.steps) * (self._total - done)
        text = f"{done:,} of {self._total:,} wallets, {seconds:,.0f} s left"
        if self._is_terminal:
            filled = BAR * done // self._total
            text = f"\r[{'#' * filled}{'.' * (BAR - filled)}] {text}\x1b[K"
        print(text, end="" if self._is_terminal else "\n", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._is_terminal and self.steps:
            self._show(time.monotonic())
            print(file=sys.stderr)
