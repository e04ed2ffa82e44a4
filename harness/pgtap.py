"""Installs pgTAP, which tests/sql is written in."""

import os
import subprocess
from pathlib import Path

import psycopg

from db.migrate import ROOT
from harness.debian import CACHE, debian_unpack

FIXTURES = ROOT / "tests/sql/fixtures.sql"


def install(url: str, programs: Path) -> None:
    """Puts pgTAP and the fixtures of tests/sql into the schema tap of a database; programs is the bin folder
    with a psql."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create schema tap")
    environment = os.environ | {"PGOPTIONS": "-c search_path=tap -c client_min_messages=warning"}
    for path in (script(), FIXTURES):
        subprocess.run(
            [programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", path, url],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def script() -> Path:
    """pgTAP's SQL as Debian packages it; its functions are plain SQL, the same for every version."""
    for root in (Path("/"), CACHE / "pgtap"):
        if root == CACHE / "pgtap" and not root.exists():
            debian_unpack(str(root), "postgresql-[0-9]+-pgtap")
        for path in sorted(root.glob("usr/share/postgresql/*/extension/pgtap.sql")):
            return path
    raise AssertionError("pgTAP was unpacked, but has no pgtap.sql")
