"""The command scorer as an administrator runs it: as a user that has no more than the role for it."""

import os
import subprocess
import sys
from dataclasses import dataclass

import psycopg
from psycopg.conninfo import make_conninfo

from db.migrate import ROOT


@dataclass(frozen=True)
class Command:
    url: str
    issuers: str

    def run(self, *arguments: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs scorer with the arguments, given what is typed."""
        return subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": self.url, "TRUSTED_IAM_ISSUERS": self.issuers} | environment,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )

    def __call__(self, *arguments: str, given: str = "") -> str:
        """What it prints where it ends with 0."""
        result = self.run(*arguments, given=given)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def fails(self, *arguments: str, given: str = "") -> tuple[int, str]:
        """Its status and what it says, where it fails."""
        result = self.run(*arguments, given=given)
        assert result.returncode
        assert "Traceback" not in result.stderr
        return result.returncode, result.stderr


def administrator(url: str) -> str:
    """The URL of a database for a user that is a member of scorer_admin, and of nothing else."""
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("select from pg_roles where rolname = 'administrator'").fetchone() is None:
            connection.execute("create role administrator login")
        connection.execute("grant scorer_admin to administrator")
    return make_conninfo(url, user="administrator")


def command_for(url: str, issuers: str) -> Command:
    """The command on a database, as its administrator, with TRUSTED_IAM_ISSUERS."""
    return Command(administrator(url), issuers)
