"""Three servers: a front and two partitions, split as deploy.split does."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from db.load import load
from db.migrate import migrate
from deploy.split.databases import Urls
from deploy.split.install import install
from deploy.split.move import move, wait_for_replication
from deploy.split.tables import HOME, OF_A_COMMUNITY, REPLICATED
from harness import plproxy
from harness.server import OwnServer, add_service_role, connect, folder_of_data, programs_of, service_url_of
from harness.world import World
from local.issuer import Issuer


@dataclass
class Split:
    """A front and its partitions; the world of each partition, of which the first is the home."""

    urls: Urls
    front: OwnServer
    partitions: list[OwnServer]
    worlds: list[World]
    connection: psycopg.Connection

    @property
    def service_url(self) -> str:
        """What the service is given."""
        return service_url_of(self.urls.front)

    def empty(self) -> None:
        """Takes all away but the account and its key, and every community back to the home."""
        for world in reversed(self.worlds):
            for table in (*HOME, *reversed(OF_A_COMMUNITY), "credential_check", *reversed(REPLICATED)):
                world.execute(f"delete from {table}")
            world.execute("delete from split.community_home")
        self.connection.execute("delete from split.community_home")
        self.people()
        self.catch_up()

    def people(self) -> None:
        """Adds the account and its key."""
        self.worlds[0].execute("insert into account_account (id) values (1)")
        self.worlds[0].add_key(self.worlds[0].key)

    def add_community(self, community: int, partition: int, **arguments: Any) -> None:
        """Adds a community to a partition; further arguments are World.add_community's."""
        self.worlds[0].add_community(community, '{"Github": "2.25", "Google": "1.0", "Ens": 3}', **arguments)
        if partition:
            move(self.urls, community, partition)
        self.catch_up()

    def home_of(self, community: int) -> int:
        row = self.connection.execute("select split.partition_of(%s::bigint)", [community]).fetchone()
        assert row
        return int(row[0])

    def world_of(self, community: int) -> World:
        """The world of the partition that a community lives in."""
        return self.worlds[self.home_of(community)]

    def catch_up(self) -> None:
        """Returns once all that is written in the home is in the other partition and at the front."""
        for follower in ("split_partition_1", "split_front"):
            wait_for_replication(self.worlds[0].connection, follower)


@contextmanager
def split(issuer: Issuer, **settings: str) -> Iterator[Split]:
    """The servers, until the block ends; with an account and its key. settings are lines of their
    configuration."""
    programs = programs_of(plproxy.VERSION)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(folder_of_data()))
        front, *partitions = (
            stack.enter_context(
                OwnServer(folder / name / "data", programs, plproxy.VERSION, wal_level="logical", **settings)
            )
            for name in ("front", "home", "other")
        )
        for server in partitions:
            migrate(server.url)
            load(server.url)
            add_service_role(server.url)
            with connect(server.url) as connection:
                connection.execute("create role front login")
                connection.execute("grant scorer_api, scorer_caller to front")
        worlds = [World(s.url, "", stack.enter_context(connect(s.url)), issuer) for s in partitions]
        plproxy.install(front.url)
        urls = Urls(front.url, [server.url for server in partitions])
        install(urls)
        connection = stack.enter_context(connect(front.url))
        connection.execute("create user mapping for scorer_owner server partitions options (user 'front')")
        connection.execute("create role service login")
        connection.execute("grant scorer_api to service")
        connection.execute("create role caller login")
        connection.execute("grant scorer_caller to caller")
        made = Split(urls, front, partitions, worlds, connection)
        made.people()
        yield made
