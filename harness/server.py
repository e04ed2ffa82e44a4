"""Servers of each PostgreSQL version, their programs, and databases on them."""

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from harness import printed
from harness.debian import NotPackaged, unpacked
from local import postgres

# The oldest version supported.
OLDEST = 15
SYSTEM = Path("/")
# Nothing here outlives a test run.
SETTINGS = {
    "fsync": "off",
    "max_connections": "60",
    "timezone": "Asia/Kolkata",
    "log_error_verbosity": "terse",
    "max_wal_size": "256MB",
}
# In memory a fresh database, which is a few hundred files, takes a tenth of the time. With less room than
# servers may come to need, they stand on disk.
MEMORY = Path("/dev/shm")
ROOM = 4 * 2**30

_numbers = itertools.count(1)


class OwnServer(AbstractContextManager["OwnServer"]):
    """A server under its owner's control, until its block ends: url is that of its superuser."""

    def __init__(self, data: Path, programs: Path, version: int, **settings: str) -> None:
        with postgres.server(data, SETTINGS | {"listen_addresses": ""} | settings, version, programs) as url:
            self.url = url
        self.data = data
        self.programs = programs
        self.sockets = conninfo_to_dict(url)["host"]
        self.start()

    def __exit__(self, *exception: object) -> None:
        printed.texts.append(self.log.read_text())
        self.stop("immediate")

    def start(self) -> None:
        self.control("start", "-o", f"-k {self.sockets}", "-l", str(self.log))

    def stop(self, mode: str = "fast") -> None:
        if (self.data / "postmaster.pid").exists():
            self.control("stop", "-m", mode)

    def kill(self) -> None:
        """Ends every process of the server at once, as a machine that fails does."""
        postmaster = psutil.Process(int((self.data / "postmaster.pid").read_text().split()[0]))
        processes = [postmaster, *postmaster.children()]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes)

    @property
    def log(self) -> Path:
        return self.data / "log"

    def control(self, *arguments: str) -> None:
        other_user = {"user": self.data.stat().st_uid} if os.getuid() == 0 else {}
        subprocess.run(
            [self.programs / "pg_ctl", "-D", self.data, "-w", *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            **other_user,  # type: ignore[call-overload]
        )


def folder_of_data() -> "tempfile.TemporaryDirectory[str]":
    """A folder, until its block ends, for the data of a server that need not last."""
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    return tempfile.TemporaryDirectory(
        prefix="scorer-", dir=MEMORY if in_memory else None, ignore_cleanup_errors=True
    )


def oldest_here() -> int:
    """The oldest version that there is to test on: OLDEST, or the oldest embedded one where neither the
    system nor its archive has that."""
    try:
        debian_root(OLDEST)
    except NotPackaged:
        return min(postgres.embedded())
    return OLDEST


def programs_of(version: int) -> Path:
    """The bin folder of a version: the embedded one's, the system's, else that of Debian's package unpacked;
    raises NotPackaged where there is none."""
    if embedded := postgres.embedded().get(version):
        return embedded
    root = debian_root(version)
    if root != SYSTEM:
        os.environ["LD_LIBRARY_PATH"] = ":".join(
            sorted({str(p.parent) for p in (root / "usr/lib").glob("*-linux-gnu*/*.so*")})
        )
    return root / bin_folder(version)


def debian_root(version: int) -> Path:
    """Below which folder Debian's package of a version is: the system's, else one that it is unpacked in."""
    if (SYSTEM / bin_folder(version) / "postgres").exists():
        return SYSTEM
    return unpacked(f"postgresql-{version}", f"postgresql-{version}", "--with-dependencies")


def bin_folder(version: int) -> str:
    return f"usr/lib/postgresql/{version}/bin"


def create_database(server: str, template: str, name: str | None = None) -> str:
    """Copies a database of the server; gives the URL of the copy."""
    name = name or f"test_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}".encode())
    return make_conninfo(server, dbname=name)


@contextmanager
def database(server: str, template: str) -> Iterator[str]:
    """A copy of a database of the server, until the block ends; its URL."""
    url = create_database(server, template)
    yield url
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name_of(url)} with (force)".encode())


def add_service_role(server: str) -> None:
    """Makes the user that the service connects as, and the operator's, where the server has none: what they
    may do, they have of their roles alone."""
    with psycopg.connect(server, autocommit=True) as connection:
        if connection.execute("select from pg_roles where rolname = 'service'").fetchone() is None:
            connection.execute("create role service login")
        # Again where another test has dropped these roles meanwhile.
        connection.execute("grant scorer_api, scorer_checker to service")
        if connection.execute("select from pg_roles where rolname = 'operator'").fetchone() is None:
            connection.execute("create role operator login")
        connection.execute("grant scorer_admin to operator")


def service_url_of(url: str) -> str:
    return make_conninfo(url, user="service")


def operator_url_of(url: str) -> str:
    return make_conninfo(url, user="operator")


def name_of(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])


def connect(url: str) -> psycopg.Connection:
    """A session that finds the tables without their schema; of an adopted database, those of
    harness.existing."""
    return psycopg.connect(url, autocommit=True, options="-c search_path=world,scorer")
