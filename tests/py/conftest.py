"""What several test files of this folder use."""

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from api import json_lines
from deploy.package import NoPython
from harness import npm, printed
from harness.lambda_runtime import Function, Instance, Start
from harness.printed import Lines
from harness.server import service_url_of
from harness.service import Service, running
from harness.world import World
from local import demo
from local.issuer import Issuer
from local.postgres import EMBEDDED_VERSION

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


@pytest.fixture
def demo_service(
    postgres_version: int, database_url: str, issuer: Issuer, serve: Callable[..., Service]
) -> Service:
    """A service with the demo data, of which the contract's examples are. With one version of PostgreSQL, as
    no contract shows it."""
    if postgres_version != EMBEDDED_VERSION:
        pytest.skip("runs with the embedded version")
    demo.load(database_url, issuer)
    issuers = json.dumps([issuer.did])
    return serve(service_url_of(database_url), TRUSTED_IAM_ISSUERS=issuers, DEMO_API_KEY=demo.KEY)


@pytest.fixture(scope="session")
def npm_packages() -> Path:
    """The folder of what is from npm."""
    folder = npm.packages()
    if folder is None:
        pytest.skip("Node.js 20 with npm is not there")
    return folder


@pytest.fixture(scope="session")
def function(tmp_path_factory: pytest.TempPathFactory) -> Function:
    try:
        return Function.built(tmp_path_factory.mktemp("function"))
    except NoPython as error:
        pytest.skip(str(error))


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """What instances print."""
    path = tmp_path / "function.log"
    path.touch()
    printed.files.add(path)
    return path


@pytest.fixture
def start(function: Function, output: Path, world: World) -> Iterator[Start]:
    """Starts an instance on the world's database; arguments are settings that differ, and Lambda's."""
    started = []

    def begin(handler: str = "api.aws_lambda.handler", **environment: str) -> Instance:
        given = {"DATABASE_URL": world.service_url, "TRUSTED_IAM_ISSUERS": json.dumps([world.issuer.did])}
        started.append(Instance(function, output, given | environment, handler).__enter__())
        return started[-1]

    yield begin
    for instance in started:
        instance.__exit__()
