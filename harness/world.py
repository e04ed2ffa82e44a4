"""The domain's builder: a database with an account, its key and a community, and ways to fill it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from flask.testing import FlaskClient

from api import keys
from api.app import create_app
from api.settings import Settings
from db.migrate import migrate
from harness import existing, printed
from harness.server import add_service_role, connect, create_database, service_url_of
from local.issuer import Issuer


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
        if self.execute("select from pg_trigger where tgname = 'guard_weights'"):
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


@contextmanager
def inhabited(url: str, service_url: str, issuer: Issuer) -> Iterator[World]:
    """The world of a migrated database: one account, its key and one community."""
    with connect(url) as connection:
        world = World(url, service_url, connection, issuer)
        world.add_community(1, '{"Github": "2.25", "Google": "1.0", "Ens": 3}')
        world.add_key(world.key)
        yield world


@contextmanager
def fresh(server: str, issuer: Issuer, name: str, adopted: bool = False) -> Iterator[World]:
    """A world in a database that is made on a server, with the user of the service; an adopted one, if so."""
    url = create_database(server, "template0", name)
    if adopted:
        existing.make(url)
    else:
        migrate(url)
    add_service_role(server)
    with inhabited(url, service_url_of(url), issuer) as world:
        yield world
