"""One of the two that are compared: who answers, and what it answered."""

from dataclasses import dataclass
from typing import Protocol

from compare.wallets import Wallet


@dataclass(frozen=True)
class Answer:
    """What was answered. status is None where nothing was: fault says why, in a few words without a key, and
    again whether asking later may help."""

    status: int | None
    body: bytes = b""
    fault: str = ""
    again: bool = False


class Connection(Protocol):
    """A way to one side, for one thread."""

    def ask(self, wallet: Wallet) -> Answer: ...

    def close(self) -> None: ...


class Side(Protocol):
    """A service, or our function; name is for the report."""

    @property
    def name(self) -> str: ...

    def connect(self) -> Connection: ...

    def versions(self) -> dict[str, str]:
        """What the side says of its own version; raises CannotRun where it does not answer."""
        ...

    def command(self, wallet: Wallet) -> str:
        """What asks it for a wallet again, from a shell."""
        ...
