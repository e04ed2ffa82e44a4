"""The packaged function, built, beside a database whose wallets it is asked for."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.cases import Wallets
from bench.database import database
from bench.issuers import issuers
from deploy.package import NoPython
from harness.lambda_runtime import Function
from harness.world import World


@dataclass(frozen=True)
class Packaged:
    """The function, the world that its environment names, and addresses of wallets of 20 stamps; folder is
    one of its own until the block ends."""

    function: Function
    world: World
    addresses: list[str]
    environment: dict[str, str]
    folder: Path


@contextmanager
def packaged(wallets: int) -> Iterator[Packaged]:
    """Builds the package, and fills so many wallets; ends the program with 1 where no Python can build it."""
    typed, legacy = issuers()
    with database(typed) as (world, _), tempfile.TemporaryDirectory() as folder:
        try:
            function = Function.built(Path(folder))
        except NoPython as error:
            raise SystemExit(str(error)) from None
        filled = Wallets(world, legacy, wallets)
        environment = {
            "DATABASE_URL": world.service_url,
            "TRUSTED_IAM_ISSUERS": json.dumps(filled.trusted),
        }
        yield Packaged(function, world, filled.filled(20), environment, Path(folder))
