"""What several test files of this folder use."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.py.service import Service, running


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts the service on a database; further arguments are its environment."""
    with ExitStack() as stack:

        def start(database_url: str, **environment: str) -> Service:
            return stack.enter_context(running(tmp_path / "service.log", database_url, **environment))

        yield start
