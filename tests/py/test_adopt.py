"""Moving in on the existing service's database, living with its changes, and moving out again. Here its
columns have no defaults, as its own code would have it; tests/conftest.py runs all other tests on such
databases with --adopted."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.util import CommandError
from psycopg.conninfo import make_conninfo

from api import keys
from api.check_ahead import Run
from api.database import Database
from db import adopt_plan, attachment, check_change, digests, existing, patience
from db.adopt import NOTHING, adopt, main
from db.erase import THEIRS, erase
from db.leave import leave
from db.migrate import ROOT, migrate
from db.migrations import frozen
from db.snapshot import dump
from harness.checkout import Checkout
from harness.load import load
from harness.server import OwnServer, add_service_role, service_url_of
from harness.service import Service
from local import adopt_demo
from local import existing as existing_service
from local.issuer import Issuer

KEY = "adopted1.secret"
WALLET, OTHER, THIRD = ("0x" + digit * 40 for digit in "abc")
WEIGHTS = {"Github": "2.25", "Google": "1.0", "Ens": "3"}
# Each that a live row of its kind stands in the way of.
DEPENDENCIES = """
select distinct c.relname::text, a.attname::text
from pg_rewrite as r
inner join pg_class as v on v.oid = r.ev_class and v.relnamespace = 'scorer'::regnamespace
inner join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refobjsubid > 0
inner join pg_class as c on c.oid = d.refobjid and c.relnamespace = 'public'::regnamespace
inner join pg_attribute as a on a.attrelid = c.oid and a.attnum = d.refobjsubid
"""
GRANTED = """
select distinct c.relname::text, lower(p.privilege_type)
from pg_class as c, aclexplode(c.relacl) as p
where c.relnamespace = 'public'::regnamespace and p.grantee = 'scorer_owner'::regrole
union
select distinct c.relname::text, lower(p.privilege_type)
from pg_attribute as a
inner join pg_class as c on c.oid = a.attrelid
cross join aclexplode(a.attacl) as p
where c.relnamespace = 'public'::regnamespace and p.grantee = 'scorer_owner'::regrole
"""
LOCKED = """
select c.relname::text, l.mode
from pg_locks as l
inner join pg_class as c on c.oid = l.relation
where l.pid = pg_backend_pid() and c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
"""


@pytest.fixture
def existing_url(empty_database_url: str, issuer: Issuer) -> str:
    """The existing service's database: an account with a key, and community 1."""
    with psycopg.connect(empty_database_url) as connection:
        existing_service.create(connection)
        existing_service.add_account(connection, 1)
        existing_service.add_key(connection, 1, keys.prefix(KEY), keys.sha256_hash(KEY))
        existing_service.add_scorer(connection, 1, WEIGHTS, "2.5")
        existing_service.add_community(connection, 1, scorer=1)
    return empty_database_url


@pytest.fixture
def adopted_url(existing_url: str) -> str:
    adopt(existing_url)
    add_service_role(existing_url)
    return existing_url


@pytest.fixture
def served(adopted_url: str, serve: Callable[..., Service], issuer: Issuer) -> Callable[[], Service]:
    def start() -> Service:
        return serve(service_url_of(adopted_url), TRUSTED_IAM_ISSUERS=json.dumps([issuer.did]))

    return start


@pytest.fixture
def session(existing_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(existing_url, autocommit=True) as connection:
        yield connection


def rows(connection: psycopg.Connection, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
    return connection.execute(statement.encode(), arguments or None).fetchall()


def put(
    connection: psycopg.Connection, issuer: Issuer, address: str, provider: str, *nullifiers: str
) -> None:
    existing_service.put(connection, address, issuer.credential(address, provider, list(nullifiers)))


def ask(service: Service, address: str = WALLET, scorer: int = 1, key: str = KEY) -> tuple[int, Any]:
    return service.get_json(f"/v2/stamps/{scorer}/score/{address}", X_API_Key=key)


def test_a_login_that_is_no_superuser_moves_in_and_out_without_a_trace(
    own_server: OwnServer, programs: Path
) -> None:
    """Its tables belong to it, or to another login that lets it grant what it needs."""
    with psycopg.connect(own_server.url, autocommit=True) as connection:
        connection.execute("create role django login createrole")
        connection.execute("create role mover login createrole")
        connection.execute("create database existing owner django")
    django = make_conninfo(own_server.url, user="django", dbname="existing")
    mover = make_conninfo(django, user="mover")
    with psycopg.connect(django) as connection:
        existing_service.create(connection)
    before = dump(django, programs, "public")
    assert adopt(django).startswith("Adopted, in ")
    assert adopt(django) == NOTHING
    assert leave(django).startswith("Left, in ")
    assert dump(django, programs, "public") == before

    with psycopg.connect(mover) as connection:
        said = existing.problems(connection)
    assert all("grant" in line for line in said)
    assert len(said) == 1 + len(existing.READ) + 1
    with psycopg.connect(django) as connection:
        connection.execute("grant create on database existing to mover with grant option")
        connection.execute("grant all on all tables in schema public to mover with grant option")
    granted = dump(django, programs, "public")
    assert adopt(mover).startswith("Adopted, in ")
    assert leave(mover).startswith("Left, in ")
    assert dump(django, programs, "public") == granted
    with psycopg.connect(mover) as connection:
        assert rows(connection, "select from pg_roles where rolname like 'scorer%'") == []
        assert rows(connection, "select from pg_namespace where nspname = 'scorer'") == []


def test_what_is_checked_is_what_is_used(adopted_url: str, session: psycopg.Connection) -> None:
    read = {(table, column) for table, columns in existing.READ.items() for column in columns}
    assert set(rows(session, DEPENDENCIES)) == read
    granted = {(table, "select") for table in existing.READ} | {
        (table, right) for table, rights in existing.GRANTED.items() for right in rights.split(", ")
    }
    assert set(rows(session, GRANTED)) == granted
    assert {table for table, rights in existing.GRANTED.items() if "insert" in rights} == set(
        existing.INSERTED
    )


def test_the_plan_says_what_each_statement_locks(existing_url: str, session: psycopg.Connection) -> None:
    """Statement by statement as they are run, in one transaction."""
    modes = {"AccessShareLock": "access share", "RowExclusiveLock": "row exclusive"}
    modes["ShareRowExclusiveLock"] = "share row exclusive"
    held: set[tuple[str, str]] = set()
    with session.transaction(force_rollback=True):
        session.execute("create schema scorer")
        session.execute("create table scorer.alembic_version (version_num varchar(32) not null)")
        for revision in frozen.revisions():
            for path in frozen.upgrade_files(revision, "adopted"):
                statements = adopt_plan.statements(path.read_text())
                whole, read = (
                    re.sub(r"(?m)^--.*$|\s", "", t) for t in (path.read_text(), "\n".join(statements))
                )
                assert read == whole
                for statement in statements:
                    session.execute(statement.encode())
                    said = {
                        (table.removeprefix("public."), how.partition(":")[0])
                        for table, how in adopt_plan.locks(statement).items()
                    }
                    now = {(table, modes[mode]) for table, mode in rows(session, LOCKED)}
                    assert now - held <= said, statement
                    # PostgreSQL 15 takes none for a grant.
                    assert said <= now or statement.startswith("grant"), statement
                    held = now
    plan = adopt_plan.lines(None)
    assert plan[-3].startswith("create or replace trigger guard_live_link")
    assert "locks public.registry_hashscorerlink, share row exclusive" in plan[-2]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("drop table account_allowlist", "There is no table public.account_allowlist."),
        ("alter table registry_stamp drop provider", "public.registry_stamp has no column provider."),
        (
            "alter table registry_score alter stamps type json",
            "public.registry_score.stamps is json, not jsonb.",
        ),
        (
            "alter table registry_hashscorerlink alter hash type varchar(60)",
            "public.registry_hashscorerlink.hash has room for 60 characters, not 100.",
        ),
        (
            "alter table registry_event add source text not null",
            "public.registry_event.source must be given and has no default: alter table public.registry_event"
            " alter column source set default …, or drop its not null",
        ),
        (
            "alter table registry_passport"
            " drop constraint registry_passport_address_community_id_14f7b36b_uniq",
            "public.registry_passport has no unique index on (address, community_id).",
        ),
        (
            "drop index registry_stamp_passport_id_a0a2c334",
            "public.registry_stamp has no index that begins with passport_id.",
        ),
        (
            "alter table registry_score enable row level security",
            "public.registry_score has row level security, which would hide rows:"
            " alter role scorer_owner bypassrls",
        ),
    ],
)
def test_what_does_not_fit_is_said_in_a_line_and_nothing_changes(
    existing_url: str,
    session: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: str,
    said: str,
) -> None:
    session.execute(change.encode())
    with pytest.raises(SystemExit) as raised:
        adopt(existing_url)
    assert str(raised.value).split("\n")[1:] == [said]
    assert rows(session, "select from pg_namespace where nspname = 'scorer'") == []
    monkeypatch.setenv("DATABASE_URL", existing_url)
    assert main(["--plan"]) == 1
    assert capsys.readouterr().out.endswith(f"\n\n{said}\n")
    assert main(["--check"]) == check_change.BREAKS


def test_of_two_who_adopt_at_once_one_waits(existing_url: str) -> None:
    moving = [
        subprocess.Popen(
            [sys.executable, "-m", "db.adopt"],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": existing_url},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = sorted(process.communicate()[0] for process in moving)
    assert said[0].startswith("Adopted, in ")
    assert said[1] == f"{NOTHING}\n"


def test_a_lock_that_another_session_holds_is_waited_for_a_little_and_asked_for_again(
    existing_url: str, session: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two tries nobody waits behind it."""
    monkeypatch.setattr(patience, "TRIES", 3)
    monkeypatch.setattr("db.adopt.LOCK_TIMEOUT", 0.1)
    monkeypatch.setattr("db.leave.LOCK_TIMEOUT", 0.1)
    with session.transaction():
        session.execute("lock table public.registry_hashscorerlink in row exclusive mode")
        with pytest.raises(SystemExit, match=r"^Nothing was changed: 3 times another session held a lock"):
            adopt(existing_url, pause=0.01)
        assert rows(session, "select from pg_namespace where nspname = 'scorer'") == []

    released = threading.Event()

    def release() -> None:
        session.execute("commit")
        released.set()

    session.execute("begin; lock table public.registry_hashscorerlink in row exclusive mode")
    threading.Timer(0.3, release).start()
    monkeypatch.setattr(patience, "TRIES", 1000)
    assert adopt(existing_url, pause=0.01).startswith("Adopted, in ")
    assert released.wait(60)


@pytest.mark.parametrize("adopted", [True, False])
def test_operators_of_a_stranger_are_no_part_of_what_is_made(own_server: OwnServer, adopted: bool) -> None:
    """As a stranger can put into public where a database is of PostgreSQL 14 or older."""
    with psycopg.connect(own_server.url, autocommit=True) as connection:
        if adopted:
            with connection.transaction():
                existing_service.create(connection)
        for symbol in ("=", "<>", "||"):
            connection.execute(
                f"""
                create function public.stranger(varchar, varchar) returns boolean
                language sql as 'select false';
                create operator public.{symbol} (
                    function = public.stranger, leftarg = varchar, rightarg = varchar
                );
                alter function public.stranger(varchar, varchar) rename to stranger_{ord(symbol[0])}
                """.encode()
            )
        (adopt if adopted else migrate)(own_server.url)
        if adopted:
            attachment.main("detach", own_server.url)
            attachment.main("attach", own_server.url)
        used = """
            select d.classid::regclass, d.objid from pg_depend as d
            inner join pg_operator as o on d.refclassid = 'pg_operator'::regclass and d.refobjid = o.oid
            where o.oprnamespace = 'public'::regnamespace
        """
        assert rows(connection, used) == []


def test_what_somebody_else_made_stays(own_server: OwnServer) -> None:
    """Roles of our names, and what is theirs; views in our schema, whatever they are called."""
    with psycopg.connect(own_server.url, autocommit=True) as session:
        with session.transaction():
            existing_service.create(session)
        for statement in (
            "create role scorer_owner nologin",
            "create role keeper",
            "grant scorer_owner to keeper",
            "create table public.elsewhere ()",
            "alter table public.elsewhere owner to scorer_owner",
        ):
            session.execute(statement.encode())
        adopt(own_server.url)
        session.execute('create view scorer."Of ""another" as select 1 as x')
        attachment.main("detach", own_server.url)
        attachment.main("attach", own_server.url)
        assert rows(session, 'select x from scorer."Of ""another"') == [(1,)]
        session.execute('drop view scorer."Of ""another"')
        leave(own_server.url)
        owner = "select relowner::regrole::text from pg_class where relname = 'elsewhere'"
        assert rows(session, owner) == [("scorer_owner",)]
        assert rows(session, "select pg_has_role('keeper', 'scorer_owner', 'member')") == [(True,)]
        assert rows(session, "select from pg_roles where rolname = 'scorer_checker'") == []


def test_who_did_not_move_in_does_not_move_out(own_server: OwnServer, programs: Path) -> None:
    with psycopg.connect(own_server.url, autocommit=True) as connection:
        with connection.transaction():
            existing_service.create(connection)
        connection.execute("create role mover login createrole noinherit")
        connection.execute("grant create on database postgres to mover with grant option")
        connection.execute("grant all on all tables in schema public to mover with grant option")
        connection.execute("revoke all on schema public from public")
        connection.execute("grant usage on schema public to mover with grant option")
        before = dump(own_server.url, programs, "public")
        mover = make_conninfo(own_server.url, user="mover")
        with pytest.raises(SystemExit, match="alter role mover inherit"):
            adopt(mover)
        connection.execute("alter role mover inherit")
        assert adopt(mover).startswith("Adopted, in ")
        assert attachment.main("detach", mover).startswith("Detached")
        assert attachment.main("attach", mover).startswith("Attached")
        with pytest.raises(SystemExit, match="leave as mover"):
            leave(own_server.url)
        assert leave(mover).startswith("Left, in ")
        assert dump(own_server.url, programs, "public") == before
        connection.execute("create schema scorer authorization mover")
        with pytest.raises(SystemExit, match="There is a schema scorer already, of mover"):
            adopt(mover)


def test_ids_from_a_sequence_are_written_too(
    existing_url: str,
    serve: Callable[..., Service],
    session: psycopg.Connection,
    issuer: Issuer,
    programs: Path,
) -> None:
    for table in existing.INSERTED:
        session.execute(
            f"""
            alter table {table} alter id drop identity;
            create sequence {table}_serial owned by {table}.id;
            alter table {table} alter id set default nextval('{table}_serial')
            """.encode()
        )
    before = dump(existing_url, programs, "public")
    adopt(existing_url)
    add_service_role(existing_url)
    put(session, issuer, WALLET, "Ens", "v0:e")
    service = serve(service_url_of(existing_url), TRUSTED_IAM_ISSUERS=json.dumps([issuer.did]))
    assert ask(service)[1]["passing_score"] is True
    leave(existing_url)
    assert dump(existing_url, programs, "public") == before


def test_another_checkouts_database_is_left_alone(
    adopted_url: str, session: psycopg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    session.execute("update scorer.alembic_version set version_num = '0002_newer'")
    for change in (adopt, leave, lambda url: attachment.main("detach", url)):
        with pytest.raises((SystemExit, CommandError)):
            change(adopted_url)
    views = "select count(*) from pg_class where relnamespace = 'scorer'::regnamespace and relkind = 'v'"
    assert rows(session, views) == [(len(list((ROOT / "db/views").glob("*.sql"))),)]


def test_migrating_makes_no_second_set_of_tables(existing_url: str) -> None:
    with pytest.raises(CommandError, match="make adopt"):
        migrate(existing_url)


def test_scorers_of_both_types_customized_and_shared_are_as_the_existing_service_has_them(
    adopted_url: str, served: Callable[[], Service], session: psycopg.Connection, issuer: Issuer
) -> None:
    existing_service.add_scorer(session, 2, {"Github": "1.5", "AllowList#friends": "9"}, "1.5", binary=False)
    for community in (2, 3):
        existing_service.add_community(session, community, scorer=2)
    existing_service.add_community(session, 4, scorer=1, external_scorer_id="77001")
    for statement in (
        """
        insert into account_customization (
            id, path, scorer_id, use_custom_dashboard_panel, body_display_info_tooltip, button_action_type,
            show_explanation_panel, partner_name, nav_order, show_in_top_nav
        )
        values (1, 'p', 3, false, false, '', false, '', 0, false)
        """,
        "insert into account_addresslist (id, name) values (1, 'friends')",
        "insert into account_allowlist (weight, address_list_id, customization_id) values (0.25, 1, 1)",
        "insert into account_customplatform default values",
        """
        insert into account_customcredentialruleset (id, credential_type, definition, name, provider_id)
        values (1, 'DEVEL', '{}', 'r', 'DeveloperList#r')
        """,
        """
        insert into account_customcredential (weight, display_name, customization_id, platform_id, ruleset_id)
        values (0.125, '', 1, 1, 1)
        """,
    ):
        session.execute(statement.encode())
    for provider in ("Github", "AllowList#friends", "DeveloperList#r"):
        put(session, issuer, WALLET, provider, f"v0:{provider}")
    service = served()
    assert [
        (body["score"], body["threshold"], body["passing_score"])
        for status, body in (ask(service, scorer=scorer) for scorer in (1, 2, 3, 77001, 4))
        if status == 200
    ] == [
        ("2.25000", "2.50000", False),
        ("10.50000", "1.50000", True),
        ("1.87500", "1.50000", True),
        ("2.25000", "2.50000", False),
        ("2.25000", "2.50000", False),
    ]
    assert ask(service, scorer=-1)[0] == 404


def test_keys_are_checked_against_both_columns_and_upgraded_in_the_newer(
    adopted_url: str, served: Callable[[], Service], session: psycopg.Connection
) -> None:
    old, new, both = "olderkey.secret", "newerkey.secret", "bothkeys.secret"
    derived = keys.pbkdf2_hash(old, "pbkdf2_sha256$1000$salt")
    existing_service.add_key(session, 1, keys.prefix(old), derived)
    existing_service.add_key(session, 1, keys.prefix(new), keys.sha256_hash(new))
    existing_service.add_key(session, 1, keys.prefix(both), "pbkdf2_sha256$1000$x$x", keys.sha256_hash(both))
    stored = "select hashed_key, hashed_key_sha256 from account_accountapikey where prefix = %s"
    service = served()
    assert ask(service, key="olderkey.wrong")[0] == 401
    assert rows(session, stored, keys.prefix(old)) == [(derived, None)]
    assert [ask(service, key=key)[0] for key in (old, new, both, old)] == [200] * 4
    assert rows(session, stored, keys.prefix(old)) == [(derived, keys.sha256_hash(old))]
    assert rows(session, stored, keys.prefix(new)) == [(keys.sha256_hash(new), None)]


def test_its_history_and_its_bonus_read_what_ours_writes(
    adopted_url: str, serve: Callable[..., Service], session: psycopg.Connection, issuer: Issuer
) -> None:
    """By the statements of its history endpoint, and of its bonus."""
    session.execute("update account_community set human_points_program = true")
    put(session, issuer, WALLET, "Ens", "v0:e", "v1:e")
    put(session, issuer, OTHER, "Ens", "v0:e", "v1:e")
    service = serve(
        service_url_of(adopted_url),
        TRUSTED_IAM_ISSUERS=json.dumps([issuer.did]),
        HUMAN_POINTS_ENABLED="true",
    )
    answered = ask(service)[1]
    assert ask(service, OTHER)[1]["stamps"]["Ens"]["dedup"] is True
    history = """
        select data from registry_event
        where action = 'SCU' and address = %s and community_id = %s and created_at <= now()
        order by created_at desc limit 1
    """
    ((data,),) = rows(session, history, WALLET, 1)
    assert data["fields"]["evidence"]["rawScore"] == "3"
    assert data["fields"]["stamps"] == answered["stamps"]
    assert data["fields"]["last_score_timestamp"] == answered["last_score_timestamp"]
    events = rows(session, "select action, data from registry_event where address = %s order by id", OTHER)
    assert events[0] == (
        "LDP",
        {"provider": "Ens", "nullifiers": ["v0:e", "v1:e"], "community_id": 1},
    )
    bonus = "select count(*) from registry_humanpointscommunityqualifiedusers where address = %s"
    assert rows(session, bonus, WALLET) == [(1,)]
    assert rows(session, bonus, OTHER) == [(0,)]


def test_of_several_live_rows_of_a_provider_the_newest_counts_and_bans_take_effect(
    adopted_url: str, served: Callable[[], Service], session: psycopg.Connection, issuer: Issuer
) -> None:
    for type_, nullifier in ((1, "v0:older"), (2, "v0:newer")):
        existing_service.put(session, WALLET, issuer.credential(WALLET, "Github", [nullifier]), type_)
    service = served()
    assert ask(service)[1]["score"] == "2.25000"
    held = "select hash from registry_hashscorerlink where address = %s"
    assert rows(session, held, WALLET) == [("v0:newer",)]
    session.execute(
        "insert into ceramic_cache_revocation (proof_value, ceramic_cache_id)"
        " select proof_value, id from ceramic_cache_ceramiccache where type = 2"
    )
    assert ask(service)[1]["score"] == "2.25000"
    assert rows(session, held + " order by id", WALLET) == [("v0:newer",), ("v0:older",)]


CHANGES = {
    "alter table registry_passport add note text": check_change.FREE,
    "alter table registry_passport drop requires_calculation": check_change.FREE,
    "alter table registry_score rename error to failure": check_change.BREAKS,
    "begin;\nalter table account_community alter description drop not null;\ncommit;": check_change.FREE,
    "create index on registry_event (created_at)": check_change.FREE,
    "alter table registry_stamp alter provider type varchar(512)": check_change.WRAP,
    "alter table registry_hashscorerlink alter hash type varchar(200)": check_change.WRAP,
    "alter table ceramic_cache_ceramiccache alter stamp type json": check_change.BREAKS,
    "alter table registry_score drop stamps": check_change.BREAKS,
    "alter table registry_passport add note text not null default ''; alter table registry_passport"
    " alter note drop default": check_change.BREAKS,
    "alter table registry_hashscorerlink add check (hash like 'v0:%')": check_change.BREAKS,
    "alter table registry_event alter nothing drop default": check_change.BREAKS,
    "create index concurrently on registry_event (created_at)": check_change.FREE,
    "alter table registry_hashscorerlink alter address type varchar(100)": check_change.WRAP,
    "alter table account_accountapikey drop hashed_key_sha256 cascade; alter table account_accountapikey"
    " add hashed_key_sha256 varchar(71)": check_change.WRAP,
    "alter table ceramic_cache_revocation drop proof_value cascade": check_change.BREAKS,
    "revoke all on registry_score from scorer_owner": check_change.WRAP,
    "revoke select on ceramic_cache_ceramiccache from scorer_owner": check_change.WRAP,
    "drop trigger guard_live_link on registry_hashscorerlink": check_change.BREAKS,
    "alter table registry_hashscorerlink disable trigger user": check_change.WRAP,
    "alter table ceramic_cache_ceramiccache enable row level security": check_change.BREAKS,
    "alter table registry_event add check (action <> 'LDP')": check_change.BREAKS,
    "alter table registry_humanpointscommunityqualifiedusers add check (address like 'x%')": (
        check_change.BREAKS
    ),
}


@pytest.mark.parametrize("already", ["not adopted", "adopted", "detached"])
def test_a_change_is_judged_before_it_is_made(
    existing_url: str, session: psycopg.Connection, programs: Path, already: str
) -> None:
    """On a copy of theirs where the service runs, and on one where it does not; neither changes."""
    if already != "not adopted":
        adopt(existing_url)
    if already == "detached":
        attachment.main("detach", existing_url)
    schemas = ("public", "scorer") if already != "not adopted" else ("public",)
    before = [dump(existing_url, programs, schema) for schema in schemas]
    for change, verdict in CHANGES.items():
        judged = check_change.verdict(existing_url, change)
        assert judged.status == verdict, (change, judged.lines)
        assert judged.lines
    assert [dump(existing_url, programs, schema) for schema in schemas] == before
    assert rows(session, "select from registry_passport union all select from registry_event") == []


ENDS = ("COMMIT AND CHAIN;", "END;", "select 1; end", "/* */ rollback; select 1", "; Abort")


@pytest.mark.parametrize("end", [*ENDS, "do $$ begin commit; end $$"])
@pytest.mark.parametrize("hidden", [False, True])
def test_a_change_that_ends_its_transaction_changes_nothing(
    existing_url: str,
    programs: Path,
    session: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    end: str,
    hidden: bool,
) -> None:
    """Also where its words do not give it away."""
    if hidden:
        if "rollback" in end.lower() or "abort" in end.lower():
            return
        monkeypatch.setattr(check_change, "ENDS", re.compile("nothing"))
    before = dump(existing_url, programs, "public")
    change = f"alter table registry_passport add note text;\n{end}"
    if end in ENDS:
        with pytest.raises(SystemExit, match="nothing has changed"):
            check_change.verdict(existing_url, change)
    else:
        assert check_change.verdict(existing_url, change).status == check_change.BREAKS
    assert dump(existing_url, programs, "public") == before
    assert rows(session, "select from pg_namespace where nspname = 'scorer'") == []


def test_their_migration_between_detach_and_attach_costs_no_request(
    adopted_url: str, served: Callable[[], Service], session: psycopg.Connection, issuer: Issuer
) -> None:
    for number, address in enumerate((WALLET, OTHER, THIRD)):
        put(session, issuer, address, "Github", f"v0:g{number}")
        put(session, issuer, address, "Ens", "v0:shared")
    service = served()
    with load(service.port, KEY, [(address, 1) for address in (WALLET, OTHER, THIRD)]) as result:
        for room in (300, 400, 500):
            result.wait_for(20)
            assert attachment.main("detach", adopted_url).startswith("Detached, in ")
            session.execute(f"alter table registry_stamp alter provider type varchar({room})".encode())
            assert attachment.main("attach", adopted_url).startswith("Attached, in ")
        result.wait_for(20)
    assert set(result.by_status()) == {200}
    assert rows(session, "select deadlocks from pg_stat_database where datname = current_database()") == [
        (0,)
    ]


def test_what_a_change_of_theirs_took_away_is_seen_and_put_back(
    adopted_url: str,
    served: Callable[[], Service],
    session: psycopg.Connection,
    programs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As a migration does that drops a column with all that stands on it, or makes a table anew."""
    before = dump(adopted_url, programs)
    for statement in (
        "alter table registry_stamp rename provider to other",
        "alter table registry_stamp add provider varchar(256) not null",
        "alter table registry_stamp drop other cascade",
        "revoke update (hashed_key_sha256) on account_accountapikey from scorer_owner",
        "drop trigger guard_live_link on registry_hashscorerlink",
    ):
        session.execute(statement.encode())
    gone = [
        "View scorer.registry_stamp is gone.",
        "scorer_owner may not update public.account_accountapikey any more.",
        "Trigger guard_live_link is gone from public.registry_hashscorerlink.",
    ]
    monkeypatch.setenv("DATABASE_URL", adopted_url)
    assert main(["--plan"]) == 1
    assert capsys.readouterr().out.split("\n")[-5:-1] == [*gone, "make attach puts it back."]
    assert adopt(adopted_url).split("\n")[:-1] == gone
    assert adopt(adopted_url) == NOTHING
    assert ask(served())[0] == 200
    assert dump(adopted_url, programs) == before


def test_a_request_that_waits_too_long_for_the_views_is_told_to_come_again(
    adopted_url: str, served: Callable[[], Service], serve: Callable[..., Service]
) -> None:
    attachment.main("detach", adopted_url)
    service = serve(service_url_of(adopted_url), "from api import scoring; scoring.DETACHED = 0")
    status, headers, _ = service.get("/v2/stamps/1/score/" + WALLET, X_API_Key=KEY)
    assert (status, "Retry-After" in headers) == (503, True)
    attachment.main("attach", adopted_url)
    assert ask(service)[0] == 200


def test_leaving_under_load_changes_nothing_of_theirs(
    existing_url: str, session: psycopg.Connection, programs: Path, issuer: Issuer
) -> None:
    """Their own requests go on meanwhile."""
    before = dump(existing_url, programs, "public")
    stop = threading.Event()
    made = 0

    def score() -> None:
        nonlocal made
        with psycopg.connect(existing_url) as peer:
            while not stop.is_set():
                with peer.transaction():
                    peer.execute(
                        "insert into registry_hashscorerlink (hash, address, expires_at, community_id)"
                        " values ('h', %s, now() + interval '1 day', 1) on conflict (hash, community_id)"
                        " do update set expires_at = excluded.expires_at",
                        [WALLET],
                    )
                made += 1

    writer = threading.Thread(target=score)
    writer.start()
    try:
        for _ in range(3):
            assert adopt(existing_url, pause=0.01).startswith("Adopted, in ")
            assert leave(existing_url, pause=0.01).startswith("Left, in ")
    finally:
        stop.set()
        writer.join()
    assert made
    assert dump(existing_url, programs, "public") == before
    with pytest.raises(SystemExit, match="not an adopted one"):
        leave(existing_url)


def test_a_view_that_a_revision_changes_changes_both_ways(
    existing_url: str, programs: Path, tmp_path: Path
) -> None:
    """What changes tables in ours changes views there, by the same command."""
    adopt(existing_url)
    checkout = Checkout(tmp_path / "checkout")
    checkout.run("db.release")
    view = checkout.folder / "db/views/registry_passport.sql"
    view.write_text(
        view.read_text().replace("p.community_id\n", "p.community_id,\n    p.requires_calculation\n")
    )
    (checkout.folder / "db/views/account_account.sql").unlink()
    assert checkout.run("db.freeze", "a view") == "0002_a_view"
    before = dump(existing_url, programs)
    assert checkout.run("db.migrate", DATABASE_URL=existing_url) == "The database has the newest schema."
    after = dump(existing_url, programs)
    assert ("requires_calculation" in after, "VIEW scorer.account_account" in after) == (True, False)
    assert checkout.run("db.attachment", "detach", DATABASE_URL=existing_url).startswith("Detached")
    assert checkout.run("db.attachment", "attach", DATABASE_URL=existing_url).startswith("Attached")
    assert dump(existing_url, programs) == after
    checkout.run("alembic", "downgrade", "-1", DATABASE_URL=existing_url)
    assert dump(existing_url, programs) == before
    checkout.run("alembic", "upgrade", "head", DATABASE_URL=existing_url)
    assert checkout.run("db.leave", DATABASE_URL=existing_url).startswith("Left, in ")


def test_erasing_says_whose_the_rest_is(
    adopted_url: str, served: Callable[[], Service], session: psycopg.Connection, issuer: Issuer
) -> None:
    put(session, issuer, WALLET, "Github", "v0:g")
    assert ask(served())[0] == 200
    assert rows(session, "select subject from scorer.credential_check") == [(f"did:pkh:eip155:1:{WALLET}",)]
    assert erase(adopted_url, WALLET) == [
        "        1 credential_check",
        "        0 credential_digest",
        "        0 human_points_bonusaward",
        "        0 human_points_stampaction",
        "        0 human_points_wallet",
        THEIRS,
    ]
    assert rows(session, "select count(*) from registry_passport") == [(1,)]
    with pytest.raises(SystemExit, match="is not an Ethereum address"):
        erase(adopted_url, "0x1")


def test_digests_are_kept_for_the_version_of_a_row_and_no_other(
    adopted_url: str, session: psycopg.Connection, issuer: Issuer
) -> None:
    for number in range(25):
        put(session, issuer, WALLET, f"P{number}", f"v0:{number}")
    session.execute("update ceramic_cache_ceramiccache set deleted_at = now() where provider = 'P24'")
    right = "sha256(convert_to(stamp::text, 'UTF8'))"
    wrong = f"select id from scorer.ceramic_cache where digest <> {right}"
    assert digests.keep(adopted_url, window=10).startswith("Kept 24 digests, in ")
    assert digests.keep(adopted_url, window=10).startswith("Kept 0 digests, in ")
    # What is kept is what is read.
    session.execute("update scorer.credential_digest set digest = 'x' where ceramic_cache_id = 1")
    assert rows(session, wrong) == [(1,)]
    # Whatever is written makes another version, also what is taken back.
    session.execute("update ceramic_cache_ceramiccache set updated_at = updated_at where id = 1")
    session.execute(
        "with other as (select stamp from ceramic_cache_ceramiccache where id = 2)"
        " update ceramic_cache_ceramiccache as c set stamp = o.stamp from other as o where c.id = 3"
    )
    with session.transaction(force_rollback=True):
        session.execute("update ceramic_cache_ceramiccache set stamp = '{}' where id = 4")
        assert rows(session, wrong) == []
    assert rows(session, wrong) == []
    assert digests.keep(adopted_url).startswith("Kept 2 digests, in ")
    assert rows(session, wrong) == []
    assert digests.drop(adopted_url) == "Forgot all digests."
    assert rows(session, wrong) == []
    assert rows(session, "select from scorer.credential_digest") == []


def test_checks_made_ahead_keep_the_digests_too(
    adopted_url: str, session: psycopg.Connection, issuer: Issuer
) -> None:
    kept = (
        "select c.id from public.ceramic_cache_ceramiccache as c, scorer.credential_digest as k"
        " where k.ceramic_cache_id = c.id and k.row_xmin = c.xmin and k.row_ctid = c.ctid order by 1"
    )

    def check_ahead(look_back: int = 0) -> None:
        run = Run(Database(make_conninfo(adopted_url, user="checker")), [issuer.did])
        run.begin(look_back)
        run.work()

    session.execute("create role checker login in role scorer_checker")
    for number in range(3):
        put(session, issuer, WALLET, f"P{number}", f"v0:{number}")
    check_ahead()
    assert rows(session, kept) == [(1,), (2,), (3,)]
    session.execute("update ceramic_cache_ceramiccache set updated_at = updated_at where id = 1")
    assert rows(session, kept) == [(2,), (3,)]
    check_ahead(look_back=3)
    assert rows(session, kept) == [(1,), (2,), (3,)]


def test_the_demo_moves_in_answers_and_leaves(capsys: pytest.CaptureFixture[str]) -> None:
    adopt_demo.main()
    shown = capsys.readouterr().out
    assert shown.count("    200 {") == 3
    assert "The existing schema is as it was, to the byte." in shown
