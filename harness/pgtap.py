"""Installs pgTAP, which tests/sql is written in."""

import os
import subprocess
from pathlib import Path

import psycopg

from db.migrate import ROOT
from harness.debian import unpacked

FIXTURES = ROOT / "tests/sql/fixtures.sql"


def install(url: str, programs: Path) -> None:
    """Puts pgTAP and the fixtures of tests/sql into the schema tap of a database; programs is the bin folder
    with a psql."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create schema tap")
    environment = os.environ | {"PGOPTIONS": "-c search_path=tap,world,scorer -c client_min_messages=warning"}
    for path in (script(), FIXTURES):
        subprocess.run(
            [programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", path, url],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def script() -> Path:
    """pgTAP's SQL as Debian packages it; its functions are plain SQL, the same for every version."""
    path = "usr/share/postgresql/*/extension/pgtap.sql"
    installed = sorted(Path("/").glob(path))
    return installed[0] if installed else next(unpacked("pgtap", "postgresql-[0-9]+-pgtap").glob(path))
