"""The page of administering: every command in it is run, and gives what it shows."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from api import scoring
from api.database import Database
from api.settings import Settings
from db.migrate import ROOT
from harness.command import administrator
from local import demo
from local.issuer import Issuer

pytestmark = pytest.mark.newest

PAGE = ROOT / "docs/administering.md"
# What differs from run to run.
VARIABLE = {
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00": "2026-11-26T12:00:00+00:00",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ": "2027-02-24T12:00:00Z",
    r"\.[\w-]{43}\b": ".VlJ1cGxKcmFuZG9tX3NlY3JldF9vZl9hX2tleV80Mw",
    r"did:ethr:0x[0-9a-f]{40}": "did:ethr:0x1d58afb3a049dd98bab5209ba7d1e14988d4db63",
}


@pytest.mark.own_tables
def test_the_page_shows_what_its_commands_give(database_url: str, issuer: Issuer, tmp_path: Path) -> None:
    demo.load(database_url, issuer)
    settings = Settings(database_url, frozenset([issuer.did]))
    for address in demo.STAMPS:
        scoring.score(Database(database_url), settings, demo.KEY, "1", address)
    page = PAGE.read_text()
    (weights,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    (tmp_path / "weights.json").write_text(weights)
    (tmp_path / "scorer").write_text(
        f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m cli "$@"\n',
    )
    (tmp_path / "scorer").chmod(0o755)
    environment = os.environ | {
        "DATABASE_URL": administrator(database_url),
        "TRUSTED_IAM_ISSUERS": json.dumps([issuer.did]),
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
    }

    def run(command: str) -> str:
        result = subprocess.run(
            ["sh", "-c", command],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        lines = [line.rstrip() for line in result.stdout.splitlines()]
        return constant("".join(f"{line}\n" for line in lines))

    def block_of(shown: re.Match[str]) -> str:
        commands = re.findall(r"^\$ (.*)$", shown[1], re.MULTILINE)
        return "```console\n" + "".join(f"$ {command}\n{run(command)}" for command in commands) + "```"

    ran = re.sub(r"```console\n(.*?)```", block_of, page, flags=re.DOTALL)
    assert ran.count("\n$ ") > 15

    assert ran == page


def constant(text: str) -> str:
    for pattern, instead in VARIABLE.items():
        text = re.sub(pattern, instead, text)
    return text
