"""The migrations: equal to db/functions and to the committed snapshot, and every one can be taken back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.conninfo import make_conninfo

from db import freeze, release
from db.load import FUNCTIONS as FUNCTION_FILES
from db.load import load
from db.migrate import ROOT, alembic_config, migrate
from db.snapshot import SNAPSHOT, dump, snapshot
from harness.checkout import Checkout
from harness.server import OwnServer, connect
from local import existing, postgres

FUNCTIONS = """
select p.proname, pg_get_functiondef(p.oid), p.proacl::text
from pg_proc as p where p.pronamespace = 'scorer'::regnamespace order by p.proname
"""
OBJECTS = """
select c.relname::text from pg_class as c
where c.relnamespace = 'scorer'::regnamespace and c.relname not like 'alembic%'
union all select p.proname::text from pg_proc as p where p.pronamespace = 'scorer'::regnamespace
"""


TRIGGERS = "select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal order by tgname"


def test_the_migrated_functions_are_those_of_db_functions(empty_database_url: str) -> None:
    migrate(empty_database_url)
    with connect(empty_database_url) as connection:
        migrated = [connection.execute(query).fetchall() for query in (FUNCTIONS, TRIGGERS)]
        load(empty_database_url)
        loaded = [connection.execute(query).fetchall() for query in (FUNCTIONS, TRIGGERS)]
    assert migrated == loaded
    assert [name for name, *_ in loaded[0]] == sorted(path.stem for path in FUNCTION_FILES.glob("*.sql"))
    assert freeze.changed() == {}, "run make freeze"


def test_a_released_file_never_changes() -> None:
    assert release.altered() == []


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    copy = Checkout(tmp_path / "checkout")
    yield copy
    copy.close()


def test_a_byte_of_any_released_file_is_missed_by_name(checkout: Checkout) -> None:
    assert checkout.run("db.release") == "0001_baseline"
    assert checkout.altered() == "[]"
    paths = list(checkout.migrations.rglob("0001*/**/*.sql"))
    for path in [*paths, checkout.migrations / "versions/0001_baseline.py"]:
        text = path.read_bytes()
        path.write_bytes(text.replace(b"s", b"S", 1))
        assert checkout.altered() == f"['{path.relative_to(checkout.migrations)}']"
        path.write_bytes(text)
    added = paths[0].with_name("another.sql")
    added.write_text("select 1")
    assert added.name in checkout.altered()
    added.unlink()
    paths[0].unlink()
    assert paths[0].name in checkout.altered()


def test_a_change_goes_into_the_newest_revision_until_that_is_released(checkout: Checkout) -> None:
    changed = checkout.functions / "five_decimals.sql"
    frozen = checkout.migrations / "frozen/0001_baseline/functions/five_decimals.sql"
    changed.write_text(changed.read_text().replace("Errors: none.", "Errors: none at all."))
    assert checkout.run("db.freeze") == "0001_baseline"
    assert frozen.read_text() == changed.read_text()
    checkout.run("db.release")
    assert checkout.run("db.freeze") == "No function or view has changed since the newest revision."
    changed.write_text(changed.read_text().replace("none at all", "none"))
    assert checkout.run("db.freeze").startswith("0001_baseline has been released. Say what changed:")
    assert checkout.run("db.freeze", "Say less") == "0002_say_less"
    assert checkout.altered() == "[]"
    folder = checkout.migrations / "frozen/0002_say_less/functions"
    assert [path.name for path in folder.iterdir()] == ["five_decimals.sql"]


def test_functions_that_go_and_come_are_dropped_and_made_both_ways(
    checkout: Checkout, empty_database_url: str, programs: Path
) -> None:
    checkout.run("db.release")
    (checkout.functions / "stamp_fault.sql").unlink()
    text = (checkout.functions / "iso_timestamp.sql").read_text()
    (checkout.functions / "other_timestamp.sql").write_text(text.replace("iso_timestamp", "other_timestamp"))
    assert checkout.run("db.freeze", "two functions") == "0002_two_functions"
    migrate(empty_database_url)
    before = dump(empty_database_url, programs)
    assert checkout.run("db.migrate", DATABASE_URL=empty_database_url).startswith("The database has")
    after = dump(empty_database_url, programs)
    fault, other = "FUNCTION scorer.stamp_fault(", "FUNCTION scorer.other_timestamp("
    assert (fault in before, other in before) == (True, False)
    assert (fault in after, other in after) == (False, True)
    checkout.run("alembic", "downgrade", "-1", DATABASE_URL=empty_database_url)
    assert dump(empty_database_url, programs) == before
    (checkout.functions / "other_timestamp.sql").unlink()
    checkout.run("db.freeze")
    folder = checkout.migrations / "frozen/0002_two_functions/functions"
    assert [path.name for path in folder.iterdir()] == ["stamp_fault.sql"]


@pytest.mark.parametrize("kind", ["own", "adopted"])
def test_every_migration_can_be_taken_back(empty_database_url: str, programs: Path, kind: str) -> None:
    if kind == "adopted":
        with connect(empty_database_url) as connection, connection.transaction():
            existing.create(connection)
    config = alembic_config(empty_database_url, adopt=kind == "adopted")
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]
    states = []
    for revision in revisions:
        command.upgrade(config, revision)
        states.append(dump(empty_database_url, programs))
    for revision, state in zip(revisions[-2::-1], states[-2::-1], strict=True):
        command.downgrade(config, revision)
        assert dump(empty_database_url, programs) == state
    command.downgrade(config, "base")
    with connect(empty_database_url) as connection:
        assert connection.execute(OBJECTS).fetchall() == []
    command.upgrade(config, "head")
    assert dump(empty_database_url, programs) == states[-1]


@pytest.mark.own_tables
def test_the_committed_snapshot_is_current(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """On the embedded version, whose dump the snapshot is."""
    if request.config.getoption("--postgres") == postgres.EMBEDDED_VERSION:
        url = request.getfixturevalue("database_url")
        assert snapshot(url, request.getfixturevalue("programs")) == SNAPSHOT.read_text(), "run make snapshot"


def test_the_owner_of_a_database_migrates_without_being_superuser(
    own_server: OwnServer, programs: Path
) -> None:
    with connect(own_server.url) as connection:
        connection.execute("create role deployer login createrole")
        connection.execute("create database deployed owner deployer")
    url = make_conninfo(own_server.url, user="deployer", dbname="deployed")
    migrate(url)
    state = dump(url, programs)
    with connect(url) as connection:
        connection.execute("create role service login in role scorer_api")
    with connect(make_conninfo(url, user="service")) as connection:
        ask = "select outcome from answer_request('p', 'h', '', 1, '0x', '{}', '', '[]', false, now())"
        assert connection.execute(ask).fetchone() == ("invalid_key",)
    command.downgrade(alembic_config(url), "base")
    with connect(url) as connection:
        assert connection.execute(OBJECTS).fetchall() == []
        assert (
            connection.execute("select rolname from pg_roles where rolname like 'scorer%'").fetchall() == []
        )
    migrate(url)
    assert dump(url, programs) == state


def test_migrating_twice_changes_nothing(database_url: str, programs: Path) -> None:
    before = dump(database_url, programs)
    migrate(database_url)
    assert dump(database_url, programs) == before


@pytest.mark.own_tables
def test_obvious_columns_are_enough(database_url: str) -> None:
    with connect(database_url) as connection:
        for statement in (
            "insert into account_account (address) values ('0x1')",
            "insert into account_apikey (account_id, prefix, hashed_key) values (1, 'p', 'h')",
            "insert into scorer_weighted_binaryweightedscorer (weights, threshold) values ('{}', 1)",
            "insert into account_community (account_id, scorer_id) values (1, 1)",
            "insert into ceramic_cache (address, provider, stamp) values ('0x1', 'p', '{}')",
            "insert into registry_passport (address, community_id) values ('0x1', 1)",
            "insert into registry_stamp (passport_id, provider, credential) values (1, 'p', '{}')",
            "insert into registry_score (passport_id) values (1)",
            "insert into registry_hashscorerlink (hash, address, community_id, expires_at)"
            " values ('h', '0x1', 1, now())",
            "insert into registry_event (action, address, community_id) values ('a', '0x1', 1)",
            "insert into human_points_passingscorerecord (address, community_id) values ('0x1', 1)",
            "insert into human_points_stampaction (address, provider) values ('0x1', 'p')",
            "insert into human_points_bonusaward (address, bonus_type) values ('0x1', 'b')",
        ):
            connection.execute(statement.encode())


@pytest.mark.own_tables
@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("registry_passport", "address, community_id"),
        ("registry_hashscorerlink", "hash, community_id"),
        ("human_points_passingscorerecord", "address, community_id"),
        ("human_points_stampaction", "address, provider"),
        ("human_points_bonusaward", "address, bonus_type"),
        ("registry_score", "passport_id"),
        ("account_apikey", "prefix"),
    ],
)
def test_what_is_unique_by_contract_is_unique(database_url: str, table: str, columns: str) -> None:
    with connect(database_url) as connection:
        row: Any = connection.execute(
            "select count(*) from pg_constraint where conrelid = %s::regclass and contype = 'u'"
            " and pg_get_constraintdef(oid) = %s",
            [table, f"UNIQUE ({columns})"],
        ).fetchone()
    assert row == (1,)


def test_a_missing_database_url_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(SystemExit, match="DATABASE_URL is not set"):
        command.upgrade(Config(ROOT / "alembic.ini"), "head")
