"""The pages of docs and the README: every command in them is run, and gives what they show."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from api import scoring
from api.database import Database
from api.settings import Settings
from compare import rules
from compare.arguments import parser
from db.migrate import ROOT
from harness import pages
from harness.contract import operations
from harness.service import Service
from harness.world import World
from local import demo
from local.issuer import Issuer

SQL_PAGE = ROOT / "docs/sql.md"
BLOCK = re.compile(r"^```(sql|python)\n(.*?)^```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples() -> Iterator[tuple[str, str, str]]:
    """Language, code and output of each example of the SQL page."""
    yield from BLOCK.findall(SQL_PAGE.read_text())


@pytest.mark.own_tables
def test_the_sql_page_shows_what_its_examples_give(database_url: str, issuer: Issuer, programs: Path) -> None:
    demo.load(database_url, issuer)
    settings = Settings(database_url, frozenset([issuer.did]))
    for address in demo.STAMPS:
        scoring.score(Database(database_url), settings, demo.KEY, "1", address)
    shown = list(examples())
    assert len(shown) == 3
    for language, code, output in shown:
        assert run(language, code, database_url, programs) == output


@pytest.mark.own_tables
def test_the_page_of_operations_revokes_what_it_says(database_url: str, issuer: Issuer) -> None:
    """One credential, one wallet's, one provider's."""
    demo.load(database_url, issuer)
    statements = [
        pages.command("revoke by one"),
        pages.command("revoke by wallet"),
        pages.command("revoke by provider"),
    ]
    live = (
        "select left(address, 3), provider from scorer.ceramic_cache as c where not exists"
        " (select from scorer.ceramic_cache_revocation as r where r.ceramic_cache_id = c.id) order by c.id"
    )
    left = []
    with psycopg.connect(database_url) as connection:
        for statement in statements:
            for _ in range(2):
                connection.execute(statement.encode())
            left.append([f"{wallet} {provider}" for wallet, provider in connection.execute(live)])
    assert left == [
        ["0x1 Ens", "0x2 Google", "0x3 Ens", "0x3 Google"],
        ["0x1 Ens", "0x3 Ens", "0x3 Google"],
        ["0x3 Google"],
    ]


def test_the_page_of_comparing_runs(world: World, serve: Callable[..., Service], tmp_path: Path) -> None:
    """Its shell commands and its rules, with a host, a key and wallets that there are."""
    page = (ROOT / "docs/comparing.md").read_text()
    issuers = json.dumps([world.issuer.did])
    service = serve(world.service_url, TRUSTED_IAM_ISSUERS=issuers)
    address = "0x" + "1" * 40
    world.put_valid(address, "Github", "v1:a")
    (tmp_path / "wallets.csv").write_text(f"1,{address}\n")
    (tmp_path / "Makefile").write_text(f"compare:\n\t@cd {ROOT} && {sys.executable} -m compare $(ARGS)\n")
    for role in re.findall(r"```sql\n(create role compare .*?)```", page, re.DOTALL):
        world.execute(role.replace("role compare", f"role compare_{os.getpid()}"))
    login = make_conninfo(world.url, user=f"compare_{os.getpid()}")
    commands = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    assert len(commands) == 2
    for command in commands:
        for there, here in {
            "https://api.example.org": f"http://127.0.0.1:{service.port}",
            "https://new.example.org": f"http://127.0.0.1:{service.port}",
            "_API_KEY=…": f"_API_KEY={world.key}",
            "postgresql://compare@host/db": f"'{login}'",
            '["did:key:…"]': issuers,
            "wallets.csv": f"{tmp_path}/wallets.csv",
            'ARGS="': f'ARGS="--out {tmp_path}/out --limit 900 ',
        }.items():
            command = command.replace(there, here)
        result = subprocess.run(
            ["sh", "-ec", command],
            cwd=tmp_path,
            env=os.environ | {"WALLETS_DATABASE_URL": world.url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        assert "They agree.\nasked 1, equal 1," in result.stdout
    world.execute(f"drop role compare_{os.getpid()}")

    (tmp_path / "rules.toml").write_text("".join(re.findall(r"```toml\n(.*?)```", page, re.DOTALL)))
    (rule,) = rules.load(tmp_path / "rules.toml").rules
    values = {"primary": "", "candidate": "{}", "scorer": "1", "address": address}
    assert rule.accepts(cause="stamp only at the candidate", field="stamps.Ens", **values)
    assert not rule.accepts(cause="stamp only at the candidate", field="stamps.EnsX", **values)


def test_the_page_of_comparing_names_every_option_and_no_other() -> None:
    page = (ROOT / "docs/comparing.md").read_text()
    options = {o for action in parser()._actions for o in action.option_strings} - {"-h", "--help"}
    assert set(re.findall(r"--[a-z]+", page)) == options


def run(language: str, code: str, url: str, programs: Path) -> str:
    """What psql or Python prints, both kinds of output; psql as it is by default, but for table borders."""
    psql: list[Path | str] = [programs / "psql", "-X", "-A", "-t", url]
    command = psql if language == "sql" else [sys.executable, "-"]
    return subprocess.run(
        command,
        input=code,
        env=os.environ | {"DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    ).stdout


def test_every_error_code_is_explained() -> None:
    raised = set()
    for path in (ROOT / "db/functions").glob("*.sql"):
        raised |= set(re.findall(r"'(SC\d\d\d)'", path.read_text()))
    explained = set(re.findall(r"^\| `(SC\d\d\d)`", SQL_PAGE.read_text(), re.MULTILINE))
    assert raised == explained


@pytest.mark.parametrize("page", sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")]))
def test_every_link_and_path_leads_somewhere(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\((?!http|#)([^)#]+)", text):
        assert (page.parent / target).exists(), target
    for path in re.findall(
        r"`((?:api|bench|compare|db|docs|deploy|harness|local|tests|requirements)/[\w./-]*)`", text
    ):
        assert (ROOT / path).exists(), path


def test_every_test_that_a_page_names_is_there() -> None:
    pages = "".join(page.read_text() for page in (ROOT / "docs").glob("*.md"))
    named = re.findall(r"`(test_\w+\.py)(?:::(\w+))?`", pages)
    assert len(named) > 50
    for file, name in named:
        assert f"def {name}" in (ROOT / "tests/py" / file).read_text(), name


def test_every_make_target_that_a_page_names_is_there() -> None:
    rules = re.findall(r"^([a-z -]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    targets = {target for rule in rules for target in rule.split()}
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        assert set(re.findall(r"(?:`|^ {4})make ([a-z-]+)", page.read_text(), re.MULTILINE)) <= targets, page


def test_the_page_of_integrating_names_every_operation_of_scores() -> None:
    page = (ROOT / "docs/integrating.md").read_text()
    asked = [f"{each.method.upper()} {each.path}" for each in operations() if each.has_key]
    assert asked
    assert [each for each in asked if each not in page] == []


def test_the_readme_names_every_setting() -> None:
    source = (ROOT / "api/settings.py").read_text() + (ROOT / "local/run.py").read_text()
    source += (ROOT / "deploy/serve.py").read_text()
    names = set(re.findall(r"(?:environ\.get|number)\(\s*[\"'](\w+)|\"([A-Z_]{6,})\", environ", source))
    readme = (ROOT / "README.md").read_text()
    assert [name for pair in names for name in pair if name and f"`{name}`" not in readme] == []
