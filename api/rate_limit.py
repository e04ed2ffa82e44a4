"""Rate limits: what one request has been counted to, and the headers that tell its client."""

from dataclasses import dataclass
from typing import NamedTuple

from flask import Response, g

PERIODS = {86400: "day", 3600: "hour", 60: "minute", 1: "second"}


class Window(NamedTuple):
    """The window of a key's rate limit: its requests, its seconds, how many requests are left of it, and in
    how many seconds it ends."""

    requests: int
    seconds: int
    left: int
    reset: int

    def refusal(self, asked: int) -> str:
        """What a client is told whose request does not fit."""
        period = next(period for period in PERIODS if self.seconds % period == 0)
        many = self.seconds // period
        per = PERIODS[period] if many == 1 else f"{many} {PERIODS[period]}s"
        requests = "1 request" if self.requests == 1 else f"{self.requests} requests"
        limit = f"The rate limit of this API key is {requests} per {per}"
        if asked > self.requests > 0:
            few = f"{limit}, fewer than the {asked} wallets asked for. Ask for fewer at a time."
            return f"{few} It resets in {self.reset} seconds."
        left = f", of which {self.left} are left" if self.left else ""
        return f"{limit}{left}. Try again in {self.reset} seconds."


@dataclass
class Allowance:
    """What one HTTP request has used of its key's rate limit: it is counted once, however many calls of the
    database it takes."""

    asked: int = 1
    is_counted: bool = False
    window: Window | None = None

    @property
    def count(self) -> int:
        """What the next call is to count."""
        return 0 if self.is_counted else self.asked

    def note(self, outcome: str, window: list[int] | None) -> None:
        """Takes what a call came to."""
        if window:
            self.window = Window(*window)
        self.is_counted |= outcome not in ("invalid_key", "legacy_key", "rate_limited")


def begin() -> Allowance:
    """The allowance of the current request."""
    g.allowance = allowance = Allowance()
    return allowance


def add_headers(response: Response) -> Response:
    """On every answer to a key that is known to have a limit, as the IETF's draft names them."""
    allowance: Allowance | None = g.get("allowance")
    if allowance and (window := allowance.window):
        response.headers["RateLimit-Policy"] = f'"default";q={window.requests};w={window.seconds}'
        response.headers["RateLimit"] = f'"default";r={window.left};t={window.reset}'
        if response.status_code == 429:
            response.headers["Retry-After"] = str(window.reset)
    return response
