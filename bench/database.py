"""The database that is asked."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from db.migrate import migrate
from harness.server import OwnServer
from harness.world import World, fresh, inhabited
from local import postgres
from local.issuer import Issuer


@contextmanager
def database(issuer: Issuer, given: str | None = None) -> Iterator[tuple[World, psutil.Process | None]]:
    """A world in a database of our own, with the process of its server, or in the one that is given."""
    with ExitStack() as stack:
        if given:
            migrate(given)
            yield stack.enter_context(inhabited(given, given, issuer)), None
            return
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True))
        # Durable as in production; without vacuum, whose time would be anybody's.
        settings = {"fsync": "on", "autovacuum": "off", "max_wal_size": "4GB"}
        server = stack.enter_context(
            OwnServer(Path(folder) / "data", postgres.programs(), postgres.EMBEDDED_VERSION, **settings)
        )
        pid = int((server.data / "postmaster.pid").read_text().split()[0])
        yield stack.enter_context(fresh(server.url, issuer, "bench")), psutil.Process(pid)
