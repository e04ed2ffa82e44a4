"""plpgsql_check reads the bodies of the functions, which a linter of SQL files takes for one string."""

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


def test_plpgsql_check_finds_nothing(database_url: str, postgres_version: int) -> None:
    """On the version that the library is built for."""
    if postgres_version == VERSION:
        install(database_url)
        with connect(database_url) as connection:
            found = connection.execute(CHECK).fetchall()
        assert [" ".join(map(str, row)) for row in found] == []


def test_plpgsql_check_would_find_something(database_url: str, postgres_version: int) -> None:
    if postgres_version == VERSION:
        install(database_url)
        with connect(database_url) as connection:
            connection.execute(
                "create function faulty() returns int language plpgsql as"
                " $$ declare v_unused int; begin return (select nothing from registry_score); end $$"
            )
            assert {row[2] for row in connection.execute(CHECK)} >= {"error"}
