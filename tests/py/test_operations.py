"""The operator's book, docs/operations.md: its commands are run, and do what it says."""

import csv
import json
import os
import re
import shlex
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from alembic import command as alembic
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from db import adopt
from db.migrate import ROOT, alembic_config
from db.snapshot import dump
from harness.balancer import balanced
from harness.checkout import Checkout
from harness.command import administrator
from harness.crowd import gather
from harness.load import load
from harness.neighbours import WALLETS, fill
from harness.pages import OPERATIONS, blocks, command, run
from harness.server import OwnServer, connect, folder_of_data, programs_of
from harness.service import Service, running, wait_for_workers
from harness.template import of_type, read
from harness.world import World, fresh
from local import demo
from local.issuer import Issuer
from local.postgres import EMBEDDED_VERSION

PAGE = OPERATIONS.read_text()
# Whom users sign in as by a password.
SCRAM = "local all scorer scram-sha-256\nlocal all scorer_b scram-sha-256\n"
OF_SCORER = "from pg_stat_activity where usename = 'scorer'"


def test_every_block_of_commands_is_run_or_says_why_not() -> None:
    tests = "".join(path.read_text() for path in (ROOT / "tests/py").glob("*.py"))
    names = [block.name for block in blocks(OPERATIONS) if block.name]
    for block in blocks(OPERATIONS):
        where = f"docs/operations.md:{block.line}"
        assert block.name or block.why, f"{where} has no mark: harness/pages.py says which"
        assert block.why or f'command("{block.name}")' in tests, f"{where} is run by no test"
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_every_alarm_has_a_paragraph_and_every_paragraph_an_alarm() -> None:
    template = (ROOT / "deploy/template.yaml").read_text()
    alarms = re.findall(r"AlarmName: !Sub \"\$\{ServiceName\}-(.+)\"", template)
    assert len(alarms) == template.count("Type: AWS::CloudWatch::Alarm") > 10
    section = PAGE.partition("\n## Alarms\n")[2].partition("\n## ")[0]
    _, *paragraphs = re.split(r"^### ", section, flags=re.MULTILINE)
    told = dict(paragraph.split("\n", 1) for paragraph in paragraphs)
    assert sorted(told) == sorted(f"`{alarm}`" for alarm in alarms)
    # What it means and what to do takes more than a line.
    assert [name for name, text in told.items() if len(text.split()) < 30] == []


@pytest.mark.parametrize("page", ["operations", "rollout"])
def test_the_balancers_rule_is_given_both_groups_as_in_the_template(page: str) -> None:
    """What can be seen without an account; in operations all of the share goes back."""
    text = (ROOT / f"docs/{page}.md").read_text()
    (asked,) = re.findall(r"^    (aws elbv2 modify-rule .*\n.*)$", text, re.MULTILINE)
    (action,) = json.loads(shlex.split(asked)[-1])
    (rule,) = [
        each
        for each in of_type(read(), "AWS::ElasticLoadBalancingV2::ListenerRule").values()
        if "ForwardConfig" in each["Actions"][0]
    ]
    assert action["Type"] == rule["Actions"][0]["Type"]
    weights = {each["TargetGroupArn"]: each["Weight"] for each in action["ForwardConfig"]["TargetGroups"]}
    assert set(weights) == {"$EXISTING", "$CANDIDATE"}
    assert sum(weights.values()) == 100
    assert page != "operations" or weights["$EXISTING"] == 100


def test_every_link_within_the_book_leads_to_a_section() -> None:
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors


def test_every_table_is_said_to_grow_or_not() -> None:
    section = PAGE.partition("\n## What grows\n")[2].partition("\n## ")[0]
    told = re.findall(r"`(\w+…?)`", "".join(re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)))
    tables = set(re.findall(r"CREATE TABLE scorer\.(\w+)", (ROOT / "db/schema.sql").read_text()))
    for table in tables - {"alembic_version"}:
        assert any(table == name or (name[-1] == "…" and table.startswith(name[:-1])) for name in told), table


@pytest.mark.parametrize("kind", ["own", "adopted"])
def test_a_backup_answers_the_same(
    own_server: OwnServer,
    postgres_version: int,
    issuer: Issuer,
    ed25519: Issuer,
    serve: Callable[..., Service],
    tmp_path: Path,
    kind: str,
) -> None:
    """Taken while the service answers; restored on a server of the same version and of the newest."""
    with fresh(own_server.url, issuer, "passports", adopted=kind == "adopted") as world, ExitStack() as stack:
        crowd = gather(world, 16, ed25519)
        for address, stamps in demo.STAMPS.items():
            for provider, nullifiers in stamps.items():
                world.put_valid(address, provider, *nullifiers)
        wallets = [*crowd.addresses, *demo.STAMPS]
        world.execute(command("the service's user"))
        trusted = {"TRUSTED_IAM_ISSUERS": json.dumps(sorted(crowd.trusted))}
        service = serve(make_conninfo(world.url, user="scorer"), **trusted)
        with load(service.port, world.key, [(wallet, 1) for wallet in wallets]) as asked:
            # Each of them at least once: who has which nullifier is settled.
            asked.wait_for(5 * len(wallets))
            for version in {postgres_version, EMBEDDED_VERSION}:
                (tmp_path / str(version)).mkdir()
                seen = len(asked.answers)
                run(
                    command("back up"),
                    tmp_path / str(version),
                    programs_of(version),
                    ADMIN_URL=world.url,
                )
                asked.wait_until(lambda seen=seen: len(asked.answers) > seen, "an answer")  # type: ignore[misc]
            asked.wait_for(10)
        assert set(asked.by_status()) == {200}
        expected = answers(service, world, wallets)
        shown = [stamp["dedup"] for answer in expected.values() for stamp in answer["stamps"].values()]
        assert {True, False} == set(shown)

        for version in {postgres_version, EMBEDDED_VERSION}:
            programs = programs_of(version)
            data = stack.enter_context(folder_of_data())
            target = stack.enter_context(OwnServer(Path(data) / "data", programs, version))
            folder = tmp_path / str(version)
            run(command("restore"), folder, programs, NEW_SERVER_URL=target.url)
            url = make_conninfo(target.url, dbname="passports")
            with connect(url) as connection:
                connection.execute(command("passwords after a restore").encode())
                assert connection.info.server_version // 10000 == version
                scored = (
                    "select count(*), (select count(*) from {0}.registry_score) from {0}.registry_passport"
                )
                passports, scores = connection.execute(scored.format("scorer").encode()).fetchall()[0]
                assert passports == scores == len(wallets)
            assert_nothing_is_to_do(url, kind)
            said = run(command("the schema after a restore"), folder, NEW_DATABASE_URL=url).stdout
            assert "The database has the newest schema." in said.splitlines()
            user = make_conninfo(url, user="scorer")
            restored = serve(user, **trusted)
            assert answers(restored, world, wallets) == expected
            with psycopg.connect(user) as connection:
                assert connection.execute("show statement_timeout").fetchone() == ("20s",)
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("select from scorer.account_apikey")

            # Once more, where a database of the name and its roles are still there.
            with psycopg.connect(target.url, autocommit=True) as connection:
                connection.execute(f"select pg_terminate_backend(pid) {OF_SCORER}".encode())
                connection.execute(command("set the database aside").encode())
            run(command("restore"), folder, programs, NEW_SERVER_URL=target.url)
            assert answers(restored, world, wallets) == expected


def answers(service: Service, world: World, wallets: list[str]) -> dict[str, Any]:
    """What each wallet is answered, to the letter, but for the time of scoring."""
    result = {}
    for wallet in wallets:
        status, answer = service.get_json(world.path(wallet), X_API_Key=world.key)
        assert status == 200
        assert answer.pop("last_score_timestamp")
        result[wallet] = answer
    return result


def assert_nothing_is_to_do(url: str, kind: str) -> None:
    if kind == "adopted":
        assert adopt.adopt(url) == adopt.NOTHING
    applied: list[str] = []
    alembic.upgrade(alembic_config(url, applied=applied), "head")
    assert applied == []


@pytest.fixture
def guarded(own_server: OwnServer, issuer: Issuer) -> Iterator[World]:
    """A world on a server that the service's users sign in to by a password."""
    with fresh(own_server.url, issuer, "passports") as world:
        fill(world)
        world.execute(command("the service's user").replace("'...'", "'FIRST'"))
        file = own_server.data / "pg_hba.conf"
        file.write_text(SCRAM + file.read_text())
        world.execute("select pg_reload_conf()")
        # Once it has been read.
        while not world.execute("select from pg_hba_file_rules where 'scorer_b' = any(user_name)"):
            pass
        yield world


def url_of(world: World, folder: Path) -> str:
    """The DATABASE_URL of the page, whose password stands in a file of the folder."""
    socket = conninfo_to_dict(world.url)["host"]
    text = command("password file").replace("@host/db?", f"@/passports?host={socket}&")
    return run(text.replace("python -m deploy.serve", 'printf %s "$DATABASE_URL"'), folder).stdout


def test_the_password_is_rotated_without_a_restart_and_sessions_stay(
    guarded: World, serve: Callable[..., Service], tmp_path: Path
) -> None:
    # One client, so that one session is all that is needed while no other one can be opened.
    world, url = guarded, url_of(guarded, tmp_path)
    service = serve(url, TRUSTED_IAM_ISSUERS=json.dumps([world.issuer.did]))
    with load(service.port, world.key, [(wallet, 1) for wallet in WALLETS], clients=1) as asked:
        asked.wait_for(20)
        sessions = world.execute(f"select pid {OF_SCORER} order by pid")
        world.execute("alter role scorer password 'NOT YET IN THE FILE'")
        asked.wait_for(20)
        assert set(world.execute(f"select pid {OF_SCORER}")) >= set(sessions)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(url)
        run(command("rotate the password"), tmp_path, ADMIN_URL=world.url)
        asked.wait_for(20)
        # Whoever opens a connection now takes the new password.
        world.execute(f"select pg_terminate_backend(pid) {OF_SCORER}")
        asked.wait_for(20)
        assert not {pid for (pid,) in world.execute(f"select pid {OF_SCORER}")} & {pid for (pid,) in sessions}
    assert set(asked.by_status()) == {200}
    # That it is the file which decides.
    (tmp_path / "scorer.pgpass").write_text("*:*:*:scorer:WRONG\n")
    world.execute(f"select pg_terminate_backend(pid) {OF_SCORER}")
    status, answer = service.get_json(world.path(WALLETS[0]), X_API_Key=world.key)
    assert (status, "detail" in answer) == (503, True)


def test_two_users_are_changed_between_without_a_lost_request(guarded: World, tmp_path: Path) -> None:
    world, first = guarded, url_of(guarded, tmp_path)
    world.execute(command("another user"))
    second = make_conninfo(first, user="scorer_b", password="SECOND", passfile="/dev/null")
    trusted = {"TRUSTED_IAM_ISSUERS": json.dumps([world.issuer.did])}
    with ExitStack() as stack:
        old = stack.enter_context(ExitStack())
        before = old.enter_context(running(tmp_path / "old.log", first, **trusted))
        after = stack.enter_context(running(tmp_path / "new.log", second, **trusted))
        balancer = stack.enter_context(balanced(before.port, after.port))
        with load(balancer.port, world.key, [(wallet, 1) for wallet in WALLETS]) as asked:
            asked.wait_for(20)
            balancer.share(100)
            asked.wait_until(
                lambda: {answer["service"] for answer in balancer.answered()[-30:]} == {"candidate"},
                "the move",
            )
            old.close()
            world.execute(command("the user before"))
            asked.wait_for(20)
        assert set(asked.by_status()) == {200}
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(first)


def test_sighup_starts_the_processes_anew_with_the_settings_that_there_were(
    world: World, serve: Callable[..., Service]
) -> None:
    fill(world)
    service = serve(world.service_url, TRUSTED_IAM_ISSUERS=json.dumps([world.issuer.did]))
    (before,) = psutil.Process(service.pid).children()
    os.kill(service.pid, signal.SIGHUP)
    before.wait()
    wait_for_workers(psutil.Process(service.pid), 1)  # type: ignore[arg-type]
    status, _ = service.get_json(world.path(WALLETS[0]), X_API_Key=world.key)
    assert status == 200


@pytest.mark.own_tables
def test_a_key_is_followed_by_a_second_one(world: World, tmp_path: Path) -> None:
    demo.load(world.url, world.issuer)
    client = world.client()

    def status(key: str) -> int:
        return client.get(world.path(demo.PASSING), headers={"X-API-Key": key}).status_code

    assert status(demo.KEY) == 200
    operator = administrator(world.url)
    second = run(command("second key"), tmp_path, DATABASE_URL=operator).stdout.split()[-1]
    assert (status(demo.KEY), status(second)) == (200, 200)
    run(command("revoke a key"), tmp_path, DATABASE_URL=operator)
    assert (status(demo.KEY), status(second)) == (401, 200)
    assert status(f"{second}0") == 401


def test_wallets_are_scored_again(world: World, tmp_path: Path) -> None:
    """First what would come of it, which keeps every score; then all of them, in a file too."""
    fill(world)
    before = answered(world)
    world.execute("update scorer_weighted_binaryweightedscorer set weights = '{}'")
    said = run(
        command("score again"),
        tmp_path,
        DATABASE_URL=administrator(world.url),
        TRUSTED_IAM_ISSUERS=json.dumps([world.issuer.did]),
    ).stdout.splitlines()
    assert [line.split(" wallets in ")[0] for line in said] == [
        f"Would score {len(WALLETS)}",
        f"Scored {len(WALLETS)}",
    ]
    with (tmp_path / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["wallet"] for row in rows} == {answer["address"] for answer in before}
    assert {float(score) for (score,) in world.execute("select score from registry_score")} == {0}
    assert any(float(answer["score"]) for answer in before)


@pytest.mark.own_tables
def test_months_of_events_that_are_over_are_archived(world: World, tmp_path: Path) -> None:
    for (month,) in world.execute("select partition from event_partitions()"):
        world.execute(f"drop table scorer.{month}")
    ((last, now),) = world.execute("select now() - interval '1 month', now()")
    world.execute("select ensure_event_partitions(1, %s)", last)
    world.execute("insert into registry_event (action, address, created_at) values ('LXU', '0x1', %s)", last)
    text = command("archive events").replace("2026-10", f"{now:%Y-%m}").replace("/mnt/archive", ".")
    said = run(text, tmp_path, DATABASE_URL=world.url).stdout
    (file,) = tmp_path.glob("*.gz")
    assert (file.name, ": 1 events" in said) == (f"registry_event_{last:%Y_%m}.csv.gz", True)


@pytest.mark.own_tables
def test_code_and_schema_go_back_by_one(world: World, programs: Path, tmp_path: Path) -> None:
    """A migration that changes a function: the code before runs on its schema, and it can be taken back."""
    fill(world)
    checkout = Checkout(tmp_path / "checkout")
    checkout.run("db.release")
    changed = checkout.functions / "stamp_fault.sql"
    changed.write_text(changed.read_text().replace("\nbegin\n", "\nbegin -- changed\n", 1))
    assert checkout.run("db.freeze", "next") == "0002_next"
    before = dump(world.url, programs)
    first = answered(world)
    assert checkout.run("db.migrate", DATABASE_URL=world.url).startswith("The database has the newest")
    assert "changed" in definition(world)
    assert answered(world) == first
    said = run(command("look where the schema is"), checkout.folder, DATABASE_URL=world.url).stdout
    assert said.strip() == "0002_next (head)"
    run(command("take a migration back"), checkout.folder, DATABASE_URL=world.url)
    assert dump(world.url, programs) == before
    assert "changed" not in definition(world)
    assert answered(world) == first
    assert world.execute("select version_num from alembic_version") == [("0001_baseline",)]


def definition(world: World) -> str:
    return str(world.execute("select pg_get_functiondef('scorer.stamp_fault'::regproc)"))


def answered(world: World) -> list[dict[str, Any]]:
    client, result = world.client(), []
    for wallet in WALLETS:
        response = client.get(world.path(wallet), headers={"X-API-Key": world.key})
        assert response.status_code == 200
        result.append({k: v for k, v in response.get_json().items() if k != "last_score_timestamp"})
    return result


def test_what_is_large_and_who_keeps_it_so_is_shown(
    world: World, sessions: Callable[[], psycopg.Connection]
) -> None:
    fill(world)
    answered(world)
    rows = world.execute(command("sizes"))
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)
    assert {"credential_check", "alembic_version"} <= {row[0].split(".")[-1] for row in rows}
    with sessions() as session, session.transaction():
        session.execute("select 1")
        query = command("old transactions")
        pid = session.info.backend_pid
        assert pid not in [row[0] for row in world.execute(query)]
        now = query.replace("interval '5 minutes'", "interval '0 minutes'")
        assert (pid, "idle in transaction") in [(row[0], row[2]) for row in world.execute(now)]


def test_checks_are_deleted_by_age_and_by_verifier_and_cost_a_check(world: World) -> None:
    fill(world)
    first = answered(world)
    count = "select count(*) from scorer.credential_check"
    ((checks,),) = world.execute(count)
    world.execute(
        "update scorer.credential_check set checked_at = now() - interval '1 year'"
        " where digest = (select digest from scorer.credential_check limit 1)"
    )
    world.execute(command("delete old checks"))
    assert world.execute(count) == [(checks - 1,)]
    world.execute(command("delete another verifier's checks").replace("rules 2", "rules none"))
    assert world.execute(count) == [(0,)]
    assert answered(world) == first
    assert world.execute(count) == [(checks,)]


def test_documents_are_checked_ahead(world: World, tmp_path: Path) -> None:
    fill(world)
    text = command("check ahead").replace("postgresql://checker@host/db", f"'{world.service_url}'")
    run(text, tmp_path, TRUSTED_IAM_ISSUERS=json.dumps([world.issuer.did]))
    ((unchecked,),) = world.execute(
        "select count(*) from ceramic_cache as c where not exists"
        " (select from scorer.credential_check as k where k.digest = c.digest)"
    )
    assert unchecked == 0
    assert world.execute("select count(*) > 0 from scorer.credential_check") == [(True,)]
