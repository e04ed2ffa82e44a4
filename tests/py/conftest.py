"""What several test files of this folder use."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from api import json_lines
from harness import printed
from harness.printed import Lines
from harness.service import Service, running
from local.issuer import Issuer

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def ed25519() -> Issuer:
    """An issuer that signs the legacy form."""
    return Issuer.ed25519()


@pytest.fixture
def lines() -> Lines:
    """Gives the lines of the requests that the test's own process has answered so far."""
    # Loading a handler of Lambda has put them elsewhere.
    json_lines.write_to(printed.logged)
    start = printed.logged.tell()
    return lambda: printed.lines(start)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts the service on a database; changed is as for running, further arguments are its environment."""
    with ExitStack() as stack:

        def start(database_url: str, changed: str = "", **environment: str) -> Service:
            output = tmp_path / f"service-{next(_numbers)}.log"
            printed.files.add(output)
            return stack.enter_context(running(output, database_url, changed, **environment))

        yield start
