"""What the tests stand on: a server of the PostgreSQL version under test, and databases on it."""

import itertools
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from flask.testing import FlaskClient
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api import keys
from api.app import create_app
from api.settings import Settings
from db.load import load
from local import postgres
from local.issuer import Issuer
from local.migrate import ROOT, migrate
from tests.py import printed

CACHE = ROOT / ".cache"
# Nothing here outlives a test run.
SERVER_SETTINGS = {
    "fsync": "off",
    "max_connections": "60",
    "timezone": "Asia/Kolkata",
    "log_error_verbosity": "terse",
}

_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgres", type=int, choices=(15, 18), default=postgres.EMBEDDED_VERSION)
    parser.addoption("--pooler", action="store_true", help="the service reaches its database by PgBouncer")


class OwnServer(AbstractContextManager["OwnServer"]):
    """A server under a test's control, until its block ends: url is that of its superuser."""

    def __init__(self, data: Path, programs: Path, version: int, **settings: str) -> None:
        with postgres.server(
            data, SERVER_SETTINGS | {"listen_addresses": ""} | settings, version, programs
        ) as url:
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


def pytest_configure(config: pytest.Config) -> None:
    printed.keep()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --pooler the tests over HTTP alone: the others speak to the server itself."""
    if config.getoption("--pooler"):
        config.hook.pytest_deselected(items=[item for item in items if not item.get_closest_marker("http")])
        items[:] = [item for item in items if item.get_closest_marker("http")]
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@pytest.fixture(scope="session")
def postgres_version(request: pytest.FixtureRequest) -> int:
    version: int = request.config.getoption("--postgres")
    return version


@pytest.fixture(scope="session")
def programs(postgres_version: int) -> Path:
    """The bin folder of the version under test."""
    if postgres_version == postgres.EMBEDDED_VERSION:
        return postgres.programs()
    relative = f"usr/lib/postgresql/{postgres_version}/bin"
    if (Path("/") / relative / "postgres").exists():
        return Path("/") / relative
    unpacked = CACHE / f"postgresql-{postgres_version}"
    if not (unpacked / relative / "postgres").exists():
        debian_unpack("--with-dependencies", str(unpacked), f"postgresql-{postgres_version}")
    os.environ["LD_LIBRARY_PATH"] = ":".join(
        sorted({str(p.parent) for p in (unpacked / "usr/lib").glob("*-linux-gnu*/*.so*")})
    )
    return unpacked / relative


@pytest.fixture(scope="session")
def server(postgres_version: int, programs: Path) -> Iterator[str]:
    """A running server of the version under test; its URL."""
    with tempfile.TemporaryDirectory(prefix="scorer-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        with postgres.server(data, SERVER_SETTINGS, postgres_version, programs) as url:
            with psycopg.connect(url) as connection:
                assert connection.info.server_version // 10000 == postgres_version
            printed.files.add(data / "log")
            yield url
            printed.files.remove(data / "log")


@pytest.fixture
def own_server(postgres_version: int, programs: Path) -> Iterator[OwnServer]:
    """A server that a test may stop, break and ask for roles of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="scorer-", ignore_cleanup_errors=True) as folder,
        OwnServer(Path(folder) / "data", programs, postgres_version) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def template(server: str) -> str:
    """The name of a database to copy: migrated, with the functions as they stand on disk."""
    url = create_database(server, "template0", "migrated")
    migrate(url)
    load(url)
    add_service_role(server)
    return "migrated"


@pytest.fixture
def database_url(server: str, template: str) -> str:
    """A fresh migrated database."""
    return create_database(server, template)


@pytest.fixture
def empty_database_url(server: str) -> str:
    """A fresh database with nothing in it."""
    return create_database(server, "template0")


def create_database(server: str, template: str, name: str | None = None) -> str:
    name = name or f"test_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}".encode())
    return make_conninfo(server, dbname=name)


@pytest.fixture(scope="session")
def pgtap_connection(server: str, template: str, programs: Path) -> Iterator[psycopg.Connection]:
    """The connection that pytest-pgtap runs tests/sql on."""
    url = create_database(server, template, "pgtap")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create schema tap")
    environment = os.environ | {"PGOPTIONS": "-c search_path=tap -c client_min_messages=warning"}
    for script in (pgtap_script(), ROOT / "tests/sql/fixtures.sql"):
        subprocess.run(
            [programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", script, url],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    with psycopg.connect(url, options="-c search_path=scorer,tap") as connection:
        yield connection


def pgtap_script() -> Path:
    """pgTAP's SQL as Debian packages it; its functions are plain SQL, the same for every version."""
    for root in (Path("/"), CACHE / "pgtap"):
        if root == CACHE / "pgtap" and not root.exists():
            debian_unpack(str(root), "postgresql-[0-9]+-pgtap")
        for script in sorted(root.glob("usr/share/postgresql/*/extension/pgtap.sql")):
            return script
    raise AssertionError("pgTAP was unpacked, but has no pgtap.sql")


def debian_unpack(*arguments: str) -> None:
    subprocess.run([ROOT / "local/debian-unpack", *arguments], check=True)


@dataclass
class World:
    """A database with one account, its key and one community, and ways to fill it. url is that of its
    superuser, service_url what the service is given."""

    url: str
    service_url: str
    connection: psycopg.Connection
    issuer: Issuer
    key: str = "testkey1.secret"

    def execute(self, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
        cursor = self.connection.execute(statement.encode(), arguments or None)
        return cursor.fetchall() if cursor.description is not None else []

    def add_community(
        self,
        id_: int,
        weights: str = "{}",
        threshold: str = "2.5",
        account: int = 1,
        points: bool = False,
    ) -> None:
        self.execute("insert into account_account (id) values (%s) on conflict do nothing", account)
        self.execute(
            "insert into scorer_weighted_binaryweightedscorer values (%s, %s, %s)",
            id_,
            weights,
            threshold,
        )
        self.execute(
            "insert into account_community (id, account_id, scorer_id, human_points_program)"
            " values (%s, %s, %s, %s)",
            id_, account, id_, points,
        )  # fmt: skip

    def add_key(self, key: str, account: int = 1, hashed: str | None = None, **columns: object) -> None:
        names = "".join(f", {name}" for name in columns)
        marks = ", %s" * len(columns)
        self.execute(
            f"insert into account_apikey (account_id, prefix, hashed_key{names}) values (%s, %s, %s{marks})",
            account, keys.prefix(key), hashed or keys.sha256_hash(key), *columns.values(),
        )  # fmt: skip
        printed.watch_for(key, hashed or keys.sha256_hash(key))

    def unguard_weights(self) -> None:
        """Lets weights be written that are refused: as older rows hold them, or tables of another service."""
        self.execute("alter table scorer_weighted_binaryweightedscorer disable trigger guard_weights")

    def put(self, address: str, provider: str, document: object) -> None:
        """Puts a document, as JSON, into the wallet's credentials."""
        self.execute(
            "insert into ceramic_cache (address, provider, stamp) values (%s, %s, %s)",
            address, provider, json.dumps(document),
        )  # fmt: skip

    def put_valid(self, address: str, provider: str, *nullifiers: str) -> None:
        """Puts a signed credential into the wallet's credentials."""
        self.put(address, provider, self.issuer.credential(address, provider, list(nullifiers)))

    def settings(self, **changes: Any) -> Settings:
        return Settings(
            **{"database_url": self.service_url, "trusted_issuers": frozenset([self.issuer.did])} | changes
        )

    def client(self, **changes: Any) -> FlaskClient:
        return create_app(self.settings(**changes)).test_client()

    def path(self, address: str, community: object = 1) -> str:
        return f"/v2/stamps/{community}/score/{address}"


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return Issuer.ethereum()


@pytest.fixture(scope="session")
def pooler(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """With --pooler, the URL of a PgBouncer before the server."""
    from tests.py.pgbouncer import pooled

    if request.config.getoption("--pooler"):
        # A database a test: what is left of the earlier ones must not use the server up.
        with pooled(request.getfixturevalue("server"), server_idle_timeout=1) as url:
            yield url
    else:
        yield None


@pytest.fixture
def service_url(database_url: str, pooler: str | None) -> str:
    """The database as the service reaches it: as a user that has its role, with --pooler by PgBouncer."""
    return service_url_of(make_conninfo(pooler, dbname=name_of(database_url)) if pooler else database_url)


@pytest.fixture
def world(database_url: str, service_url: str, issuer: Issuer) -> Iterator[World]:
    with inhabited(database_url, service_url, issuer) as world:
        yield world


@contextmanager
def inhabited(url: str, service_url: str, issuer: Issuer) -> Iterator[World]:
    """The world of a migrated database: one account, its key and one community."""
    with connect(url) as connection:
        world = World(url, service_url, connection, issuer)
        world.add_community(1, '{"Github": "2.25", "Google": "1.0", "Ens": 3}')
        world.add_key(world.key)
        yield world


@pytest.fixture
def sessions(world: World) -> Iterator[Callable[[], psycopg.Connection]]:
    """Opens further connections to the world's database."""
    opened: list[psycopg.Connection] = []

    def session() -> psycopg.Connection:
        opened.append(connect(world.url))
        return opened[-1]

    yield session
    for connection in opened:
        connection.close()


def add_service_role(server: str) -> None:
    """Makes the user that the service connects as: what it may do, it has of its role alone."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("create role service login in role scorer_api")


def service_url_of(url: str) -> str:
    return make_conninfo(url, user="service")


def name_of(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True, options="-c search_path=scorer")
