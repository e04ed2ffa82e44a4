"""Our function on the database itself, in a transaction that is rolled back."""

import hashlib
import shlex
import subprocess
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, LiteralString
from wsgiref.types import WSGIApplication

import psycopg
from werkzeug.test import Client

from api.app import create_app
from api.credentials import VERIFIER, Check, as_json, check
from api.database import Database, Reply, Unavailable
from api.settings import Settings
from compare.errors import CannotRun
from compare.sides import Answer
from compare.wallets import Wallet
from db.migrate import ROOT

# Milliseconds for which a dry run may hold locks and wait for others', together, unless told: the database
# ends it then. Less than deadlock_timeout, so that it ends before anybody else is ended for it.
LIMIT = 200
MOST = 900
# Checks of documents that are remembered for as long as the process runs: they have a kilobyte.
REMEMBERED = 20_000


class RolledBack(Database):
    """A database whose every call is undone. Documents are checked with no transaction open, and their checks
    passed to the call that is undone; within a bound they are remembered, so that none is checked twice."""

    def __init__(self, url: str, limit: int = LIMIT) -> None:
        super().__init__(url)
        self._limit = limit
        self._checks: OrderedDict[str, Check] = OrderedDict()
        self._legacy_hashes: dict[str, str] = {}
        self._lock = threading.Lock()

    def answer_request(self, arguments: Mapping[str, Any]) -> Reply:
        """As Database, with nothing left unchecked."""
        hashes = self._legacy_hashes
        if arguments["legacy_key_hash"]:
            hashes[arguments["key_hash"]] = arguments["legacy_key_hash"]
        arguments = dict(arguments) | {"legacy_key_hash": hashes.get(arguments["key_hash"])}
        checks: list[Check] = []
        reply = super().answer_request(arguments)
        while reply.unchecked:
            # What the last call was told is gone.
            checks += self._checked(reply.unchecked.split("\n"))
            reply = super().answer_request(arguments | {"checks": as_json(checks)})
        return reply

    def _rows(
        self, connection: psycopg.Connection, statement: LiteralString, arguments: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        # All in one go: the server undoes it by itself, whatever has become of this process meanwhile.
        try:
            with connection.pipeline():
                connection.execute("begin")
                connection.execute("select set_config('statement_timeout', %s, true)", [str(self._limit)])
                cursor = connection.execute(statement, arguments)
                connection.execute("rollback")
            return cursor.fetchall()
        except psycopg.Error:
            # The locks are gone with the error; this makes the session usable.
            connection.rollback()
            raise

    def _checked(self, documents: Sequence[str]) -> list[Check]:
        """The checks of documents."""
        with self._lock:
            known = {digest: self._checks.get(digest) for digest in map(digest_of, documents)}
        unknown = [document for document in documents if known[digest_of(document)] is None]
        made = {found.digest: found for found in check(unknown)}
        with self._lock:
            self._checks.update(made)
            while len(self._checks) > REMEMBERED:
                self._checks.popitem(last=False)
        return [known[digest] or made[digest] for digest in map(digest_of, documents)]

    def server_version(self) -> str:
        """That of PostgreSQL; raises Unavailable."""
        ((version,),) = self._fetch("select current_setting('server_version')", {})
        return str(version)


def digest_of(document: str) -> str:
    """As a check has it."""
    return hashlib.sha256(document.encode()).hexdigest()


class DryRun:
    """The service of this checkout on the database that settings name."""

    def __init__(self, settings: Settings, key: str, limit: int = LIMIT) -> None:
        if not 1 <= limit <= MOST:
            raise CannotRun(f"--limit is a number of milliseconds from 1 to {MOST}.")
        self.limit = limit
        self._settings = settings
        self._key = key
        self._database = RolledBack(settings.database_url, limit)
        self._app = create_app(settings, self._database)

    @property
    def name(self) -> str:
        return "dry run"

    def connect(self) -> "Undone":
        return Undone(self._app, self._key)

    def versions(self) -> dict[str, str]:
        try:
            version = self._database.server_version()
        except Unavailable as error:
            raise CannotRun(f"The database of DATABASE_URL does not answer: {error}") from None
        return {"PostgreSQL": version, "checks": VERIFIER, "commit": commit()}

    def command(self, wallet: Wallet) -> str:
        return f".venv/bin/python -m compare --show {shlex.quote(f'{wallet.scorer_id},{wallet.address}')}"


class Undone:
    """Asks the service, without a network between."""

    def __init__(self, app: WSGIApplication, key: str) -> None:
        self._client = Client(app)
        self._headers = {"X-API-Key": key}

    def ask(self, wallet: Wallet) -> Answer:
        response = self._client.get(wallet.path, headers=self._headers)
        answer = Answer(response.status_code, response.get_data())
        if answer.status == 503:
            # A lock, or the time for it all, was not to be had: nothing is said about the wallet.
            return replace(answer, status=None, fault="not had within the limit", again=True)
        return answer

    def close(self) -> None:
        pass


def commit() -> str:
    """The commit of this checkout, where git knows it."""
    try:
        command = ["git", "rev-parse", "--short", "HEAD"]
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return "unknown"
    return found.stdout.strip() or "unknown"
