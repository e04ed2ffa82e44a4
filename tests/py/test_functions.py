"""plpgsql_check reads the bodies of the functions, which a linter of SQL files takes for one string."""

import pytest

from harness.plpgsql_check import VERSION, install
from harness.server import connect

CHECK = """
select p.oid::regprocedure::text, c.lineno, c.level, c.message
from pg_proc as p
inner join pg_language as l on l.oid = p.prolang and l.lanname = 'plpgsql'
cross join lateral public.plpgsql_check_function_tb(
    p.oid,
    coalesce((select t.tgrelid from pg_trigger as t where t.tgfoid = p.oid), 0),
    other_warnings => true,
    extra_warnings => true,
    performance_warnings => true,
    security_warnings => true
) as c
where p.pronamespace = 'scorer'::regnamespace
"""


@pytest.fixture
def checked_url(database_url: str, postgres_version: int) -> str:
    """A database with plpgsql_check, on the version that the library is built for."""
    if postgres_version != VERSION:
        pytest.skip(f"runs with PostgreSQL {VERSION}")
    install(database_url)
    return database_url


def test_plpgsql_check_finds_nothing(checked_url: str) -> None:
    with connect(checked_url) as connection:
        found = connection.execute(CHECK).fetchall()
    assert [" ".join(map(str, row)) for row in found] == []


def test_plpgsql_check_would_find_something(checked_url: str) -> None:
    with connect(checked_url) as connection:
        connection.execute(
            "create function faulty() returns int language plpgsql as"
            " $$ declare v_unused int; begin return (select nothing from registry_score); end $$"
        )
        assert {row[2] for row in connection.execute(CHECK)} >= {"error"}
