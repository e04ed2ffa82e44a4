"""The server of the PostgreSQL version under test, databases on it, and worlds in them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from db.load import load
from db.migrate import migrate
from harness import existing, pgtap, printed
from harness.debian import NotPackaged
from harness.pooler import pooled
from harness.server import (
    OLDEST,
    SETTINGS,
    OwnServer,
    add_service_role,
    connect,
    create_database,
    database,
    folder_of_data,
    name_of,
    programs_of,
    service_url_of,
)
from harness.world import World, inhabited
from local import postgres
from local.issuer import Issuer

# Folders of tests/sql.
OWN_TABLES = {
    *("ceramic_cache", "guard_weights"),
    *("change_api_key", "create_api_key", "revoke_api_key", "rotate_api_key"),
    *("change_scorer", "create_account", "create_community", "put_credential", "revoke_credentials"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        type=int,
        choices=sorted({OLDEST, *postgres.embedded()}),
        default=postgres.EMBEDDED_VERSION,
        help="the version of the server under test",
    )
    parser.addoption(
        "--adopted", action="store_true", help="databases hold the existing service's tables, under views"
    )
    parser.addoption("--pooler", action="store_true", help="the service reaches its database by PgBouncer")
    parser.addoption(
        "--server",
        choices=("yes", "no"),
        help="tests that meet the server under test alone, or those that do not, which one run is enough for",
    )


def pytest_configure(config: pytest.Config) -> None:
    printed.keep()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --adopted those that meet tables, with --pooler the tests over HTTP alone: the others speak to the
    server itself. Those that run last are of each run."""
    pooler, server = config.getoption("--pooler"), config.getoption("--server")
    newest = config.getoption("--postgres") == postgres.EMBEDDED_VERSION

    def is_selected(item: pytest.Item) -> bool:
        if config.getoption("--adopted") and not runs_adopted(item):
            return False
        if pooler and not item.get_closest_marker("http"):
            return False
        if not newest and item.get_closest_marker("newest"):
            return False
        return not server or bool(item.get_closest_marker("last")) or meets_server(item) == (server == "yes")

    config.hook.pytest_deselected(items=[item for item in items if not is_selected(item)])
    items[:] = [item for item in items if is_selected(item)]
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


def runs_adopted(item: pytest.Item) -> bool:
    """Whether a test meets tables, and nothing of them that the existing service's lack."""
    if isinstance(item, pytest.Function):
        return "template" in item.fixturenames and not item.get_closest_marker("own_tables")
    return item.path.parent.name not in OWN_TABLES


def meets_server(item: pytest.Item) -> bool:
    """Whether a test needs the server under test, or its programs; those of tests/sql all do."""
    return not isinstance(item, pytest.Function) or "postgres_version" in item.fixturenames


@pytest.fixture(scope="session")
def postgres_version(request: pytest.FixtureRequest) -> int:
    version: int = request.config.getoption("--postgres")
    return version


@pytest.fixture(scope="session")
def programs(postgres_version: int) -> Path:
    """The bin folder of the version under test."""
    try:
        return programs_of(postgres_version)
    except NotPackaged as missing:
        pytest.exit(f"Neither this system nor its archive has {missing}.", 1)


@pytest.fixture(scope="session")
def server(postgres_version: int, programs: Path) -> Iterator[str]:
    """A running server of the version under test; its URL."""
    with folder_of_data() as folder:
        data = Path(folder) / "data"
        with postgres.server(data, SETTINGS, postgres_version, programs) as url:
            with psycopg.connect(url) as connection:
                assert connection.info.server_version // 10000 == postgres_version
            printed.files.add(data / "log")
            yield url
            printed.files.remove(data / "log")


@pytest.fixture
def own_server(postgres_version: int, programs: Path) -> Iterator[OwnServer]:
    """A server that a test may stop, break and ask for roles of its own."""
    with (
        folder_of_data() as folder,
        OwnServer(Path(folder) / "data", programs, postgres_version) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def template(server: str, request: pytest.FixtureRequest) -> str:
    """The name of a database to copy: migrated, with the functions as they stand on disk."""
    url = create_database(server, "template0", "migrated")
    if request.config.getoption("--adopted"):
        existing.make(url)
    else:
        migrate(url)
    load(url)
    add_service_role(server)
    return "migrated"


@pytest.fixture
def database_url(server: str, template: str) -> Iterator[str]:
    """A fresh migrated database."""
    with database(server, template) as url:
        yield url


@pytest.fixture
def empty_database_url(server: str) -> Iterator[str]:
    """A fresh database with nothing in it."""
    with database(server, "template0") as url:
        yield url


@pytest.fixture(scope="session")
def pgtap_connection(server: str, template: str, programs: Path) -> Iterator[psycopg.Connection]:
    """The connection that pytest-pgtap runs tests/sql on."""
    url = create_database(server, template, "pgtap")
    pgtap.install(url, programs)
    with psycopg.connect(url, options="-c search_path=world,scorer,tap") as connection:
        yield connection


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return Issuer.ethereum()


@pytest.fixture(scope="session")
def pooler(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """With --pooler, the URL of a PgBouncer before the server."""
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
